"""The gradients that are written out against those that torch derives."""

import numpy as np
import pytest
import torch

from trasunto.encoders.vectors import Modes, Vectors
from trasunto.networks.course import Loop
from trasunto.networks.vae import Layout, Lesson, network
from trasunto.networks.vae_step import Steps, flattened

ROWS = 40


def lesson(placed=True, half=False, seed=0, deep=True):
    """Two columns, one of them with places inside its modes unless they are not wanted, and weights off their first."""
    columns = {"a": Modes(np.array([0, 1, 2]), np.full(3, 1 / 3), False)}
    columns["b"] = Modes(np.array([0, 0, 1, 1, 2]), np.full(5, 0.2), placed)
    layout, rng = Layout(Vectors(columns)), np.random.default_rng(seed)
    modes = np.stack([rng.integers(0, 3, ROWS), rng.integers(0, 3, ROWS)], axis=1)
    scalars = rng.uniform(-1, 1, (ROWS, len(layout.places))).astype(np.float32)
    net = network(layout, layout.counts(modes), width=16, latent=4, seed=seed, deep=deep)
    with torch.no_grad():
        for each in net.values():
            each.add_(torch.from_numpy(rng.normal(0, 0.3, each.shape).astype(np.float32)))
    return net, Lesson(net, layout, torch.from_numpy(modes), torch.from_numpy(scalars), 0.6, seed, half)


class TestSlopes:
    @pytest.mark.parametrize(
        ("placed", "half", "deep", "near"),
        [(True, False, True, 1e-5), (False, False, True, 1e-5), (True, False, False, 1e-5), (True, True, True, 0.02)],
    )
    def test_they_and_the_loss_are_those_that_torch_derives(self, placed, half, deep, near):
        net, taught = lesson(placed, half, deep=deep)
        batch = np.arange(ROWS)[::2]
        wanted = taught._loss(batch, np.random.default_rng(3))
        wanted.backward()
        noise = np.random.default_rng(3).standard_normal((len(batch), 4), dtype=np.float32)
        whole, _ = flattened(net)
        steps = Steps.of(taught, whole["weights"], Loop())
        if placed:
            # Nothing is left of what stood there.
            whole["weights"].grad.fill_(torch.nan)
        else:
            # No number of a row is multiplied with these weights.
            net["scalars"].grad = torch.zeros_like(net["scalars"])
        found = steps.loss(batch, torch.from_numpy(noise))
        assert found.item() == pytest.approx(wanted.item(), rel=near)
        for name, each in steps.slopes.items():
            assert (each - net[name].grad).norm() <= near * net[name].grad.norm(), name


class TestSteps:
    def test_they_change_the_weights_by_name_and_lower_the_loss(self):
        net, taught = lesson()
        whole, named = flattened(net)
        assert all(torch.equal(named[name], net[name]) for name in net)
        taught = Lesson(named, taught.layout, taught.modes, taught.scalars, 0.6, 0)
        steps = Steps.of(taught, whole["weights"], Loop(learning_rate=0.02, clip=5.0))
        before = {name: each.clone() for name, each in named.items()}
        losses = [float(steps.step(np.arange(ROWS))["training loss"]) for _ in range(60)]
        assert np.mean(losses[-5:]) < np.mean(losses[:5]) - 0.5
        assert all((named[name] != before[name]).any() for name in named)

    def test_what_is_random_hangs_on_the_rows_alone(self):
        def after(*batches):
            net, taught = lesson()
            whole, named = flattened(net)
            taught = Lesson(named, taught.layout, taught.modes, taught.scalars, 0.6, 0)
            steps = Steps.of(taught, whole["weights"], Loop(learning_rate=0.0))
            return [float(steps.step(np.array(each))["training loss"]) for each in batches]

        assert after([1, 2], [3, 4])[1] == after([3, 4])[0] != after([4, 3])[0]

"""Generator and critic, pairs, and rows under conditions, against what is known of them."""

import numpy as np
import pytest
import torch

from trasunto.encoders.vectors import Modes, Vectors
from trasunto.networks.gan import Layout, Rare, chances, critic, drawn, generator, logits, verdicts
from trasunto.networks.mixture import Asked, Mixture, chosen
from trasunto.networks.pairs import GLANCED, Pairs, one_hots


def modes_of(sizes, shares=None):
    return Modes(np.arange(sizes, dtype=np.int32), np.full(sizes, 1 / sizes) if shares is None else shares, False)


@pytest.fixture
def layout():
    return Layout(Vectors({"a": modes_of(3), "b": modes_of(1), "c": modes_of(4)}))


def test_an_untrained_generator_draws_columns_by_their_shares(layout):
    rng = np.random.default_rng(0)
    table = np.stack([rng.choice(3, 4000, p=[0.7, 0.2, 0.1]), np.zeros(4000, int), rng.integers(0, 4, 4000)], axis=1)
    net = generator(layout, layout.counts(table), width=16, layers=2, noise=8, seed=0)
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        asked = torch.randint(0, layout.hot, (8000,), generator=random)
        found = logits(net, torch.randn(8000, 8, generator=random), asked)
    expected = chances(layout, found)
    assert torch.allclose(expected[:, 3], torch.ones(8000))
    assert np.abs(expected.mean(0)[:3].numpy() - [0.7, 0.2, 0.1]).max() < 0.1
    one = drawn(layout, expected, random)
    assert (one[:, :3].sum(1) == 1).all() and (one[:, 3] == 1).all() and (one[:, 4:].sum(1) == 1).all()
    # Standard errors of at most 0.0056.
    assert (one.mean(0) - expected.mean(0)).abs().max() < 0.025


def test_draws_follow_probabilities_to_the_ends(layout):
    expected = torch.tensor([[0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.5, 0.5]]).repeat(4000, 1)
    one = drawn(layout, expected, torch.Generator().manual_seed(0))
    assert one.mean(0)[[0, 1, 2, 3, 4, 5]].tolist() == [0, 1, 0, 1, 0, 0]
    assert float(one[:, 6].mean()) == pytest.approx(0.5, abs=0.04)


def test_the_critic_judges_packs(layout):
    net = critic(layout, pac=5, width=8, layers=2, seed=0)
    assert verdicts(net, torch.randn(20, layout.hot).view(4, -1)).shape == (4, 1)


def test_pairs_are_far_where_columns_are_taken_apart():
    rng = np.random.default_rng(0)
    a = rng.integers(0, 3, 6000)
    table = torch.from_numpy(np.stack([a, a], axis=1))
    pairs = Pairs((3, 3), table)
    tied = one_hots(6, np.array([0, 3]), table)
    alone = torch.full((6000, 6), 1 / 3)
    assert float(pairs.loss(tied, rng)) == pytest.approx(0.0, abs=1e-3)
    assert float(pairs.distance(tied, rng)) == pytest.approx(0.0, abs=1e-6)
    # Each of nine cells has 1/9 where three have 1/3: (3 × 2/9 + 6 × 1/9) / 2.
    assert float(pairs.distance(alone, rng)) == pytest.approx(2 / 3, abs=0.02)
    # Two tables: three cells of (2/9)² / (1/3 + 0.01), six of (1/9)² / 0.01.
    worth = 3 * (2 / 9) ** 2 / (1 / 3 + 0.01) + 6 * (1 / 9) ** 2 / 0.01
    assert float(pairs.loss(alone, rng)) == pytest.approx(worth, rel=0.03)


def test_the_loss_of_pairs_is_nothing_in_the_mean_for_draws_of_the_truth():
    rng = np.random.default_rng(0)
    table = torch.from_numpy(rng.integers(0, 4, (4000, 3)))
    pairs = Pairs((4, 4, 4), table)
    ones = one_hots(12, np.array([0, 4, 8]), table)
    found = [float(pairs.loss(ones[rng.choice(4000, 40)], rng)) for _ in range(400)]
    plain = np.mean(np.square(found)) ** 0.5
    assert abs(np.mean(found)) < 4 * plain / 20


def test_wide_rows_are_held_against_some_columns():
    rng = np.random.default_rng(0)
    sizes = (100,) * 30
    table = torch.from_numpy(rng.integers(0, 100, (GLANCED, 30)))
    pairs = Pairs(sizes, table)
    expected = torch.full((64, 3000), 0.01)
    assert 0 < float(pairs.distance(expected, rng)) < 1
    assert np.isfinite(float(pairs.loss(expected, rng)))


def test_rare_modes_are_drawn_by_the_logarithm():
    layout = Layout(Vectors({"a": modes_of(2), "b": modes_of(2)}))
    table = np.zeros((1000, 2), dtype=np.int64)
    table[:30, 0] = 1
    table[500:, 1] = 1
    rows = Rare.of(layout, table).rows(np.repeat([0, 1], 20_000), np.random.default_rng(0))
    met = table[rows[:20_000], 0].mean()
    assert met == pytest.approx(np.log1p(30) / (np.log1p(30) + np.log1p(970)), abs=0.015)
    assert table[rows[20_000:], 1].mean() == pytest.approx(0.5, abs=0.015)
    assert len(np.unique(rows[:20_000][table[rows[:20_000], 0] == 1])) == 30


def mixture(candidates):
    """Two kinds of rows, even in number: a and b are both 0, or both 1 or 2; c is nothing to do with them."""
    vectors = Vectors({"a": modes_of(3), "b": modes_of(3), "c": modes_of(2, np.array([0.5, 0.5]))})
    first = np.log(np.array([0.98, 0.01, 0.01, 0.98, 0.01, 0.01, 0.5, 0.5], dtype=np.float32))
    second = np.log(np.array([0.02, 0.49, 0.49, 0.02, 0.49, 0.49, 0.5, 0.5], dtype=np.float32))

    def found(rows, asked, rng):
        return np.where(rng.random((rows, 1)) < 0.5, first, second)

    return Mixture(vectors, found, candidates)


def test_a_mixture_under_evidence_is_drawn_from_its_posterior():
    rng, net = np.random.default_rng(0), mixture(50)
    known = {"b": np.repeat([0, 2, -1], 4000).astype(np.int32)}
    made = net.draw(12_000, Asked(known, {}), 1.0, rng)
    assert (made["b"][:8000] == known["b"][:8000]).all()
    # Of rows with b = 0 it is 0.98 / (0.98 + 0.02) that are of the first kind; standard errors are below 0.008.
    assert (made["a"][:4000] == 0).mean() == pytest.approx(0.98 * 0.98 + 0.02 * 0.02, abs=0.025)
    assert (made["a"][4000:8000] == 0).mean() == pytest.approx(0.02 * 0.98 + 0.98 * 0.02, abs=0.025)
    assert (made["a"][8000:] == 0).mean() == pytest.approx(0.5, abs=0.03)
    allowed = {"b": np.array([False, False, True]), "c": np.array([True, False])}
    some = net.draw(3000, Asked({}, allowed), 1.0, rng)
    assert (some["b"] == 2).all() and (some["c"] == 0).all()
    assert (some["a"] == 0).mean() == pytest.approx(0.04, abs=0.025)


def test_a_temperature_below_one_makes_the_likely_likelier():
    rng, net = np.random.default_rng(0), mixture(1)
    share = [(net.draw(6000, Asked({}, {}), heat, rng)["a"] == 0).mean() for heat in (0.3, 3.0)]
    assert share[0] == pytest.approx(0.5, abs=0.03)
    assert share[1] < 0.47


def test_what_weighs_nothing_is_never_drawn():
    weight = np.tile([0.0, 1e-30, 0.0, 3e-30, 0.0], (5000, 1))
    found = chosen(weight, np.random.default_rng(0))
    assert set(found) == {1, 3}
    assert (found == 3).mean() == pytest.approx(0.75, abs=0.03)

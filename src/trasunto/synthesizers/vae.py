"""`vae`: a variational autoencoder of rows, drawn from a mixture fitted to its latent vectors.

TVAE (Xu et al. 2019, "Modeling tabular data using conditional GAN", section 4.5) with three changes. Values are modes
and places in them (encoders/vectors.py) that are drawn, not rounded, so that spikes and tails have their shares. Latent
vectors come from a mixture of normal distributions fitted to those of the rows after training (Ghosh et al. 2020, "From
variational to deterministic autoencoders", section 4), so that the divergence may weigh little while training. And each
row is chosen among a few candidates by the odds that a classifier gives it (networks/odds.py). No row's latent vector
is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from trasunto.data.dataset import Dataset
from trasunto.encoders.codes import Codes
from trasunto.encoders.vectors import Vectors, counted_vectors, fit_vectors
from trasunto.networks import odds as judge
from trasunto.networks import vae as coder
from trasunto.networks.device import accelerator, halves, threads
from trasunto.networks.loop import Curves, Loop, Parts, train, train_steps
from trasunto.networks.normals import Normals, fit_normals
from trasunto.networks.private import once, secret
from trasunto.networks.vae import Layout
from trasunto.networks.vae_draw import Source
from trasunto.networks.vae_step import Steps, flattened
from trasunto.networks.weights import plain, weights_of
from trasunto.privacy.budget import Budget
from trasunto.privacy.mechanisms import noise
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.checked import at_least, trainable
from trasunto.synthesizers.coded import CodedModel, Prepared, load_coded, prepare
from trasunto.synthesizers.joint import Evidence, course_of, drawn_from
from trasunto.synthesizers.measured import COUNTS, Descended, Measured, measured, told

# When the settings name no epochs: so many rows are seen in all, in at least and at most so many passes.
ROWS_SEEN, FEWEST, MOST = 500_000, 2, 60
# Fewest steps of a pass over a table of few rows and of many, from so many rows on; rows of a step that the settings of
# the learning rate and the average are for. With many rows a second layer on either side is no better.
STEPS_OF_FEW, STEPS_OF_MANY, MANY, USUAL = 40, 20, 16_000, 512
# Share of the rows that early stopping looks at, the most of them, and the fewest rows of a table that spares any.
SPARED, SPARED_MOST, SPARED_FROM = 0.1, 2_000, 50
# Rows whose latent vectors the mixture is fitted to, rows for each of its parts, most parts, and steps.
MIXED, OF_EACH, PARTS, STEPS = 20_000, 400, 32, 20
# Fewest rows for odds, most that they are learnt from, rows seen in all and most passes; drawn rows for each real one.
ODDS_FROM, ODDS_ROWS, ODDS_SEEN, ODDS_EPOCHS, DRAWN = 1_000, 50_000, 220_000, 10, 2
# What is measured of latent vectors under a budget.
LATENT = "mean and covariance of the latent vectors"
# Share of the time allowed that the autoencoder may take.
FIRST = 0.7


@dataclass(frozen=True)
class Vae:
    """Settings.

    epochs: passes over the rows; None for 2 to 60, fewer for more rows. width: of the layers; latent: length of the
    latent vectors. beta: weight of the divergence; more leans less on single rows and is less faithful. batch: most
    rows a step. learning_rate: of AdamW, and average: decay of the moving average of the weights, both for up to 512
    rows a step; more rows learn faster, up to four times. modes, categories: most modes of a column of numbers and of
    categories. bins: most quantile bins of a continuous column. candidates: among which each row is chosen by its
    odds; 1 for no odds. max_seconds: of training, None for no limit. precision: "auto" for bfloat16 products where the
    hardware has them, or "float32".

    Under a budget: rate, steps, clip: the chance of each row to be in a step, how many steps, and the largest norm of a
    row's gradient. counted, centred: the shares of the budget that buy counts of the values of each column, and the
    mean and the covariance of the latent vectors (there is one normal distribution then, and no odds). private_rate:
    the learning rate; private_width, private_latent: of the network.
    """

    epochs: int | None = None
    width: int = 128
    latent: int = 24
    beta: float = 0.6
    batch: int = 1024
    learning_rate: float = 4e-3
    average: float = 0.99
    modes: int = 24
    categories: int = 128
    bins: int = 300
    candidates: int = 6
    max_seconds: float | None = None
    precision: str = "auto"
    rate: float = 0.1
    steps: int = 400
    clip: float = 1.0
    counted: float = 0.1
    centred: float = 0.05
    private_rate: float = 1e-2
    private_width: int = 64
    private_latent: int = 12

    def __post_init__(self) -> None:
        Descended(self.rate, self.steps, self.clip, self.private_rate).check(self.counted, self.centred)
        at_least(self, {"width": 1, "latent": 1, "batch": 2, "modes": 2, "categories": 2, "bins": 2, "candidates": 1})
        trainable(self, "beta")

    def fit(self, real: Dataset, *, seed: int, budget: Budget | None = None, progress: Progress = quiet) -> CodedModel:
        """Fit to one table. Raises FitError for several tables, no rows or free text. budget: train by DP-SGD; the
        seed then says only what the untrained network is. BudgetError for a domain that was not declared or paid for.
        """
        if budget is not None:
            return self._private(real, budget, seed, progress)
        ready = prepare(real, "vae", bins=self.bins)
        if not ready.codes.names:
            return ready.model("vae", self, _empty(self))
        rows = Rows.of(ready, self, seed)
        net, course = self._autoencoder(rows, seed, progress)
        prior = _prior(rows, net, seed)
        joint = VaeJoint(self, rows.layout.vectors, plain(net), prior, {}, course.to_dict())
        if self.candidates > 1 and ready.rows >= ODDS_FROM:
            odds, more = self._odds(rows, joint, seed, progress)
            joint = VaeJoint(self, joint.vectors, joint.weights, prior, odds, _both(course, more))
        return ready.model("vae", self, joint)

    def _private(self, real: Dataset, budget: Budget, seed: int, progress: Progress) -> CodedModel:
        """The same autoencoder, from noisy counts, taught by noisy gradients."""
        shares = {COUNTS: self.counted, LATENT: self.centred}
        start = measured(real, "vae", budget, bins=self.bins, shares=shares)
        if not start.ready.codes.names:
            return start.ready.model("vae", self, _empty(self), guarantee=start.counts_alone())
        vectors = counted_vectors(start.ready.codes, start.counts, modes=self.modes, categories=self.categories)
        # Where a value lies in its code is drawn for each row by itself.
        rows = Rows.coded(Layout(vectors), start.ready.coded, secret())
        counts = start.by_mode(vectors)
        net = coder.network(rows.layout, counts, width=self.private_width, latent=self.private_latent, seed=seed)
        device = accelerator()
        lesson = coder.Lesson(net.to(device), rows.layout, *rows.tensors(device), self.beta, seed)
        settings = Descended(self.rate, self.steps, self.clip, self.private_rate)
        curves, guarantee = start.train(net, lesson.sums, settings, max_seconds=self.max_seconds, progress=progress)
        prior = _private_prior(rows, net, start)
        joint = VaeJoint(self, vectors, plain(net), prior, {}, told(curves))
        return start.ready.model("vae", self, joint, guarantee=guarantee)

    def _autoencoder(self, rows: Rows, seed: int, progress: Progress) -> tuple[Any, Curves]:
        kept, aside = rows.parts(seed)
        device = accelerator()
        counts = rows.layout.counts(rows.modes[kept])
        net = coder.network(
            rows.layout, counts, width=self.width, latent=self.latent, seed=seed, deep=len(kept) < MANY
        ).to(device)
        whole, net = flattened(net)
        half = self.precision == "auto" and halves(device)
        lesson = coder.Lesson(net, rows.layout, *rows.tensors(device), self.beta, seed, half)
        epochs = self.epochs or int(np.clip(round(ROWS_SEEN / len(kept)), FEWEST, MOST))
        loop = self._loop(epochs, len(kept), self.learning_rate, FIRST, self.batch)
        steps = Steps.of(lesson, whole["weights"], loop)
        return net, train_steps(
            Parts({"network": whole}, {"adam": steps.optimizer}, ("network",), {}),
            lambda part: steps.step(kept[part]),
            len(kept),
            loop,
            seed=seed,
            validate=lesson.validation(aside, loop.batch) if len(aside) else None,
            progress=progress,
        )

    def _odds(self, rows: Rows, joint: VaeJoint, seed: int, progress: Progress) -> tuple[dict[str, np.ndarray], Curves]:
        """The weights of what tells real rows from drawn ones, and how they came about."""
        kept, aside = (part[:most] for part, most in zip(rows.parts(seed), (ODDS_ROWS, SPARED_MOST), strict=True))
        drawn = joint.free(DRAWN * len(kept) + len(aside), 1.0, np.random.default_rng([seed, 2]))
        made = Rows.coded(rows.layout, drawn, np.random.default_rng([seed, 3]))
        device = accelerator()
        net = judge.network(rows.layout, width=self.width, seed=seed).to(device)
        real, other = (
            (flat + rows.starts(device), scalars) for flat, scalars in (x.tensors(device) for x in (rows, made))
        )
        spared = np.arange(len(aside))
        seen = tuple(each[len(aside) :] for each in other)
        lesson = judge.Lesson(net, real, seen, 0.2, seed)
        check = judge.Lesson(net, real, other, 0.0, seed)
        epochs = int(np.clip(round(ODDS_SEEN / len(kept)), 1, ODDS_EPOCHS))
        loop = self._loop(epochs, len(kept), self.learning_rate / 2, 1 - FIRST, min(self.batch, USUAL), decay=0.1)
        curves = train(
            net,
            lambda part: lesson.loss(kept[part]),
            len(kept),
            loop,
            seed=seed,
            validate=check.validation(aside, spared),
            progress=progress,
        )
        return plain(net), curves

    def _loop(self, epochs: int, rows: int, rate: float, share: float, batch: int, *, decay: float = 0.0) -> Loop:
        # A small table has steps enough with small batches.
        batch = int(np.clip(rows // (STEPS_OF_FEW if rows < MANY else STEPS_OF_MANY), 16, batch))
        wider = max(batch / USUAL, 1.0)
        return Loop(
            epochs=epochs,
            batch=batch,
            # With half the steps, at four times the rate, it ends lower on Adult than with all of them.
            learning_rate=rate * min(wider, 2.0) ** 2,
            weight_decay=decay,
            average=self.average**wider,
            clip=5.0,
            checks=10,
            max_seconds=share * self.max_seconds if self.max_seconds else float("inf"),
            threads=1,
        )


@dataclass(frozen=True)
class Rows:
    """Rows as the networks read them. modes: (n, columns) and scalars: (n, scalars) of the layout."""

    layout: Layout
    modes: np.ndarray
    scalars: np.ndarray

    @staticmethod
    def of(ready: Prepared, settings: Vae, seed: int) -> Rows:
        """Those of a table."""
        vectors = fit_vectors(ready.codes, ready.coded, modes=settings.modes, categories=settings.categories)
        return Rows.coded(Layout(vectors), ready.filled(seed), np.random.default_rng([seed, 1]))

    @staticmethod
    def coded(layout: Layout, coded: Mapping[str, np.ndarray], rng: np.random.Generator) -> Rows:
        """Rows of codes; the place inside a code is drawn."""
        return Rows(layout, layout.vectors.modes(coded), layout.vectors.scalars(coded, rng))

    def parts(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions of the rows to learn from, and of those that early stopping looks at."""
        order = np.random.default_rng(seed).permutation(len(self.modes))
        spared = min(int(SPARED * len(order)), SPARED_MOST) if len(order) >= SPARED_FROM else 0
        return order[spared:], order[:spared]

    def tensors(self, device: Any) -> tuple[Any, Any]:
        """Modes and scalars on a device."""
        import torch

        return torch.from_numpy(self.modes).long().to(device), torch.from_numpy(self.scalars).to(device)

    def starts(self, device: Any) -> Any:
        import torch

        return torch.from_numpy(self.layout.starts).to(device)


def _prior(rows: Rows, net: Any, seed: int) -> Normals:
    """The mixture of the latent vectors of the rows, each drawn with its own spread."""
    import torch

    rng = np.random.default_rng([seed, 4])
    some = rng.permutation(len(rows.modes))[:MIXED]
    part = Rows(rows.layout, rows.modes[some], rows.scalars[some])
    device = net["bias"].device
    flat, scalars = part.tensors(device)
    with threads(1), torch.no_grad():
        mean, spread = (each.cpu().numpy() for each in coder.encoded(net, flat + part.starts(device), scalars))
    points = mean + np.exp(spread / 2) * rng.standard_normal(mean.shape)
    return fit_normals(points, int(np.clip(len(points) // OF_EACH, 1, PARTS)), steps=STEPS, seed=seed)


def _private_prior(rows: Rows, net: Any, start: Measured) -> Normals:
    """One normal distribution with the mean and the covariance of the latent vectors, as noise lets them be seen."""
    import torch

    device = net["bias"].device
    flat, scalars = rows.tensors(device)
    with threads(1), torch.no_grad():
        mean, spread = (each.cpu().numpy() for each in coder.encoded(net, flat + rows.starts(device), scalars))
    wide = mean.shape[1]
    up = np.triu_indices(wide)

    def moments() -> dict[str, np.ndarray]:
        seconds = mean[:, :, None] * mean[:, None, :]
        seconds[:, np.arange(wide), np.arange(wide)] += np.exp(spread)
        told_ = np.concatenate([mean, seconds[:, up[0], up[1]]], axis=1).astype(np.float64)
        most = 2.0 * wide
        told_ *= np.minimum(1.0, most / np.maximum(np.linalg.norm(told_, axis=1, keepdims=True), 1e-9))
        return {"moments": told_.sum(axis=0) + start.multipliers[LATENT] * most * noise().normals(told_.shape[1])}

    found = once(f"vae latent {start.key}", moments)["moments"] / start.ready.rows
    centre, covariance = found[:wide], np.zeros((wide, wide))
    covariance[up] = found[wide:]
    covariance = np.triu(covariance) + np.triu(covariance, 1).T - np.outer(centre, centre)
    values, axes = np.linalg.eigh(covariance)
    # Noise may leave no covariance at all; one that is flat would draw the same row again and again.
    root = np.linalg.cholesky((axes * np.maximum(values, 0.05)) @ axes.T)
    return Normals(np.ones(1), centre[None], root[None])


def _both(first: Curves, then: Curves) -> dict[str, Any]:
    """What is told of both trainings."""
    told, more = first.to_dict(), then.to_dict()
    told["curves"] |= {f"odds: {name}": values for name, values in more["curves"].items()}
    return {**told, "seconds": round(told["seconds"] + more["seconds"], 1), "odds_stopped": more["stopped"]}


@dataclass(frozen=True)
class VaeJoint:
    """A trained autoencoder. weights, odds: arrays by name (no odds: empty); course: how the training went."""

    settings: Vae
    vectors: Vectors
    weights: Mapping[str, np.ndarray]
    prior: Normals
    odds: Mapping[str, np.ndarray]
    course: Mapping[str, Any]

    @cached_property
    def source(self) -> Source:
        """What rows are drawn from."""
        weights, odds = weights_of(self.weights), weights_of(self.odds)
        return Source(Layout(self.vectors), weights, self.prior, odds, self.settings.candidates)

    def draw(self, evidence: Evidence, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Rows as asked, however rare. SampleError when no value of a column is allowed."""
        return drawn_from(lambda: self.source, self.vectors.names, evidence, rng)

    def free(self, rows: int, temperature: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Rows without conditions."""
        return self.draw(Evidence(rows, temperature=temperature), rng)

    def arrays(self) -> dict[str, np.ndarray]:
        prior = {"weights": self.prior.weights, "means": self.prior.means, "roots": self.prior.roots}
        parts: dict[str, Mapping[str, np.ndarray]] = {"weights": self.weights, "odds": self.odds, "prior": prior}
        found = {f"{part}\x1f{name}": each for part, arrays in parts.items() for name, each in arrays.items()}
        return found | self.vectors.arrays()

    def facts(self) -> dict[str, Any]:
        return {
            "method": "A variational autoencoder, drawn from a mixture fitted to its latent vectors.",
            "source": "Xu et al. 2019, TVAE; Ghosh et al. 2020; Grover et al. 2019",
            "order": list(self.vectors.names),
            "latent_parts": len(self.prior.weights),
            "columns": {name: {"modes": each.count} for name, each in self.vectors.columns.items()},
            **self.course,
        }

    @staticmethod
    def of(settings: Vae, codes: Codes, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> VaeJoint:
        """Back from what `arrays` and `facts` gave."""
        parts: dict[str, dict[str, np.ndarray]] = {"weights": {}, "odds": {}, "prior": {}}
        for key, value in arrays.items():
            part, _, name = key.partition("\x1f")
            if part in parts:
                parts[part][name] = value
        course = course_of(facts)
        vectors = Vectors.of(codes, arrays)
        return VaeJoint(settings, vectors, parts["weights"], Normals(**parts["prior"]), parts["odds"], course)

    @staticmethod
    def load(folder: Path) -> CodedModel:
        return load_coded(folder, Vae, VaeJoint.of)


def _empty(settings: Vae) -> VaeJoint:
    """What is learnt of a table of identifiers alone."""
    return VaeJoint(settings, Vectors({}), {}, Normals(np.ones(1), np.zeros((1, 1)), np.ones((1, 1, 1))), {}, {})

"""Conditional tabular GAN: a generator of whole rows, taught by a critic, conditions, and the pairs of columns.

Xu, Skoularidou, Cuesta-Infante and Veeramachaneni 2019, "Modeling tabular data using conditional GAN" (CTGAN): numbers
are told by modes, each row is generated under a condition that a real row meets, the critic judges packs of rows under
a gradient penalty. See networks/gan.py for what is other here, and faster.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from trasunto.data.dataset import Dataset
from trasunto.encoders.codes import Codes
from trasunto.encoders.vectors import Vectors, counted_vectors, fit_vectors
from trasunto.errors import BudgetError, FitError
from trasunto.networks.checkpoint import Parts
from trasunto.networks.device import accelerator, halves, threads
from trasunto.networks.gan import Layout, Lesson, Terms, critic, generator, logits
from trasunto.networks.gan_private import PrivateLesson, projected
from trasunto.networks.loop import Curves, Loop, train_steps
from trasunto.networks.mixture import Asked, Mixture, chosen, inside
from trasunto.networks.pairs import Pairs
from trasunto.networks.private import once, sampled
from trasunto.networks.weights import plain
from trasunto.privacy.budget import Budget
from trasunto.privacy.mechanisms import noise
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.checked import at_least, trainable
from trasunto.synthesizers.coded import CodedModel, load_coded, prepare
from trasunto.synthesizers.joint import Evidence, course_of, sharpened
from trasunto.synthesizers.measured import COUNTS, Descended, Measured, measured, told

# When the settings name no epochs: so many rows are seen in all, in at least and at most so many passes.
ROWS_SEEN, FEWEST, MOST = 1_500_000, 3, 100
# Share of the rows that early stopping looks at, the most of them, and the fewest rows of a table that spares any.
SPARED, SPARED_MOST, SPARED_FROM = 0.1, 4_000, 2_000
# What is measured of pairs of columns under a budget.
PAIRS = "counts of the pairs of values of two columns"
# Names of the weights among saved arrays.
WEIGHTS = "weights\x1f"


@dataclass(frozen=True)
class Gan:
    """Settings.

    epochs: passes over the rows; None for 3 to 100, fewer for more rows. batch: rows a step, fewer of small tables.
    width, layers, noise: of the generator, and how many numbers a row is made from. critic_width, critic_layers: of
    the critic. pac: rows that it judges together; the tables of pairs already keep the generator from leaving modes
    out, and a critic of single rows learns faster. penalty: weight of its gradient penalty, which is reckoned in one of
    `lazy` steps. critic, pairs, condition: weights of the generator's losses: to pass for real, to have the real
    tables of pairs of columns, to meet its condition. rare: share of conditions drawn by the logarithm of the
    frequency. learning_rate, critic_rate: of Adam. average: decay of the moving average of the generator's weights.
    modes, categories: most modes of a column of numbers and of categories.
    bins: most quantile bins of a continuous column. candidates: proposals for each row under conditions. max_seconds:
    of training, None for no limit. precision: "auto" for bfloat16 products where the hardware has them, or "float32".

    Under a budget: rate, steps, clip: the chance of each row to be in a step, how many steps, and the largest norm of
    a row's gradient of the critic. counted, paired: the shares of the budget that buy counts of the values of each
    column, and of their pairs. private_width: of both networks; private_modes: most modes of a column of numbers.
    """

    epochs: int | None = None
    batch: int = 500
    width: int = 256
    layers: int = 2
    noise: int = 64
    critic_width: int = 128
    critic_layers: int = 2
    pac: int = 1
    penalty: float = 10.0
    lazy: int = 8
    critic: float = 1.0
    pairs: float = 6.0
    condition: float = 1.0
    rare: float = 0.0
    learning_rate: float = 6e-3
    critic_rate: float = 1e-3
    average: float = 0.99
    modes: int = 32
    categories: int = 128
    bins: int = 300
    candidates: int = 64
    max_seconds: float | None = None
    precision: str = "auto"
    rate: float = 0.05
    steps: int = 400
    clip: float = 1.0
    counted: float = 0.1
    paired: float = 0.6
    private_width: int = 128
    private_modes: int = 24

    def __post_init__(self) -> None:
        Descended(self.rate, self.steps, self.clip, self.critic_rate).check(self.counted, self.paired)
        ones = ("batch", "width", "layers", "noise", "critic_width", "critic_layers", "pac", "lazy", "candidates")
        at_least(self, {**dict.fromkeys(ones, 1), "modes": 2, "categories": 2, "bins": 2})
        for name in ("penalty", "critic", "pairs", "condition"):
            if not getattr(self, name) >= 0:
                raise FitError(f"{name} is {getattr(self, name)}; it is a weight, 0 or more.")
        if not 0 <= self.rare < 1:
            raise FitError(f"rare is {self.rare}; it is a share, from 0 to below 1.")
        trainable(self, "critic_rate")

    def fit(self, real: Dataset, *, seed: int, budget: Budget | None = None, progress: Progress = quiet) -> CodedModel:
        """Fit to one table. Raises FitError for several tables, no rows or free text. budget: train the critic by
        DP-SGD. BudgetError for a domain that was not declared or paid for, and for packs of rows.
        """
        if budget is not None:
            return self._private(real, budget, seed, progress)
        ready = prepare(real, "gan", bins=self.bins)
        coded = ready.filled(seed)
        vectors = fit_vectors(ready.codes, coded, modes=self.modes, categories=self.categories, scalars=False)
        if not vectors.columns:
            return ready.model("gan", self, GanJoint(self, vectors, {}, {}))
        with threads(1):
            weights, curves = self._taught(Layout(vectors), vectors.modes(coded).astype(np.int64), seed, progress)
        return ready.model("gan", self, GanJoint(self, vectors, weights, curves.to_dict()))

    def _private(self, real: Dataset, budget: Budget, seed: int, progress: Progress) -> CodedModel:
        """The same generator, taught by noisy counts and a critic whose gradients are noisy."""
        import torch

        if self.pac != 1:
            raise BudgetError(f"pac is {self.pac}: a critic of packs tells more than one row.", "Set pac to 1.")
        start = measured(real, "gan", budget, bins=self.bins, shares={COUNTS: self.counted, PAIRS: self.paired})
        vectors = counted_vectors(
            start.ready.codes, start.counts, modes=self.private_modes, categories=self.categories, scalars=False
        )
        if not vectors.columns:
            return start.ready.model("gan", self, GanJoint(self, vectors, {}, {}), guarantee=start.counts_alone())
        layout, counts = Layout(vectors), start.by_mode(vectors)
        table = vectors.modes(start.ready.coded).astype(np.int64)
        shares = _pair_shares(layout, table, start)
        device, wide = accelerator(), self.private_width
        made = generator(layout, counts, width=wide, layers=self.layers, noise=self.noise, seed=seed).to(device)
        judge = critic(layout, pac=1, width=wide // 2, layers=self.critic_layers, seed=seed).to(device)
        parts = self._parts(made, judge, int(start.key, 16))
        plan = start.plan(Descended(self.rate, self.steps, self.clip, self.critic_rate))
        pairs = Pairs(tuple(layout.sizes), None, torch.from_numpy(shares).float().to(device))
        lesson = PrivateLesson(
            made, judge, tuple(parts.optimizers.values()), layout, self._terms(), torch.from_numpy(table).to(device),
            counts, pairs, plan, parts.generators["torch"], parts.generators["numpy"],
        )  # fmt: skip
        loop = sampled(Loop(average=self.average, max_seconds=self.max_seconds or float("inf"), threads=1), plan)
        with threads(1):
            curves = train_steps(parts, lesson.step, len(table), loop, seed=int(start.key, 16), progress=progress)
        joint = GanJoint(self, vectors, plain(made), told(curves))
        return start.ready.model("gan", self, joint, guarantee=start.guarantee(plan, curves.steps))

    def _parts(self, made: Any, judge: Any, seed: int) -> Parts:
        """Both networks, their optimizers, and generators to draw from."""
        import torch

        adam = partial(torch.optim.Adam, betas=(0.5, 0.9), fused=True)
        optimizers = adam(made.parameters(), lr=self.learning_rate), adam(judge.parameters(), lr=self.critic_rate)
        random = torch.Generator(next(made.parameters()).device).manual_seed(seed % 2**63)
        return Parts(
            {"generator": made, "critic": judge},
            {"generator": optimizers[0], "critic": optimizers[1]},
            ("generator",),
            {"torch": random, "numpy": np.random.default_rng([seed, 2])},
        )

    def _taught(
        self, layout: Layout, table: np.ndarray, seed: int, progress: Progress
    ) -> tuple[dict[str, np.ndarray], Curves]:
        """The generator's weights as arrays, and how they came about."""
        import torch

        rows = np.random.default_rng(seed).permutation(len(table))
        spared = min(int(SPARED * len(rows)), SPARED_MOST) if len(rows) >= SPARED_FROM else 0
        kept, aside = table[rows[spared:]], table[rows[:spared]]
        device = accelerator()
        counts = layout.counts(kept)
        made = generator(layout, counts, width=self.width, layers=self.layers, noise=self.noise, seed=seed).to(device)
        judge = critic(layout, pac=self.pac, width=self.critic_width, layers=self.critic_layers, seed=seed).to(device)
        parts = self._parts(made, judge, seed)
        half = self.precision == "auto" and halves(device)
        there = torch.from_numpy(kept).to(device)
        optimizers, (random, rng) = tuple(parts.optimizers.values()), parts.generators.values()
        lesson = Lesson(made, judge, optimizers, layout, self._terms(), there, random, rng, half)
        validate = lesson.validation(torch.from_numpy(aside).to(device), self.noise, seed) if spared else None
        loop = self._loop(len(kept))
        curves = train_steps(parts, lesson.step, len(kept), loop, seed=seed, validate=validate, progress=progress)
        return plain(made), curves

    def _terms(self) -> Terms:
        return Terms(
            pac=self.pac,
            penalty=self.penalty,
            lazy=self.lazy,
            critic=self.critic,
            pairs=self.pairs,
            condition=self.condition,
            rare=self.rare,
        )

    def _loop(self, rows: int) -> Loop:
        return Loop(
            epochs=self.epochs or int(np.clip(round(ROWS_SEEN / rows), FEWEST, MOST)),
            batch=int(np.clip(rows // 20, 1, self.batch)),
            average=self.average,
            patience=5,
            checks=12,
            max_seconds=self.max_seconds or float("inf"),
            precision=self.precision,
            threads=1,
        )


def _pair_shares(layout: Layout, table: np.ndarray, start: Measured) -> np.ndarray:
    """(hot, hot) noisy shares of the pairs of modes of two columns, and of the modes of one on the diagonal."""
    couples = list(combinations(range(len(layout.sizes)), 2))
    sigma = start.multipliers[PAIRS] * max(len(couples), 1) ** 0.5

    def counted() -> dict[str, np.ndarray]:
        parts = [
            np.bincount(table[:, a] * layout.sizes[b] + table[:, b], minlength=layout.sizes[a] * layout.sizes[b])
            for a, b in couples
        ]
        return {"pairs": noise().gaussian(np.concatenate([*parts, np.zeros(1, dtype=np.int64)]), sigma)}

    found = once(f"gan pairs {start.key}", counted)["pairs"] / start.ready.rows
    made, at = np.zeros((layout.hot, layout.hot)), 0
    for a, b in couples:
        tall, wide = layout.sizes[a], layout.sizes[b]
        block = projected(found[at : at + tall * wide]).reshape(tall, wide)
        rows, columns = layout.starts[a], layout.starts[b]
        made[rows : rows + tall, columns : columns + wide] = block
        made[columns : columns + wide, rows : rows + tall] = block.T
        at += tall * wide
    counts = np.split(start.by_mode(layout.vectors) + 0.5, layout.starts[1:])
    made[np.diag_indices(layout.hot)] = np.concatenate([part / part.sum() for part in counts])
    return made


@dataclass(frozen=True)
class GanJoint:
    """A trained generator. vectors: of the rows it makes; weights: arrays by name; course: how the training went."""

    settings: Gan
    vectors: Vectors
    weights: Mapping[str, np.ndarray]
    course: Mapping[str, Any]

    @cached_property
    def layout(self) -> Layout:
        return Layout(self.vectors)

    @cached_property
    def net(self) -> dict[str, Any]:
        """The weights as tensors."""
        import torch

        return {name: torch.from_numpy(np.array(each, dtype=np.float32)) for name, each in self.weights.items()}

    @cached_property
    def shares(self) -> tuple[np.ndarray, ...]:
        """By column, the shares of its modes."""
        return tuple(np.bincount(each.of, each.shares) for each in self.vectors.columns.values())

    def draw(self, evidence: Evidence, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Rows as asked, however rare. SampleError when no value of a column is allowed."""
        evidence.check()
        if not self.vectors.columns:
            return {}
        known = {name: codes for name, codes in evidence.known.items() if (codes >= 0).any()}
        asked = Asked(known, evidence.allowed)

        def found(rows: int, asked: Asked, rng: np.random.Generator) -> np.ndarray:
            return self._logits(self._conditions(rows, asked, evidence.temperature, rng), rng)

        with threads(1):
            mixture = Mixture(self.vectors, found, self.settings.candidates)
            return mixture.draw(evidence.rows, asked, evidence.temperature, rng)

    def _logits(self, condition: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        import torch

        noise = rng.standard_normal((len(condition), self.settings.noise), dtype=np.float32)
        with torch.inference_mode():
            found: np.ndarray = logits(self.net, torch.from_numpy(noise), torch.from_numpy(condition)).numpy()
        return found

    def _conditions(self, rows: int, asked: Asked, temperature: float, rng: np.random.Generator) -> np.ndarray:
        """(rows,) places of the modes to generate under: of what is asked of a row, else as frequent as they are."""
        layout = self.layout
        column = rng.choice(layout.told, rows)
        made = np.empty(rows, dtype=np.int64)
        for at in np.unique(column):
            here = np.flatnonzero(column == at)
            made[here] = rng.choice(len(self.shares[at]), len(here), p=sharpened(self.shares[at], temperature))
        rarest = np.full(rows, 2.0)
        for at, name in enumerate(self.vectors.names):
            each, mask = self.vectors.columns[name], asked.allowed.get(name)
            if mask is not None:
                left = np.bincount(each.of, inside(each) * mask, minlength=each.count) * self.shares[at]
                here = np.flatnonzero(rarest > left.sum())
                column[here], rarest[here] = at, left.sum()
                made[here] = chosen(np.broadcast_to(left, (len(here), len(left))), rng)
            if name in asked.known:
                mode = each.of[np.maximum(asked.known[name], 0)]
                share = np.where(asked.known[name] >= 0, self.shares[at][mode], 2.0)
                here = np.flatnonzero(share < rarest)
                column[here], rarest[here], made[here] = at, share[here], mode[here]
        return made + layout.starts[column]

    def free(self, rows: int, temperature: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Rows without conditions."""
        return self.draw(Evidence(rows, temperature=temperature), rng)

    def arrays(self) -> dict[str, np.ndarray]:
        return {f"{WEIGHTS}{name}": each for name, each in self.weights.items()} | self.vectors.arrays()

    def facts(self) -> dict[str, Any]:
        return {
            "method": "A generator of rows under conditions, taught by a critic and by the tables of pairs of columns.",
            "source": "Xu et al. 2019, CTGAN; Zhao et al. 2022, CTAB-GAN+",
            "columns": {name: {"modes": each.count} for name, each in self.vectors.columns.items()},
            **self.course,
        }

    @staticmethod
    def of(settings: Gan, codes: Codes, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> GanJoint:
        """Back from what `arrays` and `facts` gave."""
        weights = {key.removeprefix(WEIGHTS): each for key, each in arrays.items() if key.startswith(WEIGHTS)}
        course = course_of(facts)
        return GanJoint(settings, Vectors.of(codes, arrays, scalars=False), weights, course)

    @staticmethod
    def load(folder: Path) -> CodedModel:
        return load_coded(folder, Gan, GanJoint.of)

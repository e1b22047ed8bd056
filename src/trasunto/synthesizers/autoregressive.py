"""`autoregressive`: one network that draws each column given any others, in any order.

After TabularARGN (Tiwald et al. 2025) and orderless NADE (Uria, Murray and Larochelle 2014): networks/masked.py says
what the network is, networks/digits.py how columns of many codes become digits, networks/ancestral.py how rows are
drawn under conditions. Most of the training goes to the order in which rows are drawn when nothing is known (columns to
predict first, then those of few values), the rest to random orders, for conditions and gaps.
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
from trasunto.networks.ancestral import Ancestral
from trasunto.networks.device import accelerator, halves
from trasunto.networks.digits import Digits, digits_of
from trasunto.networks.loop import Curves, Loop, train
from trasunto.networks.masked import Layout, Lesson, batch_of, network
from trasunto.networks.weights import plain, weights_of
from trasunto.privacy.budget import Budget
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.checked import at_least, shares, trainable
from trasunto.synthesizers.coded import CodedModel, Prepared, load_coded, prepare
from trasunto.synthesizers.joint import Evidence, course_of, drawn_from
from trasunto.synthesizers.measured import COUNTS, Descended, measured, told

# When the settings name no epochs: so many rows are seen in all, in at least and at most so many passes.
ROWS_SEEN, FEWEST, MOST = 250_000, 3, 20
# Weight decay at so many rows; what few rows say is held on to less.
DECAY, DECAY_ROWS = 0.5, 22_000
# Share of the rows that early stopping looks at, the most of them, and the fewest rows of a table that spares any.
SPARED, SPARED_MOST, SPARED_FROM = 0.1, 4_000, 50


@dataclass(frozen=True)
class Autoregressive:
    """Settings.

    epochs: passes over the rows; None for 3 to 20, fewer for more rows. width: of the vector that sums up what is
    known. hidden: of each column's own network, of so many layers. random: share of training masks of random orders.
    learning_rate, weight_decay: of AdamW; the decay None for what suits the number of rows. average: decay of the
    moving average of the weights. groups: most branches of one choice (2 or more); columns of more codes are drawn
    coarse to fine. bins: most quantile bins of a continuous column. candidates: how many are weighed for each row when
    several columns have codes ruled out. max_seconds: of training, None for no limit. precision: "auto" for bfloat16
    products where the hardware has them, or "float32".

    Under a budget: rate, steps, clip: the chance of each row to be in a step, how many steps, and the largest norm of a
    row's gradient. counted: the share of the budget that buys counts of the values of each column. private_rate: the
    learning rate; private_width: of the sums and of each column's network; private_bins: most codes of a column of
    numbers.
    """

    epochs: int | None = None
    width: int = 160
    hidden: int = 128
    layers: int = 1
    random: float = 0.3
    learning_rate: float = 3e-3
    weight_decay: float | None = None
    average: float = 0.99
    groups: int = 32
    bins: int = 300
    candidates: int = 16
    max_seconds: float | None = None
    precision: str = "auto"
    rate: float = 0.1
    steps: int = 200
    clip: float = 1.0
    counted: float = 0.1
    private_rate: float = 1.5e-2
    private_width: int = 64
    private_bins: int = 100

    def __post_init__(self) -> None:
        at_least(self, {"width": 1, "hidden": 1, "layers": 1, "groups": 2, "bins": 2, "candidates": 1})
        Descended(self.rate, self.steps, self.clip, self.private_rate).check(self.counted)
        shares(self, ("random",))
        trainable(self)

    def fit(self, real: Dataset, *, seed: int, budget: Budget | None = None, progress: Progress = quiet) -> CodedModel:
        """Fit to one table. Raises FitError for several tables, no rows or free text. budget: train by DP-SGD; the
        seed then says only what the untrained network is. BudgetError for a domain that was not declared or paid for.
        """
        if budget is not None:
            return self._private(real, budget, seed, progress)
        ready = prepare(real, "autoregressive", bins=self.bins)
        order = order_of(ready)
        if not order:
            return ready.model("autoregressive", self, AutoregressiveJoint(self, (), (), {}, {}))
        columns = tuple(_digits(ready, name, self.groups) for name in order)
        weights, curves = self._taught(Layout(columns), [ready.coded[name] for name in order], seed, progress)
        return ready.model("autoregressive", self, AutoregressiveJoint(self, order, columns, weights, curves.to_dict()))

    def _private(self, real: Dataset, budget: Budget, seed: int, progress: Progress) -> CodedModel:
        """The same network, from noisy counts, taught by noisy gradients."""
        import torch

        alone = sum(column.kind not in ("id", "text") for column in real.only.schema.columns) < 2
        shares = {COUNTS: 1.0 if alone else self.counted}
        start = measured(real, "autoregressive", budget, bins=self.private_bins, shares=shares)
        ready, order = start.ready, order_of(start.ready)
        if not order:
            nothing = AutoregressiveJoint(self, (), (), {}, {})
            return ready.model("autoregressive", self, nothing, guarantee=start.counts_alone())
        most = max(self.groups, self.private_bins + 4)
        columns = tuple(digits_of(start.counts[name], ordered=name not in ready.worded, base=most) for name in order)
        layout, wide = Layout(columns), self.private_width
        counts = layout.spread([start.counts[name] for name in order])
        net = network(layout, counts, width=wide, hidden=wide, layers=self.layers, seed=seed).to(accelerator())
        if alone:
            joint = AutoregressiveJoint(self, order, columns, plain(net), {})
            return ready.model("autoregressive", self, joint, guarantee=start.counts_alone())
        table = layout.table([ready.coded[name] for name in order])
        # The last row is nobody's: nothing is known of it.
        table = np.concatenate([table, np.full((1, layout.size), -1, dtype=table.dtype)])
        lesson = Lesson(net, layout, torch.from_numpy(table).to(accelerator()), self.random, seed, False)
        settings = Descended(self.rate, self.steps, self.clip, self.private_rate)
        curves, guarantee = start.train(net, lesson.sums, settings, max_seconds=self.max_seconds, progress=progress)
        joint = AutoregressiveJoint(self, order, columns, plain(net), told(curves))
        return ready.model("autoregressive", self, joint, guarantee=guarantee)

    def _taught(
        self, layout: Layout, coded: list[np.ndarray], seed: int, progress: Progress
    ) -> tuple[dict[str, np.ndarray], Curves]:
        """The weights as arrays, and how they came about."""
        import torch

        table = layout.table(coded)
        rows = np.random.default_rng(seed).permutation(len(table))
        spared = min(int(SPARED * len(rows)), SPARED_MOST) if len(rows) >= SPARED_FROM else 0
        kept, aside = rows[spared:], rows[:spared]
        device = accelerator()
        counts = layout.counts(table[kept])
        net = network(layout, counts, width=self.width, hidden=self.hidden, layers=self.layers, seed=seed)
        half = self.precision == "auto" and halves(device)
        lesson = Lesson(net.to(device), layout, torch.from_numpy(table).to(device), self.random, seed, half)
        batch = batch_of(layout, self.width, len(kept))
        decay = DECAY * (DECAY_ROWS / len(kept)) ** 0.25 if self.weight_decay is None else self.weight_decay
        loop = Loop(
            epochs=self.epochs or int(np.clip(round(ROWS_SEEN / len(kept)), FEWEST, MOST)),
            batch=batch,
            learning_rate=self.learning_rate,
            weight_decay=decay,
            # The vector of a value that few rows have learns in few steps, and would be forgotten in all the others. In
            # large tables rare values have more rows, and vectors that are shrunk lean less on single ones.
            undecayed=("vectors",) if len(kept) < DECAY_ROWS // 2 else (),
            average=self.average,
            clip=5.0,
            checks=10,
            max_seconds=self.max_seconds or float("inf"),
            precision=self.precision,
            threads=1,
        )
        curves = train(
            net,
            lambda part: lesson.loss(kept[part]),
            len(kept),
            loop,
            seed=seed,
            validate=lesson.validation(aside, batch) if spared else None,
            progress=progress,
        )
        return plain(net), curves


def order_of(ready: Prepared) -> tuple[str, ...]:
    """Columns to predict first, then those of fewer codes."""
    return tuple(sorted(ready.codes.names, key=lambda name: (name not in ready.first, ready.sizes[name])))


def _digits(ready: Prepared, name: str, groups: int) -> Digits:
    codes = ready.coded[name]
    counts = np.bincount(codes[codes >= 0], minlength=ready.sizes[name])
    return digits_of(counts, ordered=name not in ready.worded, base=groups)


@dataclass(frozen=True)
class AutoregressiveJoint:
    """A trained network. names: of the columns, in the order in which they are drawn; columns: their digits.

    weights: arrays by name. course: how the training went.
    """

    settings: Autoregressive
    names: tuple[str, ...]
    columns: tuple[Digits, ...]
    weights: Mapping[str, np.ndarray]
    course: Mapping[str, Any]

    @cached_property
    def source(self) -> Ancestral:
        """What rows are drawn from."""
        return Ancestral(Layout(self.columns), weights_of(self.weights), self.settings.candidates)

    def draw(self, evidence: Evidence, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Rows as asked, however rare. SampleError when no value of a column is allowed."""
        return drawn_from(lambda: self.source, self.names, evidence, rng)

    def free(self, rows: int, temperature: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Rows without conditions."""
        return self.draw(Evidence(rows, temperature=temperature), rng)

    def arrays(self) -> dict[str, np.ndarray]:
        found = {f"weights\x1f{name}": each for name, each in self.weights.items()}
        for name, each in zip(self.names, self.columns, strict=True):
            found |= {f"paths\x1f{name}": each.paths, f"shares\x1f{name}": each.shares}
        return found

    def facts(self) -> dict[str, Any]:
        digits = {name: {"digits": list(each.widths)} for name, each in zip(self.names, self.columns, strict=True)}
        return {
            "method": "A network that predicts each column from any others, trained on masks of random orders.",
            "source": "Uria, Murray and Larochelle 2014; Tiwald et al. 2025, TabularARGN",
            "order": list(self.names),
            "columns": digits,
            **self.course,
        }

    @staticmethod
    def of(
        settings: Autoregressive, codes: Codes, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]
    ) -> AutoregressiveJoint:
        """Back from what `arrays` and `facts` gave."""
        names = tuple(facts["order"])
        columns = tuple(Digits(arrays[f"paths\x1f{name}"], arrays[f"shares\x1f{name}"]) for name in names)
        weights = {key.partition("\x1f")[2]: each for key, each in arrays.items() if key.startswith("weights\x1f")}
        course = course_of(facts)
        return AutoregressiveJoint(settings, names, columns, weights, course)

    @staticmethod
    def load(folder: Path) -> CodedModel:
        return load_coded(folder, Autoregressive, AutoregressiveJoint.of)

"""`diffusion`: choices out of the dark and numbers out of noise, in few steps, by one network.

After TabDiff (Shi et al. 2025), the cascade of Mueller et al. 2026 and variational flow matching (Guzman-Cordero et al.
2025): networks/flow.py says what the network is, networks/flow_scale.py how numbers and noise go together,
networks/flow_draw.py how rows are drawn under conditions. It differs from TabDDPM (Kotelnikov et al. 2023) in that
spikes and gaps of numbers are choices, so that they stay exact, that what a column is like by itself is given and only
how columns hang together is learnt, and that a column may be known, so that conditions and gaps are met directly.
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
from trasunto.networks.device import accelerator, halves
from trasunto.networks.digits import Digits
from trasunto.networks.flow import Field, Form, Lesson, field_of, network
from trasunto.networks.flow_draw import Source
from trasunto.networks.flow_scale import Scale
from trasunto.networks.loop import Curves, Loop, train
from trasunto.networks.weights import plain, weights_of
from trasunto.privacy.budget import Budget, refuse
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.checked import at_least, shares, trainable
from trasunto.synthesizers.coded import CodedModel, Prepared, load_coded, prepare
from trasunto.synthesizers.joint import Evidence, course_of, drawn_from

# When the settings name no epochs: so many rows are seen in all, in at least and at most so many passes.
ROWS_SEEN, FEWEST, MOST = 350_000, 4, 100
# Weight decay at so many rows; what few rows say is held on to less.
DECAY, DECAY_ROWS = 0.5, 22_000
# Share of the rows that early stopping looks at, the most of them, and the fewest rows of a table that spares any.
SPARED, SPARED_MOST, SPARED_FROM = 0.1, 4_000, 50


@dataclass(frozen=True)
class Diffusion:
    """Settings.

    epochs: passes over the rows; None for 4 to 100, fewer for more rows. width: of the vector that sums up a row.
    hidden: inside each of so many blocks. steps: of drawing the choices, and as many for the numbers. window: how far
    from its place in the order a choice may be drawn, a share of all: 1 for any order, 0 for a fixed one. random: share
    of training rows of which anything may be known. learning_rate, weight_decay: of AdamW; the decay None for what
    suits the number of rows. average: decay of the moving average of the weights. groups: most branches of one choice
    (2 or more): ordered columns of more codes are numbers. bins: most quantile bins of a continuous column.
    candidates: how many are weighed for each row when several columns have codes ruled out. max_seconds: of training,
    None for no limit. precision: "auto" for bfloat16 products where the hardware has them, or "float32".
    """

    epochs: int | None = None
    width: int = 256
    hidden: int = 512
    blocks: int = 2
    steps: int = 16
    window: float = 0.3
    random: float = 0.2
    learning_rate: float = 2e-3
    weight_decay: float | None = None
    average: float = 0.995
    groups: int = 128
    bins: int = 300
    candidates: int = 16
    max_seconds: float | None = None
    precision: str = "auto"

    def __post_init__(self) -> None:
        at_least(self, {"width": 1, "hidden": 1, "blocks": 1, "steps": 1, "groups": 2, "bins": 2, "candidates": 1})
        shares(self, ("random", "window"))
        trainable(self)

    def fit(self, real: Dataset, *, seed: int, budget: Budget | None = None, progress: Progress = quiet) -> CodedModel:
        """Fit to one table. Raises FitError for several tables, no rows or free text; BudgetError for a budget."""
        refuse(budget, "diffusion")
        ready = prepare(real, "diffusion", bins=self.bins)
        # Columns to predict first, then those of fewer codes.
        order = tuple(sorted(ready.codes.names, key=lambda name: (name not in ready.first, ready.sizes[name])))
        if not order:
            return ready.model("diffusion", self, DiffusionJoint(self, (), Form(()), {}, {}))
        form = Form(tuple(_field(ready, name, self.groups) for name in order))
        weights, curves = self._taught(form, [ready.coded[name] for name in order], seed, progress)
        return ready.model("diffusion", self, DiffusionJoint(self, order, form, weights, curves.to_dict()))

    def _taught(
        self, form: Form, coded: list[np.ndarray], seed: int, progress: Progress
    ) -> tuple[dict[str, np.ndarray], Curves]:
        """The weights as arrays, and how they came about."""
        import torch

        digits, places = form.table(coded)
        rows = np.random.default_rng(seed).permutation(len(digits))
        spared = min(int(SPARED * len(rows)), SPARED_MOST) if len(rows) >= SPARED_FROM else 0
        kept, aside = rows[spared:], rows[:spared]
        device = accelerator()
        net = network(form, digits[kept], width=self.width, hidden=self.hidden, blocks=self.blocks, seed=seed)
        half = self.precision == "auto" and halves(device)
        here = torch.from_numpy(digits).to(device)
        lesson = Lesson(net.to(device), form, here, places, self.random, self.window, seed, half)
        batch = int(2 ** np.floor(np.log2(np.clip(len(kept) // 40, 16, 256))))
        decay = DECAY * (DECAY_ROWS / len(kept)) ** 0.5 if self.weight_decay is None else self.weight_decay
        loop = Loop(
            epochs=self.epochs or int(np.clip(round(ROWS_SEEN / len(kept)), FEWEST, MOST)),
            batch=batch,
            learning_rate=self.learning_rate,
            weight_decay=decay,
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


def _field(ready: Prepared, name: str, groups: int) -> Field:
    codes = ready.coded[name]
    counts = np.bincount(codes[codes >= 0], minlength=ready.sizes[name])
    return field_of(counts, ordered=name not in ready.worded, base=groups, null=ready.codes.columns[name].null)


@dataclass(frozen=True)
class DiffusionJoint:
    """A trained network. names: of the columns, in the order of `form`.

    weights: arrays by name. course: how the training went.
    """

    settings: Diffusion
    names: tuple[str, ...]
    form: Form
    weights: Mapping[str, np.ndarray]
    course: Mapping[str, Any]

    @cached_property
    def source(self) -> Source:
        """What rows are drawn from."""
        device, asked = accelerator(), self.settings
        weights = {name: each.to(device) for name, each in weights_of(self.weights).items()}
        half = asked.precision == "auto" and halves(device)
        return Source(self.form, weights, asked.steps, asked.window, asked.candidates, half)

    def draw(self, evidence: Evidence, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Rows as asked, however rare. SampleError when no value of a column is allowed."""
        return drawn_from(lambda: self.source, self.names, evidence, rng)

    def free(self, rows: int, temperature: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Rows without conditions."""
        return self.draw(Evidence(rows, temperature=temperature), rng)

    def arrays(self) -> dict[str, np.ndarray]:
        found = {f"weights\x1f{name}": each for name, each in self.weights.items()}
        for name, each in zip(self.names, self.form.fields, strict=True):
            found[f"classes\x1f{name}"] = each.classes
            if each.choice is not None:
                found |= {f"paths\x1f{name}": each.choice.paths, f"shares\x1f{name}": each.choice.shares}
            if each.line is not None:
                found |= {f"line\x1f{name}": each.line.codes, f"density\x1f{name}": each.line.shares}
        return found

    def facts(self) -> dict[str, Any]:
        told = {}
        for name, each in zip(self.names, self.form.fields, strict=True):
            digits = [] if each.choice is None else list(each.choice.widths)
            told[name] = {"digits": digits, "on_a_line": 0 if each.line is None else len(each.line.codes)}
        return {
            "method": "A network that brings rows back from noise: choices by masked diffusion, numbers by a flow.",
            "source": "Shi et al. 2025, TabDiff; Guzman-Cordero et al. 2025, variational flow matching; Mueller 2026",
            "order": list(self.names),
            "columns": told,
            **self.course,
        }

    @staticmethod
    def of(
        settings: Diffusion, codes: Codes, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]
    ) -> DiffusionJoint:
        """Back from what `arrays` and `facts` gave."""
        names = tuple(facts["order"])
        form = Form(tuple(_stored(arrays, name) for name in names))
        weights = {key.partition("\x1f")[2]: each for key, each in arrays.items() if key.startswith("weights\x1f")}
        course = course_of(facts)
        return DiffusionJoint(settings, names, form, weights, course)

    @staticmethod
    def load(folder: Path) -> CodedModel:
        return load_coded(folder, Diffusion, DiffusionJoint.of)


def _stored(arrays: Mapping[str, np.ndarray], name: str) -> Field:
    """The field of a column back from what `DiffusionJoint.arrays` gave."""
    choice = line = None
    if f"paths\x1f{name}" in arrays:
        choice = Digits(arrays[f"paths\x1f{name}"], arrays[f"shares\x1f{name}"])
    if f"line\x1f{name}" in arrays:
        line = Scale(arrays[f"line\x1f{name}"], arrays[f"density\x1f{name}"])
    return Field(choice, line, arrays[f"classes\x1f{name}"])

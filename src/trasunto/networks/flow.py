"""A network that brings rows of mixed columns back from noise, and how it is trained.

Every column has a noise of its own kind. Choices (categories, spikes of numbers, digits of columns of many codes) are
hidden, as in masked diffusion (Austin et al. 2021; Sahoo et al. 2024); numbers are seen through Gaussian noise
(flow_scale.py). For all that is hidden or noisy the network says how likely each value is, which is the target of
variational flow matching (Eijkelboom et al. 2024; for tables Guzman-Cordero et al. 2025) and of TabDiff (Shi et al.
2025): the flow follows from it. Choices come first, numbers given all choices, as in the cascade of Mueller et al.
2026. What is known of a row is simply without noise, so that one network answers all conditions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from trasunto.networks import chance
from trasunto.networks.digits import Digits, digits_of
from trasunto.networks.flow_scale import HIGHEST, Scale, chances, cuts, scale_of, seen, shapes

# Hat functions and intervals of a number; fewer where there are so many numbers that these many would be passed.
HATS, HATS_MOST, BINS, BINS_MOST = 16, 1_024, 32, 4_096
# Choices predicted in one step of training.
TARGETS = 64
# Weight of a number of which nothing is seen yet, where choices are being learnt.
UNSEEN = 0.2
# Share of the rows in which some numbers are known beforehand.
KNOWN = 0.5


@dataclass(frozen=True)
class Field:
    """One column. choice: its digits, over classes of codes; None when it is all line. line: None when it has none.

    classes: (size,) the class of each code; with a line the last class is "on the line".
    """

    choice: Digits | None
    line: Scale | None
    classes: np.ndarray

    @property
    def levels(self) -> int:
        return 0 if self.choice is None else self.choice.levels

    @cached_property
    def code_of(self) -> np.ndarray:
        """(classes,) int32 the code of each class, -1 for "on the line"."""
        found = np.full(int(self.classes.max()) + 1, -1, dtype=np.int32)
        found[self.classes] = np.arange(len(self.classes))
        if self.line is not None and self.choice is not None:
            found[-1] = -1
        return found

    @cached_property
    def place_of(self) -> np.ndarray:
        """(size,) the position on the line of each code, -1 for a spike."""
        found = np.full(len(self.classes), -1, dtype=np.int32)
        if self.line is not None:
            found[self.line.codes] = np.arange(len(self.line.codes))
        return found

    def open(self, mask: np.ndarray | None) -> np.ndarray | None:
        """(classes,) the share of the rows of each class whose codes are in `mask`, (size,) bool."""
        if mask is None:
            return None
        found = np.zeros(len(self.code_of))
        np.maximum.at(found, self.classes, mask.astype(float))
        if self.line is not None and self.choice is not None:
            found[-1] = float((self.line.shares * mask[self.line.codes]).sum())
        return found


def field_of(counts: np.ndarray, *, ordered: bool, base: int, null: bool) -> Field:
    """How a column is restated. counts: (size,) rows of each code. base: most branches of a choice.

    An ordered column of more codes than that is a number: codes that have more than an even share of the rows are
    spikes, and so is a missing value, the last code, where there is one (`null`).
    """
    size = len(counts)
    if not ordered or size <= base:
        return Field(digits_of(counts, ordered=ordered, base=base), None, np.arange(size, dtype=np.int32))
    spike = counts > counts.sum() / base
    spike[-1] |= null
    codes, rest = np.flatnonzero(spike), np.flatnonzero(~spike)
    classes = np.full(size, len(codes), dtype=np.int32)
    classes[codes] = np.arange(len(codes))
    choice = None
    if len(codes):
        choice = digits_of(np.append(counts[codes], counts[rest].sum()), ordered=True, base=base + 1)
    return Field(choice, scale_of(counts, rest), classes)


@dataclass(frozen=True)
class Form:
    """All columns side by side, in the order in which they are drawn."""

    fields: tuple[Field, ...]

    @cached_property
    def owner(self) -> np.ndarray:
        """(digits,) the field of each digit."""
        return np.repeat(np.arange(len(self.fields)), [each.levels for each in self.fields])

    @cached_property
    def level(self) -> np.ndarray:
        """(digits,) the level of each digit in its field."""
        return np.concatenate([np.arange(each.levels) for each in self.fields] or [np.empty(0, dtype=np.int64)])

    @cached_property
    def widths(self) -> np.ndarray:
        """(digits,) branches of each."""
        widths = [each.choice.widths for each in self.fields if each.choice is not None]
        return np.array([width for each in widths for width in each], dtype=np.int64)

    @cached_property
    def starts(self) -> np.ndarray:
        """(digits,) the first value of each in a list of all values of all digits."""
        return np.cumsum(self.widths) - self.widths

    @cached_property
    def numbers(self) -> np.ndarray:
        """(numbers,) the field of each number."""
        return np.array([at for at, each in enumerate(self.fields) if each.line is not None], dtype=np.int64)

    @cached_property
    def gates(self) -> np.ndarray:
        """(numbers,) the digit that says whether the number is on its line; -1 where it always is."""
        found = [np.searchsorted(self.owner, at) if self.fields[at].choice is not None else -1 for at in self.numbers]
        return np.array(found, dtype=np.int64)

    @property
    def digits(self) -> int:
        return len(self.owner)

    @property
    def hats(self) -> int:
        return int(np.clip(HATS_MOST // max(len(self.numbers), 1), 2, HATS))

    @property
    def bins(self) -> int:
        return int(np.clip(BINS_MOST // max(len(self.numbers), 1), 4, BINS))

    def table(self, coded: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """(n, digits) int16 and (n, numbers) int32 positions on lines, of (n,) codes by column; -1 for none."""
        rows = len(coded[0])
        digits = [np.empty((rows, 0), dtype=np.int16)]
        for each, codes in zip(self.fields, coded, strict=True):
            if each.choice is not None:
                digits.append(each.choice.of(np.where(codes >= 0, each.classes[codes], -1)))
        places = [np.where(coded[at] >= 0, self.fields[at].place_of[coded[at]], -1) for at in self.numbers]
        return np.concatenate(digits, axis=1), np.stack([*places], axis=1) if places else np.empty((rows, 0), int)

    def ranks(self, rows: int, random: float, window: float, rng: np.random.Generator) -> np.ndarray:
        """(rows, digits) a key of when each digit is revealed, the order of the keys being that of the digits.

        A column is revealed at its place in the order give or take a window, a share of all; with probability `random`
        at any time. The digits of a column come one after the other.
        """
        count = max(len(self.fields), 1)
        near = (np.arange(count) * ((1 - window) / count))[None] + rng.random((rows, count)) * window
        free = rng.random((rows, 1)) < random
        keys = np.where(free, rng.random((rows, count)), near)
        return keys[:, self.owner] + self.level * 1e-9


def network(form: Form, table: np.ndarray, *, width: int, hidden: int, blocks: int, seed: int) -> Any:
    """The untrained weights, a torch ParameterDict. width: of what sums up a row; hidden: inside each of the blocks.

    table: (n, digits): the shares of its values are what the network says at first.
    """
    import torch

    generator = torch.Generator().manual_seed(seed)

    def drawn(*shape: int, scale: float) -> Any:
        return torch.nn.Parameter(torch.randn(*shape, generator=generator) * scale)

    values, count = int(form.widths.sum()), len(form.numbers)
    shares = np.zeros(values, dtype=np.float32)
    for at, (start, branches) in enumerate(zip(form.starts, form.widths, strict=True)):
        known = table[:, at][table[:, at] >= 0]
        held = np.bincount(known, minlength=branches) + 0.5
        shares[start : start + branches] = np.log(held / held.sum())
    made = {
        "vectors": drawn(values + form.digits, width, scale=0.3),
        "shares": torch.nn.Parameter(torch.from_numpy(shares), requires_grad=False),
        "out": drawn(width, values, scale=0.1 * width**-0.5),
        "seen": drawn(count * (form.hats + 2), width, scale=0.3),
        "tilt": drawn(width, count * len(shapes(form.bins)), scale=0.1 * width**-0.5),
    }
    for block in range(blocks):
        made[f"in{block}"] = drawn(width, hidden, scale=width**-0.5)
        made[f"bias{block}"] = torch.nn.Parameter(torch.zeros(hidden))
        made[f"back{block}"] = drawn(hidden, width, scale=0.5 * hidden**-0.5)
    return torch.nn.ParameterDict(made)


def summed_up(net: Any, sums: Any) -> Any:
    """(n, width) what a row says, of the (n, width) sum of the vectors of its values."""
    import torch

    width, found, block = sums.shape[-1:], sums, 0
    while f"in{block}" in net:
        inner = torch.nn.functional.layer_norm(found, width)
        inner = torch.relu(torch.addmm(net[f"bias{block}"], inner, net[f"in{block}"]))
        found = torch.addmm(found, inner, net[f"back{block}"])
        block += 1
    return torch.nn.functional.layer_norm(found, width)


def tilted(net: Any, told: Any, form: Form, number: int | None = None) -> Any:
    """(n, numbers, bins), or (n, bins) of one number: the logarithm of how much likelier a row makes each interval."""
    import torch

    basis = torch.from_numpy(shapes(form.bins)).to(told.device)
    size = len(basis)
    weights = net["tilt"] if number is None else net["tilt"][:, number * size : (number + 1) * size]
    found = (told @ weights).float()
    return (found if number is not None else found.view(len(told), -1, size)) @ basis


def looks(values: Any, level: Any, hats: int) -> Any:
    """(n, numbers * (hats + 2)) what the network is shown of numbers seen at levels, (n, numbers) each."""
    import torch

    ends = torch.from_numpy(cuts(hats + 1)[1:-1].astype(np.float32)).to(values.device)
    # A hat is 1 at its own end, falling to 0 at its neighbours; the outer ones stay at 1 outwards.
    steps = torch.searchsorted(ends, values.contiguous()).clamp(1, hats - 1)
    left, right = ends[steps - 1], ends[steps]
    share = ((values - left) / (right - left)).clamp(0, 1)
    found = torch.zeros(*values.shape, hats + 2, device=values.device)
    found.scatter_(2, (steps - 1).unsqueeze(-1), (level * (1 - share)).unsqueeze(-1))
    found.scatter_(2, steps.unsqueeze(-1), (level * share).unsqueeze(-1))
    found[..., hats], found[..., hats + 1] = level, level * values
    return found.flatten(1)


@dataclass(frozen=True)
class Lesson:
    """What the network is taught with.

    digits: (n, digits) tensor on the device; places: (n, numbers) positions on lines, array; -1 where there is none.
    random: share of rows of which anything may be known; window: see `Form.ranks`. half: products in bfloat16.
    """

    net: Any
    form: Form
    digits: Any
    places: np.ndarray
    random: float
    window: float
    seed: int
    half: bool

    def loss(self, batch: np.ndarray) -> tuple[Any, float]:
        """(summed loss of these rows, how many they are), each under noise of its own draw."""
        rng = np.random.default_rng(chance.seed_of(self.seed, batch))
        return self._loss(batch, rng), float(len(batch))

    def validation(self, rows: np.ndarray, batch: int) -> Callable[[], float]:
        """The mean loss of rows, under the same noise at each call."""
        return chance.validation(self._loss, self.seed, rows, batch)

    @cached_property
    def _flowing(self) -> float:
        """Share of the rows in which numbers are learnt, all choices being known."""
        count = len(self.form.numbers)
        return count / max(count + len(np.unique(self.form.owner)), 1)

    def _loss(self, batch: np.ndarray, rng: np.random.Generator) -> Any:
        import torch

        form, device = self.form, self.digits.device
        rows = len(batch)
        flowing = rng.permutation((np.arange(rows) + rng.random()) / rows) < self._flowing
        some = np.where(flowing & (len(form.numbers) < 2), 0.0, KNOWN)[:, None]
        partly = (rng.random((rows, 1)) < some) * rng.random((rows, 1))
        hidden = self._hidden(flowing, rng)
        x = self.digits[torch.from_numpy(batch).to(device)].long()
        cover = torch.from_numpy(hidden).to(device) | (x < 0)
        on = self.places[batch] >= 0
        known = on & (rng.random(on.shape) < partly) & self._shown(hidden)
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=self.half):
            sums = vectors_of(self.net, form, torch.where(cover, -1, x))
            if len(form.numbers):
                level, values, scores = self._noisy(batch, flowing, known, rng)
                sums = sums + looks(values, level, form.hats) @ self.net["seen"]
            told = summed_up(self.net, sums)
            choice = self._choices(told[~flowing_on(flowing, device)], x, cover, flowing, rng) if form.digits else 0.0
            tilts = tilted(self.net, told, form)
        if not len(form.numbers):
            return choice
        weight = np.where(flowing, 1.0, UNSEEN)[:, None] * (on & ~known)
        return choice + self._numbers(tilts.float(), level, values, scores, weight)

    def _hidden(self, flowing: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(rows, digits) bool: which choices are hidden; none where numbers flow."""
        form, rows = self.form, len(flowing)
        if not form.digits:
            return np.zeros((rows, 0), dtype=bool)
        order = form.ranks(rows, self.random, self.window, rng).argsort(axis=1).argsort(axis=1)
        known = np.floor(rng.permutation((np.arange(rows) + rng.random()) / rows) * form.digits)
        found: np.ndarray = (order >= known[:, None]) & ~flowing[:, None]
        return found

    def _shown(self, hidden: np.ndarray) -> np.ndarray:
        """(rows, numbers) bool: whether it is known that a number is on its line."""
        gates = self.form.gates
        found = np.ones((len(hidden), len(gates)), dtype=bool)
        found[:, gates >= 0] = ~hidden[:, gates[gates >= 0]]
        return found

    def _noisy(
        self, batch: np.ndarray, flowing: np.ndarray, known: np.ndarray, rng: np.random.Generator
    ) -> tuple[Any, Any, Any]:
        """(rows, numbers) each: at which level numbers are seen, what is seen, and the scores."""
        import torch

        form, places = self.form, self.places[batch]
        scores = np.zeros(places.shape, dtype=np.float32)
        spread = rng.random(places.shape)
        for at, number in enumerate(form.numbers):
            line = form.fields[number].line
            assert line is not None
            scores[:, at] = line.score(np.maximum(places[:, at], 0), spread[:, at])
        turn = rng.permutation((np.arange(len(batch)) + rng.random()) / len(batch))
        level = np.minimum(np.sin(turn * np.pi / 2), HIGHEST)[:, None] * flowing[:, None]
        level = np.where(known, 1.0, level) * (places >= 0)
        noise = rng.standard_normal(places.shape, dtype=np.float32)
        made = [torch.from_numpy(each.astype(np.float32)).to(self.digits.device) for each in (level, scores, noise)]
        return made[0], seen(made[1], made[0], made[2]), made[1]

    def _choices(self, told: Any, x: Any, cover: Any, flowing: np.ndarray, rng: np.random.Generator) -> Any:
        """The summed loss of what is hidden, each row weighing as much as its digits."""
        import torch

        form, still = self.form, ~flowing_on(flowing, x.device)
        x, cover = x[still], cover[still]
        goal = torch.where(cover, x, -1)
        weight = form.digits / cover.sum(dim=1).clamp(min=1).float()
        targets = np.arange(form.digits)
        if form.digits > TARGETS:
            targets = np.sort(rng.choice(form.digits, TARGETS, replace=False))
            weight = weight * (form.digits / TARGETS)
        logits = told @ self._columns(self.net["out"], targets) + self._columns(self.net["shares"], targets)
        total = 0.0
        for at, each in zip(targets, logits.float().split(form.widths[targets].tolist(), dim=1), strict=True):
            loss = torch.nn.functional.cross_entropy(each, goal[:, at], ignore_index=-1, reduction="none")
            total = total + (loss * weight).sum()
        return total

    def _columns(self, weights: Any, targets: np.ndarray) -> Any:
        """The part of weights that these digits have in their last axis."""
        import torch

        form = self.form
        if len(targets) == form.digits:
            return weights
        at = np.concatenate([np.arange(form.starts[t], form.starts[t] + form.widths[t]) for t in targets])
        return weights.index_select(-1, torch.from_numpy(at).to(weights.device))

    def _numbers(self, tilts: Any, level: Any, values: Any, scores: Any, weight: np.ndarray) -> Any:
        """The summed loss of the intervals in which numbers lie."""
        import torch

        ends = torch.from_numpy(cuts(self.form.bins).astype(np.float32)).to(values.device)
        goal = torch.searchsorted(ends[1:-1].contiguous(), scores)
        asked = torch.from_numpy(weight.astype(np.float32)).to(values.device)
        logits = tilts + chances(values, level.clamp(max=HIGHEST), ends)
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), goal.flatten(), reduction="none")
        return (loss * asked.flatten()).sum()


def flowing_on(flowing: np.ndarray, device: Any) -> Any:
    """A bool array as a tensor on the device."""
    import torch

    return torch.from_numpy(flowing).to(device)


def vectors_of(net: Any, form: Form, digits: Any) -> Any:
    """(n, width) the sum of the vectors of digits, (n, digits), -1 for a hidden one, which has a vector too."""
    import torch

    if not form.digits:
        return torch.zeros(len(digits), net["vectors"].shape[1], device=digits.device)
    starts = torch.from_numpy(form.starts).to(digits.device)
    hidden = torch.arange(form.digits, device=digits.device) + int(form.widths.sum())
    place = torch.where(digits < 0, hidden, digits + starts)
    return torch.nn.functional.embedding_bag(place, net["vectors"], mode="sum")

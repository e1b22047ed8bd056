"""Rows drawn with a network of flow.py: choices revealed in a few steps, then numbers out of noise in a few more.

In each step a choice that is due is drawn by what is known so far, those of one step independently. Numbers flow from
noise to their place together: each step goes towards the mean of where the network says they lie, and the last draws
the places. Columns of which some codes are ruled out come first, each at once; when there are
several of them, each row has several candidates, one of which is chosen by how likely the allowed codes were at the
steps where they were taken (sampling importance resampling; Rubin 1988).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from trasunto.networks.device import threads
from trasunto.networks.flow import Form, looks, summed_up, tilted, vectors_of
from trasunto.networks.flow_scale import HIGHEST, chances, cuts, drawn, means

# Rows, with candidates counted, on their way at once.
AT_ONCE = 2**12
# Below this chance that its values are allowed, a column counts as one of which codes are ruled out.
CERTAIN = 1 - 1e-6
# What a branch that is not open scores.
NONE = -1e9


@dataclass(frozen=True)
class Source:
    """A trained network to draw from.

    weights: tensors by name, all on one device. steps: for the choices, and as many for the numbers. window: see
    `Form.ranks`. candidates: for each row, where codes are ruled out. half: products in bfloat16.
    """

    form: Form
    weights: Mapping[str, Any]
    steps: int
    window: float
    candidates: int
    half: bool

    @cached_property
    def product(self) -> dict[str, Any]:
        """The weights as products take them."""
        return {name: each.bfloat16() if self.half else each for name, each in self.weights.items()}

    @cached_property
    def ends(self) -> Any:
        """(bins + 1,) ends of the intervals of scores, a tensor."""
        import torch

        return torch.from_numpy(cuts(self.form.bins).astype(np.float32)).to(self.weights["out"].device)

    def draw(
        self, known: np.ndarray, allowed: Mapping[int, np.ndarray], temperature: float, rng: np.random.Generator
    ) -> np.ndarray:
        """(n, fields) int32 codes.

        known: (n, fields) codes, -1 where free. allowed: by field, (size,) bool, at least one of them True.
        """
        import torch

        early = self._early(allowed)
        each = self.candidates if len(early) > 1 or any(self._weighed(at, allowed[at]) for at in early) else 1
        parts = [np.empty((0, len(self.form.fields)), dtype=np.int32)]
        step = max(AT_ONCE // each, 1)
        # One thread: how sums are split among several would show in what is drawn.
        with threads(1), torch.no_grad():
            for start in range(0, len(known), step):
                rows = Rows(self, np.repeat(known[start : start + step], each, axis=0), temperature, rng)
                for at in early:
                    rows.draw(at, allowed[at])
                if each > 1:
                    rows.choose(each)
                rows.reveal(allowed)
                rows.flow()
                parts.append(rows.codes)
        return np.concatenate(parts)

    def _early(self, allowed: Mapping[int, np.ndarray]) -> list[int]:
        """The fields that come first for their allowed codes, the rarest case first."""
        share = {}
        for at, mask in allowed.items():
            field = self.form.fields[at]
            classes = np.ones(1) if field.choice is None else field.choice.shares
            held = field.open(mask)
            if field.choice is None:
                assert field.line is not None
                held = np.array([field.line.shares[mask[field.line.codes]].sum()])
            assert held is not None
            share[at] = float((classes * held).sum())
        return sorted((at for at in share if share[at] < CERTAIN), key=lambda at: share[at])

    def _weighed(self, at: int, mask: np.ndarray) -> bool:
        """Whether one candidate is not enough: what is ruled out lies behind a branch that is open."""
        field = self.form.fields[at]
        if field.choice is None:
            return False
        parted = field.levels > 1
        held = field.open(mask)
        assert held is not None
        return parted or (field.line is not None and 0 < held[-1] < CERTAIN)


class Rows:
    """Rows on their way.

    codes: (n, fields), -1 where not drawn yet. digits: (n, digits) tensor. scores, level: (n, numbers) tensors, level 1
    where a number is known and 0 else. weights: (n,) logarithms.
    """

    def __init__(self, source: Source, known: np.ndarray, temperature: float, rng: np.random.Generator) -> None:
        import torch

        self.source, self.form, self.temperature, self.rng = source, source.form, temperature, rng
        self.device = source.weights["out"].device
        self.codes = known.astype(np.int32)
        self.weights = np.zeros(len(known))
        # The node of each field at which its next digit is drawn.
        self.nodes = np.zeros(known.shape, dtype=np.int64)
        digits, places = self.form.table(list(self.codes.T))
        scores = np.zeros(places.shape, dtype=np.float32)
        for at, number in enumerate(self.form.numbers):
            line = self.form.fields[number].line
            assert line is not None
            scores[:, at] = line.score(np.maximum(places[:, at], 0), rng.random(len(known)))
        self.digits = torch.from_numpy(digits.astype(np.int64)).to(self.device)
        self.scores = torch.from_numpy(scores).to(self.device)
        self.level = torch.from_numpy((places >= 0).astype(np.float32)).to(self.device)

    def draw(self, at: int, mask: np.ndarray) -> None:
        """Draw a field at once where it is free, from its codes in `mask`."""
        field, free = self.form.fields[at], np.flatnonzero(self.codes[:, at] < 0)
        open_ = field.open(mask)
        if field.choice is not None:
            shares = field.choice.open(np.ones(len(field.code_of), dtype=bool))
            if open_ is not None:
                shares = _shares(field.choice, open_)
            for level, share in enumerate(shares):
                told = self._told(free)
                self._draw_digit(at, level, free, told, share)
        if field.line is not None:
            # A class that is a spike is a code already.
            self._draw_place(at, free[self.codes[free, at] < 0], mask)

    def choose(self, each: int) -> None:
        """Keep one of every `each` rows, by weight."""
        import torch

        weight = self.weights.reshape(-1, each)
        steps = np.cumsum(np.exp(weight - weight.max(axis=1, keepdims=True)), axis=1)
        picked = (steps <= (self.rng.random(len(steps)) * steps[:, -1])[:, None]).sum(axis=1)
        kept = np.arange(len(steps)) * each + np.minimum(picked, each - 1)
        at = torch.from_numpy(kept).to(self.device)
        self.codes, self.weights, self.nodes = self.codes[kept], self.weights[kept], self.nodes[kept]
        self.digits, self.scores, self.level = self.digits[at], self.scores[at], self.level[at]

    def reveal(self, allowed: Mapping[int, np.ndarray]) -> None:
        """Draw all choices that are not made yet."""
        when, form = self._when(), self.form
        for step in range(int(when.max(initial=-1)) + 1):
            told = self._told(slice(None))
            for digit in np.flatnonzero((when == step).any(axis=0)):
                rows = np.flatnonzero(when[:, digit] == step)
                self._draw_digit(int(form.owner[digit]), int(form.level[digit]), rows, told[rows], None)

    def flow(self) -> None:
        """Bring the numbers that are not known from noise to their places."""
        import torch

        form, numbers = self.form, self.form.numbers
        free = self.codes[:, numbers] < 0
        some = np.flatnonzero(free.any(axis=1))
        if not some.size:
            return
        at = torch.from_numpy(some).to(self.device)
        moving = torch.from_numpy(free[some]).to(self.device)
        scores, fixed = self.scores[at], self.level[at]
        base = vectors_of(self.source.weights, form, self.digits[at])
        x = self._noise(scores.shape) * self.temperature**0.5
        earlier = None
        # What one number by itself is like the network says at once.
        for now, after, weight in _course(self.source.steps if len(numbers) > 1 else 1):
            level = torch.where(moving, now, fixed).clamp(max=HIGHEST)
            values = torch.where(moving, x, scores)
            logits = self._logits(base, values, level)
            if after == 1.0:
                break
            found = (torch.softmax(logits, dim=-1) * means(values, level, self.source.ends)).sum(dim=-1)
            ahead = found if earlier is None else found + weight * (found - earlier)
            x = after * ahead + ((1 - after**2) / (1 - now**2)) ** 0.5 * (x - now * ahead)
            earlier = found
        steps = torch.softmax(logits, dim=-1).cumsum(dim=-1)
        bins = (steps <= self._spread(scores.shape).unsqueeze(-1) * steps[..., -1:]).sum(dim=-1)
        bins = bins.clamp(max=form.bins - 1)
        found = drawn(values, level, bins, self.source.ends, self._spread(scores.shape)).cpu().numpy()
        for place, number in enumerate(numbers):
            line, rows = form.fields[number].line, free[some, place]
            assert line is not None
            self.codes[some[rows], number] = line.code(found[rows, place])

    def _logits(self, base: Any, values: Any, level: Any) -> Any:
        """(n, numbers, bins) how likely it is that each number lies in each interval, by what is seen of all."""
        product = self.source.product
        shown = looks(values, level, self.form.hats).to(product["seen"].dtype)
        told = summed_up(product, base.to(shown.dtype) + shown @ product["seen"])
        tilts = tilted(product, told, self.form)
        return tilts / self.temperature + chances(values, level, self.source.ends)

    def _told(self, places: Any) -> Any:
        """(places, width) what the network makes of what is known of these rows."""
        import torch

        at = places if isinstance(places, slice) else torch.from_numpy(places).to(self.device)
        product, form = self.source.product, self.form
        sums = vectors_of(product, form, self.digits[at])
        if len(form.numbers):
            shown = looks(self.scores[at], self.level[at], form.hats).to(product["seen"].dtype)
            sums = sums.to(shown.dtype) + shown @ product["seen"]
        return summed_up(product, sums)

    def _draw_digit(self, at: int, level: int, rows: np.ndarray, told: Any, share: np.ndarray | None) -> None:
        """Draw a digit of a field in these rows. share: (nodes, width) of each branch that is allowed; None: all."""
        import torch

        field, digit = self.form.fields[at], int(np.searchsorted(self.form.owner, at)) + level
        assert field.choice is not None
        start, width = int(self.form.starts[digit]), int(self.form.widths[digit])
        product = self.source.product
        logits = (told @ product["out"][:, start : start + width]).float() + self.source.weights["shares"][
            start : start + width
        ]
        below = field.choice.below[level]
        node = self.nodes[rows, at]
        exists = torch.from_numpy(below).to(self.device)[torch.from_numpy(node).to(self.device)] >= 0
        whole = torch.softmax((logits / self.temperature).masked_fill(~exists, NONE).double(), dim=1)
        kept = whole
        if share is not None:
            kept = whole.clamp(min=1e-30) * torch.from_numpy(share[node]).to(self.device)
        steps = kept.cumsum(dim=1)
        total = steps[:, -1:]
        drawn_ = (steps <= torch.from_numpy(self.rng.random((len(rows), 1))).to(self.device) * total).sum(dim=1)
        # A place next to 1 may round up to the end; the last branch that is open is meant.
        branch = torch.minimum(drawn_, width - 1 - (kept.flip(1) > 0).int().argmax(dim=1))
        self.digits[torch.from_numpy(rows).to(self.device), digit] = branch
        picked = branch.cpu().numpy()
        if share is not None:
            # What was assumed of the codes behind the branch is taken back; the next step says what they really have.
            self.weights[rows] += np.log(total[:, 0].cpu().numpy()) - np.log(share[node, picked])
        self.nodes[rows, at] = below[node, picked]
        if level == field.levels - 1:
            self.codes[rows, at] = field.code_of[self.nodes[rows, at]]

    def _draw_place(self, at: int, rows: np.ndarray, mask: np.ndarray) -> None:
        """Draw the place of a number on its line at once, among codes in `mask`, by intervals of scores."""
        import torch

        if not rows.size:
            return
        form, line = self.form, self.form.fields[at].line
        assert line is not None
        number = int(np.searchsorted(form.numbers, at))
        tilts = tilted(self.source.product, self._told(rows), form, number)
        shares = torch.softmax(tilts.double() / self.temperature, dim=1).cpu().numpy()
        parts = _overlaps(line.ends, form.bins) * mask[line.codes][:, None]
        held = parts.sum(axis=0)
        kept = shares * held * form.bins
        steps = np.cumsum(kept, axis=1)
        total = steps[:, -1]
        self.weights[rows] += np.log(np.maximum(total, 1e-300))
        bins = (steps <= (self.rng.random(len(rows)) * total)[:, None]).sum(axis=1)
        bins = np.minimum(bins, form.bins - 1 - np.argmax(kept[:, ::-1] > 0, axis=1))
        within = np.cumsum(parts, axis=0)
        spread, places = self.rng.random(len(rows)), np.zeros(len(rows), dtype=np.int64)
        for each in np.unique(bins):
            here = bins == each
            places[here] = np.searchsorted(within[:, each], spread[here] * within[-1, each], side="right")
        allowed = np.flatnonzero(mask[line.codes])
        places = np.clip(places, allowed[0], allowed[-1])
        self.codes[rows, at] = line.codes[places]
        where = torch.from_numpy(rows).to(self.device)
        self.scores[where, number] = torch.from_numpy(line.score(places, self.rng.random(len(rows)))).to(self.device)
        self.level[where, number] = 1.0

    def _when(self) -> np.ndarray:
        """(n, digits) the step in which each digit is drawn, -1 for one that is known."""
        form = self.form
        known = (self.digits >= 0).cpu().numpy()
        keys = form.ranks(len(known), 0.0, self.source.window, self.rng)
        order = np.where(known, np.inf, keys).argsort(axis=1).argsort(axis=1)
        most = int((~known).sum(axis=1).max(initial=0))
        when = order * min(self.source.steps, most) // max(most, 1)
        for digit in np.flatnonzero(form.level > 0):
            # A finer digit is drawn once the coarser one is known.
            when[:, digit] = np.maximum(when[:, digit], when[:, digit - 1] + 1)
        return np.where(known, -1, when)

    def _noise(self, shape: Any) -> Any:
        import torch

        return torch.from_numpy(self.rng.standard_normal(tuple(shape), dtype=np.float32)).to(self.device)

    def _spread(self, shape: Any) -> Any:
        import torch

        return torch.from_numpy(self.rng.random(tuple(shape), dtype=np.float32)).to(self.device)


def _course(steps: int) -> list[tuple[float, float, float]]:
    """By step, the level of what is seen before it and after it, and the weight of how it moved in the step before.

    Second order of DPM-Solver++ (Lu et al. 2022, algorithm 2), at even angles.
    """
    turns = np.arange(steps + 1) / steps * np.pi / 2
    levels = np.sin(turns)
    levels[-1] = 1.0
    # Logarithms of signal over noise; the first is that of nothing.
    known = np.log(np.tan(turns[1:-1]))
    lengths = np.diff(known)
    weights = np.zeros(steps)
    weights[2:-1] = lengths[1:] / lengths[:-1] / 2
    return list(zip(levels[:-1].tolist(), levels[1:].tolist(), weights.tolist(), strict=True))


def _shares(choice: Any, held: np.ndarray) -> list[np.ndarray]:
    """By level, (nodes, width) the share of the rows of each branch whose codes are open. held: (classes,) of each."""
    made = []
    for level, table in enumerate(choice.below):
        place = choice.nodes[:, level], choice.paths[:, level]
        whole, kept = np.zeros(table.shape), np.zeros(table.shape)
        np.add.at(whole, place, choice.shares)
        np.add.at(kept, place, choice.shares * held)
        made.append(kept / np.maximum(whole, 1e-300))
    return made


def _overlaps(ends: np.ndarray, bins: int) -> np.ndarray:
    """(codes, bins) how much of the line is in both, of codes that end at `ends` and of even intervals."""
    cut = np.linspace(0, 1, bins + 1)
    high = np.minimum(ends[1:, None], cut[None, 1:])
    found: np.ndarray = np.maximum(high - np.maximum(ends[:-1, None], cut[None, :-1]), 0.0)
    return found

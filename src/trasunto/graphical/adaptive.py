"""Select, measure, estimate: how a zCDP budget becomes a model of a table of codes.

Each column gets a noisy histogram of its own; its codes are put in groups where the noise says that they are alike,
and the groups are counted again. Then rounds: marginals are chosen that the model misses most (see select.py),
measured, and the model is fitted anew. What a marginal may cost grows when what was measured was mostly noise (McKenna
et al. 2022, AIM, section 5). With `tree` there is one round, of pairs that hang all columns together (McKenna, Miklau
and Sheldon 2021, "Winning the NIST contest", MST).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from trasunto.graphical.estimate import Estimate, Measurement, estimate, finest, total_of
from trasunto.graphical.scales import Scale, scale_of
from trasunto.graphical.select import Choices, Offer, Room, counted, offers, scored
from trasunto.privacy.transcript import Release, released

# Shares of rho: histograms of codes, of groups; the rest goes to rounds. Of a marginal: its choice.
CODES, GROUPS, CHOICE = 0.08, 0.07, 0.1
# How much more of them a column gets whose codes are more than its groups.
LONG = 3.0
# Fewest and most rows drawn from the model to see what it misses.
SEEN = (20_000, 200_000)
# Sets of columns considered: at all, and in one round where they are pairs.
MOST_SETS, MOST_PAIRS = 2_000, 600
# About how often the model is fitted.
FITS = 15
# rho times the square of rows from which on all planned marginals are measured (half of Adult at epsilon 1).
PLANNED = 6e6
# Most cells of the model's tables for each row.
CELLS = 50
# How often in a round it is looked at what there is still room for.
ROOMS = 4
# A fit ends when ten steps lower the loss by less than this share.
PRECISE = 1e-4
# Mean squared error of the measured cells, in terms of their noise, at which a fit ends.
ENOUGH = 0.8
# Most of the rows that may lie outside the cells by which a column tells another.
ASTRAY = 0.05
# The logarithm of the weight of a cell in which nothing lies.
NEVER = -40.0


class Source(Protocol):
    """Where noise comes from: privacy/mechanisms.py, or nowhere."""

    def gaussian(self, counts: np.ndarray, sigma: float) -> np.ndarray: ...

    def choose(self, scores: np.ndarray, *, sensitivity: float, epsilon: float) -> int: ...


@dataclass(frozen=True)
class Exact:
    """No noise, for a fit without a budget."""

    def gaussian(self, counts: np.ndarray, sigma: float) -> np.ndarray:
        return counts

    def choose(self, scores: np.ndarray, *, sensitivity: float, epsilon: float) -> int:
        return int(np.argmax(scores))


@dataclass(frozen=True)
class Coded:
    """What is learnt from.

    codes: (rows, columns) int32. sizes, ordered: of each column. nulls: whether its last code is a missing value.
    target: the column to predict. total: the number of rows, where it is public. names: of the columns, for an audit.
    """

    codes: np.ndarray
    sizes: tuple[int, ...]
    ordered: tuple[bool, ...]
    nulls: tuple[bool, ...]
    target: int | None
    total: int | None
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """How to spend.

    tree: whether there is one round, of pairs. rounds: marginals a column, if none takes more than was planned.
    degree: most columns of a marginal. cells: most cells of the model's tables. levels: about how many groups a column
    has at each level. pair: what a pair in a marginal of three weighs beside it. lift: weight of marginals with the
    target. steps: of a fit between rounds, of the last. seconds: the round after so long is the last.
    """

    tree: bool = False
    rounds: float = 3.0
    degree: int = 3
    cells: int = 400_000
    levels: tuple[int, ...] = (32, 16, 8, 4, 2)
    pair: float = 3.0
    lift: float = 2.0
    steps: tuple[int, int] = (60, 600)
    seconds: float = math.inf


@dataclass(frozen=True)
class Spent:
    """What a part of rho went to. columns: of a marginal, else none. cells: of it, by column. sigma: of the noise."""

    what: str
    rho: float
    columns: tuple[int, ...] = ()
    cells: tuple[int, ...] = ()
    sigma: float = 0.0


@dataclass
class Course:
    """What is known on the way. groups: (rows, columns) finest groups of the private rows; they never leave."""

    coded: Coded
    plan: Plan
    noise: Source
    rng: np.random.Generator
    scales: list[Scale] = field(default_factory=list)
    measured: list[Measurement] = field(default_factory=list)
    spent: list[Spent] = field(default_factory=list)
    groups: np.ndarray = field(default_factory=lambda: np.empty((0, 0), dtype=np.int32))
    total: float = 1.0

    def look(self, rho: float) -> None:
        """The histograms of all columns."""
        sizes, finest_level = self.coded.sizes, self.plan.levels[0]
        weights = np.array([LONG if size > finest_level else 1.0 for size in sizes])
        weights *= rho / weights.sum()
        part = CODES / (CODES + GROUPS)
        for at, (size, weight) in enumerate(zip(sizes, weights, strict=True)):
            fine, coarse = (math.sqrt(1 / (2 * share * weight)) for share in (part, 1 - part))
            codes = self.coded.codes[:, at]
            noisy = self.noise.gaussian(np.bincount(codes, minlength=size), fine).astype(float)
            kind = {"ordered": self.coded.ordered[at], "null": self.coded.nulls[at]}
            scale = scale_of(noisy, fine, sizes=self.plan.levels, **kind)
            again = np.bincount(scale.groups[codes], minlength=scale.size(0))
            again = self.noise.gaussian(again, coarse).astype(float)
            self.tell((at,), [np.arange(size)], noisy, fine)
            self.tell((at,), [scale.groups], again, coarse)
            first, width = np.bincount(scale.groups, noisy), np.bincount(scale.groups)
            sure = 1 / (fine**2 * width) + 1 / coarse**2
            joined = (first / (fine**2 * width) + again / coarse**2) / sure
            self.scales.append(scale)
            self.measured.append(Measurement.of((at,), (0,), joined, 1 / sure))
        self.spent += [Spent("codes", rho * part), Spent("groups", rho * (1 - part))]
        self.groups = np.stack([s.groups[self.coded.codes[:, at]] for at, s in enumerate(self.scales)], axis=1)
        self.total = float(self.coded.total) if self.coded.total is not None else total_of(self.measured)

    def look_again(self, rho: float) -> None:
        """Count the groups of all columns once more, with what is left of the budget."""
        sigma = math.sqrt(len(self.scales) / (2 * rho))
        for at, old in enumerate(self.measured[: len(self.scales)]):
            counts = counted(self.groups, (at,), (0,), self.scales)
            again = self.noise.gaussian(counts, sigma).astype(float)
            self.tell((at,), [self.scales[at].groups], again, sigma)
            sure = 1 / old.variance + 1 / sigma**2
            joined = (old.counts / old.variance + again / sigma**2) / sure
            self.measured[at] = Measurement((at,), (0,), joined, 1 / sure, old.weights)
        self.spent.append(Spent("groups again", rho))

    def fit(self, *, last: bool = False) -> Estimate:
        """The model of all that was measured so far."""
        steps = self.plan.steps[last]
        found = estimate(self.scales, self.measured, total=self.total, steps=steps, precise=PRECISE, enough=ENOUGH)
        self.measured = list(found.measurements)
        return found

    def drawn(self, now: Estimate) -> np.ndarray:
        """(rows, columns) finest groups of rows from the model."""
        rows = int(np.clip(2 * self.total, *SEEN))
        return finest(now, self.scales, now.field.draw(rows, {}, self.rng), self.rng)

    def measure(self, columns: tuple[int, ...], levels: tuple[int, ...], sigma: float) -> Measurement:
        counts = counted(self.groups, columns, levels, self.scales)
        noisy = self.noise.gaussian(counts, sigma).astype(float)
        cells = [self.scales[at].of_codes(level) for at, level in zip(columns, levels, strict=True)]
        self.tell(columns, cells, noisy, sigma)
        found = Measurement.of(columns, levels, noisy, np.array(sigma**2))
        return settled(found, 0.0 if isinstance(self.noise, Exact) else sigma, self.total)

    def tell(self, columns: tuple[int, ...], cells: Sequence[np.ndarray], noisy: np.ndarray, sigma: float) -> None:
        """To whoever audits: a table as released. cells: by column, the place of each code."""
        released(lambda: Release(tuple(self.coded.names[at] for at in columns), tuple(cells), noisy, sigma))

    def round(
        self, offered: Sequence[Offer], made: np.ndarray, *, picks: int, each: float, cells: float
    ) -> list[Measurement]:
        """Choose and measure marginals, each for a part of rho. made: see `drawn`. cells: most of the model."""
        sigma, epsilon = math.sqrt(1 / (2 * (1 - CHOICE) * each)), math.sqrt(8 * CHOICE * each)
        if len(offered) > MOST_PAIRS and len(offered[-1].columns) == 2:
            kept = self.rng.choice(len(offered), MOST_PAIRS, replace=False)
            offered = [offered[at] for at in sorted(kept)]
        marginals = [(m.columns, m.levels) for m in self.measured]
        choices = scored(
            offered, made, self.scales, total=self.total, sigma=sigma, pair=self.plan.pair, forest=self.plan.tree
        )
        open_ = np.ones(len(choices.scores), dtype=bool)
        found: list[Measurement] = []
        forest, often = self.plan.tree, -(-picks // ROOMS)
        for number in range(picks):
            if forest or number % often == 0:
                room = Room.of(marginals, self.scales, cells)
                fits = fitting(offered, choices, self.scales, room, forest=forest)
            where = np.flatnonzero(open_ & fits)
            if not where.size:
                break
            pick = where[self.noise.choose(choices.scores[where], sensitivity=choices.sensitivity, epsilon=epsilon)]
            columns = offered[choices.offer[pick]].columns
            levels = tuple(int(level) for level in choices.levels[pick][: len(columns)])
            found.append(self.measure(columns, levels, sigma))
            marginals.append((columns, levels))
            open_ &= choices.offer != choices.offer[pick]
            self.spent.append(Spent("choice", CHOICE * each))
            self.spent.append(Spent("marginal", (1 - CHOICE) * each, columns, found[-1].counts.shape, sigma))
        return found


def adapted(
    coded: Coded,
    plan: Plan,
    *,
    rho: float,
    noise: Source,
    rng: np.random.Generator,
    told: Callable[[float], None] = lambda share: None,
) -> tuple[Course, Estimate]:
    """Measure and fit. rho: all that may be spent, with one row as unit. told: hears which share is spent."""
    began = time.monotonic()
    course = Course(coded, plan, noise, rng)
    count = len(coded.sizes)
    course.look(rho * (CODES + GROUPS) if count > 1 else rho)
    left = rho * (1 - CODES - GROUPS) if count > 1 else 0.0
    degree = 2 if plan.tree else plan.degree
    offered = offers(course.groups, course.scales, degree=degree, most=MOST_SETS, target=coded.target, lift=plan.lift)
    planned = count - 1 if plan.tree else max(plan.rounds * count * _worth(rho, course.total), 1.0)
    picks = count - 1 if plan.tree else max(math.ceil(planned / FITS), 1)
    each = left / max(planned, 1.0)
    now = course.fit()
    made = course.drawn(now)
    while left > 1e-9 * rho:
        told(1 - left / rho)
        last = plan.tree or left < (picks + 1) * each or time.monotonic() - began > plan.seconds
        each = left / picks if last else each
        cells = 1_024 * count + min(plan.cells, CELLS * course.total) * (1 - (left - picks * each) / rho)
        new = course.round(offered, made, picks=picks, each=each, cells=cells) if offered else []
        left = max(left - len(new) * each, 0.0)
        course.measured += new
        if not new or (last and left > 1e-9 * rho):
            # Nothing more that there is room for.
            course.look_again(left)
            left = 0.0
        now = course.fit(last=left <= 1e-9 * rho)
        before, made = made, course.drawn(now)
        if sum(_moved(course, m, before, made) for m in new) * 2 < len(new):
            each *= 2
    return course, now


def _worth(rho: float, total: float) -> float:
    """The part of the planned marginals that a budget is for: where noise drowns much, few measured well tell more."""
    return float(min((rho * total**2 / PLANNED) ** 0.25, 1.0))


def _moved(course: Course, m: Measurement, before: np.ndarray, made: np.ndarray) -> bool:
    """Whether a marginal of the model has changed by more than the noise of its measurement."""
    tables = [counted(rows, m.columns, m.levels, course.scales) / len(rows) for rows in (before, made)]
    noise = math.sqrt(2 / math.pi * float(m.variance)) * m.counts.size
    return course.total * float(np.abs(tables[1] - tables[0]).sum()) > noise


def settled(m: Measurement, sigma: float, total: float) -> Measurement:
    """A marginal of two columns one of which tells the other, as far as noise lets one see: without its other cells."""
    if len(m.columns) != 2 or min(m.counts.shape) < 3:
        return m
    for axis in (0, 1):
        told = m.counts == m.counts.max(axis=axis, keepdims=True)
        noise = sigma * math.sqrt((~told).sum())
        if noise <= ASTRAY * total and m.counts[~told].sum() <= noise:
            return Measurement(
                m.columns, m.levels, np.where(told, m.counts, 0.0), m.variance, np.where(told, 0.0, NEVER)
            )
    return m


def fitting(
    offered: Sequence[Offer], choices: Choices, scales: Sequence[Scale], room: Room, *, forest: bool
) -> np.ndarray:
    """Which choices there is room for. forest: only those that join columns not yet joined."""
    found = np.zeros(len(choices.scores), dtype=bool)
    bounds = np.flatnonzero(np.append(1, np.diff(choices.offer)))
    joined = room.parts() if forest else []
    for start, stop in zip(bounds, np.append(bounds[1:], len(found)), strict=True):
        offer = offered[choices.offer[start]]
        if forest and joined[offer.columns[0]] == joined[offer.columns[1]]:
            continue
        found[start:stop] = room.fits(offer, scales).ravel()
    return found

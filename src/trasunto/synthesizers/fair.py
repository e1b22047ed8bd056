"""Repair: synthetic rows that are fairer than the rows they were learnt from, drawn from any fitted model.

A repair alters the distribution on purpose, so what comes out carries a mark that says so, and by how much. What it
costs in utility is measured beside it (`trasunto.pipeline.fairness`); no mode is right everywhere, and which one is
asked for is a decision for people, not for this program.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from trasunto.data.constraints import breaks, rules_of
from trasunto.data.dataset import Dataset, Table
from trasunto.errors import SampleError, near
from trasunto.metrics.distances import of_categories, of_numbers
from trasunto.metrics.fairness_groups import LEAST, Favourable, Grouping, favourable, groupings
from trasunto.metrics.frames import Arrays, arrays
from trasunto.metrics.score import Comparison
from trasunto.progress import Progress, quiet
from trasunto.synthesizers import fair_groups, fair_labels

MODES = ("parity", "decisions", "odds", "reweigh", "rebalance", "fill", "counterfactual")
# Modes that change outcomes, and those that need a target at all.
OUTCOMES = tuple(fair_labels.MODES)
TARGETED = (*OUTCOMES, "reweigh")


@dataclass(frozen=True)
class Repair:
    """What is asked.

    mode: "parity": the outcome is as frequent in every group. "decisions": a model trained on the rows says the
    favourable outcome as often in every group; fewest outcomes change. "odds": such a model is right about every
    group as often. In these three all columns but the target stay as drawn. "reweigh": groups and outcomes meet as
    often as by chance (Kamiran and Calders 2012), the rest is drawn to fit. "rebalance": groups (crossed with the
    target when there is one) have equal or given shares. "fill": groups have at least so many rows. "counterfactual":
    half of the rows, and each again with other protected values.
    protected: columns whose combinations are the groups; numbers by quarters. target: the outcome. positive: its
    favourable value, as text; of two the rarer one when None. intensity: from 0, nothing, to 1, all of it.
    shares: of "rebalance", by group ("Female", "Female × >50K"). least: rows of each group of "fill". redraw: columns
    that a twin of "counterfactual" draws anew; when None those that give the protected columns away.
    """

    mode: str
    protected: tuple[str, ...]
    target: str | None = None
    positive: str | None = None
    intensity: float = 1.0
    shares: Mapping[str, float] | None = None
    least: int = 100
    redraw: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise SampleError(f"No repair is called {self.mode!r}.", near(self.mode, MODES))
        if not self.protected:
            raise SampleError("A repair needs a protected column, and none is named.", "Name at least one.")
        if not 0 <= self.intensity <= 1:
            raise SampleError(f"The intensity is {self.intensity}; it must be from 0 to 1.")
        if self.least < 1:
            raise SampleError(f"Groups cannot be filled up to {self.least} rows.", "Ask for 1 or more.")
        if self.target is None and self.mode in TARGETED:
            raise SampleError(f"The repair {self.mode!r} needs the target: the outcome that is to be fair.", "Name it.")
        if self.target in self.protected:
            raise SampleError(
                f"The protected column {self.target!r} is the target.", "Protect other columns, or name another target."
            )
        if self.shares is not None and self.mode != "rebalance":
            raise SampleError(f"Shares are for the repair 'rebalance', not {self.mode!r}.", "Leave them out.")

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        found = asdict(self)
        return {**found, "shares": dict(self.shares) if self.shares is not None else None}


@dataclass(frozen=True)
class Mark:
    """That the distribution was deliberately altered, and by how much, beside a plain draw of the same model and seed.

    outcomes_changed: share of the rows whose outcome was changed. rows_added: rows more than asked for. shares and
    rates: by group, its share of the rows and its share of favourable outcomes, (before, after); no rates without a
    target. others: the greatest distance between before and after of a column that is neither protected nor the target
    (total variation; Kolmogorov-Smirnov for numbers). left_alone: groups of fewer than 30 rows, whose outcomes were not
    touched.
    """

    mode: str
    intensity: float
    outcomes_changed: float
    rows_added: int
    shares: dict[str, tuple[float, float]]
    rates: dict[str, tuple[float, float]]
    others: float
    left_alone: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The mark in words."""
        told = [
            f"Distribution deliberately altered (repair {self.mode}, intensity {self.intensity:g})",
            f"{self.outcomes_changed:.1%} of the outcomes were changed" if self.outcomes_changed else "",
            f"{self.rows_added:,} rows were added" if self.rows_added else "",
            f"groups' shares moved by up to {_most(self.shares):.1%}" if _most(self.shares) > 0 else "",
            f"their rates of the favourable outcome by up to {_most(self.rates):.1%}" if _most(self.rates) > 0 else "",
            f"the other columns by up to {self.others:.3f}" if self.others > 0 else "the other columns not at all",
        ]
        return ", ".join(part for part in told if part) + "."

    def to_dict(self) -> dict[str, Any]:
        """JSON values; `from_dict` takes them back."""
        pairs = {key: {name: list(pair) for name, pair in getattr(self, key).items()} for key in ("shares", "rates")}
        whole = {**asdict(self), **pairs, "left_alone": list(self.left_alone)}
        return {"altered": True, "sentence": self.sentence, **whole}

    @staticmethod
    def from_dict(document: Mapping[str, Any]) -> Mark:
        """Back from `to_dict`."""
        return Mark(
            mode=document["mode"],
            intensity=document["intensity"],
            outcomes_changed=document["outcomes_changed"],
            rows_added=document["rows_added"],
            shares={name: _pair(pair) for name, pair in document["shares"].items()},
            rates={name: _pair(pair) for name, pair in document["rates"].items()},
            others=document["others"],
            left_alone=tuple(document["left_alone"]),
        )


@dataclass(frozen=True)
class Repaired:
    """dataset: the repaired rows. before: the plain draw beside which the mark tells them. settings: what was asked."""

    dataset: Dataset
    before: Dataset
    settings: Repair
    mark: Mark

    def to_dict(self) -> dict[str, Any]:
        """JSON values, without rows."""
        return {**self.settings.to_dict(), "mark": self.mark.to_dict()}


def repair(model: Any, rows: int, how: Repair, *, seed: int, progress: Progress = quiet) -> Repaired:
    """Draw rows of a fitted model (any that has `sample`) and repair them. Same seed, same rows.

    "fill" may give more rows than asked for. Raises SampleError for columns that are not there, a target that is a
    number or a date, groups of which fewer than two have 30 rows, and what the model cannot draw; MetricError for a
    protected column of one value or more than 60, and for a target of several classes of which none is named.
    """
    names = model.schema.only.names
    for what, column in (*(("protected", name) for name in how.protected), ("target", how.target)):
        if column is not None and column not in names:
            raise SampleError(f"No {what} column called {column!r} is in the model.", near(column, names))
    for column in how.redraw or ():
        if column not in names or column in how.protected:
            raise SampleError(f"{column!r} is no column that can be drawn anew.", near(column, names))
    if rows < LEAST:
        raise SampleError(f"{rows} rows are too few to repair.", f"Ask for at least {LEAST}.")
    progress("draw", 0, 2)
    before = model.sample(rows, seed=seed)
    good = _favourable(before, how)
    progress("repair", 1, 2)
    grouping = fair_groups.cells(before, how.protected, None)
    alone: tuple[str, ...] = ()
    if how.mode in OUTCOMES:
        assert good is not None and good.code is not None
        dataset, alone = _relabelled(before, how, good.code, grouping, seed)
    else:
        dataset = _regrouped(model, before, how, seed)
    progress("repair", 2, 2)
    return Repaired(dataset, before, how, _marked(before, dataset, how, alone))


def _favourable(before: Dataset, how: Repair) -> Favourable | None:
    if how.target is None:
        return None
    good = favourable(Comparison(before, before, target=how.target, positive=how.positive))
    if good is None or good.code is None:
        kind = before.only.schema[how.target].kind
        raise SampleError(
            f"The target {how.target!r} is of kind {kind}; a repair needs outcomes in classes.",
            "Cut it into classes first (such as above and below its median), and name that column.",
        )
    return good


def _relabelled(
    before: Dataset, how: Repair, good: float, grouping: Grouping, seed: int
) -> tuple[Dataset, tuple[str, ...]]:
    """The rows with other outcomes (good: the code of the favourable one), and the names of groups left alone."""
    given = arrays(Comparison(before, before))
    place = given.names.index(how.target or "")
    values = given.parts["synthetic"][:, place]
    known = ~np.isnan(values)
    sizes = np.bincount(grouping.codes["real"][known], minlength=len(grouping.labels))
    kept = sizes >= LEAST
    if kept.sum() < 2:
        raise SampleError(
            f"Fewer than two groups of {grouping.name} have {LEAST} rows: "
            f"{', '.join(f'{size} of {label}' for label, size in zip(grouping.labels, sizes.tolist(), strict=True))}.",
            "Ask for more rows, or protect fewer columns.",
        )
    chances, classes = fair_labels.chances(given, place, seed)
    mine = int(np.searchsorted(classes, good))
    chance = np.clip(chances[:, mine], fair_labels.EDGE, 1 - fair_labels.EDGE)
    others = np.delete(chances, mine, axis=1)
    number = np.where(kept, np.cumsum(kept) - 1, -1)[grouping.codes["real"]]
    outcomes = fair_labels.Outcomes(
        good=values == good,
        chance=chance,
        lead=chance - others.max(axis=1, initial=0.0),
        group=np.where(known, number, -1),
        groups=int(kept.sum()),
    )
    rng = np.random.default_rng([seed, 53])
    made = fair_labels.changed(outcomes, fair_labels.MODES[how.mode](outcomes, how.intensity), rng)
    rest = np.delete(classes, mine)
    # What is no longer favourable becomes one of the other classes, by their chances.
    likely = np.cumsum(others, axis=1) / np.maximum(others.sum(axis=1, keepdims=True), 1e-12)
    instead = rest[np.minimum((likely < rng.random((len(values), 1))).sum(axis=1), len(rest) - 1)]
    codes = np.where(made, good, np.where(outcomes.good, instead, values))
    alone = tuple(label for label, size in zip(grouping.labels, sizes.tolist(), strict=True) if 0 < size < LEAST)
    return _rules_kept(before, _with_outcomes(before, how.target or "", values, codes), how.target or ""), alone


def _with_outcomes(before: Dataset, target: str, old: np.ndarray, new: np.ndarray) -> Dataset:
    """The rows with the values of other codes in the target; every code stands for the value a row of it has."""
    moved = np.flatnonzero(~np.isnan(old) & (old != new))
    first = {code: int(np.flatnonzero(old == code)[0]) for code in np.unique(new[moved]).tolist()}
    source = np.arange(len(old))
    source[moved] = [first[code] for code in new[moved].tolist()]
    column = before.rows[target][source.tolist()]
    return before.with_table(Table(before.only.schema, before.rows.with_columns(column.alias(target))))


def _rules_kept(before: Dataset, after: Dataset, target: str) -> Dataset:
    """The rows, with the old outcome where the new one breaks a rule that the old one kept."""
    broken = np.zeros(len(before), dtype=bool)
    for rule in rules_of(before.only.schema):
        if target not in rule.columns:
            continue
        if rule.family == "combination":
            names = list(rule.columns)
            marked = after.rows.select(names).with_row_index("__row")
            lost = marked.join(before.rows.select(names).unique(), on=names, how="anti", nulls_equal=True)["__row"]
            broken[lost.to_numpy()] = True
        else:
            broken |= breaks(rule, after.only) & ~breaks(rule, before.only)
    if not broken.any():
        return after
    places = np.flatnonzero(broken).tolist()
    column = after.rows[target].scatter(places, before.rows[target][places])
    return after.with_table(Table(after.only.schema, after.rows.with_columns(column.alias(target))))


def _regrouped(model: Any, before: Dataset, how: Repair, seed: int) -> Dataset:
    if how.mode == "counterfactual":
        return fair_groups.twins(model, before, how.protected, how.redraw, seed)
    grouping = fair_groups.cells(before, how.protected, how.target)
    if how.mode == "fill":
        return fair_groups.filled(model, before, grouping, round(how.intensity * how.least), seed)
    if how.shares is not None and set(how.shares) <= set(fair_groups.cells(before, how.protected, None).labels):
        # Shares of groups: within each, outcomes stay as frequent as they are.
        grouping = fair_groups.cells(before, how.protected, None)
    now = grouping.sizes("real") / len(before)
    if how.mode == "reweigh":
        wanted = fair_groups.independent_shares(before, grouping, how.protected, how.target or "")
    else:
        wanted = fair_groups.wanted_shares(grouping, how.shares)
    shares = (1 - how.intensity) * now + how.intensity * wanted
    return fair_groups.rebalanced(model, before, grouping, shares, seed)


def _marked(before: Dataset, after: Dataset, how: Repair, alone: tuple[str, ...]) -> Mark:
    both = Comparison(before, after, target=how.target, protected=how.protected, positive=how.positive)
    grouping, given = groupings(both)[-1], arrays(both)
    parts = ("real", "synthetic")
    sizes = {part: grouping.sizes(part) for part in parts}
    rates: dict[str, tuple[float, float]] = {}
    good = favourable(both)
    if good is not None:
        at = given.names.index(how.target or "")
        fine = {part: good.of(given.parts[part][:, at]) for part in parts}
        rates = {
            label: _pair(float(fine[part][grouping.codes[part] == place].mean()) for part in parts)
            for place, label in enumerate(grouping.labels)
            if all(sizes[part][place] for part in parts)
        }
    changed = 0.0
    if how.mode in OUTCOMES and how.target is not None:
        old, new = before.rows[how.target], after.rows[how.target]
        changed = int(old.ne_missing(new).sum()) / len(old)
    shares = {
        label: _pair(float(sizes[part][place] / sizes[part].sum()) for part in parts)
        for place, label in enumerate(grouping.labels)
    }
    added = len(after) - len(before)
    return Mark(how.mode, how.intensity, changed, added, shares, rates, _furthest(given, how), alone)


def _furthest(given: Arrays, how: Repair) -> float:
    """The greatest distance between before and after of the columns that are neither protected nor the target."""
    found = [0.0]
    for place, name in enumerate(given.names):
        if name not in how.protected and name != how.target:
            before, after = given.parts["real"][:, place], given.parts["synthetic"][:, place]
            levels = int(given.levels[place])
            measure = of_categories(before, levels) if levels else of_numbers(before)
            found.append(measure(after)[0])
    return float(max(found))


def _pair(values: Iterable[float]) -> tuple[float, float]:
    before, after = values
    return before, after


def _most(pairs: Mapping[str, tuple[float, float]]) -> float:
    return max((abs(after - before) for before, after in pairs.values()), default=0.0)

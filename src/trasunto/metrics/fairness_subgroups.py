"""Do synthetic rows serve small groups as well as large ones? Likeness group by group.

Fewer rows differ more by chance alone, so a group is measured against as many rows of everyone: the same error for
random rows, as many real ones and as many synthetic ones as the group has. A ratio of 1 says that the group is served
as well as others; synthesizers that smooth rare combinations away serve small groups worse (Ganev, Oprisanu and De
Cristofaro 2022, "Robin Hood and Matthew effects").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trasunto.metrics.distances import of_categories, of_numbers
from trasunto.metrics.fairness_data import headed
from trasunto.metrics.fairness_groups import LEAST, Grouping, groupings
from trasunto.metrics.frames import Arrays, arrays, at_most
from trasunto.metrics.interval import around
from trasunto.metrics.score import Comparison, Score

# Rows of a group that are looked at, and draws of as many rows of everyone.
MOST_ROWS = 5_000
DRAWS = 3
# Frequent values of a category whose relations to the other columns are looked at.
MOST_VALUES = 5


@dataclass(frozen=True)
class _Found:
    """What was measured of one group: its ratio with its interval, and errors of shapes and of trends by part."""

    subject: str
    ratio: dict[str, float]
    edges: tuple[float, float]
    shapes: dict[str, float]
    trends: dict[str, float]


def subgroup_fidelity(comparison: Comparison) -> tuple[Score, ...]:
    """fairness.subgroup_fidelity: the mean error of the columns' distributions within a group, divided by that of as
    many rows of everyone (1: served as well; 2: twice as badly), of the worst group; then by column and combination
    (its worst group), and by group; and of each group fairness.subgroup_shapes and fairness.subgroup_trends, the errors
    themselves (0 equal), of columns and of correlations, whose baseline is that of as many rows of everyone and whose
    control is that of the group's unseen real rows. Groups of fewer than 30 rows in a part are left out. () when no
    column is protected."""
    given = arrays(comparison)
    rng = np.random.default_rng([comparison.seed, 23])
    found, each = [], []
    for grouping in groupings(comparison):
        rest = np.array([name not in grouping.columns for name in given.names])
        groups = [_measured(given, grouping, group, rest, rng) for group in _kept(grouping)] if rest.any() else []
        if not groups:
            continue
        worst = max(groups, key=lambda one: one.ratio["synthetic"])
        unseen = [one.ratio["holdout"] for one in groups if "holdout" in one.ratio]
        control = max(unseen) if unseen else None
        value = worst.ratio["synthetic"]
        found.append(Score("fairness.subgroup_fidelity", value, 1.0, worst.edges, 1.0, control, grouping.name))
        each += groups
    reading = (
        "How much further the worst served group lies from its real rows than as many rows of everyone do from theirs; "
        "1 is as near. The control is the worst group of unseen real rows."
    )
    return (*headed(comparison, found, reading), *(score for one in each for score in _told(one)))


def _told(one: _Found) -> tuple[Score, ...]:
    control = one.ratio.get("holdout")
    ratio = Score("fairness.subgroup_fidelity", one.ratio["synthetic"], 1.0, one.edges, 1.0, control, one.subject)
    errors = (
        Score(
            f"fairness.subgroup_{name}", value["group"], 0.0, None, value["everyone"], value.get("holdout"), one.subject
        )
        for name, value in (("shapes", one.shapes), ("trends", one.trends))
    )
    return ratio, *errors


def _kept(grouping: Grouping) -> list[int]:
    sizes = [grouping.sizes(part) for part in grouping.codes]
    return np.flatnonzero(np.all([counts >= LEAST for counts in sizes], axis=0)).tolist()


def _measured(given: Arrays, grouping: Grouping, group: int, rest: np.ndarray, rng: np.random.Generator) -> _Found:
    parts = {part: at_most(given.parts[part][codes == group], MOST_ROWS, rng) for part, codes in grouping.codes.items()}
    levels = given.levels[rest]
    mine = {part: rows[:, rest] for part, rows in parts.items()}
    shapes, trends, ratio = {}, {}, {}
    edges = (0.0, 1.0)
    for part in (each for each in mine if each != "real"):
        error, influence = _shape_error(mine["real"], mine[part], levels)
        alike = [_everyone(given, part, parts, rest, levels, rng) for _ in range(DRAWS)]
        whole = max(float(np.mean([one for one, _ in alike])), 1e-12)
        ratio[part] = error / whole
        key = "group" if part == "synthetic" else part
        shapes[key], trends[key] = error, _trend_error(mine["real"], mine[part], levels)
        if part == "synthetic":
            low, high = around(error, influence, 0.0, 1.0)
            edges = (low / whole, high / whole)
            shapes["everyone"], trends["everyone"] = whole, float(np.mean([one for _, one in alike]))
    return _Found(grouping.subject(group), ratio, edges, shapes, trends)


def _everyone(
    given: Arrays,
    part: str,
    parts: dict[str, np.ndarray],
    rest: np.ndarray,
    levels: np.ndarray,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """The errors of as many random rows of everyone."""
    real, made = (at_most(given.parts[each][:, rest], len(parts[each]), rng) for each in ("real", part))
    return _shape_error(real, made, levels)[0], _trend_error(real, made, levels)


def _shape_error(real: np.ndarray, made: np.ndarray, levels: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean distance of the columns, and the influence of each row of `made` on it."""
    total, influence = 0.0, np.zeros(len(made))
    for place, size in enumerate(levels.tolist()):
        measure = of_categories(real[:, place], size) if size else of_numbers(real[:, place])
        error, pull = measure(made[:, place])
        total, influence = total + error / len(levels), influence + pull / len(levels)
    return total, influence


def _trend_error(real: np.ndarray, made: np.ndarray, levels: np.ndarray) -> float:
    """Half the mean difference of the correlations between columns: of numbers (a missing one stands at the mean), and
    of whether a category has one of its five most frequent values."""
    axes, owner = [], []
    for place, size in enumerate(levels.tolist()):
        values = range(min(size, MOST_VALUES)) if size else [None]
        axes += [(place, value) for value in values]
        owner += [place for _ in values]
    one, other = (_correlations(np.column_stack([_axis(rows, *axis) for axis in axes])) for rows in (real, made))
    pairs = np.triu(np.not_equal.outer(owner, owner), 1)
    return float(np.abs(one - other)[pairs].mean()) / 2 if pairs.any() else 0.0


def _axis(rows: np.ndarray, place: int, value: int | None) -> np.ndarray:
    column = rows[:, place]
    if value is not None:
        return (column == value).astype(float)
    known = ~np.isnan(column)
    unit = max(float(np.abs(column[known]).max()), np.finfo(float).tiny) if known.any() else 1.0
    return np.where(known, column / unit, (column[known] / unit).mean() if known.any() else 0.0)


def _correlations(axes: np.ndarray) -> np.ndarray:
    """Pearson correlations; 0 with what does not vary."""
    away = axes - axes.mean(axis=0)
    spread = np.sqrt((away**2).mean(axis=0))
    scaled = np.where(spread > 1e-12, away / np.where(spread > 1e-12, spread, 1.0), 0.0)
    return scaled.T @ scaled / len(axes)

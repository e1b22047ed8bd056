"""Are the groups there, and what does the table say of them? Fairness of the data, before any model is trained on it.

Shares of the groups, favourable outcomes by group, missing values by group, and proxies: columns that give the
protected one away, by which a model tells groups apart although the column itself is left out.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trasunto.metrics.answers import known
from trasunto.metrics.fairness_groups import LEAST, Grouping, favourable, groupings
from trasunto.metrics.fairness_rates import gap, interval, resampled, tables
from trasunto.metrics.frames import Arrays, arrays
from trasunto.metrics.interval import around, wilson
from trasunto.metrics.score import Comparison, Score

CHANCE = " The control is the same in unseen real rows, the baseline in columns drawn by themselves."
SHOWN_PROXIES = 10
BINS = 10


def representation(comparison: Comparison) -> tuple[Score, ...]:
    """fairness.representation: the largest difference of a group's share of the synthetic rows from its share of the
    training rows (0 equal; 0.01 is one point), over the protected columns; then by column and combination; and
    fairness.share of every group (of combinations those of 30 training rows), whose goal is its share of the training
    rows. () when no column is protected."""
    names, found, each = groupings(comparison), [], []
    for grouping in names:
        shares = {part: grouping.sizes(part) / len(codes) for part, codes in grouping.codes.items()}
        alone = _drawn_alone(comparison, grouping)
        drawn = resampled(grouping.sizes("synthetic"), comparison.seed) / len(grouping.codes["synthetic"])
        value = _furthest(shares["synthetic"], shares["real"])
        found.append(
            Score(
                "fairness.representation",
                value,
                0.0,
                interval(value, np.abs(drawn - shares["real"]).max(axis=-1), 0.0, 1.0),
                _furthest(alone, shares["real"]),
                _furthest(shares["holdout"], shares["real"]) if "holdout" in shares else None,
                grouping.name,
            )
        )
        # Of crossed columns there may be hundreds of combinations with a row or two.
        large = grouping.sizes("real") >= (LEAST if len(grouping.columns) > 1 else 0)
        for place in np.flatnonzero(large).tolist():
            each.append(
                Score(
                    "fairness.share",
                    float(shares["synthetic"][place]),
                    float(shares["real"][place]),
                    wilson(float(grouping.sizes("synthetic")[place]), len(grouping.codes["synthetic"])),
                    float(alone[place]),
                    float(shares["holdout"][place]) if "holdout" in shares else None,
                    grouping.subject(place),
                )
            )
    reading = (
        "Largest difference of a group's share of the synthetic rows from its share of the training rows." + CHANCE
    )
    return (*headed(comparison, found, reading), *each)


def parity(comparison: Comparison) -> tuple[Score, ...]:
    """fairness.parity: how far the share of the favourable outcome in the synthetic rows lies apart between groups (0
    equal), over the protected columns; then by column and combination; and fairness.label_rate by group, whose goal is
    that of all training rows. Groups of fewer than 30 rows in a part are left out. () without protected column or
    target."""
    good = favourable(comparison)
    if not comparison.protected or good is None:
        return ()
    given, found, each = arrays(comparison), [], []
    place = given.names.index(comparison.target or "")
    outcome = {part: _outcome(rows[:, place], good.of) for part, rows in given.parts.items()}
    whole = float(np.nanmean(outcome["real"]))
    for grouping in groupings(comparison):
        counts = {part: _counted(grouping, part, values) for part, values in outcome.items() if part != "independent"}
        # Drawn by itself, the outcome hangs together with no group.
        alone = _counted(grouping, "synthetic", outcome["independent"])
        kept = np.all([table.sum(axis=-1) >= LEAST for table in counts.values()], axis=0)
        if kept.sum() < 2:
            continue
        table, sure = counts["synthetic"][kept], counts["synthetic"].sum(axis=-1)
        value = float(gap(_rate(table)))
        unseen = counts.get("holdout")
        found.append(
            Score(
                "fairness.parity",
                value,
                0.0,
                interval(value, gap(_rate(resampled(table, comparison.seed))), 0.0, 1.0),
                float(gap(_rate(alone[kept]))) if (alone[kept].sum(axis=-1) > 0).all() else None,
                float(gap(_rate(unseen[kept]))) if unseen is not None else None,
                grouping.name,
            )
        )
        for number in np.flatnonzero(kept).tolist():
            made = float(_rate(counts["synthetic"])[number])
            spread = wilson(float(counts["synthetic"][number, 1]), int(sure[number]))
            control = float(_rate(unseen)[number]) if unseen is not None else None
            each.append(Score("fairness.label_rate", made, whole, spread, None, control, grouping.subject(number)))
    reading = (
        f"How much more often the outcome {good.label!r} stands in the synthetic rows of one group than of another; "
        "0 is as often." + CHANCE
    )
    return (*headed(comparison, found, reading), *each)


def missingness(comparison: Comparison) -> tuple[Score, ...]:
    """fairness.missingness: how far the share of missing values (of all columns but the protected one) lies apart
    between groups (0 equal); then by column and combination; and fairness.missing_share by group. () when no column is
    protected or no value is missing."""
    given = arrays(comparison)
    if not any(np.isnan(given.parts[part]).any() for part in ("real", "synthetic")):
        return ()
    found, each = [], []
    for grouping in groupings(comparison):
        rest = np.array([name not in grouping.columns for name in given.names])
        parts = [part for part in given.parts if part != "independent"]
        empty = {part: np.isnan(given.parts[part][:, rest]).mean(axis=1) for part in parts}
        kept = np.all([grouping.sizes(part) >= LEAST for part in parts], axis=0)
        if kept.sum() < 2 or not rest.any():
            continue
        rate = {part: _means(grouping, part, values) for part, values in empty.items()}
        spread = [
            around(float(rate["synthetic"][g]), empty["synthetic"][grouping.codes["synthetic"] == g], 0.0, 1.0)
            for g in range(len(grouping.labels))
        ]
        control = float(gap(rate["holdout"][kept])) if "holdout" in rate else None
        value = float(gap(rate["synthetic"][kept]))
        found.append(Score("fairness.missingness", value, 0.0, None, 0.0, control, grouping.name))
        for g in np.flatnonzero(kept).tolist():
            unseen = float(rate["holdout"][g]) if "holdout" in rate else None
            goal = float(rate["real"][g])
            made = float(rate["synthetic"][g])
            each.append(Score("fairness.missing_share", made, goal, spread[g], None, unseen, grouping.subject(g)))
    reading = "How much more of the values of one group are missing than of another's; 0 is as many." + CHANCE
    return (*headed(comparison, found, reading), *each)


def proxies(comparison: Comparison) -> tuple[Score, ...]:
    """fairness.proxies: how much of a protected column another single column gives away: their mutual information
    divided by the entropy of the protected one (0 nothing, 1 all); the greatest, then the 10 greatest of each protected
    column ("sex ← relationship"). Numbers are cut at the deciles of the real rows. () when no column is protected.

    The figure is that of the synthetic rows; far below the control, what ties the columns together has been lost."""
    given, found = arrays(comparison), []
    columns = {name: _binned(given, place) for place, name in enumerate(given.names)}
    for grouping in groupings(comparison)[: len(comparison.protected)]:
        mine = []
        for name, binned in columns.items():
            if name in grouping.columns:
                continue
            told = {part: given_away(grouping.codes[part], binned[part]) for part in binned if part in grouping.codes}
            value, influence = told["synthetic"]
            alone = given_away(grouping.codes["synthetic"], binned["independent"])[0]
            control = told["holdout"][0] if "holdout" in told else None
            spread = around(value, influence, 0.0, 1.0)
            subject = f"{grouping.name} ← {name}"
            mine.append(Score("fairness.proxies", value, told["real"][0], spread, alone, control, subject))
        found += sorted(mine, key=lambda score: -score.value)[:SHOWN_PROXIES]
    if not found:
        return ()
    worst = max(found, key=lambda score: score.value)
    reading = (
        f"How much of the protected column one other column gives away, from 0 to 1 ({worst.subject}). Leaving the "
        "protected column out does not hide what its proxies tell." + CHANCE
    )
    return _as_headline(worst, reading), *found


def given_away(protected: np.ndarray, column: np.ndarray) -> tuple[float, np.ndarray]:
    """Mutual information of (n,) codes of a protected column and of another, divided by the entropy of the protected
    one, and the (n,) influences of the rows on it; 0 where the protected column has one value."""
    wide = int(column.max()) + 1
    counts = np.bincount(protected * wide + column, minlength=(int(protected.max()) + 1) * wide)
    joint = counts.reshape(-1, wide) / len(protected)
    one, other = joint.sum(axis=1), joint.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        told = np.where(joint > 0, np.log(joint / (one[:, None] * other)), 0.0)
        hidden = np.where(one > 0, -np.log(one), 0.0)
    information, entropy = float((joint * told).sum()), float((one * hidden).sum())
    if entropy <= 0:
        return 0.0, np.zeros(len(protected))
    value = min(1.0, max(0.0, information / entropy))
    return value, (told[protected, column] - information - value * (hidden[protected] - entropy)) / entropy


def headed(comparison: Comparison, found: list[Score], reading: str, most: bool = True) -> tuple[Score, ...]:
    """Scores by grouping with the worst of the single protected columns before them as the headline: the greatest
    value, or with `most` False the smallest. () when there are none."""
    single = [score for score in found if score.subject in comparison.protected]
    if not single:
        return tuple(found)
    worst = (max if most else min)(single, key=lambda score: score.value)
    return _as_headline(worst, reading), *found


def _as_headline(score: Score, reading: str) -> Score:
    return Score(score.metric, score.value, score.goal, score.interval, score.baseline, score.control, reading=reading)


def _furthest(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).max())


def _drawn_alone(comparison: Comparison, grouping: Grouping) -> np.ndarray:
    """(groups,) shares of as many rows as there are synthetic ones, drawn from the training rows column by column."""
    rng = np.random.default_rng([comparison.seed, 17])
    size = len(grouping.codes["synthetic"])
    return np.bincount(rng.choice(grouping.codes["real"], size), minlength=len(grouping.labels)) / size


def _outcome(values: np.ndarray, good: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """(rows,) 1 for the favourable outcome, 0 for others, NaN for a missing one."""
    return np.where(np.isnan(values), np.nan, good(values).astype(float))


def _counted(grouping: Grouping, part: str, outcome: np.ndarray) -> np.ndarray:
    """(groups, 2) rows of each outcome."""
    there = ~np.isnan(outcome)
    return tables(grouping.codes[part][there], len(grouping.labels), outcome[there] == 1.0)


def _rate(counts: np.ndarray) -> np.ndarray:
    """(..., groups) share of the favourable outcome; NaN for a group without rows."""
    total = counts.sum(axis=-1)
    return np.where(total > 0, counts[..., 1] / np.maximum(total, 1), np.nan)


def _means(grouping: Grouping, part: str, values: np.ndarray) -> np.ndarray:
    """(groups,) mean of (rows,) values; NaN for a group without rows."""
    sizes = grouping.sizes(part)
    total = np.bincount(grouping.codes[part], weights=values, minlength=len(sizes))
    return np.where(sizes > 0, total / np.maximum(sizes, 1), np.nan)


def _binned(given: Arrays, place: int) -> dict[str, np.ndarray]:
    """(rows,) codes of a column by part; numbers cut at the real deciles; a missing value has the last code."""
    levels = int(given.levels[place])
    if levels:
        return {part: np.nan_to_num(rows[:, place], nan=levels).astype(np.int64) for part, rows in given.parts.items()}
    real = known(given.parts["real"], place)[:, place]
    cuts = np.unique(np.quantile(real, np.linspace(0, 1, BINS + 1)[1:-1])) if real.size else np.empty(0)
    return {
        part: np.where(np.isnan(rows[:, place]), len(cuts) + 1, np.searchsorted(cuts, rows[:, place], side="right"))
        for part, rows in given.parts.items()
    }

"""Does a model that was trained on synthetic rows treat groups of people alike? Trained on synthetic rows, tested on
unseen real ones, beside the same model trained on real rows (the control).

The model is that of `utility.tstr`, trained once for both; it sees the protected columns as it sees all others. What
it says is compared between the groups of each protected column and of their combinations, those of at least 30 test
rows. For a target that is a number, the favourable answer is one above the median of the real rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import numpy as np

from trasunto.metrics import fairness_rates as rates
from trasunto.metrics.answers import task_of
from trasunto.metrics.fairness_data import headed
from trasunto.metrics.fairness_groups import LEAST, Favourable, Grouping, favourable, groupings
from trasunto.metrics.frames import arrays
from trasunto.metrics.interval import auc_influence, wilson
from trasunto.metrics.score import Comparison, Score
from trasunto.metrics.utility import ARMS, boosted_answers

AFTER = (
    " Measured on unseen real rows; the control is the same model trained on real rows, the baseline on columns drawn "
    "by themselves. Groups of fewer than 30 rows are left out."
)
# Rows from which a rate of a group is told: of one class, or of one answer.
LEAST_OF_A_RATE = 10


@dataclass(frozen=True)
class Judged:
    """What the models said of the test rows of one grouping.

    kept: the groups judged. group: (rows,) their number among `kept`, -1 for a row in none. truth: (rows,) bool.
    said: by arm, (rows,) bool. chance: by arm, (rows,) how favourable the model is.
    """

    grouping: Grouping
    kept: tuple[int, ...]
    group: np.ndarray
    truth: np.ndarray
    said: dict[str, np.ndarray]
    chance: dict[str, np.ndarray]

    def counts(self, arm: str) -> np.ndarray:
        """(groups, 2, 2) test rows by group, truth and answer."""
        return rates.tables(self.group, len(self.kept), self.truth, self.said[arm])

    def only(self, kept: np.ndarray) -> Judged:
        """The same of the groups that (groups,) bool says."""
        place = np.append(np.where(kept, np.cumsum(kept) - 1, -1), -1)
        groups = tuple(group for group, stays in zip(self.kept, kept.tolist(), strict=True) if stays)
        return replace(self, kept=groups, group=place[self.group])


_KEPT: WeakKeyDictionary[Comparison, tuple[Judged, ...]] = WeakKeyDictionary()


def judged(comparison: Comparison) -> tuple[Judged, ...]:
    """Every grouping that has two groups of 30 test rows; () without protected column, target or holdout."""
    found = _KEPT.get(comparison)
    if found is None:
        found = _KEPT[comparison] = _judged(comparison)
    return found


def demographic_parity(comparison: Comparison) -> tuple[Score, ...]:
    """fairness.demographic_parity: the largest difference between groups in the share of favourable answers (0 equal),
    and fairness.demographic_parity_ratio: the smallest share divided by the greatest (1 equal; below 0.8 breaks the
    four-fifths rule), of the worst protected column; both then by column and combination; and
    fairness.selection_rate of every group, whose goal is that of all. () without protected column, target or holdout.
    """
    found = judged(comparison)
    reading = "Largest difference between groups in how often a model gives the favourable answer; 0 is as often."
    smaller = "The smallest share of favourable answers of a group divided by the greatest; 1 is equal, below 0.8 "
    return (
        *_gaps(comparison, found, "fairness.demographic_parity", rates.parity_gap, 0.0, reading + AFTER),
        *_gaps(
            comparison,
            found,
            "fairness.demographic_parity_ratio",
            rates.parity_ratio,
            1.0,
            smaller + "breaks the four-fifths rule." + AFTER,
        ),
        *_by_group(found, "fairness.selection_rate", np.ones(2, dtype=bool), np.array([False, True])),
    )


def equalized_odds(comparison: Comparison) -> tuple[Score, ...]:
    """fairness.equalized_odds: the largest difference between groups in the shares of favourable answers among rows
    that are truly favourable, or truly not, whichever is worse (0 equal; Hardt, Price and Srebro 2016);
    fairness.equalized_odds_ratio (1 equal); fairness.equal_opportunity, the first of the two alone; each of the worst
    protected column, then by column and combination; and fairness.true_positive_rate and fairness.false_positive_rate
    of every group. Groups of fewer than 10 rows of a class are left out. () as for demographic parity."""
    found = _with_enough(comparison, lambda counts: counts.sum(axis=2).min(axis=1))
    reading = "Largest difference between groups in how often a model is right about the favourable rows, or wrong "
    chance = "Largest difference between groups in how often a favourable row is given the favourable answer; 0 equal."
    ratio = "The smallest rate of a group divided by the greatest, of true or of false positives; 1 is equal."
    name, first = "fairness.equalized_odds", np.array([False, True])
    return (
        *_gaps(comparison, found, name, rates.odds_gap, 0.0, reading + "about the others; 0 equal." + AFTER),
        *_gaps(comparison, found, f"{name}_ratio", rates.odds_ratio, 1.0, ratio + AFTER),
        *_gaps(comparison, found, "fairness.equal_opportunity", rates.opportunity_gap, 0.0, chance + AFTER),
        *_by_group(found, "fairness.true_positive_rate", first, first),
        *_by_group(found, "fairness.false_positive_rate", ~first, first),
    )


def predictive_parity(comparison: Comparison) -> tuple[Score, ...]:
    """fairness.predictive_parity: the largest difference between groups in the share of favourable answers that are
    right (0 equal), then by column and combination; and fairness.precision of every group. Groups of fewer than 10
    favourable answers are left out. () as for demographic parity."""
    found = _with_enough(comparison, lambda counts: counts[:, :, 1].sum(axis=1))
    reading = "Largest difference between groups in how many of the favourable answers are right; 0 is as many." + AFTER
    scores = _gaps(comparison, found, "fairness.predictive_parity", rates.precision_gap, 0.0, reading)
    each = []
    for one in found:
        value = {arm: rates.precision(one.counts(arm)) for arm in ARMS}
        counts = one.counts("synthetic")
        for place, group in enumerate(one.kept):
            spread = wilson(float(counts[place, 1, 1]), int(counts[place, :, 1].sum()))
            others = {arm: float(value[arm][place]) for arm in ARMS}
            each.append(_of_group("fairness.precision", others, 1.0, spread, one.grouping.subject(group)))
    return (*scores, *each)


def calibration(comparison: Comparison) -> tuple[Score, ...]:
    """fairness.calibration: the largest difference, over groups, of the mean chance that the model gives of the
    favourable class from the share that truly is (0: the model promises every group what comes true), then by column
    and combination; and fairness.group_calibration, the same of each group. () as for demographic parity, and for a
    target that is a number."""
    good = favourable(comparison) if comparison.protected else None
    if good is None or good.code is None:
        return ()
    found, each = [], []
    for one in judged(comparison):
        value: dict[str, np.ndarray] = {}
        spread = np.empty(len(one.kept))
        for arm in ARMS:
            wrong = [(one.chance[arm] - one.truth)[one.group == place] for place in range(len(one.kept))]
            value[arm] = np.array([float(rows.mean()) for rows in wrong])
            if arm == "synthetic":
                spread = np.array([float(rows.std(ddof=1)) / len(rows) ** 0.5 for rows in wrong])
        drawn = np.abs(_normal(value["synthetic"], spread, comparison.seed))
        worst = {arm: float(np.abs(each_arm).max()) for arm, each_arm in value.items()}
        edges = rates.interval(worst["synthetic"], drawn.max(axis=-1), 0.0, 1.0)
        found.append(_of_group("fairness.calibration", worst, 0.0, edges, one.grouping.name))
        for place, group in enumerate(one.kept):
            mine = {arm: float(abs(each_arm[place])) for arm, each_arm in value.items()}
            edges = rates.interval(mine["synthetic"], drawn[:, place], 0.0, 1.0)
            each.append(_of_group("fairness.group_calibration", mine, 0.0, edges, one.grouping.subject(group)))
    reading = "Largest difference, over groups, of the chance that a model promises from what comes true; 0 is none."
    return (*headed(comparison, found, reading + AFTER), *each)


def auc(comparison: Comparison) -> tuple[Score, ...]:
    """fairness.auc: the largest difference between groups in the area under the curve that a model reaches among the
    rows of the group (0: everyone is told apart as well), then by column and combination; and fairness.group_auc of
    each group. Groups of fewer than 10 rows of a class are left out. () as for demographic parity."""
    found, each = [], []
    for one in _with_enough(comparison, lambda counts: counts.sum(axis=2).min(axis=1)):
        held = range(len(one.kept))
        value = {arm: np.array([_area(one, arm, place)[0] for place in held]) for arm in ARMS}
        spread = np.array([_area(one, "synthetic", place)[1] for place in held])
        drawn = _normal(value["synthetic"], spread, comparison.seed)
        whole = {arm: float(rates.gap(areas)) for arm, areas in value.items()}
        edges = rates.interval(whole["synthetic"], rates.gap(drawn), 0.0, 1.0)
        found.append(_of_group("fairness.auc", whole, 0.0, edges, one.grouping.name))
        for number, place in enumerate(held):
            mine = {arm: float(areas[number]) for arm, areas in value.items()}
            edges = rates.interval(mine["synthetic"], drawn[:, number], 0.0, 1.0)
            subject = one.grouping.subject(one.kept[place])
            each.append(_of_group("fairness.group_auc", mine, 1.0, edges, subject))
    reading = "Largest difference between groups in the area under the curve that a model reaches; 0 is equal." + AFTER
    return (*headed(comparison, found, reading), *each)


def amplification(comparison: Comparison) -> tuple[Score, ...]:
    """fairness.amplification: how much further apart a model trained on synthetic rows puts the groups than the same
    model trained on real rows: the difference of their demographic parity differences (above 0 synthesis has made the
    bias greater, below 0 smaller), of the protected column that grew most, then by column and combination. Both models
    answer the same rows, so that the interval is paired. () as for demographic parity."""
    found = []
    for one in judged(comparison):
        counts = rates.tables(one.group, len(one.kept), one.truth, one.said["synthetic"], one.said["real"])
        drawn = rates.resampled(counts, comparison.seed)
        value = {arm: float(rates.parity_gap(one.counts(arm))) for arm in ARMS}
        grown = value["synthetic"] - value["real"]
        apart = rates.parity_gap(drawn.sum(axis=-1)) - rates.parity_gap(drawn.sum(axis=-2))
        edges = rates.interval(grown, apart, -1.0, 1.0)
        baseline = value["independent"] - value["real"]
        found.append(Score("fairness.amplification", grown, 0.0, edges, baseline, 0.0, one.grouping.name))
    reading = (
        "How much further apart a model trained on synthetic rows puts the groups than one trained on real rows: above "
        "0 synthesis has amplified the bias, below 0 reduced it. Measured on unseen real rows."
    )
    return headed(comparison, found, reading)


def _with_enough(comparison: Comparison, of: Callable[[np.ndarray], np.ndarray]) -> tuple[Judged, ...]:
    """Groupings with those groups whose (groups,) rows, by their counts from synthetic rows, tell a rate; those that
    keep two."""
    found = (one.only(of(one.counts("synthetic")) >= LEAST_OF_A_RATE) for one in judged(comparison))
    return tuple(one for one in found if len(one.kept) > 1)


def _judged(comparison: Comparison) -> tuple[Judged, ...]:
    given = arrays(comparison)
    task = task_of(comparison, given) if comparison.protected else None
    good = favourable(comparison) if task is not None else None
    if task is None or good is None or comparison.holdout is None:
        return ()
    known = ~np.isnan(given.parts["holdout"][:, task.place])
    truth = good.of(task.test[:, task.place])
    said, chance = {}, {}
    for arm in ARMS:
        said[arm], chance[arm] = _answers(comparison, arm, good)
    found = []
    for grouping in groupings(comparison):
        codes = grouping.codes["holdout"][known]
        sizes = np.bincount(codes, minlength=len(grouping.labels))
        kept = tuple(np.flatnonzero(sizes >= LEAST).tolist())
        if len(kept) < 2:
            continue
        place = np.full(len(grouping.labels), -1, dtype=np.int64)
        place[list(kept)] = np.arange(len(kept))
        found.append(Judged(grouping, kept, place[codes], truth, said, chance))
    return tuple(found)


def _answers(comparison: Comparison, arm: str, good: Favourable) -> tuple[np.ndarray, np.ndarray]:
    """(rows,) whether the answer is the favourable one, and how favourable the model is."""
    answers = boosted_answers(comparison, arm)
    if good.code is None or not answers.chances.shape[1]:
        return good.of(answers.called), answers.called
    place = np.flatnonzero(answers.classes == good.code)
    chance = answers.chances[:, place[0]] if place.size else np.zeros(len(answers.truth))
    return answers.called == good.code, chance


def _gaps(
    comparison: Comparison, found: tuple[Judged, ...], metric: str, measure: rates.Figure, goal: float, reading: str
) -> tuple[Score, ...]:
    """One figure of every grouping, with the interval of the bootstrap; the headline first."""
    scores = []
    for one in found:
        value = {arm: float(measure(one.counts(arm))) for arm in ARMS}
        if np.isnan(value["synthetic"]):
            continue
        drawn = measure(rates.resampled(one.counts("synthetic"), comparison.seed))
        edges = rates.interval(value["synthetic"], drawn, 0.0, 1.0)
        scores.append(_of_group(metric, value, goal, edges, one.grouping.name))
    return headed(comparison, scores, reading, most=goal == 0.0)


def _by_group(found: tuple[Judged, ...], metric: str, among: np.ndarray, told: np.ndarray) -> list[Score]:
    """Of the rows of each group whose truth is in `among` (2,), the share whose answer is in `told` (2,)."""
    scores = []
    for one in found:
        counts = {arm: one.counts(arm)[:, among] for arm in ARMS}
        whole = counts["synthetic"].sum(axis=0)
        goal = float(whole[:, told].sum() / max(1, whole.sum()))
        for place, group in enumerate(one.kept):
            hits = {arm: float(table[place][:, told].sum()) for arm, table in counts.items()}
            total = float(counts["synthetic"][place].sum())
            if total:
                value = {arm: hit / total for arm, hit in hits.items()}
                edges = wilson(hits["synthetic"], int(total))
                scores.append(_of_group(metric, value, goal, edges, one.grouping.subject(group)))
    return scores


def _of_group(metric: str, value: dict[str, float], goal: float, edges: tuple[float, float], subject: str) -> Score:
    """A score of what was measured by arm; an arm in which nothing could be measured is left empty."""
    baseline, control = (None if np.isnan(value[arm]) else value[arm] for arm in ("independent", "real"))
    return Score(metric, value["synthetic"], goal, edges, baseline, control, subject)


def _area(one: Judged, arm: str, place: int) -> tuple[float, float]:
    """The area under the curve among the rows of a group, and its standard error (DeLong)."""
    rows = one.group == place
    value, influence = auc_influence(one.chance[arm][rows], one.truth[rows])
    return value, float(influence.std(ddof=1)) / len(influence) ** 0.5


def _normal(value: np.ndarray, spread: np.ndarray, seed: int) -> np.ndarray:
    """(resamples, groups) values as other test rows would give them."""
    return value + spread * np.random.default_rng(seed).standard_normal((rates.RESAMPLES, len(value)))

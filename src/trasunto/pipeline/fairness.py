"""Fairness as a step: checked first, told in the facts of a report, repaired, and weighed against what that costs.

Three functions serve a run: `check_groups` before long work, `repaired` in the place of `model.sample`, and
`fairness_facts` for the report. `weighed`, `frontier` and `across_budgets` measure: before and after a repair, over
modes and intensities, and over models fitted under different privacy budgets.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from trasunto.data.dataset import Dataset
from trasunto.metrics.fairness_flags import flags
from trasunto.metrics.fairness_groups import favourable, groupings, groups_told
from trasunto.metrics.measure import measure
from trasunto.metrics.score import Comparison, Score
from trasunto.pipeline.settings import built
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.fair import Repair, Repaired, repair
from trasunto.writing import write_text

METRICS = (
    "fairness.representation",
    "fairness.parity",
    "fairness.demographic_parity",
    "fairness.equalized_odds",
    "fairness.predictive_parity",
    "fairness.calibration",
    "fairness.auc",
    "fairness.amplification",
)
# What a repair may cost: what a model trained on the rows is worth, and how like the real rows they are.
COSTS = ("utility.tstr", "utility.tstr_accuracy", "fidelity.shapes", "fidelity.trends")
# A group that loses so many times what all lose on average is told, if it loses a point at least.
UNEQUAL = 3.0
LEAST_LOSS = 0.01


def check_groups(comparison: Comparison) -> None:
    """Find what would keep fairness from being measured, before any work.

    Raises MetricError for a protected column of one value or more than 60, and for a target of several classes of
    which none is named as the favourable one."""
    if comparison.protected:
        groupings(comparison)
        favourable(comparison)


def repaired(
    model: Any,
    rows: int,
    *,
    protected: Sequence[str],
    target: str | None,
    positive: str | None = None,
    settings: Mapping[str, Any],
    seed: int,
    progress: Progress = quiet,
) -> Repaired:
    """Rows of a fitted model, repaired. settings: `mode`, and other fields of `Repair` (intensity, shares, least,
    redraw). Raises RecipeError for a setting that is not there, and what `repair` raises."""
    values = {**settings, "protected": tuple(protected), "target": target, "positive": positive}
    return repair(model, rows, built(Repair, "The repair", values), seed=seed, progress=progress)


def write_mark(made: Repaired, output: str | Path) -> Path:
    """Write what was altered beside the rows: `OUT.mark.json`."""
    path = Path(f"{output}.mark.json")
    write_text(path, json.dumps(made.to_dict(), indent=2, ensure_ascii=False) + "\n")
    return path


def fairness_facts(
    comparison: Comparison, scores: Sequence[Score], altered: tuple[Dataset, Mapping[str, Any]] | None = None
) -> dict[str, Any]:
    """What a report tells of fairness beside the scores (JSON values); {} when no column is protected.

    protected, positive: the columns, and the outcome that counts as favourable. groups: every group with its rows, and
    whether it was large enough to be judged. flags: figures beyond their limits, which need a justification in writing.
    amplification: by column, whether synthesis made the bias of a model greater, smaller or neither.

    altered: of a repair, the rows as they were drawn and what `Repaired.to_dict` tells; then also repair (the same),
    before, after and cost, as `weighed` gives them."""
    if not comparison.protected:
        return {}
    good = favourable(comparison)
    facts = {
        "protected": list(comparison.protected),
        "positive": good.label if good is not None else None,
        "groups": groups_told(comparison),
        "flags": [flag.to_dict() for flag in flags(scores)],
        "amplification": {s.subject: _verdict(s) for s in scores if s.metric == "fairness.amplification" and s.subject},
    }
    if altered is None:
        return facts
    before, told = altered
    return {**facts, "repair": dict(told), **weighed(comparison, before, scores)}


def weighed(comparison: Comparison, before: Dataset, scores: Sequence[Score] = ()) -> dict[str, Any]:
    """A comparison's synthetic rows beside others that were not repaired.

    scores: those of the comparison that are known already. Gives before and after (fairness scores of each protected
    column, its groups, and as a whole, as JSON values) and cost: what utility and fidelity gained by the repair, after
    less before, by metric; below 0 utility was lost.
    """
    plain = replace(comparison, synthetic=before)
    sides = {"before": _measured(plain, ()), "after": _measured(comparison, scores)}
    cost = {}
    for metric in COSTS:
        values = [
            next((s.value for s in side if s.metric == metric and not s.subject), None) for side in sides.values()
        ]
        if values[0] is not None and values[1] is not None:
            cost[metric] = values[1] - values[0]
    kept = {side: [score.to_dict() for score in found if _shown(score, comparison)] for side, found in sides.items()}
    return {**kept, "cost": cost}


def frontier(
    model: Any,
    comparison: Comparison,
    modes: Sequence[str] = ("decisions", "parity", "odds", "reweigh"),
    intensities: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 1.0),
    *,
    seed: int = 0,
    progress: Progress = quiet,
) -> list[dict[str, Any]]:
    """What utility costs parity, point by point: rows repaired in each mode and intensity, judged on the holdout.

    comparison: real rows, holdout, target and protected columns; its synthetic rows say how many are drawn. Gives one
    JSON value a point: mode, intensity, outcomes_changed, and the values of utility.tstr (auc), accuracy,
    fairness.demographic_parity and fairness.equalized_odds of the worst protected column.
    """
    found, steps = [], [(mode, intensity) for mode in modes for intensity in intensities]
    for number, (mode, intensity) in enumerate(steps):
        progress("frontier", number, len(steps))
        how = Repair(mode, comparison.protected, comparison.target, comparison.positive, intensity)
        made = repair(model, len(comparison.synthetic), how, seed=seed)
        each = replace(comparison, synthetic=made.dataset)
        names = ("utility.tstr", "fairness.demographic_parity", "fairness.equalized_odds")
        value = {score.metric: score.value for score in measure(each, names) if not score.subject}
        found.append(
            {
                "mode": mode,
                "intensity": intensity,
                "outcomes_changed": made.mark.outcomes_changed,
                "auc": value.get("utility.tstr"),
                "accuracy": value.get("utility.tstr_accuracy"),
                "demographic_parity": value.get("fairness.demographic_parity"),
                "equalized_odds": value.get("fairness.equalized_odds"),
            }
        )
    progress("frontier", len(steps), len(steps))
    return found


def across_budgets(comparison: Comparison, made: Mapping[float | None, Dataset]) -> list[dict[str, Any]]:
    """Who pays for privacy: the errors of models trained on rows made under different budgets, group by group.

    made: synthetic rows by epsilon, None for a model without a budget. Differential privacy costs small groups more
    (Bagdasaryan, Poursaeed and Shmatikov 2019; Ganev, Oprisanu and De Cristofaro 2022). Gives one JSON value a budget
    and protected column, the smallest epsilon first: epsilon, column, error (share of the holdout's rows that a model
    trained on the synthetic ones gets wrong), loss (that less the error of the model trained on real rows),
    worst_group, worst_error, worst_loss, and unequal: whether the worst group loses more than 3 times what all lose,
    and a point at least.
    """
    from trasunto.metrics.fairness import judged

    found = []
    for epsilon in sorted(made, key=lambda each: float("inf") if each is None else each):
        for one in judged(replace(comparison, synthetic=made[epsilon])):
            if one.grouping.name not in comparison.protected:
                continue
            wrong = {arm: one.said[arm] != one.truth for arm in ("synthetic", "real")}
            mean = {arm: float(each.mean()) for arm, each in wrong.items()}
            groups = [
                {arm: float(each[one.group == place].mean()) for arm, each in wrong.items()}
                for place in range(len(one.kept))
            ]
            losses = [each["synthetic"] - each["real"] for each in groups]
            worst = int(np.argmax(losses))
            loss = mean["synthetic"] - mean["real"]
            found.append(
                {
                    "epsilon": epsilon,
                    "column": one.grouping.name,
                    "error": mean["synthetic"],
                    "loss": loss,
                    "worst_group": one.grouping.labels[one.kept[worst]],
                    "worst_error": groups[worst]["synthetic"],
                    "worst_loss": losses[worst],
                    "unequal": losses[worst] > max(UNEQUAL * loss, LEAST_LOSS),
                }
            )
    return found


def _verdict(score: Score) -> str:
    """Whether the interval of an amplification lies above 0, below, or holds it."""
    low, high = score.interval or (score.value, score.value)
    return "amplified" if low > 0 else "reduced" if high < 0 else "kept"


def _measured(comparison: Comparison, known: Sequence[Score]) -> tuple[Score, ...]:
    lacking = [name for name in (*METRICS, *COSTS) if not any(score.metric == name for score in known)]
    # Accuracy comes with the metric it belongs to.
    wanted = [name for name in lacking if name != "utility.tstr_accuracy"]
    return (*known, *(measure(comparison, wanted) if wanted else ()))


def _shown(score: Score, comparison: Comparison) -> bool:
    column = score.subject.partition(": ")[0]
    return score.metric.startswith("fairness.") and (not column or column in comparison.protected)

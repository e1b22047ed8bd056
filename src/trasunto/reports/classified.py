"""What models that label texts scored on real data: every arm, the learning curve, calibration, groups and classes."""

from __future__ import annotations

from typing import Any

from trasunto.language.evaluation import Evaluation
from trasunto.reports.blocks import Block, Grid, Heading, Picture, Words
from trasunto.reports.report import Report
from trasunto.reports.words import ends, known, number, say

# Arms that are set beside the real one in words, if they were tested in pairs.
TOLD = ("synthetic", "synthetic + real")
MOST_GROUPS = 40
# A smaller p-value says no more.
LEAST_P = 0.001
# Figures that belong here, in order.
FIGURES = ("arms", "few", "reliability")


def classified(report: Report) -> list[Block]:
    """The blocks; [] when no model labelled anything."""
    at, facts = report.language, report.labelled
    if not report.evaluations:
        return []
    first = report.evaluations[0]
    pictures = {f.name: Picture(f) for f in report.figures if f.section == "results"}
    blocks: list[Block] = [
        Heading(say("written.intents" if report.written else "model", at), "language-model", 3),
        Words(say("arms_told", at, count=number(first.tested_on, at))),
        _arms(report),
    ]
    if any(each.auc is not None for each in report.evaluations):
        blocks.append(Words(say("classified.told", at)))
    blocks += _differences(facts, first.tested_on, at)
    if facts.get("worth"):
        blocks.append(Words(_worth(facts["worth"], at)))
    blocks += [pictures[name] for name in FIGURES[:2] if name in pictures]
    blocks += _curve(report)
    blocks += [pictures[name] for name in FIGURES[2:] if name in pictures]
    blocks += _groups(report)
    blocks += [Heading(say("per_class", at), "per-class", 3), _classes(first, at)]
    return [*blocks, *([pictures["confusion"]] if "confusion" in pictures else [])]


def arm_name(arm: str, at: str) -> str:
    """An arm's name in the report's language."""
    words = arm.split()
    if known(f"arm_{arm}"):
        return say(f"arm_{arm}", at)
    if size_of(arm):
        return say("arm_few_with" if arm.endswith("+ synthetic") else "arm_few", at, count=words[1])
    if arm.startswith("real + ") and arm.endswith(" synthetic") and len(words) == 4:
        ratio = words[2] if at == "en" else words[2].replace(".", ",")
        return say("arm_mixed", at, ratio=ratio)
    return arm


def size_of(arm: str) -> int:
    """20 for "real, 20 per class" and for "real, 20 per class + synthetic", else 0."""
    words = arm.removesuffix(" + synthetic").removeprefix("real, ").removesuffix(" per class")
    return int(words) if " per class" in arm and words.isdigit() else 0


def _arms(report: Report) -> Grid:
    at = report.language
    shown = [each for each in report.evaluations if not size_of(each.arm)]
    more = any(each.auc is not None for each in shown)
    keys = [
        "arm",
        "examples",
        "accuracy",
        "precision",
        "recall",
        "macro_f1",
        "interval",
        *(("auc", "ece") if more else ()),
    ]
    rows = []
    for each in shown:
        row = [
            arm_name(each.arm, at),
            number(each.trained_on, at),
            number(each.accuracy, at),
            number(each.macro_precision, at),
            number(each.macro_recall, at),
            number(each.macro_f1, at),
            ends(each.intervals.get("macro_f1"), at),
        ]
        if more:
            row += [number(each.auc, at), number(each.calibration.ece if each.calibration else None, at)]
        rows.append(tuple(row))
    right = (1, 2, 3, 4, 5, *((7, 8) if more else ()))
    return Grid(tuple(say(key, at) for key in keys), tuple(rows), right=right)


def _differences(facts: dict[str, Any], count: int, at: str) -> list[Block]:
    """How far arms are from the real one; with the paired test where it was made."""
    tested = facts.get("differences") or {}
    blocks: list[Block] = []
    for arm in (arm for arm in TOLD if arm in tested):
        told, (low, high) = tested[arm], tested[arm]["interval"]
        name = arm_name(arm, at)
        blocks.append(
            Words(
                say(
                    "classified.difference",
                    at,
                    arm=name[:1].upper() + name[1:],
                    value=number(told["value"], at),
                    low=number(low, at),
                    high=number(high, at),
                    count=number(count, at),
                    one=number(told["one_right"], at),
                    other=number(told["other_right"], at),
                    p=_p(told["mcnemar"], at),
                )
            )
        )
    if not blocks and facts.get("difference"):
        low, high = facts["difference"]["interval"]
        value = facts["difference"]["value"]
        blocks.append(Words(say("difference", at, value=number(value, at), low=number(low, at), high=number(high, at))))
    return blocks


def _p(value: float, at: str) -> str:
    return f"< {number(LEAST_P, at, 2)}" if value < LEAST_P else f"= {number(value, at)}"


def _worth(told: dict[str, Any], at: str) -> str:
    """In one sentence. What was found before intervals were is told as it was."""
    if "synthetic" not in told:
        key = "_".join(filter(None, ("worth", told["side"])))
        return say(key, at, count=number(round(told["count"]), at))
    low, high = (number(round(told[end]), at) for end in ("low", "high"))
    if "low" in told["open"]:
        low = say("classified.at_most", at, count=low)
    if "high" in told["open"]:
        high = say("classified.at_least", at, count=high)
    key = "_".join(filter(None, ("classified.worth", told["side"])))
    made, count = number(told["synthetic"], at), number(round(told["count"]), at)
    return say(key, at, made=made, count=count, low=low, high=high)


def _curve(report: Report) -> list[Block]:
    at, arms = report.language, {each.arm: each for each in report.evaluations}
    gains = {each["size"]: each for each in report.labelled.get("gains") or ()}
    sizes = sorted({size_of(arm) for arm in arms} - {0})
    if not sizes:
        return []
    keys = ("per_class_axis", "classified.alone", "classified.with", "classified.gain", "interval")
    rows = []
    for size in sizes:
        alone, beside = arms.get(f"real, {size} per class"), arms.get(f"real, {size} per class + synthetic")
        gain = gains.get(size)
        rows.append(
            (
                number(size, at),
                number(mean_f1(alone) if alone else None, at),
                number(mean_f1(beside) if beside else None, at),
                number(gain["value"] if gain else None, at),
                ends(tuple(gain["interval"]) if gain else None, at),
            )
        )
    told = [Words(say("classified.curve_told", at))] if gains else []
    head = tuple(say(key, at) for key in keys)
    return [
        Heading(say("classified.curve", at), "learning-curve", 3),
        *told,
        Grid(head, tuple(rows), right=(0, 1, 2, 3)),
    ]


def mean_f1(evaluation: Evaluation) -> float:
    """Macro F1, mean over the draws where there were several."""
    draws = evaluation.facts.get("draws") or [evaluation.macro_f1]
    return float(sum(draws) / len(draws))


def _groups(report: Report) -> list[Block]:
    at, arms = report.language, {each.arm: each for each in report.evaluations}
    made = arms.get("synthetic", report.evaluations[0]).groups
    if not made:
        return []
    real = {(each.column, each.group): each for each in (arms["real"].groups if "real" in arms else ())}
    keys = ("column", "classified.group", "support", "accuracy", "classified.made_f1", "interval", "classified.real_f1")
    rows = []
    for each in made[:MOST_GROUPS]:
        twin = real.get((each.column, each.group))
        rows.append(
            (
                each.column,
                each.group,
                number(each.rows, at),
                number(each.accuracy, at),
                number(each.macro_f1, at),
                ends(each.intervals.get("macro_f1"), at),
                number(twin.macro_f1 if twin else None, at),
            )
        )
    head = tuple(say(key, at) for key in keys)
    blocks: list[Block] = [Heading(say("classified.groups", at), "by-group", 3)]
    blocks.append(Grid(head, tuple(rows), right=(2, 3, 4, 6)))
    if len(made) > MOST_GROUPS:
        blocks.append(Words(say("and_more", at, count=len(made) - MOST_GROUPS)))
    return blocks


def _classes(evaluation: Evaluation, at: str) -> Grid:
    head = tuple(say(key, at) for key in ("class", "precision", "recall", "f1", "support"))
    rows = tuple(
        (c.label, number(c.precision, at), number(c.recall, at), number(c.f1, at), number(c.support, at))
        for c in evaluation.per_class
    )
    return Grid(head, rows, right=(1, 2, 3, 4))

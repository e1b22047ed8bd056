"""What an attacker could learn, on one page and in plain words: for who decides whether rows may leave the house."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trasunto.metrics.score import Score
from trasunto.reports.blocks import Block, Card, Grid, Heading, Points, Words
from trasunto.reports.papers.bounds import most_found
from trasunto.reports.report import Report
from trasunto.reports.words import number, percent, say

# Risks below the first are slight, from the second on grave; what may be above the third is not known well enough.
SLIGHT, GRAVE, VAGUE = 0.05, 0.2, 0.09
# How well unseen rows may be told from training rows where both are of the same data; rows, where nobody says how many.
UNLIKE, FEW = 0.6, 150
# Of attacks with a risk; of those judged by the area under the curve; of shares of rows.
BY_RISK = ("singling_out", "linkability", "inference")
BY_AREA = ("membership", "outliers", "membership_echoes", "membership_text")
BY_SHARE = (
    "exact_copies",
    "families",
    "verbatim_text",
    "near_duplicates",
    "replayed_identifiers",
    "extraction",
)
# Shares of people found, and the share of others that attacks were wrong about.
FOUND = {"privacy.membership_tpr_10": 0.1, "privacy.membership_tpr_1": 0.01, "privacy.membership_tpr_01": 0.001}
# Shares found while seldom wrong, of attacks judged by the area.
SURE = {
    "membership": ("privacy.membership_tpr_1", "privacy.membership_tpr_01"),
    "membership_echoes": ("privacy.membership_echoes_tpr_1",),
}
ORDER = ("none", "vague", "slight", "clear", "grave")


@dataclass(frozen=True)
class Answer:
    """One question: its key, how bad the answer is, the score behind it, and the shares among people in the data, other
    people and by guessing."""

    key: str
    tone: str
    score: Score
    inside: float | None = None
    outside: float | None = None
    guess: float | None = None


def risks(report: Report) -> list[Block]:
    """The blocks of the section; [] where no attack was made."""
    at, facts = report.language, report.facts.get("risks") or {}
    found = _asked(report)
    if not found:
        return []
    blocks: list[Block] = [Heading(say("risks", at), "risks", 3)]
    if apart := unlike(report):
        blocks.append(Words(apart, "warning"))
    lead, *rest = answers(report)
    blocks.append(
        Words(lead, "warning" if _worst(found) in ("clear", "grave", "blind") or facts.get("findings") else "")
    )
    blocks += [Words(line) for line in rest]
    grid = table(report)
    assert grid is not None
    blocks += [grid, Points(tuple(_told(report, answer) for answer in found)), *_bounded(report)]
    if _worst(found) in ("slight", "clear", "grave"):
        blocks.append(Words(say("risk.next", at)))
    left = [say("risk.left_out", at, **each) for each in facts.get("left_out", ())]
    if left:
        blocks.append(Points(tuple(left)))
    if report.score("privacy.nearer_to_train") or report.score("privacy.near_copies"):
        blocks.append(Words(say("risk.distances", at)))
    return blocks


def unlike(report: Report) -> str:
    """A sentence, where the unseen rows are told from the training rows beyond chance; else ""."""
    told = report.score("fidelity.c2st")
    parts = (report.facts.get("split") or {}).get("parts") or {}
    rows = parts["holdout"]["rows"] if "holdout" in parts else FEW
    # Three standard errors of an area under the curve between two samples of so many rows that are alike.
    if not told or told.control is None or told.control <= max(UNLIKE, 0.5 + 3.0 / math.sqrt(6.0 * rows)):
        return ""
    return say("risk.unlike", report.language, value=number(told.control, report.language))


def exceeded(spent: Mapping[str, float], scores: Sequence[Score]) -> list[Score]:
    """Shares of people found that a guarantee of differential privacy rules out, beyond chance: then it does not hold.

    spent: epsilon and delta.
    """
    found = []
    for metric, wrong in FOUND.items():
        score = next((s for s in scores if s.metric == metric and not s.subject), None)
        if score and score.interval and score.interval[0] > most_found(spent["epsilon"], spent["delta"], wrong):
            found.append(score)
    return found


def _bounded(report: Report) -> list[Block]:
    """What the guarantee allows beside what was found; [] without either."""
    at, facts = report.language, report.facts
    spent = (facts.get("risks") or {}).get("guarantee") or ((facts.get("synthesis") or {}).get("guarantee") or {}).get(
        "spent"
    )
    score = report.score("privacy.membership_tpr_1")
    if not spent or score is None:
        return []
    bound = most_found(spent["epsilon"], spent["delta"], FOUND[score.metric])
    values = {"epsilon": number(spent["epsilon"], at), "bound": percent(bound, at), "found": percent(score.value, at)}
    if exceeded(spent, report.scores):
        return [Words(say("risk.bound_broken", at, **values), "warning")]
    return [Words(say("risk.bound", at, **values))]


def answers(report: Report) -> list[str]:
    """What was found before any attack, what the attacks came to, and the level of release; sentences."""
    at, facts = report.language, report.facts.get("risks") or {}
    found = _asked(report)
    lines = [_found(each, at) for each in facts.get("findings", ())]
    worst = _worst(found)
    bad = [answer for answer in found if answer.tone in ("slight", "clear", "grave")]
    names = ", ".join(say(f"risk.ask_{answer.key}", at).rstrip("?") for answer in bad)
    if found:
        key = "none" if worst == "vague" else worst
        lines.append(say(f"risk.lead_{key}", at, count=len(bad), all=len(found), names=names))
    if facts.get("level"):
        lines += [say(f"risk.level_{facts['level']}", at), say("risk.level_note", at)]
    return lines


def table(report: Report) -> Grid | None:
    """The questions and their answers; None where no attack was made."""
    at, found = report.language, _asked(report)
    if not found:
        return None
    head = tuple(say(f"risk.{key}", at) for key in ("question", "answer", "inside", "outside", "guess", "risk"))
    rows = tuple(
        (
            say(f"risk.ask_{answer.key}", at),
            say(f"risk.tone_{answer.tone}", at),
            *(
                percent(share, at) if share is not None else "–"
                for share in (answer.inside, answer.outside, answer.guess)
            ),
            _risk(answer, at),
        )
        for answer in found
    )
    return Grid(head, rows, right=(2, 3, 4))


def card(report: Report) -> Card | None:
    """The summary's card of the attacks; None where none was made."""
    at, found = report.language, _asked(report)
    if not found or not any(answer.key in (*BY_RISK, *BY_AREA) for answer in found):
        return None
    worst = _worst(found)
    tones = {"none": "good", "vague": "good", "slight": "fair", "blind": "fair", "clear": "poor", "grave": "poor"}
    bad = [answer for answer in found if answer.tone in ("slight", "clear", "grave")]
    names = ", ".join(say(f"risk.ask_{answer.key}", at).rstrip("?") for answer in bad)
    key = "none" if worst == "vague" else worst
    detail = say(f"risk.lead_{key}", at, count=len(bad), all=len(found), names=names)
    if bad and unlike(report):
        detail = f"{detail} {say('risk.unlike_short', at)}"
    return Card(say("privacy", at), say(f"risk.tone_{worst}", at), detail, tones[worst])


def _asked(report: Report) -> list[Answer]:
    """Every question for which there is a score."""
    found = []
    for key in (*BY_RISK, *BY_AREA, *BY_SHARE):
        score = report.score(f"privacy.{key}")
        if score is None or score.interval is None:
            continue
        if key in BY_RISK:
            rates = report.score(f"privacy.{key}_success")
            shares = (rates.value, rates.control, rates.baseline) if rates else (None, None, None)
            found.append(Answer(key, _tone(score), score, *shares))
        elif key in BY_AREA:
            sure = [report.score(metric) for metric in SURE.get(key, ())]
            one = sure[0] if sure else None
            shares = (one.value, one.control, one.baseline) if one else (None, None, None)
            found.append(Answer(key, _tone_of_area(score, [each for each in sure if each]), score, *shares))
        else:
            tone = _tone_of_share(score)
            found.append(Answer(key, tone, score, score.value, score.control, score.baseline))
    return found


def _tone(score: Score) -> str:
    assert score.interval is not None
    low, high = score.interval
    if score.control is None:
        return "blind"
    if low <= 0.0:
        return "none" if high <= VAGUE else "vague"
    return "slight" if score.value < SLIGHT else "clear" if score.value < GRAVE else "grave"


def _tone_of_area(score: Score, sure: list[Score]) -> str:
    """An area above a half, or people found for sure: twice as many as wrongly accused, beyond chance."""
    assert score.interval is not None
    low, high = score.interval
    certain = [each for each in sure if each.interval and each.interval[0] > 2.0 * (each.control or 0.0)]
    if certain and max(each.value for each in certain) >= GRAVE:
        return "grave"
    if low <= 0.5 and not certain:
        return "none" if 2.0 * high - 1.0 <= VAGUE else "vague"
    advantage = 2.0 * score.value - 1.0
    if advantage >= GRAVE:
        return "grave"
    return "clear" if certain or advantage >= 2.0 * SLIGHT else "slight"


def _tone_of_share(score: Score) -> str:
    assert score.interval is not None
    if score.control is None:
        return "none" if score.value == 0.0 else "blind"
    if score.interval[0] <= score.control:
        return "none"
    beyond = score.value - score.control
    return "slight" if beyond < SLIGHT / 10 else "clear" if beyond < GRAVE else "grave"


def _worst(found: list[Answer]) -> str:
    tones = [answer.tone for answer in found if answer.tone in ORDER]
    worst = max(tones, key=ORDER.index) if tones else "blind"
    blind = any(answer.tone == "blind" for answer in found)
    return "blind" if blind and worst in ("none", "vague") else worst


def _found(finding: dict[str, object], at: str) -> str:
    values = {
        name: percent(value, at) if isinstance(value, float) else value
        for name, value in finding.items()
        if name != "key"
    }
    return say(str(finding["key"]), at, **values) if values else say(str(finding["key"]), at)


def _risk(answer: Answer, at: str) -> str:
    assert answer.score.interval is not None
    if answer.key in BY_SHARE:
        return "–"
    value, (low, high) = answer.score.value, answer.score.interval
    if answer.key in BY_AREA:
        # The advantage over a coin, from 0 to 1, as the other risks.
        value, low, high = (max(0.0, 2.0 * each - 1.0) for each in (value, low, high))
    return f"{number(value, at)} ({number(low, at)} … {number(high, at)})"


def _told(report: Report, answer: Answer) -> str:
    """The paragraph of one attack."""
    at, score = report.language, answer.score
    assert score.interval is not None

    def share(value: float | None) -> str:
        return percent(value, at) if value is not None else say("risk.unknown", at)

    values = {
        "inside": share(answer.inside),
        "outside": share(answer.outside),
        "guess": share(answer.guess),
        "value": share(score.value),
        "low": share(score.interval[0]),
        "high": share(score.interval[1]),
    }
    if answer.key == "inference":
        keys = (report.facts.get("risks") or report.facts.get("privacy") or {}).get("keys")
        values |= {"keys": ", ".join(keys) if keys else say("risk.others", at), "secret": _secret(report)}
    for name, metric in zip(("found", "sure"), SURE.get(answer.key, ()), strict=False):
        rate = report.score(metric)
        values[name] = share(rate.value if rate else None)
    asked = say(f"risk.ask_{answer.key}", at).rstrip("?")
    return f"{asked[0].upper()}{asked[1:]}: {say(f'risk.{answer.key}', at, **values)}"


def _secret(report: Report) -> str:
    """The secret that the headline is about: the one whose risk it gives."""
    headline = report.score("privacy.inference")
    each = [score for score in report.scores if score.metric == "privacy.inference" and score.subject]
    assert headline is not None
    return next((score.subject for score in each if score.value == headline.value), "–")

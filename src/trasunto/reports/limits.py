"""What the numbers do not allow to be said, and what to do next: rules over scores, never invented."""

from __future__ import annotations

from trasunto.reports.report import Report
from trasunto.reports.risks import unlike
from trasunto.reports.words import number, percent, say

FEW_ROWS = 500
FEW_OF_A_CLASS = 20


def limits(report: Report) -> tuple[str, ...]:
    """Sentences, the gravest first. () for a report without scores and evaluations."""
    if not report.scores and not report.evaluations:
        return ()
    rules = (*_leaks(report), *_fidelity(report), *_utility(report), *_language_model(report), *_always(report))
    return tuple(rules)


def _leaks(report: Report) -> list[str]:
    at, found = report.language, []
    if apart := unlike(report):
        found.append(apart)
    copies = report.score("privacy.exact_copies")
    if copies and copies.interval and copies.control is not None and copies.interval[0] > copies.control:
        found.append(say("limit_copies", at, value=percent(copies.value, at), control=percent(copies.control, at)))
    texts = report.score("privacy.verbatim_text")
    if texts and texts.value > (texts.control or 0.0):
        control = percent(texts.control or 0.0, at)
        found.append(say("limit_verbatim", at, value=percent(texts.value, at), control=control))
    nearer = report.score("privacy.nearer_to_train")
    promised = (report.facts.get("synthesis") or {}).get("guarantee")
    # Distances say nothing beside a guarantee.
    if nearer and nearer.interval and nearer.interval[0] > 0.5 and not promised:
        low, high = (percent(end, at) for end in nearer.interval)
        found.append(say("limit_nearer", at, value=percent(nearer.value, at), low=low, high=high))
    return found


def _fidelity(report: Report) -> list[str]:
    at, found = report.language, []
    tells = report.score("fidelity.c2st")
    if tells and tells.value > 0.6:
        columns = [s for s in report.scores if s.metric == "fidelity.c2st" and s.subject][:3]
        named = ", ".join(f"{s.subject} ({number(s.value, at)})" for s in columns) or "–"
        found.append(say("limit_c2st", at, value=number(tells.value, at), columns=named))
    broken = [s for s in report.scores if s.metric == "fidelity.constraints" and s.subject and s.interval]
    more = [s for s in broken if s.interval and s.interval[0] > (s.control or 0.0)][:5]
    if more:
        rules = ", ".join(f"{s.subject} ({percent(s.value, at)}; {percent(s.control or 0.0, at)})" for s in more)
        found.append(say("limit_constraints", at, rules=rules))
    text = report.score("fidelity.text")
    if text and text.value > 0.7:
        found.append(say("limit_text", at, value=number(text.value, at)))
    return found


def _utility(report: Report) -> list[str]:
    at = report.language
    made = report.score("utility.tstr")
    if made and made.control and made.value / made.control < 0.97:
        return [say("limit_utility", at, value=percent(made.value / made.control, at))]
    return []


def _language_model(report: Report) -> list[str]:
    at, found = report.language, []
    difference = report.labelled.get("difference")
    if difference and report.evaluations:
        (low, high), value = difference["interval"], difference["value"]
        ends = {"low": number(low, at), "high": number(high, at)}
        if high < 0:
            found.append(say("limit_below", at, value=number(-value, at), **ends))
        elif low > 0:
            found.append(say("limit_above", at, value=number(value, at)))
        else:
            count = number(report.evaluations[0].tested_on, at)
            found.append(say("limit_tie", at, value=number(value, at), count=count, **ends))
    if report.evaluations:
        thin = [f"{c.label} ({c.support})" for c in report.evaluations[0].per_class if c.support < FEW_OF_A_CLASS]
        if thin:
            found.append(say("limit_classes", at, classes=", ".join(thin[:10])))
    return found


def _always(report: Report) -> list[str]:
    at, found = report.language, []
    parts = (report.facts.get("split") or {}).get("parts") or {}
    if parts and "holdout" not in parts:
        found.append(say("limit_no_holdout", at))
    elif parts and parts["holdout"]["rows"] < FEW_ROWS:
        found.append(say("limit_small", at, count=number(parts["holdout"]["rows"], at)))
    if not (report.facts.get("synthesis") or {}).get("guarantee"):
        found.append(say("limit_guarantee", at))
    found.append(say("limit_report", at))
    if (report.facts.get("run") or {}).get("digest"):
        found.append(say("limit_seed", at))
    return found

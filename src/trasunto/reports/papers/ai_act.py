"""The training-data summary: data governance (AI Act art. 10(2)) and public summary (art. 53(1)(d))."""

from __future__ import annotations

from typing import Any

from trasunto.reports.blocks import Block, Grid, Words
from trasunto.reports.papers import parts
from trasunto.reports.papers.cards import FIDELITY, UTILITY, method_rows
from trasunto.reports.papers.writer import Row, Writer

SOURCES = ("public", "private", "crawled", "user", "synthetic", "other")


def write(w: Writer) -> list[Block]:
    """The blocks of the summary."""
    return [
        Words(w.say("ai.told")),
        w.heading("ai.role"),
        *w.blanks("ai_role"),
        *_governance(w),
        *_summary(w),
        *w.laws("ai_data", "ai_summary", "ai_template", "ai_marking", "gdpr_consent"),
        *w.signature(),
    ]


def _governance(w: Writer) -> list[Block]:
    """Art. 10(2), point by point."""
    return [
        w.heading("ai.governance"),
        w.heading("ai.a", 3),
        w.table([*method_rows(w), *parts.purpose_rows(w)]),
        *w.blanks("ai_choices"),
        w.heading("ai.b", 3),
        w.table(parts.source_rows(w)),
        *w.blanks("collection", "purpose"),
        w.heading("ai.c", 3),
        w.table(_preparation(w)),
        *parts.protection(w, 4),
        w.heading("ai.d", 3),
        *w.blanks("ai_assumptions"),
        w.heading("ai.e", 3),
        w.table([w.row("rows_made", w.run.rows, w.run.place("synthesis") + ".rows")]),
        *w.scores((*FIDELITY, *UTILITY), "how.measure"),
        *w.blanks("ai_suitability"),
        w.heading("ai.f", 3),
        *parts.fairness(w)[1:],
        *w.blanks("ai_biases"),
        w.heading("ai.h", 3),
        Words(w.say("ai.h.told", gaps="; ".join(_gaps(w)))),
        *w.blanks("ai_gaps"),
        w.heading("ai.special", 3),
        Words(w.say("ai.special.told")),
        *w.blanks("special_categories"),
    ]


def _preparation(w: Writer) -> list[Row]:
    data, training = w.run.recipe.get("data") or {}, w.run.training
    recorded = (w.run.facts.get("data") or {}).get("breaches")
    rows = [
        w.row("columns_dropped", list(data.get("drop") or []), "recipe.yaml: data.drop"),
        w.row("ai.recoded", list(data.get("recode") or {}), "recipe.yaml: data.recode"),
        w.row("ai.breaches", None if recorded is None else len(recorded), w.run.place("data") + ".breaches"),
        w.row("ai.synthetic", w.say("ai.synthetic.told"), w.say("by_design")),
    ]
    prepared = (training.get("prepare") or {}).get("synthetic") or {}
    if prepared:
        kept = f"{w.value(prepared.get('kept'))} / {w.value(prepared.get('texts'))}"
        rows.append(w.row("ai.prepared", kept, w.run.place("training") + ".prepare.synthetic"))
    return rows


def _gaps(w: Writer) -> list[str]:
    """What nothing in the run can tell."""
    gaps = [w.say("ai.gap.domain")]
    if not w.run.fairness.get("protected"):
        gaps.append(w.say("ai.gap.fairness"))
    if any(w.run.score(metric) is None for metric in parts.ATTACKS):
        gaps.append(w.say("ai.gap.attacks"))
    if all(w.run.score(metric) is None for metric in UTILITY):
        gaps.append(w.say("ai.gap.utility"))
    return gaps


def _summary(w: Writer) -> list[Block]:
    """Art. 53(1)(d), in the sections of the Commission's template."""
    training, at = w.run.training, w.run.place("training")
    blocks: list[Block] = [w.heading("ai.summary")]
    if not training:
        return [*blocks, Words(w.say("ai.summary.none"))]
    data, count = w.run.facts.get("data") or {}, w.value(training.get("examples") or training.get("texts"))
    method = (w.run.facts.get("synthesis") or {}).get("synthesizer") or w.say("not_recorded")
    parts_ = (w.run.manifest.get("split") or {}).get("parts") or {}
    learnt = w.value((parts_.get("train") or {}).get("rows"))
    made = w.say("ai.s2.made", count=count, method=method, rows=learnt, source=w.value(data.get("source")))
    sources = tuple(
        (w.say(f"ai.s2.{each}"), made if each == "synthetic" else w.say("ai.s2.not"), f"{at}.examples")
        for each in SOURCES
    )
    general = [
        w.row("ai.base", training.get("base"), f"{at}.base"),
        w.row("ai.task", training.get("task"), f"{at}.task"),
        w.row("ai.modality", w.say("ai.modality.text"), f"{at}.texts"),
        w.row("ai.size", w.say("ai.size.told" if _small(training) else "ai.size.bare", count=count), f"{at}.examples"),
    ]
    return [
        *blocks,
        w.heading("ai.s1", 3),
        w.table(general),
        *w.blanks("ai_market", "ai_base"),
        w.heading("ai.s2", 3),
        Grid((w.say("ai.kind"), w.say("ai.told_there"), w.say("source")), sources),
        w.heading("ai.s3", 3),
        *w.blanks("ai_rights"),
    ]


def _small(training: dict[str, Any]) -> bool:
    """Whether the texts, each cut to so many tokens, stay below 1 billion, the lowest range of the template."""
    longest = (training.get("hyperparameters") or {}).get("longest")
    count = training.get("examples") or training.get("texts")
    return bool(longest and count and longest * count < 1e9)

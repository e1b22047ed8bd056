"""The de-identification statement of California Civil Code § 1798.140(m)."""

from __future__ import annotations

from trasunto.reports.blocks import Block, Words
from trasunto.reports.papers import parts
from trasunto.reports.papers.writer import Writer


def write(w: Writer) -> list[Block]:
    """The blocks of the statement."""
    return [
        Words(w.say("de.told")),
        Words(w.say("de.no_claim"), "warning"),
        w.heading("source_data"),
        w.table([*parts.source_rows(w), w.row("rows_made", w.run.rows, w.run.place("synthesis") + ".rows")]),
        *_linked(w),
        w.heading("de.m1"),
        *parts.measures(w)[1:],
        *w.blanks("ccpa_measures"),
        w.heading("de.m2"),
        Words(w.say("de.m2.told")),
        Words(w.say("de.m2.draft")),
        *w.blanks("ccpa_commitment"),
        w.heading("de.m3"),
        Words(w.say("de.m3.draft")),
        *w.blanks("recipients", "ccpa_contracts"),
        w.heading("de.patients"),
        Words(w.say("de.patients.told")),
        *w.blanks("ccpa_patients"),
        *parts.files(w),
        *w.laws("ccpa", "ccpa_reidentify", "ccpa_risk"),
        *w.signature(),
    ]


def _linked(w: Writer) -> list[Block]:
    blocks: list[Block] = [w.heading("de.linked")]
    if any(w.run.score(metric) is None for metric in parts.ATTACKS):
        blocks.append(Words(w.say("de.linked.unmeasured"), "warning"))
    blocks += w.scores(parts.ATTACKS, "how.attack")
    blocks += [said for metric in parts.ATTACKS if (said := parts.attacked(w, metric))]
    return [*blocks, Words(w.say("report_private"))]

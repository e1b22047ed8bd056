"""The anonymisation assessment: the three tests of WP 216, measured, and never a verdict."""

from __future__ import annotations

from trasunto.reports.blocks import Block, Grid, Points, Words
from trasunto.reports.papers import parts
from trasunto.reports.papers.writer import Writer

TESTS = ("singling_out", "linkability", "inference")


def write(w: Writer) -> list[Block]:
    """The blocks of the assessment."""
    return [
        Words(w.say("an.no_verdict"), "warning"),
        Words(w.say("an.told")),
        *_object(w),
        *(block for test in TESTS for block in _test(w, test)),
        w.heading("an.beyond"),
        Words(w.say("an.beyond.told")),
        *w.scores(("privacy.membership", *parts.SIGNS), "how.measure", parts.FURTHER),
        Words(w.say("report_private")),
        *_bound(w),
        *_gates(w),
        *parts.measures(w),
        w.heading("an.not_covered"),
        Points(w.points("an.not_covered", 4)),
        w.heading("an.judgement"),
        *w.blanks("release_model", "recipients", "attackers", "acceptable_risk", "anonymity_decision", "review"),
        *w.laws("gdpr_definitions", "wp216", "edpb_models", "srb", "lopdgdd"),
        *w.signature(),
    ]


def _object(w: Writer) -> list[Block]:
    at = w.run.place("privacy")
    rows = [
        *parts.source_rows(w),
        w.row("rows_made", w.run.rows, w.run.place("synthesis") + ".rows"),
        w.row("an.keys", w.run.privacy.get("keys") or None, f"{at}.keys"),
        w.row("an.secrets", w.run.privacy.get("secrets") or None, f"{at}.secrets"),
    ]
    return [w.heading("an.object"), w.table(rows), *parts.files(w)]


def _test(w: Writer, test: str) -> list[Block]:
    """One test: what it asks, what was measured, what that says."""
    blocks: list[Block] = [w.heading(f"an.{test}"), Words(w.say(f"an.{test}.asks"))]
    said = parts.attacked(w, f"privacy.{test}")
    if said is None:
        blocks.append(Words(w.say("an.unmeasured"), "warning"))
    blocks += w.scores((f"privacy.{test}",), "how.attack", (f"privacy.{test}_success",))
    return [*blocks, said] if said else blocks


def _bound(w: Writer) -> list[Block]:
    key = "an.bound.yes" if w.run.guarantee else "an.bound.no"
    return [w.heading("an.bound"), Words(w.say(key, text=parts.guarantee_text(w)))]


def _gates(w: Writer) -> list[Block]:
    gates = [each for each in w.run.manifest.get("gates") or [] if each["gate"].startswith("privacy.")]
    blocks: list[Block] = [w.heading("an.gates")]
    if not gates:
        return [*blocks, Words(w.say("an.gates.none"))]
    head = (w.say("an.gate"), w.say("value"), w.say("an.kept"), w.say("source"))
    rows = tuple((each["gate"], w.number(each["value"]), w.value(each["passed"]), "run.json: gates") for each in gates)
    return [*blocks, Grid(head, rows, right=(1,))]

"""The data protection impact assessment (GDPR art. 35(7)): what the run can tell, and what people must judge."""

from __future__ import annotations

from trasunto.reports.blocks import Block, Grid, Words
from trasunto.reports.papers import parts
from trasunto.reports.papers.processing_record import flagged, operation, ordered
from trasunto.reports.papers.writer import Writer

RISKS = (
    ("singling", "privacy.singling_out"),
    ("link", "privacy.linkability"),
    ("infer", "privacy.inference"),
    ("member", "privacy.membership"),
    ("copy", "privacy.exact_copies"),
    ("rare", "privacy.outliers"),
)


def write(w: Writer) -> list[Block]:
    """The blocks of the assessment, in the order of points (a) to (d)."""
    return [
        w.heading("dpia.need"),
        Words(w.say("dpia.signs", signs="; ".join(_signs(w)))),
        *w.blanks("dpia_required"),
        w.heading("dpia.a"),
        *w.blanks("controller"),
        w.table(parts.purpose_rows(w)),
        *w.blanks("purpose", "data_subjects", "special_categories", "recipients", "retention"),
        w.heading("source_data", 3),
        w.table([*parts.source_rows(w), w.row("rows_made", w.run.rows, w.run.place("synthesis") + ".rows")]),
        w.heading("dpia.flow", 3),
        _flow(w),
        *parts.columns(w),
        w.heading("dpia.b"),
        *_minimised(w),
        *w.blanks("necessity", "legal_basis", "rights"),
        *_risks(w),
        *parts.fairness(w),
        w.heading("dpia.d"),
        *parts.measures(w)[1:],
        *parts.protection(w),
        *w.blanks("security_measures"),
        w.heading("dpia.people"),
        *w.blanks("views", "dpo_advice", "risk_judgement", "prior_consultation", "decision", "review"),
        *w.laws("gdpr_dpia", "wp248", "wp216", "edpb_models", "lopdgdd"),
        *w.signature(),
    ]


def _signs(w: Writer) -> list[str]:
    data, sensitive = w.run.facts.get("data") or {}, flagged(w)
    found = [w.say("dpia.sign.rows", rows=w.value(data.get("rows"))), w.say("dpia.sign.new")]
    if sensitive:
        found.append(w.say("dpia.sign.sensitive", columns=", ".join(sensitive)))
    return [*found, w.say("dpia.sign.match")]


def _flow(w: Writer) -> Grid:
    steps = w.run.manifest.get("steps") or {}
    head = (w.say("dpia.operation"), w.say("dpia.seconds"), w.say("source"))
    rows = tuple((operation(w, name), w.exact(steps[name]), f"run.json: steps.{name}") for name in ordered(w))
    return Grid(head, rows, right=(1,))


def _minimised(w: Writer) -> list[Block]:
    data = w.run.facts.get("data") or {}
    dropped = (w.run.recipe.get("data") or {}).get("drop") or []
    whole = data.get("rows_read") or data.get("rows")
    told = w.say("dpia.minimised", count=len(dropped), rows=w.value(data.get("rows")), whole=w.value(whole))
    return [Words(told)]


def _risks(w: Writer) -> list[Block]:
    """Each risk with its evidence."""
    rows = [(w.say(f"dpia.r.{name}"), _evidence(w, metric), f"scores.json: {metric}") for name, metric in RISKS]
    protected = w.run.fairness.get("protected")
    fair = w.say("dpia.e.fair", columns=", ".join(protected)) if protected else w.say("not_measured")
    rows.append((w.say("dpia.r.fair"), fair, w.run.place("fairness")))
    tells = w.run.score("fidelity.c2st")
    wrong = w.say("dpia.e.wrong", value=w.number(tells.value)) if tells else w.say("not_measured")
    rows.append((w.say("dpia.r.wrong"), wrong, "scores.json: fidelity.c2st"))
    model = w.say("dpia.e.model", text=parts.guarantee_text(w))
    rows.append((w.say("dpia.r.model"), model, "run.json: guarantee"))
    head = (w.say("dpia.risk"), w.say("dpia.evidence"), w.say("source"))
    blocks: list[Block] = [w.heading("dpia.c"), Words(w.say("dpia.c.told")), Grid(head, tuple(rows))]
    blocks += [said for _, metric in RISKS[:4] if (said := parts.attacked(w, metric))]
    missing = [metric for _, metric in RISKS if w.run.score(metric) is None]
    if missing:
        names = "; ".join(f"{w.name(metric)} ({metric})" for metric in missing)
        blocks.append(Words(w.say("to_measure", names=names, how=w.say("how.attack")), "warning"))
    return [*blocks, Words(w.say("report_private"))]


def _evidence(w: Writer, metric: str) -> str:
    score = w.run.score(metric)
    if score is None:
        return w.say("not_measured")
    return w.say(
        "dpia.e.score",
        value=w.number(score.value),
        interval=w.interval(score),
        control=w.number(score.control),
        baseline=w.number(score.baseline),
    )

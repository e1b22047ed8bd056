"""Sections that several papers share: the real rows, the columns, the measures taken, what was attacked."""

from __future__ import annotations

from typing import Any

from trasunto.metrics.score import Score
from trasunto.reports.blocks import Block, Grid, Points, Words
from trasunto.reports.papers.words.said import WORDS
from trasunto.reports.papers.words.spoken import spoken
from trasunto.reports.papers.writer import Row, Writer
from trasunto.reports.protection import note_told
from trasunto.reports.words import known
from trasunto.reports.words import say as report_words

ATTACKS = ("privacy.singling_out", "privacy.linkability", "privacy.inference", "privacy.membership")
FURTHER = ("privacy.membership_tpr_1", "privacy.verbatim_text", "privacy.ngram_overlap", "privacy.near_duplicates")
# Scores by metric and subject.
Measured = dict[tuple[str, str], Score]
SIGNS = ("privacy.outliers", "privacy.exact_copies", "privacy.near_copies", "privacy.nearer_to_train")


def source_rows(w: Writer) -> list[Row]:
    """Where the real rows came from and how many were used."""
    data, at = w.run.facts.get("data") or {}, w.run.place("data")
    parts = (w.run.manifest.get("split") or {}).get("parts") or {}
    dropped = (w.run.recipe.get("data") or {}).get("drop") or []
    rows = [
        w.row("from", data.get("source"), f"{at}.source"),
        w.row("source_licence", data.get("licence"), f"{at}.licence"),
        w.row("rows_read", data.get("rows_read") or data.get("rows"), f"{at}.rows_read"),
        w.row("rows_used", data.get("rows"), f"{at}.rows"),
        w.row("rows_train", (parts.get("train") or {}).get("rows"), "run.json: split.parts.train.rows"),
        w.row("rows_holdout", (parts.get("holdout") or {}).get("rows"), "run.json: split.parts.holdout.rows"),
        w.row("columns_used", sum(len(t.columns) for t in w.run.schema.tables.values()), "synthetic/schema.json"),
        w.row("columns_dropped", list(dropped) or w.say("none"), "recipe.yaml: data.drop"),
        w.row("source_digest", data.get("digest"), f"{at}.digest"),
    ]
    return [row for row in rows if row[0] != w.say("source_licence") or data.get("licence")]


def purpose_rows(w: Writer) -> list[Row]:
    """What the recipe says the work is for."""
    return [
        w.row("purpose_stated", w.run.privacy.get("purpose"), w.run.place("privacy") + ".purpose"),
        w.row("use_case", w.run.facts.get("use_case"), w.run.place("use_case")),
    ]


def columns(w: Writer) -> list[Block]:
    """Names, kinds and roles of the synthetic columns; no value of any row."""
    roles = {c["name"]: c.get("role") for c in (w.run.facts.get("data") or {}).get("columns") or []}
    blocks: list[Block] = [w.heading("columns"), Words(w.say("columns.told"))]
    head = tuple(w.say(each) for each in ("column", "kind", "role", "may_miss"))
    for table in w.run.schema.tables.values():
        rows = tuple(
            (
                column.name,
                report_words(f"kind_{column.kind}", w.at),
                role_of(w, roles.get(column.name) or column.role or ""),
                w.say("yes" if column.nullable else "no"),
            )
            for column in table.columns
        )
        blocks.append(Grid(head, rows))
    return blocks


def role_of(w: Writer, role: str) -> str:
    """A role in the language of the paper; "–" for none."""
    if f"role.{role}" in WORDS:
        return w.say(f"role.{role}")
    return report_words(f"role_{role}", w.at) if role and known(f"role_{role}") else role or "–"


def files(w: Writer) -> list[Block]:
    """The files of the synthetic rows, by hash."""
    head = tuple(w.say(each) for each in ("file", "bytes", "sha"))
    rows = tuple((f.name, w.number(f.size), f.sha256) for f in w.run.synthetic(".csv", ".parquet"))
    return [w.heading("files"), Grid(head, rows, right=(1,))]


def guarantee_text(w: Writer) -> str:
    """The guarantee in one line, or that there is none."""
    found = w.run.guarantee
    if not found:
        return w.say("m.dp_no")
    spent = found["spent"]
    epsilon, delta = w.exact(spent["epsilon"]), w.exact(spent.get("delta", 0.0))
    return w.say("m.dp_yes", epsilon=epsilon, delta=delta, unit=unit(w, found["unit"]))


def guarantee_line(w: Writer) -> str:
    """The guarantee as a sentence of its own."""
    return f"{w.say('m.dp')}: {guarantee_text(w)}."


def unit(w: Writer, text: str) -> str:
    """The unit of the claim in the language of the paper."""
    if text == "row":
        return w.say("unit.row")
    if text.startswith("person (") and text.endswith(")"):
        return w.say("unit.person", column=text[len("person (") : -1])
    if text.startswith("family (") and text.endswith(")"):
        return w.say("unit.family", table=text[len("family (") : -1])
    return text


def actions(protection: dict[str, Any]) -> dict[str, str]:
    """What was done to each column, whatever the form it was recorded in."""
    found = protection.get("actions") or protection.get("columns") or {}
    if isinstance(found, list):
        found = {str(each.get("column", "")): each for each in found}
    told = {}
    for column, action in found.items():
        if isinstance(action, dict):
            action = action.get("action") or action.get("do") or action.get("name") or ""
        told[str(column)] = str(action)
    return told


def _action(w: Writer, action: str) -> str:
    """A treatment in the language of the paper."""
    return w.say(f"act.{action}") if f"act.{action}" in WORDS else action or w.say("m.none")


def measures(w: Writer) -> list[Block]:
    """What the run did for the people in the data; what it did not is said too."""
    run, privacy = w.run, w.run.privacy
    no = w.say("m.none")
    holdout = ((run.manifest.get("split") or {}).get("parts") or {}).get("holdout") or {}
    dropped = (run.recipe.get("data") or {}).get("drop") or []
    treated = {name: how for name, how in actions(privacy.get("protection") or {}).items() if how != "keep"}
    consent = privacy.get("consent") or {}
    gates = run.manifest.get("gates") or []
    groups = (ATTACKS, SIGNS)
    attacked, signs = ([w.name(each).partition(":")[0] for each in group if run.score(each)] for group in groups)
    kept = w.say("m.split_yes", rows=w.number(holdout["rows"])) if holdout.get("rows") else no
    done = ", ".join(f"{column} ({_action(w, action)})" for column, action in treated.items())
    rows: list[tuple[str, str, str]] = [
        (w.say("m.split"), kept, "run.json: split.parts.holdout"),
        (w.say("m.drop"), ", ".join(dropped) or no, "recipe.yaml: data.drop"),
        (
            w.say("m.protect"),
            w.say("m.protect_yes", count=len(treated), actions=done) if treated else no,
            run.place("privacy") + ".protection",
        ),
        (
            w.say("m.consent"),
            w.say(
                "m.consent_yes",
                count=w.value(consent.get("rows_excluded")),
                column=consent.get("column") or consent.get("purposes"),
            )
            if consent
            else no,
            run.place("privacy") + ".consent",
        ),
        (w.say("m.dp"), guarantee_text(w), "run.json: guarantee"),
        (w.say("m.attacks"), "; ".join(attacked) or w.say("not_measured"), "scores.json"),
        (w.say("m.signs"), "; ".join(signs) or w.say("not_measured"), "scores.json"),
        (
            w.say("m.gates"),
            w.say(
                "m.gates_yes",
                passed=sum(1 for each in gates if each["passed"]),
                count=len(gates),
                gates=", ".join(each["gate"] for each in gates),
            )
            if gates
            else no,
            "run.json: gates",
        ),
    ]
    head = (w.say("measure"), w.say("state"), w.say("source"))
    return [w.heading("measures"), Grid(head, tuple(rows))]


def protection(w: Writer, level: int = 2) -> list[Block]:
    """Identifiers found, what became of each column, and what that did to how alike people are."""
    found, at = w.run.privacy.get("protection") or {}, w.run.place("privacy") + ".protection"
    treated = actions(found)
    blocks: list[Block] = [w.heading("protection", level)]
    if not treated and not found.get("findings"):
        return [*blocks, Words(w.say("protection.none"), "warning")]
    kinds: dict[str, list[str]] = {}
    for each in (*(found.get("findings") or ()), *(found.get("actions") or ())):
        if isinstance(each, dict) and each.get("column") and each.get("kind"):
            kinds.setdefault(str(each["column"]), []).append(_kind(w, str(each["kind"])))
    rows = tuple(
        (name, ", ".join(dict.fromkeys(kinds.get(name, []))) or "–", _action(w, treated.get(name, "")), at)
        for name in dict.fromkeys([*treated, *kinds])
    )
    head = tuple(w.say(each) for each in ("column", "found", "action", "source"))
    blocks.append(Grid(head, rows))
    before, after = found.get("before") or {}, found.get("after") or {}
    alike = tuple(
        (w.say(f"alike.{key}"), w.value(before.get(key)), w.value(after.get(key)), at)
        for key in ("k", "unique", "risk", "l", "t")
        if before.get(key) is not None or after.get(key) is not None
    )
    if alike:
        head = (w.say("measure"), w.say("before"), w.say("after"), w.say("source"))
        blocks.append(Grid(head, alike, right=(1, 2)))
    suppressed = sum((found.get("suppressed") or {}).values())
    if suppressed:
        blocks.append(w.table([w.row("alike.suppressed", suppressed, f"{at}.suppressed")]))
    left = {column: rows for column, rows in (found.get("left") or {}).items() if rows}
    if left:
        blocks.append(Words(w.say("alike.left", columns=w.value(left)), "warning"))
    notes = tuple(_noted(w, str(each)) for each in found.get("notes") or ())
    return [*blocks, Points(notes)] if notes else blocks


def _noted(w: Writer, note: str) -> str:
    told = note_told(note, w.at)
    return told if told != note else spoken(note, w.at)


def _kind(w: Writer, kind: str) -> str:
    """A kind of identifier in the language of the paper."""
    return w.say(f"kind.{kind}") if f"kind.{kind}" in WORDS else kind.replace("_", " ")


def attacked(w: Writer, metric: str) -> Words | None:
    """What an attack says, in a sentence; None when it was not made."""
    score = w.run.score(metric)
    if score is None:
        return None
    named = {"metric": w.name(metric), "value": w.number(score.value)}
    if score.interval is None or score.control is None:
        ends = {"low": w.number(score.interval[0]), "high": w.number(score.interval[1])} if score.interval else None
        told = w.say("attack.interval", **ends) if ends else ""
        return Words(w.say("attack.bare", **named, interval=told), "warning")
    ends = {"low": w.number(score.interval[0]), "high": w.number(score.interval[1])}
    above = score.interval[0] > score.control
    told = w.say("attack.above" if above else "attack.level", **named, **ends, control=w.number(score.control))
    if score.baseline is not None and score.baseline > score.value:
        told += " " + w.say("attack.guess", baseline=w.number(score.baseline))
    return Words(told, "warning" if above else "")


def fairness(w: Writer) -> list[Block]:
    """Groups compared, before and after a repair, with what it cost. Groups are named by their columns alone."""
    found, at = w.run.fairness, w.run.place("fairness")
    blocks: list[Block] = [w.heading("fairness")]
    if not found.get("protected"):
        return [*blocks, Words(w.say("fairness.none", how=w.say("how.fairness")), "warning")]
    blocks.append(Words(w.say("fairness.told", columns=", ".join(found["protected"]))))
    before, after = (_by_name(w, found.get(each) or []) for each in ("before", "after"))
    if not before and not after:
        before = _by_name(w, [s.to_dict() for s in w.run.scores if s.metric.startswith("fairness.")])
    blocks.append(_groups(w, before, after, f"{at}.before, .after"))
    told = _repaired(w, found.get("repair") or {}, f"{at}.repair")
    told += [
        (w.say("fairness.cost", name=name), w.value(value), f"{at}.cost")
        for name, value in (found.get("cost") or {}).items()
    ]
    return [*blocks, *([w.table(told)] if told else []), *_flags(w, found.get("flags") or [])]


def _repaired(w: Writer, repair: dict[str, Any], at: str) -> list[Row]:
    """What a repair was asked to do and what it changed; shares by group stay in the report."""
    if not repair:
        return []
    mark = repair.get("mark") or {}
    rows = [
        w.row("fairness.mode", repair.get("mode"), f"{at}.mode"),
        w.row("fairness.intensity", repair.get("intensity"), f"{at}.intensity"),
    ]
    if mark:
        rows.append(w.row("fairness.changed", w.percent(mark.get("outcomes_changed", 0.0)), f"{at}.mark"))
        rows.append(w.row("fairness.added", mark.get("rows_added"), f"{at}.mark"))
    return rows


def _flags(w: Writer, flags: list[dict[str, Any]]) -> list[Block]:
    """Figures beyond a limit, which somebody must justify."""
    if not flags:
        return []
    head = tuple(w.say(each) for each in ("metric", "subject", "value", "fairness.limit", "fairness.as_real"))
    rows = tuple(
        (w.name(f["metric"]), f["subject"], w.number(f["value"]), w.exact(f["limit"]), w.value(bool(f["as_real"])))
        for f in flags
        if _columns_alone(w, f["subject"])
    )
    return [Words(w.say("fairness.flags"), "warning"), Grid(head, rows, right=(2, 3)), w.blank("fairness_flags")]


def _columns_alone(w: Writer, subject: str) -> bool:
    """Whether a subject names columns and no value of theirs."""
    names = {column.name for table in w.run.schema.tables.values() for column in table.columns}
    return all(part in names for part in subject.split(" × "))


def _groups(w: Writer, before: Measured, after: Measured, at: str) -> Block:
    """The figures of each column, or before and after a repair. A figure of one column alone is not told twice."""
    named = dict.fromkeys([*before, *after])
    columns = {subject for _, subject in named if subject}
    shown = [each for each in named if each[1] or not columns or len(columns) > 1]
    if not shown:
        return Words(w.say("not_measured"), "warning")
    first, ends = (w.say("metric"), w.say("subject")), w.say("interval")
    if not after:
        plain = tuple((w.name(n), s or w.say("all"), *_told(w, before[n, s]), f"scores.json: {n}") for n, s in shown)
        return Grid((*first, w.say("value"), ends, w.say("source")), plain, right=(2, 3))
    rows = [
        (
            w.name(name),
            subject or w.say("all"),
            *(_told(w, before[name, subject]) if (name, subject) in before else ("–", "–")),
            *(_told(w, after[name, subject]) if (name, subject) in after else ("–", "–")),
            at,
        )
        for name, subject in shown
    ]
    head = (*first, w.say("before"), ends, w.say("after"), ends, w.say("source"))
    return Grid(head, tuple(rows), right=(2, 3, 4, 5))


def _told(w: Writer, score: Score) -> tuple[str, str]:
    return w.number(score.value), w.interval(score)


def _by_name(w: Writer, scores: list[dict[str, Any]]) -> Measured:
    """Scores as a whole or by column. Those by group name values of people's columns, and stay in the report."""
    found = [Score.from_dict(each) for each in scores]
    whole = [each for each in found if not each.subject or _columns_alone(w, each.subject)]
    return {(each.metric, each.subject): each for each in whole}

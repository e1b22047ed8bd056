"""The story of a report as blocks, once; every form renders these and decides nothing."""

from __future__ import annotations

from typing import Any

from trasunto.reports.blocks import Block, Card, Cards, Code, Grid, Heading, Picture, Points, Words
from trasunto.reports.classified import FIGURES, classified
from trasunto.reports.column_words import why_told
from trasunto.reports.fairness import fairness
from trasunto.reports.limits import limits
from trasunto.reports.related import along_keys, delivered, drawn, linked, tables
from trasunto.reports.repeats import repeats
from trasunto.reports.report import Report
from trasunto.reports.risks import card, risks
from trasunto.reports.words import ends, known, number, percent, say, within
from trasunto.reports.written import made_ready, written, written_card

SHOWN_COLUMNS = 60


def story(report: Report) -> tuple[Block, ...]:
    """All blocks in order. A section about which nothing is known is left out."""
    parts = (
        _summary(report),
        _use_case(report),
        _data(report),
        _synthesis(report),
        _training(report),
        _results(report),
        fairness(report),
        _privacy(report),
        _limits(report),
        _repeat(report),
        _glossary(report),
    )
    return tuple(block for part in parts for block in part)


def _summary(report: Report) -> list[Block]:
    at = report.language
    cards: list[Card] = []
    # Where there is text, the text is what a reader would look at.
    faithful = report.score("fidelity.text") or report.score("fidelity.c2st") or report.score("relations.c2st")
    if faithful:
        tone = "good" if faithful.value <= 0.6 else "fair" if faithful.value <= 0.75 else "poor"
        # Without a control there were no unseen rows, and a copy of the training rows would score best.
        alone = faithful.control is None and tone == "good"
        detail = say("faithful_alone" if alone else f"faithful_{tone}", at) + within(faithful.interval, at)
        tone = "fair" if alone else tone
        cards.append(Card(say("faithful", at), number(faithful.value, at), detail, tone))
    cards += linked(report)
    made = report.score("utility.tstr")
    if made and made.control:
        share = made.value / made.control
        detail = say("useful_detail", at, made=number(made.value, at), real=number(made.control, at))
        ratio = report.score("utility.tstr_ratio")
        detail += within(ratio.interval if ratio else None, at, percent)
        tone = "good" if share >= 0.97 else "fair" if share >= 0.9 else "poor"
        cards.append(Card(say("useful", at), percent(share, at), detail, tone))
    nearer = report.score("privacy.nearer_to_train")
    copied = report.score("privacy.verbatim_text")
    if copied:
        tone = "good" if copied.value <= (copied.control or 0.0) else "poor"
        detail = say("copied_detail", at) + within(copied.interval, at, percent)
        cards.append(Card(say("copied", at), percent(copied.value, at), detail, tone))
    elif attacked := card(report):
        cards.append(attacked)
    elif nearer and nearer.interval:
        tone = "good" if nearer.interval[0] <= 0.5 else "fair" if nearer.value <= 0.56 else "poor"
        words = say("private_good" if tone == "good" else "private_poor", at) + within(nearer.interval, at, percent)
        cards.append(Card(say("private", at), percent(nearer.value, at), words, tone))
    cards += written_card(report)
    arms = {each.arm: each for each in report.evaluations}
    if "synthetic" in arms:
        f1, real = arms["synthetic"].macro_f1, arms.get("real")
        detail = say("model_detail", at, real=number(real.macro_f1 if real else None, at))
        detail += within(arms["synthetic"].intervals.get("macro_f1"), at)
        tone = "good" if real is None or f1 >= 0.95 * real.macro_f1 else "fair" if f1 >= 0.8 * real.macro_f1 else "poor"
        cards.append(Card(say("model", at), number(f1, at), detail, tone))
    if report.verdicts:
        failed = sum(not verdict.passed for verdict in report.verdicts)
        words = say("gates_failed", at, count=failed) if failed else say("gates_passed", at)
        cards.append(
            Card(
                say("gates", at),
                f"{len(report.verdicts) - failed} / {len(report.verdicts)}",
                words,
                "poor" if failed else "good",
            )
        )
    if not cards:
        return []
    blocks: list[Block] = [Heading(say("summary", at), "summary"), Cards(tuple(cards))]
    if report.verdicts:
        rows = tuple(
            (str(v.gate), number(v.value, at), say("passed" if v.passed else "failed", at)) for v in report.verdicts
        )
        blocks.append(Grid((say("gate", at), say("measured", at), say("verdict", at)), rows, right=(1,)))
    return blocks


def _use_case(report: Report) -> list[Block]:
    text = report.facts.get("use_case")
    return [Heading(say("use_case", report.language), "use-case"), Words(text)] if text else []


def _data(report: Report) -> list[Block]:
    at, data, split = report.language, report.facts.get("data") or {}, report.facts.get("split") or {}
    if not data and not split:
        return []
    blocks: list[Block] = [Heading(say("data", at), "data")]
    columns = data.get("columns", [])
    if data:
        rows = number(data.get("rows"), at)
        if data.get("source"):
            words = say(
                "source", at, source=data["source"], rows=rows, columns=len(columns), licence=data.get("licence", "")
            )
        else:
            words = say("no_source", at, rows=rows, columns=len(columns))
        blocks.append(Words(words.strip()))
    blocks += drawn(report)
    if "breaches" in data:
        if data["breaches"]:
            blocks += [Words(say("breaches", at), "warning"), Points(tuple(data["breaches"][:20]))]
        else:
            blocks.append(Words(say("no_breaches", at)))
    if split.get("parts"):
        told = say("split_told", at, seed=split["seed"]) if "seed" in split else say("files_told", at)
        for key, word in (("stratify", "stratified"), ("group", "grouped")):
            if split.get(key):
                told += " " + say(word, at, column=split[key])
        if "shared_rows" in split:
            told += " " + say("shared", at, count=number(split["shared_rows"], at))
        parts = tuple((_part(name, at), number(p["rows"], at), p["digest"]) for name, p in split["parts"].items())
        blocks += [Words(told), Grid((say("part", at), say("rows", at), say("digest", at)), parts, right=(1,))]
    blocks += tables(report)
    blocks += made_ready(split, at)
    blocks += [Picture(figure) for figure in report.figures if figure.section == "data"]
    if columns:
        head = tuple(say(key, at) for key in ("column", "kind", "role", "missing", "distinct", "reason"))
        lines = tuple(_column(column, at) for column in columns[:SHOWN_COLUMNS])
        blocks += [Heading(say("columns_first", at), "columns", 3), Grid(head, lines, right=(3, 4), long=True)]
        if len(columns) > SHOWN_COLUMNS:
            blocks.append(Words(say("and_more", at, count=len(columns) - SHOWN_COLUMNS)))
    return blocks


def _column(column: dict[str, Any], at: str) -> tuple[str, ...]:
    counts = (number(column["missing"], at), number(column["distinct"], at))
    kind, role = (_part(f"kind_{column['kind']}", at), _part(f"role_{column['role']}", at) if column["role"] else "")
    return (column["name"], kind, role, *counts, why_told(column["reason"], at))


def _synthesis(report: Report) -> list[Block]:
    at, made = report.language, report.facts.get("synthesis") or {}
    figures = [figure for figure in report.figures if figure.section == "synthesis"]
    if not made and not figures:
        return []
    blocks: list[Block] = [Heading(say("synthesis", at), "synthesis")]
    if made:
        blocks.append(
            Words(
                say(
                    "made",
                    at,
                    rows=number(made["rows"], at),
                    name=made["synthesizer"],
                    seed=made["seed"],
                    fit=number(made["fit_seconds"], at, 1),
                    sample=number(made["sample_seconds"], at, 1),
                )
            )
        )
        method = made.get("method") or {}
        if method.get("method"):
            key = f"method_{made['synthesizer']}"
            told = say(key, at) if known(key) else method["method"]
            blocks.append(Words(told + (f" ({method['source']})" if method.get("source") else "")))
        if method.get("leaves"):
            key = "not_left" if method["leaves"].startswith("No real text") else "left"
            engine = method.get("engine") or method.get("translator")
            blocks.append(Words(say(key, at, engine=engine), "warning" if key == "left" else ""))
        guarantee = made.get("guarantee")
        blocks.append(
            Words(say("guarantee", at, **guarantee["spent"], unit=guarantee["unit"], mechanism=guarantee["mechanism"]))
            if guarantee
            else Words(say("no_guarantee", at), "warning")
        )
        if made.get("curation"):
            used = made["curation"].get("usage")
            prompted = f" {say('prompts_used', at, **{k: number(v, at) for k, v in used.items()})}" if used else ""
            blocks.append(Words(_curation(made["curation"], at) + prompted))
        if made.get("curated"):
            blocks.append(Words(_curation(made["curated"], at, "curated")))
        settings = {
            **(method.get("settings") or {}),
            **(method.get("hyperparameters") or {}),
            **made.get("settings", {}),
        }
        if settings:
            rows = tuple((str(key), _plain(value, at)) for key, value in settings.items())
            blocks.append(Grid((say("setting", at), say("value", at)), rows, long=True))
    return [*blocks, *(Picture(figure) for figure in figures), *delivered(report)]


def _curation(counts: dict[str, Any], at: str, key: str = "curation") -> str:
    fallen = [(count, reason) for reason, count in counts["rejected"].items() if count]
    rejected = ", ".join(f"{number(count, at)} {_reason(reason, at)}" for count, reason in fallen) or "–"
    told = [say(key, at, written=number(counts["written"], at), kept=number(counts["kept"], at), rejected=rejected)]
    told += [
        say(name, at, count=number(counts[name], at))
        for name in ("relabelled", "despite_disagreement")
        if counts.get(name)
    ]
    return " ".join(told)


def _reason(reason: str, at: str) -> str:
    """Why a text was thrown away, in words."""
    return say(f"fallen_{reason}", at) if known(f"fallen_{reason}") else _part(reason, at)


def _training(report: Report) -> list[Block]:
    at, facts = report.language, report.facts.get("training") or {}
    if not facts:
        return []
    blocks: list[Block] = [Heading(say("training", at), "training")]
    task = facts.get("task", "")
    blocks.append(
        Words(
            say(
                "trained",
                at,
                base=facts.get("base", ""),
                task=say(task, at) if known(task) else task,
                examples=number(facts.get("examples", facts.get("texts", 0)), at),
                trained=number(facts.get("trained_parameters", 0), at),
                parameters=number(facts.get("parameters", 0), at),
            )
        )
    )
    if facts.get("architecture"):
        key = facts["architecture"]
        blocks.append(Words(f"{say('architecture', at)}: {say(key, at) if known(key) else key}."))
    if facts.get("hyperparameters"):
        rows = tuple((key, _plain(value, at)) for key, value in facts["hyperparameters"].items())
        blocks += [
            Heading(say("hyperparameters", at), "hyperparameters", 3),
            Grid((say("setting", at), say("value", at)), rows),
        ]
    if facts.get("prepare"):
        parts = list(facts["prepare"])
        lines: tuple[tuple[str, ...], ...]
        steps = list(dict.fromkeys(step for part in parts for step in facts["prepare"][part]))
        lines = tuple(
            (_part(f"step_{step}", at), *(number(facts["prepare"][part].get(step), at) for part in parts))
            for step in steps
        )
        head = (say("what", at), *(_part(part, at) for part in parts))
        blocks += [Heading(say("prepared", at), "prepared", 3), Grid(head, lines, right=tuple(range(1, len(head))))]
    return [*blocks, *(Picture(figure) for figure in report.figures if figure.section == "training")]


def _results(report: Report) -> list[Block]:
    at = report.language
    scores = [s for s in report.scores if not s.subject and not s.metric.startswith(("privacy.", "fairness."))]
    figures = [figure for figure in report.figures if figure.section == "results"]
    if not scores and not report.evaluations and not report.written and not figures:
        return []
    blocks: list[Block] = [Heading(say("results", at), "results"), Words(say("results_told", at))]
    if scores:
        blocks.append(_scores(scores, at))
    blocks += [Picture(f) for f in figures if not f.name.startswith((*FIGURES, "confusion"))]
    worst = [s for s in report.scores if s.subject and s.metric in ("fidelity.shapes", "fidelity.trends")]
    if worst:
        head = tuple(say(key, at) for key in ("metric", "subject", "value", "baseline", "control"))
        chosen = [
            *[s for s in worst if s.metric == "fidelity.shapes"][:8],
            *[s for s in worst if s.metric == "fidelity.trends"][:8],
        ]
        rows = tuple(
            (s.metric, s.subject, number(s.value, at), number(s.baseline, at), number(s.control, at)) for s in chosen
        )
        blocks += [Heading(say("worst_columns", at), "worst", 3), Grid(head, rows, right=(2, 3, 4), long=True)]
    rules = [s for s in report.scores if s.subject and s.metric == "fidelity.constraints"]
    if rules:
        head = tuple(say(key, at) for key in ("rule", "broken_made", "broken_real"))
        lines = tuple((s.subject, percent(s.value, at), percent(s.control or 0.0, at)) for s in rules)
        blocks += [Heading(say("rules", at), "rules", 3), Grid(head, lines, right=(1, 2), long=True)]
    blocks += along_keys(report)
    blocks += repeats(report)
    blocks += written(report)
    return [*blocks, *classified(report)]


def _privacy(report: Report) -> list[Block]:
    at = report.language
    scores = [s for s in report.scores if not s.subject and s.metric.startswith("privacy.")]
    figures = [figure for figure in report.figures if figure.section == "privacy"]
    if not scores and not figures:
        return []
    blocks: list[Block] = [Heading(say("privacy", at), "privacy"), Words(say("privacy_told", at), "warning")]
    blocks += risks(report)
    if scores:
        blocks.append(_scores(scores, at))
    return [*blocks, *(Picture(figure) for figure in figures)]


def _limits(report: Report) -> list[Block]:
    found = limits(report)
    return [Heading(say("limits", report.language), "limits"), Points(found)] if found else []


def _repeat(report: Report) -> list[Block]:
    at, run = report.language, report.facts.get("run") or {}
    if not run.get("digest"):
        return []
    facts = [("run_id", run.get("id")), ("finished", run.get("finished"))]
    facts += [("seconds", number(run.get("seconds"), at, 1)), ("cores", run.get("cores")), ("seed", run.get("seed"))]
    rows = [(say(key, at), str(value)) for key, value in facts if value is not None]
    rows += [(say("version", at, name=name), str(value)) for name, value in (run.get("versions") or {}).items()]
    told = "repeat_private" if (report.facts.get("synthesis") or {}).get("guarantee") else "repeat_told"
    blocks: list[Block] = [
        Heading(say("repeat", at), "repeat"),
        Words(say(told, at, digest=run["digest"])),
        Grid((say("what", at), say("value", at)), tuple(rows), long=True),
    ]
    if run.get("recipe"):
        blocks += [Heading(say("recipe", at), "recipe", 3), Code(run["recipe"])]
    return blocks


def _glossary(report: Report) -> list[Block]:
    at = report.language
    names = list(dict.fromkeys(score.metric for score in report.scores))
    if not names:
        return []
    readings = {score.metric: score.reading for score in report.scores if score.reading}
    rows = tuple((name, say(name, at) if known(name) else readings.get(name, "")) for name in names)
    return [Heading(say("glossary", at), "glossary"), Grid((say("metric", at), say("what", at)), rows)]


def _scores(scores: list[Any], at: str) -> Grid:
    head = tuple(say(key, at) for key in ("metric", "value", "interval", "best", "baseline", "control"))
    rows = tuple(
        (
            s.metric,
            number(s.value, at),
            ends(s.interval, at),
            number(s.goal, at, 1),
            number(s.baseline, at),
            number(s.control, at),
        )
        for s in scores
    )
    return Grid(head, rows, right=(1, 3, 4, 5))


def _part(name: str, at: str) -> str:
    """The words of a key; what stands behind its first underscore when it has none."""
    return say(name, at) if known(name) else name.partition("_")[2] or name


def _plain(value: Any, at: str) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, float) and value == float("inf"):
        return "∞"
    if isinstance(value, float):
        return f"{value:g}" if at == "en" else f"{value:g}".replace(".", ",")
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)

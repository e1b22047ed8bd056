"""The cards: of the synthetic data, of the generator, of the language model (Mitchell et al. 2019)."""

from __future__ import annotations

from typing import Any

from trasunto.reports.blocks import Block, Grid, Links, Points, Words
from trasunto.reports.papers import parts
from trasunto.reports.papers.words.said import WORDS
from trasunto.reports.papers.words.spoken import spoken
from trasunto.reports.papers.writer import Row, Writer
from trasunto.reports.words import known
from trasunto.reports.words import say as report_words
from trasunto.reports.written import arm_of

FIDELITY = ("fidelity.c2st", "fidelity.shapes", "fidelity.trends", "fidelity.triples")
UTILITY = ("utility.tstr", "utility.tstr_ratio")
COMPARED = ("synthetic", "real", "majority")


def data_card(w: Writer) -> list[Block]:
    """The readable form of the data card."""
    created = w.row("dc.created", w.run.manifest.get("finished"), "run.json: finished")
    about = [w.row("dc.name", " / ".join(w.run.schema.tables), "synthetic/schema.json")]
    about += [w.row("dc.about", described(w), w.run.place("synthesis")), created]
    return [
        w.heading("dc.summary"),
        Words(w.say("dc.synthetic")),
        w.table([*about, *parts.purpose_rows(w)]),
        w.heading("dc.publication"),
        *w.blanks("creator", "licence", "url", "published"),
        w.heading("dc.composition"),
        w.table([w.row("rows_made", w.run.rows, w.run.place("synthesis") + ".rows")]),
        *parts.columns(w),
        *parts.files(w),
        w.heading("dc.origin"),
        w.table([*parts.source_rows(w), *method_rows(w)]),
        *w.blanks("collection"),
        *parts.measures(w),
        *parts.protection(w),
        w.heading("dc.quality"),
        *w.scores((*FIDELITY, *UTILITY), "how.measure"),
        w.heading("dc.leaks"),
        Words(parts.guarantee_line(w), "" if w.run.guarantee else "warning"),
        *w.scores((*parts.ATTACKS, *parts.SIGNS), "how.attack"),
        Words(w.say("report_private")),
        *parts.fairness(w),
        w.heading("dc.uses"),
        *w.blanks("uses", "misuses", "social_impact", "maintenance"),
        w.heading("dc.limits", 3),
        Points(w.points("dc.limits", 3)),
        w.heading("dc.machine"),
        Links((("croissant.json", "../croissant.json", w.say("dc.croissant")),)),
        *w.laws("croissant"),
    ]


def model_card(w: Writer) -> list[Block]:
    """The card of the generator, in the sections of Mitchell et al. 2019."""
    holdout = ((w.run.manifest.get("split") or {}).get("parts") or {}).get("holdout") or {}
    return [
        w.heading("mc.details"),
        w.table([*method_rows(w), *_made_with(w)]),
        *w.blanks("creator", "model_licence", "maintenance"),
        *_files(w, "model/"),
        w.heading("mc.use"),
        w.table(parts.purpose_rows(w)),
        *w.blanks("uses", "misuses"),
        w.heading("mc.factors"),
        *parts.fairness(w)[1:],
        w.heading("mc.metrics"),
        Words(w.say("mc.metrics.told", rows=w.value(holdout.get("rows")))),
        *w.scores((*FIDELITY, *UTILITY, *parts.ATTACKS, *parts.SIGNS), "how.measure"),
        w.heading("mc.training"),
        w.table(parts.source_rows(w)),
        *w.blanks("collection"),
        *parts.columns(w),
        w.heading("mc.ethics"),
        Words(w.say("mc.ethics.generator", guarantee=parts.guarantee_text(w)), "" if w.run.guarantee else "warning"),
        Words(w.say("report_private")),
        *w.blanks("social_impact"),
        w.heading("mc.caveats"),
        Points((*w.points("dc.limits", 3), w.say("mc.caveat.seed"), w.say("mc.caveat.report"))),
        *w.laws("model_cards", "edpb_models"),
    ]


def language_model_card(w: Writer) -> list[Block]:
    """The card of the language model; one sentence when none was trained."""
    training, at = w.run.training, w.run.place("training")
    if not training:
        return [w.heading("mc.details"), Words(w.say("lm.none"))]
    details = [
        w.row("lm.task", _word(w, str(training.get("task") or "")), f"{at}.task"),
        w.row("lm.base", training.get("base"), f"{at}.base"),
        w.row("lm.architecture", _word(w, str(training.get("architecture") or "")), f"{at}.architecture"),
        w.row("lm.parameters", training.get("parameters"), f"{at}.parameters"),
        w.row("lm.trained", training.get("trained_parameters"), f"{at}.trained_parameters"),
        w.row("lm.hyper", training.get("hyperparameters"), f"{at}.hyperparameters"),
        w.row("lm.labels", len((training.get("labels") or {}).get("synthetic") or []) or None, f"{at}.labels"),
        w.row("lm.examples", training.get("examples"), f"{at}.examples"),
        w.row("lm.seconds", training.get("seconds"), f"{at}.seconds"),
        w.row("mc.seed", training.get("seed"), f"{at}.seed"),
    ]
    return [
        w.heading("mc.details"),
        w.table([*details, *_made_with(w)]),
        *w.blanks("creator", "model_licence", "maintenance"),
        *_files(w, "language_model/"),
        w.heading("mc.use"),
        w.table(parts.purpose_rows(w)),
        *w.blanks("uses", "misuses"),
        w.heading("mc.factors"),
        *parts.fairness(w)[1:],
        *_arms(w),
        w.heading("mc.training"),
        w.table([w.row("dc.about", described(w), w.run.place("synthesis"))]),
        *parts.files(w)[1:],
        w.heading("mc.ethics"),
        Words(w.say("mc.ethics.language", guarantee=parts.guarantee_text(w)), "" if w.run.guarantee else "warning"),
        *w.blanks("social_impact", "ai_base"),
        w.heading("mc.caveats"),
        Points((w.say("mc.caveat.seed"), w.say("mc.caveat.report"))),
        *w.laws("model_cards", "edpb_models"),
    ]


def described(w: Writer) -> str:
    """What the data are, in a sentence."""
    parts_ = (w.run.manifest.get("split") or {}).get("parts") or {}
    return w.say(
        "dc.about.told",
        rows=w.value(w.run.rows),
        method=w.value((w.run.facts.get("synthesis") or {}).get("synthesizer")),
        learnt=w.value((parts_.get("train") or {}).get("rows")),
        source=w.value((w.run.facts.get("data") or {}).get("source")),
    )


def method_rows(w: Writer) -> list[Row]:
    """How the rows were made."""
    made, at = w.run.facts.get("synthesis") or {}, w.run.place("synthesis")
    method = made.get("method") or {}
    name = str(made.get("synthesizer") or "")
    about = (
        report_words(f"method_{name}", w.at)
        if known(f"method_{name}")
        else spoken(str(method.get("method") or ""), w.at)
    )
    rows = [
        w.row("mc.method", name, f"{at}.synthesizer"),
        w.row("mc.method.about", about, f"{at}.method.method"),
        w.row("mc.method.paper", method.get("source"), f"{at}.method.source"),
        w.row("mc.settings", method.get("settings") or made.get("settings"), f"{at}.method.settings"),
        w.row("mc.seed", made.get("seed"), f"{at}.seed"),
        w.row("mc.seconds", made.get("fit_seconds"), f"{at}.fit_seconds"),
    ]
    curation = made.get("curation") or {}
    if curation:
        counts = {key: curation[key] for key in ("written", "kept") if key in curation}
        rows.append(w.row("mc.curation", list(counts.values()), f"{at}.curation"))
    return rows


def header(w: Writer, language_model: bool) -> dict[str, Any]:
    """The YAML head of a model card, in the keys of the Hugging Face Hub; what is not known is left out."""
    training = w.run.training
    head: dict[str, Any] = {"language": [], "library_name": "trasunto", "tags": ["synthetic-data", "trasunto"]}
    licence = w.answers.of("model_licence", w.at)
    if licence:
        head["license"] = licence
    if language_model and training:
        head["tags"].append("trained-on-synthetic-data")
        head["pipeline_tag"] = "text-classification" if training.get("task") == "classification" else None
        head["base_model"] = training.get("base")
        written = [e for e in w.run.written if e.arm == "synthetic"]
        results = [e for e in w.run.evaluations if e.arm == "synthetic"]
        found = [{"type": kind, "value": value, "name": kind} for e in written for kind, value in e.scores.items()]
        found += [
            {"type": kind, "value": value, "name": name}
            for e in results
            for kind, value, name in (("accuracy", e.accuracy, "accuracy"), ("f1", e.macro_f1, "macro F1"))
        ]
    else:
        head["tags"] += ["tabular", str((w.run.facts.get("synthesis") or {}).get("synthesizer"))]
        scores = (w.run.score(metric) for metric in (*FIDELITY, *UTILITY, *parts.ATTACKS))
        found = [{"type": s.metric, "value": s.value, "name": s.metric} for s in scores if s is not None]
    if found:
        dataset = {"name": " / ".join(w.run.schema.tables), "type": "tabular", "split": "holdout"}
        task = {"type": head.get("pipeline_tag") or "other"}
        result = {"task": task, "dataset": dataset, "metrics": found}
        head["model-index"] = [{"name": str(w.run.manifest["id"]), "results": [result]}]
    return {key: value for key, value in head.items() if value not in (None, [])}


def _arms(w: Writer) -> list[Block]:
    """The released model beside the same model trained on real rows, and guessing."""
    head = tuple(w.say(f"lm.{each}") for each in ("arm", "tested", "accuracy", "f1"))
    head = (*head, w.say("interval"), w.say("source"))
    rows = []
    for e in w.run.evaluations:
        if e.arm in COMPARED:
            low, high = e.intervals.get("macro_f1", (None, None))
            ends = f"{w.number(low)} – {w.number(high)}" if low is not None else "–"
            tested, accuracy, f1 = w.number(e.tested_on), w.number(e.accuracy), w.number(e.macro_f1)
            rows.append((w.say(f"lm.arm.{e.arm}"), tested, accuracy, f1, ends, f"evaluations.json: {e.arm}"))
    counts = [*(e.tested_on for e in w.run.written), *(e.tested_on for e in w.run.evaluations)]
    told = counts[0] if counts else None
    blocks: list[Block] = [w.heading("mc.metrics"), Words(w.say("mc.metrics.told", rows=w.value(told)))]
    blocks += _written(w)
    if rows or not w.run.written:
        blocks.append(Grid(head, tuple(rows), right=(1, 2, 3, 4)))
    difference = w.run.training.get("difference")
    if difference:
        between = " – ".join(w.number(each) for each in difference["interval"])
        text = f"{w.number(difference['value'])} ({w.say('interval')}: {between})"
        blocks.append(w.table([w.row("lm.difference", text, w.run.place("training") + ".difference")]))
    return blocks


def _written(w: Writer) -> list[Block]:
    """What a model that writes scored, beside its twins."""
    found = w.run.written
    if not found:
        return []
    names = list(found[0].scores)
    head = (w.say("lm.arm"), w.say("lm.tested"), *(report_words(f"written.{name}", w.at) for name in names))
    rows = tuple(
        (arm_of(e.arm, w.at), w.number(e.tested_on), *(w.number(e.scores[name]) for name in names)) for e in found
    )
    return [Grid(head, rows, right=tuple(range(1, 2 + len(names))))]


def _made_with(w: Writer) -> list[Row]:
    versions = w.run.manifest.get("versions") or {}
    made = [f"{name} {version}" for name, version in versions.items()]
    return [
        w.row("made_with", made, "run.json: versions"),
        w.row("mc.cores", w.run.manifest.get("cores"), "run.json: cores"),
    ]


def _files(w: Writer, folder: str) -> list[Block]:
    found = [f for f in w.run.files if f.name.startswith(folder)]
    rows = tuple((f.name, w.number(f.size), f.sha256) for f in found)
    return [w.heading("mc.files", 3), Grid((w.say("file"), w.say("bytes"), w.say("sha")), rows, right=(1,))]


def _word(w: Writer, text: str) -> str:
    """A word of the run in the language of the paper, where there is one."""
    if text in WORDS:
        return w.say(text)
    return report_words(text, w.at) if text and known(text) else text

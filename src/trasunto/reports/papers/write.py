"""Papers out of a finished run: which there are, and writing them in each form and language."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from trasunto.errors import RecipeError, near
from trasunto.reports import html, markdown, pdf
from trasunto.reports.blocks import Blank, Block, Code, Links, Words
from trasunto.reports.papers import (
    ai_act,
    anonymisation,
    cards,
    consent,
    deidentification,
    dp_statement,
    dpia,
    lineage,
    processing_record,
)
from trasunto.reports.papers.answers import Answers, read_answers, write_template
from trasunto.reports.papers.croissant import croissant
from trasunto.reports.papers.openlineage import events
from trasunto.reports.papers.paper import Paper
from trasunto.reports.papers.provenance import prov_json, prov_n
from trasunto.reports.papers.recorded import Recorded, recorded
from trasunto.reports.papers.words.asked import ASKED, WHO
from trasunto.reports.papers.words.said import WORDS
from trasunto.reports.papers.writer import Writer
from trasunto.reports.report import LANGUAGES
from trasunto.writing import write_bytes, write_text

PAPERS: dict[str, Callable[[Writer], list[Block]]] = {
    "data-card": cards.data_card,
    "model-card": cards.model_card,
    "language-model-card": cards.language_model_card,
    "dp-statement": dp_statement.write,
    "processing-record": processing_record.write,
    "dpia": dpia.write,
    "anonymisation": anonymisation.write,
    "deidentification": deidentification.write,
    "consent": consent.write,
    "lineage": lineage.write,
    "ai-act": ai_act.write,
}
FORMATS = ("md", "html", "pdf")


@dataclass(frozen=True)
class Written:
    """What was written: the papers, one for each name and language, and every file."""

    folder: Path
    papers: tuple[Paper, ...]
    files: tuple[Path, ...]

    @property
    def open(self) -> tuple[str, ...]:
        """The questions that are still open, each once."""
        return tuple(dict.fromkeys(blank.key for paper in self.papers for blank in paper.blanks))


def papers(
    run_folder: str | Path,
    *,
    names: Sequence[str] = (),
    formats: Sequence[str] = FORMATS,
    languages: Sequence[str] = LANGUAGES,
    folder: str | Path | None = None,
    answers: str | Path | None = None,
) -> Written:
    """Write papers about the finished run in `run_folder`; an index links them.

    names: of PAPERS; all when empty or ("all",). folder: where to; `papers` inside the run when None. answers: a
    YAML file with what only people can answer. Equal runs and answers give equal files, byte for byte. RecipeError
    for an unknown name, form or language; StoreError for a run that is not finished or was changed.
    """
    wanted = chosen(names)
    for form in formats:
        if form not in FORMATS:
            raise RecipeError(f"No paper in the form {form!r}.", near(form, FORMATS))
    for language in languages:
        if language not in LANGUAGES:
            raise RecipeError(f"No paper in language {language!r}.", near(language, LANGUAGES))
    if not formats or not languages:
        raise RecipeError("Papers need at least one form and one language.", f"Forms: {', '.join(FORMATS)}.")
    run, given = recorded(run_folder), read_answers(answers) if answers else Answers()
    place = Path(folder) if folder else run.folder / "papers"
    written = tuple(compose(run, name, language, given) for language in languages for name in wanted)
    files = [_write(paper, run, form, place) for paper in written for form in formats]
    files += _beside(Writer(run, languages[0], given), wanted, place)
    files += [_index(run, written, form, place) for form in formats if form != "pdf"]
    return Written(place, written, tuple(files))


def chosen(names: Sequence[str]) -> tuple[str, ...]:
    """The names asked for, in the order of PAPERS. RecipeError for an unknown one."""
    for name in names:
        if name not in PAPERS and name != "all":
            raise RecipeError(f"No paper called {name!r}.", near(name, [*PAPERS, "all"]))
    return tuple(name for name in PAPERS if not names or "all" in names or name in names)


def compose(run: Recorded, name: str, language: str, answers: Answers) -> Paper:
    """One paper as a value."""
    w = Writer(run, language, answers)
    body = PAPERS[name](w)
    header = cards.header(w, name == "language-model-card") if name.endswith("model-card") else {}
    if header:
        body = [*body, w.heading("mc.header"), Code(_yaml(header))]
    return Paper(name, w.say(f"title.{name}"), language, (*_cover(w, name, body), *body), header)


def template(
    run_folder: str | Path, path: str | Path, *, names: Sequence[str] = (), answers: Answers
) -> tuple[str, ...]:
    """Write the file of answers for these papers, with the answers there are already; the questions asked."""
    run = recorded(run_folder)
    asked: dict[str, tuple[str, ...]] = {}
    for name in chosen(names):
        for blank in compose(run, name, "en", Answers()).blanks:
            asked[blank.key] = (*asked.get(blank.key, ()), name)
    write_template(path, asked, str(run.manifest["id"]), answers)
    return tuple(asked)


def _cover(w: Writer, name: str, body: list[Block]) -> list[Block]:
    """What every paper begins with: how many facts are open and whose they are, and which run it tells of."""
    open_ = {block.key for block in body if isinstance(block, Blank) and not block.answer}
    count = "none" if not open_ else "one" if len(open_) == 1 else "some"
    told = w.say(f"open.{count}", count=len(open_)) if count == "some" else w.say(f"open.{count}")
    if open_:
        place = 0 if w.at == "en" else 1
        people: dict[str, int] = {}
        for key in ASKED:
            if key in open_:
                person = WHO[ASKED[key][0]][place]
                people[person] = people.get(person, 0) + 1
        told += " " + w.say("open.by", who=", ".join(f"{who} ({number})" for who, number in people.items()))
    manifest = w.run.manifest
    answered = f"{w.answers.name} (SHA-256 {w.answers.digest})" if w.answers.name else w.say("no_answers")
    rows = [
        w.row("run", manifest.get("id"), "run.json: id"),
        w.row("finished", manifest.get("finished"), "run.json: finished"),
        w.row("result_digest", manifest.get("digest"), "run.json: digest"),
        w.row("recipe_digest", w.run.recipe_digest, "recipe.yaml"),
        w.row("made_with", f"Trasunto {(manifest.get('versions') or {}).get('trasunto', '')}", "run.json: versions"),
        w.row("answers_file", answered, w.answers.name or "–"),
    ]
    blocks: list[Block] = [Words(told, "warning" if open_ else ""), Words(w.say(f"about.{name}"))]
    if w.answers.run and w.answers.run != manifest.get("id"):
        blocks.append(Words(w.say("cover.other_run", run=w.answers.run), "warning"))
    return [*blocks, Words(w.say("cover.told")), w.heading("cover"), w.table(rows)]


def _write(paper: Paper, run: Recorded, form: str, place: Path) -> Path:
    path = place / paper.language / f"{paper.name}.{form}"
    finished = str(run.manifest.get("finished", ""))
    if form == "md":
        head = f"---\n{_yaml(paper.header)}---\n\n" if paper.header else ""
        title = markdown.block_text(Words(paper.title))
        parts = [f"# {title}", *(markdown.block_text(block) for block in paper.blocks)]
        write_text(path, head + "\n\n".join(part for part in parts if part) + "\n")
    elif form == "html":
        write_text(path, html.page(paper.title, paper.blocks, paper.language, finished))
    else:
        write_bytes(path, pdf.document(paper.title, paper.blocks, paper.language, finished))
    return path


def _beside(w: Writer, wanted: Sequence[str], place: Path) -> list[Path]:
    """The forms for machines: one of each, whatever the languages."""
    texts: dict[str, str] = {}
    if "data-card" in wanted:
        texts["croissant.json"] = _json(croissant(w, place))
    if "lineage" in wanted:
        texts["openlineage.json"] = _json(events(w.run))
        texts["prov.json"] = _json(prov_json(w.run))
        texts["prov.provn"] = prov_n(w.run)
    for name, text in texts.items():
        write_text(place / name, text)
    return [place / name for name in texts]


def _index(run: Recorded, written: Sequence[Paper], form: str, place: Path) -> Path:
    """A page that links every paper, each language under its own heading."""
    blocks: list[Block] = []
    for language in dict.fromkeys(paper.language for paper in written):
        w = Writer(run, language, Answers())
        told = w.say("index.told", run=run.manifest["id"], finished=run.manifest["finished"])
        items = []
        for paper in written:
            if paper.language == language:
                count = len(paper.blanks)
                state = w.say("open.short.some", count=count) if count else w.say("open.short.none")
                told_of = f"{w.say(f'about.{paper.name}')} ({state})"
                items.append((paper.title, f"{language}/{paper.name}.{form}", told_of))
        heading = w.heading("index.papers")
        blocks += [heading, Words(told), Links(tuple(items))]
    last = written[0].language
    w = Writer(run, last, Answers())
    machine = [
        name for name in ("croissant.json", "openlineage.json", "prov.json", "prov.provn") if (place / name).is_file()
    ]
    if machine:
        blocks += [w.heading("index.machine"), Links(tuple((name, name, "") for name in machine))]
    path = place / f"index.{form}"
    title = f"{run.recipe.get('title') or run.manifest['id']}: {w.say('index').lower()}"
    if form == "md":
        parts = [f"# {markdown.block_text(Words(title))}", *(markdown.block_text(block) for block in blocks)]
        write_text(path, "\n\n".join(parts) + "\n")
    else:
        write_text(path, html.page(title, blocks, last, str(run.manifest.get("finished", ""))))
    return path


def _yaml(document: dict[str, Any]) -> str:
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def _json(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def listed(language: str = "en") -> list[tuple[str, str, str]]:
    """(name, title, what it is for) of every paper."""
    place = 0 if language == "en" else 1
    return [(name, WORDS[f"title.{name}"][place], WORDS[f"about.{name}"][place]) for name in PAPERS]

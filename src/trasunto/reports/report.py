"""One report, five forms: HTML, JSON, Markdown, executed notebook, PDF; in English or Spanish."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from trasunto.errors import FileError, RecipeError, near
from trasunto.language.evaluation import Evaluation
from trasunto.language.text_evaluation import TextEvaluation
from trasunto.metrics.score import Gate, Score, Verdict

LANGUAGES = ("en", "es")
SUFFIXES = {".html": "html", ".json": "json", ".md": "markdown", ".ipynb": "notebook", ".pdf": "pdf"}


@dataclass(frozen=True)
class Figure:
    """A chart as data: `spec` is a Vega-Lite 5 document with its data inside (binned counts, never rows).

    section: the section of the report it belongs to ("data", "synthesis", "training", "results", "privacy").
    """

    name: str
    section: str
    title: str
    caption: str
    spec: dict[str, Any]


@dataclass(frozen=True)
class Report:
    """What a run tells. Everything in it is a JSON value or a value with `to_dict`.

    evaluations: of models that label; written: of models that write (answers, translations, texts).

    facts, every key optional, a section without facts is left out:
      use_case  text
      data      {source, rows, columns: [{name, kind, role, missing, distinct, reason}], licence, breaches}
      split     {seed, stratify, group, parts: {train|validation|holdout: {rows, digest}}}
      synthesis {synthesizer, settings, seed, rows, fit_seconds, sample_seconds, guarantee, method: Model.describe()}
      training  {task, base, prepare: {...counts}, curves: {name: [...]}, seconds, ...}
      run       {id, started, seconds, versions, cores, seed, recipe: YAML text}
    """

    title: str
    scores: tuple[Score, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    figures: tuple[Figure, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    language: str = "en"
    written: tuple[TextEvaluation, ...] = ()

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise RecipeError(f"No report in language {self.language!r}.", near(self.language, LANGUAGES))

    @property
    def passed(self) -> bool:
        """False when a gate failed."""
        return all(verdict.passed for verdict in self.verdicts)

    def score(self, metric: str, subject: str = "") -> Score | None:
        """The score of that name, or None when it was not measured."""
        return next((s for s in self.scores if s.metric == metric and s.subject == subject), None)

    @property
    def labelled(self) -> dict[str, Any]:
        """The facts of the model that labels: of the training, or of the intents beside a model that answers."""
        told: dict[str, Any] = self.facts.get("training") or {}
        return told.get("intents") or {} if self.written else told

    def to_dict(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "language": self.language,
            "passed": self.passed,
            "scores": [score.to_dict() for score in self.scores],
            "evaluations": [evaluation.to_dict() for evaluation in self.evaluations],
            "written": [evaluation.to_dict() for evaluation in self.written],
            "gates": [{"gate": str(v.gate), "value": v.value, "passed": v.passed} for v in self.verdicts],
            "facts": self.facts,
            "figures": [asdict(figure) for figure in self.figures],
        }

    @staticmethod
    def from_dict(document: dict[str, Any]) -> Report:
        return Report(
            title=document["title"],
            scores=tuple(Score.from_dict(each) for each in document["scores"]),
            evaluations=tuple(Evaluation.from_dict(each) for each in document["evaluations"]),
            written=tuple(TextEvaluation.from_dict(each) for each in document.get("written", ())),
            verdicts=tuple(Verdict(Gate.parse(v["gate"]), v["value"], v["passed"]) for v in document["gates"]),
            figures=tuple(Figure(**each) for each in document["figures"]),
            facts=document["facts"],
            language=document["language"],
        )

    @staticmethod
    def load(path: str | Path) -> Report:
        """A report from the JSON file that `to_json` wrote."""
        try:
            return Report.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FileError(f"{path} is not a report of Trasunto: {error!r}.") from error

    def write(self, path: str | Path) -> None:
        """Write in the form the suffix names: .html .json .md .ipynb .pdf."""
        getattr(self, f"to_{_form(path)}")(path)

    def to_json(self, path: str | Path) -> None:
        from trasunto.writing import write_text

        write_text(path, json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n")

    def to_html(self, path: str | Path) -> None:
        """One self-contained file: works offline, prints well, charts answer to the pointer, light and dark."""
        from trasunto.reports.html import render
        from trasunto.writing import write_text

        write_text(path, render(self))

    def to_markdown(self, path: str | Path) -> None:
        from trasunto.reports.markdown import render
        from trasunto.writing import write_text

        write_text(path, render(self))

    def to_notebook(self, path: str | Path) -> None:
        """A notebook that has been executed, so that its charts and tables are in it."""
        from trasunto.reports.notebook import render
        from trasunto.writing import write_text

        write_text(path, render(self))

    def to_pdf(self, path: str | Path) -> None:
        from trasunto.reports.pdf import render
        from trasunto.writing import write_bytes

        write_bytes(path, render(self))

    def _repr_html_(self) -> str:
        from trasunto.reports.html import render_inline

        return render_inline(self)


def check_report(path: str | Path) -> None:
    """Before long work: FileError for a suffix that is of no form, StoreError where nothing can be written."""
    from trasunto.writing import check_writable

    _form(path)
    check_writable(path)


def _form(path: str | Path) -> str:
    """The form that a suffix names."""
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise FileError(f"No report format for {suffix!r} ({path}).", near(suffix, SUFFIXES))
    return SUFFIXES[suffix]

"""A finished run, read back from its folder for the papers: what it recorded, and nothing else."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from trasunto.data.schema import Schema
from trasunto.errors import StoreError
from trasunto.language.evaluation import Evaluation
from trasunto.language.text_evaluation import TextEvaluation
from trasunto.metrics.score import Score
from trasunto.privacy.mechanisms import INJECTED

AGAIN = "Run the recipe again, or finish the run with --resume."


@dataclass(frozen=True)
class File:
    """A file that the run wrote. name: its path inside the run's folder. sha256: as run.json has it."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, eq=False)
class Recorded:
    """What a run left behind.

    manifest: run.json. recipe: recipe.yaml. facts: the facts of report.json, or as many of them as the other files
    hold. log: the events of log.jsonl. outputs: the files that each step wrote. schema: that of the synthetic rows.
    files: those that still lie there, each with the hash that run.json has for it.
    """

    folder: Path
    manifest: dict[str, Any]
    recipe: dict[str, Any]
    recipe_digest: str
    facts: dict[str, Any]
    scores: tuple[Score, ...]
    evaluations: tuple[Evaluation, ...]
    written: tuple[TextEvaluation, ...]
    log: tuple[dict[str, Any], ...]
    outputs: dict[str, tuple[str, ...]]
    schema: Schema
    files: tuple[File, ...]

    @property
    def privacy(self) -> dict[str, Any]:
        """The facts of privacy, and what the recipe states beside them; {} for a run that has none."""
        stated = self.recipe.get("privacy") or {}
        told = {key: stated[key] for key in ("purpose", "keys", "secrets") if stated.get(key)}
        return {**told, **(self.facts.get("privacy") or self.manifest.get("privacy") or {})}

    @property
    def fairness(self) -> dict[str, Any]:
        """The facts of fairness, and the columns that the recipe names; {} for a run that has none."""
        stated = (self.recipe.get("fairness") or {}).get("protected")
        told = {"protected": stated} if stated else {}
        return {**told, **(self.facts.get("fairness") or self.manifest.get("fairness") or {})}

    @property
    def guarantee(self) -> dict[str, Any] | None:
        """The guarantee of differential privacy, or None when there is none; noise of a test guarantees nothing."""
        found = self.manifest.get("guarantee") or self.privacy.get("guarantee")
        return dict(found) if found and not self.rehearsed else None

    @property
    def rehearsed(self) -> bool:
        """Whether the noise was injected for a test."""
        found = self.manifest.get("guarantee") or self.privacy.get("guarantee") or {}
        return INJECTED in (found.get("assumptions") or ())

    @property
    def training(self) -> dict[str, Any]:
        """The facts of the language model's training; {} when none was trained."""
        return dict(self.facts.get("training") or {})

    @property
    def rows(self) -> int | None:
        """The number of synthetic rows."""
        found = (self.facts.get("synthesis") or {}).get("rows")
        return int(found) if found is not None else None

    def score(self, metric: str) -> Score | None:
        """The headline score of that name, or None when it was not measured."""
        return next((each for each in self.scores if each.metric == metric and not each.subject), None)

    def place(self, section: str) -> str:
        """Where a section of the facts is written, for a reader who wants to look it up."""
        if section in self.facts:
            return f"report.json: facts.{section}"
        return f"run.json: {section}" if section in self.manifest else f"recipe.yaml: {section}"

    def synthetic(self, *suffixes: str) -> tuple[File, ...]:
        """The files of the synthetic rows."""
        return tuple(f for f in self.files if f.name.startswith("synthetic/") and f.name.endswith(suffixes))


def recorded(folder: str | Path) -> Recorded:
    """Read a finished run. StoreError when it is not finished, or when a file is not as the run left it."""
    place = Path(folder)
    manifest = _json(place / "run.json")
    if manifest is None:
        raise StoreError(f"There is no finished run in {place}: it has no run.json.", "Finish it with --resume.")
    files = tuple(
        _checked(place, name, digest)
        for name, digest in sorted(manifest.get("artifacts", {}).items())
        if (place / name).is_file()
    )
    text = _text(place / "recipe.yaml")
    recipe = yaml.safe_load(text) if text else {}
    report = _json(place / "report.json") or {}
    told = report.get("facts") or {}
    if told and (told.get("run") or {}).get("digest") not in (None, manifest.get("digest")):
        raise StoreError(f"{place / 'report.json'} tells of another run than run.json.", AGAIN)
    scores = _json(place / "scores.json") or report.get("scores") or []
    evaluations = _json(place / "evaluations.json") or [*report.get("written", ()), *report.get("evaluations", ())]
    lines = (_text(place / "log.jsonl") or "").splitlines()
    return Recorded(
        place,
        manifest,
        recipe,
        hashlib.sha256((text or "").encode("utf-8")).hexdigest(),
        {**_pieces(place, manifest, recipe), **told},
        tuple(Score.from_dict(each) for each in scores),
        tuple(Evaluation.from_dict(each) for each in evaluations if "task" not in each),
        tuple(TextEvaluation.from_dict(each) for each in evaluations if "task" in each),
        tuple(json.loads(line) for line in lines if line.strip()),
        {path.stem: tuple((_json(path) or {}).get("files") or {}) for path in sorted(place.glob("steps/*.json"))},
        Schema.load(place / "synthetic" / "schema.json"),
        files,
    )


def _pieces(place: Path, manifest: dict[str, Any], recipe: dict[str, Any]) -> dict[str, Any]:
    """The facts that the other files hold, for a run without a report in JSON."""
    sample, fit, train = (_json(place / "steps" / f"{name}.json") or {} for name in ("sample", "fit", "train"))
    made = recipe.get("synthesizer") or {}
    found = {
        "use_case": recipe.get("use_case"),
        "data": {"source": (recipe.get("data") or {}).get("source")},
        "split": manifest.get("split"),
        "synthesis": {
            "synthesizer": made.get("name"),
            "settings": made.get("settings") or {},
            "seed": recipe.get("seed"),
            "rows": (sample.get("facts") or {}).get("rows"),
            "fit_seconds": fit.get("seconds"),
        },
        "training": train.get("facts"),
    }
    return {key: value for key, value in found.items() if value}


def _checked(place: Path, name: str, digest: str) -> File:
    with (place / name).open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != digest:
        raise StoreError(f"{place / name} is not as the run left it: its SHA-256 is {found}, not {digest}.", AGAIN)
    return File(name, digest, (place / name).stat().st_size)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path} cannot be read: {error}.", AGAIN) from error


def _json(path: Path) -> Any:
    text = _text(path)
    try:
        return None if text is None else json.loads(text)
    except ValueError as error:
        raise StoreError(f"{path} is not valid JSON: {error}.", AGAIN) from error

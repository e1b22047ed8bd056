"""The one function behind every door: a recipe in, a finished run out.

    read → check → prepare → split → fit → sample → curate → measure → train → evaluate
         → gate → deliver → report → record

Each long step leaves its result in the run's folder with a record of it; a run that was stopped finishes
from there with `resume=True`, doing no finished step again. The training of a network leaves a checkpoint
every minute and when Ctrl-C stops it, and is gone on with from there.
"""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from trasunto.data.dataset import Dataset
from trasunto.errors import DataError, TrasuntoError
from trasunto.executors import chosen, executing
from trasunto.machine import cores
from trasunto.metrics.score import Gate, Score, Verdict
from trasunto.pipeline import kept, safeguards, steps
from trasunto.pipeline.deliver import delivered
from trasunto.pipeline.estimate import estimate
from trasunto.pipeline.judged import Evaluations, headlines, judge_language_model, keep_evaluations, kept_evaluations
from trasunto.pipeline.judgement import by_heart, released, served
from trasunto.pipeline.kept import kept_at
from trasunto.pipeline.recipe import Recipe, slug
from trasunto.pipeline.safeguards import budget_of, charged, source_of, standing
from trasunto.pipeline.texts import curated, thrown_into
from trasunto.pipeline.verbs import fitting, make
from trasunto.privacy.budget import Budget
from trasunto.progress import Progress, quiet
from trasunto.reports.report import Report
from trasunto.store.folder import MANIFEST, Record, RunFolder, now
from trasunto.store.rows import load_dataset, save_dataset
from trasunto.store.versions import versions
from trasunto.writing import write_text

RUNS = Path("trasunto-runs")
# Where the rows lie as they were drawn, beside those that a repair made of them.
UNREPAIRED = "unrepaired"
Value = TypeVar("Value")


@dataclass(frozen=True)
class Run:
    """A finished run: where it lies, what was asked, what it found, and its manifest (run.json)."""

    folder: Path
    recipe: Recipe
    report: Report
    manifest: dict[str, Any]

    def summary(self) -> dict[str, Any]:
        """The figures a person or a program wants first; JSON values under stable snake_case keys."""
        return {
            "run": self.manifest["id"],
            "folder": str(self.folder),
            "digest": self.manifest["digest"],
            "passed": self.report.passed,
            "seconds": self.manifest["seconds"],
            "scores": steps.headline(self.report.scores),
            "language_model": headlines([*self.report.written, *self.report.evaluations]),
            "gates": self.report.to_dict()["gates"],
            "reports": [str(self.folder / f"report.{form}") for form in self.recipe.report.formats],
        }


@dataclass(frozen=True)
class Preview:
    """A first look: the plan, what it is expected to take, and a few synthetic rows of a small fit."""

    rows: Dataset
    plan: dict[str, Any]


def run(recipe: Recipe, *, folder: str | Path | None = None, resume: bool = False, progress: Progress = quiet) -> Run:
    """Do the whole job and record it in `folder` (a new one under trasunto-runs/ when None).

    Raises any TrasuntoError: before long work for what can be known then. What is done stays done.
    """
    started = time.monotonic()
    progress("read", 0, 1)
    prepared = steps.prepare(recipe)
    steps.check_first(recipe, prepared.dataset)
    place = RunFolder.open(folder or _new_folder(recipe), recipe.to_yaml(), resume=resume)
    try:
        begun = {"versions": versions(), "recipe": digest_text(recipe.to_yaml())}
        place.log("resumed" if resume else "started", begun)
        progress("read", 1, 1)
        with executing(None if chosen() else recipe.executor):
            return _finish(_Job(recipe, place, prepared, progress), started)
    except (TrasuntoError, KeyboardInterrupt) as error:
        place.log("stopped", {"why": str(error) or type(error).__name__})
        raise
    finally:
        place.close()


def preview(recipe: Recipe, *, rows: int = 10, progress: Progress = quiet) -> Preview:
    """A look before the work: fit to at most 2,000 training rows, draw `rows`, keep nothing.

    With a budget no rows are drawn: each look would spend some of it. Of a model that is prompted the plan holds the
    first prompts with their answers, and what all of them would take.
    """
    prepared = steps.prepare(recipe)
    steps.check_first(recipe, prepared.dataset)
    parts, _ = steps.divide(recipe, prepared.dataset)
    plan = estimate(recipe, prepared.dataset, parts)
    if budget_of(recipe.privacy) is not None:
        emptied = {name: table.take([]) for name, table in parts.train.tables.items()}
        return Preview(Dataset(parts.train.schema, emptied), plan)
    few = steps.few(recipe, parts.train)
    model = fitting(recipe.synthesizer.name, _quick(recipe), few).fit(few, seed=recipe.seed, progress=progress)
    if recipe.synthesizer.name == "lm-prompt":
        count = recipe.synthesizer.rows or len(parts.train)
        look = model.look(count, seed=recipe.seed + 1, progress=progress)
        return Preview(few.with_table(few.only.take([])), {**plan, "asked": look.to_dict()})
    return Preview(model.sample(rows, seed=recipe.seed + 1), plan)


@dataclass(frozen=True)
class _Job:
    """What every step needs."""

    recipe: Recipe
    place: RunFolder
    prepared: steps.Prepared
    progress: Progress

    def step(
        self,
        name: str,
        do: Callable[[], tuple[Value, dict[str, Any]]],
        load: Callable[[Record], Value],
        outputs: tuple[str, ...],
    ) -> tuple[Value, Record]:
        """A finished step's result from the folder, or the step done now and recorded."""
        old = self.place.done(name)
        if old is not None:
            self.place.log("kept", {"step": name})
            self.progress(name, 1, 1)
            return load(old), old
        started = time.monotonic()
        self.place.log("begun", {"step": name})
        checkpoints = self.place.path / "checkpoints" / name
        with kept_at(checkpoints, self.prepared.dataset, stops=True):
            value, facts = do()
        record = self.place.finish(name, started, facts, outputs)
        shutil.rmtree(checkpoints.parent, ignore_errors=True)
        return value, record


def _finish(job: _Job, started: float) -> Run:
    """The steps, in order."""
    recipe, place = job.recipe, job.place
    parts, split = _split(job)
    plan = estimate(recipe, job.prepared.dataset, parts)
    place.log("planned", plan)
    job.progress(f"planned: {plan['text']}", 1, 1)
    model, fitted = _fit(job, parts)
    synthetic, sampled = _sample(job, model, parts.train)
    scores, measured = _measure(job, parts, model, synthetic, sampled)
    evaluations, trained = _train(job, parts, synthetic) if recipe.train else ((), None)
    audited = _audit(job, parts)
    verdicts = (*(Gate.parse(gate).verdict(scores) for gate in recipe.gates), *released(recipe, scores, model))
    sent = _deliver(job, synthetic, all(verdict.passed for verdict in verdicts))

    from trasunto.pipeline.tell import Told, told

    safe = safeguards.told(recipe, job.prepared.protection, model.guarantee, fitted.facts.get("ledger"), audited)
    facts = Told(job.prepared.facts, split.facts, model, fitted, sampled, trained, measured.facts, safe, sent)
    result = _digest(synthetic, scores, evaluations)
    manifest = _manifest(job, facts, result, verdicts, time.monotonic() - started)
    comparison = steps.compare(recipe, parts, synthetic)
    report = told(recipe, comparison, (scores, evaluations, verdicts), facts, manifest)
    # Papers are filled from report.json, whatever forms a person wants.
    for done, form in enumerate(forms := list(dict.fromkeys((*recipe.report.formats, "json")))):
        job.progress("report", done, len(forms))
        report.write(place.path / f"report.{form}")
    job.progress("report", 1, 1)
    write_text(place.path / MANIFEST, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    if recipe.report.papers:
        from trasunto.reports.papers.write import papers

        job.progress("papers", 0, 1)
        papers(place.path, names=recipe.report.papers, languages=(recipe.language,))
        job.progress("papers", 1, 1)
    place.log("finished", {"digest": result, "passed": report.passed})
    return Run(place.path, recipe, report, manifest)


def _split(job: _Job) -> tuple[Any, Record]:
    """The split is drawn again on every start, and must be the recorded one: the source must not have changed."""
    parts, ready = steps.divide(job.recipe, job.prepared.dataset)
    record = {**parts.record(), **({"prepared": ready} if ready else {})}
    _, done = job.step("split", lambda: (None, record), lambda _: None, ())
    if done.facts["parts"] != record["parts"]:
        raise DataError(
            f"{job.recipe.data.source} has changed since this run was started: its parts have other hashes.",
            "Put the old file back, or start a new run in another folder.",
        )
    return parts, done


def _fit(job: _Job, parts: Any) -> tuple[Any, Record]:
    from trasunto.synthesizers.model import load_model

    folder = job.place.path / "model"

    def do() -> tuple[Any, dict[str, Any]]:
        method = fitting(job.recipe.synthesizer.name, job.recipe.synthesizer.settings, parts.train)
        budget = steps.budget_asked(job.recipe, parts.train)
        with _charging(job, budget) as account:
            model = method.fit(parts.train, seed=job.recipe.seed, budget=budget, progress=job.progress)
        facts = {"ledger": account} if account else {}
        model.save(folder)
        return model, facts

    return job.step("fit", do, lambda _: load_model(folder), ("model",))


def _charging(job: _Job, budget: Budget | None) -> AbstractContextManager[dict[str, Any]]:
    """The block of a fit, charged to the ledger of the source when it spends a budget; gives how the source stands."""
    privacy = job.recipe.privacy
    if budget is None or privacy is None:
        return nullcontext({})
    source = source_of(job.recipe, job.prepared.digest)
    if kept.standing(job.place.path / "checkpoints" / "fit"):
        # A training that goes on from its checkpoint is the one that was charged.
        return nullcontext(standing(privacy.ledger, source))
    what = f"fit of {job.recipe.synthesizer.name!r}, seed {job.recipe.seed}"
    run = digest_text(job.recipe.to_yaml())[:16]
    method = job.recipe.synthesizer.name
    return charged(privacy.ledger, source, budget, what, grant=privacy.grant, run=run, method=method)


def _sample(job: _Job, model: Any, train: Dataset) -> tuple[Dataset, Record]:
    folder = job.place.path / "synthetic"

    def do() -> tuple[Dataset, dict[str, Any]]:
        with thrown_into(job.place.path):
            synthetic, facts, before = steps.sample(job.recipe, model, job.place.path / "model", train, job.progress)
        if before is not None:
            save_dataset(before, job.place.path / UNREPAIRED)
        outputs = {"rows": len(synthetic), "digest": synthetic.digest(), **facts}
        if job.recipe.curate is not None:
            synthetic, rejected, counts = curated(job.recipe, train, synthetic, job.progress)
            rejected.write(job.place.path / "rejected.jsonl")
            outputs |= {"rows": len(synthetic), "digest": synthetic.digest(), "curated": counts}
        save_dataset(synthetic, folder)
        for name, table in synthetic.tables.items():
            Dataset.of(table, name).write(folder / f"{name}.csv")
        return synthetic, outputs

    written = ("synthetic", *(("rejected.jsonl",) if job.recipe.curate is not None else ()))
    if job.recipe.fairness is not None and job.recipe.fairness.repair is not None:
        written = (*written, UNREPAIRED)
    return job.step("sample", do, lambda _: load_dataset(folder), written)


def _measure(
    job: _Job, parts: Any, model: Any, synthetic: Dataset, sampled: Record
) -> tuple[tuple[Score, ...], Record]:
    """The scores of the rows, and what they are over further draws of the recipe's `repeats`."""
    path = job.place.path / "scores.json"

    def do() -> tuple[tuple[Score, ...], dict[str, Any]]:
        comparison = steps.compare(job.recipe, parts, synthetic)
        found = steps.measured(job.recipe, comparison, job.progress)
        scores = found + by_heart(job.recipe, parts, model, job.progress)
        _write_json(path, [score.to_dict() for score in scores])
        repair = sampled.facts.get("repair")
        altered = (load_dataset(job.place.path / UNREPAIRED), repair) if repair else None
        facts = served(job.recipe, comparison, scores, altered)
        if job.recipe.repeats == 1:
            return scores, facts
        draw = functools.partial(steps.drawn, job.recipe, model, job.place.path / "model", parts.train)
        spread = steps.repeated(job.recipe, comparison, scores, draw, job.progress)
        return scores, {**facts, "repeats": [each.to_dict() for each in spread]}

    def load(_: Record) -> tuple[Score, ...]:
        return tuple(Score.from_dict(each) for each in json.loads(path.read_text(encoding="utf-8")))

    return job.step("measure", do, load, ("scores.json",))


def _train(job: _Job, parts: Any, synthetic: Dataset) -> tuple[Evaluations, Record]:
    path = job.place.path / "evaluations.json"

    def do() -> tuple[Evaluations, dict[str, Any]]:
        learnt = steps.learnt_from(job.recipe, parts, synthetic)
        found = judge_language_model(job.recipe, *learnt, job.progress)
        found.model.save(job.place.path / "language_model")
        keep_evaluations(found.evaluations, path)
        return found.evaluations, found.facts

    return job.step("train", do, lambda _: kept_evaluations(path), ("evaluations.json", "language_model"))


def _deliver(job: _Job, synthetic: Dataset, passed: bool) -> dict[str, Any]:
    """The synthetic data where the recipe wants it, once; nothing leaves when a gate has failed."""
    wanted = job.recipe.deliver
    if wanted is None:
        return {}
    if not passed:
        job.place.log("kept back", {"why": "a gate failed"})
        return {"kept_back": True}

    def do() -> tuple[dict[str, Any], dict[str, Any]]:
        model = job.place.path / "model"
        sent = delivered(wanted, synthetic, model, seed=job.recipe.seed + 1, progress=job.progress)
        return sent, sent

    return job.step("deliver", do, lambda record: record.facts, ())[0]


def _audit(job: _Job, parts: Any) -> dict[str, Any] | None:
    """What planted canaries betray of the method, in a fit of its own that is thrown away."""
    privacy = job.recipe.privacy
    if privacy is None or not privacy.audit:
        return None
    from trasunto.pipeline.canaries import audit_canaries

    def do() -> tuple[dict[str, Any], dict[str, Any]]:
        method = make(job.recipe.synthesizer.name, job.recipe.synthesizer.settings)
        found = audit_canaries(
            parts.train,
            method,
            budget_of(privacy),
            canaries=privacy.audit,
            seed=job.recipe.seed,
            progress=job.progress,
        ).to_dict()
        return found, found

    return job.step("audit", do, lambda record: record.facts, ())[0]


def _manifest(job: _Job, facts: Any, result: str, verdicts: tuple[Verdict, ...], seconds: float) -> dict[str, Any]:
    records = job.place.records()
    return {
        "id": f"{slug(job.recipe.title)}-{digest_text(job.recipe.to_yaml())[:8]}",
        "finished": now(),
        "seconds": round(max(seconds, sum(record.seconds for record in records.values())), 1),
        "steps": {name: record.seconds for name, record in records.items()},
        "seed": job.recipe.seed,
        "cores": cores(),
        "versions": versions(),
        "split": facts.split,
        "guarantee": facts.guarantee,
        **({"privacy": facts.privacy} if facts.privacy else {}),
        **({"delivered": facts.delivered} if facts.delivered else {}),
        "gates": [{"gate": str(v.gate), "value": v.value, "passed": v.passed} for v in verdicts],
        "artifacts": {name: digest for record in records.values() for name, digest in record.files.items()},
        "digest": result,
    }


def _digest(synthetic: Dataset, scores: tuple[Score, ...], evaluations: Evaluations) -> str:
    """One hash over all that was found, times left out: equal for equal recipes, through any door."""
    found = {
        "synthetic": synthetic.digest(),
        "scores": [score.to_dict() for score in scores],
        "evaluations": [{**evaluation.to_dict(), "facts": {}} for evaluation in evaluations],
    }
    return digest_text(json.dumps(found, sort_keys=True))


def digest_text(text: str) -> str:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _new_folder(recipe: Recipe) -> Path:
    """The first free trasunto-runs/TITLE-N."""
    number = 1
    while (RUNS / f"{slug(recipe.title)}-{number}").exists():
        number += 1
    return RUNS / f"{slug(recipe.title)}-{number}"


def _quick(recipe: Recipe) -> dict[str, Any]:
    """The settings of a preview: a language model gets seconds, not minutes."""
    settings = dict(recipe.synthesizer.settings)
    if recipe.synthesizer.name == "lm-finetune":
        settings["max_seconds"] = 20.0
    return settings


def _write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")

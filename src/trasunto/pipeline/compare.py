"""Synthesizers side by side on one table: fitted to one part, judged on the other, several times each."""

from __future__ import annotations

import json
import platform
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from trasunto import __version__
from trasunto.data.dataset import Dataset
from trasunto.data.split import Split, split
from trasunto.errors import (
    DataError,
    FitError,
    MetricError,
    MissingLibraryError,
    RecipeError,
    SchemaError,
    TrasuntoError,
    near,
)
from trasunto.executors import Executor, Local, current
from trasunto.machine import cores
from trasunto.metrics.measure import measure
from trasunto.metrics.repeats import Spread, spreads
from trasunto.metrics.score import Comparison, Score
from trasunto.pipeline.asked import Asked, parse
from trasunto.pipeline.contender import Job, Made, handed, made
from trasunto.pipeline.suited import check_suited
from trasunto.pipeline.verbs import dataset_of, make, read
from trasunto.progress import Progress, quiet
from trasunto.reports import frontier
from trasunto.reports.board import Board, Row

JUDGED = (
    "fidelity.c2st",
    "utility.tstr",
    "privacy.nearer_to_train",
    "privacy.exact_copies",
    "fidelity.shapes",
    "fidelity.trends",
    "fidelity.triples",
    "fidelity.text",
    "privacy.verbatim_text",
)
REFERENCES = {
    "en": ("unseen real rows", "each column by itself", "bootstrap of train"),
    "es": ("filas reales no vistas", "cada columna por separado", "remuestreo de train"),
}
# With fewer on a side no classifier can be asked, and nothing that is measured means anything.
LEAST_ROWS = 20
TITLES = {"en": "Synthesizers compared", "es": "Sintetizadores comparados"}


@dataclass(frozen=True)
class Contest:
    """What is compared, and how.

    synthesizers: names, each with settings behind a colon if it has some ("tree:min_leaf=20,bins=100").
    target: the column to predict. holdout: the share of the rows that judge, or the file they are in.
    brought: (name, file) of rows made elsewhere from the same training rows; several of one name are its repeats.
    repeats: how often each synthesizer is fitted, sampled and judged; seed: of the split and of the first repeat.
    fit_once: sample every repeat from one model. time_limit: seconds one fit and its samples may take.
    metrics: whose headlines are compared. language: of titles and pages.
    """

    synthesizers: tuple[str, ...]
    target: str | None = None
    holdout: float | str = 0.5
    brought: tuple[tuple[str, str], ...] = ()
    repeats: int = 3
    seed: int = 0
    fit_once: bool = False
    time_limit: float | None = None
    metrics: tuple[str, ...] = JUDGED
    language: str = "en"

    def __post_init__(self) -> None:
        if self.repeats < 1:
            raise RecipeError(f"Each synthesizer is fitted {self.repeats} times; it must be at least once.")
        if self.time_limit is not None and self.time_limit <= 0:
            raise RecipeError(f"The time limit is {self.time_limit} s; it must be above 0.")
        if self.language not in TITLES:
            raise RecipeError(f"No comparison in language {self.language!r}.", near(self.language, TITLES))

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(range(self.seed, self.seed + self.repeats))


def compare(data: Any, contest: Contest, *, folder: str | Path | None = None, progress: Progress = quiet) -> Board:
    """Fit every synthesizer to the same training rows and judge what it draws, with what is brought, and references.

    data: real rows, a dataset or anything `read` takes. folder: where comparison.json is written after every repeat
    (aside, then renamed), and comparison.html, frontier.svg and frontier.png at the end; nothing when None.
    An executor of processes or of a cluster (`executing`) does the repeats side by side; scores are the same, seconds
    are those of a busy machine. A synthesizer that fails keeps a row with its error, and the others go on. When work is
    stopped (Ctrl-C), what was done is written and returned, its facts saying "finished": False.
    Raises RecipeError, UnknownNameError, FileError, SchemaError, DataError and MetricError before any work for a
    synthesizer, a setting, a column or a file that is not there, FitError where no synthesizer can learn from such a
    table, MissingLibraryError when a folder is asked for and
    the extra `report` is not installed.
    """
    asked = parse(contest.synthesizers)
    for each in asked:
        with suppress(MissingLibraryError):
            make(each.name, each.settings)
    if folder is not None:
        frontier.ready()
    parts = _divided(dataset_of(data), contest)
    for what, part in (("learn from", parts.train), ("judge with", parts.holdout)):
        if len(part) < LEAST_ROWS:
            raise DataError(
                f"There are {len(part)} rows to {what}; a comparison needs {LEAST_ROWS}.", "Give more rows."
            )
    late = _unsuited(asked, parts.train, alone=not contest.brought)
    for label, error in late.items():
        progress(f"{label} is left out: {error}", 1, 1)
    brought = _brought(contest, parts, [each.label for each in asked])
    board = Board(TITLES[contest.language], (), _facts(contest, parts))
    kept = _Kept(board, Path(folder) if folder is not None else None, contest.language)
    total = len(contest.seeds) * (len(asked) + 1) + sum(len(found) for found in brought.values())
    steps = _steps(asked, late, brought, parts, contest, progress)
    done = 0
    progress("compare", 0, total)
    try:
        for rows, finished in steps:
            done += finished
            kept.put(rows)
            progress("compare", done, total)
        kept.end(finished=True)
    except KeyboardInterrupt:
        steps.close()
        kept.end(finished=False)
    return kept.board


def _unsuited(asked: Sequence[Asked], train: Dataset, *, alone: bool) -> dict[str, str]:
    """Synthesizers that lack a library or cannot learn from such rows, by label, and why. alone: nothing else is
    judged, so that the error is raised where none of them can."""
    late: dict[str, TrasuntoError] = {}
    for each in asked:
        try:
            make(each.name, each.settings)
            check_suited(each.name, each.settings, train)
        except (MissingLibraryError, FitError) as error:
            late[each.label] = error
    if alone and len(late) == len(asked):
        raise next(iter(late.values()))
    return {label: str(error) for label, error in late.items()}


@dataclass
class _Kept:
    """The board as far as it has come, in memory and, when there is a folder, on disk."""

    board: Board
    folder: Path | None
    language: str

    def put(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self.board = self.board.put(row)
        self._write()

    def end(self, finished: bool) -> None:
        self.board = Board(self.board.title, self.board.rows, {**self.board.facts, "finished": finished})
        self._write()
        if self.folder is not None:
            frontier.write(self.board, self.folder, self.language)

    def _write(self) -> None:
        from trasunto.writing import write_text

        if self.folder is not None:
            text = json.dumps(self.board.to_dict(), indent=2, ensure_ascii=False) + "\n"
            write_text(self.folder / "comparison.json", text)


# Rows to put on the board, and how many repeats were done for them.
_Step = tuple[list[Row], int]


def _steps(
    asked: Sequence[Asked],
    late: dict[str, str],
    brought: dict[str, list[Dataset]],
    parts: Split,
    contest: Contest,
    progress: Progress,
) -> Generator[_Step, None, None]:
    """The work, one repeat a step."""
    yield from _references(parts, contest, progress)
    for name, found in brought.items():
        judged: list[tuple[Score, ...]] = []
        for seed, rows in enumerate(found, contest.seed):
            judged.append(_judged(rows, parts, contest, seed, progress))
            yield [Row(name, "brought", spreads(judged))], 1
    worths = _worths([each for each in asked if each.label not in late], parts, contest, progress)
    for each in asked:
        if each.label in late:
            row = Row(each.label, "synthesizer", settings=each.settings, error=late[each.label])
            yield [row], len(contest.seeds)
        else:
            yield from _contender(each, next(worths), contest)


# What a seed cost and what its rows are worth.
_Worth = tuple[Made, tuple[Score, ...]]


def _worths(
    asked: Sequence[Asked], parts: Split, contest: Contest, progress: Progress
) -> Generator[Iterator[_Worth], None, None]:
    """Of each synthesizer, what its seeds are worth; here one after another, so that nothing disturbs what is timed, or
    all at once by an executor of processes."""
    jobs = [contest.seeds] if contest.fit_once else [(seed,) for seed in contest.seeds]
    if current().apart:
        every = current().map(_apart, [(each, seeds) for each in asked for seeds in jobs], shared=(parts, contest))
        for _ in asked:
            yield _taken(list(islice(every, len(jobs))))
        return
    with tempfile.TemporaryDirectory(prefix="trasunto-compare-") as folder:
        handed(Path(folder), parts.train)
        for each in asked:
            yield chain.from_iterable(_worth(each, seeds, Path(folder), (parts, contest), progress) for seeds in jobs)


def _worth(
    each: Asked, seeds: tuple[int, ...], folder: Path, shared: tuple[Split, Contest], progress: Progress
) -> Iterator[_Worth]:
    """Fit, sample and judge one synthesizer; what it says on its way is said under its name."""
    parts, contest = shared

    def told(what: str, done: int, total: int) -> None:
        progress(f"{each.label}: {what}", done, total)

    job = Job(each.name, each.settings, seeds, len(parts.train))
    for cost, rows in list(made(folder, parts.train, job, limit=contest.time_limit, progress=told)):
        yield cost, _judged(rows, parts, contest, cost.seed, progress)


def _apart(
    job: tuple[Asked, tuple[int, ...]], shared: tuple[Split, Contest]
) -> tuple[list[_Worth], TrasuntoError | None]:
    """As `_worth`, by a worker: what was done, and the error that ended it."""
    each, seeds = job
    found: list[_Worth] = []
    with tempfile.TemporaryDirectory(prefix="trasunto-compare-") as folder:
        handed(Path(folder), shared[0].train)
        try:
            for one in _worth(each, seeds, Path(folder), shared, quiet):
                found.append(one)
        except TrasuntoError as error:
            return found, error
    return found, None


def _taken(results: Sequence[tuple[list[_Worth], TrasuntoError | None]]) -> Iterator[_Worth]:
    """What workers have done, up to the first error, which is raised."""
    for found, error in results:
        yield from found
        if error is not None:
            raise error


def _contender(each: Asked, worths: Iterator[_Worth], contest: Contest) -> Generator[_Step, None, None]:
    """The row of one synthesizer, a step a repeat."""
    costs: list[Made] = []
    judged: list[tuple[Score, ...]] = []

    def row(error: str = "") -> Row:
        return Row(
            each.label,
            "synthesizer",
            spreads(judged),
            tuple(cost.fit_seconds for cost in costs),
            tuple(cost.sample_seconds for cost in costs),
            tuple(cost.peak_mb for cost in costs if cost.peak_mb is not None),
            each.settings,
            error,
        )

    try:
        for cost, scores in worths:
            costs.append(cost)
            judged.append(scores)
            yield [row()], 1
    except TrasuntoError as error:
        # What failed once would fail again with the next seed, or tells enough.
        yield [row(str(error))], len(contest.seeds) - len(judged)


def _references(parts: Split, contest: Contest, progress: Progress) -> Generator[_Step, None, None]:
    """Real rows in the place of synthetic ones, columns by themselves, and a bootstrap of the training rows."""
    unseen, alone, copied = REFERENCES[contest.language]
    judged: list[tuple[Score, ...]] = []
    executor: Executor = current() if current().apart else Local(1)
    told = quiet if executor.apart else progress
    for scores in executor.map(_copied, contest.seeds, shared=(parts, contest, told)):
        judged.append(scores)
        beside = {name: _beside(judged, which) for name, which in ((unseen, "control"), (alone, "baseline"))}
        rows = [Row(name, "reference", found) for name, found in beside.items()]
        yield [*rows, Row(copied, "reference", spreads(judged))], 1


def _copied(seed: int, shared: tuple[Split, Contest, Progress]) -> tuple[Score, ...]:
    """What a bootstrap of the training rows is worth."""
    parts, contest, progress = shared
    train = parts.train.only
    drawn = np.random.default_rng([seed, 5]).integers(0, len(train), len(train))
    return _judged(parts.train.with_table(train.take(drawn)), parts, contest, seed, progress)


def _beside(judged: Sequence[tuple[Score, ...]], which: str) -> tuple[Spread, ...]:
    """The controls, or the baselines, of these scores as scores."""
    found: list[tuple[Score, ...]] = []
    for scores in judged:
        figures = [(score, getattr(score, which)) for score in scores]
        found.append(
            tuple(Score(s.metric, value, s.goal, reading=s.reading) for s, value in figures if value is not None)
        )
    return spreads(found)


def _judged(rows: Dataset, parts: Split, contest: Contest, seed: int, progress: Progress) -> tuple[Score, ...]:
    """The headlines of the metrics that apply; one that cannot be measured is left out."""
    comparison = Comparison(parts.train, rows, parts.holdout, contest.target, seed=seed)
    found: list[Score] = []
    for place, name in enumerate(contest.metrics):
        progress("judge", place, len(contest.metrics))
        try:
            found += measure(comparison, [name])
        except MetricError:
            continue
    progress("judge", len(contest.metrics), len(contest.metrics))
    return tuple(score for score in found if not score.subject and score.metric in contest.metrics)


def _divided(data: Dataset, contest: Contest) -> Split:
    """Rows to learn from and rows to judge with."""
    if len(data.tables) != 1:
        raise DataError(f"The data holds {len(data.tables)} tables; a comparison takes one.", "Name one file.")
    names = data.only.schema.names
    target = contest.target
    if target is not None:
        if target not in names:
            raise RecipeError(f"No target column called {target!r}.", near(target, names))
        data = data.with_role(target, "target")
    if isinstance(contest.holdout, str):
        holdout = read(contest.holdout, schema=data.schema, name=data.name)
        unseen = Dataset.of(holdout.only, data.name)
        # Comparison says what is wrong with it: other columns, no rows, the training rows themselves.
        Comparison(data, unseen, unseen, target)
        return Split(data, None, unseen, contest.seed)
    stratify = target if target is not None and data.only.schema[target].kind != "number" else None
    return split(data, holdout=contest.holdout, seed=contest.seed, stratify=stratify)


def _brought(contest: Contest, parts: Split, labels: Sequence[str]) -> dict[str, list[Dataset]]:
    """Rows made elsewhere by name, read and checked before any work."""
    found: dict[str, list[Dataset]] = {}
    for name, path in contest.brought:
        if name in labels or name in REFERENCES[contest.language]:
            raise RecipeError(f"{name!r} names brought rows and something else.", "Give the file another name.")
        try:
            rows = Dataset.of(read(path, schema=parts.train.schema).only, parts.train.name)
            Comparison(parts.train, rows, parts.holdout, contest.target)
        except (MetricError, SchemaError) as error:
            raise type(error)(f"{path}: {error.problem}", error.next_move) from error
        found.setdefault(name, []).append(rows)
    return found


def _facts(contest: Contest, parts: Split) -> dict[str, Any]:
    return {
        "source": parts.train.name,
        "train": len(parts.train),
        "holdout": len(parts.holdout),
        "columns": len(parts.train.only.schema.columns),
        "target": contest.target,
        "seeds": list(contest.seeds),
        "fit_once": contest.fit_once,
        "metrics": list(contest.metrics),
        "split": parts.record(),
        "cores": cores(),
        "versions": {"trasunto": __version__, "python": platform.python_version(), "system": platform.platform()},
        "finished": False,
    }

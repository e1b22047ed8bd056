"""`auto`: the method that suits the table, the time and the memory, and why.

What each method takes is estimated from rows, columns and kinds (synthesizers/candidates.py); those that go beyond a
limit, need more rows, or need a library that is not there are passed over; of the rest the preference picks one. Where
asked, the first few are tried before: fitted to one part of the rows and judged on another.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trasunto import registry
from trasunto.data.dataset import Dataset
from trasunto.data.schema import TableSchema
from trasunto.errors import FitError, MetricError, near
from trasunto.executors import Local, current
from trasunto.metrics.copies import nearer_to_train
from trasunto.metrics.score import Comparison
from trasunto.metrics.structure import c2st
from trasunto.privacy.budget import Budget
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.auto_text import TextChoice, text_choice, writes
from trasunto.synthesizers.candidates import CANDIDATES, Candidate, Shape
from trasunto.synthesizers.coded import CodedModel, learnable
from trasunto.synthesizers.lm_finetune import LmFinetuneModel
from trasunto.synthesizers.markov import MarkovModel

# A method whose rows lean more than this on the training rows, or that takes longer, is not balanced.
LEANING, PATIENCE = 0.53, 900.0
# Shares of rows near to training rows are known to about this.
KNOWN_TO = 0.01
# Fewest rows of a trial on each side, and seconds that one judgement takes.
TRIED_FROM, JUDGED = 100, 8.0
# What one more point of leaning costs in a trial, in points of C2ST, above what chance gives.
LEANING_COSTS, BY_CHANCE = 2.0, 0.515
# Methods with a private version, and so many columns that tables of counts, one a column, are the better way.
PRIVATE, MANY_COLUMNS = ("marginals", "bayes", "autoregressive", "vae", "gan", "lm-finetune", "markov"), 60
PREFERENCES = {
    "balanced": f"rows hardest to tell from real ones, at most {LEANING} of them nearer to training rows, "
    f"in at most {PATIENCE:.0f} s",
    "fidelity": "rows hardest to tell from real ones",
    "privacy": "rows that lean least on training rows",
    "speed": "the fastest that keeps what ties columns together",
    "readability": "the model that is easiest to read",
}


@dataclass(frozen=True)
class Auto:
    """Settings.

    max_seconds: that fitting, and drawing as many rows, may take on one core; max_memory_mb: most memory in MB, Python
    and libraries included; None for no limit. prefer: "balanced", "fidelity", "privacy" (leaning least on single rows;
    no guarantee), "speed" or "readability". trials: how many of the best-placed methods are fitted to one half of some
    rows and judged on the other half, before one is chosen; trial_rows: of both halves together.
    """

    max_seconds: float | None = None
    max_memory_mb: float | None = None
    prefer: str = "balanced"
    trials: int = 0
    trial_rows: int = 4000

    def __post_init__(self) -> None:
        for name in ("max_seconds", "max_memory_mb"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise FitError(f"{name} is {value}; it must be above 0.", "Leave it out for no limit.")
        if self.prefer not in PREFERENCES:
            raise FitError(f"prefer is {self.prefer!r}.", near(self.prefer, PREFERENCES))
        if self.trials < 0:
            raise FitError(f"trials is {self.trials}; it must be at least 0.", "0 chooses by estimates alone.")
        if self.trial_rows < 2 * TRIED_FROM:
            raise FitError(f"trial_rows is {self.trial_rows}; it must be at least {2 * TRIED_FROM}.")

    def fit(
        self, real: Dataset, *, seed: int, budget: Budget | None = None, progress: Progress = quiet
    ) -> CodedModel | LmFinetuneModel | MarkovModel:
        """The fitted model of the method that was chosen. `describe()` says which (`chosen`), why (`because`) and what
        speaks against the others (`passed_over`); so does the saved model.

        With a budget the schema alone decides, not the rows: they may be looked at for what is paid only. Raises
        FitError for several tables, no rows, or free text without a label; BudgetError as the method that is chosen.
        """
        if budget is not None:
            choice = self._for_budget(learnable_schema(real), budget)
        elif len(real.tables) == 1 and writes(real.only.schema):
            choice = _for_text(text_choice(real.only.schema, real.only, max_seconds=self.max_seconds))
        else:
            learnable(real, "auto")
            choice = self.choice(real, seed=seed, progress=progress)
        method = registry.load("synthesizers", choice.chosen)()
        return _told(method.fit(real, seed=seed, budget=budget, progress=progress), choice)

    def choice(self, real: Dataset, *, seed: int = 0, progress: Progress = quiet) -> Choice:
        """What would be chosen for a table, and why; nothing is fitted but in trials."""
        shape = Shape.of(real.only)
        passed = _not_for_rows()
        able: list[Candidate] = []
        for each in CANDIDATES:
            reason = self._against(each, shape)
            if reason is None:
                able.append(each)
            else:
                passed[each.name] = reason
        because = [_told_shape(shape)]
        if not able or shape.columns < 2:
            return self._last_resort(shape, passed, because)
        order = sorted(able, key=lambda each: self._place(each, shape))
        tried = self._tried(order, real, shape, seed, because, progress) if self.trials else {}
        if tried:
            order = sorted(order, key=lambda each: _loss(tried[each.name]) if each.name in tried else np.inf)
        best = order[0]
        because.append(f"Asked for: {self.prefer}, that is {PREFERENCES[self.prefer]}.")
        because.append(self._for(best, shape, tried))
        passed |= {each.name: self._behind(each, best, shape, tried) for each in order[1:]}
        return Choice(best.name, tuple(because), passed, tried)

    def _for_budget(self, schema: TableSchema, budget: Budget) -> Choice:
        """The private method for a table of this schema."""
        if writes(schema):
            return _for_text(text_choice(schema, max_seconds=self.max_seconds, private=True))
        columns = sum(column.kind != "id" for column in schema.columns)
        if budget.delta == 0:
            name, why = "bayes", "Without a delta only the noise of bayes keeps the promise."
        elif self.prefer == "speed" or columns > MANY_COLUMNS:
            name, why = "bayes", f"bayes takes seconds: of {columns} columns it counts one table each."
        else:
            name, why = "marginals", "marginals spends the budget where its model is most wrong, round by round."
        asked = (
            f"A budget was asked for: epsilon {budget.epsilon:g} and delta {budget.delta:g}, for each {budget.unit}."
        )
        behind = f"On Adult its rows were worth less than those of {name} for the same budget, or came later."
        passed = {
            each: behind if each in PRIVATE else "It has no private version."
            for each in registry.names("synthesizers")
            if each not in (name, "auto")
        }
        return Choice(name, (asked, why), passed, {})

    def _against(self, each: Candidate, shape: Shape) -> str | None:
        """Why a method cannot be taken, or None."""
        if each.name not in registry.names("synthesizers"):
            return "It is not there."
        if each.name == "independent":
            return "It loses what ties columns together."
        if shape.rows < each.least:
            return f"It needs {each.least:,} rows to learn from; there are {shape.rows:,}."
        if each.library and importlib.util.find_spec(each.library) is None:
            return f"It needs the library {each.library!r}, which is not installed."
        seconds, megabytes = each.seconds(shape), each.megabytes(shape)
        if self.max_seconds is not None and seconds > self.max_seconds:
            return f"It would take about {_time(seconds)}; {_time(self.max_seconds)} are allowed."
        if self.max_memory_mb is not None and megabytes > self.max_memory_mb:
            return f"It would take about {megabytes:,.0f} MB; {self.max_memory_mb:,.0f} MB are allowed."
        return None

    def _place(self, each: Candidate, shape: Shape) -> tuple[float, ...]:
        """What is sorted by, the lowest first."""
        seconds = each.seconds(shape)
        if self.prefer == "balanced":
            return (each.nearer > LEANING or seconds > PATIENCE, each.c2st, seconds)
        if self.prefer == "privacy":
            return (round(max(each.nearer - 0.5, 0.0) / KNOWN_TO), each.c2st, seconds)
        if self.prefer == "speed":
            return (seconds,)
        if self.prefer == "readability":
            return (-each.readable, each.c2st, seconds)
        return (each.c2st, seconds)

    def _for(self, best: Candidate, shape: Shape, tried: Mapping[str, Tried]) -> str:
        """The sentence that speaks for the one that was chosen."""
        taken = f"about {_time(best.seconds(shape))} and {best.megabytes(shape):,.0f} MB"
        allowed = [_time(self.max_seconds)] if self.max_seconds is not None else []
        allowed += [f"{self.max_memory_mb:,.0f} MB"] if self.max_memory_mb is not None else []
        limits = f" of the {' and '.join(allowed)} allowed" if allowed else "; no limit was set"
        if best.name in tried:
            return f"In its trial {best.name} did best: {tried[best.name].words}. It takes {taken}{limits}."
        return f"{best.name} comes first: on Adult its rows had {_figures(best)}. It takes {taken}{limits}."

    def _behind(self, each: Candidate, best: Candidate, shape: Shape, tried: Mapping[str, Tried]) -> str:
        """Why a method that could be taken is not."""
        if each.name in tried:
            return f"In its trial it did less well than {best.name}: {tried[each.name].words}."
        if best.name in tried:
            return "It was not among those tried."
        seconds, fastest = each.seconds(shape), best.seconds(shape)
        if self.prefer == "speed":
            return f"It would take about {_time(seconds)}, {best.name} about {_time(fastest)}."
        if self.prefer == "readability" and each.readable < best.readable:
            return f"Its model is harder to read than that of {best.name}."
        if self.prefer == "balanced" and seconds > PATIENCE:
            return f"It would take about {_time(seconds)}, more than {PATIENCE:.0f} s."
        return f"On Adult its rows had {_figures(each)}; those of {best.name} {_figures(best)}."

    def _last_resort(self, shape: Shape, passed: dict[str, str], because: list[str]) -> Choice:
        """The fastest of all, when nothing else is possible or needed."""
        last = next(each for each in CANDIDATES if each.name == "independent")
        passed = {name: reason for name, reason in passed.items() if name != last.name}
        needed = f"about {_time(last.seconds(shape))} and {last.megabytes(shape):,.0f} MB"
        if shape.columns < 2:
            for each in CANDIDATES:
                if each.name != last.name:
                    passed.setdefault(each.name, "There are no two columns to tie together.")
            because.append(
                f"With {shape.columns} columns to learn there is nothing to tie: independent takes {needed}."
            )
        else:
            because.append(
                f"No method that ties columns together fits what there is; independent is the fastest, with {needed}, "
                "and loses what ties columns together."
            )
        return Choice(last.name, tuple(because), passed, {})

    def _tried(
        self,
        order: list[Candidate],
        real: Dataset,
        shape: Shape,
        seed: int,
        because: list[str],
        progress: Progress,
    ) -> dict[str, Tried]:
        """Trials of the first of `order`, as many as the rows and the time allow."""
        half = min(self.trial_rows, shape.rows) // 2
        if half < TRIED_FROM:
            because.append(f"No trials: {shape.rows:,} rows are fewer than the {2 * TRIED_FROM} they need.")
            return {}
        small = replace(shape, rows=half)
        wanted = order[: self.trials]
        slowest = max(each.seconds(shape) for each in wanted)
        left = np.inf if self.max_seconds is None else self.max_seconds - slowest
        asked: list[Candidate] = []
        for each in wanted:
            left -= each.seconds(small) + JUDGED
            if left < 0:
                break
            asked.append(each)
        if len(asked) < 2:
            because.append("No trials: there is no time for two of them, or nothing to choose between.")
            return {}
        rows = np.random.default_rng([seed, 5]).permutation(shape.rows)[: 2 * half]
        learnt, unseen = (real.with_table(real.only.take(np.sort(part))) for part in (rows[:half], rows[half:]))
        names = [each.name for each in asked]
        # One after another where they would share a process: each may use all of it.
        executor = current() if current().apart else Local(1)
        found = {}
        progress("try methods", 0, len(names))
        trials = executor.map(_trial, names, shared=(learnt, unseen, half, seed))
        for place, (name, tried) in enumerate(zip(names, trials, strict=True)):
            found[name] = tried
            progress("try methods", place + 1, len(names))
        because.append(f"{len(asked)} methods were tried on {half:,} rows and judged on {half:,} others.")
        return found


@dataclass(frozen=True)
class Tried:
    """How a trial ended: C2ST against rows it had not seen, and the share of rows nearer to those it had."""

    c2st: float
    nearer: float

    @property
    def words(self) -> str:
        return f"C2ST {self.c2st:.3f}, {self.nearer:.3f} of its rows nearer to training rows (0.5 is best for both)"


def _trial(name: str, rows: tuple[Dataset, Dataset, int, int]) -> Tried:
    """How a method does. rows: to learn from, not to be seen, how many to draw, the seed."""
    learnt, unseen, half, seed = rows
    made = registry.load("synthesizers", name)().fit(learnt, seed=seed).sample(half, seed=seed + 1)
    return _judged(Comparison(learnt, made, unseen, seed=seed))


@dataclass(frozen=True)
class Choice:
    """chosen: the name of a method; because: sentences; passed_over: by name, what speaks against it."""

    chosen: str
    because: tuple[str, ...]
    passed_over: Mapping[str, str]
    trials: Mapping[str, Tried]

    def to_dict(self) -> dict[str, Any]:
        trials = {name: {"c2st": each.c2st, "nearer_to_train": each.nearer} for name, each in self.trials.items()}
        told = {"chosen": self.chosen, "because": list(self.because), "passed_over": dict(self.passed_over)}
        return {**told, "trials": trials} if trials else told


def _told(model: Any, choice: Choice) -> Any:
    """The model with the reasons of its choice."""
    if isinstance(model, LmFinetuneModel | MarkovModel):
        return replace(model, facts={**model.facts, **choice.to_dict()})
    return replace(model, choice=choice.to_dict())


def learnable_schema(real: Dataset) -> TableSchema:
    """The schema of the one table. FitError for several."""
    return real.only.schema if len(real.tables) == 1 else learnable(real, "auto").schema


def _for_text(found: TextChoice) -> Choice:
    others = (name for name in registry.names("synthesizers") if name not in ("auto", found.chosen))
    passed = {name: found.against.get(name, "It cannot write free text, or learns nothing from it.") for name in others}
    return Choice(found.chosen, found.because, passed, {})


def _not_for_rows() -> dict[str, str]:
    """What speaks against the methods that are not weighed."""
    known = {
        "lm-finetune": "There is no free text to write.",
        "markov": "There is no free text to write.",
        "templates": "It draws from templates alone and learns nothing from rows.",
        "rules": "It draws from rules alone and learns nothing from rows.",
        "sequences": "It draws the events of entities, one after another.",
        "sequence-bootstrap": "It draws the events of entities, and is there to be beaten.",
    }
    weighed = {each.name for each in CANDIDATES}
    others = (name for name in registry.names("synthesizers") if name not in weighed and name != "auto")
    return {name: known.get(name, "Nothing is known of what it takes.") for name in others}


def _judged(comparison: Comparison) -> Tried:
    try:
        return Tried(c2st(comparison)[0].value, nearer_to_train(comparison)[0].value)
    except (MetricError, IndexError):
        return Tried(1.0, 1.0)


def _loss(tried: Tried) -> float:
    return abs(tried.c2st - 0.5) + LEANING_COSTS * max(tried.nearer - BY_CHANCE, 0.0)


def _told_shape(shape: Shape) -> str:
    widest = f" (at most {shape.widest:,} values)" if shape.words else ""
    return (
        f"The table has {shape.rows:,} rows and {shape.columns} columns to learn: {shape.numbers} of numbers or dates, "
        f"{shape.words} of categories{widest}; {shape.missing:.1%} of the values are missing."
    )


def _figures(each: Candidate) -> str:
    return f"C2ST {each.c2st:.2f} and a share of {each.nearer:.2f} nearer to training rows (0.5 is best for both)"


def _time(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:,.0f} s" if seconds < 600 else f"{seconds / 60:,.0f} min"

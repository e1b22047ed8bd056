"""The laws that every synthesizer of tables keeps, for authors of methods to test their own against.

    from trasunto.testing import check_synthesizer

    def test_mine():
        check_synthesizer(Mine(epochs=2))

Each law is a function of a Trial that raises AssertionError with what went wrong; the project's own tests hold
every method to the same ones. What a method cannot do it refuses with an error of trasunto.errors.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, Format, TableSchema
from trasunto.errors import BudgetError, FitError, SampleError
from trasunto.privacy.budget import Budget
from trasunto.privacy.domain import declared_from
from trasunto.synthesizers.model import Model, load_model

KINDS = {pl.String: "category", pl.Int64: "integer", pl.Float64: "number", pl.Boolean: "boolean"}


def patients(rows: int = 400, seed: int = 0) -> Dataset:
    """A table with every kind of column that a row synthesizer takes, with gaps, spikes and ties between columns.

    number: the key. diagnosis: the target; the ill are older and smoke more, and their dose is missing less often.
    """
    rng = np.random.default_rng(seed)
    ill = rng.random(rows) < 0.3
    dose = np.round(rng.gamma(2.0, 5.0, rows), 2)
    start = datetime(2020, 1, 1).timestamp() * 1e6
    frame = pl.DataFrame(
        {
            "number": np.arange(1, rows + 1),
            "diagnosis": np.where(ill, "ill", "well"),
            "age": np.clip(rng.normal(50 + 15 * ill, 12, rows), 0, 99).round(),
            "gain": np.where(rng.random(rows) < 0.8, 0, rng.integers(1, 9_000, rows)),
            "dose": pl.Series(np.where(rng.random(rows) < np.where(ill, 0.05, 0.35), np.nan, dose)).fill_nan(None),
            "smokes": rng.random(rows) < 0.3 + 0.4 * ill,
            "seen": (start + rng.integers(0, 700, rows) * 86_400e6).astype(np.int64),
            "ward": rng.choice(["A", "B", "C"], rows),
            "nothing": pl.Series([None] * rows, dtype=pl.String),
            "same": ["x"] * rows,
        }
    ).with_columns(pl.col("age", "gain").cast(pl.Int64), pl.col("seen").cast(pl.Datetime("us")))
    columns = (
        Column("number", "id", False, "identifier"),
        Column("diagnosis", "category", False, "target"),
        Column("age", "integer"),
        Column("gain", "integer"),
        Column("dose", "number", format=Format(decimals=2)),
        Column("smokes", "boolean"),
        Column("seen", "datetime", format=Format(date_only=True)),
        *(Column(name, "category") for name in ("ward", "nothing", "same")),
    )
    return Dataset.of(Table(TableSchema(columns, primary_key=("number",)), frame), "patients")


def table_of(columns: Mapping[str, Any]) -> Dataset:
    """A dataset of one table from values by column; texts are categories."""
    frame = pl.DataFrame(dict(columns))
    schema = TableSchema(tuple(Column(name, KINDS[frame[name].dtype.base_type()]) for name in frame.columns))  # type: ignore[arg-type]
    return Dataset.of(Table(schema, frame))


@dataclass(frozen=True)
class Trial:
    """A synthesizer on trial. real: what it is fitted to, with the columns of `patients`."""

    synthesizer: Any
    real: Dataset

    @cached_property
    def model(self) -> Model:
        """It, fitted to `real` with seed 0."""
        found: Model = self.synthesizer.fit(self.real, seed=0)
        return found


def leaves_its_input_as_it_was(trial: Trial) -> None:
    """Neither fitting nor sampling changes the real rows."""
    before = trial.real.digest()
    trial.synthesizer.fit(trial.real, seed=0).sample(20, seed=1)
    _require(trial.real.digest() == before, "the real rows are not what they were")


def gives_the_same_rows_for_the_same_seed(trial: Trial) -> None:
    """The same seeds, the same rows, on one thread or two; another seed, others."""
    found = []
    for count in (1, 2):
        with _threads(count):
            found.append(trial.synthesizer.fit(trial.real, seed=0).sample(200, seed=1).digest())
    _require(found[0] == found[1], "two fits with the same seed on one thread and on two gave different rows")
    _require(trial.model.sample(200, seed=1).digest() == found[0], "a third fit gave different rows")
    _require(trial.model.sample(200, seed=2).digest() != found[0], "another seed gave the same rows")


def keeps_the_schema(trial: Trial) -> None:
    """Names, order, kinds and types of the columns are those of the real rows, and rows as many as asked."""
    made = trial.model.sample(120, seed=1)
    _require(len(made) == 120, f"{len(made)} rows came for 120")
    _require(made.name == trial.real.name, f"the table is called {made.name!r}, not {trial.real.name!r}")
    for had, has in zip(trial.real.only.schema.columns, made.only.schema.columns, strict=True):
        _require((had.name, had.kind) == (has.name, has.kind), f"column {had} became {has}")
    _require(made.rows.schema == trial.real.rows.schema, f"types became {made.rows.schema}")


def draws_no_row_one_row_and_refuses_less(trial: Trial) -> None:
    """0 rows are none, 1 is one, -1 is a SampleError that names it."""
    for count in (0, 1):
        made = trial.model.sample(count, seed=1)
        _require(len(made) == count, f"{len(made)} rows came for {count}")
        _require(made.rows.schema == trial.real.rows.schema, f"types became {made.rows.schema}")
    _refuses(SampleError, "-1", lambda: trial.model.sample(-1, seed=1))
    _refuses(SampleError, "-10", lambda: trial.model.sample(-10, seed=1))


def draws_in_parts_of_bounded_size(trial: Trial) -> None:
    """`batches` gives parts of at most the size asked, each with other rows."""
    parts = list(trial.model.batches(250, seed=1, size=100))
    _require([len(part) for part in parts] == [100, 100, 50], f"parts of {[len(part) for part in parts]} rows")
    _require(parts[0].digest() != parts[1].digest(), "two parts have the same rows")


def makes_new_keys_each_once(trial: Trial) -> None:
    """Keys are unique, also from part to part, and none is a real one."""
    made = pl.concat([part.rows for part in trial.model.batches(300, seed=1, size=120)])
    for name in trial.real.only.schema.primary_key:
        _require(made[name].n_unique() == 300, f"key {name!r} repeats")
        _require(not made[name].is_in(trial.real.rows[name].implode()).any(), f"key {name!r} holds real ones")


def saved_and_loaded_is_the_same(trial: Trial) -> None:
    """What is loaded draws what was saved would; the files are JSON, YAML and plain arrays, never pickles.

    The model's type must be registered under its method's name in the group "models" (see trasunto/registry.py).
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "model"
        trial.model.save(folder)
        found = load_model(folder)
        _require(found.sample(77, seed=9).digest() == trial.model.sample(77, seed=9).digest(), "loaded it draws others")
        for path in folder.rglob("*"):
            plain = path.is_dir() or path.suffix in {".json", ".yaml", ".npz", ".npy", ".safetensors"}
            _require(plain, f"{path.name} is no plain file")
            if path.suffix in {".npz", ".npy"}:
                _hold_numbers(path)


def describes_itself_in_json(trial: Trial) -> None:
    """`describe` gives JSON values, for the report."""
    _require(bool(json.dumps(trial.model.describe())), "it says nothing")


def honours_a_budget_or_refuses_it(trial: Trial) -> None:
    """A privacy budget gives a guarantee within it, or a BudgetError; never silence. A domain that nobody declared is
    refused when no share of the budget may buy it."""
    _refuses(BudgetError, "", lambda: trial.synthesizer.fit(trial.real, seed=0, budget=Budget(1.0, 1e-6)))
    # The table is made up, so that all of it is public.
    table = trial.real.only
    public = Dataset.of(Table(declared_from(trial.real).only, table.rows), trial.real.name)
    try:
        model = trial.synthesizer.fit(public, seed=0, budget=Budget(1.0, 1e-6, rows=len(table)))
    except BudgetError:
        return
    given = model.guarantee
    _require(given is not None, "a budget was granted, and the model carries no guarantee")
    _require(given.spent.epsilon <= 1.0 + 1e-9 and given.spent.delta <= 1e-6, f"it spent {given.spent}")
    _require(given.unit == "row" and bool(given.assumptions), "it does not say for whom, or what it takes as public")
    made = model.sample(40, seed=1)
    _require(made.rows.columns == table.rows.columns, "rows drawn from it have other columns")
    with tempfile.TemporaryDirectory() as place:
        model.save(Path(place) / "model")
        loaded = load_model(Path(place) / "model")
        _require(loaded.guarantee == given, "loaded it has another guarantee")
        _require(loaded.sample(40, seed=1).digest() == made.digest(), "loaded it draws others")


def meets_a_condition_or_refuses_it(trial: Trial) -> None:
    """Rows under a condition all meet it; a method that cannot says so, and so does an impossible condition."""
    try:
        made = trial.model.sample(40, seed=1, where='age > 60 and diagnosis == "ill"').rows
    except SampleError:
        return
    _require(len(made) == 40, f"{len(made)} rows came for 40")
    met = (made["age"] > 60) & (made["diagnosis"] == "ill")
    _require(bool(met.all()), f"{40 - int(met.sum())} of 40 rows miss the condition")
    _refuses(SampleError, "age", lambda: trial.model.sample(5, seed=1, where="age > 400"))


def takes_small_tables(trial: Trial) -> None:
    """One row, two rows, thirty, a column without any value: a model, or a FitError that says why not."""
    nothing = pl.Series([None] * 3, dtype=pl.Float64)
    tables = (
        table_of({"a": ["x"]}),
        table_of({"a": [1, 2]}),
        table_of({"a": [1.5, None], "b": ["u", "v"]}),
        table_of({"a": nothing, "b": [1, 2, 3]}),
        patients(30),
    )
    for real in tables:
        try:
            made = trial.synthesizer.fit(real, seed=0).sample(20, seed=1)
        except FitError:
            continue
        _require(len(made) == 20 and made.rows.schema == real.rows.schema, f"of {real.rows} it made {made.rows}")


def takes_free_text_or_names_who_does(trial: Trial) -> None:
    """A column of free text is learnt, or refused with the name of a method that writes text."""
    schema = trial.real.only.schema
    note = Column("note", "text")
    rows = trial.real.rows.with_columns(note=pl.lit("a long story of this patient"))
    real = Dataset.of(Table(replace(schema, columns=(*schema.columns, note)), rows), trial.real.name)
    try:
        trial.synthesizer.fit(real, seed=0)
    except FitError as error:
        _require("lm-finetune" in str(error), f"the refusal names no text method: {error}")


LAWS: tuple[Callable[[Trial], None], ...] = (
    leaves_its_input_as_it_was,
    gives_the_same_rows_for_the_same_seed,
    keeps_the_schema,
    draws_no_row_one_row_and_refuses_less,
    draws_in_parts_of_bounded_size,
    makes_new_keys_each_once,
    saved_and_loaded_is_the_same,
    describes_itself_in_json,
    honours_a_budget_or_refuses_it,
    meets_a_condition_or_refuses_it,
    takes_small_tables,
    takes_free_text_or_names_who_does,
)


def check_synthesizer(synthesizer: Any) -> None:
    """Hold a synthesizer to every law, on 400 `patients`. AssertionError for a breach, with what went wrong."""
    trial = Trial(synthesizer, patients())
    for law in LAWS:
        law(trial)


def _require(met: bool, otherwise: str) -> None:
    if not met:
        raise AssertionError(otherwise)


def _refuses(error: type[Exception], words: str, do: Callable[[], Any]) -> None:
    try:
        do()
    except error as found:
        _require(words in str(found), f"the refusal does not name {words}: {found}")
        return
    raise AssertionError(f"it was not refused: no {error.__name__} about {words}")


def _hold_numbers(path: Path) -> None:
    """An array file without objects, which would be pickles."""
    stored = np.load(path, allow_pickle=False)
    arrays = {path.name: stored} if isinstance(stored, np.ndarray) else stored
    for name, each in arrays.items():
        _require(each.dtype.kind in "iufb", f"array {name!r} is of type {each.dtype}")


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """So many threads of the processor inside the block."""
    with ExitStack() as stack:
        stack.enter_context(threadpool_limits(count))
        if "torch" in sys.modules:
            from trasunto.networks.device import threads

            stack.enter_context(threads(count))
        yield

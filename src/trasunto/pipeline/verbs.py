"""The verbs of the package, as functions: read, fit, load, impute, evaluate, train, score.

`import trasunto as tr` offers them; the command line calls them; each takes values and returns a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trasunto import registry
from trasunto.data.dataset import Dataset, Table
from trasunto.data.relations import children, roots
from trasunto.data.schema import Schema, TableSchema
from trasunto.errors import ModelError, RecipeError, SampleError, SchemaError, near
from trasunto.executors import check_several
from trasunto.metrics.score import Comparison, Gate
from trasunto.pipeline.columns import ordered
from trasunto.pipeline.kept import kept_at
from trasunto.pipeline.settings import built
from trasunto.privacy.budget import Budget
from trasunto.progress import Progress, quiet
from trasunto.reports.report import Report
from trasunto.synthesizers.coded import CodedModel
from trasunto.synthesizers.model import FITTED, Model, load_model

if TYPE_CHECKING:
    from trasunto.language.classify import Classifier
    from trasunto.language.evaluation import Evaluation
    from trasunto.language.tasks.responder import Responder
    from trasunto.language.text_evaluation import TextEvaluation


# Rows of the longest table that looks like a list.
SHORT = 1_000
# Synthesizers of rows, which others can hold.
ROWS = (
    "auto", "tree", "bayes", "copula", "distributions", "gan", "vae", "autoregressive", "independent", "marginals",
)  # fmt: skip
# What can hold them.
HOLDERS = ("relational", "sequences")


def read(
    source: Any, *, schema: Schema | str | Path | None = None, rows: int | None = None, name: str = "data"
) -> Dataset:
    """Read real data.

    source: a path to a file or a folder of files, `packaged:NAME`, a path with its form before it (`documents:FOLDER`,
    `alpaca:FILE`: docs/text.md), or a pandas, Polars, Arrow or Hugging Face table, a dict of columns or of tables, a
    list of records.
    schema: what is known about the columns (or a schema file); inferred, with a reason each, when None.
    rows: read at most this many. name: what to call a table that has no file name.
    Raises FileError, EmptyDataError, SchemaError.
    """
    known = Schema.load(schema) if isinstance(schema, str | Path) else schema
    if isinstance(source, str | Path):
        from trasunto.connectors.address import open_source

        return open_source(str(source)).read(rows=rows, schema=known)
    from trasunto.connectors.frames import read_frame

    dataset = read_frame(source, name=name, schema=known)
    return dataset.with_table(dataset.only.take(range(min(rows, len(dataset))))) if rows is not None else dataset


def fit(
    real: Any,
    synthesizer: str | Any = "tree",
    *,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    budget: Budget | None = None,
    progress: Progress = quiet,
    checkpoints: str | Path | None = None,
) -> Model:
    """Fit a synthesizer, by name (see `trasunto list synthesizers`) or as a value, to real data.

    real: a dataset, or anything `read` takes. settings: fields of the synthesizer by name. checkpoints: a folder where
    the training of a network leaves its state every minute and at its end; a training of the same method on the same
    data that stands there is gone on with. Ctrl-C ends such a training with the best so far (see `interrupted`).
    Raises UnknownNameError, RecipeError for a setting that is not there, FitError, BudgetError.
    """
    data = [dataset_of(real)]
    # Handed over, not kept: rows that nobody else holds leave memory when the method is done with them.
    del real
    method = fitting(synthesizer, settings or {}, data[0]) if isinstance(synthesizer, str) else synthesizer
    with kept_at(checkpoints, data[0]) if checkpoints is not None else nullcontext():
        model: Model = method.fit(data.pop(), seed=seed, budget=budget, progress=progress)
    return model


def impute(model: Any, data: Any, *, seed: int = 0, temperature: float = 1.0) -> Dataset:
    """Real rows with every gap filled by values that fit the rest of the row.

    model: a fitted model (of a method that takes given values) or its folder. data: a dataset, or what `read` takes.
    A value that the model does not know stays. Raises ModelError for a model that cannot.
    """
    fitted = load(model) if isinstance(model, str | Path) else model
    if not isinstance(fitted, CodedModel):
        raise ModelError("This model cannot fill gaps.", "Fit 'tree', 'autoregressive' or 'bayes' to a table.")
    rows = data if isinstance(data, Dataset) else read_partial(data, fitted.schema)
    return fitted.impute(rows, seed=seed, temperature=temperature)


def read_partial(source: Any, schema: Schema) -> Dataset:
    """Rows that hold some of the columns of a schema, read as it says. SampleError for a column it does not have."""
    found = read(source).only.schema.names
    whole = schema.only
    for name in found:
        if name not in whole:
            raise SampleError(f"Given column {name!r} is not in the model.", near(name, whole.names))
    part = TableSchema(tuple(replace(whole[name], nullable=True) for name in found))
    return read(source, schema=Schema({next(iter(schema.tables)): part}))


def make(name: str, settings: Mapping[str, Any]) -> Any:
    """A synthesizer of that name with those settings."""
    kind = registry.load("synthesizers", name)
    try:
        return built(kind, f"The synthesizer {name!r}", settings)
    except RecipeError as error:
        strange = set(settings) - {field.name for field in fields(kind)}
        for holder in HOLDERS if strange and name in ROWS else ():
            if strange <= {field.name for field in fields(registry.load("synthesizers", holder))}:
                told = f"{holder!r} has it: name that synthesizer, with row={name} for its rows."
                raise RecipeError(error.problem, told) from error
        raise


def fitting(name: str, settings: Mapping[str, Any], real: Dataset) -> Any:
    """The synthesizer of that name for such data, held by another where one of rows cannot learn it alone."""
    method, holder = make(name, settings), holder_of(name, real)
    return make(holder, {"row": name, "row_settings": dict(settings)}) if holder else method


def holder_of(name: str, real: Dataset) -> str:
    """What holds a synthesizer of rows: `relational` for related tables, `sequences` for a table whose schema says that
    it holds events, "" for others and for what is no synthesizer of rows."""
    if name not in ROWS:
        return ""
    if real.tied:
        return "relational"
    return "sequences" if real.only.schema.sequence else ""


def in_sequence(dataset: Dataset, entity: str, order: str) -> Dataset:
    """The one table as events: `entity` names whom they befall, `order` is the column that orders them. SchemaError for
    a column that is not there."""
    return dataset.with_table(ordered(dataset.only, entity, order))


def copying(dataset: Dataset, names: Sequence[str]) -> Dataset:
    """Related tables, some of which are copied and not synthesised. SchemaError for a table that is not there."""
    for name in names:
        if name not in dataset.tables:
            raise SchemaError(f"No table called {name!r}.", near(name, dataset.tables))
    tables = {
        name: Table(replace(table.schema, copied=name in names or table.schema.copied), table.rows)
        for name, table in dataset.tables.items()
    }
    return Dataset.holding(tables)


def dimensions(dataset: Dataset) -> list[str]:
    """Tables that look like lists others refer to (countries, products): short, and ten rows or more for each of
    theirs; those that are copied already are left out."""
    found = []
    for name in roots(dataset.schema):
        rows = len(dataset.tables[name])
        most = max((len(dataset.tables[link.child]) for link in children(dataset.schema, name)), default=0)
        if rows <= SHORT and most >= 10 * rows and not dataset.schema.tables[name].copied:
            found.append(name)
    return found


def load(folder: str | Path) -> Any:
    """A saved synthesizer's model, or a saved language model, from its folder. ModelError when it is neither."""
    import json

    path = Path(folder) / "model.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"No model in {folder}: there is no model.json.", FITTED) from error
    except (OSError, ValueError) as error:
        raise ModelError(f"The model in {folder} cannot be read: {error}.", "Fit it again.") from error
    if isinstance(document, dict) and "language_model" in document:
        from trasunto.language.tasks.stored import load_language_model

        return load_language_model(folder)
    return load_model(folder)


def evaluate(
    real: Any,
    synthetic: Any,
    *,
    holdout: Any = None,
    target: str | None = None,
    protected: Sequence[str] = (),
    positive: str | None = None,
    seed: int = 0,
    gates: Sequence[str] = (),
    metrics: Sequence[str] | None = None,
    language: str = "en",
    progress: Progress = quiet,
) -> Report:
    """Measure synthetic rows against the real rows they were made from and real rows nothing has seen.

    real, synthetic, holdout: datasets of one table, or anything `read` takes (synthetic and holdout are then
    read with the schema of `real`). synthetic may be a tuple of several draws: the report is about the first, and
    tells how far the scores of all of them spread; related tables are measured along their keys, and a target is named
    TABLE.COLUMN. protected: columns whose groups are compared (fairness), positive:
    the favourable value of the target, of two the rarer one when None. gates: limits such as "fidelity.c2st <= 0.6";
    `Report.passed` tells.
    metrics: names from `trasunto list metrics`, or "full" for all; all that apply but the slow ones when None.
    Raises MetricError, RecipeError for a gate on nothing.
    """
    from trasunto.metrics.gates import check_applies, check_gates
    from trasunto.metrics.measure import USUAL, measure
    from trasunto.metrics.repeats import repeated, spreads
    from trasunto.pipeline.fairness import check_groups
    from trasunto.pipeline.tell import compared as told_of

    limits = [Gate.parse(gate) for gate in gates]
    truth = dataset_of(real)
    named = (protected,) if isinstance(protected, str) else tuple(protected)
    draws = [_like(each, truth) for each in (synthetic if isinstance(synthetic, tuple) else (synthetic,))]
    if truth.tied:
        from trasunto.pipeline.related import USUAL as OF_VIEW
        from trasunto.pipeline.related import Asked, compared, measured

        check_gates(limits, metrics or ("relations", *(OF_VIEW if target else ())))
        unseen, asked = _like(holdout, truth) if holdout is not None else None, Asked(target, named, positive)
        # What does not fit is said before any work.
        tables = [compared(truth, each, unseen, asked, seed + place) for place, each in enumerate(draws)]
        found = [measured(each, tuple(metrics or ()), progress) for each in tables]
        passed = tuple(limit.verdict(found[0]) for limit in limits)
        return told_of(tables[0], found[0], passed, language, spreads(found) if len(found) > 1 else ())
    check_gates(limits, metrics or (USUAL,))
    check_applies(limits, truth.only.schema, target=target, protected=named, holdout=holdout is not None)
    comparison = Comparison(
        real=truth,
        synthetic=draws[0],
        holdout=_like(holdout, truth) if holdout is not None else None,
        target=target,
        protected=named,
        positive=positive,
        seed=seed,
    )
    check_groups(comparison)
    for other in draws[1:]:
        # What does not fit is said before any work.
        replace(comparison, synthetic=other)
    scores = measure(comparison, metrics or None, progress=progress)
    verdicts = tuple(limit.verdict(scores) for limit in limits)
    if len(draws) == 1:
        return told_of(comparison, scores, verdicts, language)
    further = repeated(draws.__getitem__, comparison, range(1, len(draws)), metrics or None, progress)
    return told_of(comparison, scores, verdicts, language, spreads([scores, *further]))


def train(
    data: Any,
    *,
    task: str = "classification",
    text: str | None = None,
    label: str | None = None,
    base: str | None = None,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    budget: Budget | None = None,
    progress: Progress = quiet,
) -> Classifier | Responder:
    """Train a language model on a dataset, synthetic or real.

    task: see `trasunto list tasks`. text, label: column names, for classification; found by role or kind when None (for
    a table without text, `label` is the column to predict). Tasks that write take columns by their roles: prompt and
    response, source and translation, or a column of messages. base: a pretrained model by name or folder. budget: train
    by DP-SGD, of a classification the head, and the adapter where one is asked for (see `train_on`), of what writes an
    adapter (language/tasks/private.py).
    Raises UnknownNameError, FitError, BudgetError, MissingLibraryError.
    """
    from trasunto.language.classify import train_on

    chosen = task_settings(task, {**(settings or {}), **({"base": base} if base else {})})
    taken = dataset_of(data)
    if task == "classification":
        return train_on(taken, text=text, label=label, settings=chosen, seed=seed, budget=budget, progress=progress)
    for column, role in ((text, "prompt"), (label, "label")):
        if column is not None:
            taken = taken.with_role(column, role)
    trained: Classifier | Responder = registry.load("tasks", task).train(
        taken, settings=chosen, seed=seed, budget=budget, progress=progress
    )
    return trained


def task_settings(task: str, values: Mapping[str, Any]) -> Any:
    """The settings of a task with those values. UnknownNameError, RecipeError for a setting that is not there, FitError
    for `shard` where one process trains."""
    settings = built(registry.load("tasks", task).settings, f"The task {task!r}", values)
    if values.get("shard"):
        check_several()
    return settings


def score(model: Any, data: Any, *, seed: int = 0, progress: Progress = quiet) -> Evaluation | TextEvaluation:
    """What a trained language model (or its folder) is worth on real data: accuracy, precision, recall, F1 of one that
    labels; chrF, BLEU, ROUGE and the like of one that answers; bits per byte of one that writes.

    Raises ModelError when the folder holds no language model, DataError when its columns are not there.
    """
    from trasunto.language.classify import Classifier
    from trasunto.language.tasks.responder import Responder
    from trasunto.language.tasks.stored import score_language_model

    trained = load(model) if isinstance(model, str | Path) else model
    if not isinstance(trained, Classifier | Responder):
        raise ModelError(f"{model} holds no language model.", "Give the folder that `trasunto train -o` wrote.")
    return score_language_model(trained, dataset_of(data), seed=seed, progress=progress)


def dataset_of(data: Any) -> Dataset:
    """A dataset as it is; anything else is read."""
    return data if isinstance(data, Dataset) else read(data)


def _like(data: Any, real: Dataset) -> Dataset:
    return data if isinstance(data, Dataset) else read(data, schema=real.schema, name=next(iter(real.tables)))

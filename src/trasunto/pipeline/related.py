"""The steps of a run over related tables: read, cut by families, measured along their keys, judged on one view.

The view is the table of the column to predict with all it refers to (data/flat.py): what a model is trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from trasunto.data.dataset import Dataset, Table
from trasunto.data.flat import flattened
from trasunto.data.split import Split
from trasunto.data.split_related import RelatedSplit, split_related, subset
from trasunto.errors import EmptyDataError, RecipeError, near
from trasunto.metrics.measure import chosen_of, measure
from trasunto.metrics.related import Related, measure_related
from trasunto.metrics.score import Comparison, Score
from trasunto.pipeline.columns import declared, recoded, told, without
from trasunto.pipeline.recipe import Recipe
from trasunto.pipeline.safeguards import protected
from trasunto.progress import Progress, quiet

if TYPE_CHECKING:
    from trasunto.metrics.repeats import Spread

# Measured on the view when nothing is asked: what its rows are worth to a model. The rest is measured along the keys.
USUAL = ("utility.tstr",)
# Keys of a recipe that are about one table, and say nothing of several.
ONE_TABLE = ("text", "label", "sequence")


@dataclass(frozen=True)
class Compared:
    """Synthetic tables beside real ones. view: of the table to predict from; None without a target."""

    related: Related
    view: Comparison | None

    @property
    def synthetic(self) -> Dataset:
        return self.related.synthetic


def prepared(recipe: Recipe, raw: Dataset) -> tuple[Dataset, dict[str, Any] | None]:
    """The tables as the recipe wants them, and what a policy did to them; columns are named TABLE.COLUMN.

    Raises RecipeError for a table or column that is not there, and for what is meant for one table.
    """
    asked = recipe.data
    _refuse(recipe)
    for key, tables in (("data.tables", asked.tables), ("data.copied", asked.copied)):
        for name in tables:
            if name not in raw.tables:
                raise RecipeError(f"{key} names no table: {name!r}.", near(name, raw.tables))
    if recipe.split.root is not None and recipe.split.root not in (asked.tables or raw.tables):
        raise RecipeError(f"split.root names no table: {recipe.split.root!r}.", near(recipe.split.root, raw.tables))
    dataset = _only(raw, asked.tables) if asked.tables else raw
    dropped = _by_table(dataset, "data.drop", asked.drop)
    dataset = _mapped(dataset, {name: without(dataset.tables[name], columns) for name, columns in dropped.items()})
    dataset, protection = protected(recipe, _tied(dataset))
    changed = dict(dataset.tables)
    for name, columns in _by_table(dataset, "data.recode", asked.recode).items():
        changed[name] = recoded(changed[name], {column: asked.recode[f"{name}.{column}"] for column in columns})
    for name, columns in _by_table(dataset, "data.roles", asked.roles).items():
        for column in columns:
            changed[name] = changed[name].with_role(column, asked.roles[f"{name}.{column}"])
    if asked.target is not None:
        (name, (column,)) = next(iter(_by_table(dataset, "data.target", [asked.target]).items()))
        changed[name] = changed[name].with_role(column, "target")
    for name, columns in _by_table(dataset, "data.public", asked.public).items():
        changed[name] = declared(changed[name], {column: asked.public[f"{name}.{column}"] for column in columns})
    for name in asked.copied:
        changed[name] = Table(replace(changed[name].schema, copied=True), changed[name].rows)
    dataset = _mapped(dataset, changed)
    if asked.rows is not None:
        dataset = subset(dataset, roots=asked.rows, seed=recipe.seed, root=recipe.split.root)
    if not any(len(table) for table in dataset.tables.values()):
        raise EmptyDataError(f"{asked.source} leaves no rows.", "Give tables with rows.")
    return dataset, protection


def facts(dataset: Dataset) -> dict[str, Any]:
    """Tables and columns for the report."""
    tables = [
        {
            "name": name,
            "rows": len(table),
            "columns": len(table.schema.columns),
            "key": list(table.schema.primary_key),
            "refers": [
                {"columns": list(key.columns), "table": key.table, "references": list(key.references)}
                for key in table.schema.foreign_keys
            ],
            "copied": table.schema.copied,
        }
        for name, table in dataset.tables.items()
    ]
    columns = [each for name, table in dataset.tables.items() for each in told(table, f"{name}.")]
    return {"tables": tables, "columns": columns}


def divided(recipe: Recipe, real: Dataset) -> RelatedSplit:
    """Train and holdout, each family on one side."""
    return split_related(real, holdout=recipe.split.holdout, seed=recipe.seed, root=recipe.split.root)


@dataclass(frozen=True)
class Asked:
    """What is asked of the view: the fields of a Comparison of the same names."""

    target: str | None = None
    protected: tuple[str, ...] = ()
    positive: str | None = None
    keys: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()


def asked_of(recipe: Recipe) -> Asked:
    """What a recipe asks of the view."""
    privacy, fairness = recipe.privacy, recipe.fairness
    return Asked(
        recipe.data.target,
        fairness.protected if fairness else (),
        fairness.positive if fairness else None,
        privacy.keys if privacy else (),
        privacy.secrets if privacy else (),
    )


def compared(real: Dataset, synthetic: Dataset, holdout: Dataset | None, asked: Asked, seed: int) -> Compared:
    """Synthetic tables beside those they were made from and those nothing has seen."""
    related = Related(real, synthetic, holdout, seed)
    if asked.target is None:
        return Compared(related, None)
    unseen = viewed(holdout, asked.target) if holdout is not None else None
    made, truth = viewed(synthetic, asked.target), viewed(real, asked.target)
    return Compared(related, Comparison(truth, made, unseen, seed=seed, **vars(asked)))


def viewed(dataset: Dataset, target: str) -> Dataset:
    """The table of the target with all it refers to; rows without a target are left out."""
    flat = flattened(dataset, target.partition(".")[0], target=target)
    return flat.with_table(Table(flat.only.schema, flat.rows.drop_nulls(target)))


def few(recipe: Recipe, train: Dataset, rows: int) -> Dataset:
    """Families with about so many rows."""
    return subset(train, share=min(1.0, rows / len(train)), seed=recipe.seed, root=recipe.split.root)


def view_of(recipe: Recipe, parts: Any) -> Split:
    """The parts of a split as their views, for what trains a model."""
    target = recipe.data.target
    assert target is not None
    return Split(viewed(parts.train, target), None, viewed(parts.holdout, target), recipe.seed)


def names_of(recipe: Recipe) -> tuple[str, ...]:
    """What a recipe measures: what it names, else everything along the keys, and what the view is worth."""
    extra = (*(("privacy",) if recipe.privacy else ()), *(("fairness",) if recipe.fairness else ()))
    return recipe.metrics or ("relations", *USUAL, *extra)


def measured(comparison: Compared, names: Sequence[str] = (), progress: Progress = quiet) -> tuple[Score, ...]:
    """Scores along the keys ("relations", or names that begin so), and of the view where there is one."""
    wanted = names or ("relations", *USUAL)
    along = [name for name in wanted if name.startswith("relations.")]
    scores: tuple[Score, ...] = ()
    if along or "relations" in wanted:
        everything = None if "relations" in wanted else along
        scores = measure_related(comparison.related, everything, progress=progress)
    other = [name for name in wanted if name.partition(".")[0] != "relations"]
    if comparison.view is None or not other:
        return scores
    return (*scores, *measure(comparison.view, chosen_of(other), progress=progress))


def repeats(recipe: Recipe, comparison: Compared, scores: tuple[Score, ...], draw: Any) -> tuple[Spread, ...]:
    """The scores over further draws. draw: seed → synthetic tables."""
    from trasunto.metrics.repeats import spreads

    found, related = [scores], comparison.related
    for seed in range(recipe.seed + 1, recipe.seed + recipe.repeats):
        again = compared(related.real, draw(seed), related.holdout, asked_of(recipe), seed)
        found.append(measured(again, names_of(recipe)))
    return spreads(found)


def check(recipe: Recipe, real: Dataset) -> None:
    """RecipeError for metrics that no view can be measured by, and for a training that has nothing to predict."""
    from trasunto import registry

    for name in recipe.metrics:
        if name.startswith("relations."):
            registry.load("relations", name)
        elif name != "relations":
            for each in chosen_of([name]):
                registry.load("metrics", each)
            if recipe.data.target is None:
                raise RecipeError(
                    f"The metric {name!r} is measured on the view of a target, and none is named.",
                    "Name data.target as TABLE.COLUMN, or measure relations alone.",
                )
    if recipe.train is not None and recipe.data.target is None:
        raise RecipeError("train needs to know what to predict.", "Name data.target as TABLE.COLUMN.")
    if recipe.train is not None and recipe.train.task not in ("classification", "rows"):
        raise RecipeError(
            f"The task {recipe.train.task!r} writes; from related tables a model learns to label.",
            "Use classification or rows.",
        )
    if recipe.data.target is not None:
        seen = viewed(real, recipe.data.target)
        Comparison(seen, seen, seed=recipe.seed, **vars(asked_of(recipe)))


def _refuse(recipe: Recipe) -> None:
    for key in ONE_TABLE:
        if getattr(recipe.data, key):
            raise RecipeError(f"data.{key} is about one table, and the source holds several.", "Leave it out.")
    if recipe.prepare is not None or recipe.curate is not None:
        raise RecipeError("prepare and curate are for texts in one table.", "Leave them out for related tables.")
    if recipe.vectors is not None:
        raise RecipeError("vectors is for texts in one table.", "Leave it out for related tables.")
    if recipe.privacy is not None and recipe.privacy.audit:
        raise RecipeError(
            "Canaries are planted in one table, and the source holds several.",
            "Leave out privacy.audit, or make the view of one table first.",
        )
    if recipe.fairness is not None and recipe.fairness.repair is not None:
        raise RecipeError(
            "A repair changes the rows of one table, and not what hangs from them.",
            "Leave out fairness.repair and measure, or repair the view of one table (trasunto.data.flat).",
        )


def _only(dataset: Dataset, names: Sequence[str]) -> Dataset:
    return _tied(Dataset.holding({name: table for name, table in dataset.tables.items() if name in names}))


def _tied(dataset: Dataset) -> Dataset:
    """The dataset less the keys that lead nowhere any more."""
    made = {}
    for name, table in dataset.tables.items():
        keys = tuple(
            key
            for key in table.schema.foreign_keys
            if key.table in dataset.tables and set(key.references) <= set(dataset.tables[key.table].schema.names)
        )
        made[name] = Table(replace(table.schema, foreign_keys=keys), table.rows)
    return Dataset.holding(made)


def _by_table(dataset: Dataset, key: str, named: Any) -> dict[str, list[str]]:
    """Columns named TABLE.COLUMN by table. RecipeError for one that is not there."""
    found: dict[str, list[str]] = {}
    for each in named:
        table, dot, column = str(each).partition(".")
        if not dot or table not in dataset.tables:
            raise RecipeError(
                f"{key} names {each!r}; of related tables a column is named TABLE.COLUMN.", near(table, dataset.tables)
            )
        if column not in dataset.tables[table].schema:
            raise RecipeError(f"{key} names no column: {each!r}.", near(column, dataset.tables[table].schema.names))
        found.setdefault(table, []).append(column)
    return found


def _mapped(dataset: Dataset, changed: dict[str, Table]) -> Dataset:
    return Dataset.holding({**dataset.tables, **changed})

"""The steps of a run, each a function from values to a value. `run` puts them in order and keeps their results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Schema, TableSchema
from trasunto.errors import DataError, EmptyDataError, RecipeError, near
from trasunto.metrics.measure import USUAL, chosen_of
from trasunto.metrics.score import Comparison, Gate, Score
from trasunto.pipeline.judged import check_training
from trasunto.pipeline.recipe import Recipe
from trasunto.pipeline.safeguards import budget_of, protected
from trasunto.pipeline.texts import check_texts, made_ready
from trasunto.pipeline.verbs import make, read
from trasunto.progress import Progress, quiet

if TYPE_CHECKING:
    from trasunto.data.split import Split
    from trasunto.synthesizers.fair import Repaired
    from trasunto.synthesizers.model import Model

# Columns with such a role hold text, whatever their values look like.
WORDED = ("prompt", "response", "source", "translation")


@dataclass(frozen=True)
class Prepared:
    """The real data, ready to be split, and what was done to it (JSON values). digest: of the source as it was read,
    where a ledger must know it again. protection: what a policy did to it."""

    dataset: Dataset
    facts: dict[str, Any]
    digest: str = ""
    protection: dict[str, Any] | None = None


def prepare(recipe: Recipe) -> Prepared:
    """Read the source, drop columns, protect people, recode, give roles, draw `rows`, leave out rows without a target.

    Raises FileError, SchemaError, EmptyDataError, and RecipeError for a column that is not there.
    """
    asked = recipe.data
    raw = read(asked.source, schema=asked.schema_file)
    if len(raw.tables) != 1:
        raise DataError(
            f"{asked.source} holds {len(raw.tables)} tables ({', '.join(raw.tables)}); a run takes one.",
            "Name the file of one table in data.source.",
        )
    named = {"data.target": asked.target, "data.text": asked.text, "data.label": asked.label}
    wanted = [*named.items(), *(("data.drop", c) for c in asked.drop), *(("data.recode", c) for c in asked.recode)]
    wanted += [("data.public", c) for c in asked.public] + [("data.roles", c) for c in asked.roles]
    wanted += [("split.group", recipe.split.group), *_safeguarded(recipe)]
    _there(wanted, raw.only.schema)
    safe, protection = protected(recipe, raw.with_table(_without(raw.only, asked.drop)))
    if protection is not None:
        _there([each for each in wanted if each[1] not in asked.drop], safe.only.schema, " after privacy.policy")
    table = _declared(_recoded(safe.only, asked.recode), recipe)
    for role, column in (("target", asked.target), ("label", asked.label), ("prompt", asked.text)):
        if column is not None:
            table = table.with_role(column, role)
    for column, role in asked.roles.items():
        table = table.with_role(column, role)
    for column in dict.fromkeys([asked.text, *(name for name, role in asked.roles.items() if role in WORDED)]):
        if column is not None:
            words = replace(table.schema[column], kind="text", categories=None)
            table = Table(table.schema.with_column(words), _as_text(table, column))
    whole = len(table)
    judged = asked.target or asked.label
    if judged is not None:
        table = Table(table.schema, table.rows.filter(pl.col(judged).is_not_null()))
    if asked.rows is not None and asked.rows < len(table):
        drawn = np.random.default_rng(recipe.seed).choice(len(table), asked.rows, replace=False)
        table = table.take(np.sort(drawn))
    if len(table) < 4:
        raise EmptyDataError(f"{asked.source} leaves {len(table)} usable rows of {whole}.", "Give at least 4.")
    dataset = safe.with_table(table)
    spends = recipe.privacy is not None and recipe.privacy.epsilon is not None
    return Prepared(dataset, _facts(recipe, dataset, whole), raw.digest() if spends else "", protection)


def _there(wanted: Sequence[tuple[str, str | None]], schema: TableSchema, when: str = "") -> None:
    """RecipeError for the first key that names a column which is not there."""
    for key, column in wanted:
        if column is not None and column not in schema:
            raise RecipeError(f"{key} names no column{when}: {column!r}.", near(column, schema.names))


def _safeguarded(recipe: Recipe) -> list[tuple[str, str | None]]:
    """The columns that the sections on privacy and fairness name, each with its key."""
    found: list[tuple[str, str | None]] = []
    if recipe.privacy is not None:
        privacy = recipe.privacy
        found += [("privacy.person", privacy.person), *(("privacy.keys", name) for name in privacy.keys)]
        found += [("privacy.secrets", name) for name in privacy.secrets]
    if recipe.fairness is not None:
        found += [("fairness.protected", name) for name in recipe.fairness.protected]
    return found


def divide(recipe: Recipe, real: Dataset) -> tuple[Split, dict[str, Any]]:
    """Train and holdout, and how texts were made ready where the recipe asks for it; validation parts are cut from
    train by what needs them."""
    from trasunto.data.split import split

    if recipe.prepare is not None:
        return made_ready(recipe, real)

    judged = recipe.data.target or recipe.data.label
    stratify = judged if recipe.split.stratify and judged and real.only.schema[judged].kind != "number" else None
    parts = split(
        real,
        holdout=recipe.split.holdout,
        seed=recipe.seed,
        stratify=stratify,
        # All rows of a person stay on one side: what is known of her must not judge what was learnt from her.
        group=recipe.split.group or (recipe.privacy.person if recipe.privacy else None),
        keep_duplicates_together=recipe.data.text is not None
        or any(role in WORDED for role in recipe.data.roles.values()),
    )
    return parts, {}


def check_first(recipe: Recipe, real: Dataset) -> None:
    """Find what would fail later, now: settings, gates, metrics, columns, a label with one class."""
    from trasunto import registry

    make(recipe.synthesizer.name, recipe.synthesizer.settings)
    for gate in recipe.gates:
        Gate.parse(gate)
    for metric in chosen_of(metrics_of(recipe)):
        registry.load("metrics", metric)
    budget_of(recipe.privacy)
    if recipe.fairness is not None:
        from trasunto.pipeline.fairness import check_groups

        judged, fairness = recipe.data.target or recipe.data.label, recipe.fairness
        check_groups(Comparison(real, real, target=judged, protected=fairness.protected, positive=fairness.positive))
    if recipe.report.papers:
        from trasunto.reports.papers.write import chosen

        chosen(recipe.report.papers)
    check_texts(recipe)
    check_training(recipe, real)


def sample(recipe: Recipe, model: Model, fitted_to: int, progress: Progress) -> tuple[Dataset, dict[str, Any]]:
    """The synthetic rows, and what was filtered out while they were made."""
    from trasunto.synthesizers.model import Sifted

    rows = recipe.synthesizer.rows or fitted_to
    seed = recipe.seed + 1
    if recipe.fairness is not None and recipe.fairness.repair is not None:
        made = repaired_rows(recipe, model, rows, seed=seed, progress=progress)
        return made.dataset, {"repair": made.to_dict()}
    if isinstance(model, Sifted):
        synthetic, curation = model.sample_with_curation(rows, seed=seed, progress=progress)
        return synthetic, {"curation": curation.to_dict()}
    progress("sample", 0, rows)
    synthetic = model.sample(rows, seed=seed)
    progress("sample", rows, rows)
    return synthetic, {}


def repaired_rows(recipe: Recipe, model: Model, rows: int, *, seed: int, progress: Progress = quiet) -> Repaired:
    """The rows of a recipe that asks for a repair, beside the plain draw of the same seed."""
    from trasunto.pipeline.fairness import repaired

    fairness = recipe.fairness
    assert fairness is not None and fairness.repair is not None
    return repaired(
        model,
        rows,
        protected=fairness.protected,
        target=recipe.data.target or recipe.data.label,
        positive=fairness.positive,
        settings=fairness.repair.model_dump(),
        seed=seed,
        progress=progress,
    )


def drawn(recipe: Recipe, model: Model, rows: int, seed: int) -> Dataset:
    """So many rows of a model for a repeat; as in `sample`, the seed of the rows is one above."""
    if recipe.fairness is not None and recipe.fairness.repair is not None:
        return repaired_rows(recipe, model, rows, seed=seed + 1).dataset
    return model.sample(rows, seed=seed + 1)


def compare(recipe: Recipe, parts: Split, synthetic: Dataset) -> Comparison:
    privacy, fairness = recipe.privacy, recipe.fairness
    return Comparison(
        real=parts.train,
        synthetic=synthetic,
        holdout=parts.holdout,
        target=recipe.data.target or recipe.data.label,
        protected=fairness.protected if fairness else (),
        seed=recipe.seed,
        keys=privacy.keys if privacy else (),
        secrets=privacy.secrets if privacy else (),
        positive=fairness.positive if fairness else None,
    )


def metrics_of(recipe: Recipe) -> tuple[str, ...]:
    """What is measured: what the recipe names, else the usual, with every attack where it has a section on privacy."""
    return recipe.metrics or ((USUAL, "privacy") if recipe.privacy else (USUAL,))


def _without(table: Table, drop: Sequence[str]) -> Table:
    kept = tuple(column for column in table.schema.columns if column.name not in drop)
    if not kept:
        raise EmptyDataError("data.drop leaves no column.", "Keep at least one.")
    keys = tuple(name for name in table.schema.primary_key if name not in drop)
    return Table(replace(table.schema, columns=kept, primary_key=keys), table.rows.drop(list(drop)))


def _recoded(table: Table, recode: dict[str, dict[str, str]]) -> Table:
    schema: TableSchema = table.schema
    rows = table.rows
    for name, spellings in recode.items():
        other = spellings.get("*")
        exact = {old: new for old, new in spellings.items() if old != "*"}
        old = rows[name].cast(pl.String)
        new = old.replace_strict(exact, default=old if other is None else other, return_dtype=pl.String)
        new = pl.select(pl.when(old.is_null()).then(None).otherwise(new)).to_series()
        rows = rows.with_columns(new.alias(name))
        known = schema[name].categories if schema[name].declared else None
        seen = new.drop_nulls().unique().to_list()
        if known is not None:
            # What a public domain becomes is public, and tells nothing of the rows.
            seen = [exact.get(value, value if other is None else other) for value in known]
        categories = tuple(sorted(set(seen)))
        reason = f"Recoded by the recipe to {len(categories)} values."
        changed = replace(schema[name], kind="category", categories=categories, bounds=None, reason=reason)
        schema = schema.with_column(replace(changed, declared=known is not None))
    return Table(schema, rows)


def _declared(table: Table, recipe: Recipe) -> Table:
    """The table with what the recipe says is public of its columns. RecipeError for what does not suit a kind."""
    schema = table.schema
    for name, known in recipe.data.public.items():
        column = schema[name]
        lacking = {"category": known.categories, "boolean": True}.get(column.kind, known.bounds)
        if lacking is None:
            raise RecipeError(
                f"data.public says nothing that helps of {name!r}, a column of kind {column.kind}.",
                "Give `categories` of a category, `bounds` of a number or a date.",
            )
        schema = schema.with_column(
            replace(
                column,
                categories=known.categories if column.kind == "category" else column.categories,
                bounds=known.bounds if column.kind != "category" else column.bounds,
                nullable=known.nullable,
                declared=True,
                reason="Declared in the recipe.",
            )
        )
    return Table(schema, table.rows)


def _as_text(table: Table, column: str) -> pl.DataFrame:
    return table.rows.with_columns(pl.col(column).cast(pl.String))


def _facts(recipe: Recipe, dataset: Dataset, whole: int) -> dict[str, Any]:
    from trasunto.connectors.packaged import describe
    from trasunto.data.check import check

    source = recipe.data.source
    packaged = describe(source.partition(":")[2]) if source.startswith("packaged:") else None
    rows = dataset.rows
    breaches = check(dataset, Schema(dataset.schema.tables))
    return {
        "source": source if packaged else Path(source).name,
        "licence": f"{packaged.licence} {packaged.attribution}" if packaged else "",
        "rows": len(dataset),
        "rows_read": whole,
        "digest": dataset.digest(),
        "breaches": [breach.message for breach in breaches],
        "columns": [
            {
                "name": column.name,
                "kind": column.kind,
                "role": column.role or "",
                "missing": rows[column.name].null_count(),
                "distinct": rows[column.name].n_unique(),
                "reason": column.reason,
            }
            for column in dataset.only.schema.columns
        ],
    }


def headline(scores: Sequence[Score]) -> dict[str, float]:
    """The headline scores by name with underscores, for `--json`."""
    return {score.metric.replace(".", "_"): score.value for score in scores if not score.subject}

"""The steps of a run, each a function from values to a value. `run` puts them in order and keeps their results."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from trasunto.connectors.address import url_scheme
from trasunto.connectors.credentials import masked
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import TableSchema
from trasunto.errors import EmptyDataError, RecipeError, near
from trasunto.executors import Local, executing
from trasunto.metrics.gates import OF_MODELS, check_applies, check_gates
from trasunto.metrics.measure import USUAL, chosen_of, measure
from trasunto.metrics.score import Comparison, Gate, Score
from trasunto.pipeline import related
from trasunto.pipeline.columns import declared, ordered, recoded, told, without
from trasunto.pipeline.deliver import check_delivery
from trasunto.pipeline.judged import check_training
from trasunto.pipeline.recipe import Recipe
from trasunto.pipeline.related import Compared
from trasunto.pipeline.safeguards import budget_of, protected
from trasunto.pipeline.samples import real_of
from trasunto.pipeline.texts import check_texts, made_ready, seen_through
from trasunto.pipeline.verbs import fitting
from trasunto.privacy.budget import Budget
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.private_plan import budget_for

if TYPE_CHECKING:
    from trasunto.data.split import Split
    from trasunto.data.split_related import RelatedSplit
    from trasunto.metrics.repeats import Spread
    from trasunto.synthesizers.fair import Repaired
    from trasunto.synthesizers.model import Model

# Rows of a first look.
FEW = 2_000
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
    raw, origin = real_of(recipe)
    spends = recipe.privacy is not None and recipe.privacy.epsilon is not None
    if raw.tied:
        dataset, protection = related.prepared(recipe, raw)
        return Prepared(
            dataset,
            {**_facts(recipe, dataset, len(raw)), **related.facts(dataset), **origin},
            raw.digest() if spends else "",
            protection,
        )
    _one_table(recipe)
    named = {"data.target": asked.target, "data.text": asked.text, "data.label": asked.label}
    wanted = [*named.items(), *(("data.drop", c) for c in asked.drop), *(("data.recode", c) for c in asked.recode)]
    wanted += [("data.public", c) for c in asked.public] + [("data.roles", c) for c in asked.roles]
    wanted += [("split.group", recipe.split.group), *_safeguarded(recipe)]
    wanted += [("data.sequence", column) for column in asked.sequence or ()]
    _there(wanted, raw.only.schema)
    safe, protection = protected(recipe, raw.with_table(without(raw.only, asked.drop)))
    if protection is not None:
        _there([each for each in wanted if each[1] not in asked.drop], safe.only.schema, " after privacy.policy")
    table = declared(recoded(safe.only, asked.recode), asked.public)
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
    if asked.sequence is not None:
        table = ordered(table, *asked.sequence)
    if asked.rows is not None:
        table = _drawn(table, asked.rows, recipe.seed)
    if len(table) < 4:
        raise EmptyDataError(f"{asked.source} leaves {len(table)} usable rows of {whole}.", "Give at least 4.")
    dataset = safe.with_table(table)
    whole = origin["sampled"]["of"] if "sampled" in origin else whole
    seen = {**_facts(recipe, dataset, whole), "columns": told(dataset.only), **origin}
    return Prepared(dataset, seen, raw.digest() if spends else "", protection)


def _one_table(recipe: Recipe) -> None:
    """RecipeError for what a recipe says of several tables."""
    for key, said in (
        ("data.tables", recipe.data.tables),
        ("data.copied", recipe.data.copied),
        ("split.root", recipe.split.root),
    ):
        if said:
            raise RecipeError(f"{key} is about related tables, and {recipe.data.source} holds one.", "Leave it out.")


def _drawn(table: Table, rows: int, seed: int) -> Table:
    """So many rows drawn by the seed, in their order; of events those of so many entities."""
    rng = np.random.default_rng(seed)
    if table.schema.sequence is None:
        return table if rows >= len(table) else table.take(np.sort(rng.choice(len(table), rows, replace=False)))
    of = table.rows[table.schema.sequence[0]]
    entities = of.unique(maintain_order=True)
    if rows >= len(entities):
        return table
    chosen = entities[np.sort(rng.choice(len(entities), rows, replace=False))]
    return Table(table.schema, table.rows.filter(of.is_in(chosen.implode())))


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


def divide(recipe: Recipe, real: Dataset) -> tuple[Split | RelatedSplit, dict[str, Any]]:
    """Train and holdout, and how texts were made ready where the recipe asks for it; validation parts are cut from
    train by what needs them."""
    from trasunto.data.split import split

    if real.tied:
        return related.divided(recipe, real), {}
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
        group=recipe.split.group
        or (recipe.privacy.person if recipe.privacy else None)
        or (recipe.data.sequence[0] if recipe.data.sequence else None),
        keep_duplicates_together=recipe.data.text is not None
        or any(role in WORDED for role in recipe.data.roles.values()),
    )
    return parts, {}


def check_first(recipe: Recipe, real: Dataset) -> None:
    """Find what would fail later, now: settings, gates, metrics, columns, a label with one class."""
    from trasunto import registry

    fitting(recipe.synthesizer.name, recipe.synthesizer.settings, real)
    gates = [Gate.parse(gate) for gate in recipe.gates]
    check_gates(gates, _gated(recipe, real), OF_MODELS if recipe.privacy else ())
    if recipe.deliver is not None:
        check_delivery(recipe.deliver, curated=recipe.curate is not None)
    if recipe.report.papers:
        from trasunto.reports.papers.write import chosen

        chosen(recipe.report.papers)
    budget_asked(recipe, real)
    if real.tied:
        related.check(recipe, real)
        return
    judged, groups = recipe.data.target or recipe.data.label, recipe.fairness.protected if recipe.fairness else ()
    check_applies(gates, real.only.schema, target=judged, protected=groups)
    for metric in chosen_of(metrics_of(recipe)):
        registry.load("metrics", metric)
    if recipe.fairness is not None:
        from trasunto.pipeline.fairness import check_groups

        check_groups(Comparison(real, real, target=judged, protected=groups, positive=recipe.fairness.positive))
    check_texts(recipe)
    check_training(recipe, real)


def _gated(recipe: Recipe, real: Dataset) -> tuple[str, ...]:
    """The metrics whose scores gates may name."""
    if not real.tied:
        return metrics_of(recipe)
    names = related.names_of(recipe)
    return names if recipe.data.target is not None else tuple(name for name in names if name.startswith("relations"))


def budget_asked(recipe: Recipe, real: Dataset) -> Budget | None:
    """The budget of a recipe with its unit named; None without an epsilon. BudgetError for what no budget covers."""
    budget = budget_of(recipe.privacy)
    return budget_for(budget, real) if budget is not None else None


def sample(
    recipe: Recipe, model: Model, folder: Path, train: Dataset, progress: Progress
) -> tuple[Dataset, dict[str, Any], Dataset | None]:
    """The synthetic rows, as many as there are to learn from unless the recipe says; what was filtered out while they
    were made, or repaired; and with a repair the rows as they were drawn. folder: where the model is saved."""
    from trasunto.synthesizers.landed import gathered
    from trasunto.synthesizers.model import Sifted

    rows = rows_of(recipe, train)
    seed = recipe.seed + 1
    if recipe.fairness is not None and recipe.fairness.repair is not None:
        made = repaired_rows(recipe, model, rows, seed=seed, progress=progress)
        return made.dataset, {"repair": made.to_dict()}, made.before
    if isinstance(model, Sifted):
        synthetic, curation = model.sample_with_curation(rows, seed=seed, progress=progress)
        return synthetic, {"curation": curation.to_dict()}, None
    return gathered(model, folder, rows, seed=seed, progress=progress), {}, None


def rows_of(recipe: Recipe, train: Dataset) -> Any:
    """How many rows to draw; of events entities; None for related tables: all as many as in train."""
    if recipe.synthesizer.rows is not None:
        return recipe.synthesizer.rows
    if train.tied:
        return None
    sequence = train.only.schema.sequence
    return train.rows[sequence[0]].n_unique() if sequence else len(train)


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


def drawn(recipe: Recipe, model: Model, folder: Path, train: Dataset, seed: int) -> Dataset:
    """Rows of a model for a repeat, as many as `sample` gives; as there, their seed is one above."""
    from trasunto.synthesizers.landed import gathered

    rows = rows_of(recipe, train)
    if recipe.fairness is not None and recipe.fairness.repair is not None:
        return repaired_rows(recipe, model, rows, seed=seed + 1).dataset
    return gathered(model, folder, rows, seed=seed + 1)


def compare(recipe: Recipe, parts: Any, synthetic: Dataset) -> Comparison | Compared:
    if synthetic.tied:
        return related.compared(parts.train, synthetic, parts.holdout, related.asked_of(recipe), recipe.seed)
    privacy, fairness = recipe.privacy, recipe.fairness
    comparison = Comparison(
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
    return seen_through(recipe, comparison)


def metrics_of(recipe: Recipe) -> tuple[str, ...]:
    """What is measured: what the recipe names, else the usual, with every attack where it has a section on privacy."""
    return recipe.metrics or ((USUAL, "privacy") if recipe.privacy else (USUAL,))


def _as_text(table: Table, column: str) -> pl.DataFrame:
    return table.rows.with_columns(pl.col(column).cast(pl.String))


def _shown(source: str) -> str:
    """What a report calls the source: the name of a file, or an address without its password and what it asks."""
    if url_scheme(source):
        return masked(source).partition("?")[0]
    return source if source.startswith("packaged:") else Path(source).name


def _facts(recipe: Recipe, dataset: Dataset, whole: int) -> dict[str, Any]:
    from trasunto.connectors.packaged import describe
    from trasunto.data.check import check

    source = recipe.data.source
    packaged = describe(source.partition(":")[2]) if source.startswith("packaged:") else None
    breaches = check(dataset)
    return {
        "source": _shown(source),
        "licence": f"{packaged.licence} {packaged.attribution}" if packaged else "",
        "rows": len(dataset),
        "rows_read": whole,
        "digest": dataset.digest(),
        "breaches": [breach.message for breach in breaches],
    }


def headline(scores: Sequence[Score]) -> dict[str, float]:
    """The headline scores by name with underscores, for `--json`."""
    return {score.metric.replace(".", "_"): score.value for score in scores if not score.subject}


def measured(recipe: Recipe, comparison: Comparison | Compared, progress: Progress) -> tuple[Score, ...]:
    """The scores that the recipe asks for."""
    if isinstance(comparison, Compared):
        return related.measured(comparison, related.names_of(recipe), progress)
    # Vectors of an encoder are of this process.
    with executing(Local(1)) if recipe.vectors is not None else nullcontext():
        return measure(comparison, metrics_of(recipe), progress=progress)


def repeated(
    recipe: Recipe, comparison: Comparison | Compared, scores: tuple[Score, ...], draw: Any, progress: Progress
) -> tuple[Spread, ...]:
    """How far scores spread over further draws. draw: seed → synthetic rows."""
    from trasunto.metrics.repeats import repeated, spreads

    if isinstance(comparison, Compared):
        return related.repeats(recipe, comparison, scores, draw)
    seeds = range(recipe.seed + 1, recipe.seed + recipe.repeats)
    if recipe.vectors is None:
        return spreads([scores, *repeated(draw, comparison, seeds, metrics_of(recipe), progress)])
    found = [scores]
    for seed in seeds:
        again = seen_through(recipe, replace(comparison, synthetic=draw(seed), seed=seed))
        found.append(measured(recipe, again, progress))
    return spreads(found)


def learnt_from(recipe: Recipe, parts: Any, synthetic: Dataset) -> tuple[Split, Dataset]:
    """What a language model is trained on and judged with: of related tables, their view."""
    if not synthetic.tied:
        return parts, synthetic
    assert recipe.data.target is not None
    return related.view_of(recipe, parts), related.viewed(synthetic, recipe.data.target)


def few(recipe: Recipe, train: Dataset) -> Dataset:
    """At most 2,000 rows for a first look; of events and related tables families with about so many."""
    if len(train) <= FEW:
        return train
    if train.tied:
        return related.few(recipe, train, FEW)
    sequence = train.only.schema.sequence
    rows = FEW if sequence is None else max(2, FEW * train.rows[sequence[0]].n_unique() // len(train))
    return train.with_table(_drawn(train.only, rows, recipe.seed))

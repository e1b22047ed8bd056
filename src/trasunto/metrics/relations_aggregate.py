"""Can a parent with all that hangs from it be told from an unseen one? Aggregate and detect.

Children that look right row by row need not add up: the rows of every child table are brought to their parent as
counts, sums, means, extremes and most frequent values, those of grandchildren through the child, and the classifier of
`structure` judges the parent's row with all of them (C2ST-Agg; Hudovernik, Jurkovic and Strumbelj 2024, SyntheRela).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from trasunto.data.dataset import DTYPES, Dataset, Table
from trasunto.data.flat import keys_in
from trasunto.data.relations import Link, children, itself, links, places
from trasunto.data.schema import Column, Schema, TableSchema
from trasunto.metrics.frames import arrays
from trasunto.metrics.related import Related, pooled, same
from trasunto.metrics.score import Comparison, Score
from trasunto.metrics.structure import BASELINE_ROWS, FOLDS, MOST_ROWS, by_column, told_apart

# Generations that are brought to the parent: children and grandchildren.
DEEPEST = 2
METRIC = "relations.aggregate_c2st"
READING = (
    "Chance that boosted trees score a synthetic parent, with what its children and grandchildren come to, above {}, "
    "mean over the parents; 0.5 means they cannot tell. {} The baseline is real rows with links dealt out at random."
)
UNSEEN = "an unseen one", "The control puts training families in the place of the synthetic ones."
KNOWN = "a training one", "Without a holdout this rewards copying."
Aggregated = list[tuple[Column, pl.Series]]


def aggregate_c2st(related: Related) -> tuple[Score, ...]:
    """relations.aggregate_c2st: chance that a synthetic parent row with what its children and grandchildren come to is
    told from an unseen one, mean over the tables that others refer to; then by table, and what alone tells most
    ("account: order.amount sum"). () without foreign keys. Parents that the holdout shares with the real data
    (dimensions) do not count, nor do those with fewer than 10 rows a side."""
    scores, columns = [], []
    parts = related.parts
    for parent in dict.fromkeys(link.parent for link in links(related.real.schema)):
        if "holdout" in parts and same(parts["real"], parts["holdout"], parent):
            continue
        rows = {part: aggregated(dataset, parent) for part, dataset in parts.items()}
        if min(map(len, rows.values())) < 2 * FOLDS or not rows["real"].rows.width:
            continue
        score, each = _judged(related, parent, rows)
        scores.append(score)
        columns += each
    if not scores:
        return ()
    reading = READING.format(*(UNSEEN if "holdout" in parts else KNOWN))
    headline = pooled(scores, [1.0] * len(scores), reading, METRIC)
    by_table = sorted(scores, key=lambda score: -abs(score.value - 0.5))
    return headline, *by_table, *sorted(columns, key=lambda score: -abs(score.value - 0.5))[:20]


def _judged(related: Related, parent: str, rows: dict[str, Dataset]) -> tuple[Score, list[Score]]:
    """The score of a parent table, and those of what alone tells most."""
    seed = related.seed
    given = arrays(Comparison(rows["real"], rows["synthetic"], rows.get("holdout"), seed=seed))
    against = given.parts["holdout" if "holdout" in given.parts else "real"]
    number = min(len(against), len(given.parts["synthetic"]), MOST_ROWS)
    value, interval = told_apart(given, given.parts["synthetic"], against, number, seed)
    control = None
    if "holdout" in given.parts:
        control, _ = told_apart(given, given.parts["real"], against, min(number, len(rows["real"])), seed)
    loose = aggregated(_dealt(related.parts["real"], seed), parent)
    dealt = arrays(Comparison(rows["real"], loose, rows.get("holdout"), seed=seed))
    other = dealt.parts["holdout" if "holdout" in dealt.parts else "real"]
    few = min(len(loose), len(other), BASELINE_ROWS)
    baseline, _ = told_apart(dealt, dealt.parts["synthetic"], other, few, seed)
    each = by_column(given, against, number, seed)
    columns = [
        Score(METRIC, one.value, 0.5, one.interval, None, one.control, f"{parent}: {one.subject}") for one in each
    ]
    return Score(METRIC, value, 0.5, interval, baseline, control, parent), columns


def aggregated(dataset: Dataset, parent: str) -> Dataset:
    """The rows of a table, their own columns first, with what the rows that refer to them come to; no keys."""
    table = dataset.tables[parent]
    hidden = keys_in(table.schema)
    own: Aggregated = [(c, table.rows[c.name]) for c in table.schema.columns if c.name not in hidden]
    found = own + _below(dataset, parent, "", 1)
    schema = TableSchema(tuple(column for column, _ in found))
    rows = pl.DataFrame([values.alias(column.name) for column, values in found])
    return Dataset(Schema({parent: schema}), {parent: Table(schema, rows)})


def _below(dataset: Dataset, parent: str, path: str, depth: int) -> Aggregated:
    """What each table that refers to `parent` comes to, one value for each of its rows."""
    found: Aggregated = []
    own = itself(dataset.schema, parent) if depth == 1 else ()
    downward = (*children(dataset.schema, parent), *own)
    for link in downward:
        twice = sum((each.child, each.parent) == (link.child, link.parent) for each in downward) > 1
        name = f"{path}{link.child}" + (f"[{'+'.join(link.columns)}]" if twice or link.itself else "")
        table = dataset.tables[link.child]
        hidden = keys_in(table.schema)
        told: Aggregated = [(c, table.rows[c.name]) for c in table.schema.columns if c.name not in hidden]
        told = [(Column(f"{name}.{column.name}", column.kind), values) for column, values in told]
        if depth < DEEPEST and not link.itself:
            told += _below(dataset, link.child, f"{name}.", depth + 1)
        found += _gathered(dataset, link, name, told)
    return found


def _gathered(dataset: Dataset, link: Link, name: str, told: Aggregated) -> Aggregated:
    """Counts, and of each column what its values come to, for each row of the parent."""
    at = places(dataset, link)
    frame = pl.DataFrame({"at": at, **{f"{place}": values for place, (_, values) in enumerate(told)}})
    wanted: list[tuple[Column, pl.Expr]] = []
    for place, (column, _) in enumerate(told):
        value = pl.col(str(place))
        if column.kind in ("integer", "number", "boolean"):
            number = value.cast(pl.Float64)
            for what, expression in (
                ("mean", number.mean()),
                ("sum", number.sum()),
                ("least", number.min()),
                ("greatest", number.max()),
            ):
                wanted.append((Column(f"{column.name} {what}", "number"), expression))
        elif column.kind == "datetime":
            wanted.append((Column(f"{column.name} first", "datetime"), value.min()))
            wanted.append((Column(f"{column.name} last", "datetime"), value.max()))
        elif column.kind == "category":
            wanted.append((Column(f"{column.name} most", "category"), value.drop_nulls().mode().min()))
            wanted.append((Column(f"{column.name} values", "number"), value.n_unique().cast(pl.Float64)))
    named = [expression.alias(f"a{place}") for place, (_, expression) in enumerate(wanted)]
    sums = frame.filter(pl.col("at") >= 0).group_by("at").agg(pl.len().cast(pl.Float64).alias("rows"), *named)
    parent = pl.DataFrame({"at": np.arange(len(dataset.tables[link.parent]))})
    joined = parent.join(sums, on="at", how="left", maintain_order="left")
    count = (Column(f"{name} rows", "number"), joined["rows"].fill_null(0.0))
    return [
        count,
        *((column, joined[f"a{place}"].cast(DTYPES[column.kind])) for place, (column, _) in enumerate(wanted)),
    ]


def _dealt(data: Dataset, seed: int) -> Dataset:
    """The same rows, each reference given to a row of its kind at random; missing ones stay missing."""
    rng = np.random.default_rng(seed)
    tables = dict(data.tables)
    for link in links(data.schema):
        rows = tables[link.child].rows
        keys = data.tables[link.parent].rows.select(link.references)
        if not keys.height:
            continue
        drawn = keys[rng.integers(0, keys.height, rows.height)]
        there = ~rows.select(pl.any_horizontal(pl.col(link.columns).is_null())).to_series()
        new = [
            pl.select(pl.when(there).then(drawn[of].cast(rows[column].dtype)).alias(column)).to_series()
            for column, of in zip(link.columns, link.references, strict=True)
        ]
        tables[link.child] = Table(tables[link.child].schema, rows.with_columns(new))
    return Dataset(data.schema, tables)

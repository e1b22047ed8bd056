"""Related tables told as one: the rows of a table with what they refer to, and what refers to them in numbers."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.relations import Link, places
from trasunto.data.schema import Column, ForeignKey, Schema, TableSchema
from trasunto.errors import SchemaError, near

# Foreign keys followed upwards: keys that lead round in a circle end here.
HIGHEST = 4


def flattened(dataset: Dataset, table: str, *, target: str | None = None) -> Dataset:
    """One table of the rows of `table`, in their order; no keys.

    Its own columns (`loan.amount`); those of the rows it refers to, and of what these refer to (`account.frequency`,
    `account.district.region`; with two keys into one table the key stands in brackets, `airport[origin].city`); and of
    each table that refers to it how many rows do and the means of their numbers (`order rows`, `order.amount mean`).
    target: the column that becomes the target, by its new name. SchemaError for a table or target that is not there.
    """
    if table not in dataset.tables:
        raise SchemaError(f"No table called {table!r}.", near(table, dataset.tables))
    found = _joined(dataset, table, table, 0)
    for name, each in dataset.tables.items():
        for key in each.schema.foreign_keys:
            if key.table == table and name != table:
                found += _gathered(dataset, name, key, table)
    columns = [column for column, _ in found]
    rows = pl.DataFrame([values.alias(column.name) for column, values in found])
    schema = TableSchema(tuple(columns))
    if target is not None:
        schema = schema.with_column(replace(schema[target], role="target"))
    return Dataset(Schema({table: schema}), {table: Table(schema, rows)})


def keys_in(schema: TableSchema) -> frozenset[str]:
    """Columns that only tie rows together: primary and foreign keys, and whatever is an identifier."""
    tied = {name for key in schema.foreign_keys for name in key.columns}
    return frozenset({*schema.primary_key, *tied, *(column.name for column in schema.of_kind("id"))})


def without_keys(table: Table) -> Table | None:
    """A table of the columns that say something by themselves; None when it has none."""
    hidden = keys_in(table.schema)
    columns = tuple(column for column in table.schema.columns if column.name not in hidden)
    if not columns:
        return None
    return Table(TableSchema(columns), table.rows.select([column.name for column in columns]))


def _joined(dataset: Dataset, name: str, path: str, height: int) -> list[tuple[Column, pl.Series]]:
    """Columns of a table and of all above it, one value for each row of the table."""
    table = dataset.tables[name]
    hidden = keys_in(table.schema)
    found = [
        (replace(column, name=f"{path}.{column.name}"), table.rows[column.name])
        for column in table.schema.columns
        if column.name not in hidden
    ]
    if height == HIGHEST:
        return found
    keys = table.schema.foreign_keys
    for key in keys:
        if key.table not in dataset.tables:
            continue
        twice = sum(other.table == key.table for other in keys) > 1
        label = f"{key.table}[{'+'.join(key.columns)}]" if twice else key.table
        above = _joined(dataset, key.table, label if height == 0 else f"{path}.{label}", height + 1)
        at = pl.Series(places(dataset, Link(name, key)))
        rows = pl.select(pl.when(at >= 0).then(at)).to_series()
        found += [(replace(column, nullable=True), values.gather(rows)) for column, values in above]
    return found


def _gathered(dataset: Dataset, name: str, key: ForeignKey, table: str) -> list[tuple[Column, pl.Series]]:
    """How many rows of a table refer to each row, and the means of their numbers."""
    child, parent = dataset.tables[name], dataset.tables[table]
    hidden = keys_in(child.schema)
    numbers = [c.name for c in child.schema.of_kind("integer", "number") if c.name not in hidden]
    twice = sum(other.table == table for other in child.schema.foreign_keys) > 1
    label = f"{name}[{'+'.join(key.columns)}]" if twice else name
    means = [pl.col(each).mean().alias(f"{label}.{each} mean") for each in numbers]
    sums = child.rows.group_by(list(key.columns)).agg(pl.len().cast(pl.Int64).alias(f"{label} rows"), *means)
    joined = parent.rows.select(key.references).join(
        sums, left_on=list(key.references), right_on=list(key.columns), how="left", maintain_order="left"
    )
    count = joined[f"{label} rows"].fill_null(0)
    made = [(Column(f"{label} rows", "integer", nullable=False, reason=f"Rows of {name} that refer to it."), count)]
    for each in numbers:
        told = Column(f"{label}.{each} mean", "number", reason=f"Mean of {each} in the rows of {name}.")
        made.append((told, joined[told.name].cast(pl.Float64)))
    return made

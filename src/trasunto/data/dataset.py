"""A dataset: tables of rows, each with its schema. Frozen; other libraries enter and leave at the edge."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from trasunto.data.schema import Column, Schema, TableSchema
from trasunto.errors import SchemaError

if TYPE_CHECKING:
    from trasunto.data.split import Split
    from trasunto.data.split_related import RelatedSplit

DTYPES: dict[str, pl.DataType] = {
    "category": pl.String(),
    "text": pl.String(),
    "id": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "boolean": pl.Boolean(),
    "datetime": pl.Datetime("us"),
}


@dataclass(frozen=True)
class Table:
    """Rows (a polars frame whose columns are the schema's, in its order) and what they mean."""

    schema: TableSchema
    rows: pl.DataFrame

    def __post_init__(self) -> None:
        if tuple(self.rows.columns) != self.schema.names:
            raise SchemaError(
                f"The rows have columns {self.rows.columns}, the schema {list(self.schema.names)}.",
                "They must be the same, in the same order.",
            )

    def __len__(self) -> int:
        return self.rows.height

    def take(self, rows: Any) -> Table:
        """The rows at these positions (a list or array of int), in that order."""
        return Table(self.schema, self.rows[rows])

    def with_role(self, column: str, role: Any) -> Table:
        return Table(self.schema.with_column(replace(self.schema[column], role=role)), self.rows)

    def _repr_html_(self) -> str:
        from trasunto.data.shown import table_html

        return table_html(self, "table")


@dataclass(frozen=True)
class Dataset:
    """Tables by name, under one schema. One table, related tables, sequences and text are this one type."""

    schema: Schema
    tables: Mapping[str, Table]

    @staticmethod
    def of(table: Table, name: str = "data") -> Dataset:
        """A dataset of one table."""
        return Dataset(Schema({name: table.schema}), {name: table})

    @staticmethod
    def holding(tables: Mapping[str, Table]) -> Dataset:
        """A dataset of these tables by name, under their own schemas."""
        return Dataset(Schema({name: table.schema for name, table in tables.items()}), tables)

    @property
    def tied(self) -> bool:
        """Whether rows refer to rows: several tables, or one that refers to itself."""
        return len(self.tables) != 1 or bool(self.only.schema.foreign_keys)

    @property
    def only(self) -> Table:
        """The one table; SchemaError when there are several."""
        return self.tables[self.name]

    @property
    def name(self) -> str:
        """The name of the one table."""
        if len(self.tables) != 1:
            raise SchemaError(f"Expected one table, found {len(self.tables)}: {', '.join(self.tables)}.")
        return next(iter(self.tables))

    @property
    def rows(self) -> pl.DataFrame:
        """The rows of the one table, as a polars frame."""
        return self.only.rows

    def __len__(self) -> int:
        """Rows in all tables together."""
        return sum(len(table) for table in self.tables.values())

    def with_table(self, table: Table) -> Dataset:
        """The same dataset with other rows (and schema) in its one table."""
        return Dataset.of(table, self.name)

    def with_role(self, column: str, role: Any) -> Dataset:
        return self.with_table(self.only.with_role(column, role))

    def digest(self) -> str:
        """SHA-256 over names, kinds and values: equal datasets have equal digests, in any process."""
        sums = hashlib.sha256()
        for name in sorted(self.tables):
            table = self.tables[name]
            sums.update(name.encode())
            for column in table.schema.columns:
                sums.update(f"\0{column.name}\0{column.kind}\0".encode())
                sums.update(_bytes_of(table.rows[column.name]))
        return sums.hexdigest()

    def split(
        self,
        *,
        holdout: float = 0.5,
        validation: float | None = None,
        seed: int = 0,
        stratify: str | None = None,
        group: str | None = None,
        root: str | None = None,
    ) -> Any:
        """(train, holdout), or (train, validation, holdout) when a validation share is asked for.

        Shares are of all rows, each within (0, 1). `stratify` keeps the mix of that column in each part;
        `group` keeps the rows that share a value of that column together; events of one entity always stay so. Related
        tables are cut by the rows of `root`, each with all that hangs from it.
        """
        from trasunto.data.split import split
        from trasunto.data.split_related import split_related

        parts: Split | RelatedSplit
        if self.tied:
            if stratify is not None or group is not None:
                raise SchemaError("stratify and group are for one table; related tables are cut by families.")
            parts = split_related(self, holdout=holdout, validation=validation or 0.0, seed=seed, root=root)
        else:
            together = group or (self.only.schema.sequence or (None,))[0]
            parts = split(
                self, holdout=holdout, validation=validation or 0.0, seed=seed, stratify=stratify, group=together
            )
        if validation:
            return parts.train, parts.validation, parts.holdout
        return parts.train, parts.holdout

    def to_polars(self) -> Any:
        """A polars frame; with several tables, a dict of them."""
        return self._leave(lambda table: table.rows)

    def to_pandas(self) -> Any:
        """A pandas frame; with several tables, a dict of them."""
        from trasunto.data.edges import to_pandas

        return self._leave(to_pandas)

    def to_arrow(self) -> Any:
        """An Arrow table; with several tables, a dict of them."""
        return self._leave(lambda table: table.rows.to_arrow())

    def to_datasets(self) -> Any:
        """A `datasets.Dataset` (Hugging Face); with several tables, a `DatasetDict` of them."""
        from trasunto.connectors.hub import to_datasets

        return to_datasets(self)

    def _leave(self, convert: Any) -> Any:
        if len(self.tables) == 1:
            return convert(self.only)
        return {name: convert(table) for name, table in self.tables.items()}

    def write(self, path: Any) -> None:
        """Write to a file (one table) or a folder (several), in the format the suffix names."""
        from trasunto.connectors.address import open_sink

        open_sink(str(path)).write(self)

    def __repr__(self) -> str:
        parts = [f"{name}: {len(t):,} rows × {len(t.schema.columns)} columns" for name, t in self.tables.items()]
        return f"Dataset({'; '.join(parts)})"

    def _repr_html_(self) -> str:
        from trasunto.data.shown import table_html

        return "".join(table_html(table, name) for name, table in self.tables.items())


def empty_like(table: Table, rows: pl.DataFrame) -> Table:
    """Rows under the same schema, each column cast to the type its kind is held in."""
    casts = [rows[c.name].cast(held(c, table.rows[c.name].dtype)) for c in table.schema.columns]
    return Table(table.schema, pl.DataFrame(casts))


def held(column: Column, found: Any = None) -> Any:
    """The polars type a column of this kind is held in (an id keeps Int64 when it has it)."""
    if column.kind == "id" and found == pl.Int64:
        return pl.Int64()
    return DTYPES[column.kind]


def relabel(dataset: Dataset, schema: TableSchema) -> Dataset:
    """The same rows under another schema of the same column names."""
    return replace(dataset, schema=Schema({dataset.name: schema}), tables={dataset.name: Table(schema, dataset.rows)})


def _bytes_of(series: pl.Series) -> bytes:
    if series.dtype == pl.String:
        lengths = series.str.len_bytes().fill_null(-1).cast(pl.Int64).to_numpy().tobytes()
        return lengths + "".join(series.fill_null("").to_list()).encode("utf-8", "surrogatepass")
    nulls = series.is_null().to_numpy().tobytes()
    if series.dtype == pl.Float64:
        return nulls + series.fill_null(0.0).to_numpy().tobytes()
    return nulls + series.cast(pl.Int64).fill_null(0).to_numpy().tobytes()

"""Types between Arrow, as lakes hold them, and our rows; the schema that travels with a table; how two differ.

The schema of ours that is written beside a table (keys, kinds, roles, how values are spelt) says nothing that was read
from rows: categories and bounds go with it only where they are declared public.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from trasunto import registry
from trasunto.connectors.files import stored
from trasunto.connectors.records import nested
from trasunto.data.dataset import Table
from trasunto.data.schema import Column, Schema, TableSchema
from trasunto.errors import DataError, SchemaError

# Under this name the schema stands in the metadata of Parquet files and lake tables.
KEPT = "trasunto.schema"


@dataclass(frozen=True)
class Changes:
    """How the columns of rows differ from those of the table they go to.

    new: columns the table does not have. missing: columns of the table that the rows do not have. retyped: (name, type
    in the table, type of the rows), where one does not hold the other.
    """

    new: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    retyped: tuple[tuple[str, str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.new or self.missing or self.retyped)

    def told(self) -> str:
        """One sentence without a full stop."""
        parts = [f"new {', '.join(map(repr, self.new))}"] if self.new else []
        parts += [f"missing {', '.join(map(repr, self.missing))}"] if self.missing else []
        parts += [f"{name!r} is {there} in the table and {here} here" for name, there, here in self.retyped]
        return "; ".join(parts)


def arrow() -> Any:
    """The library pyarrow. MissingLibraryError that names the extra."""
    try:
        import pyarrow
    except ImportError as error:
        raise registry.missing(error, "Data in lakes and object stores") from error
    return pyarrow


def plain(batch: Any, where: str) -> pl.DataFrame:
    """A record batch or a table of Arrow as a frame of values that `infer` types.

    A time of day, a UUID and a map become text (a map as a JSON object), a decimal a number; a time zone is turned to
    UTC later. DataError names the column of a type that nobody maps.
    """
    pa = arrow()
    table = pa.Table.from_batches([batch]) if isinstance(batch, pa.RecordBatch) else batch
    columns = [_mapped(pa, name, table.column(at), where) for at, name in enumerate(table.column_names)]
    frame = pl.from_arrow(pa.table(columns, names=table.column_names))
    assert isinstance(frame, pl.DataFrame)
    return frame


def _mapped(pa: Any, name: str, values: Any, where: str) -> Any:
    kind = values.type
    if isinstance(kind, pa.BaseExtensionType):
        if kind.extension_name == "arrow.uuid":
            return pa.array([None if each is None else str(each) for each in values.to_pylist()], pa.string())
        values, kind = pa.chunked_array([each.storage for each in values.chunks], kind.storage_type), kind.storage_type
    types = pa.types
    if types.is_time(kind):
        return values.cast(pa.string())
    if types.is_decimal(kind):
        return values.cast(pa.float64())
    if types.is_map(kind):
        made = [None if each is None else json.dumps(dict(each), default=str) for each in values.to_pylist()]
        return pa.array(made, pa.string())
    unmapped = types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind)
    unmapped |= types.is_duration(kind) or types.is_interval(kind) or types.is_union(kind) or types.is_binary_view(kind)
    lists = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    if unmapped or (lists and not types.is_struct(kind.value_type)):
        raise DataError(
            f"Column {name!r} of {where} holds {kind}, which Trasunto cannot model.",
            "Leave it out with ?columns=, naming those you want, or flatten it into plain columns.",
        )
    return values


def kind_of(kind: Any) -> str:
    """What a column of an Arrow type would be, roughly: for reading conditions over it."""
    types = arrow().types
    if types.is_boolean(kind):
        return "boolean"
    if types.is_integer(kind):
        return "integer"
    if types.is_floating(kind) or types.is_decimal(kind):
        return "number"
    return "datetime" if types.is_timestamp(kind) or types.is_date(kind) else "category"


def published(schema: TableSchema) -> TableSchema:
    """The schema without what was read from rows: no reasons, categories and bounds only where they are declared, no
    rules that were only proposed."""
    columns = tuple(
        replace(c, reason="") if c.declared else replace(c, reason="", categories=None, bounds=None)
        for c in schema.columns
    )
    rules = tuple(replace(each, support=None, reason="") for each in schema.constraints if each.confirmed)
    return replace(schema, columns=columns, constraints=rules)


def kept_text(schema: TableSchema) -> str:
    """The schema of one table as it is written beside it."""
    return json.dumps(Schema({"table": published(schema)}).to_dict(), ensure_ascii=False, separators=(",", ":"))


def kept_schema(text: str | bytes | None) -> TableSchema | None:
    """The schema that was written beside a table; None where there is none, or one that this release cannot read."""
    if not text:
        return None
    try:
        return Schema.from_dict(json.loads(text)).only
    except (ValueError, SchemaError):
        return None


def narrowed(schema: TableSchema, names: Sequence[str]) -> TableSchema | None:
    """The schema for rows that have these columns, in its order; None where it does not know one of them."""
    if any(name not in schema for name in names):
        return None
    kept = tuple(column for column in schema.columns if column.name in names)
    gone = set(schema.names) - set(names)
    return replace(
        schema,
        columns=kept,
        primary_key=() if gone & set(schema.primary_key) else schema.primary_key,
        foreign_keys=tuple(key for key in schema.foreign_keys if not gone & set(key.columns)),
        sequence=None if schema.sequence and gone & set(schema.sequence) else schema.sequence,
        constraints=() if gone else schema.constraints,
    )


def rough(schema: Any) -> TableSchema:
    """An Arrow schema as a table schema that is good for reading conditions."""
    return TableSchema(tuple(Column(each.name, kind_of(each.type)) for each in schema))  # type: ignore[arg-type]


def to_arrow(table: Table) -> Any:
    """Rows as an Arrow table with plain types (string, not large_string), every column nullable."""
    pa = arrow()
    found = nested(table, stored(table)).to_arrow(compat_level=pl.CompatLevel.oldest())
    return found.cast(pa.schema([pa.field(each.name, _small(pa, each.type)) for each in found.schema]))


def _small(pa: Any, kind: Any) -> Any:
    if pa.types.is_large_string(kind):
        return pa.string()
    if pa.types.is_large_list(kind):
        return pa.list_(_small(pa, kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(each.name, _small(pa, each.type)) for each in kind])
    return kind


def changes(there: Any, here: Any) -> Changes:
    """What rows of the Arrow schema `here` change in a table of the Arrow schema `there`."""
    old, new = {each.name: each.type for each in there}, {each.name: each.type for each in here}
    retyped = tuple(
        (name, str(old[name]), str(kind)) for name, kind in new.items() if name in old and not _holds(old[name], kind)
    )
    return Changes(tuple(n for n in new if n not in old), tuple(n for n in old if n not in new), retyped)


def _holds(there: Any, here: Any) -> bool:
    """Whether a column of type `there` takes every value of a column of ours of type `here`."""
    types = arrow().types
    if there == here or types.is_null(here):
        return True
    if types.is_timestamp(there) or types.is_date(there):
        return bool(types.is_timestamp(here) or types.is_date(here))
    wide = types.is_string(there) or types.is_large_string(there) or types.is_string_view(there)
    if wide or types.is_dictionary(there):
        return bool(types.is_string(here) or types.is_large_string(here))
    if types.is_floating(there):
        return bool(types.is_floating(here) or types.is_integer(here))
    # A value that is too large for the narrower column is refused when it is written.
    return bool((types.is_integer(there) or types.is_decimal(there)) and types.is_integer(here))


def fitted(table: Any, schema: Any, where: str) -> Any:
    """Rows cast to the columns of a table, in its order; columns that they lack are empty. DataError for a value that
    the column of the table does not hold."""
    pa = arrow()
    columns = []
    for each in schema:
        if each.name not in table.column_names:
            columns.append(pa.nulls(len(table), each.type))
            continue
        values = table.column(each.name)
        try:
            made = values.cast(each.type)
        except pa.ArrowInvalid as error:
            raise _unheld(each, where, str(error)) from error
        if (
            pa.types.is_date(each.type)
            and pa.types.is_timestamp(values.type)
            and not made.cast(values.type).equals(values)
        ):
            raise _unheld(each, where, "they have a time of day")
        columns.append(made)
    return pa.table(columns, schema=schema)


def _unheld(column: Any, where: str, why: str) -> DataError:
    return DataError(
        f"Column {column.name!r} holds values that {column.type} of {where} does not: {why}.",
        "Mend the values, or write to a new table.",
    )

"""What every table of a lake offers, whatever its format: reading whole, in parts, in chosen columns and rows.

A format opens its tables as `Opened` values; reading them is the same for all.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

import polars as pl

from trasunto.connectors.lake_address import Place
from trasunto.connectors.lake_types import narrowed, plain, rough
from trasunto.connectors.parts import Parts, part_of
from trasunto.connectors.remote import reaching
from trasunto.data.dataset import Dataset, Table
from trasunto.data.expressions import Expression, parse
from trasunto.data.infer import infer
from trasunto.data.schema import Schema, TableSchema
from trasunto.errors import DataError, EmptyDataError, FileError, near

# Rows that are read at a time where nobody asks for a number.
PART = 100_000
_OPERATORS = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}


@runtime_checkable
class Versioned(Protocol):
    """A source whose tables have versions."""

    def facts(self) -> dict[str, Any]:
        """By table: `version`, `rows`; of one that is not the last also `last_version`, `last_rows`, and `since`: the
        `commits` after it, and how their `columns` differ."""
        ...


def versions_told(source: Any) -> list[str]:
    """A sentence a table: which version is read, and what has changed since; [] for what has no versions."""
    told = []
    for name, facts in source.facts().items() if isinstance(source, Versioned) else ():
        rows = "" if facts["rows"] is None else f", {facts['rows']:,} rows"
        text = f"{name}: version {facts['version']}{rows}"
        if since := facts.get("since"):
            columns = f", columns: {since['columns']}" if since["columns"] else ""
            plural = "" if len(since["commits"]) == 1 else "s"
            now = "" if facts["last_rows"] is None else f", {facts['last_rows']:,} rows"
            text += f"; since then {len(since['commits'])} commit{plural}{columns}"
            text += f"; the last is {facts['last_version']}{now}"
        told.append(f"{text}.")
    return told


@dataclass(frozen=True)
class Bound:
    """A part of a condition that a format can use to leave files out: a column, a comparison (or "in"), a value."""

    column: str
    operator: str
    value: Any


@dataclass(frozen=True)
class Opened:
    """A table that stands open for reading.

    schema: of Arrow. scan: from columns (at least one), bounds and a number of rows to record batches of about so many
    rows; bounds may be ignored. kept: the schema of ours that lies beside it. rows, size: how many and how many bytes,
    None where nothing says so without reading. facts: for a report (version, what changed since), JSON values.
    dataset: the same of pyarrow, where there is one.
    """

    place: Place
    schema: Any
    scan: Callable[[list[str], tuple[Bound, ...], int], Iterable[Any]]
    kept: TableSchema | None = None
    rows: int | None = None
    size: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    dataset: Any = None

    @property
    def columns(self) -> list[str]:
        """The columns that the address asks for: all, in the order of the schema that was kept, when it names none."""
        names = list(self.schema.names)
        for each in self.place.names("columns"):
            if each not in names:
                raise FileError(f"{self.place.shown} has no column {each!r}.", near(each, names))
        if self.place.names("columns"):
            return list(self.place.names("columns"))
        kept = [name for name in self.kept.names if name in names] if self.kept else []
        return kept + [name for name in names if name not in kept]

    def frames(self, size: int) -> Iterator[pl.DataFrame]:
        """Values as they are stored, at most `size` rows at a time, where the condition of the address holds."""
        wanted = self.columns
        condition = self._condition()
        read = list(dict.fromkeys([*wanted, *(condition.columns if condition else ())]))
        bounds = bounds_of(condition) if condition else ()
        with reaching(self.place):
            for batch in self.scan(read, bounds, size):
                frame = plain(batch, self.place.shown)
                if condition:
                    frame = frame.filter(condition.holds(_moments(frame)))
                if frame.height:
                    yield from frame.select(wanted).iter_slices(size)

    def _condition(self) -> Expression | None:
        text = self.place.options.get("where")
        return parse(text, rough(self.schema)) if text else None

    def read(self, rows: int | None, schema: TableSchema | None) -> Table:
        """The whole table, or its first rows. EmptyDataError when there are none."""
        found: list[pl.DataFrame] = []
        count = 0
        for frame in self.frames(PART if rows is None else max(1, min(PART, rows))):
            found.append(frame)
            count += frame.height
            if rows is not None and count >= rows:
                break
        if not found:
            asked = " where its condition holds" if "where" in self.place.options else ""
            raise EmptyDataError(f"{self.place.shown} has no rows{asked}.", "Give at least one row.")
        whole = pl.concat(found, rechunk=True)
        return self.typed(whole if rows is None else whole.head(rows), schema)

    def parts(self, name: str) -> Parts:
        """The table under a name, for reading in parts."""
        return Parts(name, self.frames, self.typed, self.size)

    def typed(self, frame: pl.DataFrame, schema: TableSchema | None) -> Table:
        """Rows typed by a schema, by what lies beside, and by inference where that knows nothing of a column."""
        if schema is not None or self.kept is None:
            return infer(frame, schema=schema)
        known = narrowed(self.kept, [name for name in frame.columns if name in self.kept])
        new = [name for name in frame.columns if name not in self.kept]
        if known is None or not new:
            return infer(frame, schema=known)
        # Columns that came later lie beside those that were there; rows from before lack them, and the other way round.
        old = tuple(replace(column, nullable=True) for column in known.columns)
        table = infer(frame.select(known.names), schema=replace(known, columns=old))
        added = infer(frame.select(new))
        whole = replace(table.schema, columns=table.schema.columns + added.schema.columns)
        return Table(whole, pl.concat([table.rows, added.rows], how="horizontal"))


def bounds_of(condition: Expression) -> tuple[Bound, ...]:
    """The parts of a condition that compare one column with constants of numbers, texts or truth."""
    found = []
    for part in condition.parts:
        try:
            tree = ast.parse(part, mode="eval").body
        except SyntaxError:  # A column with an odd name.
            continue
        if not (isinstance(tree, ast.Compare) and len(tree.ops) == 1 and isinstance(tree.left, ast.Name)):
            continue
        operator, right = tree.ops[0], tree.comparators[0]
        if type(operator) in _OPERATORS and isinstance(right, ast.Constant) and right.value is not None:
            found.append(Bound(tree.left.id, _OPERATORS[type(operator)], right.value))
        elif isinstance(operator, ast.In) and isinstance(right, ast.List | ast.Tuple):
            values = [each.value if isinstance(each, ast.Constant) else None for each in right.elts]
            found += [Bound(tree.left.id, "in", values)] if None not in values else []
    return tuple(found)


def arrow_filter(bounds: tuple[Bound, ...], schema: Any) -> Any:
    """Bounds as a filter of pyarrow; None without any that suit the types of the columns."""
    import pyarrow as pa
    from pyarrow import compute

    whole = None
    for each in bounds:
        if not suits(each, schema.field(each.column).type):
            continue
        column = compute.field(each.column)
        made = {
            "==": lambda c, v: c == v, "!=": lambda c, v: c != v, "<": lambda c, v: c < v, "<=": lambda c, v: c <= v,
            ">": lambda c, v: c > v, ">=": lambda c, v: c >= v, "in": lambda c, v: c.isin(pa.array(v)),
        }[each.operator](column, each.value)  # fmt: skip
        whole = made if whole is None else whole & made
    return whole


def scan_of(dataset: Any, place: Place) -> Callable[[list[str], tuple[Bound, ...], int], Iterator[Any]]:
    """How a data set of Parquet files is scanned: one file ahead at most; whole groups of rows are fetched at once only
    from a store, where every request takes its time."""
    from pyarrow.dataset import ParquetFragmentScanOptions

    options = ParquetFragmentScanOptions(pre_buffer=place.store != "file")

    def scan(columns: list[str], bounds: tuple[Bound, ...], size: int) -> Iterator[Any]:
        scanner = dataset.scanner(
            columns=columns,
            filter=arrow_filter(bounds, dataset.schema),
            batch_size=size,
            batch_readahead=2,
            fragment_readahead=1,
            fragment_scan_options=options,
        )
        yield from scanner.to_batches()

    return scan


def suits(bound: Bound, kind: Any) -> bool:
    """Whether a bound can be compared with values of an Arrow type without a cast."""
    import pyarrow as pa

    values = bound.value if bound.operator == "in" else [bound.value]
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return all(isinstance(each, str) for each in values)
    if pa.types.is_integer(kind):
        return all(isinstance(each, int) and not isinstance(each, bool) for each in values)
    return bool(pa.types.is_floating(kind)) and all(isinstance(each, int | float) for each in values)


def _moments(frame: pl.DataFrame) -> pl.DataFrame:
    """Dates and moments with a zone as conditions compare them: moments of UTC."""
    made = []
    for name, kind in frame.schema.items():
        if kind == pl.Date:
            made.append(pl.col(name).cast(pl.Datetime("us")))
        elif isinstance(kind, pl.Datetime):
            zoned = (
                pl.col(name).dt.convert_time_zone("UTC").dt.replace_time_zone(None) if kind.time_zone else pl.col(name)
            )
            made.append(zoned.cast(pl.Datetime("us")))
        elif isinstance(kind, pl.Categorical | pl.Enum):
            made.append(pl.col(name).cast(pl.String))
    return frame.with_columns(made) if made else frame


def read_tables(tables: Mapping[str, Opened], rows: int | None, schema: Schema | None) -> Dataset:
    """The dataset of one or several tables, with the keys that lie beside them."""
    read = {name: opened.read(rows, part_of(schema, name, len(tables))) for name, opened in tables.items()}
    read = {name: Table(_without_strangers(t.schema, read), t.rows) for name, t in read.items()}
    return Dataset.holding(read)


def _without_strangers(schema: TableSchema, tables: Mapping[str, Table]) -> TableSchema:
    """The schema without keys into tables that were not read: one table of many is read alone."""
    return replace(schema, foreign_keys=tuple(key for key in schema.foreign_keys if key.table in tables))


def only(tables: Mapping[str, Opened], place: Place) -> Opened:
    """The one table. DataError when there are several."""
    if len(tables) != 1:
        raise DataError(
            f"{place.shown} holds {len(tables)} tables ({', '.join(tables)}); only one is read in parts.",
            "Name the folder of one of them.",
        )
    return next(iter(tables.values()))

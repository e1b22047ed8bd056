"""Any other database, by its SQLAlchemy dialect: mssql, oracle, … A driver other than the usual stands after a plus.

Rows come and go as Python values, which is slower than the four that are spoken natively.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from trasunto import registry
from trasunto.connectors.databases.address import Address
from trasunto.connectors.databases.definitions import keyed, referred
from trasunto.connectors.databases.encoded import Target, encoded
from trasunto.connectors.databases.found import Found, FoundTable, Frames, values_of
from trasunto.data.dataset import Table
from trasunto.data.relations import late
from trasunto.data.schema import Column, ForeignKey, Format, Schema
from trasunto.errors import DataError

PART = 10_000


@dataclass(frozen=True)
class Link:
    """A connection, in a transaction. space: the schema (namespace) that tables lie in; None for the usual one."""

    connection: Any
    space: str | None

    @property
    def inspector(self) -> Any:
        """What tells of the tables."""
        import sqlalchemy

        return sqlalchemy.inspect(self.connection)

    def quote(self, name: str) -> str:
        """A name as SQL spells it."""
        return str(self.connection.dialect.identifier_preparer.quote_identifier(name))

    def names(self) -> list[str]:
        """The tables, without views."""
        return sorted(self.inspector.get_table_names(schema=self.space))

    def views(self) -> list[str]:
        """What else can be read by name."""
        return sorted(self.inspector.get_view_names(schema=self.space))

    def place(self, name: str) -> str:
        """A table as SQL names it."""
        return f"{self.quote(self.space)}.{self.quote(name)}" if self.space else self.quote(name)

    def hold(self, names: Sequence[str]) -> None:
        """What the isolation of the database gives."""

    def found(self, name: str) -> FoundTable:
        """A table as its dialect tells of it."""
        inspector = self.inspector
        with warnings.catch_warnings():
            # A type that SQLAlchemy does not know is said by us, with the name of its column.
            warnings.simplefilter("ignore")
            described = inspector.get_columns(name, schema=self.space)
        columns = tuple(
            replace(
                _typed(each["name"], each["type"], self.quote(each["name"])),
                nullable=bool(each.get("nullable", True)),
                comment=each.get("comment") or "",
                given=each.get("default") is not None or each.get("autoincrement") is True or "identity" in each,
                generated="computed" in each,
            )
            for each in described
        )
        keys = tuple(
            ForeignKey(tuple(key["constrained_columns"]), key["referred_table"], tuple(key["referred_columns"]))
            for key in inspector.get_foreign_keys(name, schema=self.space)
            if key["referred_schema"] in (None, self.space)
        )
        primary = tuple(inspector.get_pk_constraint(name, schema=self.space)["constrained_columns"])
        try:
            found = inspector.get_check_constraints(name, schema=self.space)
        except NotImplementedError:
            found = []
        checks = tuple((each.get("name") or "", each["sqltext"]) for each in found)
        return FoundTable(name, self.place(name), columns, primary, keys, checks)

    def found_query(self, sql: str, name: str) -> FoundTable:
        """What a query gives; its columns by the values of the first row, for drivers tell types each in their way."""
        import sqlalchemy

        source = f"({sql.rstrip().rstrip(';')}) trasunto"
        result = self.connection.execute(sqlalchemy.text(f"SELECT * FROM {source}"))
        rows = result.fetchmany(PART)
        names = list(result.keys())
        result.close()
        columns = []
        for place, each in enumerate(names):
            values = [row[place] for row in rows if row[place] is not None]
            columns.append(_valued(each, values, self.quote(each)))
        return FoundTable(name, source, tuple(columns))

    def frames(self, table: FoundTable, size: int, *, where: str = "", limit: int | None = None) -> Frames:
        """The rows, in frames of at most `size`, as they stream out."""
        import sqlalchemy

        # LIMIT is not spelt alike everywhere: reading ends when there are enough.
        query = sqlalchemy.text(table.select(where).replace(":", "\\:"))
        result = self.connection.execution_options(stream_results=True).execute(query)
        left = limit
        while found := result.fetchmany(size if left is None else min(size, left)):
            made = [
                _series(values, c, table.name)
                for values, c in zip(zip(*found, strict=True), table.columns, strict=True)
            ]
            yield values_of(pl.DataFrame([each.alias(f"c{k}") for k, each in enumerate(made)]), table)
            left = None if left is None else left - len(found)
            if left == 0:
                break
        result.close()

    def drop(self, names: Sequence[str]) -> None:
        """Drop tables, children first; other tables that refer to them are an error."""
        import sqlalchemy

        meta = sqlalchemy.MetaData()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            meta.reflect(self.connection, schema=self.space, only=list(names), resolve_fks=False)
        meta.drop_all(self.connection)

    def create(self, schema: Schema, name: str, rows: pl.DataFrame) -> Target:
        """A table with its keys; those that would close a cycle of tables are left out."""
        import sqlalchemy as sa

        table = schema.tables[name]
        indexed = keyed(schema, name) | set(table.primary_key) | {c for k in table.foreign_keys for c in k.columns}
        columns = []
        for column in table.columns:
            kind = _written(column, rows[column.name].dtype, column.name in indexed)
            null = column.nullable and column.name not in table.primary_key
            primary = column.name in table.primary_key
            columns.append(sa.Column(column.name, kind, primary_key=primary, nullable=null, autoincrement=False))
        meta = sa.MetaData(schema=self.space)
        inside = [key for key in table.foreign_keys if key.table in schema.tables]
        closing = {(each.child, each.key) for each in late(schema)} if inside else set()
        rest: list[Any] = [sa.UniqueConstraint(*group) for group in referred(schema, name)]
        for key in inside:
            if (name, key) not in closing:
                prefix = f"{self.space}." if self.space else ""
                places = [f"{prefix}{key.table}.{each}" for each in key.references]
                rest.append(sa.ForeignKeyConstraint(list(key.columns), places))
                if key.table != name:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        sa.Table(key.table, meta, autoload_with=self.connection, resolve_fks=False)
        sa.Table(name, meta, *columns, *rest).create(self.connection)
        required = frozenset(c.name for c in table.columns if not c.nullable or c.name in table.primary_key)
        return Target(
            name, self.place(name), tuple((c, _family(c, rows[c.name].dtype)) for c in table.columns), required
        )

    def tie(self, schema: Schema, targets: Sequence[Target]) -> None:
        """Keys come with the tables."""

    def load(self, target: Target, parts: Iterator[Table]) -> int:
        """Rows through INSERT of many; how many."""
        import sqlalchemy as sa

        names = [f"c{place}" for place in range(len(target.names))]
        kinds = [sa.bindparam(n, type_=_bound(c, f)) for n, (c, f) in zip(names, target.columns, strict=True)]
        into = sa.text(
            f"INSERT INTO {target.place} ({', '.join(map(self.quote, target.names))}) "
            f"VALUES ({', '.join(f':{name}' for name in names)})"
        ).bindparams(*kinds)
        count = 0
        for part in parts:
            frame = encoded(part, target)
            # Dates go as dates, in whatever way the driver spells them.
            for name in target.names:
                if part.rows[name].dtype == pl.Datetime("us"):
                    date = part.schema[name].format.date_only
                    frame = frame.with_columns(part.rows[name].cast(pl.Date) if date else part.rows[name])
            for start in range(0, frame.height, PART):
                rows = [dict(zip(names, row, strict=True)) for row in frame[start : start + PART].iter_rows()]
                self.connection.execute(into, rows)
            count += frame.height
        return count

    def finish(self, schema: Schema, targets: Sequence[Target]) -> None:
        """The database verifies references as rows come."""

    def greatest(self, name: str, column: str) -> int | None:
        """The greatest value of a whole-number column."""
        import sqlalchemy

        found: int | None = self.connection.execute(
            sqlalchemy.text(f"SELECT max({self.quote(column)}) FROM {self.place(name)}")
        ).scalar()
        return found


@contextmanager
def reading(address: Address) -> Iterator[Link]:
    """A transaction; nothing in it writes."""
    with _connected(address) as connection:
        yield Link(connection, address.schema)
        connection.rollback()


@contextmanager
def writing(address: Address) -> Iterator[Link]:
    """A transaction that ends with the block, or leaves nothing behind where definitions of tables can be undone."""
    with _connected(address) as connection:
        yield Link(connection, address.schema)
        connection.commit()


@contextmanager
def _connected(address: Address) -> Iterator[Any]:
    import sqlalchemy

    driver = address.text.partition("://")[0]
    port = address.port
    where = sqlalchemy.URL.create(
        driver, address.user or None, address.password_now(), address.host or None, port, address.path or None,
        dict(address.further),
    )  # fmt: skip
    try:
        engine = sqlalchemy.create_engine(where)
    except ImportError as error:
        raise registry.missing(error, f"{driver}://") from error
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _typed(name: str, kind: Any, column: str) -> Found:
    import sqlalchemy as sa

    try:
        said = str(kind).lower()
    except sa.exc.SQLAlchemyError:
        said = type(kind).__name__.lower()
    plain = Found(name, said, "text", column, family="text")
    if isinstance(kind, sa.Enum):
        return replace(plain, categories=tuple(kind.enums or ()), family="enum")
    if isinstance(kind, sa.Boolean) or said == "bit":
        return replace(plain, held="boolean", family="boolean")
    if isinstance(kind, sa.Integer):
        return replace(plain, held="integer", family="integer")
    if isinstance(kind, sa.Numeric | sa.Float):
        scale = None if isinstance(kind, sa.Float) else kind.scale
        if scale == 0 and (kind.precision or 99) <= 18:
            return replace(plain, held="integer", family="integer")
        return replace(plain, held="number", format=Format(decimals=scale or None), family="decimal")
    if isinstance(kind, sa.DateTime):
        return replace(plain, held="moment", family="moment")
    if isinstance(kind, sa.Date):
        return replace(plain, held="date", format=Format(date_only=True), family="date")
    if isinstance(kind, sa.Uuid) or said == "uniqueidentifier":
        return replace(plain, kind="id")
    if isinstance(kind, sa.String | sa.Time) and not isinstance(kind, sa.LargeBinary):
        return plain
    return replace(plain, held=None, type=said if said != "null" else "unknown")


def _valued(name: str, values: list[Any], column: str) -> Found:
    """A column by its values."""
    import datetime
    import decimal

    plain = Found(name, "what the query gives", "text", column, family="text")
    kinds = {type(value) for value in values}
    if kinds == {bool}:
        return replace(plain, held="boolean", family="boolean")
    if kinds == {int}:
        return replace(plain, held="integer", family="integer")
    if kinds and kinds <= {int, float, decimal.Decimal}:
        return replace(plain, held="number", family="number")
    if kinds == {datetime.datetime}:
        return replace(plain, held="moment", family="moment")
    if kinds == {datetime.date}:
        return replace(plain, held="date", format=Format(date_only=True), family="date")
    if kinds & {bytes, memoryview}:
        return replace(plain, held=None, type="binary")
    return plain


def _series(values: Sequence[Any], column: Found, table: str) -> pl.Series:
    import datetime

    if column.held == "text":
        texts = [value if value is None or isinstance(value, str) else str(value) for value in values]
        return pl.Series("", texts, dtype=pl.String)
    if column.held == "number":
        values = [None if value is None else float(value) for value in values]
    if column.held == "boolean":
        values = [None if value is None else bool(value) for value in values]
    if column.held in ("date", "moment"):
        first = next((value for value in values if value is not None), None)
        if isinstance(first, str):
            return pl.Series("", values, dtype=pl.String)
        if isinstance(first, datetime.datetime) and first.tzinfo is not None:
            naive = [v if v is None else v.astimezone(datetime.UTC).replace(tzinfo=None) for v in values]
            return pl.Series("", naive, dtype=pl.Datetime("us"))
    try:
        made = pl.Series("", values, dtype=pl.Date() if column.held == "date" else column.dtype, strict=False)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError) as error:
        raise DataError(
            f"Column {column.name!r} of table {table!r} is {column.type}, and holds another: {error}.",
            f"Leave it out with ?skip={table}.{column.name}.",
        ) from error
    return made.cast(column.dtype)


def _written(column: Column, dtype: Any, indexed: bool) -> Any:
    import sqlalchemy as sa

    family = _family(column, dtype)
    if family == "decimal":
        return sa.Numeric(38, column.format.decimals, asdecimal=False)
    plain: dict[str, Any] = {
        "date": sa.Date(), "moment": sa.DateTime(), "integer": sa.BigInteger(), "number": sa.Double(),
        "boolean": sa.Boolean(),
    }  # fmt: skip
    return plain.get(family) or (sa.Unicode(255) if indexed else sa.UnicodeText())


def _bound(column: Column, family: str) -> Any:
    return _written(column, None, False) if family not in ("integer", "text") else None


def _family(column: Column, dtype: Any) -> str:
    if column.kind == "datetime":
        return "date" if column.format.date_only else "moment"
    if column.kind == "number":
        return "decimal" if column.format.decimals and column.format.decimals <= 15 else "number"
    if dtype == pl.Int64() or column.kind == "integer":
        return "integer"
    return "boolean" if column.kind == "boolean" else "text"

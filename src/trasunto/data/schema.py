"""What a dataset is made of: columns, tables, keys. Frozen values; JSON and YAML both ways."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from trasunto.errors import FileError, SchemaError, near

Kind = Literal["category", "integer", "number", "boolean", "datetime", "text", "id"]
Role = Literal[
    "identifier",
    "quasi-identifier",
    "sensitive",
    "protected",
    "target",
    "prompt",
    "response",
    "label",
    "source",
    "translation",
    "context",
]
KINDS: tuple[str, ...] = get_args(Kind)
ROLES: tuple[str, ...] = get_args(Role)


@dataclass(frozen=True)
class Format:
    """How the values of a column were written, so that they can be written so again.

    pattern: strptime pattern of a datetime ("%d/%m/%Y"); None when the file held real datetimes. One without a day
    ("%H:%M") is of times of day, held as moments of 1970-01-01.
    decimals: digits after the decimal mark when every value had the same number; None when they varied.
    decimal_mark, thousands: the marks used ("," and "." in much of Europe).
    prefix, suffix: what stood around every number ("$", " €", "%").
    sign_first: whether the sign stood before the prefix ("-$5", not "$-5").
    true, false: the two spellings of a boolean.
    missing: the spelling of a missing value ("" for an empty field).
    width: digits that a zero-padded number fills ("00042" is 5); None when not padded.
    date_only: a datetime column that carries no time of day.
    nested: texts that are JSON objects, modelled field by field.
    stored: the type that values had where they were stored with one ("Int8", "Decimal(precision=10, scale=2)"), for
    formats that have it too; "" for the one they are held in.
    messages: texts that are dialogues: JSON lists of messages (data/dialogues.py).
    """

    pattern: str | None = None
    decimals: int | None = None
    decimal_mark: str = "."
    thousands: str = ""
    prefix: str = ""
    suffix: str = ""
    sign_first: bool = False
    true: str = "true"
    false: str = "false"
    missing: str = ""
    width: int | None = None
    date_only: bool = False
    nested: bool = False
    messages: bool = False
    stored: str = ""


@dataclass(frozen=True)
class Column:
    """One column.

    kind: what its values are. How the rows are held (polars): category, text and id as String
    (an id may be Int64), integer as Int64, number as Float64, boolean as Boolean, datetime as
    Datetime("us"). A missing value is null, never NaN.
    nullable: whether values may be missing.
    role: what the column is for, or None. A context column is always given when rows are drawn, never drawn itself.
    categories: the allowed values of a category, in the order met or declared; None when open.
    bounds: lowest and highest allowed value (numbers, or ISO text for datetimes); None when open.
    format: how values are written in text files.
    declared: True when kind, categories and bounds are public knowledge given by a person; False when
    they were read from (possibly private) rows, and are then themselves a leak.
    reason: one sentence: why we think so.
    """

    name: str
    kind: Kind
    nullable: bool = True
    role: Role | None = None
    categories: tuple[str, ...] | None = None
    bounds: tuple[float | str, float | str] | None = None
    format: Format = field(default_factory=Format)
    declared: bool = False
    reason: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise SchemaError(f"Column {self.name!r} has kind {self.kind!r}.", near(str(self.kind), KINDS))
        if self.role is not None and self.role not in ROLES:
            raise SchemaError(f"Column {self.name!r} has role {self.role!r}.", near(str(self.role), ROLES))


@dataclass(frozen=True)
class ForeignKey:
    """`columns` of this table name rows of `table` by its `references` columns.

    most: public knowledge of how many rows at most name the same one; None where nobody has said so. Only a fit under a
    budget of privacy looks at it: it learns from no more.
    """

    columns: tuple[str, ...]
    table: str
    references: tuple[str, ...]
    most: int | None = None

    def __post_init__(self) -> None:
        if self.most is not None and not (isinstance(self.most, int) and self.most >= 1):
            raise SchemaError(
                f"The key {'+'.join(self.columns)} → {self.table} has most {self.most!r}.",
                "Give 1 or more.",
            )


@dataclass(frozen=True)
class Constraint:
    """A rule that rows keep (see data/constraints.py for how one is written).

    confirmed: whether a person has said that it is meant; only then is it held in synthetic rows. support: share of
    the rows that kept it when it was found in the data; None when a person wrote it. reason: why it was proposed.
    """

    rule: str
    confirmed: bool = True
    support: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class TableSchema:
    """The columns of one table, in file order, and what ties its rows together.

    copied: a table of dimensions (countries, products): its rows are public and are copied, not synthesised.
    """

    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    sequence: tuple[str, str] | None = None
    constraints: tuple[Constraint, ...] = ()
    copied: bool = False

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for column in self.columns:
            if column.name in seen:
                raise SchemaError(f"Two columns are called {column.name!r}.", "Give each its own name.")
            seen.add(column.name)
        for key in self.primary_key:
            self[key]

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise SchemaError(f"No column called {name!r}.", near(name, self.names))

    def __contains__(self, name: str) -> bool:
        return any(column.name == name for column in self.columns)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def of_kind(self, *kinds: Kind) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.kind in kinds)

    def of_role(self, role: Role) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.role == role)

    def with_column(self, column: Column) -> TableSchema:
        """A copy in which the column of that name is this one."""
        self[column.name]
        return replace(self, columns=tuple(column if c.name == column.name else c for c in self.columns))


@dataclass(frozen=True)
class Schema:
    """Tables by name."""

    tables: Mapping[str, TableSchema]

    @property
    def only(self) -> TableSchema:
        """The schema of the one table; SchemaError when there are several."""
        if len(self.tables) != 1:
            raise SchemaError(f"Expected one table, found {len(self.tables)}: {', '.join(self.tables)}.")
        return next(iter(self.tables.values()))

    def _repr_html_(self) -> str:
        from trasunto.data.shown import schema_html

        return "".join(schema_html(table, name) for name, table in self.tables.items())

    def to_dict(self) -> dict[str, Any]:
        return {"tables": {name: _table_to_dict(table) for name, table in self.tables.items()}}

    @staticmethod
    def from_dict(document: Any) -> Schema:
        """Raises SchemaError for a document of another shape, unknown keys and unknown kinds."""
        body = _expect(document, {"tables"}, "schema")
        tables = body.get("tables")
        if not isinstance(tables, dict) or not tables:
            raise SchemaError("A schema needs `tables`, a mapping of names to tables.")
        return Schema({str(name): _table_from_dict(str(name), table) for name, table in tables.items()})

    def save(self, path: str | Path) -> None:
        """Write as .json, or as YAML with any other suffix."""
        target = Path(path)
        if target.suffix == ".json":
            text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n"
        else:
            import yaml

            text = yaml.safe_dump(self.to_dict(), sort_keys=False, allow_unicode=True, width=110)
        target.write_text(text, encoding="utf-8")

    @staticmethod
    def load(path: str | Path) -> Schema:
        """Read a .json or YAML schema. FileError when it is not there or no document."""
        source = Path(path)
        try:
            text = source.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise FileError(f"The schema {source} cannot be read: {error}.") from error
        import yaml

        try:
            return Schema.from_dict(json.loads(text) if source.suffix == ".json" else yaml.safe_load(text))
        except (json.JSONDecodeError, yaml.YAMLError) as error:
            raise FileError(f"The schema {source} is not valid JSON or YAML: {error}.") from error


def _table_to_dict(table: TableSchema) -> dict[str, Any]:
    document: dict[str, Any] = {"columns": [_column_to_dict(column) for column in table.columns]}
    if table.primary_key:
        document["primary_key"] = list(table.primary_key)
    if table.foreign_keys:
        document["foreign_keys"] = [_key_to_dict(key) for key in table.foreign_keys]
    if table.sequence:
        document["sequence"] = list(table.sequence)
    if table.constraints:
        document["constraints"] = [_constraint_to_dict(each) for each in table.constraints]
    if table.copied:
        document["copied"] = True
    return document


def _column_to_dict(column: Column) -> dict[str, Any]:
    document: dict[str, Any] = {"name": column.name, "kind": column.kind}
    plain = Column(column.name, column.kind)
    for name in ("nullable", "role", "categories", "bounds", "declared", "reason"):
        value = getattr(column, name)
        if value != getattr(plain, name):
            document[name] = list(value) if isinstance(value, tuple) else value
    written = {f.name: getattr(column.format, f.name) for f in fields(Format)}
    ours = {name: value for name, value in written.items() if value != getattr(Format(), name)}
    if ours:
        document["format"] = ours
    return document


def _table_from_dict(name: str, document: Any) -> TableSchema:
    keys = {"columns", "primary_key", "foreign_keys", "sequence", "constraints", "copied"}
    body = _expect(document, keys, f"table {name!r}")
    sequence = body.get("sequence")
    return TableSchema(
        columns=tuple(_column_from_dict(name, column) for column in body.get("columns", ())),
        primary_key=tuple(body.get("primary_key", ())),
        foreign_keys=tuple(_key_from_dict(name, key) for key in body.get("foreign_keys", ())),
        sequence=(sequence[0], sequence[1]) if sequence else None,
        constraints=tuple(_constraint_from_dict(name, each) for each in body.get("constraints", ())),
        copied=bool(body.get("copied", False)),
    )


def _key_to_dict(key: ForeignKey) -> dict[str, Any]:
    body = {"columns": list(key.columns), "table": key.table, "references": list(key.references)}
    return body if key.most is None else {**body, "most": key.most}


def _key_from_dict(table: str, document: Any) -> ForeignKey:
    body = _expect(document, {"columns", "table", "references", "most"}, f"a foreign key of table {table!r}")
    return ForeignKey(tuple(body["columns"]), body["table"], tuple(body["references"]), body.get("most"))


def _constraint_to_dict(each: Constraint) -> Any:
    if each == Constraint(each.rule):
        return each.rule
    return {f.name: getattr(each, f.name) for f in fields(Constraint) if getattr(each, f.name) not in (None, "")}


def _constraint_from_dict(table: str, document: Any) -> Constraint:
    if isinstance(document, str):
        return Constraint(document)
    body = _expect(document, {f.name for f in fields(Constraint)}, f"a constraint of table {table!r}")
    if not isinstance(body.get("rule"), str):
        raise SchemaError(f"A constraint of table {table!r} has no rule: {document!r}.", 'Write it as "start <= end".')
    return Constraint(**body)


def _column_from_dict(table: str, document: Any) -> Column:
    known = {f.name for f in fields(Column)}
    body = dict(_expect(document, known, f"a column of table {table!r}"))
    for key in ("name", "kind"):
        if key not in body:
            raise SchemaError(f"A column of table {table!r} has no {key!r}: {document!r}.")
    body["name"] = str(body["name"])
    if body.get("categories") is not None:
        body["categories"] = tuple(str(value) for value in body["categories"])
    if body.get("bounds") is not None:
        low, high = body["bounds"]
        body["bounds"] = (low, high)
    written = _expect(body.get("format") or {}, {f.name for f in fields(Format)}, f"the format of {body['name']!r}")
    body["format"] = Format(**written)
    return Column(**body)


def _expect(document: Any, known: set[str], where: str) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise SchemaError(f"Expected a mapping for {where}, found {type(document).__name__}: {document!r}.")
    for key in document:
        if key not in known:
            raise SchemaError(f"Unknown key {key!r} in {where}.", near(str(key), known))
    return document

"""Consent and purpose: rows whose people did not agree, and columns that the purpose does not need, are left out first.

What is recorded holds counts and digests, never a value of a row.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.errors import EmptyDataError, RecipeError, SchemaError, near
from trasunto.privacy.names import plain

YES = ("yes", "true", "1", "sí", "si", "y", "s", "t")
_NO = ("no", "false", "0", "n", "f")


@dataclass(frozen=True)
class ConsentRule:
    """Who agreed to what.

    column, values: rows whose `column` is none of `values` are left out; a missing value is no consent. purposes: a
    column that lists the purposes a person agreed to, apart by , ; or |. columns: column → purposes it may be used for;
    a column that is not named may be used for all. table: where `column` and `purposes` stand; None for the only table
    that has them. Rows of other tables that refer to a row left out are left out too.
    """

    column: str | None = None
    values: tuple[str, ...] = YES
    purposes: str | None = None
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    table: str | None = None


@dataclass(frozen=True)
class ConsentRecord:
    """What was left out. rows_before, rows_excluded: table → rows. digest: SHA-256 of the places of the rows kept."""

    rule: ConsentRule
    purpose: str
    rows_before: Mapping[str, int]
    rows_excluded: Mapping[str, int]
    columns_excluded: tuple[str, ...]
    digest: str

    def to_dict(self) -> dict[str, Any]:
        """`rows_before` and `rows_excluded` are of all tables together; `tables` has them apart."""
        return {
            "column": self.rule.column,
            "values": list(self.rule.values),
            "purposes": self.rule.purposes,
            "columns": {name: list(each) for name, each in self.rule.columns.items()},
            "table": self.rule.table,
            "purpose": self.purpose,
            "rows_before": sum(self.rows_before.values()),
            "rows_excluded": sum(self.rows_excluded.values()),
            "tables": {
                name: {"rows_before": count, "rows_excluded": self.rows_excluded[name]}
                for name, count in self.rows_before.items()
            },
            "columns_excluded": list(self.columns_excluded),
            "digest": self.digest,
        }

    @staticmethod
    def from_dict(document: Mapping[str, Any]) -> ConsentRecord:
        rule = ConsentRule(
            document["column"],
            tuple(document["values"]),
            document["purposes"],
            {name: tuple(each) for name, each in document["columns"].items()},
            document["table"],
        )
        return ConsentRecord(
            rule,
            document["purpose"],
            {name: each["rows_before"] for name, each in document["tables"].items()},
            {name: each["rows_excluded"] for name, each in document["tables"].items()},
            tuple(document["columns_excluded"]),
            document["digest"],
        )


def consented(dataset: Dataset, rule: ConsentRule, purpose: str = "") -> tuple[Dataset, ConsentRecord]:
    """The rows and columns that may be used for `purpose`, and what was left out.

    Raises SchemaError for a column that is not there, RecipeError when a purpose is needed and none is stated,
    EmptyDataError when nobody agreed.
    """
    if (rule.purposes or rule.columns) and not purpose:
        raise RecipeError("Consent is by purpose, and no purpose is stated.", "State one: --purpose or `purpose:`.")
    keep = {name: pl.repeat(True, len(table), eager=True) for name, table in dataset.tables.items()}
    for column, agreed in ((rule.column, _agreed), (rule.purposes, _listed)):
        if column is not None:
            name = _home(dataset, column, rule.table)
            values = dataset.tables[name].rows[column]
            keep[name] = keep[name] & agreed(values, rule, purpose)
    rest, gone = kept(dataset, keep)
    for name, table in rest.tables.items():
        if len(table) == 0 and len(dataset.tables[name]):
            what = f"for the purpose {purpose!r} " if purpose else ""
            raise EmptyDataError(
                f"No row of {name!r} has consent {what}({rule.column or rule.purposes!r}).",
                f"Check `values`: {', '.join(rule.values)}." if rule.column else "Check the purpose's spelling.",
            )
    unused = _unused(dataset, rule, purpose)
    tables = {name: dropped(t, unused[name]) if name in unused else t for name, t in rest.tables.items()}
    kept_columns = {name: set(table.schema.names) for name, table in tables.items()}
    # A reference to a column that is left out, from whichever table, refers no longer.
    for name, table in tables.items():
        links = tuple(
            key
            for key in table.schema.foreign_keys
            if set(key.columns) <= kept_columns[name] and set(key.references) <= kept_columns[key.table]
        )
        tables[name] = Table(replace(table.schema, foreign_keys=links), table.rows)
    sums = hashlib.sha256()
    for name in sorted(keep):
        sums.update(f"{name}\0".encode() + keep[name].cast(pl.UInt8).to_numpy().tobytes())
    record = ConsentRecord(
        rule,
        purpose,
        {name: len(table) for name, table in dataset.tables.items()},
        gone,
        tuple(f"{name}.{column}" if len(tables) > 1 else column for name in unused for column in unused[name]),
        sums.hexdigest(),
    )
    return Dataset.holding(tables), record


def kept(dataset: Dataset, keep: dict[str, pl.Series]) -> tuple[Dataset, dict[str, int]]:
    """(the rows to keep, how many went by table). keep: table → (n,) bool; rows that refer to one that goes go too."""
    _cascade(dataset, keep)
    tables = {name: Table(table.schema, table.rows.filter(keep[name])) for name, table in dataset.tables.items()}
    return Dataset(dataset.schema, tables), {name: int((~each).sum()) for name, each in keep.items()}


def dropped(table: Table, names: tuple[str, ...]) -> Table:
    """The table without some columns, its keys and rules fitting what is left."""
    schema = table.schema
    left = tuple(column for column in schema.columns if column.name not in names)
    if not left:
        raise EmptyDataError("No column is left.", "Keep at least one.")
    gone = set(names)
    return Table(
        replace(
            schema,
            columns=left,
            primary_key=() if gone & set(schema.primary_key) else schema.primary_key,
            foreign_keys=tuple(key for key in schema.foreign_keys if not gone & set(key.columns)),
            sequence=None if schema.sequence and gone & set(schema.sequence) else schema.sequence,
            constraints=tuple(each for each in schema.constraints if not _names(each.rule, gone)),
        ),
        table.rows.select([column.name for column in left]),
    )  # fmt: skip


def _names(rule: str, columns: set[str]) -> bool:
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", rule) for name in columns)


def _agreed(values: pl.Series, rule: ConsentRule, purpose: str) -> pl.Series:
    accepted = {plain(value) for value in rule.values}
    # YAML reads yes as true: it means any spelling of yes.
    if accepted & {"true"}:
        accepted |= {plain(value) for value in YES}
    if accepted & {"false"}:
        accepted |= set(_NO)
    spelt = values.cast(pl.String)
    distinct = spelt.drop_nulls().unique().to_list()
    return spelt.is_in([text for text in distinct if plain(text).strip() in accepted]).fill_null(False)


def _listed(values: pl.Series, rule: ConsentRule, purpose: str) -> pl.Series:
    distinct = values.cast(pl.String).drop_nulls().unique().to_list()
    wanted = plain(purpose).strip()
    fits = [text for text in distinct if wanted in {plain(part).strip() for part in re.split(r"[,;|]", text)}]
    return values.cast(pl.String).is_in(fits).fill_null(False)


def _home(dataset: Dataset, column: str, table: str | None) -> str:
    if table is not None and table not in dataset.tables:
        raise SchemaError(f"No table called {table!r}.", near(table, dataset.tables))
    homes = [n for n, t in dataset.tables.items() if column in t.schema and table in (None, n)]
    if not homes:
        known = {name for each in dataset.tables.values() for name in each.schema.names}
        raise SchemaError(f"No column called {column!r} to tell consent by.", near(column, known))
    if len(homes) > 1:
        raise SchemaError(f"{column!r} stands in {', '.join(homes)}.", "Name the table: `consent: {table: ...}`.")
    return homes[0]


def _cascade(dataset: Dataset, keep: dict[str, pl.Series]) -> None:
    """Leave out rows that refer to rows left out, until none does."""
    changed = True
    while changed:
        changed = False
        for name, table in dataset.tables.items():
            for key in table.schema.foreign_keys:
                parents = dataset.tables[key.table].rows.filter(keep[key.table]).select(key.references).unique()
                rows = table.rows.select(key.columns).with_row_index("__row")
                lost = rows.drop_nulls().join(parents, left_on=key.columns, right_on=key.references, how="anti")
                gone = pl.int_range(len(table), eager=True).is_in(lost["__row"].cast(pl.Int64).implode())
                if (keep[name] & gone).any() and not keep[key.table].all():
                    keep[name] = keep[name] & ~gone
                    changed = True


def _unused(dataset: Dataset, rule: ConsentRule, purpose: str) -> dict[str, tuple[str, ...]]:
    """Columns by table that are not for this purpose."""
    found: dict[str, list[str]] = {}
    for spelt, purposes in rule.columns.items():
        table, _, column = spelt.rpartition(".") if spelt.rpartition(".")[0] in dataset.tables else ("", "", spelt)
        home = _home(dataset, column, table or None)
        if plain(purpose).strip() not in {plain(each).strip() for each in purposes}:
            found.setdefault(home, []).append(column)
    return {name: tuple(columns) for name, columns in found.items()}

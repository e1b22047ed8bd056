"""Who each row is about, and the fake person who stands for them in every column, table and text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from trasunto.data.dataset import Dataset
from trasunto.data.schema import Column, Format
from trasunto.errors import SchemaError, near
from trasunto.privacy.names import plain
from trasunto.privacy.protect_columns import spelt
from trasunto.privacy.protect_plan import Place, Planned, attribute_of, roots
from trasunto.privacy.pseudonyms import Pseudonyms, normal
from trasunto.privacy.pseudonyms_people import Identity, gender_told, identity


@dataclass(frozen=True)
class Cast:
    """The fake people of a run.

    keys: table → (n,) String, who each row is about (null: nobody known). fakes: key → fake person. by_name: real full
    name in plain letters → key.
    """

    keys: Mapping[str, pl.Series]
    fakes: Mapping[str, Identity]
    by_name: Mapping[str, str]


def cast_of(dataset: Dataset, plan: Mapping[Place, Planned], pseudonyms: Pseudonyms, language: str) -> Cast:
    """Everybody in columns to be faked.

    Who a row is about is told by the column that the action names, else by the full name, else by the first identifier
    of the table: a key, a number, an address.
    """
    keys: dict[str, pl.Series] = {}
    names: dict[str, pl.Series] = {}
    genders: dict[str, pl.Series] = {}
    for name in dataset.tables:
        faked = {c: each for (table, c), each in plan.items() if table == name and each.action.action == "fake"}
        if not faked:
            continue
        names[name] = full_names(dataset, name, plan)
        keys[name] = _keys(dataset, name, faked, names[name], plan)
        genders[name] = _genders(dataset, name, faked, plan)
    avoid = {plain(text) for series in names.values() for text in series.drop_nulls().unique().to_list()}
    fakes: dict[str, Identity] = {}
    by_name: dict[str, str] = {}
    for name, series in keys.items():
        spanish = bool(set(genders[name].unique().to_list()) & {"H", "h", "V", "v"})
        met = pl.DataFrame({"key": series, "name": names[name], "gender": genders[name]}).drop_nulls("key")
        for key, real, gender in met.unique("key", maintain_order=True).iter_rows():
            if key not in fakes:
                told = gender_told(gender, real or "", spanish)
                fakes[key] = identity(pseudonyms, key, gender=told, language=language, avoid=avoid)
            if real:
                by_name.setdefault(normal("person", real), key)
    return Cast(keys, fakes, by_name)


def faked(values: pl.Series, column: Column, planned: Planned, keys: pl.Series, cast: Cast) -> tuple[pl.Series, Column]:
    """The column of fake people. A missing value stays missing; a value of nobody known is left out."""
    attribute = planned.action.attribute or attribute_of(column.name, planned.kind)
    made = {key: _part(fake, attribute, column.name) for key, fake in cast.fakes.items()}
    texts = keys.replace_strict(made, default=None, return_dtype=pl.String)
    written = pl.select(pl.when(values.is_not_null()).then(texts)).to_series().alias(values.name)
    kind = "category" if attribute in ("city", "gender", "postcode") else "id"
    told = f"Fake people: {attribute.replace('_', ' ')}."
    return written, replace(column, kind=kind, categories=None, bounds=None, format=Format(), reason=told)  # type: ignore[arg-type]


def full_names(dataset: Dataset, name: str, plan: Mapping[Place, Planned]) -> pl.Series:
    """(n,) String: the full name in each row, from one column or several; null where there is none."""
    table = dataset.tables[name]
    parts = [column for column in table.schema.columns if plan[(name, column.name)].kind == "person"]
    for column in parts:
        if attribute_of(column.name, "person") == "name":
            return spelt(table.rows[column.name], column)
    # Given names first, family names in the order they stand in.
    ordered = sorted(parts, key=lambda column: attribute_of(column.name, "person") == "last_name")
    if not ordered:
        return pl.Series(name, [None] * len(table), dtype=pl.String)
    joined = pl.select(pl.concat_str([spelt(table.rows[c.name], c) for c in ordered], separator=" ", ignore_nulls=True))
    return joined.to_series().replace("", None)


def people_of(dataset: Dataset, name: str, person: str | None, plan: Mapping[Place, Planned]) -> pl.Series:
    """(n,) String: who each row is about, by a column of that name or by the first identifier of the table."""
    table = dataset.tables[name]
    if person is None:
        for column in table.schema.columns:
            if plan[(name, column.name)].direct:
                person = column.name
                break
    if person is None:
        return pl.Series([str(row) for row in range(len(table))])
    if person not in table.schema:
        raise SchemaError(f"No column {person!r} in {name!r} to tell people by.", near(person, table.schema.names))
    end = roots(dataset).get((name, person))
    label = ".".join(end) if end else plan[(name, person)].kind or person
    return f"{label}\0" + spelt(table.rows[person], table.schema[person])


def _keys(
    dataset: Dataset, name: str, faked: Mapping[str, Planned], names: pl.Series, plan: Mapping[Place, Planned]
) -> pl.Series:
    given = {each.action.person for each in faked.values() if each.action.person}
    if given:
        return people_of(dataset, name, sorted(given)[0], plan)
    if names.null_count() < len(names):
        normals = {text: f"name\0{normal('person', text)}" for text in names.drop_nulls().unique().to_list()}
        return names.replace_strict(normals, default=None, return_dtype=pl.String)
    return people_of(dataset, name, None, plan)


def _genders(dataset: Dataset, name: str, faked: Mapping[str, Planned], plan: Mapping[Place, Planned]) -> pl.Series:
    table = dataset.tables[name]
    given = next((each.action.gender for each in faked.values() if each.action.gender), None)
    column = given or next((c.name for c in table.schema.columns if plan[(name, c.name)].kind == "sex"), None)
    if column is None:
        return pl.Series([None] * len(table), dtype=pl.String)
    if column not in table.schema:
        raise SchemaError(f"No column {column!r} in {name!r} to tell gender by.", near(column, table.schema.names))
    return spelt(table.rows[column], table.schema[column])


def _part(fake: Identity, attribute: str, column: str) -> str:
    if attribute == "last_name":
        # First and second family name in columns of their own.
        words = fake.last_name.split(" ")
        if column.rstrip("_ ").endswith("1") or "primer" in column.lower():
            return words[0]
        if column.rstrip("_ ").endswith("2") or "segundo" in column.lower():
            return words[-1]
    return str(getattr(fake, attribute))

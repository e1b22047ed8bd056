"""Identifiers in a data set: which columns name people, which tell them apart together, which would harm, and where
free text does so. Each finding says why; none holds a value.

A column is judged by its name (English and Spanish), by its values (check digits, forms, names of people) and by how
many of them differ; free text is read through (recognize.py, names.py). What is found is proposed, never applied, and a
role that a person gave is never taken back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, Role
from trasunto.data.written import is_clock
from trasunto.privacy.identifiers_text import in_text
from trasunto.privacy.identifiers_values import Evidence, sampled, told_by_values, written
from trasunto.privacy.identifiers_words import Category, told_by_name

ROLE_OF: dict[str, Role] = {"direct": "identifier", "quasi": "quasi-identifier", "sensitive": "sensitive"}
# Kinds that values alone can tell; a name that says so is doubted when the values say no.
TOLD_BY_FORM = ("email", "ip", "iban", "mac", "url", "ccc", "cadastral")
FEW = 20
# Quasi-identifiers that are of the person and not of what they did.
PERSONAL = (
    "date_of_birth",
    "age",
    "sex",
    "postcode",
    "ethnicity",
    "marital_status",
    "country",
    "education",
    "occupation",
)


@dataclass(frozen=True)
class Finding:
    """Something personal in a column.

    kind: what it is ("dni", "person", "postcode", …). category: direct (names one person), quasi (does so together with
    others), sensitive (would harm), text (free text, to be read). where: "column" (the values are that) or "text" (it
    stands inside them). share, count: of rows. confidence: 0 to 1. places: first (row, start, end) in texts.
    """

    table: str
    column: str
    kind: str
    category: Category
    where: Literal["column", "text"]
    share: float
    count: int
    confidence: float
    reason: str
    places: tuple[tuple[int, int, int], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "places": [list(place) for place in self.places]}

    @staticmethod
    def from_dict(document: dict[str, Any]) -> Finding:
        return Finding(**{**document, "places": tuple(tuple(place) for place in document["places"])})


def find(dataset: Dataset, *, texts: bool = True) -> tuple[Finding, ...]:
    """Every finding, in order of tables and columns. texts: read free text through as well.

    Raises MissingLibraryError without the extras "privacy" (numbers, telephones) and "rules" (names of people).
    """
    found: list[Finding] = []
    for name, table in dataset.tables.items():
        keys = {column for key in table.schema.foreign_keys for column in key.columns}
        for column in table.schema.columns:
            found += _in_column(name, table, column, column.name in keys, texts)
    return tuple(found)


def roles_proposed(findings: Iterable[Finding]) -> dict[tuple[str, str], Role]:
    """The role that each (table, column) should have, by its surest column finding."""
    roles: dict[tuple[str, str], Role] = {}
    for finding in findings:
        if finding.where == "column" and finding.category in ROLE_OF:
            roles.setdefault((finding.table, finding.column), ROLE_OF[finding.category])
    return roles


def with_roles(dataset: Dataset, findings: Iterable[Finding]) -> Dataset:
    """The dataset with roles where the schema has none; what a person said stays."""
    roles = roles_proposed(findings)
    tables: dict[str, Table] = {}
    for name, table in dataset.tables.items():
        columns = tuple(replace(c, role=c.role or roles.get((name, c.name))) for c in table.schema.columns)
        tables[name] = Table(replace(table.schema, columns=columns), table.rows)
    return Dataset.holding(tables)


def _in_column(name: str, table: Table, column: Column, linked: bool, texts: bool) -> list[Finding]:
    values = table.rows[column.name]
    present = len(values) - values.null_count()
    if present == 0:
        return []
    found: list[Finding] = []
    judged = judge(column, values, linked)
    if judged is not None:
        category, seen = judged
        count = round(seen.share * present)
        share = count / len(values)
        found.append(
            Finding(name, column.name, seen.kind, category, "column", share, count, seen.confidence, seen.reason)
        )
    if values.dtype != pl.String or (judged is not None and judged[0] == "direct" and column.kind != "text"):
        return found
    if column.kind == "text":
        reason = "Free text: it may say anything about anyone."
        found.append(
            Finding(name, column.name, "free_text", "text", "text", present / len(values), present, 0.9, reason)
        )
    if texts:
        for kind, spot in in_text(values).items():
            if not _telling(column, kind, spot.confidence, judged is not None):
                continue
            part: Category = "quasi" if kind in ("date", "postcode", "date_of_birth") else "direct"
            reason = f"Found in {spot.rows:,} values: {spot.reason}."
            share = spot.rows / len(values)
            found.append(
                Finding(name, column.name, kind, part, "text", share, spot.rows, spot.confidence, reason, spot.places)
            )
    return found


def _telling(column: Column, kind: str, confidence: float, judged: bool) -> bool:
    """Whether a find inside values says something: words of a category that is known (a country) are no names."""
    if column.kind == "text":
        return True
    if judged and kind in ("date", "person", "postcode", "address"):
        return False
    return kind != "person" or confidence >= 0.8


def judge(column: Column, values: pl.Series, linked: bool = False) -> tuple[Category, Evidence] | None:
    """What a whole column is, or None for nothing personal.

    Values that stand a check count before the name; a name counts where the values do not speak against it.
    """
    texts = sampled(written(values, column))
    distinct = values.drop_nulls().n_unique()
    alike = distinct / max(len(values) - values.null_count(), 1)
    said = told_by_name(column.name)
    by_value = told_by_values(column, texts, {kind for _, kind, _ in said})
    if by_value is not None and by_value[0] == "direct":
        return by_value
    for category, kind, confidence in said:
        if not _plausible(category, kind, confidence, column, distinct, alike):
            continue
        reason = f"The name says {kind.replace('_', ' ')}"
        if category == "direct":
            reason += f", and {distinct:,} values differ"
        return category, Evidence(kind, 1.0, confidence, f"{reason}.")
    if column.role == "identifier" or linked:
        reason = "It refers to rows of another table." if linked else column.reason or "The schema says identifier."
        return "direct", Evidence("record_number", 1.0, 0.8, reason)
    if column.role in ("quasi-identifier", "sensitive"):
        return ("quasi" if column.role[0] == "q" else "sensitive"), Evidence(
            column.role, 1.0, 0.9, "The schema says so."
        )
    if by_value is not None:
        return by_value
    if column.kind == "datetime" and distinct > 2 and not is_clock(column):
        return "quasi", Evidence("date", 1.0, 0.5, "Dates: known to others as well, they tell people apart.")
    return None


def _plausible(category: str, kind: str, confidence: float, column: Column, distinct: int, alike: float) -> bool:
    """Whether values can be what the name says."""
    if category != "direct":
        if kind in ("date_of_birth", "date_of_death", "event_date"):
            return column.kind in ("datetime", "integer", "category", "id", "number") and distinct > 2
        if kind == "postcode" and distinct <= FEW and column.kind != "category":
            return False
        return column.kind not in ("text",) and (distinct > 1) and (confidence > 0.7 or column.kind != "id")
    if column.kind == "boolean" or distinct <= 2:
        return False
    if column.kind == "datetime" or (column.kind == "number" and kind != "coordinates"):
        return False
    if column.kind == "text" and kind not in ("address", "person"):
        return False
    if kind in TOLD_BY_FORM or confidence < 0.7:
        # The values have spoken already, and said something else; a part of a name is not enough without them.
        return kind in ("record_number", "username") and alike > 0.5
    if column.kind == "integer" and kind in ("person", "address", "username", "card"):
        return False
    return alike > 0.02 or distinct > FEW

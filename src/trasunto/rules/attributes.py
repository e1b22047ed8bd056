"""Rules of people's attributes: columns that speak of the same person agree within a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trasunto.data.schema import Column, Format
from trasunto.errors import near
from trasunto.rules.people import People, lacking
from trasunto.rules.residents import Crowd
from trasunto.rules.rule import Block, Rule, Spec
from trasunto.rules.values import Drawn

# Attribute → kind of its column.
ATTRIBUTES: dict[str, Any] = {
    "name": "text", "first_name": "category", "last_name": "category", "second_last_name": "category",
    "gender": "category", "birth_date": "datetime", "age": "integer", "user_name": "text", "email": "text",
    "phone": "text", "street_address": "text", "address": "text", "street": "text", "number": "text",
    "city": "category", "province": "category", "region": "category", "region_code": "category", "postcode": "text",
    "country": "category", "country_code": "category", "locale": "category", "id": "id", "iban": "id", "card": "id",
}  # fmt: skip
IDENTIFYING = {"name", "email", "user_name", "phone", "street_address", "address", "id", "iban", "card"}
# What a person can be told instead of drawn.
GIVABLE = ("gender", "birth_date")


@dataclass(frozen=True)
class Attribute:
    """One attribute of a person as a column."""

    people: People
    attribute: str
    needs: tuple[str, ...] = ()

    @property
    def capacity(self) -> int | None:
        return None

    def column(self, name: str) -> Column:
        kind, form = ATTRIBUTES[self.attribute], Format()
        bounds: Any = None
        categories = None
        if self.attribute == "birth_date":
            form = Format(pattern="%Y-%m-%d", date_only=True)
        elif self.attribute == "age":
            bounds = self.people.ages
        elif self.attribute == "gender":
            categories = self.people.labels
        role: Any = "identifier" if self.attribute in IDENTIFYING else "quasi-identifier"
        return Column(name, kind, False, role, categories, bounds, form, declared=True)

    def draw(self, block: Block, name: str) -> Drawn:
        crowd = block.people.get(self.people.name)
        if crowd is None:
            crowd = block.people[self.people.name] = Crowd(self.people, block)
        return crowd.get(self.attribute)

    def nth(self, index: np.ndarray, block: Block, name: str) -> Drawn:
        raise NotImplementedError


def attribute(spec: Spec, people: Mapping[str, People]) -> Rule:
    """`person: email`; `of` says which person."""
    who = spec.option("of", "person")
    if who not in people:
        raise spec.wrong(f"there is no person {who!r}.", near(str(who), people))
    if spec.value not in ATTRIBUTES:
        raise spec.wrong(f"a person has no {spec.value!r}.", near(str(spec.value), ATTRIBUTES))
    without = [locale.code for locale in people[who].locales if lacking(locale, spec.value)]
    if without:
        raise spec.wrong(
            f"people of {', '.join(without)} have no {spec.value} here.", "Leave the column or the locale out."
        )
    return Attribute(people[who], spec.value)

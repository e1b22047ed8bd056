"""People as a document describes them: where they live, how old they are, what never repeats among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from trasunto.errors import RecipeError, near
from trasunto.rules.calendars import completed_years
from trasunto.rules.codes import CODES, cards
from trasunto.rules.draws import Weighted
from trasunto.rules.iban import iban_capacity
from trasunto.rules.locales import Locale, locale
from trasunto.rules.text import Lexicon, join
from trasunto.rules.values import pa, words

# Share of users whose name begins in each form, and what follows it.
FORMS = ((".", False, 0.45), ("", False, 0.15), ("", True, 0.2), ("_", False, 0.1), (".", True, 0.1))
NUMBERS = {"": 0.35} | {str(n): 0.65 / 99 for n in range(1, 100)}
TIERS = (10**4, 10**6, 10**8, 10**10)
UNIQUE = ("user_name", "email", "id", "iban", "card")


@dataclass(frozen=True)
class People:
    """People of one kind ("person", "doctor"), as the document describes them.

    locales: with weights. female: share of women. ages: youngest and oldest, in completed years on the day `today`.
    labels: how the genders are written. domains: of e-mail addresses. unique: attributes that never repeat.
    """

    name: str
    locales: tuple[Locale, ...]
    weights: Weighted
    today: np.datetime64
    female: float = 0.5
    ages: tuple[int, int] = (18, 90)
    labels: tuple[str, str] = ("female", "male")
    domains: tuple[str, ...] = ("example.com", "example.org", "example.net")
    foreign: float = 0.1
    unique: frozenset[str] = frozenset()

    @cached_property
    def tables(self) -> dict[str, Any]:
        """Words that do not depend on the locale."""
        return {
            "labels": words(self.labels),
            "numbers": Lexicon.of(NUMBERS),
            "domains": Lexicon.of({f"@{domain}": 1.0 for domain in self.domains}),
            "tails": words(f"{number}@{domain}" for number in NUMBERS for domain in dict.fromkeys(self.domains)),
            "forms": Weighted.of([share for _, _, share in FORMS]),
            "locales": words(locale.code for locale in self.locales),
        }

    @cached_property
    def forms(self) -> dict[str, Any]:
        """For each locale, the first half of user names: a form's words behind each other."""
        return {locale.code: _formed(locale) for locale in self.locales}

    @cached_property
    def age_of(self) -> np.ndarray:
        """(days,) int64 completed years of who was born on each day from the first to the last day of birth."""
        first, last = self.births
        return completed_years(np.arange(first, last + 1), self.today)

    @cached_property
    def births(self) -> tuple[np.datetime64, np.datetime64]:
        """First and last day of birth."""
        month = self.today.astype("datetime64[M]")
        within = self.today - month.astype("datetime64[D]")

        def back(years: int) -> np.datetime64:
            there = (month - np.timedelta64(12 * years, "M")).astype("datetime64[D]") + within
            # 29 February has no day of its own in most years: whoever is that old was born by 28 February.
            return there if there.astype("datetime64[M]") == month - np.timedelta64(12 * years, "M") else there - 1

        return back(self.ages[1] + 1) + 1, back(self.ages[0])


def _formed(locale: Locale) -> Any:
    whole, initial = locale.first.slugs, words([each[:1] for each in locale.first.slugs.to_pylist()])
    return pa.concat_arrays([join([initial if short else whole, behind]) for behind, short, _ in FORMS])


def lacking(locale: Locale, attribute: str) -> bool:
    """Whether a locale does not know an attribute."""
    known = {**locale.places.columns, **locale.places.loose}
    if attribute in ("city", "province", "region"):
        return attribute not in known
    if attribute == "region_code":
        return "code" not in known
    if attribute == "id":
        return locale.facts.id is None
    if attribute == "second_last_name":
        return "{second}" not in locale.facts.name_order
    return attribute == "iban" and not locale.facts.iban


def capacity(people: People, attribute: str) -> int:
    """How many values of an attribute of UNIQUE there are; 0 when it cannot be promised not to repeat."""
    if attribute in ("user_name", "email"):
        return sum(TIERS)
    if attribute == "card":
        return cards(("visa", "mastercard")).capacity
    if attribute == "iban":
        return min(iban_capacity(each.facts.country) for each in people.locales)
    codes = [each.facts.id or "" for each in people.locales]
    return min((CODES["nie" if code == "dni" else code].capacity if code in CODES else 0) for code in codes)


def people_of(name: str, document: Any, locales: Any, today: np.datetime64) -> People:
    """People from `locale`, `female`, `ages`, `labels`, `domains`, `foreign`. locales: what the whole table says."""
    about = f"People {name!r}"
    if not isinstance(document, Mapping):
        raise RecipeError(f"{about}: they are a mapping, not {document!r}.", "Give locale, ages, female, …")
    known = ("locale", "female", "ages", "labels", "domains", "foreign")
    for key in document:
        if key not in known:
            raise RecipeError(f"{about}: there is no {key!r}.", near(str(key), known))
    weights = _locales(document.get("locale", locales), about)
    made = People(name, tuple(locale(code) for code in weights), Weighted.of(list(weights.values())), today)
    for share in ("female", "foreign"):
        value = document.get(share, getattr(made, share))
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise RecipeError(f"{about}: {share} is {value!r}.", "Give a share from 0 to 1.")
        made = replace(made, female=value) if share == "female" else replace(made, foreign=value)
    ages = document.get("ages", made.ages)
    if not isinstance(ages, list | tuple) or len(ages) != 2 or not all(isinstance(age, int) for age in ages):
        raise RecipeError(f"{about}: ages is {ages!r}.", "Write it as ages: [18, 90].")
    if not 0 <= ages[0] <= ages[1] <= 130:
        raise RecipeError(
            f"{about}: ages go from {ages[0]} to {ages[1]}.", "Give years from 0 to 130, the lower first."
        )
    labels = document.get("labels", dict(zip(("female", "male"), made.labels, strict=True)))
    if not isinstance(labels, Mapping) or set(labels) != {"female", "male"} or len({*labels.values()}) != 2:
        raise RecipeError(f"{about}: labels is {labels!r}.", "Write it as labels: {female: F, male: M}.")
    domains = document.get("domains", made.domains)
    if isinstance(domains, str) or not domains or not all(isinstance(d, str) and d and "@" not in d for d in domains):
        raise RecipeError(f"{about}: domains is {domains!r}.", "Write it as domains: [example.com].")
    words_of = (str(labels["female"]), str(labels["male"]))
    return replace(made, ages=(ages[0], ages[1]), labels=words_of, domains=tuple(domains))


def _locales(document: Any, about: str) -> dict[str, float]:
    """`es_ES`, a list, or locales with weights."""
    given = {document: 1.0} if isinstance(document, str) else document
    if isinstance(given, list | tuple):
        given = dict.fromkeys(map(str, given), 1.0)
    if not isinstance(given, Mapping) or not given:
        raise RecipeError(f"{about}: locale is {document!r}.", "Write es_ES, or {es_ES: 0.7, es_MX: 0.3}.")
    for code, weight in given.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not weight > 0:
            raise RecipeError(f"{about}: the weight of {code} is {weight!r}.", "Give a number above 0.")
    return {str(code): float(weight) for code, weight in given.items()}

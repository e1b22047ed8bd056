"""Names and places of a locale: the lists of Faker's providers, read once, weights kept; places tied where known.

Faker's lists are MIT licensed. Which city lies in which region with which postcodes comes from the tables in `places/`,
or from Faker where its data ties them; where nothing does, city, region and postcode are drawn by themselves.
"""

from __future__ import annotations

import csv
import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from trasunto import registry
from trasunto.errors import RecipeError, near
from trasunto.rules.countries import LOCALES, Facts
from trasunto.rules.draws import Weighted
from trasunto.rules.phrases import Words, phrases
from trasunto.rules.text import Formats, Lexicon, templates
from trasunto.rules.values import words

_INWARD = "ABDEFGHJLNPQRSTUWXYZ"
_REGIONS = (
    "state",
    "province",
    "region",
    "prefecture",
    "county",
    "estado",
    "distrito",
    "canton",
    "wilaya",
    "region_name",
)
# Where a token of a format finds its words when it is not called like the list.
_ALIASES = {
    "city_name": ("cities", "city_names"),
    "street": ("streets", "street_names"),
    "street_name": ("streets", "street_names"),
    "dk_street_name": ("street_names",),
    "country": ("countries",),
}


@dataclass(frozen=True)
class Names:
    """Words by gender, laid end to end: group 0 female, group 1 male. slugs: each word's letters a-z for addresses."""

    words: Any
    weights: Weighted
    slugs: Any

    @staticmethod
    def of(female: Words, male: Words) -> Names:
        if female == male:
            return Names(words(female), Weighted.of(list(female.values())), words(map(slug, female)))
        both = [*female, *male]
        weights = Weighted.of(list(female.values()), list(male.values()))
        return Names(words(both), weights, words(map(slug, both)))

    def draw(self, rng: np.random.Generator, genders: np.ndarray) -> np.ndarray:
        """(n,) int32 places in `words`. genders: (n,) 0 for female, 1 for male."""
        return self.weights.draw(rng, len(genders), genders if len(self.weights.sizes) > 1 else None)


@dataclass(frozen=True)
class Places:
    """Where people live. columns: city, province, region, code, postcode → Arrow words, a row for each place.

    tied: what of it belongs together. endings: what follows a place's postcode beginning. loose: lists drawn by
    themselves for what no place tells.
    """

    weights: Weighted | None
    columns: Mapping[str, Any]
    endings: tuple[Lexicon, ...]
    loose: Mapping[str, Any]

    @property
    def tied(self) -> tuple[str, ...]:
        return tuple(name for name in ("city", "province", "region", "postcode") if name in self.columns)


@dataclass(frozen=True)
class Locale:
    """One locale, ready to draw from."""

    code: str
    facts: Facts
    first: Names
    last: Names
    streets: Formats
    numbers: Formats
    phones: Formats
    places: Places


@lru_cache(maxsize=64)
def locale(code: str) -> Locale:
    """The locale of that code. RecipeError for an unknown one, MissingLibraryError without Faker."""
    if code not in LOCALES:
        raise RecipeError(f"There is no locale {code!r}.", near(code, LOCALES))
    facts, data = LOCALES[code], _Data(code)
    streets = phrases(dict.fromkeys(facts.streets, 1.0) if facts.streets else data.formats("street_name"), data.words)
    assert streets is not None, f"{code} has no streets"
    female, male = data.first_names()
    last_female, last_male = data.last_names()
    return Locale(
        code,
        facts,
        Names.of(female, male),
        Names.of(last_female, last_male),
        streets,
        templates(dict.fromkeys(facts.numbers, 1.0) if facts.numbers else data.formats("building_number")),
        templates(dict.fromkeys(facts.phones, 1.0) if facts.phones else data.phones()),
        _places(code, facts, data),
    )


def slug(word: str) -> str:
    """A name's letters a-z, as they stand in an e-mail address ("Íñigo" is "inigo", "Мария" is "mariya")."""
    try:
        from anyascii import anyascii
    except ImportError as error:
        raise registry.missing(error, "rules") from error
    return "".join(letter for letter in anyascii(word).lower() if "a" <= letter <= "z") or "user"


class _Data:
    """Faker's providers of one locale, by the names of their lists."""

    def __init__(self, code: str) -> None:
        try:
            self.providers = [
                importlib.import_module(f"faker.providers.{kind}.{code}").Provider
                for kind in ("address", "person", "phone_number")
            ]
        except ImportError as error:
            raise registry.missing(error, "rules") from error
        self.code = code

    def list(self, *names: str) -> Any:
        for name in names:
            for provider in self.providers:
                found = getattr(provider, name, None)
                if found is not None and not callable(found) and not isinstance(found, property) and len(found) > 0:
                    return found
        return None

    def weighted(self, *names: str) -> Words | None:
        """The first list of these names there is, as words with weights."""
        found = self.list(*names)
        return None if found is None else as_words(found)

    def words(self, token: str) -> Words | None:
        """The words a token of a format stands for."""
        if token in ("first_name", "last_name"):
            female, male = self.first_names() if token == "first_name" else self.last_names()
            return {**male, **female}
        middle = token.replace("suffix", "suffixes").replace("prefix", "prefixes")
        plurals = (*_ALIASES.get(token, ()), f"{token}s", f"{token}es", f"{token[:-1]}ies", middle)
        return self.weighted(*plurals)

    def formats(self, name: str) -> Words:
        found = self.list(f"{name}_formats")
        return {"%#": 1.0} if found is None else as_words([found] if isinstance(found, str) else found)

    def phones(self) -> Words:
        """Formats of telephone numbers without tokens and without extensions."""
        found = as_words(self.providers[2].formats)
        return {text: weight for text, weight in found.items() if "{" not in text and "x" not in text}

    def first_names(self) -> tuple[Words, Words]:
        return tuple(_trimmed(self.weighted(f"first_names_{gender}", "first_names")) for gender in ("female", "male"))  # type: ignore[return-value]

    def last_names(self) -> tuple[Words, Words]:
        if self.code == "pl_PL":
            # Surnames in -ski and the like end in -a for women.
            bent = as_words(self.list("male_last_names"))
            same = as_words(self.list("unisex_last_names"))
            same = {word: weight for word, weight in same.items() if word not in bent}
            return {word[:-1] + "a": w for word, w in bent.items()} | same, bent | same
        female, male = (_trimmed(self.weighted(f"last_names_{gender}", "last_names")) for gender in ("female", "male"))
        return female, male


def as_words(found: Any) -> Words:
    """A list of Faker as words with weights: a mapping has them, a repeated word counts as often as it stands."""
    if isinstance(found, Mapping) and all(isinstance(weight, int | float) for weight in found.values()):
        return {_word(word): float(weight) for word, weight in found.items()}
    made: Words = {}
    for each in found.values() if isinstance(found, Mapping) else found:
        word = _word(each)
        made[word] = made.get(word, 0.0) + 1.0
    return made


def _word(value: Any) -> str:
    """A word, or the last of a tuple such as (abbreviation, name). Spaces around it are part of how it is joined."""
    return str(value[-1] if isinstance(value, tuple | list) else value).replace("\n", " ")


def _trimmed(found: Words | None) -> Words:
    """Words that stand by themselves, without spaces around them."""
    made: Words = {}
    for word, weight in (found or {}).items():
        if word.strip():
            made[word.strip()] = made.get(word.strip(), 0.0) + weight
    return made


def _places(code: str, facts: Facts, data: _Data) -> Places:
    table = Path(__file__).parent / "places" / f"{code}.csv"
    if table.is_file():
        with table.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    else:
        rows = _LINKED[code](data) if code in _LINKED else []
    columns = {name: words([row[name] for row in rows]) for name in (rows[0] if rows else ()) if name != "weight"}
    loose: dict[str, Any] = {}
    if "city" not in columns:
        cities = _trimmed(data.weighted("cities", "city_names", "real_city_names"))
        found = (
            phrases({"{{city_name}}": 1.0}, lambda _: cities) if cities else phrases(data.formats("city"), data.words)
        )
        assert found is not None, f"{code} has no cities"
        loose["city"] = found
    regions = next(filter(None, (data.weighted(f"{n}s", f"{n[:-1]}ies") for n in _REGIONS)), None)
    if code == "ru_RU":
        regions = {f"{name} область": weight for name, weight in as_words(data.list("region_oblast")).items()}
    if "region" not in columns and regions:
        loose["region"] = Lexicon.of(_trimmed(regions))
    if "postcode" not in columns:
        loose["postcode"] = templates(
            dict.fromkeys(facts.postcodes, 1.0) if facts.postcodes else _plain(data.formats("postcode"))
        )
    weights = Weighted.of([float(row.get("weight", 1)) for row in rows]) if rows else None
    return Places(weights, columns, _endings(code, facts, columns), loose)


def _plain(formats: Words) -> Words:
    return {text: weight for text, weight in formats.items() if "{" not in text}


def _endings(code: str, facts: Facts, columns: Mapping[str, Any]) -> tuple[Lexicon, ...]:
    if "postcode" not in columns or code in ("it_IT", "es_AR"):
        return ()
    if code == "en_GB":
        inward = [f" {digit}{a}{b}" for digit in range(10) for a in _INWARD for b in _INWARD]
        return Lexicon.of({str(n): 1.0 for n in range(1, 21)}), Lexicon(
            words(inward), Weighted.of(np.ones(len(inward)))
        )
    return templates(dict.fromkeys(facts.postcodes or ("####",), 1.0)).slots


def _italy(data: _Data) -> list[dict[str, Any]]:
    names = dict(zip(data.list("states_abbr"), data.list("states"), strict=True))
    tied = data.list("cap_city_province")
    return [
        {"city": city, "region": names.get(code, code), "code": code, "postcode": cap}
        for cap, cities in tied.items()
        for city, code in cities
    ]


def _argentina(data: _Data) -> list[dict[str, Any]]:
    provinces = data.list("provinces")
    return [
        {"city": city, "region": provinces[code], "code": code, "postcode": number}
        for number, city, code in data.list("municipalities")
    ]


def _colombia(data: _Data) -> list[dict[str, Any]]:
    departments = data.list("departments")
    return [
        {"city": city, "region": departments[number[:2]], "postcode": number[:2]}
        for number, city in data.list("municipalities")
    ]


def _chile(data: _Data) -> list[dict[str, Any]]:
    provinces, regions = data.list("provinces"), list(data.list("regions").values())
    return [
        {"city": city, "province": provinces[number[:3]], "region": regions[int(number[:2]) - 1]}
        for number, city in data.list("communes").items()
        if number[:3] in provinces
    ]


def _ranged(states: str, codes: str, ranges: str, width: int) -> Callable[[_Data], list[dict[str, Any]]]:
    """Regions with ranges of postcodes, cut into whole thousands' beginnings."""

    def of(data: _Data) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        names = dict(zip(data.list(codes), map(_word, data.list(states)), strict=True))
        for code, spans in data.list(ranges).items():
            pairs: Iterable[Any] = [spans] if isinstance(spans[0], int) else spans
            heads = {str(n).zfill(width)[: width - 3] for low, high in pairs for n in range(low, high + 1, 1000)}
            rows += [
                {"region": names[code], "code": code, "postcode": head, "weight": 1 / len(heads)}
                for head in sorted(heads)
                if code in names
            ]
        return rows

    return of


_LINKED: dict[str, Callable[[_Data], list[dict[str, Any]]]] = {
    "it_IT": _italy,
    "es_AR": _argentina,
    "es_CO": _colombia,
    "es_CL": _chile,
    "en_IN": _ranged("states", "states_abbr", "state_pincode", 6),
}

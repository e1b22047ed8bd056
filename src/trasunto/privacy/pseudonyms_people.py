"""Fake people: one real person is one fake person in every column and table, and in free text.

A person is told by a key (a record number, a national number, or the full name); name, gender, e-mail address, user
name, city, postcode and street are all drawn from its keyed digest, so they agree. Names are Faker's (MIT).
"""

from __future__ import annotations

import importlib
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from trasunto import registry
from trasunto.privacy.names import gender_of, plain
from trasunto.privacy.pseudonyms import Pseudonyms

LOCALES = {"en": "en_US", "es": "es_ES"}
# What of a person a column can hold, as a policy writes it.
ATTRIBUTES = ("name", "first_name", "last_name", "email", "user_name", "address", "city", "postcode", "gender")
# City, beginning of its postcodes, digits that follow.
_CITIES = {
    "es": [
        ("Vitoria-Gasteiz", "01", 3), ("Albacete", "02", 3), ("Alicante", "03", 3), ("Almería", "04", 3), ("Ávila", "05", 3),
        ("Badajoz", "06", 3), ("Palma", "07", 3), ("Barcelona", "08", 3), ("Burgos", "09", 3), ("Cáceres", "10", 3),
        ("Cádiz", "11", 3), ("Castellón de la Plana", "12", 3), ("Ciudad Real", "13", 3), ("Córdoba", "14", 3),
        ("A Coruña", "15", 3), ("Cuenca", "16", 3), ("Girona", "17", 3), ("Granada", "18", 3), ("Guadalajara", "19", 3),
        ("San Sebastián", "20", 3), ("Huelva", "21", 3), ("Huesca", "22", 3), ("Jaén", "23", 3), ("León", "24", 3),
        ("Lleida", "25", 3), ("Logroño", "26", 3), ("Lugo", "27", 3), ("Madrid", "28", 3), ("Málaga", "29", 3),
        ("Murcia", "30", 3), ("Pamplona", "31", 3), ("Ourense", "32", 3), ("Oviedo", "33", 3), ("Palencia", "34", 3),
        ("Pontevedra", "36", 3), ("Salamanca", "37", 3), ("Santander", "39", 3), ("Segovia", "40", 3), ("Sevilla", "41", 3),
        ("Soria", "42", 3), ("Tarragona", "43", 3), ("Teruel", "44", 3), ("Toledo", "45", 3), ("Valencia", "46", 3),
        ("Valladolid", "47", 3), ("Bilbao", "48", 3), ("Zamora", "49", 3), ("Zaragoza", "50", 3),
    ],
    "en": [
        ("Boston", "021", 2), ("Providence", "029", 2), ("Hartford", "061", 2), ("Newark", "071", 2), ("Albany", "122", 2),
        ("Pittsburgh", "152", 2), ("Baltimore", "212", 2), ("Richmond", "232", 2), ("Raleigh", "276", 2),
        ("Charlotte", "282", 2), ("Atlanta", "303", 2), ("Jacksonville", "322", 2), ("Tampa", "336", 2),
        ("Nashville", "372", 2), ("Memphis", "381", 2), ("Louisville", "402", 2), ("Columbus", "432", 2),
        ("Cleveland", "441", 2), ("Indianapolis", "462", 2), ("Detroit", "482", 2), ("Des Moines", "503", 2),
        ("Milwaukee", "532", 2), ("Minneapolis", "554", 2), ("Chicago", "606", 2), ("Saint Louis", "631", 2),
        ("Kansas City", "641", 2), ("Omaha", "681", 2), ("New Orleans", "701", 2), ("Little Rock", "722", 2),
        ("Tulsa", "741", 2), ("Dallas", "752", 2), ("Houston", "770", 2), ("Austin", "787", 2), ("Denver", "802", 2),
        ("Boise", "837", 2), ("Phoenix", "850", 2), ("Albuquerque", "871", 2), ("San Diego", "921", 2),
        ("Sacramento", "958", 2), ("Portland", "972", 2), ("Seattle", "981", 2),
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Identity:
    """A person who does not exist. gender: "f" or "m"."""

    first_name: str
    last_name: str
    gender: str
    email: str
    user_name: str
    address: str
    city: str
    postcode: str

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"


def identity(
    pseudonyms: Pseudonyms, person: str, *, gender: str = "u", language: str = "en", avoid: Collection[str] = ()
) -> Identity:
    """The fake person who stands for `person` (a key).

    gender: "f", "m", or "u" to draw one. language: "en" or "es", for names and places. avoid: full names in plain
    letters (see names.plain) that must not come out: those of the real people.
    """
    turn = 0
    while True:
        draw = pseudonyms.digits("identity", person, turn)
        kind = gender if gender in ("f", "m") else "fm"[draw.below(2)]
        women, men, last = _lists(language)
        names = women if kind == "f" else men
        first = names[draw.below(len(names))]
        family = last[draw.below(len(last))]
        if language == "es":
            family += f" {last[draw.below(len(last))]}"
        if plain(f"{first} {family}") not in avoid or turn > 50:
            break
        turn += 1
    city, head, more = _CITIES[language][draw.below(len(_CITIES[language]))]
    number = 1 + draw.below(180)
    street = last[draw.below(len(last))]
    user = f"{_slug(first)}.{_slug(family.split()[0])}{draw.text(4)}"
    return Identity(
        first,
        family,
        kind,
        f"{user}@example.org",
        user,
        f"Calle {street}, {number}" if language == "es" else f"{number} {street} Street",
        city,
        head + draw.text(more),
    )


def gender_told(value: str | None, name: str, spanish: bool = False) -> str:
    """ "f", "m" or "u" by a column of genders, else by the given name. spanish: M is mujer, beside H or V."""
    said = plain(value or "")[:3]
    if said == "m" and spanish:
        return "f"
    if said in ("f", "fem", "w", "wom", "muj", "gir", "mrs", "sra"):
        return "f"
    if said in ("m", "mal", "man", "mas", "hom", "h", "v", "var", "boy", "mr", "sr"):
        return "m"
    return gender_of(name)


def _slug(word: str) -> str:
    return "".join(each for each in plain(word) if "a" <= each <= "z") or "x"


@lru_cache(maxsize=4)
def _lists(language: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """(given names of women, of men, family names), sorted: the same whatever Faker's order."""
    try:
        person = importlib.import_module(f"faker.providers.person.{LOCALES[language]}").Provider
    except ImportError as error:
        raise registry.missing(error, "fake people") from error
    women, men, last = (
        {str(each) for each in getattr(person, name)}
        for name in ("first_names_female", "first_names_male", "last_names")
    )
    return tuple(sorted(women - men)), tuple(sorted(men - women)), tuple(sorted(last))

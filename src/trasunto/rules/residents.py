"""The people of a block, drawn: names, gender, birth, contact, address and numbers that agree within a row.

Each attribute is drawn once, when it is asked for, from a stream of its own; so a column is the same whichever others
stand beside it, and what is made of several (an e-mail address of a name) is made of what the row has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from trasunto.rules.calendars import completed_years
from trasunto.rules.codes import CODES, cards
from trasunto.rules.draws import shuffle
from trasunto.rules.iban import iban_capacity, iban_of
from trasunto.rules.ids import IDS, Person, region_codes
from trasunto.rules.locales import Locale
from trasunto.rules.people import TIERS, People
from trasunto.rules.rule import Block
from trasunto.rules.text import fixed, join, spell, split
from trasunto.rules.values import Drawn, mixed, pc, scattered, words


class Crowd:
    """The people of one block."""

    def __init__(self, people: People, block: Block, given: Mapping[str, Drawn] | None = None) -> None:
        self.people, self.block = people, block
        given = given or {}
        self.known = {name: drawn for name, drawn in given.items() if drawn.valid is None}
        self.parts: list[tuple[np.ndarray, Residents]] = []
        self.which = np.zeros(block.rows, dtype=np.int32)
        if len(people.locales) > 1:
            self.which = people.weights.draw(block.rng(f"{people.name}\0locale"), block.rows)
        for number, locale in enumerate(people.locales):
            places = np.flatnonzero(self.which == number) if len(people.locales) > 1 else np.arange(block.rows)
            part = block.part(places, locale.code, ()) if len(people.locales) > 1 else block
            told = {name: drawn.take(places) for name, drawn in given.items()}
            self.parts.append((places, Residents(people, locale, part, told)))

    def get(self, attribute: str) -> Drawn:
        """An attribute of everyone, in row order."""
        if attribute == "locale":
            return Drawn(self.which, words=self.people.tables["locales"])
        if attribute not in self.known:
            there = [(p, r) for p, r in self.parts if len(p)] or self.parts[:1]
            self.known[attribute] = scattered([(p, r.get(attribute)) for p, r in there], self.block.rows)
        return self.known[attribute]


class Residents:
    """The people of one locale in a block: attributes are drawn when they are asked for, once."""

    def __init__(self, people: People, locale: Locale, block: Block, told: dict[str, Drawn]) -> None:
        self.people, self.locale, self.block, self.told = people, locale, block, told
        self.made: dict[str, Any] = {}

    def get(self, attribute: str) -> Any:
        """An attribute as a Drawn, or one of the hidden draws behind it."""
        if attribute not in self.made:
            made = _DRAWN[attribute](self)
            self.made[attribute] = mixed(self.told[attribute], made) if attribute in self.told else made
        return self.made[attribute]

    def rng(self, name: str) -> np.random.Generator:
        return self.block.rng(f"{self.people.name}\0{name}")

    @property
    def rows(self) -> int:
        return self.block.rows

    def genders(self) -> np.ndarray:
        """0 for women, 1 for men."""
        drawn = (self.rng("gender").random(self.rows) >= self.people.female).astype(np.int8)
        if "gender" not in self.told:
            return drawn
        given = self.told["gender"]
        found = np.asarray(pc.index_in(given.texts(), value_set=self.people.tables["labels"]).fill_null(0))
        return np.where(True if given.valid is None else given.valid, found, drawn)

    def numbered(self, attribute: str, capacity: int) -> np.ndarray:
        """(rows,) uint64 below capacity for a number: at random, or counted off when it must not repeat."""
        if attribute in self.people.unique:
            return shuffle(self.block.seed, f"{self.people.name}\0{attribute}", capacity)(self.block.index)
        return self.rng(attribute).integers(0, capacity, self.rows, dtype=np.uint64)

    def layout(self, pattern: str) -> Drawn:
        """A pattern of attributes, as in "{street} {number}"."""
        pieces: list[Any] = []
        for literal, field in _fields(pattern):
            pieces += [literal] if literal else []
            if field:
                found = self.get(field)
                pieces += found if isinstance(found, list) else [found]
        return Drawn(join(pieces))

    def place(self, name: str) -> Any:
        """City, province, region or code of everyone's place; drawn by itself where no place tells it."""
        places = self.locale.places
        if name in places.columns:
            return Drawn(self.get("place"), words=places.columns[name])
        loose = places.loose[name]
        found = loose.draw(self.rng(name), self.rows)
        return found if isinstance(found, Drawn) else found[0] if len(found) == 1 else Drawn(join(found))


def _fields(pattern: str) -> list[tuple[str, str]]:
    """(literal, attribute) pairs of a pattern."""
    found = []
    for piece in pattern.split("{"):
        field, _, literal = piece.partition("}") if "}" in piece else ("", "", piece)
        found += [("", field)] if field else []
        found += [(literal, "")] if literal else []
    return found


def _birth(crowd: Residents) -> Drawn:
    first, last = crowd.people.births
    days = int((last - first).astype(np.int64)) + 1
    return Drawn(first + crowd.rng("birth_date").integers(0, days, crowd.rows).astype("timedelta64[D]"))


def _age(crowd: Residents) -> Drawn:
    first, _ = crowd.people.births
    if "birth_date" in crowd.told:
        return Drawn(completed_years(crowd.get("birth_date").data.astype("datetime64[D]"), crowd.people.today))
    return Drawn(crowd.people.age_of[(crowd.get("birth_date").data - first).astype(np.int64)])


def _user(crowd: Residents) -> list[Drawn]:
    """A user name in pieces, without its number."""
    locale = crowd.locale
    form = crowd.people.tables["forms"].draw(crowd.rng("form"), crowd.rows)
    first = crowd.get("first_code") + form * np.int32(len(locale.first.words))
    return [Drawn(first, words=crowd.people.forms[locale.code]), Drawn(crowd.get("last_code"), words=locale.last.slugs)]


def _user_number(crowd: Residents) -> Drawn:
    if not {"user_name", "email"} & crowd.people.unique:
        drawn: Drawn = crowd.people.tables["numbers"].draw(crowd.rng("user_number"), crowd.rows)
        return drawn
    return Drawn(_tiered(crowd.block.index, crowd.block.seed, crowd.people.name))


def _tiered(index: np.ndarray, seed: int, name: str) -> Any:
    """Numbers that never repeat, shorter for the first rows: four digits, then six, eight, ten."""
    parts, start = [], 0
    for tier, size in enumerate(TIERS):
        inside = (index >= np.uint64(start)) & (index < np.uint64(start + size))
        places = np.flatnonzero(inside)
        if len(places) or not tier:
            numbers = shuffle(seed, f"{name}\0user {tier}", size)(index[places] - np.uint64(start))
            digits = len(str(size)) - 1
            letters = np.empty((len(places), digits), dtype=np.uint8)
            spell(letters, 0, split(numbers, digits), digits)
            parts.append((places, Drawn(fixed(letters))))
        start += size
    return scattered(parts, len(index)).texts()


def _email(crowd: Residents) -> Drawn:
    domain = crowd.people.tables["domains"].draw(crowd.rng("domain"), crowd.rows)
    number = crowd.get("user_number")
    if number.words is None:
        return Drawn(join([*crowd.get("user"), number, domain]))
    # One look-up for both: every number stands with every domain in one table.
    tail = number.data * np.int32(len(domain.words)) + domain.data
    return Drawn(join([*crowd.get("user"), Drawn(tail, words=crowd.people.tables["tails"])]))


def _postcode(crowd: Residents) -> list[Drawn]:
    """In pieces: the place's beginning and its endings."""
    places = crowd.locale.places
    if "postcode" not in places.columns:
        pieces: list[Drawn] = places.loose["postcode"].draw(crowd.rng("postcode"), crowd.rows)
        return pieces
    rng = crowd.rng("postcode")
    return [
        Drawn(crowd.get("place"), words=places.columns["postcode"]),
        *(ending.draw(rng, crowd.rows) for ending in places.endings),
    ]


def _id(crowd: Residents) -> Drawn:
    name = crowd.locale.facts.id
    if name in IDS:
        names: tuple[tuple[Any, np.ndarray], ...] = ()
        region = None
        if name == "curp":
            last, first = crowd.locale.last.words, crowd.locale.first.words
            names = ((last, crowd.get("last_code")), (last, crowd.get("second_code")), (first, crowd.get("first_code")))
            region = region_codes(crowd.locale.places.columns.get("code"), crowd.get("place"))
        serial = crowd.rng("id").integers(0, 2**62, crowd.rows)
        told = Person(crowd.get("birth_date").data, crowd.get("genders") == 1, serial, names, region)
        return Drawn(IDS[name](told))
    if name == "dni" and crowd.people.foreign:
        # A number counted off is below what either kind holds, so neither repeats.
        foreign = crowd.rng("foreign").random(crowd.rows) < crowd.people.foreign
        fewest = CODES["nie"].capacity
        numbers = crowd.numbered("id", fewest if "id" in crowd.people.unique else CODES["dni"].capacity)
        parts = [
            (places, Drawn(CODES[kind].spelled(numbers[places] % np.uint64(CODES[kind].capacity))))
            for kind, places in (("dni", np.flatnonzero(~foreign)), ("nie", np.flatnonzero(foreign)))
        ]
        return scattered(parts, crowd.rows)
    assert name is not None
    return Drawn(CODES[name].spelled(crowd.numbered("id", CODES[name].capacity)))


def _iban(crowd: Residents) -> Drawn:
    country = crowd.locale.facts.country
    return Drawn(iban_of(country, crowd.numbered("iban", iban_capacity(country))))


def _card(crowd: Residents) -> Drawn:
    made = cards(("visa", "mastercard"))
    return Drawn(made.spelled(crowd.numbered("card", made.capacity)))


def _place(crowd: Residents) -> np.ndarray:
    weights = crowd.locale.places.weights
    return np.zeros(crowd.rows, np.int32) if weights is None else weights.draw(crowd.rng("place"), crowd.rows)


def _constant(value: Callable[[Locale], str]) -> Callable[[Residents], Drawn]:
    return lambda crowd: Drawn(np.zeros(crowd.rows, np.int32), words=words([value(crowd.locale)]))


_DRAWN: dict[str, Callable[[Residents], Any]] = {
    "genders": Residents.genders,
    "gender": lambda crowd: Drawn(crowd.get("genders").astype(np.int32), words=crowd.people.tables["labels"]),
    "first_code": lambda crowd: crowd.locale.first.draw(crowd.rng("first_name"), crowd.get("genders")),
    "last_code": lambda crowd: crowd.locale.last.draw(crowd.rng("last_name"), crowd.get("genders")),
    "second_code": lambda crowd: crowd.locale.last.draw(crowd.rng("second_last_name"), crowd.get("genders")),
    "first": lambda crowd: Drawn(crowd.get("first_code"), words=crowd.locale.first.words),
    "last": lambda crowd: Drawn(crowd.get("last_code"), words=crowd.locale.last.words),
    "second": lambda crowd: Drawn(crowd.get("second_code"), words=crowd.locale.last.words),
    "first_name": lambda crowd: crowd.get("first"),
    "last_name": lambda crowd: crowd.get("last"),
    "second_last_name": lambda crowd: crowd.get("second"),
    "name": lambda crowd: crowd.layout(crowd.locale.facts.name_order),
    "birth_date": _birth,
    "age": _age,
    "user": _user,
    "user_number": _user_number,
    "user_name": lambda crowd: Drawn(join([*crowd.get("user"), crowd.get("user_number")])),
    "email": _email,
    "phone": lambda crowd: Drawn(join(crowd.locale.phones.draw(crowd.rng("phone"), crowd.rows))),
    "street": lambda crowd: Drawn(join(crowd.get("street_pieces"))),
    "street_pieces": lambda crowd: crowd.locale.streets.draw(crowd.rng("street"), crowd.rows),
    "number": lambda crowd: Drawn(join(crowd.get("number_pieces"))),
    "number_pieces": lambda crowd: crowd.locale.numbers.draw(crowd.rng("number"), crowd.rows),
    "street_address": lambda crowd: crowd.layout(_inner(crowd.locale.facts.street)),
    "address": lambda crowd: crowd.layout(
        _inner(crowd.locale.facts.address.replace("{street_address}", crowd.locale.facts.street))
    ),
    "place": _place,
    "city": lambda crowd: crowd.place("city"),
    "province": lambda crowd: crowd.place("province"),
    "region": lambda crowd: crowd.place("region"),
    "region_code": lambda crowd: crowd.place("code"),
    "postcode_pieces": _postcode,
    "postcode": lambda crowd: Drawn(join(crowd.get("postcode_pieces"))),
    "country": _constant(lambda locale: locale.facts.name),
    "country_code": _constant(lambda locale: locale.facts.country),
    "id": _id,
    "iban": _iban,
    "card": _card,
}


def _inner(pattern: str) -> str:
    """A pattern that asks for the pieces of its parts, so that all is joined once."""
    return (
        pattern.replace("{street}", "{street_pieces}")
        .replace("{postcode}", "{postcode_pieces}")
        .replace("{number}", "{number_pieces}")
    )

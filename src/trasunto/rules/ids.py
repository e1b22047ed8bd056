"""Identity numbers that tell something of the person: the day of birth, the gender, letters of the name.

Each function takes whole columns and gives an Arrow string array. birth: (n,) datetime64[D]. male: (n,) bool. serial:
(n,) int64 random numbers, used modulo what the number has room for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from trasunto.rules.codes import luhn
from trasunto.rules.locales import slug
from trasunto.rules.text import by_weight, fixed, spell, split, weigh
from trasunto.rules.values import take, words

_HETU = np.frombuffer(b"0123456789ABCDEFHJKLMNPRSTUVWXY", dtype=np.uint8)
_CURP = "0123456789ABCDEFGHIJKLMN\N{LATIN CAPITAL LETTER N WITH TILDE}OPQRSTUVWXYZ"
_CURP_WORTH = np.zeros(256, dtype=np.int64)
for _place, _letter in enumerate(_CURP):
    if _letter.isascii():
        _CURP_WORTH[ord(_letter)] = _place
# Beginnings that would spell a bad word get an X as second letter (a selection of the official list).
_RUDE = ("BUEI", "CACA", "CACO", "CAGA", "CAKA", "COGE", "COJE", "COJO", "CULO", "FETO", "GUEY", "JOTO", "KACA", "KACO",
         "KAGA", "KOGE", "KOJO", "KULO", "LOCA", "LOCO", "MAME", "MAMO", "MEAR", "MEON", "MIAR", "MION", "MOCO", "MULA",
         "PEDA", "PEDO", "PENE", "PUTA", "PUTO", "QULO", "RATA", "ROBA", "ROBE", "RUIN", "TETA", "VACA", "VAGA", "VAGO",
         "WUEI")  # fmt: skip
_PARTICLES = {"da", "das", "de", "del", "der", "di", "die", "el", "la", "las", "le", "les", "los", "mac", "mc", "van",
              "von", "y"}  # fmt: skip


@dataclass(frozen=True)
class Person:
    """What an identity number may ask of the people of a block."""

    birth: np.ndarray
    male: np.ndarray
    serial: np.ndarray
    names: tuple[tuple[Any, np.ndarray], ...] = ()
    region: Any = None

    @property
    def date(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(year, month, day), each (n,) int64."""
        months = self.birth.astype("datetime64[M]")
        month = months.astype(np.int64)
        return month // 12 + 1970, month % 12 + 1, (self.birth - months).astype(np.int64) + 1


def _digits(*parts: tuple[np.ndarray, int]) -> tuple[np.ndarray, np.ndarray, int]:
    """Numbers of some digits each, side by side: ((n, digits) letters, one number, digits in all)."""
    number, digits = np.zeros(len(parts[0][0]), dtype=np.uint64), 0
    for value, width in parts:
        number = number * np.uint64(10**width) + value.astype(np.uint64)
        digits += width
    letters = np.empty((len(number), digits), dtype=np.uint8)
    spell(letters, 0, split(number, digits), digits)
    return letters, number, digits


def pesel(person: Person) -> Any:
    """Polish PESEL: birth (month + 20 from 2000 on), serial whose last digit is odd for men, check digit."""
    year, month, day = person.date
    month = month + np.where(year >= 2000, 20, 0)
    serial = person.serial % 5000 * 2 + person.male
    letters, number, digits = _digits((year % 100, 2), (month, 2), (day, 2), (serial, 4))
    check = -weigh(split(number, digits), digits, by_weight([1, 3, 7, 9] * 2 + [1, 3])) % 10
    return fixed(np.column_stack([letters, (check + 48).astype(np.uint8)]))


def nir(person: Person) -> Any:
    """French NIR: 1 man or 2 woman, birth year and month, department, commune, order, key 97 - n modulo 97."""
    year, month, _ = person.date
    gender = np.where(person.male, 1, 2)
    department = person.serial % 95 + 1
    department = np.where(department == 20, 75, department)  # Corsica writes letters
    commune, order = person.serial // 95 % 899 + 1, person.serial // (95 * 899) % 999 + 1
    letters, number, _ = _digits((gender, 1), (year % 100, 2), (month, 2), (department, 2), (commune, 3), (order, 3))
    key = np.empty((len(number), 2), dtype=np.uint8)
    spell(key, 0, split(97 - number.astype(np.int64) % 97, 2), 2)
    return fixed(np.column_stack([letters, key]))


def personnummer(person: Person) -> Any:
    """Swedish personnummer YYMMDD-NNNC: the third serial digit is odd for men, C by Luhn; + from the age of 100 on."""
    year, month, day = person.date
    serial = person.serial % 495 * 2 + 10 + person.male
    letters, number, digits = _digits((year % 100, 2), (month, 2), (day, 2), (serial, 3))
    check = (luhn(split(number, digits), digits) + 48).astype(np.uint8)
    dash = np.full(len(number), ord("-"), dtype=np.uint8)
    return fixed(np.column_stack([letters[:, :6], dash, letters[:, 6:], check]))


def hetu(person: Person) -> Any:
    """Finnish personal identity code DDMMYY-NNNC: A instead of - from 2000 on, NNN odd for men, C modulo 31."""
    year, month, day = person.date
    serial = person.serial % 449 * 2 + 2 + person.male
    letters, number, _ = _digits((day, 2), (month, 2), (year % 100, 2), (serial, 3))
    sign = np.where(year >= 2000, ord("A"), ord("-")).astype(np.uint8)
    check = _HETU[(number % np.uint64(31)).astype(np.int64)]
    return fixed(np.column_stack([letters[:, :6], sign, letters[:, 6:], check]))


def cuil(person: Person) -> Any:
    """Argentine CUIL 20-12345678-6: 20 man or 27 woman, 23 where the check digit modulo 11 would be 10."""
    number = person.serial % 50_000_000 + 5_000_000
    prefix = np.where(person.male, 20, 27)
    weights = by_weight([5, 4, 3, 2, 7, 6, 5, 4, 3, 2])

    def rest(head: np.ndarray) -> np.ndarray:
        whole = head.astype(np.uint64) * np.uint64(10**8) + number.astype(np.uint64)
        return np.asarray((11 - weigh(split(whole, 10), 10, weights) % 11) % 11)

    check = rest(prefix)
    prefix = np.where(check == 10, 23, prefix)
    check = np.where(prefix == 23, rest(prefix), check)
    letters, _, _ = _digits((prefix, 2), (number, 8))
    dash = np.full(len(number), ord("-"), dtype=np.uint8)
    return fixed(np.column_stack([letters[:, :2], dash, letters[:, 2:], dash, (check + 48).astype(np.uint8)]))


def curp(person: Person) -> Any:
    """Mexican CURP: letters of the names, birth, gender, state, inner consonants, a sign and a check digit.

    names: the words and places of the first surname, the second and the given name. region: Arrow words of two-letter
    state codes, by row.
    """
    year, month, day = person.date
    (last, second, first) = (
        (_letters_of(tuple(words_of.to_pylist()), given), places)
        for (words_of, places), given in zip(person.names, (False, False, True), strict=True)
    )
    head = np.column_stack([last[0][0][last[1]], last[0][1][last[1]], second[0][0][second[1]], first[0][0][first[1]]])
    bad = np.isin(np.ascontiguousarray(head).view("S4").ravel(), [word.encode() for word in _RUDE])
    head[bad, 1] = ord("X")
    date, _, _ = _digits((year % 100, 2), (month, 2), (day, 2))
    gender = np.where(person.male, ord("H"), ord("M")).astype(np.uint8)
    state = np.frombuffer("".join(person.region.to_pylist()).encode(), dtype=np.uint8).reshape(-1, 2)
    inner = np.column_stack([part[2][places] for part, places in (last, second, first)])
    sign = np.where(year >= 2000, person.serial % 26 + ord("A"), person.serial % 10 + ord("0")).astype(np.uint8)
    letters = np.column_stack([head, date, gender, state, inner, sign])
    return fixed(np.column_stack([letters, curp_check(letters)]))


def curp_check(letters: np.ndarray) -> np.ndarray:
    """(n,) uint8 the check digit of (n, 17) letters of a CURP."""
    total = (_CURP_WORTH[letters] * np.arange(18, 1, -1)).sum(axis=1)
    return (-total % 10 + ord("0")).astype(np.uint8)


def _telling(name: str, given: bool) -> str:
    """The word of a name that a CURP looks at, in letters a-z: not "de la", not the José of José Luis; Ñ is an X."""
    parts = [slug(part.lower().replace("ñ", "x")) for part in name.split()]
    parts = [part for part in parts if part not in _PARTICLES] or parts
    if given and len(parts) > 1 and parts[0] in ("maria", "ma", "m", "jose", "j"):
        parts = parts[1:]
    return parts[0]


@lru_cache(maxsize=8)
def _letters_of(names: tuple[str, ...], given: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each name its first letter, its first inner vowel and its first inner consonant, X where there is none."""
    slugs = [_telling(name, given) for name in names]

    def inner(word: str, among: Callable[[str], bool]) -> int:
        return ord(next((letter for letter in word[1:] if among(letter)), "x").upper())

    first = [ord(word[:1].upper() or "X") for word in slugs]
    vowels = [inner(word, lambda letter: letter in "aeiou") for word in slugs]
    consonants = [inner(word, lambda letter: letter not in "aeiou") for word in slugs]
    return np.array(first, np.uint8), np.array(vowels, np.uint8), np.array(consonants, np.uint8)


IDS: dict[str, Callable[[Person], Any]] = {
    "pesel": pesel,
    "nir": nir,
    "personnummer": personnummer,
    "hetu": hetu,
    "cuil": cuil,
    "curp": curp,
}


def region_codes(codes: Any, places: np.ndarray) -> Any:
    """The code of each row's region, or NE (born abroad) where there is none."""
    return words(["NE"] * len(places)) if codes is None else take(codes, places)

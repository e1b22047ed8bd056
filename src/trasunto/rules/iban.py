"""International bank account numbers (ISO 13616), their check digits by ISO 7064 modulo 97-10.

Behind the country and two check digits stands what the country orders. Where it has check digits of its own and we know
their rule (Spain, France, Monaco, Italy, San Marino, Portugal, Belgium, Finland, Slovenia, North Macedonia, Poland),
these hold as well; elsewhere those places are plain digits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from trasunto.rules.text import LETTERS, by_weight, fixed, spell, split, weigh

MOST = 10**18


@dataclass(frozen=True)
class Run:
    """Digits next to each other: their number, cut into chunks."""

    number: np.ndarray
    cut: list[np.ndarray]
    digits: int


def _modulo_11(total: np.ndarray) -> np.ndarray:
    rest = 11 - total % 11
    return np.where(rest == 11, 0, np.where(rest == 10, 1, rest))


def _spain(runs: list[Run]) -> np.ndarray:
    bank, account = runs
    first = _modulo_11(weigh(bank.cut, 8, by_weight([4, 8, 5, 10, 9, 7, 3, 6])))
    return first * 10 + _modulo_11(weigh(account.cut, 10, by_weight([1, 2, 4, 8, 5, 10, 9, 7, 3, 6])))


def _france(runs: list[Run]) -> np.ndarray:
    bank, branch, account = (run.number.astype(np.int64) for run in runs)
    return 97 - (89 * bank + 15 * branch + 3 * account) % 97


def _italy(runs: list[Run]) -> np.ndarray:
    odd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21]
    total, place = np.zeros(len(runs[0].number), dtype=np.int64), 1
    for run in runs:
        worth = [odd if (place + i) % 2 else list(range(10)) for i in range(run.digits)]
        total += weigh(run.cut, run.digits, worth)
        place += run.digits
    return total % 26


def _belgium(runs: list[Run]) -> np.ndarray:
    rest = runs[0].number.astype(np.int64) % 97
    return np.where(rest == 0, 97, rest)


def _modulo_97(runs: list[Run]) -> np.ndarray:
    total, power = np.zeros(len(runs[0].number), dtype=np.int64), 2
    for run in reversed(runs):
        total += weigh(run.cut, run.digits, _remainders(run.digits, power))
        power += run.digits
    return 98 - total % 97


def _finland(runs: list[Run]) -> np.ndarray:
    doubled = [2 * digit // 10 + 2 * digit % 10 for digit in range(10)]
    worth = [doubled if place % 2 == 0 else list(range(10)) for place in range(13)]
    return -weigh(runs[0].cut, 13, worth) % 10


def _poland(runs: list[Run]) -> np.ndarray:
    return -weigh(runs[0].cut, 7, by_weight([3, 9, 7, 1, 3, 9, 7])) % 10


# Country → (parts, rule of its own check digits). A part: digits (n), digits of its own check (x), its check letter
# (y), random letters (a), or letters as they stand.
COUNTRIES: dict[str, tuple[str, Callable[[list[Run]], np.ndarray] | None]] = {
    "AD": ("n12 n8", None), "AE": ("n3 n16", None), "AT": ("n16", None), "AZ": ("a4 n10 n10", None),
    "BE": ("n10 x2", _belgium), "BG": ("a4 n14", None), "CH": ("n17", None), "CY": ("n8 n16", None),
    "CZ": ("n4 n16", None), "DE": ("n18", None), "DK": ("n14", None), "EE": ("n16", None),
    "ES": ("n8 x2 n10", _spain), "FI": ("n13 x1", _finland), "FR": ("n5 n5 n11 x2", _france),
    "GB": ("a4 n14", None), "GE": ("a2 n16", None), "GR": ("n7 n16", None), "HR": ("n17", None),
    "HU": ("n12 n12", None), "IE": ("a4 n14", None), "IL": ("n6 n13", None), "IS": ("n4 n18", None),
    "IT": ("y1 n10 n12", _italy), "LI": ("n17", None), "LT": ("n16", None), "LU": ("n16", None),
    "LV": ("a4 n13", None), "MC": ("n5 n5 n11 x2", _france), "MK": ("n13 x2", _modulo_97), "NL": ("a4 n10", None),
    "NO": ("n11", None), "PL": ("n7 x1 n16", _poland), "PT": ("n8 n11 x2", _modulo_97), "RO": ("a4 n16", None),
    "SA": ("n2 n18", None), "SE": ("n3 n17", None), "SI": ("n13 x2", _modulo_97), "SK": ("n4 n16", None),
    "SM": ("y1 n10 n12", _italy), "TR": ("n5 0 n16", None), "UA": ("n6 n19", None),
}  # fmt: skip


@dataclass(frozen=True)
class _Part:
    kind: str
    size: int
    at: int
    power: int
    text: str


@lru_cache(maxsize=64)
def _parts(country: str) -> tuple[tuple[_Part, ...], int]:
    """(the parts with their place from the left and the power of ten of their last digit, letters in all)."""
    raw = [(each[0], int(each[1:]), "") if each[0] in "nxya" else ("", len(each), each) for each in _raw(country)]
    parts: list[_Part] = []
    # Behind the country's own part come the two letters of the country, two digits each, and two zeros.
    power, at = 6, 4 + sum(size for _, size, _ in raw)
    total = at
    for kind, size, text in reversed(raw):
        at -= size
        parts.append(_Part(kind, size, at, power, text))
        power += size * (2 if kind in "ya" and kind else 1)
    return tuple(reversed(parts)), total


def _raw(country: str) -> list[str]:
    parts: list[str] = []
    for each in COUNTRIES[country][0].split():
        # A number of more than 18 digits does not fit into 63 bits.
        big = each[0] == "n" and int(each[1:]) > 18
        parts += [f"n{int(each[1:]) - 18}", "n18"] if big else [each]
    return parts


@lru_cache(maxsize=512)
def _remainders(digits: int, power: int) -> tuple[tuple[int, ...], ...]:
    """What each digit is worth modulo 97; the last stands for 10**power."""
    tens = [pow(10, power + digits - 1 - place, 97) for place in range(digits)]
    return tuple(tuple(digit * ten % 97 for digit in range(10)) for ten in tens)


def iban_capacity(country: str) -> int:
    """How many different IBANs of a country `iban_of` can spell, at most 10**18."""
    left = MOST
    size = 1
    for part in reversed(_parts(country)[0]):
        for each in [10**part.size] if part.kind == "n" else [26] * part.size if part.kind == "a" else []:
            if left >= each:
                left, size = left // each, size * each
    return size


def iban_of(country: str, numbers: np.ndarray) -> Any:
    """IBANs without spaces as an Arrow string array.

    numbers: (n,) uint64 below `iban_capacity`: the country's digits and letters, from the last to the first; what does
    not fit into 18 digits is scattered from them.
    """
    parts, total = _parts(country)
    letters = np.empty((len(numbers), total), dtype=np.uint8)
    letters[:, :4] = np.frombuffer(f"{country}00".encode(), dtype=np.uint8)
    rest, left, runs = numbers.astype(np.uint64), MOST, []
    remainder = np.full(len(numbers), _of_country(country), dtype=np.int64)
    for part in reversed(parts):
        if part.kind == "n":
            number, rest, left = _taken(numbers, rest, left, 10**part.size, part.at)
            cut = split(number, part.size)
            runs.append(Run(number, cut, part.size))
            spell(letters, part.at, cut, part.size)
            remainder += weigh(cut, part.size, _remainders(part.size, part.power))
        elif part.kind == "a":
            for place in reversed(range(part.size)):
                number, rest, left = _taken(numbers, rest, left, 26, part.at + place)
                remainder += _letter(letters, part, place, number.astype(np.int64))
        elif not part.kind:
            letters[:, part.at : part.at + part.size] = np.frombuffer(part.text.encode(), dtype=np.uint8)
            remainder += int(part.text) * 10**part.power % 97
    own = COUNTRIES[country][1]
    if own is not None:
        remainder += _own_check(letters, parts, own(runs[::-1]))
    check = 98 - remainder % 97
    spell(letters, 2, [check], 2)
    return fixed(letters)


def _own_check(letters: np.ndarray, parts: tuple[_Part, ...], check: np.ndarray) -> Any:
    part = next(part for part in parts if part.kind in "xy" and part.kind)
    if part.kind == "y":
        return _letter(letters, part, 0, check)
    spell(letters, part.at, [check], part.size)
    return check * pow(10, part.power, 97)


def _letter(letters: np.ndarray, part: _Part, place: int, number: np.ndarray) -> np.ndarray:
    """Write a letter and give what it is worth modulo 97: A is 10, Z is 35."""
    letters[:, part.at + place] = np.frombuffer(LETTERS.encode(), dtype=np.uint8)[number]
    return (number + 10) * pow(10, part.power + 2 * (part.size - 1 - place), 97)


def _of_country(country: str) -> int:
    """What the country and its two zeros are worth at the end: modulo 97."""
    digits = "".join(str(LETTERS.index(letter) + 10) for letter in country)
    return int(digits) * 100 % 97


def _taken(
    numbers: np.ndarray, rest: np.ndarray, left: int, size: int, salt: int
) -> tuple[np.ndarray, np.ndarray, int]:
    """(the next part below `size`, what remains, how much remains); scattered from the numbers when too little does."""
    if left < size:
        # SplitMix64's finaliser (Steele, Lea and Flood 2014): the same account for the same number.
        mixed = numbers + np.uint64((salt + 1) * 0x9E3779B97F4A7C15 % 2**64)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return (mixed ^ (mixed >> np.uint64(31))) % np.uint64(size), rest, left
    above = rest // np.uint64(size)
    return rest - above * np.uint64(size), above, left // size

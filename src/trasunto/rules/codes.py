"""Identity and card numbers whose check digits hold, spelled from whole columns of plain numbers.

Each code is a count of possible values and a function from (n,) uint64 numbers below it to n texts, different for
different numbers: so a code can be drawn at random or counted off without repeats by the same function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trasunto.data.schema import Column
from trasunto.errors import near
from trasunto.rules.iban import COUNTRIES, iban_capacity, iban_of
from trasunto.rules.rule import Block, Rule, Spec
from trasunto.rules.text import by_weight, fixed, ragged, spell, split, weigh
from trasunto.rules.values import Drawn

DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_LUHN = [[d, (2 * d) % 10 + 2 * d // 10] for d in range(10)]
_SINGLE = list(range(10))
_DOUBLED = [pair[1] for pair in _LUHN]
# Dihedral group and permutation of Verhoeff (1969), "Error detecting decimal codes".
_DIHEDRAL = np.array(
    [[(a + b) % 5 if b < 5 else 5 + (a + b) % 5 for b in range(10)] for a in range(5)]
    + [[5 + (a - b) % 5 if b < 5 else (a - b) % 5 for b in range(10)] for a in range(5, 10)],
    dtype=np.uint8,
)
_PERMUTED = [list(range(10)), [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]]
while len(_PERMUTED) < 8:
    _PERMUTED.append([_PERMUTED[1][place] for place in _PERMUTED[-1]])
CARDS = {
    "visa": [(f"4{digit}", 16) for digit in range(10)],
    "mastercard": [(f"5{digit}", 16) for digit in range(1, 6)],
    "amex": [("34", 15), ("37", 15)],
    "discover": [("65", 16)],
}


def _blank(rows: int, template: str) -> np.ndarray:
    """(rows, width) uint8 with a template's letters in every row."""
    return np.repeat(np.frombuffer(template.encode(), dtype=np.uint8)[None, :], rows, axis=0)


def _digit(values: np.ndarray) -> np.ndarray:
    return (values + ord("0")).astype(np.uint8)


def _letters(alphabet: str) -> np.ndarray:
    return np.frombuffer(alphabet.encode(), dtype=np.uint8)


def dni(numbers: np.ndarray) -> Any:
    """Spanish DNI: 8 digits and a letter, the number modulo 23 (Real Decreto 1553/2005)."""
    letters = np.empty((len(numbers), 9), dtype=np.uint8)
    spell(letters, 0, split(numbers, 8), 8)
    letters[:, 8] = _letters(DNI_LETTERS)[(numbers % np.uint64(23)).astype(np.int64)]
    return fixed(letters)


def nie(numbers: np.ndarray) -> Any:
    """Spanish NIE: X, Y or Z (0, 1, 2), 7 digits and the letter of a DNI."""
    letters = np.empty((len(numbers), 9), dtype=np.uint8)
    spell(letters, 0, split(numbers, 8), 8)
    letters[:, 0] += ord("X") - ord("0")
    letters[:, 8] = _letters(DNI_LETTERS)[(numbers % np.uint64(23)).astype(np.int64)]
    return fixed(letters)


def _skipping(numbers: np.ndarray, weights: list[int], bad: int) -> tuple[np.ndarray, np.ndarray]:
    """(chunks of a prefix, last digit) so that the weighted sum modulo 11 is never `bad`; the last weight is 2.

    Nine last digits remain for every prefix: the number's remainder picks one.
    """
    prefix = numbers // np.uint64(9)
    pick = (numbers - prefix * np.uint64(9)).astype(np.int64)
    total = weigh(split(prefix, len(weights)), len(weights), by_weight(weights))
    shunned = (bad - total) * 6 % 11  # 6 is the inverse of 2 modulo 11
    last = pick + (pick >= shunned)
    return prefix * np.uint64(10) + last.astype(np.uint64), (total + 2 * last) % 11


def nhs(numbers: np.ndarray) -> Any:
    """NHS number of England and Wales: 9 digits and a check digit modulo 11, as "943 476 5919"."""
    whole, rest = _skipping(numbers, [10, 9, 8, 7, 6, 5, 4, 3], 1)
    letters = _blank(len(numbers), "000 000 0000")
    cut = split(whole, 9)
    digits = np.empty((len(numbers), 9), dtype=np.uint8)
    spell(digits, 0, cut, 9)
    letters[:, 0:3], letters[:, 4:7], letters[:, 8:10] = digits[:, 0:3], digits[:, 3:6], digits[:, 6:8]
    letters[:, 10] = digits[:, 8]
    letters[:, 11] = _digit((11 - rest) % 11)
    return fixed(letters)


def bsn(numbers: np.ndarray) -> Any:
    """Dutch BSN: 9 digits that pass the eleven test."""
    whole, rest = _skipping(numbers, [9, 8, 7, 6, 5, 4, 3], 10)
    letters = np.empty((len(numbers), 9), dtype=np.uint8)
    spell(letters, 0, split(whole, 8), 8)
    letters[:, 8] = _digit(rest)
    return fixed(letters)


def ssn(numbers: np.ndarray) -> Any:
    """Like a Social Security number of the United States: no area 000, 666 or 9xx, no group 00, no serial 0000."""
    serial = numbers % np.uint64(9999) + np.uint64(1)
    rest = numbers // np.uint64(9999)
    group = rest % np.uint64(99) + np.uint64(1)
    area = rest // np.uint64(99) + np.uint64(1)
    area += (area >= np.uint64(666)).astype(np.uint64)
    letters = _blank(len(numbers), "000-00-0000")
    for at, value, digits in ((0, area, 3), (4, group, 2), (7, serial, 4)):
        spell(letters, at, split(value, digits), digits)
    return fixed(letters)


def cpf(numbers: np.ndarray) -> Any:
    """Brazilian CPF: 9 digits and two check digits modulo 11, as "529.982.247-25"."""
    cut = split(numbers, 9)
    first = weigh(cut, 9, by_weight(range(10, 1, -1))) * 10 % 11 % 10
    second = (weigh(cut, 9, by_weight(range(11, 2, -1))) + 2 * first) * 10 % 11 % 10
    digits = np.empty((len(numbers), 9), dtype=np.uint8)
    spell(digits, 0, cut, 9)
    letters = _blank(len(numbers), "000.000.000-00")
    letters[:, 0:3], letters[:, 4:7], letters[:, 8:11] = digits[:, 0:3], digits[:, 3:6], digits[:, 6:9]
    letters[:, 12], letters[:, 13] = _digit(first), _digit(second)
    return fixed(letters)


def nif(numbers: np.ndarray) -> Any:
    """Portuguese NIF of a person: first digit 1 to 3, check digit modulo 11."""
    whole = numbers + np.uint64(10**7)
    cut = split(whole, 8)
    rest = 11 - weigh(cut, 8, by_weight(range(9, 1, -1))) % 11
    letters = np.empty((len(numbers), 9), dtype=np.uint8)
    spell(letters, 0, cut, 8)
    letters[:, 8] = _digit(np.where(rest >= 10, 0, rest))
    return fixed(letters)


def rut(numbers: np.ndarray) -> Any:
    """Chilean RUT from 10,000,000 on, check modulo 11 with K for 10, as "12.345.678-5"."""
    cut = split(numbers + np.uint64(10**7), 8)
    rest = weigh(cut, 8, by_weight([3, 2, 7, 6, 5, 4, 3, 2])) % 11
    digits = np.empty((len(numbers), 8), dtype=np.uint8)
    spell(digits, 0, cut, 8)
    letters = _blank(len(numbers), "00.000.000-0")
    letters[:, 0:2], letters[:, 3:6], letters[:, 7:10] = digits[:, 0:2], digits[:, 2:5], digits[:, 5:8]
    letters[:, 11] = _letters("0K987654321")[rest]
    return fixed(letters)


def clabe(numbers: np.ndarray) -> Any:
    """Mexican CLABE: bank, place and account (17 digits) and a check digit with weights 3, 7, 1."""
    cut = split(numbers, 17)
    worth = [[digit * weight % 10 for digit in range(10)] for weight in ([3, 7, 1] * 6)[:17]]
    letters = np.empty((len(numbers), 18), dtype=np.uint8)
    spell(letters, 0, cut, 17)
    letters[:, 17] = _digit(-weigh(cut, 17, worth) % 10)
    return fixed(letters)


def aadhaar(numbers: np.ndarray) -> Any:
    """Indian Aadhaar: 11 digits from 2 on and Verhoeff's check digit, as "2345 6789 0124"."""
    digits = np.empty((len(numbers), 11), dtype=np.uint8)
    spell(digits, 0, split(numbers + np.uint64(2 * 10**10), 11), 11)
    check = np.zeros(len(numbers), dtype=np.uint8)
    permuted = np.array(_PERMUTED, dtype=np.uint8)
    for place in range(11):
        check = _DIHEDRAL[check, permuted[(place + 1) % 8][digits[:, 10 - place] - ord("0")]]
    inverse = np.array([0, 4, 3, 2, 1, 5, 6, 7, 8, 9], dtype=np.uint8)
    letters = _blank(len(numbers), "0000 0000 0000")
    letters[:, 0:4], letters[:, 5:9], letters[:, 10:13] = digits[:, 0:4], digits[:, 4:8], digits[:, 8:11]
    letters[:, 13] = inverse[check] + ord("0")
    return fixed(letters)


def luhn(cut: list[np.ndarray], digits: int) -> np.ndarray:
    """(n,) the check digit behind `digits` digits (ISO/IEC 7812-1, annex B)."""
    worth = [_DOUBLED if (digits - place) % 2 else _SINGLE for place in range(digits)]
    return np.asarray(-weigh(cut, digits, worth) % 10)


def cards(networks: tuple[str, ...]) -> Code:
    """Payment cards of some networks (names of CARDS), with the check digit of Luhn."""
    prefixes = [prefix for network in networks for prefix in CARDS[network]]
    shortest = min(length for _, length in prefixes)

    def spelled(numbers: np.ndarray) -> Any:
        which = (numbers % np.uint64(len(prefixes))).astype(np.int64)
        rest = numbers // np.uint64(len(prefixes))
        heads = np.array([int(prefix) for prefix, _ in prefixes], dtype=np.uint64)[which]
        letters = np.zeros((len(numbers), 16), dtype=np.uint8)
        for length in {length for _, length in prefixes}:
            mine = np.flatnonzero(np.array([each == length for _, each in prefixes])[which])
            behind = np.uint64(10 ** (length - 3))
            cut = split(heads[mine] * behind + rest[mine] % behind, length - 1)
            own = np.zeros((len(mine), 16), dtype=np.uint8)
            spell(own, 0, cut, length - 1)
            own[:, length - 1] = _digit(luhn(cut, length - 1))
            letters[mine] = own
        return fixed(letters) if shortest == 16 else ragged(letters)

    return Code(len(prefixes) * 10 ** (shortest - 3), spelled)


@dataclass(frozen=True)
class Code:
    """How many values there are, and how (n,) uint64 numbers below that are spelled."""

    capacity: int
    spelled: Callable[[np.ndarray], Any]


CODES: dict[str, Code] = {
    "dni": Code(10**8, dni),
    "nie": Code(3 * 10**7, nie),
    "nhs": Code(9 * 10**8, nhs),
    "bsn": Code(9 * 10**7, bsn),
    "ssn": Code(898 * 99 * 9999, ssn),
    "cpf": Code(10**9, cpf),
    "nif": Code(3 * 10**7, nif),
    "rut": Code(18 * 10**6, rut),
    "clabe": Code(10**17, clabe),
    "aadhaar": Code(8 * 10**10, aadhaar),
}


@dataclass(frozen=True)
class Coded:
    """A column of a code."""

    code: Code
    needs: tuple[str, ...] = ()

    @property
    def capacity(self) -> int | None:
        return self.code.capacity

    def column(self, name: str) -> Column:
        return Column(name, "id", nullable=False, role="identifier", declared=True)

    def draw(self, block: Block, name: str) -> Drawn:
        return self.nth(block.rng(name).integers(0, self.code.capacity, block.rows, dtype=np.uint64), block, name)

    def nth(self, index: np.ndarray, block: Block, name: str) -> Drawn:
        return Drawn(self.code.spelled(index))


def code(spec: Spec) -> Rule:
    """`code: dni` (or another of CODES), `code: iban` with `country`, `code: card` with `networks`."""
    known = [*CODES, "iban", "card"]
    if spec.value == "iban":
        country = str(spec.option("country", "ES")).upper()
        if country not in COUNTRIES:
            raise spec.wrong(f"there is no IBAN of {country!r}.", near(country, COUNTRIES))
        return Coded(Code(iban_capacity(country), lambda numbers: iban_of(country, numbers)))
    if spec.value == "card":
        networks = spec.option("networks", ["visa", "mastercard"])
        wanted = tuple([networks] if isinstance(networks, str) else networks)
        for each in wanted:
            if each not in CARDS:
                raise spec.wrong(f"there is no card network {each!r}.", near(str(each), CARDS))
        if not wanted:
            raise spec.wrong("networks is empty.", f"There are: {', '.join(CARDS)}.")
        return Coded(cards(wanted))
    if spec.value not in CODES:
        raise spec.wrong(f"there is no code {spec.value!r}.", near(str(spec.value), known))
    return Coded(CODES[spec.value])

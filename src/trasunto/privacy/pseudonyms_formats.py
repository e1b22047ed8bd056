"""Pseudonyms that look like what they stand for: the marks and the shape stay, check digits hold again.

Each form is a function of the value as written and a stream of keyed choices, and gives text of the same shape.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field

_DNI = "TRWAGMYFPDXBNJZSQVHLCKE"
_CIF = "JABCDEFGHI"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass
class Digits:
    """Choices drawn one after the other from a keyed digest; another block is derived when one is used up."""

    secret: bytes = field(repr=False)
    block: bytes = field(repr=False)
    left: int = 0
    size: int = 1

    def __post_init__(self) -> None:
        self.left, self.size = int.from_bytes(self.block, "big"), 1 << 256

    def below(self, limit: int) -> int:
        """A number from 0 to limit - 1; uneven by less than 2**-64."""
        if self.size < limit << 64:
            self.block = hmac.digest(self.secret, b"next" + self.block, "sha256")
            self.left, self.size = int.from_bytes(self.block, "big"), 1 << 256
        self.left, drawn = divmod(self.left, limit)
        self.size //= limit
        return drawn

    def text(self, count: int, letters: str = "0123456789") -> str:
        return "".join(letters[self.below(len(letters))] for _ in range(count))


def filled(shape: str, letters: str) -> str:
    """The letters and digits of `shape` replaced one by one; marks stay, and so do small letters."""
    rest = iter(letters)
    return "".join(_cased(next(rest, each), each) if each.isalnum() else each for each in shape)


def same(value: str, draw: Digits) -> str:
    """Digits for digits, letters for letters; a number does not begin with 0 unless it did."""
    made: list[str] = []
    for place, each in enumerate(value):
        if each.isdigit():
            first = each != "0" and (place == 0 or not value[place - 1].isdigit())
            made.append(str(1 + draw.below(9)) if first else str(draw.below(10)))
        elif each.isalpha():
            made.append(_cased(_LETTERS[draw.below(26)], each))
        else:
            made.append(each)
    return "".join(made)


def dni(value: str, draw: Digits) -> str:
    """Eight digits and their letter."""
    number = 1_000_000 + draw.below(99_000_000)
    return filled(value, f"{number:08d}{_DNI[number % 23]}")


def nie(value: str, draw: Digits) -> str:
    """X, Y or Z, seven digits and their letter."""
    first, number = draw.below(3), draw.below(10_000_000)
    return filled(value, f"{'XYZ'[first]}{number:07d}{_DNI[(first * 10_000_000 + number) % 23]}")


def cif(value: str, draw: Digits) -> str:
    """The kind of entity, seven digits and their check."""
    bare = re.sub(r"\W", "", value).upper()
    digits = draw.text(7)
    doubled = sum(sum(divmod(2 * int(each), 10)) for each in digits[::2])
    check = -(doubled + sum(map(int, digits[1::2]))) % 10
    return filled(value, f"{bare[:1]}{digits}{_CIF[check] if bare[-1:].isalpha() else check}")


def nss(value: str, draw: Digits) -> str:
    """Province, eight digits and the whole modulo 97."""
    province, serial = 1 + draw.below(52), 10_000_000 + draw.below(90_000_000)
    return filled(value, f"{province:02d}{serial:08d}{int(f'{province}{serial:08d}') % 97:02d}")


def ssn(value: str, draw: Digits) -> str:
    """Area (not 000, 666 or from 900 on), group and serial (not 0)."""
    area = 1 + draw.below(898)
    return filled(value, f"{area + (area >= 666):03d}{1 + draw.below(99):02d}{1 + draw.below(9999):04d}")


def nhs(value: str, draw: Digits) -> str:
    """Nine digits and their check modulo 11."""
    while True:
        digits = f"{4 + 3 * draw.below(2)}{draw.text(8)}"
        check = -sum(weight * int(each) for weight, each in zip(range(10, 1, -1), digits, strict=True)) % 11
        if check < 10:
            return filled(value, f"{digits}{check}")


def card(value: str, draw: Digits) -> str:
    """The issuer's first digit or two, and Luhn's digit at the end."""
    bare = re.sub(r"\D", "", value)
    kept = bare[:1] if bare[:1] == "4" else bare[:2]
    body = kept + draw.text(max(0, len(bare) - 1 - len(kept)))
    total = sum(sum(divmod(2 * int(each), 10)) for each in body[::-2]) + sum(int(each) for each in body[-2::-2])
    return filled(value, f"{body}{-total % 10}")


def iban(value: str, draw: Digits) -> str:
    """The country, and check digits that hold; in Spain those of the account as well."""
    bare = re.sub(r"\W", "", value).upper()
    country = bare[:2]
    if country == "ES":
        bank, account = draw.text(8), draw.text(10)
        checks = (_modulo_11(bank, (4, 8, 5, 10, 9, 7, 3, 6)), _modulo_11(account, (1, 2, 4, 8, 5, 10, 9, 7, 3, 6)))
        body = f"{bank}{checks[0]}{checks[1]}{account}"
    else:
        body = same(bare[4:], draw)
    number = "".join(str(int(each, 36)) for each in f"{body}{country}00")
    return filled(value, f"{country}{98 - int(number) % 97:02d}{body}")


def ccc(value: str, draw: Digits) -> str:
    """A Spanish account: bank, office, two check digits, account."""
    return filled(value, iban("ES00" + "0" * 20, draw)[4:])


def phone(value: str, draw: Digits) -> str:
    """The country code and the first digit behind it stay (a mobile stays one); the rest is new."""
    start = re.match(r"\s*(?:(?:\+|00)\d{1,2}\W*)?\(?\d{1,2}", value)
    kept = start.end() if start and len(re.sub(r"\D", "", value)) > 6 else 0
    return value[:kept] + "".join(str(draw.below(10)) if each.isdigit() else each for each in value[kept:])


def email(value: str, draw: Digits) -> str:
    """Twelve letters at example.org: no such address can receive anything (RFC 2606)."""
    return f"{draw.text(12, 'abcdefghijklmnopqrstuvwxyz')}@example.org"


def ip(value: str, draw: Digits) -> str:
    """An address of a network that is never routed: 10.0.0.0/8, or fd00::/8."""
    if ":" in value:
        return "fd" + draw.text(2, "0123456789abcdef") + "".join(f":{draw.below(1 << 16):x}" for _ in range(7))
    return ".".join(["10", *(str(draw.below(256)) for _ in range(2)), str(1 + draw.below(254))])


def url(value: str, draw: Digits) -> str:
    """A page of example.org."""
    return f"https://example.org/{draw.text(16, 'abcdefghijklmnopqrstuvwxyz')}"


FORMATS: dict[str, Callable[[str, Digits], str]] = {
    "same": same, "dni": dni, "nie": nie, "cif": cif, "nss": nss, "ssn": ssn, "nhs": nhs, "card": card, "iban": iban,
    "ccc": ccc, "phone": phone, "email": email, "ip": ip, "url": url,
}  # fmt: skip


def _modulo_11(digits: str, weights: tuple[int, ...]) -> int:
    rest = 11 - sum(weight * int(each) for weight, each in zip(weights, digits, strict=True)) % 11
    return {11: 0, 10: 1}.get(rest, rest)


def _cased(letter: str, like: str) -> str:
    return letter.lower() if like.islower() else letter

"""Check digits and other tests that tell an identity number from any digits. Each takes the text as it was written.

A check returns the part of the text that stands the test (an IBAN may have run into the next word), or "".
"""

from __future__ import annotations

import importlib
import ipaddress
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from trasunto import registry

Check = Callable[[str], str]
# Regions in which a telephone number without a country code is looked up.
REGIONS = ("ES", "GB", "US", "MX")
_CARDS = re.compile(
    r"4\d{12}(\d{3}){0,2}|5[1-5]\d{14}|2(22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|3(0[0-5]|[68]\d)\d{11}|35\d{14}|(6011|64[4-9]\d|65\d\d|62\d\d)\d{12,15}|(50|5[6-9]|6\d)\d{10,17}"
)
# A day, year first or last, alone or with an hour after it: "2021-10-25 20", "06.06.22 20.19". A day whose year comes
# last is no moment where the same sign goes on through the hour: "06 06 22 20 19" is a telephone.
_DAY, _MONTH, _HOUR = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])", r"(?:[01]?\d|2[0-3])(?:[:.][0-5]\d)*"
_MOMENT = re.compile(
    rf"\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}"
    rf"|(?:19|20)\d\d([-/.]){_MONTH}\1{_DAY}[ T]{_HOUR}"
    rf"|(?:{_DAY}([-/.]){_MONTH}|{_MONTH}([-/.]){_DAY})(?:\2|\3)(?:19|20)?\d\d[ T]{_HOUR}"
)


@lru_cache(maxsize=64)
def standard(name: str) -> Any:
    """A module of python-stdnum, such as "es.dni". MissingLibraryError without it."""
    try:
        return importlib.import_module(f"stdnum.{name}")
    except ImportError as error:
        raise registry.missing(error, "finding identity numbers") from error


def numbered(name: str) -> Check:
    """The check of a number by python-stdnum."""

    def check(text: str) -> str:
        return text if standard(name).is_valid(text) else ""

    return check


def iban(text: str) -> str:
    """ISO 13616: length by country and ISO 7064 modulo 97; words that follow in capitals are cut off."""
    module = standard("iban")
    while len(text) >= 15:
        if module.is_valid(text):
            return text
        text = re.sub(r"[ -]?[A-Z0-9]+$", "", text) if re.search(r"[ -]", text) else ""
    return ""


def card(text: str) -> str:
    """A payment card: a known issuer's beginning, and Luhn's digit."""
    digits = re.sub(r"\D", "", text)
    return text if _CARDS.fullmatch(digits) and standard("luhn").is_valid(digits) else ""


def nss(text: str) -> str:
    """Spanish social security number: province, serial, and the whole modulo 97."""
    digits = re.sub(r"\D", "", text)
    if len(digits) != 12:
        return ""
    province, serial, key = int(digits[:2]), int(digits[2:10]), int(digits[10:])
    if not (1 <= province <= 53 or province == 66):
        return ""
    whole = province * 10_000_000 + serial if serial < 10_000_000 else int(digits[:10])
    return text if whole % 97 == key else ""


def phone(text: str) -> str:
    """A number that some operator could have given out (libphonenumber), here or with its country code."""
    digits = re.sub(r"\D", "", text)
    if not 7 <= len(digits) <= 15 or _MOMENT.fullmatch(text.strip()):
        return ""
    return text if possible_phone(text.strip()) else ""


@lru_cache(maxsize=1 << 16)
def possible_phone(text: str) -> str:
    """The region whose plan the number fits ("ES", "GB", …), or ""."""
    try:
        import phonenumbers
    except ImportError as error:
        raise registry.missing(error, "finding telephone numbers") from error
    international = "+" + text[2:] if text.startswith("00") else text
    for region in (None,) if international.startswith("+") else REGIONS:
        try:
            number = phonenumbers.parse(international, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return str(phonenumbers.region_code_for_number(number) or "")
    return ""


def ip(text: str) -> str:
    """An IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return ""
    return text


def date(text: str) -> str:
    """A day that the calendar has, 1900 to 2100, in whichever order it is written."""
    parts = [int(part) for part in re.findall(r"\d+", text)]
    if len(parts) == 3:
        year = next((part for part in parts if part > 31), None)
        rest = [part for part in parts if part != year] if year else parts[:2]
        if year is not None and year > 99 and not 1900 <= year <= 2100:
            return ""
        return text if len(rest) == 2 and 1 <= min(rest) <= 12 and 1 <= max(rest) <= 31 else ""
    return text if len(parts) == 2 and 1 <= parts[0] <= 31 else ""


def nino(text: str) -> str:
    """A UK National Insurance number: no check digit, but beginnings that are never given out."""
    head = text[:2].upper()
    return "" if head in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ") else text


def street(text: str) -> str:
    """An address needs a number in it."""
    return text if re.search(r"\d|s/n", text) else ""

"""Dates in texts, English and Spanish, written in one pattern."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

PATTERN = re.compile(r"(?=.*%[Yy])(?=.*%-?m)(?=.*%-?d)(?:[^%]|%(?:Y|y|-?m|-?d)){3,20}")
_MONTHS = (
    ("january", "jan", "enero", "ene"), ("february", "feb", "febrero"), ("march", "mar", "marzo"),
    ("april", "apr", "abril", "abr"), ("may", "mayo"), ("june", "jun", "junio"), ("july", "jul", "julio"),
    ("august", "aug", "agosto", "ago"), ("september", "sept", "sep", "septiembre", "setiembre"),
    ("october", "oct", "octubre"), ("november", "nov", "noviembre"), ("december", "dec", "diciembre", "dic"),
)  # fmt: skip
_NUMBER = {name: number for number, names in enumerate(_MONTHS, start=1) for name in names}
_NAME = "|".join(sorted(_NUMBER, key=len, reverse=True))
_DAY = r"(?P<day>\d{1,2})"
_YEAR = r"(?P<year>(?:1[89]|20)\d\d)"
_FORMS = (
    re.compile(rf"(?<![\w/.-]){_YEAR}[-/.](?P<month>\d{{1,2}})[-/.]{_DAY}(?![\w/-]|\.\d)"),
    re.compile(rf"(?<![\w/.-])(?P<one>\d{{1,2}})(?P<mark>[-/.])(?P<two>\d{{1,2}})(?P=mark){_YEAR}(?![\w/-]|\.\d)"),
    re.compile(r"(?<![\w/.-])(?P<one>\d{1,2})/(?P<two>\d{1,2})/(?P<short>\d\d)(?![\w/-]|\.\d)"),
    re.compile(
        rf"(?<!\w){_DAY}(?:st|nd|rd|th)?(?: of| de)? (?P<name>{_NAME})\.?,?(?: of| de| del)? {_YEAR}(?!\w)", re.I
    ),
    re.compile(rf"(?<!\w)(?P<name>{_NAME})\.? {_DAY}(?:st|nd|rd|th)?,? {_YEAR}(?!\w)", re.I),
)
# A year of two digits is of this century up to here.
_CENTURY = 69


def day_comes_first(texts: Sequence[str]) -> bool | None:
    """Whether dates like 25/12/2020 outnumber those like 12/25/2020; None when neither is found more often."""
    sides = [0, 0]
    for text in texts:
        if not any(mark in text for mark in "/-."):
            continue
        for form in _FORMS[1:3]:
            for found in form.finditer(text):
                one, two = int(found["one"]), int(found["two"])
                if one > 12 >= two:
                    sides[0] += 1
                elif two > 12 >= one:
                    sides[1] += 1
    return None if sides[0] == sides[1] else sides[0] > sides[1]


def dated(text: str, pattern: str, day_first: bool | None) -> str:
    """The text with every date in this pattern. A date that is none (31/02/2020), or that could be two when
    `day_first` is None, stays as it is."""
    if not any(letter.isdigit() for letter in text):
        return text
    for form in _FORMS:
        text = form.sub(lambda found: _written(found, pattern, day_first), text)
    return text


def _written(found: re.Match[str], pattern: str, day_first: bool | None) -> str:
    parts = found.groupdict()
    if "short" in parts:
        year = int(parts["short"]) + (2000 if int(parts["short"]) <= _CENTURY else 1900)
    else:
        year = int(parts["year"])
    if "name" in parts:
        day, month = int(parts["day"]), _NUMBER[parts["name"].lower()]
    elif "one" in parts:
        one, two = int(parts["one"]), int(parts["two"])
        first = one > 12 if (one > 12) != (two > 12) else one == two or day_first
        if first is None:
            return found.group()
        day, month = (one, two) if first else (two, one)
    else:
        day, month = int(parts["day"]), int(parts["month"])
    try:
        date(year, month, day)
    except ValueError:
        return found.group()
    values = {
        "%Y": f"{year:04d}", "%y": f"{year % 100:02d}", "%m": f"{month:02d}", "%d": f"{day:02d}", "%-m": str(month),
        "%-d": str(day),
    }  # fmt: skip
    return re.sub(r"%-?[Yymd]", lambda mark: values[mark.group()], pattern)

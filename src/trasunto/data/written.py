"""How values are written in text files: read them into typed series, and write them back the same way."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from trasunto.data.schema import Column, Format

# Spellings of a missing value, in any column; and those that are one only among numbers, dates and booleans.
MISSING = ("", "NA", "N/A", "n/a", "#N/A", "<NA>", "nan", "NaN", "NAN", "null", "NULL", "Null", "?")
MISSING_AMONG_VALUES = (*MISSING, "na", "None", "none", "-", "--", ".", "missing", "unknown")

BOOLEANS = (
    ("true", "false"), ("yes", "no"), ("y", "n"), ("t", "f"), ("on", "off"), ("sí", "no"), ("si", "no"),
    ("s", "n"), ("verdadero", "falso"), ("cierto", "falso"),
)  # fmt: skip

_MONEY = frozenset(
    ["USD", "EUR", "GBP", "JPY", "CHF", "MXN", "ARS", "COP", "CLP", "PEN", "UYU", "BRL", "R$", "US$", "MX$", "S/", "kr"]
)

_DAYS = r"\d{1,2}"
_TIME = {
    "": "",
    r"\d{1,2}:\d{2}": "%H:%M",
    r"\d{1,2}:\d{2}:\d{2}": "%H:%M:%S",
    r"\d{1,2}:\d{2}:\d{2}\.\d+": "%H:%M:%S%.f",
    r"\d{1,2}:\d{2} [AP]M": "%I:%M %p",
    r"\d{1,2}:\d{2}:\d{2} [AP]M": "%I:%M:%S %p",
}
_DATES = [
    (r"\d{4}-\d{1,2}-\d{1,2}", ("%Y-%m-%d",)),
    (r"\d{4}/\d{1,2}/\d{1,2}", ("%Y/%m/%d",)),
    (r"\d{4}\.\d{1,2}\.\d{1,2}", ("%Y.%m.%d",)),
    *[(rf"{_DAYS}{re.escape(m)}{_DAYS}{re.escape(m)}\d{{4}}", (f"%d{m}%m{m}%Y", f"%m{m}%d{m}%Y")) for m in "/-."],
    *[(rf"{_DAYS}{re.escape(m)}{_DAYS}{re.escape(m)}\d{{2}}", (f"%d{m}%m{m}%y", f"%m{m}%d{m}%y")) for m in "/-."],
    *[(rf"{_DAYS}{m}[A-Za-z]{{3}}{m}\d{{4}}", (f"%d{m}%b{m}%Y",)) for m in "- "],
    *[(rf"{_DAYS}{m}[A-Za-z]{{3}}{m}\d{{2}}", (f"%d{m}%b{m}%y",)) for m in "- "],
    (rf"{_DAYS} [A-Za-z]{{4,9}} \d{{4}}", ("%d %B %Y",)),
    (rf"[A-Za-z]{{3}} {_DAYS}, \d{{4}}", ("%b %d, %Y",)),
    (rf"[A-Za-z]{{4,9}} {_DAYS}, \d{{4}}", ("%B %d, %Y",)),
]
_ZONE = re.compile(r"(Z|[+-]\d{2}:?\d{2})$")
# A zone at the end of every value, where they differ: read and turned to UTC.
_ZONED = "%:z"
# Thousands marks, each with the decimal marks it goes with; spaces that do not break, and apostrophes of both kinds.
_SPACES = " \u00a0\u202f"
_NOTATIONS = (
    (",", "."), (".", ","), *((space, mark) for space in _SPACES for mark in ",."), ("'", "."), ("\u2019", "."),
    ("", ","), ("", "."),
)  # fmt: skip
# Numbers that only have points before groups of three digits.
_THREES = r"^[+-]?([1-9]\d{0,2}(\.\d{3})+|\d{1,3})$"


# What a pattern says of a day; one that says none of it is of times of day.
_OF_DAYS = re.compile(r"%-?[dmyYbBjFD]")


@dataclass(frozen=True)
class Reading:
    """A way to read every value of a column: its kind, its format, and why."""

    kind: str
    format: Format
    reason: str


def parse(values: pl.Series, column: Column) -> pl.Series:
    """Text as the column's kind. What cannot be read becomes null: compare null counts to find it.

    values: String series. Returns the series in the type its kind is held in, named like `values`.
    """
    form = column.format
    among = column.kind not in ("category", "text", "id")
    text = values.str.strip_chars() if among else values
    marks = [*(MISSING_AMONG_VALUES if among else MISSING), form.missing]
    text = pl.select(pl.when(text.is_in(marks)).then(None).otherwise(text)).to_series().alias(values.name)
    if column.kind in ("integer", "number"):
        plain = plain_numbers(text, form)
        if column.kind == "number":
            return plain.cast(pl.Float64, strict=False)
        whole = plain.str.replace(r"\.0*$", "")
        return whole.cast(pl.Int64, strict=False)
    if column.kind == "boolean":
        return text.replace_strict({form.true: True, form.false: False}, default=None, return_dtype=pl.Boolean)
    if column.kind == "datetime":
        return _datetimes(text, form)
    return text


def is_clock(column: Column) -> bool:
    """Whether a column holds times of day: moments of 1970-01-01, of which only the hour is written."""
    pattern = column.format.pattern
    return column.kind == "datetime" and pattern is not None and not _OF_DAYS.search(pattern)


def moments(texts: list[str]) -> pl.Series:
    """Dates, with or without a time, as ISO 8601 writes them, and times of day ("10:30"); null for what is neither."""
    return pl.Series([on_a_day(text) for text in texts], dtype=pl.String).str.to_datetime(time_unit="us", strict=False)


def on_first_day(hours: pl.Series) -> pl.Series:
    """Times of day as moments of 1970-01-01."""
    return (hours.cast(pl.Int64) // 1_000).cast(pl.Datetime("us"))


def on_a_day(text: str) -> str:
    """A time of day ("9:30") as a moment of 1970-01-01 in ISO 8601; another text as it is."""
    return f"1970-01-01T{text.zfill(len(text) + (text[1] == ':'))}" if re.match(r"\d{1,2}:\d\d", text) else text


def json_object(text: str) -> dict[str, Any] | None:
    """The JSON object that a text spells, or None when it spells none."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def write(values: pl.Series, column: Column) -> pl.Series:
    """Typed values as text, in the column's format; null becomes the column's spelling of a missing value."""
    form = column.format
    if column.kind in ("integer", "number") or values.dtype == pl.Int64:
        text = _numbers_as_text(values, form)
    elif column.kind == "boolean":
        text = values.replace_strict({True: form.true, False: form.false}, return_dtype=pl.String)
    elif column.kind == "datetime":
        pattern = form.pattern or ("%Y-%m-%d" if form.date_only else "%Y-%m-%d %H:%M:%S")
        moments = values.dt.replace_time_zone("UTC") if pattern.endswith(_ZONED) else values
        text = moments.dt.strftime(pattern) + form.suffix
    else:
        text = values.cast(pl.String)
        if form.width is not None:
            text = text.str.zfill(form.width)
    return text.fill_null(form.missing).alias(values.name)


def plain_numbers(text: pl.Series, form: Format) -> pl.Series:
    """Numbers without prefix, suffix and thousands marks, with a decimal point."""
    if form.prefix:
        text = text.str.replace(re.escape(form.prefix), "", literal=False)
    if form.suffix:
        text = text.str.strip_suffix(form.suffix)
    if form.thousands:
        text = text.str.replace_all(form.thousands, "", literal=True)
    if form.decimal_mark != ".":
        text = text.str.replace(form.decimal_mark, ".", literal=True)
    return text.str.strip_chars()


def read_boolean(distinct: pl.Series) -> Reading | None:
    """Two spellings that are a known pair, in any case."""
    spelt = distinct.to_list()
    if len(spelt) != 2:
        return None
    by_case = {each.casefold(): each for each in spelt}
    for true, false in BOOLEANS:
        if set(by_case) == {true, false}:
            form = Format(true=by_case[true], false=by_case[false])
            return Reading("boolean", form, f"Every value is {form.true!r} or {form.false!r}.")
    return None


def read_number(distinct: pl.Series) -> Reading | None:
    """Numbers in one notation: plain, with thousands, with a decimal comma, with a currency or a percent sign."""
    if distinct.str.contains(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$").all():
        return _plain(distinct, Format())
    # "-$5" as "$-5": the sign stands beside its digits.
    ahead = distinct.str.contains(r"^[+-][^\d+\-.,]")
    texts = distinct.str.replace(r"^([+-])([^\d+\-.,]{1,4})(\d)", "${2}${1}${3}") if ahead.any() else distinct
    found = texts.str.extract_groups(
        rf"^([^\d+\-.,]{{0,4}})([+-]?[\d.,'\u2019{_SPACES}]*\d)([^\d.,]{{0,4}})$"
    ).struct.unnest()
    if found["2"].null_count():
        return None
    signs = found.select(pl.col("1").n_unique(), pl.col("3").n_unique()).row(0)
    if signs != (1, 1):
        return None
    form = Format(prefix=found["1"][0], suffix=found["3"][0], sign_first=bool(ahead.any()))
    # Letters around a number make a code of it ("A17"), unless they name a currency.
    if any(any(each.isalnum() for each in mark) and mark.strip() not in _MONEY for mark in (form.prefix, form.suffix)):
        return None
    digits = found["2"]
    for thousands, mark in _NOTATIONS:
        # No group of thousands follows a zero: "0,238" has a decimal comma.
        group = rf"[1-9]\d{{0,2}}(?:{re.escape(thousands)}\d{{3}})+|\d+" if thousands else r"\d+"
        if digits.str.contains(rf"^[+-]?(?:{group})(?:{re.escape(mark)}\d+)?$").all():
            used = thousands if thousands and digits.str.contains(thousands, literal=True).any() else ""
            pointed = mark == "." and not used and digits.str.contains(".", literal=True).any()
            if pointed and (form.prefix or form.suffix) and digits.str.contains(_THREES).all():
                # "€ 1.000" beside "€ 12": money in thousands, not with three decimals here and none there.
                continue
            chosen = replace(form, thousands=used, decimal_mark=mark)
            return _plain(plain_numbers(distinct, chosen), chosen)
    return None


def _plain(numbers: pl.Series, form: Format) -> Reading | None:
    """Integers or numbers, from spellings with a decimal point and nothing else."""
    whole = numbers.str.replace(r"\.0*$", "")
    padded = whole.str.contains(r"^[+-]?0\d")
    if padded.any():
        return None
    places = numbers.str.extract(r"\.(\d*)$").str.len_chars().fill_null(0)
    decimals = int(places[0]) if places.n_unique() == 1 and not numbers.str.contains("[eE]").any() else None
    if whole.str.contains(r"^[+-]?\d+$").all():
        if whole.cast(pl.Int64, strict=False).null_count():
            return None
        if places.max() == 0:
            return Reading("integer", form, _noted("Every value is a whole number.", form))
        if decimals is not None:
            why = f"Every value is a whole number written with {decimals} decimal{'s' if decimals > 1 else ''}."
            return Reading("integer", replace(form, decimals=decimals), _noted(why, form))
    places_said = f" with {decimals} decimal{'s' if decimals > 1 else ''}" if decimals else ""
    why = f"Every value is a number{places_said}."
    return Reading("number", replace(form, decimals=decimals), _noted(why, form))


def _noted(reason: str, form: Format) -> str:
    notes = [f"{what} {mark!r}" for what, mark in (
        ("prefix", form.prefix), ("suffix", form.suffix), ("thousands mark", form.thousands),
        ("decimal mark", form.decimal_mark if form.decimal_mark != "." else ""),
    ) if mark]  # fmt: skip
    return f"{reason[:-1]}, written with {', '.join(notes)}." if notes else reason


def read_datetime(distinct: pl.Series) -> Reading | None:
    """Dates in one pattern, with or without a time of day and time zones."""
    first = distinct[0]
    if not first or not any(mark in first for mark in "-/. :"):
        return None
    zone = _ZONE.search(first)
    suffix = zone.group(1) if zone and ":" in first else ""
    if not suffix:
        pattern = _clock(distinct)
        if pattern is not None:
            return Reading("datetime", Format(pattern=pattern), f"Every value is a time of day written {pattern}.")
    text = distinct.str.strip_suffix(suffix) if suffix else distinct
    if suffix and not distinct.str.ends_with(suffix).all():
        if not distinct.str.contains(_ZONE.pattern).all():
            return None
        text, suffix = distinct.str.replace(_ZONE.pattern, ""), _ZONED
    for shape, patterns in _DATES:
        if not re.match(shape, first):
            continue
        for join in ("", " ", "T"):
            for time_shape, time in _TIME.items():
                if bool(join) != bool(time) or not text.str.contains(f"^{shape}{join}{time_shape}$").all():
                    continue
                return _dated(text, patterns, join + time, suffix)
    return None


def _clock(text: pl.Series) -> str | None:
    """The pattern of times of day."""
    for shape, pattern in _TIME.items():
        if pattern and text.str.contains(f"^{shape}$").all():
            if text.str.to_time(pattern, strict=False).null_count():
                return None
            unpadded = text.str.contains(r"^\d:").any() and not text.str.contains(r"^0\d:").any()
            return pattern.replace("%H", "%-H").replace("%I", "%-I") if unpadded else pattern
    return None


def _dated(text: pl.Series, patterns: tuple[str, ...], time: str, suffix: str) -> Reading | None:
    fitting = (
        [p for p in patterns if not text.str.to_datetime(p + time if time else p, strict=False).null_count()]
        if (time)
        else [p for p in patterns if not text.str.to_date(p, strict=False).null_count()]
    )
    if not fitting:
        return None
    pattern = fitting[0] + time
    # No day, month or hour is padded with a zero, so none is when it is written back.
    if fitting[0] != "%Y-%m-%d" and not text.str.contains(r"(^|[/.\- ])0\d([^:\d]|$)").any():
        pattern = pattern.replace("%d", "%-d").replace("%m", "%-m")
    if not text.str.contains(r"[T ]0\d:").any() and text.str.contains(r"[T ]\d:").any():
        pattern = pattern.replace("%H", "%-H").replace("%I", "%-I")
    zones = ", in several time zones, turned to UTC" if suffix == _ZONED else ""
    if zones:
        pattern, suffix = pattern + suffix, ""
    form = Format(pattern=pattern, suffix=suffix, date_only=not time)
    doubt = " Day and month could be the other way round; day first is taken." if len(fitting) > 1 else ""
    return Reading("datetime", form, f"Every value is a date written {pattern}{suffix}{zones}.{doubt}")


def _datetimes(text: pl.Series, form: Format) -> pl.Series:
    if form.suffix:
        text = text.str.strip_suffix(form.suffix)
    pattern = (form.pattern or ("%Y-%m-%d" if form.date_only else "%Y-%m-%d %H:%M:%S")).replace("%-", "%")
    if form.date_only:
        return text.str.to_date(pattern, strict=False).cast(pl.Datetime("us"))
    if not _OF_DAYS.search(pattern):
        return on_first_day(text.str.to_time(pattern, strict=False))
    if pattern.endswith(_ZONED):
        # "%#z" reads "Z" as well, which "%:z" does not.
        zoned = text.str.to_datetime(pattern.removesuffix(_ZONED) + "%#z", strict=False, time_unit="us")
        return zoned.dt.replace_time_zone(None)
    return text.str.to_datetime(pattern, strict=False, time_unit="us")


def _numbers_as_text(values: pl.Series, form: Format) -> pl.Series:
    if values.dtype == pl.Int64 and not form.decimals:
        text = values.cast(pl.String)
        if form.width is not None:
            text = text.str.zfill(form.width)
    elif form.decimals is not None:
        text = _fixed(values, form.decimals)
    else:
        text = values.cast(pl.String).str.replace(r"\.0$", "")
    if form.thousands:
        sign, whole, rest = (text.str.extract(p) for p in (r"^(-?)", r"^-?(\d+)", r"^-?\d+(.*)$"))
        grouped = whole.str.reverse().str.replace_all(r"(\d{3})", "${1}\x1f").str.strip_chars_end("\x1f").str.reverse()
        mark = "\x1e" if form.decimal_mark == form.thousands else form.thousands
        text = (
            sign
            + grouped.str.replace_all("\x1f", mark, literal=True)
            + rest.str.replace(".", form.decimal_mark, literal=True)
        )
    elif form.decimal_mark != ".":
        text = text.str.replace(".", form.decimal_mark, literal=True)
    if form.prefix or form.suffix:
        text = form.prefix + text + form.suffix
    if form.sign_first:
        text = text.str.replace(f"^{re.escape(form.prefix)}-", f"-{form.prefix.replace('$', '$$')}")
    return text


def _fixed(values: pl.Series, decimals: int) -> pl.Series:
    """Numbers with just so many decimals. Python writes them: polars has no such format for a series."""
    return pl.Series(values.name, [None if v is None else f"{v:.{decimals}f}" for v in values.to_list()], pl.String)

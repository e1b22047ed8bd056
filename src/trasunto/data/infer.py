"""What columns are, found from their values and names, with a reason for each guess."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import polars as pl

from trasunto.data.dataset import DTYPES, Table
from trasunto.data.dialogues import as_messages, is_dialogue, messages_column
from trasunto.data.pairs import paired
from trasunto.data.schema import Column, Format, TableSchema
from trasunto.data.storage import spelt
from trasunto.data.written import (
    MISSING,
    MISSING_AMONG_VALUES,
    Reading,
    json_object,
    on_first_day,
    parse,
    read_boolean,
    read_datetime,
    read_number,
)
from trasunto.errors import DataError, SchemaError, near

_ID_NAME = re.compile(r"(^|[_\W])(id|ids|uuid|guid|key|index|rownames|nr|num|no|identifier|identificador|code)$", re.I)
_PERSON = {
    "e-mail address": re.compile(r"e?[-_ ]?mail|correo", re.I),
    "telephone number": re.compile(r"phone|tel[eé]fono|mobile|m[oó]vil", re.I),
    "name": re.compile(r"^(first|last|full|sur|middle)?[-_ ]?name$|^(nombre|apellidos?)$", re.I),
    "address": re.compile(r"address$|direcci[oó]n|street|calle", re.I),
    "national number": re.compile(r"^(ssn|dni|nie|nif|nhs|passport|iban)$", re.I),
}
_TIME_OF_DAY = r"^([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?$"
_EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"


def infer(frame: pl.DataFrame, *, schema: TableSchema | None = None) -> Table:
    """Raw columns (text as it stood in a file, or typed values) as a typed table with its schema.

    schema: what is known already; its columns are taken as they say, and must be the frame's.
    Raises SchemaError when schema and frame have other columns, DataError for values that no kind holds.
    """
    if schema is not None:
        return _as_said(frame, schema)
    found = [_column(frame[name]) for name in frame.columns]
    rows = pl.DataFrame([values for _, values in found])
    columns = paired([column for column, _ in found], rows)
    key = next((c.name for c in columns if c.role == "identifier" and c.kind == "id" and _unique(rows[c.name])), None)
    return Table(TableSchema(tuple(columns), primary_key=(key,) if key else ()), rows)


def of_words(values: pl.Series) -> Column:
    """The column of values that are text by their type: an identifier, free text, JSON or a category; numbers and dates
    are not looked for."""
    return _worded(values, Format())[0]


def _as_said(frame: pl.DataFrame, schema: TableSchema) -> Table:
    missing = [name for name in schema.names if name not in frame.columns]
    extra = [name for name in frame.columns if name not in schema]
    if missing or extra:
        hint = near(missing[0], extra) if missing and extra else "Mend the schema or the data."
        raise SchemaError(f"Schema and data have other columns: missing {missing}, not in the schema {extra}.", hint)
    return Table(schema, pl.DataFrame([_values_as(frame[c.name], c) for c in schema.columns]))


def _values_as(values: pl.Series, column: Column) -> pl.Series:
    if column.format.messages and isinstance(values.dtype, pl.String | pl.List):
        held = values.to_list()
        cells = [cell if cell is None or isinstance(cell, str) else _records(cell) for cell in held]
        return pl.Series(values.name, [as_messages(cell) if cell else None for cell in cells], dtype=pl.String)
    if values.dtype == pl.String and column.kind not in ("category", "text", "id"):
        parsed = parse(values, column)
    elif values.dtype == pl.String:
        return parse(values, column)
    elif column.kind == "id" and values.dtype.is_integer():
        return values.cast(pl.Int64)
    else:
        parsed = values.cast(DTYPES[column.kind], strict=False)
    lost = parsed.null_count() - values.null_count()
    if values.dtype == pl.String:
        marks = [*MISSING_AMONG_VALUES, column.format.missing]
        lost -= int(values.str.strip_chars().is_in(marks).sum())
    if lost > 0:
        raise DataError(
            f"{lost} values of column {column.name!r} are not of kind {column.kind} as the schema says.",
            "Mend the values, or the kind or format in the schema.",
        )
    return parsed


def _column(values: pl.Series) -> tuple[Column, pl.Series]:
    """One column and its typed values."""
    kind = values.dtype
    if kind == pl.String:
        return _from_text(values)
    form = Format(stored=spelt(kind))
    if kind == pl.Null:
        return Column(values.name, "category", reason="Every value is missing."), values.cast(pl.String)
    if isinstance(kind, pl.Categorical | pl.Enum):
        return _worded(values.cast(pl.String), form)
    if kind == pl.Boolean:
        return Column(values.name, "boolean", _gaps(values), reason="It is stored as a boolean."), values
    if kind.is_integer():
        return _whole(values, form, "It is stored as whole numbers.")
    if kind.is_float() or kind.is_decimal():
        return _real(values, form)
    if kind in (pl.Date, pl.Datetime):
        return _moment(values)
    if isinstance(kind, pl.Duration):
        return _lasting(values, form)
    if kind == pl.Time:
        return _hour(values)
    if isinstance(kind, pl.List) and isinstance(kind.inner, pl.Struct):
        records = [None if cell is None else _records(cell) for cell in values.to_list()]
        if all(cell is None or is_dialogue(cell) for cell in records[:200]):
            return _worded(pl.Series(values.name, records, dtype=pl.String), Format())
    if isinstance(kind, pl.Struct):
        texts = values.struct.json_encode().to_frame().select(pl.when(values.is_not_null()).then(pl.first()))
        return _worded(texts.to_series().alias(values.name), form)
    if isinstance(kind, pl.List | pl.Array):
        cells = [None if cell is None else json.dumps(list(cell), ensure_ascii=False, default=str) for cell in values]
        return _worded(pl.Series(values.name, cells, dtype=pl.String), form)
    raise DataError(
        f"Column {values.name!r} holds {kind}, which Trasunto cannot model.",
        "Turn it into texts, numbers or dates, or leave the column out.",
    )


def _records(cell: list[dict[str, object] | None]) -> str:
    """A list of records as JSON, without the keys that only other records have."""
    full = [{key: value for key, value in each.items() if value is not None} if each else each for each in cell]
    return json.dumps(full, ensure_ascii=False, default=str)


def _from_text(values: pl.Series) -> tuple[Column, pl.Series]:
    text = values.str.strip_chars()
    present = text.filter(~text.is_in(MISSING) & text.is_not_null())
    if present.is_empty():
        form = Format(missing=_mark(text, MISSING))
        return Column(values.name, "category", format=form, reason="Every value is missing."), _nothing(values)
    for marks in (MISSING, MISSING_AMONG_VALUES):
        distinct = present.filter(~present.is_in(marks)).unique(maintain_order=True)
        if distinct.is_empty():
            continue
        reading = read_boolean(distinct) or read_number(distinct) or read_datetime(distinct)
        if reading is not None:
            return _read_as(values, reading, _mark(text, marks))
    _refuse_infinities(values.name, present)
    return _worded(values, Format(missing=_mark(text, MISSING)))


def _read_as(values: pl.Series, reading: Reading, mark: str) -> tuple[Column, pl.Series]:
    form = replace(reading.format, missing=mark)
    column = Column(values.name, reading.kind, format=form, reason=reading.reason)  # type: ignore[arg-type]
    typed = parse(values, column)
    if reading.kind == "integer" and not form.decimals:
        return _whole(typed, form, reading.reason)
    return replace(column, nullable=_gaps(typed)), typed


def _whole(values: pl.Series, form: Format, reason: str) -> tuple[Column, pl.Series]:
    """Whole numbers: an id when they are unique and are called so or count up, else integers."""
    if values.dtype == pl.UInt64 and (values.max() or 0) > 2**63 - 1:  # type: ignore[operator]
        return _worded(values.cast(pl.String), form)
    whole = values.cast(pl.Int64)
    named = bool(_ID_NAME.search(values.name)) or values.name == ""
    counting = len(whole) > 2 and _unique(whole) and bool((whole.diff().drop_nulls() == 1).all())
    if _unique(whole) and len(whole) > 1 and (named or counting):
        why = f"{reason[:-1]}, each once, and {'the name says so' if named else 'they count up'}: an identifier."
        return Column(values.name, "id", False, "identifier", format=form, reason=why), whole
    return Column(values.name, "integer", _gaps(whole), format=form, reason=reason), whole


def _real(values: pl.Series, form: Format) -> tuple[Column, pl.Series]:
    if isinstance(values.dtype, pl.Decimal):
        form = replace(form, decimals=values.dtype.scale or None)
    numbers = values.cast(pl.Float64).fill_nan(None)
    if numbers.is_infinite().any():
        _say_infinite(values.name, int(numbers.is_infinite().sum()))
    present = numbers.drop_nulls()
    if len(present) and (present == present.round(0)).all() and present.abs().max() < 2**53:  # type: ignore[operator]
        why = "Every value is a whole number, stored as a decimal number."
        whole = numbers.cast(pl.Int64)
        form = replace(form, stored=str(values.dtype))
        return Column(values.name, "integer", _gaps(whole), format=form, reason=why), whole
    why = "It is stored as decimal numbers."
    return Column(values.name, "number", _gaps(numbers), format=form, reason=why), numbers


def _lasting(values: pl.Series, form: Format) -> tuple[Column, pl.Series]:
    """Durations, as seconds."""
    why = "It is stored as durations; counted in seconds."
    ticks = values.dt.total_nanoseconds()
    # Whole seconds are divided as such: a quotient of floats may miss them by a hair.
    seconds = (ticks // 10**9).cast(pl.Float64) if (ticks % 10**9 == 0).all() else ticks / 1e9
    column, typed = _real(seconds.alias(values.name), form)
    return replace(column, format=form, reason=why), typed


def _moment(values: pl.Series) -> tuple[Column, pl.Series]:
    date_only = values.dtype == pl.Date
    zone = getattr(values.dtype, "time_zone", None)
    naive = values.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if zone else values
    moments = naive.cast(pl.Datetime("us"))
    why = f"It is stored as {'dates' if date_only else 'dates with time'}{f', {zone} turned to UTC' if zone else ''}."
    form = Format(date_only=date_only, stored=spelt(values.dtype), pattern="%Y-%m-%d %H:%M:%S%:z" if zone else None)
    return Column(values.name, "datetime", _gaps(moments), format=form, reason=why), moments


def _hour(values: pl.Series) -> tuple[Column, pl.Series]:
    """Times of day, as moments of 1970-01-01."""
    held = on_first_day(values)
    parts = "%.f" if (held.dt.microsecond() != 0).any() else ""
    form = Format(pattern=f"%H:%M:%S{parts}", stored=spelt(values.dtype))
    return Column(values.name, "datetime", _gaps(held), format=form, reason="It is stored as times of day."), held


def _worded(values: pl.Series, form: Format) -> tuple[Column, pl.Series]:
    """Words: an identifier, free text, or a category."""
    typed = pl.select(pl.when(values.is_in(MISSING)).then(None).otherwise(values)).to_series().alias(values.name)
    present = typed.drop_nulls()
    if present.is_empty():
        return Column(values.name, "category", format=form, reason="Every value is missing."), typed
    if all(is_dialogue(text) for text in present.head(200).to_list()):
        cells = [None if cell is None else as_messages(cell) for cell in typed.to_list()]
        return messages_column(values.name, nullable=_gaps(typed)), pl.Series(values.name, cells, dtype=pl.String)
    if all(json_object(text) is not None for text in present.head(200).to_list()):
        why = "Every value is a JSON object: its fields are modelled one by one."
        return Column(values.name, "category", _gaps(typed), format=replace(form, nested=True), reason=why), typed
    distinct, rows = present.n_unique(), len(present)
    share = distinct / rows
    words = float(present.str.count_matches(r"\S+").mean() or 0)  # type: ignore[arg-type]
    length = float(present.str.len_chars().mean() or 0)  # type: ignore[arg-type]
    gaps = _gaps(typed)
    if rows >= 3 and distinct > 2:
        person = _personal(values.name, present, share)
        if person:
            return Column(values.name, "id", gaps, "identifier", format=form, reason=person), typed
    if (words >= 4 or length >= 60) and (share > 0.5 or distinct > 1000) and words >= 2:
        why = f"Free text: {words:.0f} words on average, {share:.0%} of the values are different."
        return Column(values.name, "text", gaps, format=form, reason=why), typed
    if present.str.contains(_TIME_OF_DAY).all():
        why = f"Times of day: {distinct:,} different ones among {rows:,}."
        return Column(values.name, "category", gaps, format=form, reason=why), typed
    if rows >= 20 and share > 0.95 and words < 1.5:
        why = f"{share:.0%} of the values are different, single words: an identifier."
        return Column(values.name, "id", gaps, "identifier", format=form, reason=why), typed
    return Column(values.name, "category", gaps, format=form, reason=_category(present, distinct)), typed


def _category(present: pl.Series, distinct: int) -> str:
    if distinct == 1:
        return "Every value is the same."
    if present.str.contains(r"^0\d+$").any() and present.str.contains(r"^\d+$").all():
        return f"{distinct} different codes of digits; leading zeros are kept."
    if present.str.contains(r"^[+-]?\d+$").all():
        return f"{distinct} different whole numbers, some beyond 64 bits: kept as they are written."
    return f"{distinct:,} different values among {len(present):,}."


def _personal(name: str, present: pl.Series, share: float) -> str:
    if present.str.contains(_EMAIL).mean() > 0.95:  # type: ignore[operator]
        return "The values are e-mail addresses."
    for what, pattern in _PERSON.items():
        if pattern.search(name) and share > 0.3:
            return f"The name says {what}, and {share:.0%} of the values are different."
    if _ID_NAME.search(name) and share > 0.98 and len(present) > 2:
        return f"The name says identifier, and {share:.0%} of the values are different."
    return ""


def _refuse_infinities(name: str, present: pl.Series) -> None:
    infinite = present.str.contains(r"(?i)^[+-]?inf(inity)?$")
    if infinite.any() and infinite.sum() < len(present):
        rest = present.filter(~infinite)
        if not rest.cast(pl.Float64, strict=False).null_count():
            _say_infinite(name, int(infinite.sum()))


def _say_infinite(name: str, count: int) -> None:
    raise DataError(
        f"Column {name!r} holds {count} infinite value{'s' if count > 1 else ''}, which no distribution has.",
        "Replace them by a number or leave the fields empty.",
    )


def _mark(text: pl.Series, marks: tuple[str, ...]) -> str:
    """The spelling of a missing value that occurs most; an empty field when there is none."""
    found = text.filter(text.is_in(marks)).value_counts(sort=True)
    return str(found[text.name][0]) if len(found) else ""


def _nothing(values: pl.Series) -> pl.Series:
    return pl.Series(values.name, [None] * len(values), dtype=pl.String)


def _gaps(values: pl.Series) -> bool:
    return values.null_count() > 0


def _unique(values: pl.Series) -> bool:
    return values.null_count() == 0 and values.n_unique() == len(values)

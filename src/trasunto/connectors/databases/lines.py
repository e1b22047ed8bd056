"""Rows as lines of delimited text, the tongue that COPY and LOAD DATA share: nothing is missing, quotes hold a text."""

from __future__ import annotations

import io

import polars as pl

from trasunto.connectors.databases.found import FoundTable, values_of
from trasunto.errors import DataError


def frame_of(content: bytes, table: FoundTable) -> pl.DataFrame:
    """Lines that came out of a database as a typed frame. An empty field is missing, a pair of quotes an empty text.

    A table of one column has a second one in its lines, which is thrown away: an empty line says nothing.
    """
    kinds = [pl.String() if column.held in ("date", "moment") else column.dtype for column in table.columns]
    kinds = [*kinds, pl.Int64()] if len(kinds) == 1 else kinds
    schema = {f"c{place}": kind for place, kind in enumerate(kinds)}
    try:
        frame = pl.read_csv(io.BytesIO(content), has_header=False, schema=schema)
    except pl.exceptions.PolarsError as error:
        raise DataError(
            f"The rows of {table.name!r} are not what its columns say: {str(error).splitlines()[0]}.",
            "The table may have been altered while it was read: read it again.",
        ) from error
    return values_of(frame, table)


def lines_of(frame: pl.DataFrame, *, missing: str = "") -> bytes:
    """A frame as lines that go into a database: texts quoted, a missing value as `missing`, unquoted."""
    text = frame.write_csv(include_header=False, quote_style="non_numeric", line_terminator="\n", null_value=missing)
    return text.encode("utf-8")

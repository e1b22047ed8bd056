"""The columns of a table of texts that are not written: drawn first, or given."""

from __future__ import annotations

from typing import Any

import polars as pl

from trasunto.errors import SampleError
from trasunto.synthesizers.coded import CodedModel
from trasunto.synthesizers.condition import conform


def drawn_columns(
    attributes: CodedModel | None,
    rows: int,
    seed: tuple[int, int],
    given: Any = None,
    where: str | None = None,
    temperature: float = 1.0,
) -> pl.DataFrame | None:
    """Every column that is not written; None when there is none.

    seed: and the number of rows drawn before with it. SampleError for a negative count, and for what is given where
    there is nothing to give.
    """
    if rows < 0:
        raise SampleError(f"Cannot draw {rows} rows.", "Ask for 0 or more.")
    if attributes is None:
        if given is not None or where is not None:
            raise SampleError("This model writes text alone; nothing can be given.", "Leave `given` out.")
        return None
    others = attributes.schema.only.names
    if given is not None and where is None:
        fixed = conform(given, attributes.schema.only)
        if set(fixed.schema.names) == set(others) and len(fixed) == rows:
            return fixed.rows.select(others)
    made = attributes.sample(rows, seed=seed[0], given=given, where=where, temperature=temperature, first=seed[1])
    return made.rows

"""Identifiers inside the values of a column, counted by rows; and the places of all of them, for redaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from trasunto.privacy.names import named
from trasunto.privacy.recognize import Span, apart, recognised

# A place in a text counts from this confidence on.
SURE = 0.5
SHOWN = 3


@dataclass(frozen=True)
class Spot:
    """Identifiers of one kind in a column's texts: rows that hold any, mean confidence, why, first places."""

    rows: int
    confidence: float
    reason: str
    places: tuple[tuple[int, int, int], ...]


def spans_in(texts: pl.Series, *, kinds: Iterable[str] | None = None, least: float = SURE) -> list[Span]:
    """Places of identifiers and names of people in texts, none overlapping; row: place in `texts`.

    kinds: only these. least: the confidence that counts.
    """
    wanted = None if kinds is None else set(kinds)
    found = recognised(texts, None if wanted is None else wanted - {"person"})
    if wanted is None or "person" in wanted:
        found = apart([*found, *named(texts)])
    return [span for span in found if span.confidence >= least]


def in_text(values: pl.Series) -> dict[str, Spot]:
    """What stands inside the values, by kind, the most frequent first.

    Equal values are read once and counted as often as they stand.
    """
    indexed = pl.DataFrame({"text": values, "row": pl.int_range(len(values), eager=True)}).drop_nulls("text")
    distinct = indexed.group_by("text", maintain_order=True).agg(pl.len().alias("count"), pl.col("row").first())
    counts, rows = distinct["count"].to_list(), distinct["row"].to_list()
    gathered: dict[str, list[Span]] = {}
    for span in spans_in(distinct["text"]):
        gathered.setdefault(span.kind, []).append(span)
    spots: dict[str, Spot] = {}
    for kind, spans in sorted(gathered.items(), key=lambda each: -len(each[1])):
        held = {span.row for span in spans}
        sure = sum(span.confidence for span in spans) / len(spans)
        reason = "a name by its words and what stands around it" if kind == "person" else "by form, check and context"
        places = tuple((rows[span.row], span.start, span.end) for span in spans[:SHOWN])
        spots[kind] = Spot(sum(counts[row] for row in held), round(sure, 3), reason, places)
    return spots

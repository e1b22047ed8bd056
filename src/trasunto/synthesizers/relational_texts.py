"""Free text in related tables: apart from the rest when it is learnt or given, written when all else is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Schema
from trasunto.errors import SampleError
from trasunto.synthesizers.written_tables import Written


def bare_schema(schema: Schema, texts: Mapping[str, Written]) -> Schema:
    """The columns that are drawn: marks in the place of texts."""
    marks = {name: each.marks for name, each in texts.items()}
    return Schema({name: marks[name].schema(t) if name in marks else t for name, t in schema.tables.items()})


def apart(given: Any, texts: Mapping[str, Written], first: str | None) -> tuple[Any, dict[str, pl.DataFrame]]:
    """Given rows with marks in the place of texts, and the texts by table. first: the table that a frame is of."""
    if given is None or not texts:
        return given, {}
    frames: dict[str, Any] = {}
    if isinstance(given, Dataset):
        frames = {name: table.rows for name, table in given.tables.items()}
    elif isinstance(given, Mapping) and all(
        isinstance(each, Table | pl.DataFrame | Mapping) for each in given.values()
    ):
        frames = dict(given)
    elif first is not None:
        frames = {first: given}
    kept: dict[str, pl.DataFrame] = {}
    for name, frame in frames.items():
        if name not in texts:
            continue
        marks = texts[name].marks
        rows = frame.rows if isinstance(frame, Table) else pl.DataFrame(frame)
        there = [column for column in marks.names if column in rows.columns]
        if there:
            kept[name] = rows.select(pl.col(there).cast(pl.String))
            frames[name] = marks.marked(rows.with_columns(kept[name].get_columns()))
            if not frames[name].width:
                raise SampleError(
                    f"Of {name!r} nothing but texts is given, and how they go with the rest is not learnt.",
                    "Give other columns of the rows too.",
                )
    return frames, kept


def written(
    drawn: Dataset,
    schema: Schema,
    texts: Mapping[str, Written],
    kept: Mapping[str, pl.DataFrame],
    *,
    seed: tuple[int, int],
    temperature: float,
) -> Dataset:
    """Drawn tables with their texts. schema: of the whole tables. seed: and the rows drawn before with it."""
    tables = dict(drawn.tables)
    for number, (name, each) in enumerate(texts.items()):
        bare = drawn.tables[name]
        own = int(np.random.SeedSequence([*seed, 43, number]).generate_state(1)[0])
        there = kept.get(name)
        if there is not None:
            lost = [column for column in each.marks.names if column not in there.columns]
            there = there.with_columns(pl.Series(c, [None] * len(bare), dtype=pl.String) for c in lost)
        made = each.write(drawn, name, seed=own, temperature=temperature, kept=there)
        rows = bare.rows.with_columns(made.values())
        tables[name] = Table(schema.tables[name], rows.select(schema.tables[name].names))
    return Dataset(Schema({name: table.schema for name, table in tables.items()}), tables)

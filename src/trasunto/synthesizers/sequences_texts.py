"""Free text in events: apart from the rest when it is given, written when all else is drawn."""

from __future__ import annotations

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Schema
from trasunto.synthesizers.relational_texts import bare_schema, written
from trasunto.synthesizers.written_tables import Written


def given_texts(texts: Written | None, frame: pl.DataFrame | None) -> tuple[pl.DataFrame | None, pl.DataFrame | None]:
    """Given columns with marks in the place of texts, None when none is left; and the texts among them."""
    there = [name for name in texts.marks.names if name in frame.columns] if texts and frame is not None else []
    if texts is None or frame is None or not there:
        return frame, None
    said = frame.select(pl.col(there).cast(pl.String))
    marked = texts.marks.marked(frame.with_columns(said.get_columns()))
    return marked if marked.width else None, said


def begun_texts(
    texts: Written | None, events: pl.DataFrame, owner: np.ndarray, begun: np.ndarray
) -> pl.DataFrame | None:
    """(n,) the texts of events that are there already, which stand first of those of each entity.

    events: these, entity by entity and in order. owner: (n,) the entity of each row. begun: (entities,) how many of its
    rows are there.
    """
    if texts is None:
        return None
    start = np.searchsorted(owner, np.arange(len(begun)))
    there = np.arange(len(owner)) - start[owner] < begun[owner]
    at = np.zeros(len(owner), dtype=np.int64)
    at[there] = np.arange(len(events))
    values = pl.select(pl.when(pl.Series(there)).then(pl.Series(at))).to_series()
    return events.select(pl.col(texts.marks.names).gather(values))


def with_texts(
    schema: Schema,
    texts: Written | None,
    rows: pl.DataFrame,
    kept: pl.DataFrame | None,
    *,
    seed: tuple[int, int],
    temperature: float,
) -> Dataset:
    """Drawn events with their texts. kept: (n,) texts that are there; missing where one is to be written."""
    name = next(iter(schema.tables))
    if texts is None:
        return Dataset(schema, {name: Table(schema.only, rows)})
    by_table = {name: texts}
    drawn = Dataset.of(Table(bare_schema(schema, by_table).only, rows), name)
    there = {name: kept} if kept is not None else {}
    return written(drawn, schema, by_table, there, seed=seed, temperature=temperature)

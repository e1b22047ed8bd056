"""How a row model is asked for rows, given what is told of owners and their past.

Any model is asked through `sample`, with a table of what is given. A model of codes that restates nothing is asked for
codes directly: round after round of a few rows would else be spent on making and reading tables.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import polars as pl

from trasunto.data.dataset import Table
from trasunto.data.schema import TableSchema
from trasunto.encoders.codes import Codes, Levels, Steps, place_of
from trasunto.synthesizers.children_past import Told, beside, name_of, table_of
from trasunto.synthesizers.coded import CodedModel
from trasunto.synthesizers.joint import Evidence
from trasunto.synthesizers.model import Model


class RowModel:
    """A row model and the owners whose rows it draws. owners: (owners,) the columns that are told of them."""

    def __init__(self, model: Model, owners: Table, taken: frozenset[str]) -> None:
        # A row model that was learnt under a budget is told of less.
        self.asks = frozenset(model.schema.only.names)
        known = [name for name in owners.schema.names if name in self.asks]
        self.owners = Table(TableSchema(tuple(owners.schema[name] for name in known)), owners.rows.select(known))
        self.model, self.taken = model, taken
        self.plain = isinstance(model, CodedModel) and model.plan.same and not model.plan.rules and not model.codes.ids
        self.known: dict[str, np.ndarray] = {}

    def draw(
        self, who: np.ndarray, told: list[Told], *, seed: int, where: str | None, temperature: float
    ) -> pl.DataFrame:
        """(len(who),) rows of the row model's own columns."""
        told = [each for each in told if name_of(each, self.taken) in self.asks]
        if self.plain and where is None:
            return self._coded(who, told, seed, temperature)
        given = beside(self.owners.rows, who, table_of(told, self.taken).rows)
        made = self.model.sample(len(who), seed=seed, given=given, where=where, temperature=temperature)
        return made.rows

    def _coded(self, who: np.ndarray, told: list[Told], seed: int, temperature: float) -> pl.DataFrame:
        assert isinstance(self.model, CodedModel)
        rng = np.random.default_rng(seed)
        known = {name: codes[who] for name, codes in self._owners.items()}
        for each in told:
            name = name_of(each, self.taken)
            known[name] = self._codes(name, each)
        drawn = self.model.joint.draw(Evidence(len(who), known, {}, temperature), rng)
        return self._own.decode(drawn, rows=len(who), rng=rng).rows

    @cached_property
    def _owners(self) -> dict[str, np.ndarray]:
        """(owners,) codes of what is told of them."""
        assert isinstance(self.model, CodedModel)
        columns = self.model.codes.columns
        part = Codes(self.owners.schema, {name: columns[name] for name in self.owners.schema.names}, {})
        return part.encode(self.owners)

    @cached_property
    def _own(self) -> Codes:
        """The codes of the columns that are drawn."""
        assert isinstance(self.model, CodedModel)
        codes = self.model.codes
        schema = TableSchema(tuple(c for c in codes.schema.columns if c.role != "context"))
        return Codes(schema, {name: codes.columns[name] for name in schema.names}, {})

    def _codes(self, name: str, told: Told) -> np.ndarray:
        """(rows,) codes of what is told, -1 for what the row model does not know."""
        assert isinstance(self.model, CodedModel)
        codes = self.model.codes.columns[name]
        missing = np.isnan(told.values)
        filled = np.where(missing, 0.0, told.values)
        if isinstance(codes, Steps):
            found = place_of(filled, codes).astype(np.int32)
        else:
            at = self.known.get(name)
            if at is None:
                at = self.known[name] = _places(codes, told)
            found = at[filled.astype(np.int64)]
        null = (codes.size - 1) if codes.null else -1
        return np.where(missing, null, found).astype(np.int32)


def _places(codes: Levels, told: Told) -> np.ndarray:
    """The code of each published value of a column, -1 where the row model has none."""
    levels = told.form.levels if told.form is not None and told.form.levels is not None else ()
    places = {value: place for place, value in enumerate(codes.values)}
    return np.array([places.get(value, -1) for value in levels] or [-1], dtype=np.int32)

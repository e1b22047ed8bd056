"""Ordered rows that belong to an owner, drawn one after another: all first rows, then all second rows, and so on.

A held row synthesizer learns a wide table: what is known of the owner and of the rows so far (columns of role
"context", always given), and the row's own columns. Time is learnt first, then the values given the time, and first
rows apart from later ones. How columns are restated stands in children_forms.py, what is told of the past in
children_past.py. The chain rule over rows is that of autoregressive models of sequences (Zhang, Patki and
Veeramachaneni 2022, "Sequential Models in the Synthetic Data Vault"); the row model is whatever is held.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Schema, TableSchema
from trasunto.errors import FitError, ModelError, SampleError
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.checked import at_least
from trasunto.synthesizers.children_draw import Drawing, Wanted
from trasunto.synthesizers.children_forms import Forms, fit_forms
from trasunto.synthesizers.children_past import Past, known_columns
from trasunto.synthesizers.children_wide import kept, wide_tables
from trasunto.synthesizers.model import Model, Synthesizer, load_model


@dataclass(frozen=True)
class ChildrenSettings:
    """lags: rows before that are told one by one. most_rows: rows that the row model learns from; a random choice of
    more."""

    lags: int = 2
    most_rows: int = 300_000

    def __post_init__(self) -> None:
        at_least(self, {"lags": 1, "most_rows": 100})


@dataclass(frozen=True)
class Children:
    """A fitted model of ordered rows. models: by ("first" or "next", "time" or "values"), the row models."""

    schema: TableSchema
    context: TableSchema
    forms: Forms
    settings: ChildrenSettings
    models: Mapping[tuple[str, str], Model]
    fitted_to: int

    def draw(
        self,
        context: Table,
        counts: np.ndarray,
        *,
        seed: int,
        prefix: tuple[Table, np.ndarray] | None = None,
        where: str | None = None,
        temperature: float = 1.0,
        first: int = 0,
    ) -> tuple[Table, np.ndarray]:
        """Rows of owners, and the owner of each (a position in `context`): owner by owner, in order.

        context: the owners, with the columns that were known when learning. counts: (owners,) rows of each. prefix:
        rows that some owners already have, with the owner of each, sorted by owner and in order; they come back as
        they are and count. where: a condition on the columns of the rows that every drawn row meets. first: rows drawn
        before with the same seed, so that identifiers go on.
        Raises SampleError for counts that are negative or below the prefix, and for what no row can meet.
        """
        counts = np.asarray(counts, dtype=np.int64)
        self._check(context, counts, temperature)
        known = Table(self.context, context.rows.select(self.context.names))
        past = Past(self.forms, known, counts, self.settings.lags)
        wanted = Wanted(counts, seed, first, where, temperature)
        drawing = Drawing(self.schema, self.forms, self.models, past, wanted)
        if prefix is not None:
            drawing.begin(*prefix)
        for place in range(int(counts.max(initial=0))):
            drawing.round(place)
        return drawing.result()

    def save(self, folder: str | Path) -> None:
        """Write into a folder, which is made when it is not there; what holds this model writes it aside."""
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        document = {
            "version": 1,
            "schema": Schema({"rows": self.schema}).to_dict(),
            "context": Schema({"context": self.context}).to_dict(),
            "forms": self.forms.to_dict(),
            "settings": asdict(self.settings),
            "models": [list(key) for key in self.models],
            "fitted_to": self.fitted_to,
        }
        for key, model in self.models.items():
            model.save(place / "-".join(key))
        text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
        (place / "children.json").write_text(text, encoding="utf-8")

    def describe(self) -> dict[str, Any]:
        """Facts for the report, JSON values only."""
        return {
            "settings": asdict(self.settings),
            "fitted_to": self.fitted_to,
            "columns": {name: {"restated_as": form.how} for name, form in self.forms.forms.items()},
            "row_models": {"-".join(key): model.describe() for key, model in self.models.items()},
        }

    def _check(self, context: Table, counts: np.ndarray, temperature: float) -> None:
        if counts.shape != (len(context),):
            raise SampleError(f"{counts.shape} counts of rows for {len(context)} owners.", "Give one for each owner.")
        if (counts < 0).any():
            raise SampleError(f"An owner cannot have {int(counts.min())} rows.", "Ask for 0 or more.")
        if not temperature > 0:
            raise SampleError(f"The temperature is {temperature}; it must be above 0.", "1 draws what was learnt.")
        lost = [name for name in self.context.names if name not in context.schema]
        if lost:
            raise SampleError(f"The owners lack column {lost[0]!r}.", f"Give {', '.join(self.context.names)}.")
        if counts.any() and not self.models:
            raise SampleError("No rows were learnt, so that none can be drawn.", "Fit to owners that have rows.")


def fit_children(
    context: Table,
    events: Table,
    owner: np.ndarray,
    *,
    row: Synthesizer,
    seed: int,
    order: str | None = None,
    settings: ChildrenSettings | None = None,
    progress: Progress = quiet,
) -> Children:
    """Learn the rows that belong to owners.

    context: the owners, with whatever is known of each (any columns; ids and texts are passed over). events: (n,) the
    rows' own columns, owner by owner and in order; the rules of its schema may also speak of the owners' columns.
    owner: (n,) position in `context` of each, rising. order: the column (a date or a number, never falling within an
    owner) that rows are in order of; None when there is none. row: the row synthesizer to hold. Raises FitError for
    rows that are not in order, a missing place in the order, or free text.
    """
    chosen = settings or ChildrenSettings()
    owner = np.asarray(owner, dtype=np.int64)
    _learnable(context, events, owner, order)
    forms = fit_forms(context, events, owner, order)
    keep = kept(len(events), chosen.most_rows, seed)
    wide = wide_tables(context, events, owner, forms, chosen.lags, keep)
    models: dict[tuple[str, str], Model] = {}
    for step, (key, table) in enumerate(wide.items()):
        progress("fit rows", step, len(wide))
        number = int(np.random.SeedSequence([seed, step]).generate_state(1)[0])
        models[key] = row.fit(Dataset.of(table, "rows"), seed=number)
    progress("fit rows", len(wide), len(wide))
    return Children(forms.schema, _public(context.schema), forms, chosen, models, len(events))


def load_children(folder: str | Path) -> Children:
    """What `save` wrote. ModelError when it is not there or broken."""
    place = Path(folder)
    try:
        document = json.loads((place / "children.json").read_text(encoding="utf-8"))
        schema = Schema.from_dict(document["schema"]).only
        context = Schema.from_dict(document["context"]).only
        forms = Forms.of(document["forms"], schema, context)
        settings = ChildrenSettings(**document["settings"])
        keys = [(str(part), str(what)) for part, what in document["models"]]
        fitted_to = int(document["fitted_to"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"The model of rows in {place} is broken: {error!r}.", "Fit it again.") from error
    models = {key: load_model(place / "-".join(key)) for key in keys}
    return Children(schema, context, forms, settings, models, fitted_to)


def _learnable(context: Table, events: Table, owner: np.ndarray, order: str | None) -> None:
    """FitError for rows that cannot be learnt."""
    if len(owner) != len(events) or (len(owner) and not (owner.min() >= 0 and owner.max() < len(context))):
        raise FitError(f"{len(owner)} owners for {len(events)} rows.", "Give each row a position among the owners.")
    if (np.diff(owner) < 0).any():
        raise FitError("The rows do not stand owner by owner.", "Sort them by owner, then in order.")
    texts = events.schema.of_kind("text")
    if texts:
        raise FitError(
            f"Rows of free text cannot be drawn one after another, and column {texts[0].name!r} holds it.",
            "Drop the column, or declare it a category when its texts repeat.",
        )
    if order is None:
        return
    if events.schema[order].kind not in ("datetime", "integer", "number"):
        raise FitError(f"Rows cannot be in order of {order!r}, of kind {events.schema[order].kind}.", "Name a date.")
    values = events.rows[order]
    if values.null_count():
        raise FitError(f"{values.null_count()} rows have no place in the order of {order!r}.", "Fill or drop them.")
    falls = (values.diff() < pl.Series([0]).cast(values.diff().dtype)[0]).fill_null(False).to_numpy().copy()
    falls[1:] &= owner[1:] == owner[:-1]
    if falls[1:].any():
        raise FitError(
            f"Column {order!r} falls within an owner, at row {int(np.argmax(falls))}.", "Sort the rows by it."
        )


def _public(context: TableSchema) -> TableSchema:
    """The owners' columns that are told, without what was read from private rows."""
    columns = (c if c.declared else replace(c, bounds=None, categories=None) for c in known_columns(context))
    return TableSchema(tuple(columns))

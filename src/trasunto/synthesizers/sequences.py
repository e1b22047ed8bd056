"""`sequences`: the events of entities over time, drawn one after another by a held row synthesizer.

A table whose schema names a sequence (entity, order) is taken apart: what is constant within every entity, with the
number of its events, is one row of a table of entities, drawn first by the row synthesizer; the events follow, each
given the entity and the events before it (synthesizers/children.py). Entities get new names. Free text is written when
all else is drawn (synthesizers/written_tables.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trasunto import registry
from trasunto.data.dataset import Dataset, Table, held
from trasunto.data.expressions import parse
from trasunto.data.schema import Schema, TableSchema
from trasunto.encoders.ids import Ids
from trasunto.errors import ModelError, SampleError
from trasunto.privacy.budget import Budget, Guarantee
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.checked import at_least
from trasunto.synthesizers.children import Children, ChildrenSettings, fit_children, load_children
from trasunto.synthesizers.model import Model, Synthesizer, in_parts, load_model, read_document
from trasunto.synthesizers.private_relational import marginals_of
from trasunto.synthesizers.private_sequences import fit_entities
from trasunto.synthesizers.sequences_apart import require_sequence, taken_apart
from trasunto.synthesizers.sequences_texts import begun_texts, given_texts, with_texts
from trasunto.synthesizers.written_tables import TextSettings, Written, fit_written, marked
from trasunto.writing import aside

# How often the number of events of an entity is drawn anew when it has more already.
ROUNDS = 20


@dataclass(frozen=True)
class Sequences:
    """Settings.

    row: the row synthesizer that is held, by name. row_settings: its settings. lags: events before that each event is
    told one by one. most_rows: events that are learnt from; a random choice of more. text: the text synthesizer of
    columns of free text, by name. text_settings: its settings. static: columns that are constant within an entity, as a
    fit under a budget has to be told; () where none was named, and found in the events by any other fit.
    """

    row: str = "tree"
    row_settings: Mapping[str, Any] = field(default_factory=dict)
    lags: int = 2
    most_rows: int = 300_000
    text: str = "markov"
    text_settings: Mapping[str, Any] = field(default_factory=dict)
    static: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        at_least(self, {"lags": 1, "most_rows": 100})

    def fit(
        self, real: Dataset, *, seed: int, budget: Budget | None = None, progress: Progress = quiet
    ) -> SequencesModel:
        """Fit to one table with a sequence.

        budget: the unit is an entity with all its events (private_sequences.py); `row` has to be "marginals" then, and
        only it, its settings and `static` count. Raises FitError for a table without a sequence, for events without an
        entity or a place in the order, and for texts too few to learn from; BudgetError for a budget that cannot be
        kept.
        """
        row = registry.load("synthesizers", self.row)(**self.row_settings)
        if budget is not None:
            held_row = marginals_of(row, self.row)
            made = fit_entities(real, held_row, budget, self.static, seed=seed, progress=progress)
            parts = (made.entities, made.events, made.names, made.most)
            return SequencesModel(made.schema, "sequences", self, made.facts, *parts, guarantee=made.guarantee)
        return fit_sequences(
            real, "sequences", self, row, lags=self.lags, most_rows=self.most_rows, seed=seed, progress=progress
        )


def fit_sequences(
    real: Dataset,
    method: str,
    settings: Any,
    row: Synthesizer,
    *,
    lags: int,
    most_rows: int,
    seed: int,
    progress: Progress,
) -> SequencesModel:
    """Entities and events, each learnt by `row`. settings: of the method, that the model keeps; its text synthesizer
    among them."""
    require_sequence(real, method)
    bare, marks = marked(real)
    asked = TextSettings(settings.text, settings.text_settings)
    texts = fit_written(real, bare, marks, asked, seed=seed, progress=progress).get(real.name)
    apart = taken_apart(bare, method)
    entities = row.fit(Dataset.of(apart.entities, "entities"), seed=seed, progress=progress)
    events = fit_children(
        apart.known,
        apart.events,
        apart.owner,
        row=row,
        seed=seed,
        order=apart.order,
        settings=ChildrenSettings(lags, most_rows),
        progress=progress,
    )
    columns = tuple(c if c.declared else replace(c, bounds=None) for c in real.only.schema.columns)
    schema = Schema({real.name: replace(real.only.schema, columns=columns)})
    return SequencesModel(schema, method, settings, apart.facts(), entities, events, apart.names, apart.most, texts)


def load_sequences(folder: Path, settings: type) -> SequencesModel:
    """The model saved in a folder, with settings of this type. ModelError when broken."""
    document = read_document(folder)
    try:
        known = {key: tuple(v) if isinstance(v, list) else v for key, v in document["settings"].items()}
        chosen = settings(**known)
        schema = Schema.from_dict(document["schema"])
        names, facts, most = Ids.from_dict(document["names"]), document["facts"], int(document["most"])
        promised = Guarantee.from_dict(document["guarantee"]) if document.get("guarantee") else None
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"The model in {folder} is broken: {error!r}.", "Fit it again.") from error
    entities, events = load_model(folder / "entities"), load_children(folder / "events")
    texts = Written.load(folder / "texts") if (folder / "texts").is_dir() else None
    return SequencesModel(
        schema, document["synthesizer"], chosen, facts, entities, events, names, most, texts, promised
    )


@dataclass(frozen=True)
class SequencesModel:
    """A fitted model of sequences. static: columns that are constant within an entity. entities: the model of the
    entities. events: that of their events. names: how entities are named anew. most: events of the longest sequence
    that was learnt from. texts: what writes columns of free text, where there are any. guarantee: what a fit under a
    budget promises."""

    schema: Schema
    method: str
    settings: Any
    facts: Mapping[str, Any]
    entities: Model
    events: Children
    names: Ids
    most: int
    texts: Written | None = None
    guarantee: Guarantee | None = None

    @property
    def static(self) -> tuple[str, ...]:
        """Columns that are constant within an entity."""
        return tuple(self.facts["static"])

    @property
    def length(self) -> str:
        """The column of the entities that counts their events."""
        return str(self.facts["length"])

    def sample(
        self,
        rows: int,
        *,
        seed: int,
        given: Any = None,
        where: str | None = None,
        temperature: float = 1.0,
        first: int = 0,
    ) -> Dataset:
        """Draw `rows` entities (0 or more) with their events.

        given: a table of `rows` rows with static columns, one an entity; or events of `rows` entities, with the columns
        of entity and order: each goes on from there (see `go_on`). where: a condition; a part of it on static columns
        alone is met by entities, any other by every drawn event. temperature: below 1 likely values become likelier.
        first: entities drawn before with this seed, so that names go on.
        Raises SampleError for a negative count, and for what no entity can meet.
        """
        if rows < 0:
            raise SampleError(f"Cannot draw {rows} entities.", "Ask for 0 or more.")
        frame = self._given(given)
        entity, order = self._keys
        if frame is not None and order in frame.columns:
            begun = frame[entity].n_unique()
            if begun != rows:
                raise SampleError(f"Given events of {begun} entities for {rows} to draw.", f"Ask for {begun}.")
            return self.go_on(frame, seed=seed, where=where, temperature=temperature)
        if frame is not None and len(frame) != rows:
            raise SampleError(f"Given {len(frame)} rows for {rows} entities to draw.", "Give one for each.")
        ours, theirs = self._parted(where)
        frame, said = given_texts(self.texts, frame)
        drawn = self.entities.sample(
            rows, seed=seed, given=frame, where=ours, temperature=temperature, first=first
        ).rows
        named = self.names.make(rows, np.random.default_rng([seed, first]), first=first, key=seed)
        counts = drawn[self.length].to_numpy().astype(np.int64)
        made, owner = self._made(named, drawn, counts, seed, first, theirs, temperature)
        kept = said[owner.tolist()] if said is not None else None
        return with_texts(self.schema, self.texts, made, kept, seed=(seed, first), temperature=temperature)

    def go_on(
        self, events: Any, *, seed: int, where: str | None = None, temperature: float = 1.0, more: int | None = None
    ) -> Dataset:
        """The same events, and for each entity those that may come next.

        events: real first events of some entities (a dataset, frame or dict with the table's columns), which come back
        as they are, sorted by entity and order. more: how many events to add to each; None: as many as the model would
        give such an entity, with at least those that are there.
        """
        table = self._whole(events)
        bare = table if self.texts is None else table.with_table(self.texts.marks.table(table.only))
        apart = taken_apart(bare, self.method, static=self.static, length=self.length)
        begun = np.bincount(apart.owner, minlength=len(apart.known))
        static = apart.entities.rows.drop(self.length)
        _, theirs = self._parted(where)
        if more is not None:
            if more < 0:
                raise SampleError(f"Cannot add {more} events.", "Ask for 0 or more.")
            counts = begun + more
        else:
            counts = self._lengths(static, begun, seed, temperature)
        named = apart.identities
        drawn = static.with_columns(pl.Series(self.length, counts))
        made, owner = self._made(named, drawn, counts, seed, 0, theirs, temperature, (apart.events, apart.owner))
        kept = begun_texts(self.texts, table.rows[apart.sorted_rows.tolist()], owner, begun)
        return with_texts(self.schema, self.texts, made, kept, seed=(seed, 0), temperature=temperature)

    def batches(self, rows: int, *, seed: int, size: int) -> Iterator[Dataset]:
        """The same number of entities in parts of at most `size`, in constant memory. No name repeats."""
        yield from in_parts(self, rows, seed, size)

    def save(self, folder: str | Path) -> None:
        """Write the model into a folder, whole or not at all."""
        document = {
            "synthesizer": self.method,
            "version": 1,
            "settings": asdict(self.settings),
            "schema": self.schema.to_dict(),
            "facts": dict(self.facts),
            "names": self.names.to_dict(),
            "most": self.most,
            "guarantee": self.guarantee.to_dict() if self.guarantee else None,
        }
        with aside(folder, folder=True) as place:
            self.entities.save(place / "entities")
            self.events.save(place / "events")
            if self.texts is not None:
                self.texts.save(place / "texts")
            text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
            (place / "model.json").write_text(text, encoding="utf-8")

    @staticmethod
    def load(folder: Path) -> SequencesModel:
        """What `save` wrote. ModelError when broken."""
        return load_sequences(folder, Sequences)

    def describe(self) -> dict[str, Any]:
        return {
            "settings": asdict(self.settings),
            "method": "Entities, then their events one after another, by a row synthesizer.",
            "fitted_to": self.events.fitted_to,
            **self.facts,
            **({"guarantee": self.guarantee.to_dict()} if self.guarantee else {}),
            "entities_model": self.entities.describe(),
            "events_model": self.events.describe(),
            "texts": self.texts.describe() if self.texts is not None else [],
        }

    @property
    def _drawn(self) -> TableSchema:
        """The columns that are drawn, marks in the place of texts."""
        schema = self.schema.only
        return schema if self.texts is None else self.texts.marks.schema(schema)

    @property
    def _keys(self) -> tuple[str, str]:
        sequence = self.schema.only.sequence
        assert sequence is not None
        return sequence

    def _given(self, given: Any) -> pl.DataFrame | None:
        if given is None:
            return None
        return given.rows if isinstance(given, Dataset | Table) else pl.DataFrame(given)

    def _whole(self, events: Any) -> Dataset:
        """Given events as a table of the model's schema. SampleError for what does not fit."""
        frame, schema = self._given(events), self.schema.only
        assert frame is not None
        lost = [name for name in schema.names if name not in frame.columns]
        if lost:
            raise SampleError(f"The events to go on from lack column {lost[0]!r}.", f"Give {', '.join(schema.names)}.")
        try:
            cast = [frame[c.name].cast(held(c, frame[c.name].dtype)) for c in schema.columns]
        except pl.exceptions.PolarsError as error:
            told = str(error).partition(chr(10))[0]
            raise SampleError(f"The given events do not fit their columns: {told}.") from error
        return Dataset.of(Table(schema, pl.DataFrame(cast)), next(iter(self.schema.tables)))

    def _parted(self, where: str | None) -> tuple[str | None, str | None]:
        """A condition as what holds of entities and what holds of events."""
        if not where:
            return None, None
        schema = self._drawn
        whole = parse(where, schema)
        static = set(self.static)
        ours = [part for part in whole.parts if set(parse(part, schema).columns) <= static]
        theirs = [part for part in whole.parts if part not in ours]
        strange = next((part for part in theirs if self._keys[0] in parse(part, schema).columns), None)
        if strange is not None:
            raise SampleError(
                f"The condition {strange!r} names an entity, and entities are new.", "Ask of other columns."
            )
        return tuple(" and ".join(f"({part})" for part in parts) or None for parts in (ours, theirs))  # type: ignore[return-value]

    def _lengths(self, static: pl.DataFrame, begun: np.ndarray, seed: int, temperature: float) -> np.ndarray:
        """(entities,) a number of events for each that has begun: drawn anew while it has more already."""
        counts = np.zeros(len(begun), dtype=np.int64)
        waiting = np.arange(len(begun))
        for turn in range(ROUNDS):
            if not waiting.size:
                break
            given = static[waiting] if static.width else None
            drawn = self.entities.sample(len(waiting), seed=seed + turn, given=given, temperature=temperature).rows
            counts[waiting] = drawn[self.length].to_numpy()
            waiting = np.flatnonzero(counts < begun)
        return np.maximum(counts, begun)

    def _made(
        self,
        named: pl.Series,
        entities: pl.DataFrame,
        counts: np.ndarray,
        seed: int,
        first: int,
        where: str | None,
        temperature: float,
        prefix: tuple[Table, np.ndarray] | None = None,
    ) -> tuple[pl.DataFrame, np.ndarray]:
        """The rows of entities and their events, texts aside, and the entity of each."""
        schema = self._drawn
        entity = self._keys[0]
        columns = tuple(c for c in schema.columns if c.name in self.static)
        known = Table(
            replace(self.events.context, columns=(schema[entity], *columns)),
            pl.DataFrame([named.alias(entity), *(entities[c.name] for c in columns)]),
        )
        events, owner = self.events.draw(
            known,
            counts,
            seed=seed,
            prefix=prefix,
            where=where,
            temperature=temperature,
            first=first * self.most if prefix is None else 0,
        )
        spread = known.rows[owner]
        rows = spread.hstack(events.rows).select(schema.names)
        return rows.with_columns(pl.col(c.name).cast(held(c, rows[c.name].dtype)) for c in schema.columns), owner

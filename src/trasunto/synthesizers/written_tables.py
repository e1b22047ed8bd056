"""Free text in related tables and in events: everything else of a row is drawn first, then its texts are written to it.

Each table has a text synthesizer of its own, which is told what the row's other columns, the rows it refers to and, of
events, the one before say of its words (synthesizers/written_about.py). What is constant within an entity is written
once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trasunto import registry
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.errors import FitError, ModelError, SampleError
from trasunto.language.layouts import SAID
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.model import Model, Synthesizer, load_model
from trasunto.synthesizers.written_about import About, fit_about, told_of
from trasunto.synthesizers.written_marks import LEAST, Marks, fit_marks

# Methods that tie a text to all that they are told: the other texts of a row and its other columns. Any other writes
# each text by itself, to what it is about.
READS = ("lm-finetune",)
# Texts written in one go: a method that never writes one twice has more to choose from in real tables of that size.
LEAST_AT_ONCE = 500
# How often a row is written again when one of its texts did not come.
ROUNDS = 5


@dataclass(frozen=True)
class TextSettings:
    """text: the text synthesizer, by name. settings: its settings."""

    text: str = "markov"
    settings: Mapping[str, Any] = field(default_factory=dict)

    def synthesizer(self) -> Synthesizer:
        """Raises UnknownNameError for a method that there is not."""
        made: Synthesizer = registry.load("synthesizers", self.text)(**self.settings)
        return made


@dataclass(frozen=True)
class Group:
    """Texts of a row that are written together. texts: their columns. once: whether an entity has one for all its
    events. label: the column of `about`, beside `told`, the columns that are handed over. model: None where no row has
    a text to be written. learnt: texts it was fitted to."""

    texts: tuple[str, ...]
    once: bool
    about: About
    label: str
    told: tuple[str, ...]
    model: Model
    learnt: int


@dataclass(frozen=True)
class Written:
    """The texts of one table. entity: of events, the column that says whose they are."""

    marks: Marks
    groups: tuple[Group, ...]
    entity: str | None

    def write(
        self, dataset: Dataset, name: str, *, seed: int, temperature: float, kept: pl.DataFrame | None = None
    ) -> dict[str, pl.Series]:
        """The text columns of a drawn table, in which marks stand for them.

        dataset: all tables that it refers to. kept: (n,) texts that are there already, missing where none is.
        SampleError when too few texts can be written.
        """
        bare = dataset.tables[name].rows
        made = {each: self.marks.said(each, bare) for each in self.marks.names}
        waiting = {each: self.marks.waiting(each, bare) for each in self.marks.names}
        for each in self.marks.names if kept is not None else ():
            assert kept is not None
            made[each] = pl.select(pl.coalesce(kept[each], made[each]).alias(each)).to_series()
        told = told_of(dataset, name) if self.groups else None
        for number, group in enumerate(self.groups):
            assert told is not None
            own = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
            once = _places(bare, self.entity) if group.once and self.entity else None
            for each in group.texts:
                if once is not None:
                    # What the first event of an entity has, all have.
                    made[each] = made[each].gather(once[0]).gather(once[1])
                waiting[each] = waiting[each] & made[each].is_null()
            new = _texts(group, told, waiting, once, (own, temperature))
            for each in group.texts:
                made[each] = pl.select(pl.coalesce(made[each], new[each]).alias(each)).to_series()
                lost = int((waiting[each] & made[each].is_null()).sum())
                if lost:
                    raise SampleError(
                        f"{lost} rows of {name!r} are left without {each!r}.", "Fit with more texts, or draw fewer."
                    )
        return made

    def save(self, folder: Path) -> None:
        """Write into a folder, which is made; what holds these writes it aside."""
        folder.mkdir(parents=True, exist_ok=True)
        groups = [
            {
                "texts": list(group.texts),
                "once": group.once,
                "about": group.about.to_dict(),
                "label": group.label,
                "told": list(group.told),
                "learnt": group.learnt,
            }
            for group in self.groups
        ]
        for number, group in enumerate(self.groups):
            group.model.save(folder / f"texts-{number}")
        document = {"version": 1, "marks": self.marks.to_dict(), "groups": groups, "entity": self.entity}
        text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
        (folder / "texts.json").write_text(text, encoding="utf-8")

    @staticmethod
    def load(folder: Path) -> Written:
        """What `save` wrote. ModelError when broken."""
        try:
            document = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
            groups = [
                (tuple(g["texts"]), bool(g["once"]), About.from_dict(g["about"]), g["label"], tuple(g["told"]), g)
                for g in document["groups"]
            ]
            marks, entity = Marks.from_dict(document["marks"]), document["entity"]
            learnt = [int(each["learnt"]) for *_, each in groups]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"The texts in {folder} are broken: {error!r}.", "Fit it again.") from error
        models = [load_model(folder / f"texts-{number}") for number in range(len(groups))]
        made = (Group(*each[:5], model, n) for each, model, n in zip(groups, models, learnt, strict=True))
        return Written(marks, tuple(made), entity)

    def describe(self) -> list[dict[str, Any]]:
        """Facts for the report, JSON values only."""
        return [
            {
                "texts": list(group.texts),
                "written_to": list(group.about.columns),
                "labels": len(group.about.labels),
                "told": list(group.told),
                "once_an_entity": group.once,
                "learnt_from": group.learnt,
                "stock_phrases": sum(len(self.marks.phrases[each]) for each in group.texts),
                "model": group.model.describe(),
            }
            for group in self.groups
        ]


def marked(real: Dataset) -> tuple[Dataset, dict[str, Marks]]:
    """The dataset with marks in the place of texts, and these by table. FitError for too few texts to learn from."""
    found = {}
    for name, table in real.tables.items():
        marks = None if table.schema.copied else fit_marks(table, name)
        if marks is not None:
            found[name] = marks
    if not found:
        return real, {}
    tables = {name: found[name].table(each) if name in found else each for name, each in real.tables.items()}
    return Dataset.holding(tables), found


def fit_written(
    real: Dataset,
    bare: Dataset,
    marks: Mapping[str, Marks],
    settings: TextSettings,
    *,
    seed: int,
    progress: Progress = quiet,
) -> dict[str, Written]:
    """Learn the texts of all tables. bare: as `marked` gives it with `marks`. Raises what the text synthesizer does."""
    found = {}
    for number, (name, each) in enumerate(marks.items()):
        progress("fit texts", number, len(marks))
        own = int(np.random.SeedSequence([seed, 41, number]).generate_state(1)[0])
        found[name] = _fitted(real, bare, name, each, settings, own)
    if marks:
        progress("fit texts", len(marks), len(marks))
    return found


def _fitted(real: Dataset, bare: Dataset, name: str, marks: Marks, settings: TextSettings, seed: int) -> Written:
    table = real.tables[name]
    told = told_of(bare, name)
    tellable = [c for c in told.schema.columns if c.name not in marks.names]
    told = Table(TableSchema(tuple(tellable)), told.rows.select(c.name for c in tellable))
    sequence = table.schema.sequence
    entity = sequence[0] if sequence else None
    groups: list[Group] = []
    for texts, once in _together(table, marks, entity, settings.text in READS):
        rows, known = table.rows, told
        if once and entity is not None:
            first = _places(rows, entity)[0].to_list()
            names = [c.name for c in told.schema.columns if _constant(told.rows[c.name], rows[entity])]
            constant = TableSchema(tuple(told.schema[each] for each in names))
            rows, known = rows[first], Table(constant, told.rows.select(names)[first])
        # Phrases are told again: nothing is learnt from them.
        stock = [pl.col(t).is_in(list(marks.phrases[t])) for t in texts]
        said = [pl.col(t).str.contains(SAID).fill_null(False) for t in texts]
        there = rows.select(pl.all_horizontal(said) & ~pl.all_horizontal(stock).fill_null(False)).to_series()
        if there.sum() < LEAST:
            raise FitError(
                f"{name}: {int(there.sum())} rows have {' and '.join(texts)}; {LEAST} are the least to learn from.",
                "Drop the column, or declare it a category.",
            )
        columns = tuple(table.schema[each] for each in texts)
        kept = np.flatnonzero(there.to_numpy()).tolist()
        known = Table(known.schema, known.rows[kept] if known.schema.columns else known.rows)
        groups.append(_group(name, columns, once, rows[kept], known, settings, seed + len(groups)))
    return Written(marks, tuple(groups), entity)


def _group(
    name: str,
    columns: tuple[Column, ...],
    once: bool,
    rows: pl.DataFrame,
    known: Table,
    settings: TextSettings,
    seed: int,
) -> Group:
    names = tuple(column.name for column in columns)
    whole = rows.select(pl.concat_str(names, separator="\n")).to_series().to_list()
    about = fit_about(whole, known, seed)
    label = "about"
    while label in names or label in known.schema:
        label += "'"
    others = [c for c in known.schema.columns if c.name not in about.columns and c.name not in names]
    told = tuple(c.name for c in others if not c.name.startswith("before: ")) if settings.text in READS else ()
    handed = _handed(about, label, told, known)
    frame = pl.DataFrame([*handed.get_columns(), *rows.select(names).get_columns()])
    labels = (Column(label, "category", True, "label"),) if about.columns else ()
    schema = TableSchema((*labels, *(known.schema[each] for each in told), *columns))
    model = settings.synthesizer().fit(Dataset.of(Table(schema, frame.select(schema.names)), name), seed=seed)
    return Group(names, once, about, label, told, model, len(rows))


def _together(table: Table, marks: Marks, entity: str | None, reads: bool) -> list[tuple[tuple[str, ...], bool]]:
    """Text columns that are written together, and whether an entity has one for all its events: all of a row, when most
    rows with a text have every one; else each by itself. Those that hold phrases alone are not written. reads: whether
    the method ties texts to each other."""
    written = [c.name for c in marks.texts if _waits(table, marks, c.name)]
    once = [each for each in written if entity is not None and _constant(table.rows[each], table.rows[entity])]
    found: list[tuple[tuple[str, ...], bool]] = []
    for names, constant in ((once, True), ([each for each in written if each not in once], False)):
        there = table.rows.select(pl.col(names).str.contains(SAID).fill_null(False)) if names else pl.DataFrame()
        whole = there.select(pl.all_horizontal(pl.all())).to_series().sum() if names else 0
        some = there.select(pl.any_horizontal(pl.all())).to_series().sum() if names else 0
        if reads and len(names) > 1 and whole >= LEAST and whole * 2 >= some:
            found.append((tuple(names), constant))
        else:
            found += [((each,), constant) for each in names]
    return found


def _waits(table: Table, marks: Marks, name: str) -> bool:
    if name not in marks.drawn:
        return len(table) > 0
    return bool(marks.waiting(name, marks.table(table).rows).any())


def _texts(
    group: Group,
    told: Table,
    waiting: Mapping[str, pl.Series],
    once: tuple[pl.Series, pl.Series] | None,
    asked: tuple[int, float],
) -> dict[str, pl.Series]:
    """(n,) by column, the texts of a group; missing where none is wanted. once: see `_places`."""
    seed, temperature = asked
    wants = np.logical_or.reduce([waiting[each].to_numpy() for each in group.texts])
    places = np.flatnonzero(wants)
    if once is not None:
        first, of = (each.to_numpy() for each in once)
        # An entity whose first event has its text waits for none.
        places = first[wants[first]]
    handed = _handed(group.about, group.label, group.told, told)
    found: dict[str, list[str | None]] = {each: [None] * len(wants) for each in group.texts}
    for number in range(ROUNDS):
        if not len(places):
            break
        part = handed[places.tolist()] if handed.width else None
        for at, texts in zip(
            places.tolist(), _drawn(group, part, len(places), (seed, number), temperature), strict=True
        ):
            for each, text in zip(group.texts, texts, strict=True):
                found[each][at] = text
        lacks = [at for at in places.tolist() if any(waiting[t][at] and found[t][at] is None for t in group.texts)]
        places = np.array(lacks, dtype=np.int64)
    made = {each: pl.Series(each, values, dtype=pl.String) for each, values in found.items()}
    if once is None:
        return made
    return {each: values.gather(first[of].tolist()) for each, values in made.items()}


def _drawn(
    group: Group, handed: pl.DataFrame | None, rows: int, seeds: tuple[int, int], temperature: float
) -> Sequence[tuple[str | None, ...]]:
    """The texts of each row, in parts about as large as what was learnt from."""
    size = max(group.learnt, LEAST_AT_ONCE)
    found: list[tuple[str | None, ...]] = []
    for start in range(0, rows, size):
        count = min(size, rows - start)
        own = int(np.random.SeedSequence([*seeds, start]).generate_state(1)[0])
        given = handed[start : start + count] if handed is not None else None
        made = group.model.sample(count, seed=own, given=given, temperature=temperature).rows
        if made.height < count:
            # Ctrl-C ended the writing: rows without their texts are not what was asked for.
            raise KeyboardInterrupt
        found += made.select(group.texts).rows()
    return found


def _handed(about: About, label: str, names: Sequence[str], told: Table) -> pl.DataFrame:
    """What the text synthesizer is told of each row."""
    series = [about.of(told).alias(label)] if about.columns else []
    return pl.DataFrame([*series, *(told.rows[name] for name in names)])


def _places(rows: pl.DataFrame, entity: str) -> tuple[pl.Series, pl.Series]:
    """(entities,) the first row of each, in the order met; (n,) which of them each row is of."""
    met = rows.select(pl.col(entity), pl.int_range(pl.len()).alias("\x1eat"))
    first = met.group_by(entity, maintain_order=True).agg(pl.col("\x1eat").first()).with_row_index("\x1eof")
    of = met.join(first.select(entity, "\x1eof"), on=entity, how="left", nulls_equal=True, maintain_order="left")
    return first["\x1eat"], of["\x1eof"].cast(pl.Int64)


def _constant(values: pl.Series, entity: pl.Series) -> bool:
    """Whether a column never changes within an entity of two events or more, of which there are some."""
    frame = pl.DataFrame({"entity": entity, "value": values}).group_by("entity")
    counts = frame.agg(pl.len().alias("rows"), pl.col("value").n_unique().alias("values"))
    return bool((counts["rows"] > 1).any() and counts["values"].max() == 1)

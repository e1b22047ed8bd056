"""`relational`: related tables, degrees first, then children by a conditional chain.

Every table is learnt by a held row synthesizer on a wide table: what is known of the parent, of what is above it and of
its other children, the columns of the row, and how many children it has itself (degrees first, as in Ketata et al.
2025, "Joint Relational Database Generation via Graph-Conditional Diffusion Models"). The children of one parent are
drawn one after another (synthesizers/children.py). One key of a table makes its rows; a row's other parents are drawn
as cells and then matched, as often as each parent's drawn degree says (clusters of parents: Pang et al. 2024,
"ClavaDDPM"). Keys are made anew and every reference resolves. Free text is written when all else is drawn.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trasunto import executors, registry
from trasunto.data.dataset import Dataset, Table
from trasunto.data.relations import require_related
from trasunto.data.schema import Schema, TableSchema
from trasunto.errors import EmptyDataError, ModelError, RecipeError, SampleError, near
from trasunto.privacy.budget import Budget, Guarantee
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.children import Children, ChildrenSettings, fit_children, load_children
from trasunto.synthesizers.model import Model, Synthesizer, load_model, read_document
from trasunto.synthesizers.private_relational import fit_families, marginals_of
from trasunto.synthesizers.relational_asked import wanted_of
from trasunto.synthesizers.relational_draw import Drawing
from trasunto.synthesizers.relational_keys import Keys
from trasunto.synthesizers.relational_learn import Job, jobs_of
from trasunto.synthesizers.relational_parts import Part
from trasunto.synthesizers.relational_plan import Plan, plan_of
from trasunto.synthesizers.relational_texts import apart, bare_schema, written
from trasunto.synthesizers.written_tables import TextSettings, Written, fit_written, marked
from trasunto.writing import aside


@dataclass(frozen=True)
class Relational:
    """Settings.

    row: the row synthesizer that is held, by name. row_settings: its settings. keys: "again" for primary keys of whole
    numbers that begin where the real ones do, "continue" for keys after the real ones. lags: earlier rows of the same
    parent that each row is told one by one. most_rows: rows that a child table is learnt from; a random choice of more.
    text: the text synthesizer of columns of free text, by name. text_settings: its settings.
    """

    row: str = "tree"
    row_settings: Mapping[str, Any] = field(default_factory=dict)
    keys: Keys = "again"
    lags: int = 2
    most_rows: int = 300_000
    text: str = "markov"
    text_settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.keys not in ("again", "continue"):
            raise RecipeError(f"keys is {self.keys!r}.", near(str(self.keys), ("again", "continue")))

    def fit(
        self, real: Dataset, *, seed: int, budget: Budget | None = None, progress: Progress = quiet
    ) -> RelationalModel:
        """Fit to related tables.

        budget: the unit is a family, a row of the root with all that hangs from it (private_relational.py); `row` has
        to be "marginals" then, and only it and its settings count. Raises, before any long work: BudgetError for a
        budget that cannot be kept; SchemaError for one table alone, a cycle of keys that may not be missing, a
        reference to what is no key; BreachError for references to rows that are not there; EmptyDataError for a table
        without rows; FitError for texts too few to learn from.
        """
        row = registry.load("synthesizers", self.row)(**self.row_settings)
        require_related(real)
        if budget is not None:
            held = marginals_of(row, self.row)
            made = fit_families(real, held, budget, seed=seed, progress=progress)
            return RelationalModel(made.schema, self, made.parts, made.copied, made.sizes, guarantee=made.guarantee)
        _require_rows(real)
        whole, (real, marks) = real, marked(real)
        plan = plan_of(real)
        jobs = jobs_of(real, plan, self.keys, seed)
        asked = TextSettings(self.text, self.text_settings)
        texts = fit_written(whole, real, marks, asked, seed=seed, progress=progress)
        shared = (row, ChildrenSettings(self.lags, self.most_rows), seed)
        numbered = list(enumerate(jobs))
        parts = []
        for done, model in enumerate(executors.current().map(_fitted, numbered, shared=shared)):
            parts.append(replace(jobs[done].part, model=model))
            progress("fit tables", done + 1, len(jobs))
        copied = {name: real.tables[name] for name in plan.copied}
        return RelationalModel(_public(whole.schema, plan), self, tuple(parts), copied, _sizes(real), texts)


def _fitted(numbered: tuple[int, Job], shared: tuple[Synthesizer, ChildrenSettings, int]) -> Model | Children | None:
    """The row model of one unit. Stands at the top of the module, so that a process elsewhere can find it."""
    (number, job), (row, settings, seed) = numbered, shared
    if not job.rows.schema.columns or not len(job.rows):
        return None
    own = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    if job.context is None or job.owner is None:
        return row.fit(Dataset.of(job.rows, job.part.unit.name), seed=own)
    return fit_children(job.context, job.rows, job.owner, row=row, seed=own, order=job.part.order, settings=settings)


@dataclass(frozen=True)
class RelationalModel:
    """A fitted model of related tables. parts: by unit. copied: tables as they are. sizes: rows of the real ones.
    texts: by table, what writes its columns of free text."""

    schema: Schema
    settings: Relational
    parts: tuple[Part, ...]
    copied: Mapping[str, Table]
    sizes: Mapping[str, int]
    texts: Mapping[str, Written] = field(default_factory=dict)
    guarantee: Guarantee | None = None

    @property
    def plan(self) -> Plan:
        drawn = bare_schema(self.schema, self.texts)
        return Plan(drawn, tuple(part.unit for part in self.parts), tuple(self.copied))

    def sample(
        self,
        rows: int | Mapping[str, int] | None = None,
        *,
        seed: int,
        given: Any = None,
        where: str | Mapping[str, str] | None = None,
        temperature: float = 1.0,
        first: int = 0,
    ) -> Dataset:
        """Draw all tables.

        rows: None for as many rows of the root tables as the real ones have; a number of rows of the first root, other
        roots in proportion; or by table, exactly so many rows. given: rows of a root table (a frame), or by root table,
        whose values and keys are kept and whose children are drawn; columns that are left out are drawn to fit. where:
        a condition on the first root, or by table, that every row of the table meets. temperature: below 1 likely
        values become likelier. first: rows of the first root drawn before with this seed, so that keys go on.
        Raises SampleError for what no tables can meet, SchemaError for a condition that cannot be read.
        """
        if not temperature > 0:
            raise SampleError(f"The temperature is {temperature}; it must be above 0.", "1 draws what was learnt.")
        by_name = {part.unit.name: part for part in self.parts}
        plan = self.plan
        given, kept = apart(given, self.texts, next((u.name for u in plan.units if u.generating is None), None))
        wanted = wanted_of(plan, by_name, self.sizes, rows, given, where)
        wanted = replace(wanted, seed=seed, first=first, temperature=temperature)
        drawn = Drawing(plan, by_name, self.copied, wanted).draw()
        if not self.texts:
            return drawn
        return written(drawn, self.schema, self.texts, kept, seed=(seed, first), temperature=temperature)

    def batches(self, rows: int, *, seed: int, size: int) -> Iterator[Dataset]:
        """The same number of rows of the first root in parts of at most `size`; no key repeats. Copied tables come with
        the first part."""
        if size < 1:
            raise SampleError(f"Cannot draw parts of {size} rows.", "Ask for 1 or more.")
        for start in range(0, rows, size):
            part = self.sample(min(size, rows - start), seed=seed, first=start)
            if start:
                emptied = {name: table.take([]) for name, table in self.copied.items()}
                part = Dataset(part.schema, {**part.tables, **emptied})
            yield part

    def save(self, folder: str | Path) -> None:
        """Write the model into a folder, whole or not at all."""
        document = {
            "synthesizer": "relational",
            "version": 1,
            "settings": asdict(self.settings),
            "schema": self.schema.to_dict(),
            "sizes": dict(self.sizes),
            "parts": [part.to_dict(self.schema) for part in self.parts],
            "copied": list(self.copied),
            "guarantee": self.guarantee.to_dict() if self.guarantee else None,
            "texts": list(self.texts),
        }
        with aside(folder, folder=True) as place:
            for number, part in enumerate(self.parts):
                if part.model is not None:
                    part.model.save(place / f"part-{number}")
            for name, table in self.copied.items():
                table.rows.write_parquet(place / f"copied-{list(self.copied).index(name)}.parquet")
            for number, each in enumerate(self.texts.values()):
                each.save(place / f"written-{number}")
            text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
            (place / "model.json").write_text(text, encoding="utf-8")

    @staticmethod
    def load(folder: Path) -> RelationalModel:
        """What `save` wrote. ModelError when broken."""
        document = read_document(folder)
        try:
            schema = Schema.from_dict(document["schema"])
            settings = Relational(**document["settings"])
            parts = []
            for number, each in enumerate(document["parts"]):
                place = folder / f"part-{number}"
                model: Model | Children | None = None
                if each["model"] is not None:
                    model = load_children(place) if each["model"] == "children" else load_model(place)
                parts.append(Part.from_dict(each, schema, model))
            copied = {
                name: Table(schema.tables[name], pl.read_parquet(folder / f"copied-{number}.parquet"))
                for number, name in enumerate(document["copied"])
            }
            texts = {name: Written.load(folder / f"written-{n}") for n, name in enumerate(document.get("texts", ()))}
            promised = Guarantee.from_dict(document["guarantee"]) if document.get("guarantee") else None
            return RelationalModel(schema, settings, tuple(parts), copied, document["sizes"], texts, promised)
        except (KeyError, TypeError, ValueError, IndexError, OSError) as error:
            raise ModelError(f"The model in {folder} is broken: {error!r}.", "Fit it again.") from error

    def describe(self) -> dict[str, Any]:
        return {
            "method": "Degrees first, then children one after another by a row synthesizer; other parents are matched.",
            "source": "Ketata et al. 2025; Pang et al. 2024",
            "settings": asdict(self.settings),
            "fitted_to": sum(self.sizes.values()),
            "tables": {part.unit.name: _told(part) for part in self.parts},
            "copied": {name: len(table) for name, table in self.copied.items()},
            **({"guarantee": self.guarantee.to_dict()} if self.guarantee else {}),
            "texts": {name: each.describe() for name, each in self.texts.items()},
        }


def _told(part: Part) -> dict[str, Any]:
    """What a report says of a unit."""
    unit = part.unit
    told: dict[str, Any] = {
        "rows": part.rows,
        "hangs_from": str(unit.generating) if unit.generating else None,
        "why": unit.why,
        "learnt_with_it": [link.parent for link in unit.folded],
        "children": {d.name: {"least": d.least, "most": d.most} for d in part.degrees.values()},
        "matched": {
            str(link): {
                "cells": len(label.cells.centers) if label.cells else 0,
                "same_as": [" → ".join(map(str, path)) for path in label.same],
            }
            for link, label in part.labels.items()
        },
        "held": [f"{each.path[-1].parent}.{each.source} {each.op} {each.column}" for each in part.carried],
        "order": part.order,
    }
    if part.model is not None:
        told["row_model"] = part.model.describe()
    return told


def _require_rows(real: Dataset) -> None:
    empty = [name for name, table in real.tables.items() if not len(table)]
    if empty:
        raise EmptyDataError(f"Table {empty[0]!r} has no rows.", "Give at least one, or leave the table out.")


def _sizes(real: Dataset) -> dict[str, int]:
    return {name: len(table) for name, table in real.tables.items()}


def _public(schema: Schema, plan: Plan) -> Schema:
    """The schema without what was read from private rows."""

    def public(name: str, table: TableSchema) -> TableSchema:
        if name in plan.copied:
            return table
        columns = tuple(c if c.declared else replace(c, bounds=None) for c in table.columns)
        return replace(table, columns=columns)

    return Schema({name: public(name, table) for name, table in schema.tables.items()})

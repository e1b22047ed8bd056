"""`rules`: rows from a document of rules alone. Nothing is learned, no real data is read.

See `trasunto make --example` for a document, rules/document.py for how it is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Schema
from trasunto.errors import FitError, ModelError, SampleError, TrasuntoError
from trasunto.privacy.budget import Budget, Guarantee
from trasunto.progress import Progress, quiet
from trasunto.rules.document import read_rules
from trasunto.rules.draws import BLOCK
from trasunto.rules.plan import Plan
from trasunto.rules.stream import keep_freed_memory, write_rows
from trasunto.rules.wished import wished
from trasunto.synthesizers.condition import conform
from trasunto.synthesizers.model import read_document
from trasunto.writing import aside


@dataclass(frozen=True)
class Rules:
    """No settings: what is made is said by the document, given to `Rules.of`."""

    def fit(self, real: Dataset, *, seed: int, budget: Budget | None = None, progress: Progress = quiet) -> RulesModel:
        """FitError always: there is nothing to fit."""
        raise FitError("rules learns nothing from data.", "Use Rules.of(document), or `trasunto make RULES.yaml`.")

    @staticmethod
    def of(document: Any) -> RulesModel:
        """The model of a document (a plain dictionary, as YAML or JSON gives it). RecipeError for a faulty one."""
        kept = plain(document) if isinstance(document, Mapping) else document
        return RulesModel(kept, read_rules(kept))


@dataclass(frozen=True)
class RulesModel:
    """A checked document. Row i of a seed is the same however many rows are drawn, and in whatever parts."""

    document: dict[str, Any]
    plan: Plan = field(repr=False)

    @property
    def schema(self) -> Schema:
        return self.plan.schema

    @property
    def guarantee(self) -> Guarantee | None:
        """None: no private data was read, so there is nothing to guarantee about any."""
        return None

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
        """Draw rows first..first+rows-1.

        given: a table of `rows` rows with some of the columns; its values are kept, what is computed from them follows
        them, and what is missing in it is drawn. where: a condition that every row meets (see data/expressions.py);
        rows that miss it are drawn again. temperature: 1, for the rules say how likely each value is.
        Raises SampleError for a negative count, more rows than unique values allow, an impossible `given`, a
        condition that fewer than one row in some thousands meets, and another temperature.
        """
        if temperature != 1.0:
            raise SampleError(
                f"Rules say how likely each value is; they have no temperature {temperature}.", "Change the weights."
            )
        fixed = conform(given, self.schema.only) if given is not None else None
        self.plan.check(rows, fixed, first)
        keep_freed_memory()
        if where:
            return self._dataset(wished(self.plan, where, rows, seed, fixed, first))
        return self._dataset(self.plan.rows(first, rows, seed, fixed))

    def batches(self, rows: int, *, seed: int, size: int) -> Iterator[Dataset]:
        """The rows of `sample` in parts of at most `size`: sequences and unique values go on from part to part."""
        if size < 1:
            raise SampleError(f"Cannot draw parts of {size} rows.", "Ask for 1 or more.")
        self.plan.check(rows)
        keep_freed_memory()
        kept: list[pl.DataFrame] = []
        start = 0
        while start < rows:
            made = self.plan.rows(start, min(BLOCK, rows - start), seed)
            kept.append(made)
            start += made.height
            if sum(part.height for part in kept) < size and start < rows:
                continue
            together = pl.concat(kept)
            whole = together.height if start >= rows else together.height // size * size
            for at in range(0, whole, size):
                yield self._dataset(together[at : min(at + size, whole)])
            kept = [together[whole:]]

    def write(self, path: str | Path, rows: int, *, seed: int, progress: Progress = quiet) -> None:
        """The rows of `sample` into a Parquet or CSV file, in parts and with flat memory."""
        write_rows(self.plan, rows, path, seed=seed, progress=progress)

    def save(self, folder: str | Path) -> None:
        document = {"synthesizer": "rules", "version": 1, "document": self.document}
        with aside(folder, folder=True) as place:
            text = json.dumps(document, ensure_ascii=False, indent=1)
            (place / "model.json").write_text(text + "\n", encoding="utf-8")

    @staticmethod
    def load(folder: Path) -> RulesModel:
        document = read_document(folder).get("document")
        try:
            return Rules.of(document)
        except TrasuntoError as error:
            raise ModelError(f"The rules in {folder} cannot be followed: {error.problem}", error.next_move) from error

    def describe(self) -> dict[str, Any]:
        return {
            "method": "Rules written by a person: no real data was read.",
            "columns": {column.name: self._about(column.name) for column in self.schema.only.columns},
            "hidden": [name for name, each in self.plan.columns.items() if each.hidden],
            "most_rows": self.plan.most,
            "document": self.document,
        }

    def _about(self, name: str) -> str:
        rule = self.document["columns"][name]
        return ", ".join(f"{key}: {value}" for key, value in rule.items())

    def _dataset(self, frame: pl.DataFrame) -> Dataset:
        table = Table(self.schema.only, frame)
        return Dataset(self.schema, {self.plan.table: table})


def plain(document: Any) -> Any:
    """A document as JSON can hold it: days as text, a mapping whose keys are no texts as a list of pairs."""
    if isinstance(document, Mapping):
        pairs = [(key, plain(value)) for key, value in document.items()]
        if all(isinstance(key, str) for key, _ in pairs):
            return dict(pairs)
        return [[plain(key), value] for key, value in pairs]
    if isinstance(document, list | tuple):
        return [plain(each) for each in document]
    return document.isoformat() if isinstance(document, date) else document

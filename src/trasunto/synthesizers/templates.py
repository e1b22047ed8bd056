"""`templates`: texts from a document of templates alone. Nothing is learned, no real data is read.

See docs/templates.md for a document, language/grammar_document.py for how it is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trasunto.connectors.address import open_sink
from trasunto.data.dataset import Dataset, Table
from trasunto.data.dialogues import messages_column
from trasunto.data.expressions import parse
from trasunto.data.schema import Column, Role, Schema, TableSchema
from trasunto.errors import FitError, ModelError, SampleError, TrasuntoError
from trasunto.language.grammar_count import derivations
from trasunto.language.grammar_document import Grammar, read_grammar
from trasunto.language.grammar_draw import SIZE, draw_block
from trasunto.privacy.budget import Budget, Guarantee
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.condition import conform
from trasunto.synthesizers.model import read_document
from trasunto.synthesizers.rules import plain
from trasunto.writing import aside

# Texts tried, for each that is wanted and in any case, before a condition or new texts are given up.
EACH, LEAST = 300, 20 * SIZE
ROLES: dict[str, Role] = {
    "prompt": "prompt", "response": "response", "source": "source", "translation": "translation",
}  # fmt: skip


@dataclass(frozen=True)
class Templates:
    """No settings: what is made is said by the document, given to `Templates.of`."""

    def fit(
        self, real: Dataset, *, seed: int, budget: Budget | None = None, progress: Progress = quiet
    ) -> TemplatesModel:
        """FitError always: there is nothing to fit."""
        raise FitError(
            "templates learns nothing from data.", "Use Templates.of(document), or `trasunto make TEMPLATES.yaml`."
        )

    @staticmethod
    def of(document: Any) -> TemplatesModel:
        """The model of a document (a plain dictionary, as YAML or JSON gives it). RecipeError for a faulty one."""
        kept = plain(document) if isinstance(document, Mapping) else document
        grammar = read_grammar(kept)
        return TemplatesModel(kept, grammar, derivations(grammar))


@dataclass(frozen=True)
class TemplatesModel:
    """A checked document. most: different texts that it can make, None when they cannot be counted. Row i of a seed
    is the same however many rows are drawn, and in whatever parts."""

    document: dict[str, Any]
    grammar: Grammar = field(repr=False)
    most: int | None = None

    @property
    def schema(self) -> Schema:
        grammar = self.grammar
        columns = [
            messages_column(grammar.columns[what])
            if what == "messages"
            else Column(grammar.columns[what], "text", False, role=ROLES.get(what))
            for what, _, _ in grammar.outputs
        ]
        if tuple(grammar.labels) != ("",):
            columns.append(
                Column(
                    grammar.columns["label"], "category", False, "label", tuple(sorted(grammar.labels)), declared=True
                )
            )
        for name in grammar.show:
            if name in grammar.words:
                known = tuple(dict.fromkeys(word.text for word in grammar.words[name].words[0]))
                columns.append(Column(name, "category", False, categories=known, declared=True))
            else:
                assert grammar.values is not None
                columns.append(replace(grammar.values.columns[name].known, name=name))
        return Schema({grammar.table: TableSchema(tuple(columns))})

    @property
    def guarantee(self) -> Guarantee | None:
        """None: no private data was read, so there is nothing to guarantee about any."""
        return None

    @property
    def told(self) -> str:
        """How many different texts there can be, in a sentence."""
        if self.most is None:
            return "The templates can make texts without limit."
        return f"The templates can make at most {self.most:,} different texts."

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

        given: a table of `rows` rows with labels, or words that are shown; a missing one is free. where: a condition
        on the columns (see data/expressions.py). temperature: 1, for weights say how likely a template is.
        Raises SampleError for a negative count, another temperature, more different texts than there can be, a
        condition that hardly a text meets, or what cannot be given.
        """
        if rows < 0 or first < 0:
            raise SampleError(f"Cannot draw {rows} rows after {first}.", "Ask for 0 or more.")
        if temperature != 1.0:
            raise SampleError(f"Templates have no temperature {temperature}.", "Change their weights.")
        unique = self.grammar.unique
        if unique and self.most is not None and first + rows > self.most:
            raise SampleError(f"{self.told} {first + rows:,} were asked for.", "Add words, or ask for fewer.")
        if given is not None:
            if unique or where:
                raise SampleError("With `unique`, or a condition, nothing can be given.", "Leave one out.")
            return self._dataset(self._given(rows, seed, conform(given, self.schema.only), first))
        if unique or where:
            return self._dataset(self._chosen(rows, seed, where, first))
        parts = [self._block(seed, number)[start:end] for number, start, end in _spans(first, rows)]
        return self._dataset(pl.concat(parts) if parts else self._block(seed, 0)[:0])

    def batches(self, rows: int, *, seed: int, size: int) -> Iterator[Dataset]:
        """The rows of `sample` in parts of at most `size`."""
        if size < 1:
            raise SampleError(f"Cannot draw parts of {size} rows.", "Ask for 1 or more.")
        if self.grammar.unique:
            whole = self.sample(rows, seed=seed)
            for start in range(0, rows, size):
                yield self._dataset(whole.rows[start : start + size])
            return
        for start in range(0, rows, size):
            yield self.sample(min(size, rows - start), seed=seed, first=start)

    def write(self, path: str | Path, rows: int, *, seed: int, progress: Progress = quiet) -> None:
        """The rows of `sample` into a file, whole or not at all."""
        progress("make", 0, rows)
        made = self.sample(rows, seed=seed)
        open_sink(Path(path)).write(made)
        progress("make", rows, rows)

    def save(self, folder: str | Path) -> None:
        document = {"synthesizer": "templates", "version": 1, "document": self.document}
        with aside(folder, folder=True) as place:
            text = json.dumps(document, ensure_ascii=False, indent=1)
            (place / "model.json").write_text(text + "\n", encoding="utf-8")

    @staticmethod
    def load(folder: Path) -> TemplatesModel:
        document = read_document(folder).get("document")
        try:
            return Templates.of(document)
        except TrasuntoError as error:
            raise ModelError(
                f"The templates in {folder} cannot be followed: {error.problem}", error.next_move
            ) from error

    def describe(self) -> dict[str, Any]:
        return {
            "method": "Templates written by a person: no real data was read.",
            "kind": self.grammar.kind,
            "languages": list(self.grammar.languages),
            "labels": [label for label in self.grammar.labels if label],
            "most_texts": self.most,
            "document": self.document,
        }

    def _block(
        self, seed: int, number: int, labels: np.ndarray | None = None, told: Mapping[str, np.ndarray] | None = None
    ) -> pl.DataFrame:
        return draw_block(self.grammar, seed, number, labels, told or {}).select(self.schema.only.names)

    def _given(self, rows: int, seed: int, fixed: Table, first: int) -> pl.DataFrame:
        """Rows with told labels and words."""
        grammar = self.grammar
        if len(fixed) != rows:
            raise SampleError(f"{len(fixed)} given rows, but {rows} are asked for.", "Give as many as you ask for.")
        known: dict[str, list[str]] = {grammar.columns["label"]: list(grammar.labels)}
        known |= {n: [w.text for w in grammar.words[n].words[0]] for n in grammar.show if n in grammar.words}
        told: dict[str, np.ndarray] = {}
        for name in fixed.schema.names:
            if name not in known:
                raise SampleError(f"Column {name!r} cannot be given.", f"These can: {', '.join(known)}.")
            places = {value: place for place, value in enumerate(known[name])}
            values = fixed.rows[name].to_list()
            strange = next((value for value in values if value is not None and value not in places), None)
            if strange is not None:
                raise SampleError(f"{name!r} cannot be {strange!r}.", f"It can be: {', '.join(known[name][:20])}.")
            told[name] = np.array([-1 if value is None else places[value] for value in values], dtype=np.int64)
        parts = []
        for number, start, end in _spans(first, rows):
            at = np.clip(np.arange(number * SIZE, (number + 1) * SIZE) - first, 0, rows - 1)
            inside = {name: places[at] for name, places in told.items()}
            labels = inside.pop(grammar.columns["label"], None)
            parts.append(self._block(seed, number, labels, inside)[start:end])
        return pl.concat(parts) if parts else self._block(seed, 0)[:0]

    def _chosen(self, rows: int, seed: int, where: str | None, first: int) -> pl.DataFrame:
        """Rows that meet a condition, and no text twice where that is promised."""
        condition = parse(where, self.schema.only) if where else None
        texts = [self.grammar.columns[what] for what, _, _ in self.grammar.outputs]
        found: pl.DataFrame = self._block(seed, 0)[:0]
        number = 0
        while len(found) < first + rows:
            if number * SIZE >= max(EACH * (first + rows), LEAST):
                what = f"meet {where!r}" if where else "are different"
                raise SampleError(
                    f"{len(found):,} of {first + rows:,} texts {what} after {number * SIZE:,} tries. {self.told}",
                    "Add words or templates, or ask for fewer.",
                )
            made = self._block(seed, number)
            if condition is not None:
                made = made.filter(condition.holds(made))
            found = pl.concat([found, made])
            if self.grammar.unique:
                found = found.unique(texts, keep="first", maintain_order=True)
            number += 1
        return found[first : first + rows]

    def _dataset(self, frame: pl.DataFrame) -> Dataset:
        schema = self.schema
        return Dataset(schema, {self.grammar.table: Table(schema.only, frame)})


def is_templates(document: Any) -> bool:
    """Whether a document is one of templates, and not of rules."""
    return isinstance(document, Mapping) and any(
        key in document for key in ("labels", "text", "prompt", "turns", "words")
    )


def _spans(first: int, rows: int) -> Iterator[tuple[int, int, int]]:
    """(block, first and last + 1 within it) that hold rows first..first+rows-1."""
    at = first
    while at < first + rows:
        number, start = divmod(at, SIZE)
        end = min(SIZE, start + first + rows - at)
        yield number, start, end
        at += end - start

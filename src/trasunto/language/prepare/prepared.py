"""Texts made ready to learn from, step by step, each step counted and shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.data.split import Split, split
from trasunto.errors import DataError, EmptyDataError
from trasunto.language.prepare.dates import dated, day_comes_first
from trasunto.language.prepare.evening import WEIGHT, fewer, livelier, more, trimmed, weighted
from trasunto.language.prepare.labels import respelt
from trasunto.language.prepare.rows import Rows, figures, rows_of
from trasunto.language.prepare.settings import Prepare
from trasunto.language.prepare.templates import families, templates, within
from trasunto.language.prepare.units import measured
from trasunto.language.prepare.vary import language_of
from trasunto.language.prepare.wording import cased, cleaned, plain_marks

# Characters of a text shown on each side of a change.
AROUND = 40
_FAMILY = "\0family"


@dataclass(frozen=True)
class Step:
    """One step. changed: rows whose text or label is another now; left_out, added: rows; examples: (before, after)
    around the first change; after: `figures` of the table when it was done."""

    name: str
    changed: int
    left_out: int
    added: int
    examples: tuple[tuple[str, str], ...]
    after: dict[str, float]


def prepared(
    dataset: Dataset, settings: Prepare | None = None, *, seed: int = 0, examples: int = 3
) -> tuple[Dataset, dict[str, Any]]:
    """The dataset made ready, and what was done.

    dataset: one table with a column of text or more (dialogues are prepared turn by turn); other columns go along.
    examples: how many changes of each step are shown in the counts, as they stand in the texts (0 for private ones).
    Counts (JSON): settings, seed, rows before and after, figures before and after, and the steps in order. Same
    dataset, settings and seed, same result. Raises DataError without texts (or labels to balance), EmptyDataError
    when nothing is left.
    """
    settings = settings or Prepare()
    rows = _checked(dataset, settings)
    steps = [_read(rows)]
    made = _even(_mend(rows, settings, steps, examples), settings, steps, seed, examples)
    return dataset.with_table(made.table), _counts(settings, seed, steps, made)


def prepared_parts(
    dataset: Dataset,
    settings: Prepare | None = None,
    *,
    holdout: float,
    validation: float = 0.0,
    seed: int = 0,
    examples: int = 3,
) -> tuple[Split, dict[str, Any]]:
    """The dataset made ready and cut into train, validation and holdout; what was done, and the record of the cut.

    Texts of one template, those that share three quarters of their word runs, and answers to one question stay in one
    part; the mix of labels is kept. Wording and labels are mended in all parts; lengths, templates, balance and
    variation change the training rows alone, so that a model is judged on rows as they come. holdout, validation:
    shares, see data/split.py.
    """
    settings = settings or Prepare()
    rows = _checked(dataset, settings)
    steps = [_read(rows)]
    mended = _mend(rows, settings, steps, examples)
    parts = _cut(mended, dataset.name, holdout, validation, seed)
    train = replace(mended, table=parts.train.only)
    steps.append(Step("split", 0, len(mended) - len(train), 0, (), figures(train)))
    evened = _even(train, settings, steps, seed, examples)
    counts = _counts(settings, seed, steps, evened)
    if settings.balance == "weights":
        parts = _weightless(parts)
    parts = replace(parts, train=dataset.with_table(evened.table))
    counts["split"] = parts.record()
    return parts, counts


def _checked(dataset: Dataset, settings: Prepare) -> Rows:
    rows = rows_of(dataset, settings.columns, settings.label)
    if settings.balance != "keep" and (rows.label is None or not any(rows.labels())):
        raise DataError("There is no column of labels to balance.", "Name it: --set label=COLUMN.")
    if settings.balance == "weights" and WEIGHT in rows.table.schema:
        raise DataError(f"There is a column {WEIGHT!r} already.", "Rename it.")
    return rows


def _read(rows: Rows) -> Step:
    """The texts as they came."""
    return Step("read", 0, 0, 0, (), figures(rows))


def _mend(rows: Rows, settings: Prepare, steps: list[Step], examples: int) -> Rows:
    """What is done to each row for itself: wording and labels; then rows without text and equal rows go."""
    for name, change in _wording(rows, settings):
        made = rows.changed(change)
        rows = _told(steps, name, rows, made, examples)
    if settings.labels != "keep" and rows.label is not None:
        column = rows.table.schema[rows.label]
        if column.kind in ("category", "text", "id") and rows.table.rows[rows.label].dtype == pl.String:
            labels = rows.labels()
            spelt = respelt([each for each in labels if each], misspellings=settings.labels == "misspellings")
            made = rows.with_labels([spelt.get(each, each) if each else None for each in labels])
            rows = _relabelled(steps, rows, made, examples)
    texts = rows.joined()
    there = [place for place, text in enumerate(texts) if text.strip()]
    rows = _left(steps, "empty", rows, there, texts, examples)
    if settings.deduplicate:
        seen: set[tuple[str, str | None]] = set()
        kept = []
        texts = rows.joined()
        for place, key in enumerate(zip((" ".join(t.split()).casefold() for t in texts), rows.labels(), strict=True)):
            if key not in seen:
                seen.add(key)
                kept.append(place)
        rows = _left(steps, "deduplicate", rows, kept, texts, examples)
    return rows


def _even(rows: Rows, settings: Prepare, steps: list[Step], seed: int, examples: int) -> Rows:
    """What is done to the rows together: lengths, templates, balance, variation."""
    # Each step draws for itself: turning one on or off leaves the others as they were.
    lots = [np.random.default_rng([seed, number]) for number in range(3)]
    if settings.shortest > 0 or settings.longest < 1:
        made, cut = trimmed(rows, settings)
        steps.append(Step("lengths", cut, len(rows) - len(made), 0, (), figures(made)))
        rows = made
    if settings.templates:
        texts = rows.joined()
        kept = within(templates(texts), settings.templates, lots[0]).tolist()
        rows = _left(steps, "templates", rows, kept, texts, examples)
    repeated = 0
    if settings.balance == "down":
        made = fewer(rows, settings.ratio, lots[1])
        steps.append(Step("balance", 0, len(rows) - len(made), 0, (), figures(made)))
        rows = made
    elif settings.balance == "up":
        rows, repeated = more(rows, settings, lots[1])
        steps.append(Step("balance", 0, 0, repeated, (), figures(rows)))
    elif settings.balance == "weights":
        rows = weighted(rows)
        steps.append(Step("balance", 0, 0, 0, (), figures(rows)))
    if settings.vary > 0:
        made, _ = livelier(rows, repeated, settings.vary, lots[2])
        rows = _told(steps, "vary", rows, made, examples)
    return rows


def _wording(rows: Rows, settings: Prepare) -> list[tuple[str, Callable[[str], str]]]:
    """The changes of wording that are asked for, in order."""
    found: list[tuple[str, Callable[[str], str]]] = []
    if settings.clean:
        found.append(("clean", cleaned))
    if settings.quotes:
        found.append(("quotes", plain_marks))
    if settings.units != "keep":
        found.append(("units", lambda text: measured(text, metric=settings.units == "metric")))
    if settings.dates is not None:
        pattern, first = settings.dates, settings.day_first
        if first is None:
            first = day_comes_first(rows.joined())
        found.append(("dates", lambda text: dated(text, pattern, first)))
    if settings.case != "keep":
        found.append(("case", lambda text: cased(text, settings.case, english=language_of(text) == "en")))
    return found


def _cut(rows: Rows, name: str, holdout: float, validation: float, seed: int) -> Split:
    """The split, families of texts in one part each."""
    table = rows.table
    schema = TableSchema((*table.schema.columns, Column(_FAMILY, "integer", False)))
    numbers = families(rows.joined(), asked=rows.questions())
    held = Table(schema, table.rows.with_columns(pl.Series(_FAMILY, numbers)))
    found = split(
        Dataset.of(held, name),
        holdout=holdout,
        validation=validation,
        seed=seed,
        stratify=rows.label,
        group=_FAMILY,
    )

    def bare(part: Dataset) -> Dataset:
        return part.with_table(Table(table.schema, part.rows.drop(_FAMILY)))

    middle = found.validation
    return replace(
        found,
        train=bare(found.train),
        validation=None if middle is None else bare(middle),
        holdout=bare(found.holdout),
        group="families of texts",
    )


def _weightless(parts: Split) -> Split:
    """Rows that judge weigh 1 each: parts of one split have the same columns."""

    def one(part: Dataset) -> Dataset:
        table = part.only
        schema = replace(table.schema, columns=(*table.schema.columns, Column(WEIGHT, "number", False)))
        return part.with_table(Table(schema, table.rows.with_columns(pl.lit(1.0).alias(WEIGHT))))

    middle = parts.validation
    return replace(parts, holdout=one(parts.holdout), validation=None if middle is None else one(middle))


def _told(steps: list[Step], name: str, rows: Rows, made: Rows, examples: int) -> Rows:
    """A change of texts, as a step."""
    before, after = rows.joined(), made.joined()
    places = [place for place, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
    shown = tuple(_around(before[place], after[place]) for place in places[:examples])
    steps.append(Step(name, len(places), 0, 0, shown, figures(made) if places else steps[-1].after))
    return made


def _relabelled(steps: list[Step], rows: Rows, made: Rows, examples: int) -> Rows:
    """A change of labels, as a step."""
    pairs = [(one or "", other or "") for one, other in zip(rows.labels(), made.labels(), strict=True) if one != other]
    shown = tuple(dict.fromkeys(pairs))[:examples]
    steps.append(Step("labels", len(pairs), 0, 0, shown, figures(made) if pairs else steps[-1].after))
    return made


def _left(steps: list[Step], name: str, rows: Rows, kept: Sequence[int], texts: list[str], examples: int) -> Rows:
    """Rows left out, as a step. EmptyDataError when none is kept."""
    if not kept:
        raise EmptyDataError(f"No row is left after the step {name!r}.", "Give rows with texts.")
    if len(kept) == len(rows):
        steps.append(Step(name, 0, 0, 0, (), steps[-1].after))
        return rows
    stay = set(kept)
    gone = [texts[place] for place in range(len(rows)) if place not in stay]
    made = rows.take(list(kept))
    shown = tuple((text[: 2 * AROUND], "") for text in gone[:examples])
    steps.append(Step(name, 0, len(gone), 0, shown, figures(made)))
    return made


def _around(before: str, after: str) -> tuple[str, str]:
    """Both texts from a little before the first difference to a little after it."""
    same = next(
        (n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
    )
    start = max(0, same - AROUND // 2)
    head = "…" if start else ""
    cut = [head + text[start : same + AROUND] + ("…" if same + AROUND < len(text) else "") for text in (before, after)]
    return cut[0], cut[1]


def _counts(settings: Prepare, seed: int, steps: Sequence[Step], made: Rows) -> dict[str, Any]:
    before, after = steps[0].after, steps[-1].after
    return {
        "settings": settings.to_dict(),
        "seed": seed,
        "texts": list(made.texts),
        "label": made.label,
        "rows_before": int(before["rows"]),
        "rows_after": len(made),
        "before": before,
        "after": after,
        "steps": [asdict(step) | {"examples": [list(pair) for pair in step.examples]} for step in steps[1:]],
    }

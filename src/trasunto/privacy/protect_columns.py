"""What an action makes of a column: masked, generalised, noised, shifted, pseudonymised. Values in, values out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl

from trasunto.data.schema import Column, Format
from trasunto.data.written import is_clock, write
from trasunto.errors import RecipeError
from trasunto.privacy.generalize import as_category, banded, cut, dated, dates_of, prefixed, with_rare_merged
from trasunto.privacy.policy_actions import Action
from trasunto.privacy.pseudonyms import Pseudonyms


def spelt(values: pl.Series, column: Column) -> pl.Series:
    """Values as they are written; null stays null."""
    if values.dtype == pl.String:
        return values
    return pl.select(pl.when(values.is_not_null()).then(write(values, column))).to_series().alias(values.name)


def masked(values: pl.Series, column: Column, action: Action) -> tuple[pl.Series, Column]:
    """All letters but the first and last few replaced by a mark; never more than half of them stay."""
    texts = spelt(values, column)

    def mask(text: str) -> str:
        first = min(action.keep_first, len(text) // 4 if action.keep_last else len(text) // 2)
        last = min(action.keep_last, len(text) // 2 - first)
        end = len(text) - last
        hidden = "".join(action.mark if letter.isalnum() else letter for letter in text[first:end])
        return text[:first] + hidden + text[end:]

    made = {text: mask(text) for text in texts.drop_nulls().unique().to_list()}
    masks = texts.replace(made)
    few = masks.drop_nulls().n_unique() <= 0.5 * max(len(masks) - masks.null_count(), 1)
    kind = "category" if few else "id"
    return masks, replace(column, kind=kind, categories=None, bounds=None, format=Format(), reason="Masked.")  # type: ignore[arg-type]


def generalised(values: pl.Series, column: Column, action: Action) -> tuple[pl.Series, Column]:
    """One coarser level: bands, dates, beginnings of codes, groups or rare values together; in order of their low end.

    RecipeError for a setting that the column's kind does not have.
    """
    if action.bands is not None:
        _need(column, ("integer", "number"), "bands")
        whole = column.kind == "integer"
        if isinstance(action.bands, tuple):
            labels, places = cut(values, action.bands, whole=whole)
        else:
            labels, places = banded(values, float(action.bands), whole=whole)
        made = pl.Series(values.name, labels, dtype=pl.String).gather(places).alias(values.name)
        present = set(made.drop_nulls().unique().to_list())
        order = [label for label in labels if label in present]
        return made, as_category(column, order, "Generalised into bands.")  # type: ignore[arg-type]
    if action.date is not None:
        _need(column, ("datetime",), "date")
        if action.date not in dates_of(column):
            what = "times of day" if is_clock(column) else "dates"
            raise RecipeError(
                f"Column {column.name!r} holds {what}: they cannot be generalised to {action.date!r}.",
                f"Write one of {', '.join(dates_of(column))}.",
            )
        made = dated(values, action.date)
        return made, as_category(column, sorted(made.drop_nulls().unique().to_list()), f"Generalised to {action.date}.")
    made, why = spelt(values, column), []
    if action.prefix is not None:
        made, why = prefixed(made, action.prefix), [f"to the first {action.prefix} letters"]
    if action.groups is not None:
        made = made.replace({member: name for name, members in action.groups.items() for member in members})
        why.append("into groups")
    if action.rare is not None:
        made = with_rare_merged(made, action.rare, action.other)
        why.append(f"values of fewer than {action.rare} rows together")
    known = made.drop_nulls().unique(maintain_order=True).to_list()
    return made, as_category(column, sorted(known), f"Generalised {', '.join(why)}.")


def noised(
    values: pl.Series, column: Column, action: Action, pseudonyms: Pseudonyms, where: str
) -> tuple[pl.Series, Column]:
    """Numbers moved by at most `scale`, evenly, by a keyed draw for each row: who lacks the key cannot undo it.

    It is bounded perturbation, and gives no guarantee of differential privacy. Whole numbers stay whole.
    """
    _need(column, ("integer", "number"), "noise")
    units = np.array([pseudonyms.unit("noise", f"{where}\0{row}") for row in range(len(values))])
    moved = values.cast(pl.Float64) + pl.Series((2 * units - 1) * float(action.scale or 0.0))
    if action.bounds is not None:
        moved = moved.clip(*action.bounds)
    if column.kind == "integer":
        moved = moved.round().cast(pl.Int64)
    elif column.format.decimals is not None:
        moved = moved.round(column.format.decimals)
    told = f"Noise of at most {action.scale:g} was added."
    return moved.alias(values.name), replace(column, bounds=action.bounds, reason=told)


def shifted(
    values: pl.Series, column: Column, action: Action, people: pl.Series, pseudonyms: Pseudonyms
) -> tuple[pl.Series, Column]:
    """Dates of one person moved by the same whole number of days, never 0: what lies between them stays.

    people: (n,) String, who each row is about.
    """
    _need(column, ("datetime",), "shift")
    days: dict[str | None, int] = {None: 0}
    for person in people.drop_nulls().unique().to_list():
        step = int(pseudonyms.unit("shift", person) * 2 * action.days) - action.days
        days[person] = step if step < 0 else step + 1
    moves = [timedelta(days=days[person]) for person in people.to_list()]
    moved = values + pl.Series(moves, dtype=pl.Duration("us"))
    told = f"Dates of one person were moved together by up to {action.days} days."
    return moved.alias(values.name), replace(column, bounds=None, reason=told)


def renamed(values: pl.Series, column: Column, action: Action, names: Mapping[str, str]) -> tuple[pl.Series, Column]:
    """Each value by its pseudonym. names: value as written → pseudonym."""
    texts = spelt(values, column).replace_strict(names, default=None, return_dtype=pl.String).alias(values.name)
    made = replace(column, kind="id", categories=None, bounds=None, format=Format(), reason="A keyed pseudonym.")
    if action.form == "integer":
        return texts.cast(pl.Int64), made
    return texts, made


def merged(values: pl.Series, column: Column, least: int) -> tuple[pl.Series, Column, bool]:
    """(values, column, whether any changed): categories of fewer than `least` rows told as one."""
    made = with_rare_merged(values, least, blank=True)
    changed = not made.equals(values)
    if not changed:
        return values, column, False
    known = set(made.drop_nulls().unique().to_list())
    order = [each for each in column.categories or sorted(known) if each in known]
    order += [each for each in sorted(known) if each not in order]
    categories = tuple(order) if column.categories is not None else None
    reason = f"Values of fewer than {least} rows are together, or missing."
    nullable = column.nullable or made.null_count() > 0
    return made, replace(column, categories=categories, nullable=nullable, reason=reason), True


def _need(column: Column, kinds: tuple[str, ...], what: str) -> None:
    if column.kind not in kinds:
        raise RecipeError(
            f"Column {column.name!r} is of kind {column.kind}; {what} is for {' and '.join(kinds)}.",
            "Pick another action, or give the kind in a schema.",
        )

"""Canaries for a table: rows of its declared domain that nobody is, and how much of each a synthetic table shows.

A canary must be allowed (else it would be refused, not learnt) and rare (what many share betrays nobody): its values
are drawn from each column's domain by themselves, and of four times as many the rarest combinations stay.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.constraints import rules_of
from trasunto.data.dataset import Table, held
from trasunto.data.schema import Column
from trasunto.data.written import moments
from trasunto.errors import MetricError

CANDIDATES = 4
# Steps of equal width, and of equal count, that a column of numbers is cut into.
STEPS = 10
# Triples of columns that are looked at: all of those of 14 columns.
MOST_TRIPLES = 364
HALF = 0.5


def craft(table: Table, number: int, rng: np.random.Generator, *, own: str | None = None) -> Table:
    """So many different rows that the table does not hold and its schema allows, rare in pairs of their columns.

    Columns that a rule ties are taken together from a row of the table. own: a column (of persons) that has a new
    value in each. Raises MetricError for a domain too small for so many new rows.
    """
    if not len(table):
        raise MetricError("There are no rows to plant canaries among.", "Give a few hundred.")
    tied = {name for rule in rules_of(table.schema) for name in rule.columns}
    drawn = CANDIDATES * number
    given = table.rows[rng.integers(0, len(table), drawn)]
    columns = []
    for column in table.schema.columns:
        values = table.rows[column.name]
        if column.kind == "id" or column.name == own:
            columns.append(_new_names(values, drawn, rng))
        elif column.name in tied:
            columns.append(given[column.name])
        else:
            columns.append(_from_domain(column, values, drawn, rng))
    names = [c.name for c in table.schema.columns if c.kind != "id" and c.name != own] or list(table.schema.names)
    found = pl.DataFrame(columns, schema=list(table.rows.columns)).unique(subset=names, maintain_order=True)
    found = found.join(table.rows.select(names).unique(), on=names, how="anti", nulls_equal=True, maintain_order="left")
    if found.height < number:
        raise MetricError(
            f"The domain of {', '.join(names)} holds {found.height} new rows of {drawn} drawn; {number} canaries need "
            "as many.",
            "Ask for fewer canaries.",
        )
    parts = coded(table, {"real": table.rows, "canaries": found})
    common = _log_support(parts["canaries"], parts["real"])
    rarest = np.sort(np.argsort(common, kind="stable")[:number])
    return Table(table.schema, found[rarest])


def coded(table: Table, parts: dict[str, pl.DataFrame]) -> dict[str, np.ndarray]:
    """(rows, columns) int64 codes of each part, the same for all: numbers by steps of width and of count, a missing
    value as a code of its own; identifiers left out."""
    columns = [column for column in table.schema.columns if column.kind != "id"]
    made = {name: np.empty((rows.height, len(columns)), dtype=np.int64) for name, rows in parts.items()}
    for place, column in enumerate(columns):
        values = {name: rows[column.name] for name, rows in parts.items()}
        codes = _levels(values) if column.kind in ("category", "boolean") else _steps(table.rows[column.name], values)
        for name, each in codes.items():
            made[name][:, place] = each
    return made


def scores(canaries: np.ndarray, real: np.ndarray, made: np.ndarray) -> dict[str, np.ndarray]:
    """By attack (canaries,) scores, high where a canary seems to have been in; codes as `coded` gives.

    nearest: agreement with the most alike synthetic row, columns weighed by how rare the value is. pairs, triples:
    summed log-ratio of how many synthetic and how many real rows share a combination of values with the canary (the
    density ratio of van Breugel et al. 2023, on the marginals that methods of this kind keep).
    """
    found = {"nearest": _nearest(canaries, real, made), "pairs": _log_ratio(canaries, real, made, (1, 2))}
    if canaries.shape[1] > 2:
        found["triples"] = _log_ratio(canaries, real, made, (3,))
    return found


def _from_domain(column: Column, values: pl.Series, number: int, rng: np.random.Generator) -> pl.Series:
    """Each value of the domain as probable as any other; the real values where none was declared."""
    kind = held(column, values.dtype)
    if column.kind == "boolean":
        return pl.Series(column.name, rng.random(number) < HALF, dtype=kind)
    known = values.drop_nulls()
    if column.kind == "category":
        domain = list(column.categories or known.unique().sort().to_list())
        if not domain:
            return pl.Series(column.name, [None] * number, dtype=kind)
        return pl.Series(column.name, [domain[place] for place in rng.integers(0, len(domain), number)], dtype=kind)
    if column.bounds is None and not len(known):
        return pl.Series(column.name, [None] * number, dtype=kind)
    low, high = _bounds(column, known)
    drawn: Any = low + rng.random(number) * (high - low)
    if column.kind == "number":
        return pl.Series(column.name, drawn if column.format.decimals is None else drawn.round(column.format.decimals))
    whole = pl.Series(column.name, np.clip(np.round(drawn), np.ceil(low), np.floor(high)).astype(np.int64))
    if column.kind == "integer":
        return whole
    whole = whole.cast(pl.Datetime("us"))
    return whole.dt.truncate("1d") if column.format.date_only else whole


def _bounds(column: Column, known: pl.Series) -> tuple[float, float]:
    """Lowest and highest value, microseconds of a datetime."""
    if column.bounds is None:
        ends = pl.Series([known.min(), known.max()], dtype=known.dtype)
    elif column.kind == "datetime":
        ends = moments([str(each) for each in column.bounds])
    else:
        ends = pl.Series([float(each) for each in column.bounds])
    low, high = (ends.cast(pl.Int64) if column.kind == "datetime" else ends).cast(pl.Float64).to_list()
    return low, high


def _new_names(values: pl.Series, number: int, rng: np.random.Generator) -> pl.Series:
    """Values in the shape of the real ones that no row has: whole numbers above, texts with other digits, letters."""
    if values.dtype.is_integer():
        top = values.max()
        start = int(top) + 1 if isinstance(top, int) else 1
        return pl.Series(values.name, np.arange(start, start + number))
    known = values.drop_nulls().cast(pl.String)
    seen, made = set(known.to_list()), []
    for place in range(number):
        shape = known[int(rng.integers(0, len(known)))] if len(known) else "0"
        fresh = "".join(_other(sign, rng) for sign in shape)
        made.append(fresh if fresh not in seen else f"{fresh}-{place}")
        seen.add(made[-1])
    return pl.Series(values.name, made, dtype=pl.String)


def _other(sign: str, rng: np.random.Generator) -> str:
    if sign.isdigit():
        return str(rng.integers(0, 10))
    if sign.isalpha():
        return chr(ord("A" if sign.isupper() else "a") + int(rng.integers(0, 26)))
    return sign


def _levels(parts: dict[str, pl.Series]) -> dict[str, np.ndarray]:
    joined = pl.concat([values.cast(pl.String).alias("value") for values in parts.values()])
    codes = joined.rank("dense").fill_null(0).to_numpy().astype(np.int64)
    ends = np.cumsum([len(values) for values in parts.values()])[:-1]
    return dict(zip(parts, np.split(codes, ends), strict=True))


def _steps(real: pl.Series, parts: dict[str, pl.Series]) -> dict[str, np.ndarray]:
    def numbers(values: pl.Series) -> np.ndarray:
        plain = values.cast(pl.Int64) if values.dtype.is_temporal() else values
        return plain.cast(pl.Float64).fill_null(np.nan).to_numpy()

    every = np.concatenate([numbers(values) for values in parts.values()])
    every, own = every[np.isfinite(every)], numbers(real)
    own = own[np.isfinite(own)]
    edges: np.ndarray = np.empty(0)
    if len(every):
        counts = np.quantile(own if len(own) else every, np.linspace(0, 1, STEPS + 1))
        edges = np.unique(np.concatenate([counts, np.linspace(every.min(), every.max(), STEPS + 1)]))
    found = {}
    for name, values in parts.items():
        raw = numbers(values)
        found[name] = np.where(np.isnan(raw), 0, 1 + np.searchsorted(edges, np.nan_to_num(raw), side="right"))
    return found


def _nearest(canaries: np.ndarray, real: np.ndarray, made: np.ndarray) -> np.ndarray:
    if not len(made):
        return np.zeros(len(canaries))
    weight = np.empty(canaries.shape)
    for place in range(canaries.shape[1]):
        same = _counts(canaries[:, [place]], real[:, [place]])
        weight[:, place] = np.log((len(real) + 1.0) / (same + HALF))
    best = np.zeros(len(canaries))
    for row, codes in enumerate(canaries):
        agrees = made == codes
        best[row] = (agrees @ weight[row]).max()
    return best / np.maximum(weight.sum(axis=1), 1e-12)


def _log_ratio(canaries: np.ndarray, real: np.ndarray, made: np.ndarray, sizes: tuple[int, ...]) -> np.ndarray:
    total = np.zeros(len(canaries))
    scale = len(real) / max(len(made), 1)
    for size in sizes:
        for columns in _marginals(canaries.shape[1], size):
            there = _counts(canaries[:, columns], real[:, columns])
            # Of the other canaries of the same cell every second one is in.
            others = HALF * (_counts(canaries[:, columns], canaries[:, columns]) - 1)
            seen = scale * _counts(canaries[:, columns], made[:, columns])
            total += np.log((seen + HALF) / (there + others + HALF))
    return total


def _log_support(canaries: np.ndarray, real: np.ndarray) -> np.ndarray:
    total = np.zeros(len(canaries))
    for columns in _marginals(canaries.shape[1], min(2, canaries.shape[1])):
        total += np.log(_counts(canaries[:, columns], real[:, columns]) + HALF)
    return total


def _marginals(columns: int, size: int) -> list[list[int]]:
    """The sets of so many columns; where there are more than 364, evenly spread ones."""
    every = [list(each) for each in combinations(range(columns), size)]
    if len(every) <= MOST_TRIPLES:
        return every
    return [every[place] for place in np.linspace(0, len(every) - 1, MOST_TRIPLES).astype(int)]


def _counts(wanted: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(wanted,) how many of the rows have the same codes."""
    key, other = np.zeros(len(wanted), dtype=np.int64), np.zeros(len(rows), dtype=np.int64)
    size = 1
    for place in range(wanted.shape[1]):
        high = 1 + int(max(wanted[:, place].max(initial=0), rows[:, place].max(initial=0)))
        key, other = key * high + wanted[:, place], other * high + rows[:, place]
        size *= high
    if size <= 4 * (len(rows) + len(wanted)) + 1_000:
        return np.bincount(other, minlength=size)[key]
    values, counts = np.unique(other, return_counts=True)
    at = np.searchsorted(values, key).clip(max=max(len(values) - 1, 0))
    return np.where(values[at] == key, counts[at], 0) if len(values) else np.zeros(len(key), dtype=np.int64)

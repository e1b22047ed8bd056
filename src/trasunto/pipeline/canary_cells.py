"""A look inside the method: what the tables it counted through noise betray of canaries.

Each table is a sum over rows, so that what is left of it without the real rows, whom the attacker knows, is a sum over
the canaries that were in, and noise. All tables together are a linear system whose unknowns are the coins; it is solved
by least squares, weighed by the noise that the tables are said to have and drawn towards a half.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from trasunto.data.dataset import Table
from trasunto.privacy.transcript import Release
from trasunto.synthesizers.coded import CodedModel

# What is known of a coin before: one over its variance.
PRIOR = 4.0
# The noise that tables are taken to have, in parts of what they claim: all of it; a tenth, for when it is too little;
# next to none, for when it was forgotten.
TRUSTED = {"tables": 1.0, "tables, little noise": 0.1, "tables, no noise": 1e-3}


def betrayed(model: CodedModel, releases: Sequence[Release], canaries: Table, real: Table) -> dict[str, np.ndarray]:
    """By attack (canaries,) scores, high where a canary seems to have been in; empty without tables."""
    if not releases:
        return {}
    mine, theirs = (_codes(model, table) for table in (canaries, real))
    pull = np.zeros((len(canaries), len(canaries)))
    push = np.zeros(len(canaries))
    for release in releases:
        where = _cells(release, mine)
        counts = release.counts.ravel()
        others = np.bincount(_cells(release, theirs), minlength=counts.size + 1)[: counts.size]
        half = np.bincount(where, minlength=counts.size + 1)[: counts.size] / 2
        left = np.append(counts - others - half, 0.0) / release.deviation**2
        inside = where < counts.size
        push += left[where]
        pull += ((where[:, None] == where) & inside) / release.deviation**2
    found = {}
    for name, share in TRUSTED.items():
        found[name] = np.linalg.solve(pull + PRIOR * share**2 * np.eye(len(pull)), push)
    return found


def _codes(model: CodedModel, table: Table) -> dict[str, np.ndarray]:
    """By column, (n,) codes as the method saw them; the first beyond all where it has none."""
    rows = table.rows.select(pl.col(column.name) for column in model.plan.whole.columns)
    coded = model.codes.encode(model.plan.restate(Table(model.plan.whole, rows)))
    found = {}
    for name, values in coded.items():
        each = model.codes.columns[name]
        found[name] = np.where(values >= 0, values, each.size - 1 if each.null else each.size)
    return found


def _cells(release: Release, codes: dict[str, np.ndarray]) -> np.ndarray:
    """(n,) the cell of each row, and the first beyond all for a row that is in none."""
    first = codes[release.columns[0]]
    place, lost = np.zeros(len(first), dtype=np.int64), np.zeros(len(first), dtype=bool)
    for name, cells in zip(release.columns, release.cells, strict=True):
        missing = codes[name] >= len(cells)
        lost |= missing
        place = place * (int(cells.max()) + 1) + cells[np.where(missing, 0, codes[name])]
    result: np.ndarray = np.where(lost, release.counts.size, place)
    return result

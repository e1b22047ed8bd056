"""Codes made from a domain alone, without a look at the rows: for fits under differential privacy.

Numbers fall into bins of equal width. The ends of the bounds, and 0 where it lies between them, are codes of their
own: values are often cut off at an end, or none at all, and that much is known beforehand.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from trasunto.data.schema import Column
from trasunto.encoders.codes import Levels, Steps
from trasunto.encoders.ids import Ids
from trasunto.privacy.domain import Domain

SECOND, DAY = 1e6, 86_400e6
# A text identifier that looks like no real one in particular: ten digits.
SHAPE = "\ue000" * 10


def codes_from(column: Column, domain: Domain, *, bins: int) -> Levels | Steps:
    """The codes of a column. bins: about how many numbers have; whole numbers that are fewer get one each."""
    if column.kind in ("category", "boolean"):
        return Levels(domain.values, domain.null, 0)
    grid = _grid(column)
    low, high = domain.low, domain.high
    if grid:
        # 0 is added so that no place is -0.
        first, last = np.ceil(low / grid - 1e-9) + 0.0, np.floor(high / grid + 1e-9)
        last = max(first, last)
        if last - first < bins:
            values = _on_grid(np.arange(first, last + 1), grid)
            return Steps(values, values.copy(), domain.null, grid, 0.0)
        low, high = first * grid, last * grid
    zero = column.kind != "datetime" and low < 0 < high
    atoms = np.unique([low, 0.0, high] if zero else [low, high])
    if len(atoms) == 1:
        return Steps(atoms, atoms.copy(), domain.null, grid, 0.0)
    starts, ends = _between(atoms, grid, bins)
    lows, highs = np.concatenate([atoms, starts]), np.concatenate([atoms, ends])
    order = np.argsort(lows, kind="stable")
    return Steps(_rounded(lows[order], grid), _rounded(highs[order], grid), domain.null, grid, 0.0)


def ids_from(column: Column, whole: bool) -> Ids:
    """How to make identifiers without having seen one. whole: whether they are whole numbers.

    They count up from 1, or from what lies above the declared bounds; texts are ten digits.
    """
    if not whole:
        return Ids(None, (SHAPE,), (1.0,), 0.0)
    above = int(column.bounds[1]) if column.declared and column.bounds is not None else 0
    return Ids(above + 1, (), (), 0.0)


def _between(atoms: np.ndarray, grid: float, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """(starts, ends) of bins of about equal width between the atoms, which they leave out where there is a grid."""
    width = (atoms[-1] - atoms[0]) / bins
    starts, ends = [], []
    for low, high in pairwise(atoms):
        few = max(int(np.ceil((high - low) / width - 1e-9)), 1)
        edges = np.linspace(low + grid, high, few + 1)
        if grid:
            edges = np.unique(np.round(edges / grid)) * grid
        starts.append(edges[:-1])
        ends.append(edges[1:])
    return np.concatenate(starts), np.concatenate(ends)


def _grid(column: Column) -> float:
    """The distance of neighbouring values, as kind and written format tell it; 0 for numbers of any length."""
    if column.kind == "integer":
        return 1.0
    if column.kind == "datetime":
        return DAY if column.format.date_only else SECOND
    return 10.0**-column.format.decimals if column.format.decimals else 0.0


def _on_grid(places: np.ndarray, grid: float) -> np.ndarray:
    return _rounded(places * grid, grid)


def _rounded(values: np.ndarray, grid: float) -> np.ndarray:
    """Values without the dust of multiplying by a tenth or a hundredth."""
    rounded: np.ndarray = np.round(values, round(-np.log10(grid))) if 0 < grid < 1 else values
    return rounded

"""Rows of a parent in cells: what a child is told of a row that it points to but that does not make it.

Cells are those of k-means (Lloyd 1982) on the parent's columns, each column weighted by how much it tells of the
children: what has nothing to do with them makes no difference.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from trasunto.data.dataset import Table
from trasunto.encoders.codes import as_floats

# Most cells, and rows that a cell has on average at least.
CELLS, ROWS = 30, 15
# Values of a category that are told apart, and how many rows such a value has at least.
VALUES, REPEATED = 20, 5
ROUNDS = 30


@dataclass(frozen=True)
class Axis:
    """One direction: a number scaled, or one value of a category. weight: how much it tells."""

    column: str
    value: Any
    mean: float
    scale: float
    weight: float

    def of(self, table: Table) -> np.ndarray:
        """(n,) the scaled values, not weighted."""
        values = table.rows[self.column]
        if self.value is not None:
            numbers = (values.cast(str) == str(self.value)).fill_null(False).cast(float).to_numpy()
        else:
            numbers = as_floats(values)
        return np.clip(np.nan_to_num((numbers - self.mean) / self.scale), -3, 3)


@dataclass(frozen=True)
class Cells:
    """A parent's rows cut into cells. centers: (cells, axes)."""

    axes: tuple[Axis, ...]
    centers: np.ndarray

    def of(self, table: Table) -> np.ndarray:
        """(n,) the cell of each row."""
        return _nearest(_matrix(self.axes, table), self.centers)

    def to_dict(self) -> dict[str, Any]:
        return {"axes": [asdict(axis) for axis in self.axes], "centers": self.centers.tolist()}

    @staticmethod
    def from_dict(document: dict[str, Any]) -> Cells:
        axes = tuple(Axis(**each) for each in document["axes"])
        return Cells(axes, np.asarray(document["centers"], dtype=float).reshape(-1, len(axes)))


def fit_cells(parent: Table, at: np.ndarray, child: Table, seed: int) -> Cells:
    """Cells of a parent's rows. at: (child rows,) the parent's row of each, below 0 where there is none."""
    known = np.flatnonzero(at >= 0)
    theirs = [axis.of(child)[known] for axis in axes_of(child)]
    axes = []
    for axis in axes_of(parent):
        told = axis.of(parent)[at[known]]
        strength = max((_correlation(told, each) for each in theirs), default=0.0)
        weight = strength - 2 / np.sqrt(max(len(known), 1))
        if weight > 0:
            axes.append(Axis(axis.column, axis.value, axis.mean, axis.scale, float(weight)))
    matrix = _matrix(tuple(axes), parent)
    count = max(1, min(CELLS, len(parent) // ROWS)) if axes else 1
    return Cells(tuple(axes), _centers(matrix, count, np.random.default_rng([seed, 5])))


def axes_of(table: Table) -> tuple[Axis, ...]:
    """The directions of a table's columns; constant ones, ids and texts aside."""
    found = []
    for column in table.schema.columns:
        values = table.rows[column.name]
        if column.kind in ("integer", "number", "datetime"):
            numbers = as_floats(values)
            numbers = numbers[np.isfinite(numbers)]
            if numbers.size and float(numbers.std()) > 0:
                found.append(Axis(column.name, None, float(numbers.mean()), float(numbers.std()), 1.0))
        elif column.kind in ("category", "boolean") and not column.format.nested:
            counts = values.drop_nulls().value_counts(sort=True)
            for value, times in list(counts.iter_rows())[:VALUES]:
                share = times / max(len(values), 1)
                if times >= REPEATED and 0 < share < 1:
                    found.append(Axis(column.name, value, share, float(np.sqrt(share * (1 - share))), 1.0))
    return tuple(found)


def _matrix(axes: tuple[Axis, ...], table: Table) -> np.ndarray:
    """(n, axes) weighted values."""
    if not axes:
        return np.zeros((len(table), 0))
    return np.stack([axis.of(table) * axis.weight for axis in axes], axis=1)


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    if len(a) < 3 or a.std() == 0 or b.std() == 0:
        return 0.0
    return float(abs(np.mean((a - a.mean()) * (b - b.mean())) / (a.std() * b.std())))


def _centers(matrix: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    if count == 1 or len(matrix) <= count:
        return matrix.mean(axis=0, keepdims=True) if len(matrix) else np.zeros((1, matrix.shape[1]))
    # k-means++ (Arthur and Vassilvitskii 2007): each next center far from those before it.
    centers = [matrix[rng.integers(len(matrix))]]
    distance = ((matrix - centers[0]) ** 2).sum(axis=1)
    while len(centers) < count and distance.sum() > 0:
        centers.append(matrix[rng.choice(len(matrix), p=distance / distance.sum())])
        distance = np.minimum(distance, ((matrix - centers[-1]) ** 2).sum(axis=1))
    found = np.stack(centers)
    for _ in range(ROUNDS):
        of = _nearest(matrix, found)
        moved = np.stack([matrix[of == k].mean(axis=0) if (of == k).any() else found[k] for k in range(len(found))])
        if np.allclose(moved, found):
            break
        found = moved
    return found


def _nearest(matrix: np.ndarray, centers: np.ndarray) -> np.ndarray:
    if not matrix.shape[1]:
        return np.zeros(len(matrix), dtype=np.int64)
    best, least = np.zeros(len(matrix), dtype=np.int64), np.full(len(matrix), np.inf)
    for number, center in enumerate(centers):
        distance = ((matrix - center) ** 2).sum(axis=1)
        nearer = distance < least
        best[nearer], least[nearer] = number, distance[nearer]
    return best

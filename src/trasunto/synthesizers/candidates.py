"""What is known of each method that learns the rows of one table: what it takes, and how it did where it was measured.

Times are laws of rows, columns and kinds, fitted to what fits and draws took on one core of a 2023 server; figures were
measured on Adult (24,421 rows to fit to, as many unseen, 15 columns), one to three seeds each, and are rounded to what
is known (benchmarks/README.md). Nothing here looks at a clock: the same table gets the same estimate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trasunto.data.dataset import Table

# Python and the libraries that every method loads, in MB.
LOADED = 110.0
# What torch adds to it.
TORCH = 170.0


@dataclass(frozen=True)
class Shape:
    """What a table looks like. numbers: columns of numbers and dates; words: of categories and booleans; widest: most
    values of one of those; missing: share of the values."""

    rows: int
    numbers: int
    words: int
    widest: int
    missing: float

    @property
    def columns(self) -> int:
        """Columns that are learnt: identifiers are made anew."""
        return self.numbers + self.words

    @property
    def cells(self) -> int:
        return self.rows * self.columns

    @staticmethod
    def of(table: Table) -> Shape:
        """The shape of a table without free text."""
        words = [column.name for column in table.schema.of_kind("category", "boolean")]
        numbers = [column.name for column in table.schema.of_kind("integer", "number", "datetime")]
        learnt = table.rows.select([*words, *numbers])
        widest = max((table.rows[name].n_unique() for name in words), default=0)
        empty = sum(each.null_count() for each in learnt.iter_columns())
        return Shape(len(table), len(numbers), len(words), widest, empty / max(len(table) * learnt.width, 1))


@dataclass(frozen=True)
class Candidate:
    """One method.

    seconds, megabytes: to fit to a table of a shape and draw as many rows, with default settings, on one core; the
    megabytes with Python and its libraries. c2st: the area under the curve of a classifier that tells its rows from
    unseen real ones (0.5 best). nearer: share of its rows that are nearer to a training row than to an unseen one (0.5
    best). least: rows below which it has too little to learn from. readable: how well a person can read the model,
    from 0 (weights) to 3 (a document). library: what it needs beside the package's own.
    """

    name: str
    seconds: Callable[[Shape], float]
    megabytes: Callable[[Shape], float]
    c2st: float
    nearer: float
    least: int = 1
    readable: int = 0
    library: str | None = None


def _independent(shape: Shape) -> float:
    return 0.02 + 0.0015 * shape.columns + 0.15e-6 * shape.cells


def _tree(shape: Shape) -> float:
    from trasunto.synthesizers.tree import COLUMNS, STEPS, Tree

    usual = Tree()
    grown = min(shape.rows, usual.grow_rows)
    steps = max(1, grown * shape.columns * min(shape.columns, usual.max_inputs))
    orders = max(1, min(usual.orders, STEPS // steps, COLUMNS // max(1, shape.columns)))
    return orders * (0.007 * shape.columns + 0.3e-6 * steps) + 0.5e-6 * shape.cells


def _bayes(shape: Shape) -> float:
    from trasunto.synthesizers.bayes import PAIRS, SEEN, SEEN_PAIRS

    squared = shape.columns**2
    pairs = min(shape.rows, SEEN, max(PAIRS // max(squared, 1), SEEN_PAIRS)) * squared
    return 0.02 * shape.columns + 0.9e-6 * shape.cells + 3e-8 * pairs


def _copula(shape: Shape) -> float:
    pairs = min(shape.rows, 200_000) * shape.columns**2
    return 0.02 + 0.002 * shape.columns + 0.3e-6 * shape.cells + 5e-9 * pairs


def _distributions(shape: Shape) -> float:
    return 0.05 + 0.01 * shape.numbers + 2.5e-6 * shape.rows * shape.numbers + _copula(shape)


def _autoregressive(shape: Shape) -> float:
    from trasunto.synthesizers.autoregressive import FEWEST, MOST, ROWS_SEEN

    epochs = min(max(ROWS_SEEN / max(shape.rows, 1), FEWEST), MOST)
    return 2.0 + 3.1e-6 * epochs * shape.cells + 2.6e-6 * shape.cells


def _vae(shape: Shape) -> float:
    from trasunto.synthesizers.vae import FEWEST, MOST, ODDS_EPOCHS, ODDS_ROWS, ODDS_SEEN, ROWS_SEEN

    seen = min(max(ROWS_SEEN, FEWEST * shape.rows), MOST * shape.rows)
    odds = min(max(ODDS_SEEN, min(shape.rows, ODDS_ROWS)), ODDS_EPOCHS * shape.rows)
    return 2.0 + (0.4 + shape.columns / 25) * (20e-6 * seen + 18e-6 * odds + 45e-6 * shape.rows)


def _diffusion(shape: Shape) -> float:
    from trasunto.synthesizers.diffusion import FEWEST, MOST, ROWS_SEEN

    epochs = min(max(ROWS_SEEN / max(shape.rows, 1), FEWEST), MOST)
    return 2.0 + 4.6e-6 * epochs * shape.cells + 14e-6 * shape.cells


def _gan(shape: Shape) -> float:
    from trasunto.synthesizers.gan import FEWEST, MOST, ROWS_SEEN

    epochs = min(max(ROWS_SEEN / max(shape.rows, 1), FEWEST), MOST)
    return 2.0 + 1.8e-6 * epochs * shape.cells + 1e-6 * shape.cells


def _law(start: float, column: float, cell: float) -> Callable[[Shape], float]:
    """Megabytes: at the start, more for each column, more for each value."""
    return lambda shape: LOADED + start + column * shape.columns + cell * shape.cells


CANDIDATES = (
    Candidate("independent", _independent, _law(15, 0.1, 25e-6), 0.99, 0.51),
    Candidate("tree", _tree, _law(100, 1.0, 60e-6), 0.53, 0.51, least=20),
    Candidate("bayes", _bayes, _law(20, 1.0, 28e-6), 0.61, 0.51, least=20, readable=2),
    Candidate("copula", _copula, _law(15, 1.0, 30e-6), 0.89, 0.48, least=10, readable=1),
    Candidate("distributions", _distributions, _law(15, 1.0, 30e-6), 0.88, 0.49, least=10, readable=3),
    Candidate("autoregressive", _autoregressive, _law(TORCH + 150, 2.0, 100e-6), 0.53, 0.51, 200, library="torch"),
    Candidate("diffusion", _diffusion, _law(TORCH + 150, 2.0, 200e-6), 0.57, 0.51, 200, library="torch"),
    Candidate("vae", _vae, _law(TORCH + 150, 2.0, 200e-6), 0.68, 0.51, 200, library="torch"),
    Candidate("gan", _gan, _law(TORCH + 150, 2.0, 200e-6), 0.75, 0.52, 200, library="torch"),
)

"""`tree`: one decision tree per column on the columns before it, drawn from leaf by leaf.

The chain of trees is that of Reiter (2005, "Using CART to generate partially synthetic public use
microdata") and synthpop (Nowok, Raab and Dibben 2016), with three changes. Values are codes (atoms, bins,
categories: see encoders/codes.py), so that no real value of a continuous column is copied. Few-valued columns
come first. And a value is drawn from its leaf only with probability n / (n + shrink), else from the node above,
and so on up: small leaves lean on few people, and borrow from their parents in proportion.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trasunto.data.dataset import Dataset
from trasunto.data.schema import Schema, TableSchema
from trasunto.encoders.codes import Codes, fit_codes
from trasunto.errors import FitError, SampleError
from trasunto.privacy.budget import Budget, Guarantee, refuse
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.chain import Branches, draw, features, grow
from trasunto.synthesizers.model import in_parts
from trasunto.synthesizers.stored import load_codes, save_codes
from trasunto.writing import aside


@dataclass(frozen=True)
class Tree:
    """Settings.

    min_leaf: fewest training rows in a leaf; more is more private and less faithful. Tables of fewer than 50
    times as many rows use a fiftieth of their rows, at least 8.
    shrink: how many rows of the parent node a leaf is worth when values are drawn; 0 draws from leaves alone.
    bins: most quantile bins of a continuous column.
    max_depth: deepest tree.
    """

    min_leaf: int = 40
    shrink: float = 40.0
    bins: int = 300
    max_depth: int = 24

    def __post_init__(self) -> None:
        for name, value, least in (("min_leaf", self.min_leaf, 1), ("shrink", self.shrink, 0), ("bins", self.bins, 2)):
            if value < least:
                raise FitError(f"{name} is {value}; it must be at least {least}.")

    def fit(self, real: Dataset, *, seed: int, budget: Budget | None = None, progress: Progress = quiet) -> TreeModel:
        """Fit to one table. Raises FitError for several tables, no rows, or free text; BudgetError for a budget."""
        refuse(budget, "tree")
        table = learnable(real, "tree")
        codes = fit_codes(table, bins=self.bins)
        coded = codes.encode(table)
        order = order_of(table.schema, codes)
        rng = np.random.default_rng(seed)
        trees: dict[str, Branches] = {}
        for place, name in enumerate(order):
            progress("fit tree", place, len(order))
            known = coded[name] >= 0
            before = {each: coded[each][known] for each in order[:place]}
            trees[name] = grow(
                before,
                coded[name][known],
                sizes=codes.sizes(),
                worded=worded(codes),
                name=name,
                settings=(min(self.min_leaf, max(8, len(table) // 50)), self.max_depth),
                rng=rng,
            )
        progress("fit tree", len(order), len(order))
        return TreeModel(Schema({real.name: codes.schema}), self, codes, order, trees, len(table))


@dataclass(frozen=True)
class TreeModel:
    """A fitted chain. fitted_to: rows it has seen."""

    schema: Schema
    settings: Tree
    codes: Codes
    order: tuple[str, ...]
    trees: dict[str, Branches]
    fitted_to: int

    @property
    def guarantee(self) -> Guarantee | None:
        return None

    def sample(self, rows: int, *, seed: int, given: Dataset | None = None) -> Dataset:
        """Draw rows. given: a table of `rows` rows that holds the first columns of the chain (see `order`).

        Raises SampleError for a negative count, or given columns that are not the first of the chain.
        """
        if rows < 0:
            raise SampleError(f"Cannot draw {rows} rows.", "Ask for 0 or more.")
        rng = np.random.default_rng(seed)
        fixed = self._given(given, rows) if given is not None else {}
        drawn: dict[str, np.ndarray] = {}
        for name in self.order:
            if name in fixed:
                drawn[name] = fixed[name]
            else:
                branches = self.trees[name]
                drawn[name] = draw(branches, features(branches, drawn, rows), rows, self.settings.shrink, rng)
        table = self.codes.decode(drawn, rows=rows, rng=rng)
        return Dataset(self.schema, {next(iter(self.schema.tables)): table})

    def batches(self, rows: int, *, seed: int, size: int) -> Iterator[Dataset]:
        """The same number of rows in parts of at most `size`. Identifiers repeat between parts."""
        yield from in_parts(self, rows, seed, size)

    def save(self, folder: str | Path) -> None:
        """Write model.json and one .npz of plain arrays, whole or not at all."""
        arrays = {
            f"{name}\x1f{key}": value for name, tree in self.trees.items() for key, value in tree.arrays().items()
        }
        document = {
            "synthesizer": "tree",
            "version": 1,
            "settings": asdict(self.settings),
            "order": list(self.order),
            "fitted_to": self.fitted_to,
        }
        with aside(folder, folder=True) as place:
            save_codes(place, self.schema, self.codes, document, arrays)

    @staticmethod
    def load(folder: Path) -> TreeModel:
        schema, codes, document, arrays = load_codes(folder)
        parts: dict[str, dict[str, np.ndarray]] = {}
        for key, value in arrays.items():
            name, _, field = key.rpartition("\x1f")
            parts.setdefault(name, {})[field] = value
        order = tuple(document["order"])
        trees = {name: Branches.of(parts[name], order) for name in order}
        return TreeModel(schema, Tree(**document["settings"]), codes, order, trees, document["fitted_to"])

    def describe(self) -> dict[str, Any]:
        return {
            "method": "A chain of decision trees, one per column on the columns before it.",
            "source": "Reiter 2005; Nowok, Raab and Dibben 2016",
            "settings": asdict(self.settings),
            "order": list(self.order),
            "fitted_to": self.fitted_to,
            "columns": {
                name: {**described(self.codes, name), "leaves": self.trees[name].leaves} for name in self.order
            },
        }

    def _given(self, given: Dataset, rows: int) -> dict[str, np.ndarray]:
        names = given.only.schema.names
        if set(names) != set(self.order[: len(names)]):
            raise SampleError(
                f"tree takes the first columns of its chain ({', '.join(self.order)}), not {', '.join(names)}.",
                "Fit with those columns first, or leave `given` out.",
            )
        if len(given) != rows:
            raise SampleError(f"Given {len(given)} rows for {rows} rows to draw.", "Give one row for each.")
        part = Codes(given.only.schema, {name: self.codes.columns[name] for name in names}, {})
        coded = part.encode(given.only)
        for name, values in coded.items():
            if (values < 0).any():
                raise SampleError(f"Column {name!r} is given a value that the model does not know.", "Use known ones.")
        return coded


def learnable(real: Dataset, method: str) -> Any:
    """The one table of a dataset that a row synthesizer can learn. FitError for what it cannot."""
    if len(real.tables) != 1:
        raise FitError(f"{method} takes one table, not {len(real.tables)}.", "Fit each table by itself.")
    table = real.only
    if len(table) == 0 or not table.schema.columns:
        raise FitError(f"{method} cannot learn from {len(table)} rows.", "Give at least one.")
    texts = [column.name for column in table.schema.of_kind("text")]
    if texts:
        raise FitError(
            f"{method} cannot write free text, and column {texts[0]!r} holds it.",
            "Use the synthesizer 'lm-finetune', or drop the column.",
        )
    return table


def order_of(schema: TableSchema, codes: Codes) -> tuple[str, ...]:
    """Target or label first, then few-valued columns before many-valued ones."""
    sizes = codes.sizes()
    first = {column.name for column in schema.columns if column.role in ("target", "label")}
    return tuple(sorted(codes.names, key=lambda name: (name not in first, sizes[name])))


def worded(codes: Codes) -> frozenset[str]:
    """Columns whose codes have no order."""
    from trasunto.encoders.codes import Levels

    return frozenset(name for name, each in codes.columns.items() if isinstance(each, Levels))


def described(codes: Codes, name: str) -> dict[str, Any]:
    """What a column was turned into, for the report."""
    from trasunto.encoders.codes import Levels

    each = codes.columns[name]
    if isinstance(each, Levels):
        return {"categories": len(each.values), "rare_left_out": each.rare, "missing": each.null}
    return {"atoms": each.atoms, "bins": len(each.low) - each.atoms, "missing": each.null}

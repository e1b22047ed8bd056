"""Everything around a joint that is the same for every method: what it learns from, and the fitted model.

A table is restated so that its rules hold (encoders/plain.py), turned to codes (encoders/codes.py), and handed to the
method as arrays. The model turns what is asked in words into evidence on codes, has the joint draw, and brings codes
back to rows that keep every rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Schema
from trasunto.encoders.codes import Codes, Levels, fit_codes
from trasunto.encoders.plain import Plain, restated
from trasunto.errors import FitError, SampleError
from trasunto.privacy.budget import Guarantee
from trasunto.synthesizers.condition import NOTHING, Condition, conform, known_codes, known_only, read_condition
from trasunto.synthesizers.joint import Evidence, Joint
from trasunto.synthesizers.model import in_parts
from trasunto.synthesizers.repair import overwritten, repaired
from trasunto.synthesizers.stored import load_codes, save_codes
from trasunto.writing import aside

# How often rows that miss a condition over several columns are drawn again.
ROUNDS = 40


@dataclass(frozen=True)
class Prepared:
    """What a method learns from.

    coded: by column, (n,) int32 codes (or narrower: see `prepare`), -1 for a value that is not published (a rare
    category) and must not be drawn.
    """

    name: str
    plan: Plain
    codes: Codes
    coded: dict[str, np.ndarray]
    rows: int

    @property
    def sizes(self) -> dict[str, int]:
        """How many codes each column has; a missing value is the last one, where there is one."""
        return self.codes.sizes()

    @property
    def worded(self) -> frozenset[str]:
        """Columns whose codes have no order."""
        return worded(self.codes)

    @property
    def first(self) -> frozenset[str]:
        """Columns that come before all others: what is given, and what is to be predicted."""
        found = {column.name for column in self.codes.schema.columns if column.role in ("target", "label", "context")}
        return frozenset(found & set(self.codes.names))

    @property
    def context(self) -> frozenset[str]:
        """Columns that are always given."""
        return frozenset(
            c.name for c in self.codes.schema.columns if c.role == "context" and c.name in self.codes.columns
        )

    def filled(self, seed: int) -> dict[str, np.ndarray]:
        """`coded` with every -1 replaced by a draw from the column's other codes."""
        rng = np.random.default_rng(seed)
        made = {}
        for name, values in self.coded.items():
            lost = values < 0
            known = values[~lost]
            if lost.any():
                values = values.copy()
                values[lost] = rng.choice(known, int(lost.sum())) if known.size else 0
            made[name] = values
        return made

    def model(self, method: str, settings: Any, joint: Joint, *, guarantee: Guarantee | None = None) -> CodedModel:
        """The fitted model around a joint. guarantee: what it promises, when it was fitted under a budget."""
        schema = replace(self.plan.whole, columns=tuple(self._public(c) for c in self.plan.whole.columns))
        plan = replace(self.plan, whole=schema)
        whole = Schema({self.name: schema})
        return CodedModel(whole, method, settings, plan, self.codes, joint, self.rows, guarantee=guarantee)

    def _public(self, column: Any) -> Any:
        """A column without what was read from private rows."""
        return column if column.declared else replace(column, bounds=None)


def prepare(real: Dataset, method: str, *, bins: int, narrow: bool = False) -> Prepared:
    """What `method` learns from. bins: most quantile bins of a continuous column. narrow: codes in the smallest type.

    Raises FitError for several tables, no rows, or free text; SchemaError for a rule that cannot be read.
    """
    table = learnable(real, method)
    plan, plain = restated(table)
    codes = fit_codes(plain, bins=bins)
    return Prepared(real.name, plan, codes, codes.encode(plain, narrow=narrow), len(plain))


def written(place: Path, model: CodedModel, document: dict[str, Any]) -> None:
    """Write a model into a folder that exists: model.json for what is read, plain arrays for what is computed with."""
    save_codes(place, model.schema, model.codes, document, model.joint.arrays())


@dataclass(frozen=True)
class CodedModel:
    """A fitted method of one table. fitted_to: rows it has seen. write: how it is written into a folder. choice: how
    `auto` came to choose the method (see its `Choice`), empty when it was named. guarantee: of differential privacy."""

    schema: Schema
    method: str
    settings: Any
    plan: Plain
    codes: Codes
    joint: Joint
    fitted_to: int
    write: Callable[[Path, CodedModel, dict[str, Any]], None] = written
    choice: Mapping[str, Any] = field(default_factory=dict)
    guarantee: Guarantee | None = None

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
        """Draw rows.

        given: a table of `rows` rows with some of the columns (a dataset, frame or dict); its values are kept, and
        what is missing in it is drawn to fit them. where: a condition that every row meets, as text (see
        data/expressions.py). temperature: above 0; below 1 likely values become likelier, above 1 rare ones do.
        first: rows drawn before with the same seed, so that identifiers go on.
        Raises SampleError for a negative count, and for what no row can meet.
        """
        if rows < 0:
            raise SampleError(f"Cannot draw {rows} rows.", "Ask for 0 or more.")
        if not temperature > 0:
            raise SampleError(f"The temperature is {temperature}; it must be above 0.", "1 draws what was learnt.")
        rng = np.random.default_rng([seed, first] if first else seed)
        fixed = conform(given, self.schema.only) if given is not None else None
        if fixed is not None and len(fixed) != rows:
            raise SampleError(f"Given {len(fixed)} rows for {rows} rows to draw.", "Give one row for each.")
        return self._dataset(self._drawn(rows, fixed, where, temperature, rng, (seed, first)))

    def impute(self, table: Any, *, seed: int, temperature: float = 1.0) -> Dataset:
        """The same rows with every missing value drawn to fit the rest of its row.

        table: real rows (a dataset or frame) with the model's columns, or some of them. Columns that had no value at
        all when the model was fitted stay empty. A value that the model does not know, as one too rare to be learnt,
        stays, and says nothing of the rest of its row.
        """
        fixed = conform(table, self.schema.only)
        rng = np.random.default_rng(seed)
        known, strange = known_only(fixed, self.codes)
        found = self._dataset(self._drawn(len(known), known, None, temperature, rng, (seed, 0), gaps=False))
        if not strange:
            return found
        kept = [fixed.rows[name].fill_null(found.rows[name]) for name in strange]
        return found.with_table(Table(found.only.schema, found.rows.with_columns(kept)))

    def batches(self, rows: int, *, seed: int, size: int) -> Iterator[Dataset]:
        """The same number of rows in parts of at most `size`, in constant memory. No identifier repeats."""
        yield from in_parts(self, rows, seed, size)

    def save(self, folder: str | Path) -> None:
        """Write the model into a folder, whole or not at all."""
        document = {
            "synthesizer": self.method,
            "version": 1,
            "settings": asdict(self.settings),
            "fitted_to": self.fitted_to,
            "plan": self.plan.to_dict(),
            "facts": self.joint.facts(),
            "choice": dict(self.choice),
            "guarantee": self.guarantee.to_dict() if self.guarantee is not None else None,
        }
        with aside(folder, folder=True) as place:
            self.write(place, self, document)

    def describe(self) -> dict[str, Any]:
        facts = self.joint.facts()
        columns = {
            name: {**described(self.codes, name), **facts.get("columns", {}).get(name, {})} for name in self.codes.names
        }
        told = {
            "settings": asdict(self.settings),
            "fitted_to": self.fitted_to,
            **self.choice,
            **facts,
            "columns": columns,
        }
        if self.guarantee is not None:
            told["guarantee"] = self.guarantee.to_dict()
        if self.plan.left_out:
            told["rows_left_out_for_breaking_a_rule"] = self.plan.left_out
        return told

    def _dataset(self, table: Table) -> Dataset:
        return Dataset(self.schema, {next(iter(self.schema.tables)): table})

    def _drawn(
        self,
        rows: int,
        fixed: Table | None,
        where: str | None,
        temperature: float,
        rng: np.random.Generator,
        place: tuple[int, int],
        *,
        gaps: bool = True,
    ) -> Table:
        """Rows as asked, rules kept. gaps: whether a free value may be a missing one."""
        from trasunto.synthesizers.asked import Asked

        asked = Asked.of(self, fixed, where, gaps)
        table = self._plain_rows(asked, np.arange(rows), temperature, rng, place)
        for _ in range(ROUNDS):
            missed = asked.missed(table)
            if not missed.size:
                break
            again = self._plain_rows(asked, missed, temperature, rng, place)
            table = Table(table.schema, replaced(table.rows, missed, again.rows))
        asked.require(table)
        return table

    def _plain_rows(
        self, asked: Any, which: np.ndarray, temperature: float, rng: np.random.Generator, place: tuple[int, int]
    ) -> Table:
        """Rows of the table for these positions of what was asked."""
        parts: dict[str, np.ndarray] = {name: np.zeros(len(which), dtype=np.int32) for name in self.codes.names}
        for places, evidence in asked.evidence(which, temperature):
            drawn = self.joint.draw(evidence, rng)
            for name, codes in drawn.items():
                parts[name][places] = codes
        plain = self.codes.decode(parts, rows=len(which), rng=rng, place=place, limits=asked.limits)
        table = overwritten(self.plan.back(plain), asked.given(which))
        if asked.fixed is not None and self.plan.functions:
            table = overwritten(self.plan.compute(table.rows), asked.given(which))
        if not self.plan.rules:
            return table
        fixed = frozenset(asked.names)
        spare = partial(self._spare, place[0])
        return repaired(table, self.plan, rng, fixed=fixed, wished=asked.wished, spare=spare)

    def _spare(self, seed: int) -> Table:
        """Rows of which nothing is asked, to take values from."""
        rng = np.random.default_rng([seed, 1])
        coded = self.joint.draw(Evidence(2000), rng)
        return self.plan.back(self.codes.decode(coded, rows=2000, rng=rng))


def load_coded(
    folder: Path,
    settings: type,
    joint_of: Callable[[Any, Codes, Mapping[str, np.ndarray], Mapping[str, Any]], Joint],
) -> CodedModel:
    """The model saved in a folder. joint_of: (settings, codes, arrays, facts) → the joint. ModelError when broken."""
    from trasunto.errors import ModelError

    schema, plan, codes, document, arrays = load_codes(folder)
    try:
        known = {key: tuple(v) if isinstance(v, list) else v for key, v in document["settings"].items()}
        chosen = settings(**known)
        joint = joint_of(chosen, codes, arrays, document["facts"])
        model = CodedModel(schema, document["synthesizer"], chosen, plan, codes, joint, document["fitted_to"])
        promised = document.get("guarantee")
        guarantee = Guarantee.from_dict(promised) if promised is not None else None
        return replace(model, choice=document.get("choice", {}), guarantee=guarantee)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ModelError(f"The model in {folder} is broken: {error!r}.", "Fit it again.") from error


def replaced(rows: pl.DataFrame, at: np.ndarray, others: pl.DataFrame) -> pl.DataFrame:
    """The rows with other rows at these positions."""
    return rows.with_columns(rows[name].scatter(at.tolist(), others[name]).alias(name) for name in rows.columns)


def learnable(real: Dataset, method: str) -> Table:
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


def worded(codes: Codes) -> frozenset[str]:
    """Columns whose codes have no order."""
    return frozenset(name for name, each in codes.columns.items() if isinstance(each, Levels))


def described(codes: Codes, name: str) -> dict[str, Any]:
    """What a column was turned into, for the report."""
    each = codes.columns[name]
    if isinstance(each, Levels):
        return {"categories": len(each.values), "rare_left_out": each.rare, "missing": each.null}
    return {"atoms": each.atoms, "bins": len(each.low) - each.atoms, "missing": each.null}


__all__ = ["NOTHING", "CodedModel", "Condition", "Prepared", "known_codes", "load_coded", "prepare", "read_condition"]

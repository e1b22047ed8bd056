"""Seconds and memory of a synthesizer on a wide table of columns that hang on each other.

    python benchmarks/wide.py --synthesizer bayes --columns 100 --rows 20000

The table is made here: every column follows a few hidden factors; numbers, whole numbers, categories, booleans and
dates take turns, some with gaps, spikes or heavy tails. Prints one line to read and one of JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from typing import Any

import numpy as np
import polars as pl

from trasunto import registry
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema

FACTORS = 6


def wide(rows: int, columns: int, seed: int = 0) -> Dataset:
    """A table of `columns` columns that share six hidden factors."""
    rng = np.random.default_rng(seed)
    hidden = rng.standard_normal((rows, FACTORS))
    made: dict[str, pl.Series] = {}
    kinds: list[Column] = []
    for at in range(columns):
        weights = rng.standard_normal(FACTORS) * (rng.random(FACTORS) < 0.4)
        z = hidden @ weights + 0.6 * rng.standard_normal(rows)
        z /= z.std()
        kind, values = KINDS[at % len(KINDS)](z, rng)
        if at % 7 == 3:
            values = pl.select(pl.when(pl.lit(pl.Series(z > 1))).then(None).otherwise(pl.lit(values))).to_series()
        name = f"{kind}{at}"
        made[name] = values
        kinds.append(Column(name, kind))  # type: ignore[arg-type]
    return Dataset.of(Table(TableSchema(tuple(kinds)), pl.DataFrame(made)), "wide")


def _category(z: np.ndarray, rng: np.random.Generator) -> tuple[str, pl.Series]:
    cuts = np.sort(rng.standard_normal(int(rng.integers(2, 12))))
    names = np.array([f"c{code}" for code in rng.permutation(len(cuts) + 1)])
    return "category", pl.Series(names[np.searchsorted(cuts, z)])


def _date(z: np.ndarray, rng: np.random.Generator) -> tuple[str, pl.Series]:
    days = 18_000 + np.round(400 * z).astype(np.int64)
    return "datetime", pl.Series(days * 86_400_000_000).cast(pl.Datetime("us"))


KINDS: tuple[Any, ...] = (
    lambda z, rng: ("number", pl.Series(z)),
    _category,
    lambda z, rng: ("integer", pl.Series(np.floor(np.exp(1.5 + 0.8 * z)).astype(np.int64))),
    lambda z, rng: ("number", pl.Series(np.where(z < 0.4, 0.0, np.round(np.exp(3 + z), 2)))),
    _category,
    lambda z, rng: ("boolean", pl.Series(z + 0.3 * rng.standard_normal(len(z)) > 0.5)),
    _date,
)


def main(arguments: list[str] | None = None) -> None:
    """Fit, draw as many rows, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--synthesizer", default="bayes")
    parser.add_argument("--columns", type=int, default=100)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--set", nargs="*", default=[], metavar="FIELD=VALUE", help="Settings, values as JSON.")
    asked = parser.parse_args(arguments)
    settings = {key: json.loads(value) for key, _, value in (pair.partition("=") for pair in asked.set)}
    real = wide(asked.rows, asked.columns)
    before = _peak()
    clocks = [_clocks()]
    model = registry.load("synthesizers", asked.synthesizer)(**settings).fit(real, seed=0)
    clocks.append(_clocks())
    fitted = _peak()
    made = model.sample(asked.rows, seed=1)
    clocks.append(_clocks())
    spent = {
        f"{step}_{clock}": round(clocks[at + 1][clock] - clocks[at][clock], 2)
        for at, step in enumerate(("fit", "sample"))
        for clock in ("wall", "cpu")
    }
    found = {
        "synthesizer": asked.synthesizer,
        "rows": asked.rows,
        "columns": asked.columns,
        **spent,
        "table_mb": round(real.rows.estimated_size() / 2**20, 1),
        "before_mb": before,
        "fit_peak_mb": fitted,
        "peak_mb": _peak(),
        "correlation_error": round(_apart(real.rows, made.rows), 4),
    }
    print(
        f"{asked.synthesizer} {asked.rows:,} x {asked.columns}: fit {spent['fit_wall']} s ({spent['fit_cpu']} CPU s), "
        f"sample {spent['sample_wall']} s, peak {found['peak_mb']} MiB of which {before} before fitting"
    )
    print(json.dumps(found))


def _clocks() -> dict[str, float]:
    return {"wall": time.perf_counter(), "cpu": time.process_time()}


def _peak() -> int:
    """Peak memory of this process in MiB."""
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(size / (2**20 if sys.platform == "darwin" else 2**10))


def _apart(real: pl.DataFrame, made: pl.DataFrame) -> float:
    """Mean difference of the rank correlations of all pairs of numeric columns."""
    names = [name for name, kind in real.schema.items() if kind.is_numeric()][:60]
    ranks = [
        np.corrcoef(np.stack([rows[name].fill_null(0).rank().to_numpy() for name in names])) for rows in (real, made)
    ]
    return float(np.abs(ranks[0] - ranks[1]).mean())


if __name__ == "__main__":
    main()

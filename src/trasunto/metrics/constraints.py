"""Do synthetic rows keep the rules that real rows keep? The confirmed constraints of the schema, one by one."""

from __future__ import annotations

import numpy as np
import polars as pl

from trasunto.data.constraints import Violations, rules_of, violations
from trasunto.data.dataset import Table
from trasunto.metrics.frames import alike
from trasunto.metrics.interval import wilson
from trasunto.metrics.score import Comparison, Score

READING = (
    "Share of synthetic rows that break a rule of the schema, mean over its confirmed rules; 0 is best. The control is "
    "what real rows break themselves, the baseline columns drawn by themselves."
)


def constraints(comparison: Comparison) -> tuple[Score, ...]:
    """fidelity.constraints: the share of synthetic rows that break a rule, from 0 to 1, mean over the confirmed rules
    of the real data's schema; then each rule, the most broken first.

    The control is the same share of the unseen real rows, or without them of the training rows (rules that a person
    wrote need not hold in either). A combination counts as broken when the training rows do not have it; a value that
    is missing breaks no rule but one that says so. () without confirmed rules. Raises SchemaError for a rule that
    cannot be read.
    """
    schema = comparison.real.only.schema
    if not rules_of(schema):
        return ()
    parts = {part: Table(schema, rows) for part, rows in alike(comparison, list(schema.names)).items()}
    parts["independent"] = _alone(parts["real"], len(parts["synthetic"]), comparison.seed)
    broken = {part: violations(table, like=parts["real"], schema=schema) for part, table in parts.items()}
    real = broken.get("holdout", broken["real"])
    found = [_one(*each) for each in zip(broken["synthetic"], broken["independent"], real, strict=True)]
    rows = len(parts["synthetic"])
    value = float(np.mean([score.value for score in found]))
    headline = Score(
        "fidelity.constraints",
        value,
        0.0,
        # A row that breaks one rule often breaks others: as wide as if all rules were one.
        wilson(value * rows, rows),
        float(np.mean([each.share for each in broken["independent"]])),
        float(np.mean([each.share for each in real])),
        reading=READING,
    )
    return headline, *sorted(found, key=lambda score: -score.value)


def _one(made: Violations, alone: Violations, real: Violations) -> Score:
    interval = wilson(made.count, made.rows)
    return Score("fidelity.constraints", made.share, 0.0, interval, alone.share, real.share, made.rule)


def _alone(real: Table, rows: int, seed: int) -> Table:
    """So many rows, each column drawn by itself from the real values."""
    rng = np.random.default_rng([seed, 17])
    columns = [real.rows[name].gather(rng.integers(0, len(real), rows)) for name in real.rows.columns]
    return Table(real.schema, pl.DataFrame(columns))

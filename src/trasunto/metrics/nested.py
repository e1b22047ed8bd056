"""Columns of JSON objects, measured field by field: as wholes, hardly two of their values would be the same."""

from __future__ import annotations

from dataclasses import replace

from trasunto.data.dataset import Dataset, Table
from trasunto.encoders.nested import fit_nested
from trasunto.metrics.score import Comparison


def unfolded(comparison: Comparison) -> Comparison:
    """The comparison with the fields that the real rows have in place of each column of JSON objects; itself where
    there is no such column."""
    schema = comparison.real.only.schema
    found = {c.name: fit_nested(comparison.real.rows[c.name]) for c in schema.columns if c.format.nested}
    if not found:
        return comparison
    columns = [part for c in schema.columns for part in (found[c.name].columns if c.name in found else (c,))]
    plain = replace(schema, columns=tuple(columns))

    def flat(dataset: Dataset) -> Dataset:
        rows = dataset.rows
        for name, nested in found.items():
            rows = nested.flatten(rows, name)
        return dataset.with_table(Table(plain, rows.select(plain.names)))

    holdout = comparison.holdout
    return replace(
        comparison,
        real=flat(comparison.real),
        synthetic=flat(comparison.synthetic),
        holdout=flat(holdout) if holdout is not None else None,
        secrets=tuple(name for name in comparison.secrets if name not in found),
        keys=tuple(name for name in comparison.keys if name not in found),
    )

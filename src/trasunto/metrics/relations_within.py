"""What single tables of related ones hold beside columns: histories of events, and free text.

The measures are those of one table (metrics/sequences.py, metrics/text.py), over every table that they apply to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import TableSchema
from trasunto.errors import MetricError
from trasunto.metrics import sequences, sequences_told, text
from trasunto.metrics.related import Related, pooled, same, table_comparisons
from trasunto.metrics.score import Comparison, Score

# Measured of each history. What takes models of its own (forecasting) is left to a comparison of that table alone.
HISTORIES: tuple[Callable[[Comparison], tuple[Score, ...]], ...] = (
    sequences.lengths,
    sequences.gaps,
    sequences.transitions,
    sequences.autocorrelation,
    sequences.totals,
    sequences_told.discriminative,
)


def histories(related: Related) -> tuple[Score, ...]:
    """sequences.lengths, .gaps, .transitions, .autocorrelation, .totals and .discriminative of the tables whose schema
    names a sequence: the mean over these tables, then by table ("purchases", "purchases: amount"). Owners without any
    event do not show here; `relations.cardinality` sees them. () where no table has a sequence."""
    parts = related.parts
    comparisons = {}
    for name, table in related.real.tables.items():
        if table.schema.sequence is None or table.schema.copied or same(related.real, related.synthetic, name):
            continue
        sides = {part: _events(dataset.tables[name], name) for part, dataset in parts.items()}
        if all(len(side) for side in sides.values()):
            holdout = sides.get("holdout")
            comparisons[name] = Comparison(sides["real"], sides["synthetic"], holdout, seed=related.seed)
    scores: list[Score] = []
    for measure in HISTORIES:
        scores += _over(measure, comparisons)
    return tuple(scores)


def texts(related: Related) -> tuple[Score, ...]:
    """relations.text: chance that a classifier of words and letters tells synthetic texts from unseen real ones (see
    `text.fidelity`), mean over the tables with free text; then by table, with its lengths, words and variety. () where
    no table has any."""
    return _of_texts(related, text.fidelity, "fidelity.text", "relations.text")


def verbatim(related: Related) -> tuple[Score, ...]:
    """relations.verbatim_text: share of synthetic rows that repeat eight words or more of a training text and of no
    unseen one (see `text.verbatim`), mean over the tables with free text; then by table, with texts that equal one, and
    the longest run. () where no table has any."""
    return _of_texts(related, text.verbatim, "privacy.verbatim_text", "relations.verbatim_text")


def _of_texts(
    related: Related, measure: Callable[[Comparison], tuple[Score, ...]], metric: str, own: str
) -> tuple[Score, ...]:
    with_texts = {
        name: each for name, each in table_comparisons(related).items() if each.real.only.schema.of_kind("text")
    }
    scores = _over(measure, with_texts)
    return tuple(_named(score, own) for score in scores if score.metric == metric or score.subject)


def _named(score: Score, own: str) -> Score:
    """A score under the name of the related measure; what it is of, when it is one of several, in the subject."""
    last = score.metric.rpartition(".")[2]
    of = "" if own.endswith(last) else f": {last.replace('_', ' ')}"
    return replace(score, metric=own, subject=f"{score.subject}{of}" if score.subject else "")


def _over(measure: Callable[[Comparison], tuple[Score, ...]], comparisons: dict[str, Comparison]) -> list[Score]:
    """The mean of the headlines of tables, then what each table's scores are. Tables too small to measure are left
    out."""
    heads: dict[str, list[Score]] = {}
    each: list[Score] = []
    for name, comparison in comparisons.items():
        try:
            found = measure(comparison)
        except MetricError:
            continue
        for score in found:
            if not score.subject:
                heads.setdefault(score.metric, []).append(score)
            each.append(replace(score, subject=f"{name}: {score.subject}" if score.subject else name, reading=""))
    means = [pooled(some, [1.0] * len(some), some[0].reading, metric) for metric, some in heads.items()]
    return [*means, *each]


def _events(table: Table, name: str) -> Dataset:
    """The events of a table: whose they are, when, and what else they say; other keys tell nothing."""
    schema = table.schema
    assert schema.sequence is not None
    keys = {column for key in schema.foreign_keys for column in key.columns} | set(schema.primary_key)
    keys |= {column.name for column in schema.of_kind("id")}
    columns = tuple(c for c in schema.columns if c.name in schema.sequence or c.name not in keys)
    kept = TableSchema(columns, sequence=schema.sequence)
    return Dataset.of(Table(kept, table.rows.select(kept.names)), name)

"""Data that is bigger than memory: a seeded sample of it stands in for all, and is told of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from trasunto.connectors.address import open_source
from trasunto.connectors.lake import Versioned
from trasunto.connectors.sampled import Sampled, is_large, sampled
from trasunto.data.dataset import Dataset
from trasunto.data.schema import Schema
from trasunto.pipeline.recipe import Recipe
from trasunto.pipeline.verbs import read
from trasunto.progress import Progress, quiet
from trasunto.reports.report import Report


def sample_of(
    source: str,
    rows: int,
    *,
    seed: int,
    schema: Schema | str | Path | None = None,
    needed: str | None = None,
    progress: Progress = quiet,
) -> Sampled:
    """At most `rows` rows of a source, drawn uniformly while it is read in parts; see `connectors.sampled`."""
    known = Schema.load(schema) if isinstance(schema, str | Path) else schema
    return sampled(source, rows, seed=seed, schema=known, needed=needed, progress=progress)


def real_of(recipe: Recipe) -> tuple[Dataset, dict[str, Any]]:
    """The real data of a recipe, and facts: `sampled`, how it was drawn where it was; `versions` of tables in a lake.

    A source of more than 256 MB of which only `data.rows` are wanted is sampled while it is read, with the seed. A
    recipe with a section on privacy reads all: its policy and its budget are about every row; so does one of events,
    of which whole histories are drawn.
    """
    asked = recipe.data
    source = open_source(asked.source)
    versions = {"versions": source.facts()} if isinstance(source, Versioned) else {}
    whole = asked.rows is None or recipe.privacy is not None or asked.sequence is not None
    if whole or not is_large(source):
        return read(asked.source, schema=asked.schema_file), versions
    assert asked.rows is not None
    judged = asked.target or asked.label
    found = sample_of(asked.source, asked.rows, seed=recipe.seed, schema=asked.schema_file, needed=judged)
    return found.dataset, {"sampled": found.facts, **versions}


def with_samples(report: Report, drawn: dict[str, dict[str, Any]]) -> Report:
    """The report of a comparison of samples, which says of what they are (facts by part)."""
    return replace(report, facts={**report.facts, "sampled": drawn}) if drawn else report

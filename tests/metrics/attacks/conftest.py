"""Synthetic rows with something planted, for the tests of attacks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from trasunto.data.dataset import Dataset, Table


def with_copies(of: Dataset, count: int, others: Dataset) -> Dataset:
    """The first `count` rows of one dataset in place of the first ones of the others."""
    return of.with_table(Table(of.only.schema, pl.concat([of.rows.head(count), others.rows.slice(count)])))


@pytest.fixture(scope="session")
def planted():
    return with_copies


@pytest.fixture(scope="session")
def varied(draw) -> Callable[[int, int], Dataset]:
    """People of whom more is known, so that no two are alike."""

    def people(rows: int, seed: int) -> Dataset:
        rng = np.random.default_rng(seed + 1_000)
        more = {name: ("number", rng.normal(size=rows).tolist()) for name in ("height", "weight", "score")}
        return draw(rows, seed, **more)

    return people

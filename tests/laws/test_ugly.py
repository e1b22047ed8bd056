"""Ugly data: every method takes it, and what comes out is as ugly in the same way."""

import json
import re

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.testing import table_of

ROWS = 240
SPELLINGS = (
    ("true", "false"), ("TRUE", "FALSE"), ("Yes", "No"), ("y", "n"), ("T", "F"),
    ("on", "off"), ("sí", "no"), ("S", "N"), ("Verdadero", "Falso"), ("si", "no"),
)  # fmt: skip


@pytest.fixture(scope="module")
def untidy(tmp_path_factory):
    """A file of odd spellings, read as anyone would."""
    rng = np.random.default_rng(0)
    cents = np.round(rng.gamma(2, 900, ROWS), 2)
    gaps = np.where(rng.random(ROWS) < 0.5, rng.integers(0, 50, ROWS), rng.integers(5_000, 5_400, ROWS))
    columns = {f"b{at}": np.where(rng.random(ROWS) < 0.5, *pair) for at, pair in enumerate(SPELLINGS)}
    columns |= {
        "dollars": [f"${value:,.2f}" for value in cents],
        "euros": [f"{value:,.2f} €".translate(str.maketrans(",.", ".,")) for value in cents],
        "gaps": gaps,
        "padded": [f"{value:05d}" for value in rng.integers(0, 4_000, ROWS)],
        "heavy": np.round(rng.pareto(0.8, ROWS), 4),
        "zoned": [f"2021-{m:02d}-{d:02d}T10:00:00+02:00" for m, d in rng.integers(1, 28, (ROWS, 2)) % 12 + 1],
        "nested": [
            json.dumps({"size": {"w": int(w), "name": "ab"[w % 2]}, "on": bool(w > 5)}) if w else "" for w in
            rng.integers(0, 10, ROWS)
        ],
    }  # fmt: skip
    path = tmp_path_factory.mktemp("untidy") / "untidy.csv"
    pl.DataFrame(columns).write_csv(path)
    return path


@pytest.fixture
def written(untidy, name, fitted, tmp_path):
    """What a method makes of that file, as text, column by column."""
    made = fitted(name, tr.read(untidy)).sample(200, seed=1)
    made.write(tmp_path / "made.csv")
    return pl.read_csv(tmp_path / "made.csv", infer_schema_length=0)


def test_writes_what_it_read_in_the_spelling_it_was_read_in(written, untidy):
    for at, pair in enumerate(SPELLINGS):
        assert set(written[f"b{at}"].unique()) == set(pair)
    assert written["dollars"].str.contains(r"^\$\d{1,3}(,\d{3})*\.\d\d$").all()
    assert written["euros"].str.contains(r"^\d{1,3}(\.\d{3})*,\d\d €$").all()
    assert written["padded"].str.contains(r"^\d{5}$").all()
    gaps, heavy = written["gaps"].cast(pl.Int64), written["heavy"].cast(pl.Float64)
    assert gaps.is_between(0, 49).any() and gaps.is_between(5_000, 5_399).any()
    # Edges of a hole are known to half the distance of neighbours only.
    assert (gaps.is_between(0, 53) | gaps.is_between(4_990, 5_399)).all()
    assert heavy.min() >= 0 and heavy.max() <= pl.read_csv(untidy)["heavy"].max()
    assert written["zoned"].str.starts_with("2021-").all()
    nested = [json.loads(text) for text in written["nested"].to_list() if text]
    assert 0 < len(nested) < 200 and all(set(each) <= {"size", "on"} for each in nested)
    sizes = [each["size"] for each in nested if "size" in each]
    assert {key: {type(each[key]) for each in sizes if key in each} for key in ("w", "name")} == {
        "w": {int},
        "name": {str},
    }
    assert {each["on"] for each in nested if "on" in each} == {True, False}


def test_takes_a_column_of_thousands_of_categories(name, fitted):
    rng = np.random.default_rng(1)
    real = table_of({"town": [f"t{i}" for i in np.sort(rng.zipf(1.3, 3_000) % 1_500)], "n": rng.integers(0, 9, 3_000)})
    made = fitted(name, real).sample(500, seed=1).rows["town"]
    assert made.n_unique() > 20 and made.is_in(real.rows["town"].implode()).all()


def test_takes_many_columns_of_few_rows(name, fitted):
    rng = np.random.default_rng(2)
    real = table_of({f"c{at}": rng.integers(0, 5, 40) for at in range(150)})
    made = fitted(name, real).sample(30, seed=1)
    assert made.rows.schema == real.rows.schema and made.rows.max().row(0) <= (4,) * 150


@pytest.mark.parametrize(
    "real",
    [
        table_of({"a": [str(i) for i in range(300)], "b": list(range(300))}),
        table_of({"a": pl.Series([None] * 297 + [1.0, 2.0, 3.0], dtype=pl.Float64), "b": ["u"] * 300}),
        table_of({"a": [2**62, -(2**62), 0, 5] * 10}),
        table_of({"a": ["😀", "مرحبا", "ñandú"] * 20, "b": [0.1, 1e300, -1e300] * 20}),
    ],
    ids=["all different", "99 % gaps", "huge", "any script"],
)
def test_takes_the_rest(name, real, fitted):
    made = fitted(name, real).sample(20, seed=1)
    assert len(made) == 20 and made.rows.dtypes == real.rows.dtypes


def test_a_column_with_hardly_a_value_keeps_its_gaps(taught, fitted):
    rng = np.random.default_rng(3)
    few = rng.random(2_000) < 0.01
    real = table_of(
        {"a": pl.Series(np.where(few, rng.normal(50, 9, 2_000), np.nan)).fill_nan(None), "b": rng.normal(size=2_000)}
    )
    made = fitted(taught, real).sample(2_000, seed=1).rows["a"]
    # About 20 values of 2,000 on each side: standard errors of 0.0022.
    assert abs(made.null_count() / 2_000 - real.rows["a"].null_count() / 2_000) < 0.01
    assert re.match("Float64", str(made.dtype))

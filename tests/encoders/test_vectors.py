"""Codes as vectors and back."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trasunto.data.dataset import Table
from trasunto.data.schema import Column, TableSchema
from trasunto.encoders.codes import fit_codes
from trasunto.encoders.vectors import FEWEST, WIDEST, Vectors, fit_vectors

KINDS = {pl.String: "category", pl.Int64: "integer", pl.Float64: "number", pl.Boolean: "boolean"}


def coded(bins=300, **columns):
    frame = pl.DataFrame(columns)
    schema = TableSchema(tuple(Column(name, KINDS[frame[name].dtype.base_type()]) for name in frame.columns))
    table = Table(schema, frame)
    codes = fit_codes(table, bins=bins)
    return codes, codes.encode(table)


def rows(seed=0, count=3000):
    rng = np.random.default_rng(seed)
    gain = np.where(rng.random(count) < 0.9, 0.0, rng.gamma(1.0, 5000.0, count))
    return coded(
        gain=gain,
        age=rng.integers(17, 90, count),
        pay=pl.Series(np.where(rng.random(count) < 0.2, np.nan, rng.lognormal(3, 2, count))).fill_nan(None),
        town=pl.Series(rng.choice(["a", "b", None], count).tolist(), dtype=pl.String),
        same=["x"] * count,
        flag=rng.random(count) < 0.3,
    )


def test_every_code_comes_back():
    codes, values = rows()
    vectors = fit_vectors(codes, values, modes=12)
    dense = vectors.encode(values)
    assert dense.shape == (3000, vectors.width) and dense.dtype == np.float32
    for drawn in (dense, vectors.encode(values, np.random.default_rng(3))):
        back = vectors.decode(drawn, np.random.default_rng(0))
        assert all((back[name] == values[name]).all() and back[name].dtype == np.int32 for name in codes.names)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.integers(-40, 40), st.floats(-1e6, 1e6)), min_size=1, max_size=80),
    st.lists(st.sampled_from(["a", "b", "c", None]), min_size=80, max_size=80),
    st.integers(2, 9),
)
def test_every_code_of_any_table_comes_back(numbers, words, modes):
    values = pl.Series([None if each is None else float(each) for each in numbers], dtype=pl.Float64)
    codes, found = coded(x=values, w=pl.Series(words[: len(numbers)], dtype=pl.String))
    # A category of one person has no code.
    found = {name: np.maximum(each, 0) for name, each in found.items()}
    if not found:
        return
    vectors = fit_vectors(codes, found, modes=modes)
    back = vectors.decode(vectors.encode(found), np.random.default_rng(0))
    assert all((back[name] == found[name]).all() for name in found)


def test_spikes_and_gaps_are_modes_of_their_own():
    codes, values = rows()
    vectors = fit_vectors(codes, values, modes=12)
    gain, pay = vectors.columns["gain"], vectors.columns["pay"]
    zero = np.bincount(values["gain"]).argmax()
    assert (gain.of == gain.of[zero]).sum() == 1
    assert (pay.of == pay.of[-1]).sum() == 1 and codes.columns["pay"].null
    assert gain.count <= 12 and pay.count <= 12 and gain.scalar and not vectors.columns["town"].scalar


def test_spread_scalars_are_uniform_inside_a_mode():
    codes, values = rows()
    vectors = fit_vectors(codes, values, modes=4)
    span = next(span for span in vectors.spans if span.name == "pay")
    mode = vectors.modes(values)[:, vectors.names.index("pay")]
    scalar = vectors.encode(values, np.random.default_rng(0))[:, span.scalar]
    assert (scalar[~span.wide[mode]] == 0).all()
    inside = np.sort(scalar[mode == np.flatnonzero(span.wide)[0]])
    # Kolmogorov-Smirnov: 1.95 / sqrt(n) is passed once in a thousand.
    assert np.abs(inside - np.linspace(-1, 1, inside.size)).max() / 2 < 1.95 / np.sqrt(inside.size)


def test_log_probabilities_are_drawn_from():
    codes, values = rows()
    vectors = fit_vectors(codes, values)
    span = next(span for span in vectors.spans if span.name == "flag")
    dense = np.zeros((20_000, vectors.width), dtype=np.float32)
    dense[:, span.start] = np.log(3.0)
    for temperature, share in ((1.0, 0.25), (0.5, 0.1)):
        drawn = vectors.decode(dense, np.random.default_rng(0), draw=True, temperature=temperature)["flag"]
        assert drawn.mean() == pytest.approx(share, abs=0.015)
    assert vectors.decode(dense, np.random.default_rng(0))["flag"].max() == 0


def test_very_many_categories_share_modes_and_keep_their_shares():
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in np.minimum(rng.zipf(1.3, 60_000), 5_000)]
    codes, values = coded(word=words)
    values = {"word": values["word"][values["word"] >= 0]}
    assert codes.sizes()["word"] > 500
    vectors = fit_vectors(codes, values, categories=64)
    assert vectors.width == vectors.columns["word"].count <= 64
    drawn = vectors.decode(vectors.encode(values), rng)["word"]
    assert (vectors.modes({"word": drawn}) == vectors.modes(values)).all()
    often = np.bincount(values["word"]) / len(values["word"])
    made = np.bincount(drawn, minlength=often.size) / len(drawn)
    assert np.abs(often - made).max() < 0.005
    top = often.argmax()
    assert (drawn[values["word"] == top] == top).all()


def test_the_width_of_many_columns_is_bounded():
    rng = np.random.default_rng(0)
    codes, values = coded(**{f"c{i}": rng.normal(size=400) for i in range(400)})
    vectors = fit_vectors(codes, values)
    assert vectors.hot <= max(WIDEST, FEWEST * 400)
    assert all(each.count >= 2 for each in vectors.columns.values())


def test_what_is_not_known_is_all_zeros():
    codes, values = rows()
    vectors = fit_vectors(codes, values)
    lost = {name: np.full(5, -1, dtype=np.int32) for name in values}
    assert not vectors.encode(lost).any()


def test_saved_arrays_give_the_same_vectors():
    codes, values = rows()
    vectors = fit_vectors(codes, values, modes=8)
    again = Vectors.of(codes, vectors.arrays())
    assert (again.encode(values) == vectors.encode(values)).all()

import numpy as np
import pytest

from trasunto.metrics import copies
from trasunto.metrics.score import Comparison


def joined(one, other):
    import polars as pl

    return one.with_table(type(one.only)(one.only.schema, pl.concat([one.rows, other.rows])))


def test_planted_copies_are_counted_and_ids_do_not_hide_them(draw):
    real = draw(500, 0)
    planted = real.with_table(real.only.take(np.arange(30)))
    renamed = planted.rows.with_columns(id=planted.rows["id"] + "x")
    made = joined(planted.with_table(type(real.only)(real.only.schema, renamed)), draw(270, 1))
    (score,) = copies.exact_copies(Comparison(real, made, draw(500, 2)))
    # 30 of 300, and now and then a row that misses its income and so repeats one by age and job alone.
    assert 0.1 <= score.value < 0.11
    assert score.interval[0] < 0.1 < score.interval[1]
    assert score.control < 0.02
    assert score.baseline < 0.02


def test_missing_values_are_equal_to_each_other(build):
    real = build(a=("integer", [1, None]), b=("category", ["x", None]))
    made = build(a=("integer", [None, 1]), b=("category", [None, "y"]))
    (score,) = copies.exact_copies(Comparison(real, made))
    assert (score.value, score.control) == (0.5, None)


def test_columns_of_few_values_are_repeated_by_unseen_rows_too(build):
    rng = np.random.default_rng(0)
    real, made, unseen = (build(a=("integer", rng.integers(0, 3, 100))) for _ in range(3))
    (score,) = copies.exact_copies(Comparison(real, made, unseen))
    assert (score.value, score.control, score.baseline) == (1.0, 1.0, 1.0)


def test_texts_count_and_ids_alone_give_nothing(build):
    (score,) = copies.exact_copies(Comparison(build(t=("text", ["a", "b"])), build(t=("text", ["b", "c"]))))
    assert score.value == 0.5
    assert copies.exact_copies(Comparison(build(i=("id", "ab")), build(i=("id", "ab")))) == ()


def test_unseen_rows_are_as_near_to_one_side_as_to_the_other(draw):
    (score,) = copies.nearer_to_train(Comparison(draw(2_000, 0), draw(2_000, 1), draw(2_000, 2)))
    # A standard error of 0.011 from the rows and about as much from the neighbours they share: four of both.
    assert score.value == pytest.approx(0.5, abs=0.06)
    assert score.control == pytest.approx(0.5, abs=0.08)
    assert score.goal == 0.5


def test_a_leak_pulls_rows_to_the_training_side(draw):
    real, unseen = draw(1_000, 0), draw(1_000, 1)
    (all_of_it,) = copies.nearer_to_train(Comparison(real, real, unseen))
    assert all_of_it.value > 0.97
    mixed = joined(real.with_table(real.only.take(np.arange(500))), draw(500, 2))
    (half_of_it,) = copies.nearer_to_train(Comparison(real, mixed, unseen))
    assert half_of_it.value == pytest.approx(0.75, abs=0.06)
    assert half_of_it.interval[0] > 0.65
    shifted = real.rows.with_columns(income=real.rows["income"] * 1.0001)
    (blurred,) = copies.nearer_to_train(
        Comparison(real, real.with_table(type(real.only)(real.only.schema, shifted)), unseen)
    )
    assert blurred.value > 0.95


@pytest.mark.parametrize("rows", [40, 400])
def test_a_single_column_of_different_numbers_is_fair(build, rows):
    # Values met on neither side must not be nearer to a side by the way ranks are made: mean over 20 tables.
    values = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        real, made, unseen = (build(x=("number", rng.normal(size=rows))) for _ in range(3))
        values.append(copies.nearer_to_train(Comparison(real, made, unseen))[0].value)
    assert np.mean(values) == pytest.approx(0.5, abs=4 * np.std(values) / np.sqrt(20))


def test_blocks_and_the_whole_give_the_same_distances(draw, monkeypatch):
    comparison = Comparison(draw(300, 0), draw(200, 1), draw(300, 2))
    whole = copies.nearer_to_train(comparison)
    monkeypatch.setattr(copies, "BLOCK", 7)
    assert copies.nearer_to_train(comparison) == whole


def test_without_a_holdout_or_with_one_row_of_it(draw):
    assert copies.nearer_to_train(Comparison(draw(20, 0), draw(20, 1))) == ()
    (score,) = copies.nearer_to_train(Comparison(draw(20, 0), draw(20, 1), draw(1, 2)))
    assert score.control is None
    assert 0 <= score.value <= 1

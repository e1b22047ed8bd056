import numpy as np
import pytest

from trasunto.errors import MetricError
from trasunto.metrics import structure
from trasunto.metrics.score import Comparison


def test_unseen_real_rows_cannot_be_told_apart_and_loose_columns_can(draw):
    real, unseen, made = (draw(1_500, seed) for seed in range(3))
    score = structure.c2st(Comparison(real, made, unseen))[0]
    # A standard error of about 0.011 a side: four of them.
    assert score.value == pytest.approx(0.5, abs=0.045)
    assert score.control == pytest.approx(0.5, abs=0.045)
    assert score.interval[0] < score.value < score.interval[1]
    assert score.baseline > 0.7
    assert score.goal == 0.5


def test_repeated_rows_are_told_apart_from_unseen_ones(draw):
    real, unseen = draw(1_500, 0), draw(1_500, 1)
    twice = real.with_table(real.only.take(np.repeat(np.arange(300), 5)))
    score = structure.c2st(Comparison(real, twice, unseen))[0]
    assert score.interval[0] > 0.6


def test_the_column_that_gives_rows_away_comes_first(draw):
    real, unseen = draw(800, 0), draw(800, 1)
    income = [None if v is None else v + 20.0 for v in draw(800, 2).rows["income"]]
    scores = structure.c2st(Comparison(real, draw(800, 2, income=("number", income)), unseen))
    assert scores[1].subject == "income"
    assert scores[1].interval[0] > 0.7
    assert scores[1].control == pytest.approx(0.5, abs=0.1)
    assert {s.subject for s in scores[1:]} == {"age", "job", "income", "rich"}


@pytest.mark.parametrize("values", ["sorted", "spikes"])
def test_a_column_alone_is_judged_on_rows_it_was_not_learned_from(build, values):
    rng = np.random.default_rng(0)
    real, unseen = build(x=("number", rng.normal(size=600))), build(x=("number", rng.normal(size=600)))
    if values == "sorted":
        # The same values in order: halves by position would differ, the column does not.
        made = build(x=("number", np.sort(rng.normal(size=600))))
        assert structure.c2st(Comparison(real, made, unseen))[1].value == pytest.approx(0.5, abs=0.1)
    else:
        # Every tenth value is one and the same number in the middle: no order tells, the frequency does.
        made = build(x=("number", np.where(np.arange(600) % 3 == 0, 0.0, rng.normal(size=600))))
        assert structure.c2st(Comparison(real, made, unseen))[1].value > 0.6


def test_without_a_holdout_there_is_no_control_and_the_reading_warns(draw):
    score = structure.c2st(Comparison(draw(100, 0), draw(100, 1)))[0]
    assert score.control is None
    assert "rewards copying" in score.reading


def test_too_few_rows_are_an_error_and_no_columns_give_nothing(draw, build):
    with pytest.raises(MetricError, match=r"needs 10 rows a side and has 9"):
        structure.c2st(Comparison(draw(100, 0), draw(9, 1), draw(100, 2)))
    assert structure.c2st(Comparison(build(i=("id", "abc")), build(i=("id", "def")))) == ()


def test_columns_that_do_not_vary_tell_nothing(build):
    same = {"a": ("integer", [1] * 20), "b": ("number", [None] * 20), "c": ("category", ["x"] * 20)}
    score = structure.c2st(Comparison(build(**same), build(**same)))[0]
    assert (score.value, score.interval) == (0.5, (0.5, 0.5))
    void = structure.c2st(Comparison(build(**same), build(**{**same, "b": ("number", [1.0] * 20)})))
    assert void[0].value == 1.0
    assert (void[1].subject, void[1].value) == ("b", 1.0)


def test_a_value_known_in_a_single_row_is_no_obstacle(build):
    rng = np.random.default_rng(0)
    rare = [None] * 199 + [1.0]
    parts = [build(x=("number", rng.normal(size=200)), rare=("number", rare)) for _ in range(2)]
    empty = build(x=("number", rng.normal(size=200)), rare=("number", [None] * 200))
    assert structure.c2st(Comparison(parts[0], empty, parts[1]))[0].value == pytest.approx(0.5, abs=0.12)

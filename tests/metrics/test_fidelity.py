import numpy as np
import pytest

from trasunto.metrics import fidelity
from trasunto.metrics.score import Comparison


def headline(scores):
    assert scores[0].subject == ""
    return scores[0]


def test_copies_have_no_error_and_unseen_rows_have_that_of_chance(draw):
    real, unseen = draw(2_000, 0), draw(2_000, 1)
    for metric in (fidelity.shapes, fidelity.trends):
        score = headline(metric(Comparison(real, real, unseen)))
        assert score.value == 0
        assert score.interval == (0.0, 0.0)
        assert score.control is not None
        assert 0.005 < score.control < 0.1
        swapped = headline(metric(Comparison(real, unseen, draw(2_000, 2))))
        assert swapped.value == pytest.approx(score.control)
        assert swapped.interval[0] < swapped.value < swapped.interval[1]


def test_the_baseline_of_trends_has_lost_them_and_that_of_shapes_has_not(draw):
    comparison = Comparison(draw(2_000, 0), draw(2_000, 1), draw(2_000, 2))
    shapes, trends = headline(fidelity.shapes(comparison)), headline(fidelity.trends(comparison))
    assert shapes.baseline < 2 * shapes.control
    assert trends.baseline > 2 * trends.control


def test_columns_and_pairs_come_worst_first(draw, build):
    real = draw(500, 0)
    made = draw(500, 1, age=("integer", [200] * 500))
    shapes = fidelity.shapes(Comparison(real, made))
    assert shapes[1].subject == "age"
    assert {s.subject for s in shapes[1:]} == {"age", "job", "income", "rich"}
    assert shapes[1].value == 1.0
    trends = fidelity.trends(Comparison(real, made))
    assert trends[1].subject in {"age × job", "age × rich"}
    assert len(trends) == 1 + 6
    values = [s.value for s in trends[1:]]
    assert values == sorted(values, reverse=True)
    assert headline(trends).value == pytest.approx(np.mean(values))


def test_fewer_synthetic_rows_are_set_beside_as_few_unseen_ones(draw):
    real, unseen = draw(3_000, 0), draw(3_000, 1)
    few = headline(fidelity.shapes(Comparison(real, draw(100, 2), unseen)))
    many = headline(fidelity.shapes(Comparison(real, draw(3_000, 2), unseen)))
    # Chance makes 100 rows differ about five times as much as 3,000.
    assert few.control > 2 * many.control


def test_the_interval_of_trends_is_the_bootstraps(draw):
    real, made = draw(1_500, 0), draw(800, 1)
    shuffled = made.rows.with_columns(age=made.rows["age"].shuffle(seed=1))
    made = made.with_table(type(made.only)(made.only.schema, shuffled))
    score = headline(fidelity.trends(Comparison(real, made)))
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(120):
        again = made.with_table(made.only.take(rng.integers(0, 800, 800)))
        drawn.append(headline(fidelity.trends(Comparison(real, again))).value)
    half = (score.interval[1] - score.interval[0]) / 2
    # 120 draws know their spread to within 6.5 %; pairs near to zero error make the interval a little too wide.
    assert half == pytest.approx(1.96 * np.std(drawn), rel=0.3)


def test_one_column_has_no_pairs_and_ids_and_texts_have_no_shape(build):
    one = Comparison(build(a=("integer", [1, 2]), i=("id", ["a", "b"])), build(a=("integer", [1, 2]), i=("id", "cd")))
    assert fidelity.trends(one) == ()
    assert [s.subject for s in fidelity.shapes(one)] == ["", "a"]
    none = Comparison(build(t=("text", ["a", "b"])), build(t=("text", ["c", "d"])))
    assert fidelity.shapes(none) == fidelity.trends(none) == ()


def test_an_empty_column_does_not_blind_the_correlations_of_others(build):
    x = np.random.default_rng(0).normal(size=300)
    empty = [None] * 300
    real = build(a=("number", x), b=("number", x), c=("number", empty), d=("number", [7.0] * 300))
    made = build(a=("number", x), b=("number", -x), c=("number", empty), d=("number", [7.0] * 300))
    trends = fidelity.trends(Comparison(real, made))
    assert (trends[1].subject, trends[1].value) == ("a × b", pytest.approx(1.0))
    assert all(score.value == 0 for score in trends[2:])


def test_many_pairs_are_sampled_and_many_values_cost_no_memory(build):
    rng = np.random.default_rng(0)
    wide = {f"c{place}": ("integer", rng.integers(0, 9, 30)) for place in range(120)}
    scores = fidelity.trends(Comparison(build(**wide), build(**wide)))
    assert (scores[0].value, len(scores)) == (0.0, 1 + fidelity.SHOWN_PAIRS)
    # 20,000 × 20,000 cells, of which 40,000 are met.
    names = [str(place) for place in range(20_000)]
    real = build(a=("category", names), b=("category", names))
    made = build(a=("category", names), b=("category", names[::-1]))
    assert headline(fidelity.trends(Comparison(real, made))).value == 1.0

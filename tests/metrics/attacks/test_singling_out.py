import numpy as np
import pytest

from trasunto.errors import MetricError
from trasunto.metrics.attacks.singling_out import _more_rows, _parts, singling_out
from trasunto.metrics.frames import arrays
from trasunto.metrics.score import Comparison


def test_equal_law_gives_no_risk_and_seeds_repeat(draw):
    comparison = Comparison(draw(2_000, 0), draw(2_000, 1), draw(2_000, 2))
    headline, success, *each = singling_out(comparison)
    assert headline.interval[0] == headline.control == 0.0
    assert {score.subject for score in each} == {"one column", "several columns"}
    assert success.metric == "privacy.singling_out_success"
    assert abs(success.value - success.control) < 0.05
    again = Comparison(draw(2_000, 0), draw(2_000, 1), draw(2_000, 2))
    assert singling_out(again) == (headline, success, *each)


def test_copies_fire_it(draw, planted):
    real, unseen = draw(2_000, 0), draw(2_000, 2)
    everything = singling_out(Comparison(real, real, unseen))[0]
    assert everything.value >= 0.8
    tenth = singling_out(Comparison(real, planted(real, 200, draw(2_000, 1)), unseen))[0]
    assert tenth.interval[0] > 0.0
    assert 0.05 < tenth.value < 0.2


def test_descriptions_fit_what_they_say(build):
    rows = build(x=("number", [1.0, 2.0, 2.0, None, 9.0]), g=("category", ["a", "a", "b", "b", "b"]))
    part = _parts(arrays(Comparison(rows, rows)), np.random.default_rng(0))["synthetic"]
    # x has the ranks 0 (1.0), 1 (2.0), 2 (9.0) and -1; of g, "b" is the more frequent and so 0.
    cases = {
        ((0, "=", 0),): 1, ((0, "=", 1),): 2, ((0, "=", -1),): 1, ((0, ">", 2),): 1, ((0, "<", 0),): 1,
        ((0, "<", 1),): 2, ((0, "=", 1), (1, "=", 1)): 1, ((0, "=", 0), (1, "=", 0)): 0, ((0, ">", 1), (1, "=", 0)): 2,
    }  # fmt: skip
    assert {predicate: part.met(predicate) for predicate in cases} == cases


def test_a_smaller_holdout_is_made_up_for(draw):
    headline, success, *_ = singling_out(Comparison(draw(3_000, 0), draw(3_000, 1), draw(1_000, 2)))
    assert headline.interval[0] == 0.0
    assert success.control == pytest.approx(success.value, abs=0.06)


def test_more_rows_follow_the_negative_binomial():
    rng = np.random.default_rng(0)
    rates = rng.gamma(0.7, 1.0, 400_000)
    few, many = rng.poisson(rates), rng.poisson(2 * rates)
    by = _more_rows(float((few == 0).mean()), float((few == 1).mean()), 2.0)
    assert by == pytest.approx((many == 1).mean() / (few == 1).mean(), rel=0.02)
    assert _more_rows(0.5, 0.0, 2.0) == _more_rows(0.5, 0.3, 1.0) == 1.0


def test_where_it_does_not_apply(build, draw):
    # No value and no combination stands once.
    same = build(a=("category", ["x", "y"] * 50))
    assert singling_out(Comparison(same, same)) == ()
    assert singling_out(Comparison(build(t=("text", ["a"] * 60)), build(t=("text", ["b"] * 60)))) == ()
    with pytest.raises(MetricError, match="at least 50 rows"):
        singling_out(Comparison(draw(5, 0), draw(100, 1)))


def test_without_a_holdout_it_says_so(draw):
    headline, *_ = singling_out(Comparison(draw(500, 0), draw(500, 1)))
    assert headline.control is None
    assert "no unseen rows" in headline.reading

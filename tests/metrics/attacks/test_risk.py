import numpy as np
import pytest

from trasunto.errors import MetricError
from trasunto.metrics.attacks.risk import Attack, check_rows, scores_of
from trasunto.metrics.score import Comparison


def test_the_risk_is_what_is_left_of_the_success_beyond_the_control():
    # By hand: (0.6 - 0.2) / 0.8 = 0.5, and guessing at 0.3 comes to 0.125.
    attack = Attack("", 600, 1_000, 200, 1_000, 0.3)
    value, (low, high) = attack.risk()
    assert value == pytest.approx(0.5)
    assert attack.guessing() == pytest.approx(0.125)
    # Both rates vary: sd of the risk = sqrt(0.24/1000 / 0.64 + 0.16/1000 * (0.4/0.64)^2) = 0.0209.
    assert low == pytest.approx(0.5 - 1.96 * 0.0209, abs=0.003)
    assert high == pytest.approx(0.5 + 1.96 * 0.0209, abs=0.003)


def test_no_more_than_on_unseen_rows_is_no_risk():
    value, (low, high) = Attack("", 190, 1_000, 200, 1_000, 0.0).risk()
    assert (value, low) == (0.0, 0.0)
    assert 0 < high < 0.05


def test_what_always_works_on_unseen_rows_tells_nothing():
    assert Attack("", 100, 100, 100, 100, 0.5).risk() == (0.0, (0.0, 1.0))
    assert Attack("", 100, 100, 100, 100, 0.5).guessing() == 0.0


def test_without_unseen_rows_the_success_itself_counts():
    attack = Attack("", 30, 100, 0, 0, 0.1)
    assert attack.risk()[0] == attack.rate == 0.3
    (headline, success, *_) = scores_of("privacy.x", [attack], "Read so.", "Rate.")
    assert headline.control is None
    assert "no unseen rows" in headline.reading
    assert (success.metric, success.value, success.baseline) == ("privacy.x_success", 0.3, 0.1)


def test_the_interval_holds_the_risk_as_often_as_it_says():
    rng, inside = np.random.default_rng(0), 0
    for _ in range(400):
        attack = Attack("", rng.binomial(800, 0.3), 800, rng.binomial(500, 0.2), 500, 0.0)
        low, high = attack.risk()[1]
        inside += low <= 0.125 <= high
    # 95 % ± 3 standard errors of 1.1 %.
    assert 0.915 <= inside / 400 <= 0.985


def test_the_headline_is_the_surest_and_holds_for_all_at_once():
    sure, vague = Attack("sure", 300, 1_000, 100, 1_000, 0.0), Attack("vague", 12, 20, 4, 20, 0.0)
    headline, _, first, _, second, _ = scores_of("privacy.x", [vague, sure], "Read so.", "Rate.")
    assert headline.value == second.value
    assert first.value > headline.value
    assert "sure" in headline.reading
    assert headline.interval[0] < second.interval[0]
    assert scores_of("privacy.x", [], "", "") == ()


def test_a_few_rows_are_refused(draw):
    with pytest.raises(MetricError, match="at least 50 rows of synthetic data and has 5"):
        check_rows("privacy.x", Comparison(draw(100, 0), draw(5, 1)))

import numpy as np
import pytest

from trasunto.metrics.interval import around, auc, auc_influence, auc_interval, clopper_pearson, share_above, wilson


def test_wilson_holds_the_share_at_its_ends():
    for successes in (0, 1, 30, 59, 60):
        low, high = wilson(successes, 60)
        assert 0.0 <= low <= successes / 60 <= high <= 1.0
    assert wilson(0, 0) == (0.0, 1.0)


def test_auc_interval_covers_the_truth_about_as_often_as_it_says():
    # Normals one deviation apart: the area is Phi(1/sqrt 2) = 0.7602. 300 tries: 95 % ± 3 standard errors of 1.3 %.
    rng, truth = np.random.default_rng(0), 0.76025
    inside = 0
    for _ in range(300):
        low, high = auc_interval(rng.normal(1, 1, 80), rng.normal(0, 1, 120))
        inside += low <= truth <= high
    assert 0.91 <= inside / 300 <= 0.99


def test_influence_gives_the_bootstraps_interval():
    rng = np.random.default_rng(1)
    label = rng.random(400) < 0.3
    score = np.round(label + rng.normal(0, 1.0, 400), 1)
    value, influence = auc_influence(score, label)
    low, high = around(value, influence, 0.0, 1.0)
    drawn = []
    for _ in range(1_000):
        rows = rng.integers(0, 400, 400)
        drawn.append(auc(score[rows][label[rows]], score[rows][~label[rows]]))
    assert np.percentile(drawn, [2.5, 97.5]) == pytest.approx([low, high], abs=0.01)
    assert abs(influence.mean()) < 1e-12


def test_one_row_tells_nothing():
    assert around(0.4, np.zeros(1), 0.0, 1.0) == (0.0, 1.0)
    assert auc_interval(np.array([1.0]), np.array([0.0, 1.0])) == (0.0, 1.0)


def test_clopper_pearson_is_the_tables():
    # By R: binom.test(7, 50)$conf.int and binom.test(0, 50)$conf.int.
    assert clopper_pearson(7, 50) == pytest.approx((0.05819, 0.26740), abs=1e-5)
    assert clopper_pearson(0, 50) == pytest.approx((0.0, 0.07112), abs=1e-5)
    assert clopper_pearson(50, 50)[1] == 1.0
    assert clopper_pearson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("rows", "exceeding"), [(150, 0.001), (400, 0.01), (2_000, 0.1)])
@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_the_share_above_a_limit_is_held_by_its_interval(rows, exceeding, shift):
    # Normals: the share above the quantile of the others is known. 300 tries; 95 % less 3 standard errors of 1.3 %.
    from scipy.stats import norm

    rng = np.random.default_rng(0)
    truth = float(norm.sf(norm.isf(exceeding) - shift))
    inside, values = 0, []
    for _ in range(300):
        value, (low, high) = share_above(rng.normal(shift, 1, rows), rng.normal(0, 1, rows), exceeding)
        inside += low <= truth <= high
        values.append(value)
    assert inside / 300 >= 0.91
    if not shift:
        assert np.mean(values) == pytest.approx(exceeding, rel=0.5)


def test_equals_are_not_above():
    assert share_above(np.ones(100), np.ones(100), 0.1)[0] == 0.0

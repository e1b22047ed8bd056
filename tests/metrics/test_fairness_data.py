import math

import numpy as np
import pytest

from trasunto.metrics import fairness_data as data
from trasunto.metrics.score import Comparison


def scores(found):
    return {(score.metric.removeprefix("fairness."), score.subject): score for score in found}


@pytest.fixture
def halves(build):
    """60 women, of whom 12 are hired, and 40 men, of whom 20 are; in the synthetic rows 50 of each, 10 and 30."""

    def made(women, hired_women, men, hired_men):
        hired = ["yes"] * hired_women + ["no"] * (women - hired_women)
        hired += ["yes"] * hired_men + ["no"] * (men - hired_men)
        return build(sex=("category", ["f"] * women + ["m"] * men), hired=("category", hired))

    return Comparison(made(60, 12, 40, 20), made(50, 10, 50, 30), made(120, 24, 80, 40), "hired", ("sex",))


def test_shares_of_the_groups(halves):
    found = scores(data.representation(halves))
    assert found["representation", ""].value == pytest.approx(0.1, abs=1e-12)
    assert found["representation", "sex"].control == pytest.approx(0.0, abs=1e-12)
    assert found["share", "sex: f"].value == pytest.approx(0.5, abs=1e-12)
    assert found["share", "sex: f"].goal == pytest.approx(0.6, abs=1e-12)
    low, high = found["representation", ""].interval
    assert 0.0 <= low < 0.1 < high < 0.25


def test_favourable_outcomes_by_group(halves):
    found = scores(data.parity(halves))
    assert found["parity", ""].value == pytest.approx(30 / 50 - 10 / 50, abs=1e-12)
    assert found["parity", ""].control == pytest.approx(0.5 - 0.2, abs=1e-12)
    assert found["parity", ""].baseline < 0.3
    assert "'yes'" in found["parity", ""].reading
    assert found["label_rate", "sex: m"].value == pytest.approx(0.6, abs=1e-12)
    assert found["label_rate", "sex: m"].goal == pytest.approx(0.32, abs=1e-12)


def test_missing_values_by_group(build):
    def made(of_women, of_men):
        pay = [None] * of_women + [1.0] * (50 - of_women) + [None] * of_men + [2.0] * (50 - of_men)
        return build(sex=("category", ["f"] * 50 + ["m"] * 50), pay=("number", pay))

    found = scores(data.missingness(Comparison(made(10, 5), made(20, 5), protected=("sex",))))
    assert found["missingness", ""].value == pytest.approx(0.3, abs=1e-12)
    assert found["missing_share", "sex: f"].value == pytest.approx(0.4, abs=1e-12)
    assert found["missing_share", "sex: f"].goal == pytest.approx(0.2, abs=1e-12)
    assert data.missingness(Comparison(made(0, 0), made(0, 0), protected=("sex",))) == ()


def test_how_much_a_proxy_gives_away_in_closed_form():
    half = np.repeat([0, 1], 8)
    same, nothing = half.copy(), np.tile([0, 1], 8)
    mostly = half.copy()
    mostly[[0, 8]] = [1, 0]
    assert data.given_away(half, same)[0] == pytest.approx(1.0, abs=1e-12)
    assert data.given_away(half, nothing)[0] == pytest.approx(0.0, abs=1e-12)
    # Entropy of a coin less that of a coin of 7 in 8, in bits.
    kept = 1 + 7 / 8 * math.log2(7 / 8) + 1 / 8 * math.log2(1 / 8)
    value, influence = data.given_away(half, mostly)
    assert value == pytest.approx(kept, abs=1e-12)
    assert influence.mean() == pytest.approx(0.0, abs=1e-12)
    assert data.given_away(np.zeros(4, dtype=int), np.arange(4))[0] == 0.0


def test_the_influence_of_a_row_is_what_the_figure_gains_when_it_is_met_once_more():
    rng = np.random.default_rng(1)
    protected = rng.integers(0, 2, 4_000)
    column = np.where(rng.random(4_000) < 0.7, protected, rng.integers(0, 3, 4_000))
    value, influence = data.given_away(protected, column)
    grown = data.given_away(np.append(protected, protected[5]), np.append(column, column[5]))[0]
    assert (grown - value) * 4_001 == pytest.approx(influence[5], rel=0.02)


def test_proxies_are_named_and_none_is_where_columns_do_not_hang_together(draw):
    real, made, unseen = (draw(2_000, seed) for seed in range(3))
    found = data.proxies(Comparison(real, made, unseen, protected=("job",)))
    assert found[0].subject == ""
    assert found[1].subject == "job ← income"
    assert "job ← income" in found[0].reading
    assert found[0].value == pytest.approx(found[0].control, abs=0.05)
    assert found[0].baseline < 0.02 < found[0].interval[0]
    assert scores(found)["proxies", "job ← age"].value < 0.02


def test_nothing_is_measured_where_nothing_is_protected(draw):
    comparison = Comparison(draw(100, 0), draw(100, 1), target="rich")
    for metric in (data.representation, data.parity, data.missingness, data.proxies):
        assert metric(comparison) == ()


def test_small_groups_are_left_out_of_the_gap(build):
    rows = build(
        sex=("category", ["f"] * 40 + ["m"] * 40 + ["x"] * 20),
        hired=("boolean", [True, False] * 40 + [True] * 20),
    )
    found = scores(data.parity(Comparison(rows, rows, target="hired", protected=("sex",))))
    assert found["parity", ""].value == 0.0
    assert ("label_rate", "sex: x") not in found

import numpy as np
import pytest

from trasunto.metrics import fairness
from trasunto.metrics.fairness_flags import flags
from trasunto.metrics.score import Comparison

ALL = (
    fairness.demographic_parity,
    fairness.equalized_odds,
    fairness.predictive_parity,
    fairness.calibration,
    fairness.auc,
    fairness.amplification,
)


def scores(found):
    return {(score.metric.removeprefix("fairness."), score.subject): score for score in found}


@pytest.fixture
def hiring(build):
    """Rows in which skill decides, and a bias against women of so many points of skill."""

    def made(rows, seed, bias):
        rng = np.random.default_rng(seed)
        woman, skill = rng.random(rows) < 0.4, rng.normal(0, 1, rows)
        hired = skill - bias * woman + rng.normal(0, 0.3, rows) > 0
        region = rng.choice(["north", "south", "island"], rows, p=[0.6, 0.397, 0.003])
        return build(
            sex=("category", np.where(woman, "f", "m").tolist()),
            region=("category", region.tolist()),
            skill=("number", skill.tolist()),
            hired=("boolean", hired.tolist()),
        )

    return made


def test_a_fair_model_is_found_fair_and_a_biased_one_biased(hiring):
    unseen = hiring(3_000, 2, 0.0)
    fair = Comparison(hiring(3_000, 0, 0.0), hiring(3_000, 1, 0.0), unseen, "hired", ("sex", "region"))
    biased = Comparison(hiring(3_000, 0, 0.0), hiring(3_000, 1, 1.5), unseen, "hired", ("sex",))
    good, bad = (
        {key: score for metric in ALL for key, score in scores(metric(each)).items()} for each in (fair, biased)
    )
    for name in ("demographic_parity", "equalized_odds", "equal_opportunity"):
        assert good[name, "sex"].value < 0.08
        assert bad[name, "sex"].value > 0.3
        assert bad[name, "sex"].control < 0.08
        assert bad[name, "sex"].interval[0] > 0.25
    assert good["demographic_parity_ratio", "sex"].value > 0.8 > bad["demographic_parity_ratio", "sex"].value
    assert good["amplification", "sex"].interval[0] <= 0.0 <= good["amplification", "sex"].interval[1]
    assert bad["amplification", "sex"].interval[0] > 0.25
    # The biased model promises women less than comes true.
    assert bad["calibration", "sex"].value > 0.2 > good["calibration", "sex"].value
    assert bad["predictive_parity", "sex"].value > 0.05
    assert good["auc", "sex"].value < 0.05
    assert {flag.metric for flag in flags(list(bad.values())) if not flag.as_real} >= {
        "fairness.demographic_parity_ratio",
        "fairness.equalized_odds",
    }


def test_the_gap_is_that_of_the_groups_told_and_small_groups_are_left_out(hiring):
    comparison = Comparison(
        hiring(2_000, 0, 1.0), hiring(2_000, 1, 1.0), hiring(2_000, 2, 1.0), "hired", ("sex", "region")
    )
    found = scores(fairness.demographic_parity(comparison))
    women, men = (found["selection_rate", f"sex: {each}"] for each in ("f", "m"))
    assert found["demographic_parity", "sex"].value == pytest.approx(men.value - women.value)
    assert found["demographic_parity_ratio", "sex"].value == pytest.approx(women.value / men.value)
    assert women.interval[0] < women.value < women.interval[1] < men.interval[0]
    assert women.goal == men.goal
    assert women.value < women.goal < men.value
    assert ("selection_rate", "region: island") not in found
    assert ("selection_rate", "sex × region: m × north") in found
    assert ("demographic_parity", "sex × region") in found
    assert found["demographic_parity", ""].value == found["demographic_parity", "sex"].value
    assert "fewer than 30" in found["demographic_parity", ""].reading


def test_the_model_is_trained_once_for_utility_and_fairness(hiring, monkeypatch):
    from trasunto.metrics import utility

    trained = []
    learnt = utility.answered
    monkeypatch.setattr(utility, "answered", lambda *given: trained.append(1) or learnt(*given))
    comparison = Comparison(hiring(300, 0, 1.0), hiring(300, 1, 1.0), hiring(300, 2, 1.0), "hired", ("sex",))
    utility.tstr(comparison)
    for metric in ALL:
        metric(comparison)
    assert len(trained) == 3


def test_a_number_is_favourable_above_the_median_and_has_no_calibration(hiring):
    comparison = Comparison(hiring(600, 0, 1.0), hiring(600, 1, 1.0), hiring(600, 2, 1.0), "skill", ("sex",))
    found = scores(fairness.equalized_odds(comparison))
    # Half of all are above the median, and of those most are said to be.
    assert found["true_positive_rate", "sex: m"].value > 0.6 > 0.4 > found["false_positive_rate", "sex: m"].value
    assert fairness.calibration(comparison) == ()


def test_nothing_is_said_without_groups_target_or_holdout(hiring):
    real, made = hiring(100, 0, 1.0), hiring(100, 1, 1.0)
    for comparison in (
        Comparison(real, made, hiring(100, 2, 1.0), "hired"),
        Comparison(real, made, hiring(100, 2, 1.0), protected=("sex",)),
        Comparison(real, made, None, "hired", ("sex",)),
        Comparison(real, made, hiring(20, 2, 1.0), "hired", ("sex",)),
    ):
        for metric in ALL:
            assert metric(comparison) == ()


def test_the_same_seed_gives_the_same_scores(hiring):
    parts = hiring(300, 0, 1.0), hiring(300, 1, 1.0), hiring(300, 2, 1.0)
    one, other = (Comparison(*parts, "hired", ("sex",), seed=4) for _ in range(2))
    for metric in ALL:
        assert metric(one) == metric(other)

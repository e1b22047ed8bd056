import numpy as np
import pytest

from trasunto.metrics.fairness_flags import flags
from trasunto.metrics.fairness_subgroups import subgroup_fidelity
from trasunto.metrics.score import Comparison


@pytest.fixture
def villages(build):
    """A large and a small village; `smoothed` gives the people of the small one the values of the large one."""

    def made(seed, smoothed=False):
        rng = np.random.default_rng(seed)
        small = rng.random(4_000) < 0.1
        other = small & ~np.array(smoothed)
        height = rng.normal(0, 1, 4_000) + 1.5 * other
        weight = np.where(other, -1, 1) * height + rng.normal(0, 0.3, 4_000)
        return build(
            village=("category", np.where(small, "small", "large").tolist()),
            height=("number", height.tolist()),
            weight=("number", weight.tolist()),
            eyes=("category", np.where(rng.random(4_000) < 0.3 + 0.4 * other, "blue", "brown").tolist()),
        )

    return made


def scores(found):
    return {(score.metric.removeprefix("fairness."), score.subject): score for score in found}


def test_groups_served_alike_have_a_ratio_of_one(villages):
    found = scores(subgroup_fidelity(Comparison(villages(0), villages(1), villages(2), protected=("village",))))
    for subject in ("", "village", "village: small", "village: large"):
        # Errors of some 40 sampled values in a hundred: a ratio of two of them lies within a factor of two.
        assert 0.5 < found["subgroup_fidelity", subject].value < 2.0
    small, large = (found["subgroup_shapes", f"village: {each}"] for each in ("small", "large"))
    assert small.value > large.value
    assert small.value == pytest.approx(small.baseline, rel=1.0)


def test_a_group_smoothed_away_is_found(villages):
    comparison = Comparison(villages(0), villages(1, smoothed=True), villages(2), protected=("village",))
    found = scores(subgroup_fidelity(comparison))
    worst = found["subgroup_fidelity", ""]
    assert worst.value == found["subgroup_fidelity", "village: small"].value > 4.0
    assert worst.interval[0] > 3.0
    assert worst.control < 2.0
    assert found["subgroup_fidelity", "village: large"].value < 2.0
    trend = found["subgroup_trends", "village: small"]
    assert trend.value > 4 * trend.control
    (flag,) = flags(tuple(found.values()))
    assert (flag.metric, flag.subject, flag.as_real) == ("fairness.subgroup_fidelity", "village", False)
    assert flag.to_dict()["limit"] == 2.0


def test_nothing_without_protected_columns_or_groups_large_enough(villages, build):
    assert subgroup_fidelity(Comparison(villages(0), villages(1))) == ()
    few = build(sex=("category", ["f", "m"] * 10), x=("number", [0.0, 1.0] * 10))
    assert subgroup_fidelity(Comparison(few, few, protected=("sex",))) == ()

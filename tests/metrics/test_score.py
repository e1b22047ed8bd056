import pytest

from trasunto.errors import MetricError, RecipeError
from trasunto.metrics.score import Comparison, Gate, Score


def test_a_score_comes_back_from_json():
    score = Score("fidelity.c2st", 0.6, 0.5, (0.55, 0.65), 0.9, 0.5, "age", "How to read it.")
    assert Score.from_dict(score.to_dict()) == score
    assert Score.from_dict({**score.to_dict(), "interval": [0.55, 0.65]}) == score


def test_a_comparison_refuses_what_cannot_be_compared(build):
    one, other = build(a=("integer", [1, 2])), build(b=("integer", [1, 2]))
    with pytest.raises(MetricError, match=r"missing \['a'\], extra \['b'\]"):
        Comparison(one, other)
    with pytest.raises(MetricError, match="The synthetic data has no rows"):
        Comparison(one, build(a=("integer", [])))
    with pytest.raises(MetricError, match="The real data has no rows"):
        Comparison(build(a=("integer", [])), one)
    with pytest.raises(MetricError, match="holdout is the training data itself"):
        Comparison(one, one, build(a=("integer", [1, 2])))
    with pytest.raises(MetricError, match="No target column called 'aa'"):
        Comparison(one, one, target="aa")


@pytest.mark.parametrize(
    ("gate", "passed"), [("x.y <= 0.6", True), ("x.y < 0.6", False), ("x.y >= 0.7", False), ("x.y=0.6", True)]
)
def test_a_gate_judges_the_headline(gate, passed):
    scores = (Score("x.y", 0.9, 0.0, subject="age"), Score("x.y", 0.6, 0.0))
    assert Gate.parse(gate).verdict(scores).passed is passed


def test_a_gate_on_nothing_is_a_mistake():
    with pytest.raises(RecipeError, match=r"not measured. Did you mean 'x.y'"):
        Gate.parse("x.yy <= 1").verdict((Score("x.y", 0.6, 0.0),))
    with pytest.raises(RecipeError, match="Cannot read the gate"):
        Gate.parse("x.y around 1")
    with pytest.raises(RecipeError, match="no number"):
        Gate.parse("x.y <= 1-1")


def test_a_gate_may_judge_an_end_of_the_interval():
    scores = (Score("privacy.x", 0.03, 0.0, (0.01, 0.12)), Score("privacy.bare", 0.03, 0.0))
    verdicts = {
        "privacy.x <= 0.05": (True, 0.03),
        "upper(privacy.x) <= 0.05": (False, 0.12),
        "lower( privacy.x )<=0.05": (True, 0.01),
        "upper(privacy.bare) <= 0.05": (True, 0.03),
    }
    for text, (passed, value) in verdicts.items():
        verdict = Gate.parse(text).verdict(scores)
        assert (verdict.passed, verdict.value) == (passed, value)
        assert Gate.parse(str(verdict.gate)) == verdict.gate
    with pytest.raises(RecipeError, match="Cannot read the gate 'middle"):
        Gate.parse("middle(privacy.x) <= 0.05")

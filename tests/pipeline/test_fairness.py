import json
from dataclasses import replace

import numpy as np
import pytest

import trasunto as tr
from trasunto.errors import MetricError, RecipeError
from trasunto.metrics.measure import measure
from trasunto.metrics.score import Comparison
from trasunto.pipeline.fairness import across_budgets, fairness_facts, frontier, repaired, weighed


def rows(count, seed):
    rng = np.random.default_rng(seed)
    woman, skill = rng.random(count) < 0.4, rng.normal(0, 1, count)
    return tr.read(
        {
            "sex": np.where(woman, "f", "m").tolist(),
            "region": rng.choice(["north", "south", "island"], count, p=[0.5, 0.49, 0.01]).tolist(),
            "skill": skill.round(2).tolist(),
            "hired": np.where(skill - 0.9 * woman + rng.normal(0, 0.4, count) > 0, "hire", "wait").tolist(),
        }
    )


@pytest.fixture(scope="module")
def judged():
    """Real rows, a model of them, unseen rows."""
    real = rows(1_500, 0)
    model = tr.fit(real, "tree", seed=0, settings={"orders": 3})
    return Comparison(real, model.sample(1_500, seed=1), rows(1_500, 2), "hired", ("sex", "region")), model


def test_the_facts_tell_groups_flags_and_what_synthesis_did(judged):
    comparison, _ = judged
    facts = fairness_facts(comparison, measure(comparison, ["fairness"]))
    assert (facts["protected"], facts["positive"]) == (["sex", "region"], "hire")
    island = next(each for each in facts["groups"] if each["group"] == "island")
    assert island["judged"] is False
    assert {flag["subject"] for flag in facts["flags"] if flag["metric"] == "fairness.demographic_parity_ratio"} >= {
        "sex"
    }
    assert set(facts["amplification"]) >= {"sex", "region", "sex × region"}
    assert set(facts["amplification"].values()) <= {"amplified", "reduced", "kept"}
    assert json.loads(json.dumps(facts)) == facts
    assert fairness_facts(replace(comparison, protected=()), ()) == {}


def test_a_repair_is_weighed_before_and_after_with_its_cost(judged):
    comparison, model = judged
    made = repaired(model, 1_500, protected=["sex"], target="hired", settings={"mode": "decisions"}, seed=1)
    after = replace(comparison, synthetic=made.dataset)
    facts = fairness_facts(after, (), (made.before, made.to_dict()))
    gap = {
        side: next(
            s["value"] for s in facts[side] if (s["metric"], s["subject"]) == ("fairness.demographic_parity", "sex")
        )
        for side in ("before", "after")
    }
    assert gap["after"] < 0.5 * gap["before"]
    assert set(facts["cost"]) == {"utility.tstr", "utility.tstr_accuracy", "fidelity.shapes", "fidelity.trends"}
    assert -0.1 < facts["cost"]["utility.tstr"] < 0.02
    assert facts["repair"]["mark"]["altered"] is True
    # Scores that are known are not measured again.
    known = measure(after, ["fairness", "utility.tstr", "fidelity.shapes", "fidelity.trends"])
    again = weighed(after, made.before, known)
    assert again["cost"] == pytest.approx(facts["cost"])


def test_the_frontier_goes_from_nothing_to_all(judged):
    comparison, model = judged
    comparison = replace(comparison, protected=("sex",))
    points = frontier(model, comparison, ("decisions",), (0.0, 1.0))
    assert [point["intensity"] for point in points] == [0.0, 1.0]
    assert points[0]["demographic_parity"] > 2 * points[1]["demographic_parity"]
    assert points[0]["outcomes_changed"] < 0.005 < points[1]["outcomes_changed"]
    assert points[0]["auc"] >= points[1]["auc"] - 0.01


def test_a_group_that_pays_for_privacy_is_told(judged):
    """Rows in which women's outcomes are coins stand for a budget that has washed a group away."""
    comparison, _ = judged
    data = comparison.synthetic
    rng = np.random.default_rng(0)
    coin = np.where(rng.random(len(data)) < 0.5, "hire", "wait")
    washed = np.where(data.rows["sex"].to_numpy() == "f", coin, data.rows["hired"].to_numpy())
    noisy = tr.read({**data.rows.to_dict(as_series=False), "hired": washed.tolist()}, schema=data.schema)
    found = across_budgets(comparison, {None: data, 0.5: noisy})
    assert [(each["epsilon"], each["column"]) for each in found] == [
        (0.5, "sex"), (0.5, "region"), (None, "sex"), (None, "region"),
    ]  # fmt: skip
    assert found[0]["worst_group"] == "f"
    assert found[0]["worst_error"] > found[2]["worst_error"]
    assert found[0]["worst_loss"] > found[0]["loss"] > 0.02
    assert not found[2]["unequal"]


def test_what_does_not_fit_is_said_before_any_work(judged):
    comparison, model = judged
    parts = {"holdout": comparison.holdout, "target": "hired", "metrics": ["fairness.parity"]}
    real, made = comparison.real, comparison.synthetic
    with pytest.raises(MetricError, match=r"'sexe'.*'sex'"):
        tr.evaluate(real, made, protected=("sexe",), **parts)
    with pytest.raises(MetricError, match="'hired' is the target"):
        tr.evaluate(real, made, protected="hired", **parts)
    with pytest.raises(MetricError, match="no value 'ja'"):
        tr.evaluate(real, made, protected="sex", positive="ja", **parts)
    with pytest.raises(RecipeError, match=r"no setting 'intensty'.*'intensity'"):
        repaired(model, 300, protected=["sex"], target="hired", settings={"mode": "parity", "intensty": 1}, seed=0)


def test_evaluate_measures_fairness_and_gates_it(judged):
    comparison, _ = judged
    report = tr.evaluate(
        comparison.real,
        comparison.synthetic,
        holdout=comparison.holdout,
        target="hired",
        protected="sex",
        metrics=["fairness.demographic_parity", "fairness.equalized_odds"],
        gates=["fairness.demographic_parity <= 0.1", "fairness.equalized_odds <= 0.9"],
    )
    assert [verdict.passed for verdict in report.verdicts] == [False, True]
    assert report.facts["fairness"]["positive"] == "hire"
    assert report.score("fairness.demographic_parity").value == report.score("fairness.demographic_parity", "sex").value

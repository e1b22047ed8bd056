import numpy as np
import pytest

from trasunto.executors import Local, Processes, executing
from trasunto.metrics import learners
from trasunto.metrics.measure import measure
from trasunto.metrics.score import Comparison
from trasunto.metrics.utility import tstr

NAMES = {learner.name for learner in learners.LEARNERS}


def by_subject(scores):
    return {(score.metric, score.subject): score for score in scores}


@pytest.mark.parametrize("target", ["rich", "job"])
def test_a_class_is_learned_as_well_from_as_good_rows_by_each_learner(draw, target):
    scores = learners.learners(Comparison(draw(600, 0), draw(600, 1), draw(600, 2), target=target))
    found = by_subject(scores)
    metrics = ["utility.learners", *(f"utility.learners_{name}" for name in ("accuracy", "precision", "recall", "f1"))]
    assert [(score.metric, score.subject) for score in scores[:5]] == [(metric, "") for metric in metrics]
    for metric in metrics:
        assert {subject for each, subject in found if each == metric} == {"", *NAMES}
        mean = np.mean([found[metric, name].value for name in NAMES])
        assert found[metric, ""].value == pytest.approx(mean)
        assert found[metric, ""].interval[0] < mean < found[metric, ""].interval[1]
    for name in NAMES:
        score = found["utility.learners", name]
        assert score.value > score.baseline + 0.1
        assert score.value == pytest.approx(score.control, abs=0.08)
    # More than one learner knows more of the truth than chance, and none of them is tstr's trees alone.
    assert found["utility.learners", "boosted trees"].value == pytest.approx(tstr_of(draw, target), abs=0.02)


def tstr_of(draw, target):
    return tstr(Comparison(draw(600, 0), draw(600, 1), draw(600, 2), target=target))[0].value


def test_a_number_is_learned_in_its_units(draw):
    found = by_subject(learners.learners(Comparison(draw(600, 0), draw(600, 1), draw(600, 2), target="income")))
    assert {metric for metric, _ in found} == {"utility.learners", "utility.learners_rmse", "utility.learners_mae"}
    # The noise has spread 5 (see `people`); the whole income has 16.
    linear = found["utility.learners_rmse", "linear model"]
    assert 4.5 < linear.value < 6.5
    assert linear.goal == 0
    assert 12 < linear.baseline < 20
    assert found["utility.learners_mae", ""].value < found["utility.learners_rmse", ""].value


@pytest.mark.parametrize("value", [None, 1e300, "one"])
def test_columns_and_rows_that_are_hard_to_learn_from(draw, value):
    income = [value if isinstance(value, float) else None] * 12
    job = ["cook" if value == "one" else None] * 12
    hard = draw(12, 1, income=("number", income), job=("category", job))
    # Answers as great as 1e300 have no variance that is a number: `measure` refuses them.
    for target in ("rich", "job", *(["income"] if value != 1e300 else [])):
        for score in learners.learners(Comparison(draw(40, 0), hard, draw(40, 2), target=target)):
            assert np.isfinite([score.value, score.baseline, score.control]).all()


def test_what_cannot_be_predicted_gives_nothing(draw):
    assert learners.learners(Comparison(draw(50, 0), draw(50, 1), draw(50, 2))) == ()
    assert learners.learners(Comparison(draw(50, 0), draw(50, 1), target="rich")) == ()


@pytest.mark.parametrize("who", [Local(2), Processes(2)], ids=["threads", "processes"])
def test_workers_share_trainings_out_and_learn_the_same(who, draw, monkeypatch):
    comparison = Comparison(draw(300, 0), draw(300, 1), draw(300, 2), target="job")
    names, parts = ["utility.learners", "fidelity.shapes"], []
    alone = measure(comparison, names)
    once = Processes.map

    def counting(self, function, items, *, shared=None):
        parts.append(len(items))
        return once(self, function, items, shared=shared)

    monkeypatch.setattr(Processes, "map", counting)
    with executing(who):
        found = measure(comparison, names)
    assert [each.to_dict() for each in found] == [each.to_dict() for each in alone]
    # The other metric is one part, and each learner on each part of the table another.
    assert parts == ([1, 3 * len(learners.LEARNERS)] if who.apart else [])

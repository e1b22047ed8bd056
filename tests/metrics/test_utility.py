import numpy as np
import pytest

import trasunto as tr
from trasunto.data.split import split
from trasunto.metrics import utility
from trasunto.metrics.score import Comparison


def by_name(scores):
    return {score.metric: score for score in scores}


def test_a_class_is_learned_as_well_from_as_good_rows(draw):
    real, made, unseen = (draw(1_000, seed) for seed in range(3))
    scores = utility.tstr(Comparison(real, made, unseen, target="rich"))
    assert [s.metric for s in scores] == [
        "utility.tstr", "utility.tstr_accuracy", "utility.tstr_f1", "utility.tstr_ratio",
    ]  # fmt: skip
    for score in scores:
        assert score.interval[0] <= score.value <= score.interval[1]
        assert score.value == pytest.approx(score.control, abs=0.05)
        assert score.baseline < score.control - 0.1
    assert by_name(scores)["utility.tstr"].value > 0.9


def test_a_number_is_learned_by_its_variance(draw):
    real, made, unseen = (draw(1_000, seed) for seed in range(3))
    scores = by_name(utility.tstr(Comparison(real, made, unseen, target="income")))
    assert set(scores) == {"utility.tstr", "utility.tstr_ratio"}
    # Of the variance of income (9² from age, 12² from job, 5² noise) trees can explain nine tenths.
    assert 0.7 < scores["utility.tstr"].value < 0.95
    assert scores["utility.tstr"].baseline < 0.2


def test_labels_that_are_noise_teach_nothing(draw):
    rng = np.random.default_rng(0)
    made = draw(1_000, 1, rich=("boolean", rng.random(1_000) < 0.5))
    score = utility.tstr(Comparison(draw(1_000, 0), made, draw(1_000, 2), target="rich"))[0]
    assert score.value < 0.7 < score.control


def test_the_ratio_of_the_same_rows_is_one_without_doubt(draw):
    real, unseen = draw(500, 0), draw(500, 1)
    ratio = by_name(utility.tstr(Comparison(real, real, unseen, target="rich")))["utility.tstr_ratio"]
    assert (ratio.value, ratio.control) == (1.0, 1.0)
    assert ratio.interval == pytest.approx((1.0, 1.0))


def test_what_cannot_be_predicted_gives_nothing(draw):
    real, made, unseen = draw(50, 0), draw(50, 1), draw(50, 2)
    assert utility.tstr(Comparison(real, made, unseen)) == ()
    assert utility.tstr(Comparison(real, made, target="rich")) == ()
    assert utility.tstr(Comparison(real, made, unseen, target="id")) == ()
    assert utility.tstr(Comparison(real, made, draw(50, 2, job=("category", ["cook"] * 50)), target="job")) == ()


def test_a_class_met_once_never_or_only_in_synthetic_rows(draw):
    real = draw(60, 0, job=("category", ["cook"] * 59 + ["judge"]))
    unseen = draw(60, 1, job=("category", ["cook"] * 30 + ["clerk"] * 30))
    one = by_name(utility.tstr(Comparison(real, draw(60, 2, job=("category", ["nurse"] * 60)), unseen, target="job")))
    assert (one["utility.tstr"].value, one["utility.tstr_accuracy"].value) == (0.5, 0.0)
    assert one["utility.tstr_accuracy"].interval == (0.0, 0.0)
    none = by_name(utility.tstr(Comparison(real, draw(60, 2, job=("category", [None] * 60)), unseen, target="job")))
    assert none["utility.tstr"].value == 0.5


@pytest.mark.parametrize("target", ["rich", "job", "income"])
def test_the_interval_is_the_bootstraps(draw, target):
    real, made, unseen = draw(400, 0), draw(400, 1), draw(400, 2)
    comparison = Comparison(real, made, unseen, target=target)
    answers = utility.boosted_answers(comparison, "synthetic")
    rng = np.random.default_rng(0)
    for measure in (utility._r2,) if target == "income" else (utility._auc, utility._accuracy, utility._f1):
        value, influence = measure(answers)
        drawn = []
        for _ in range(300):
            rows = rng.integers(0, len(answers.truth), len(answers.truth))
            again = utility._Answers(answers.truth[rows], answers.called[rows], answers.chances[rows], answers.classes)
            drawn.append(measure(again)[0])
        # 300 draws know their spread to within 4 %.
        assert influence.std() / np.sqrt(len(answers.truth)) == pytest.approx(np.std(drawn), rel=0.2)
        assert value == pytest.approx(np.mean(drawn), abs=0.02)


def test_rare_classes_do_not_make_boosting_run_away():
    """Of 32 findings many are met a few times in 4,600 rows: without shrunken leaves real rows taught nothing."""
    real = tr.read("packaged:thyroid").with_role("target", "target")
    parts = split(real, holdout=0.5, seed=0, stratify="target")
    made = parts.train.with_table(parts.train.only.take(range(3_000)))
    score = utility.tstr(Comparison(parts.train, made, parts.holdout, target="target"))[0]
    assert score.control > 0.9
    assert score.value > 0.9

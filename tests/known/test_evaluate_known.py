"""Scores of answers against scikit-learn's, and intervals against what theory says."""

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    confusion_matrix,
    f1_score,
    precision_recall_fscore_support,
    roc_auc_score,
)

from trasunto.errors import MetricError, ModelError
from trasunto.language.evaluate import Chances, evaluate_predictions
from trasunto.language.evaluation import Evaluation
from trasunto.language.paired import paired_test

LABELS = ("a", "b", "c")


def answers(seed, rows=400, right=0.7):
    rng = np.random.default_rng(seed)
    truth = rng.choice(LABELS, rows, p=[0.6, 0.3, 0.1])
    called = np.where(rng.random(rows) < right, truth, rng.choice(LABELS, rows))
    return truth.tolist(), called.tolist()


def sure(truth, seed, labels=LABELS, pull=1.5):
    """Chances that lean to the truth, rounded so that some are equal."""
    rng = np.random.default_rng(seed)
    grown = np.exp(rng.normal(size=(len(truth), len(labels))) + pull * (np.array(truth)[:, None] == np.array(labels)))
    values = np.round(grown / grown.sum(axis=1, keepdims=True), 2)
    return Chances(labels, values / values.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("seed", range(5))
def test_scores_are_those_of_scikit_learn(seed):
    truth, called = answers(seed)
    found = evaluate_predictions("x", truth, called, trained_on=1)
    precision, recall, f1, support = precision_recall_fscore_support(truth, called, average=None, zero_division=0)
    assert found.accuracy == pytest.approx(accuracy_score(truth, called))
    assert found.micro_f1 == pytest.approx(f1_score(truth, called, average="micro"))
    assert found.macro_precision == pytest.approx(precision.mean())
    assert found.macro_recall == pytest.approx(recall.mean())
    assert found.macro_f1 == pytest.approx(f1.mean())
    assert [c.support for c in found.per_class] == support.tolist()
    assert np.array_equal(found.confusion, confusion_matrix(truth, called))
    assert Evaluation.from_dict(found.to_dict()) == found


@pytest.mark.parametrize("labels", [LABELS, LABELS[:2]])
def test_areas_and_brier_scores_are_those_of_scikit_learn(labels):
    truth = np.random.default_rng(3).choice(labels, 500).tolist()
    chances = sure(truth, 4, labels)
    found = evaluate_predictions("x", truth, chances.called(), trained_on=1, chances=chances)
    if len(labels) == 2:
        assert found.auc == pytest.approx(roc_auc_score(truth, chances.values[:, 1]))
        assert found.calibration.brier == pytest.approx(brier_score_loss(truth, chances.values[:, 1], pos_label="b"))
    else:
        assert found.auc == pytest.approx(roc_auc_score(truth, chances.values, multi_class="ovr", labels=labels))
        halved = brier_score_loss(truth, chances.values, labels=labels, scale_by_half=True)
        assert found.calibration.brier == pytest.approx(halved)
    for name, value in (("auc", found.auc), ("brier", found.calibration.brier), ("ece", found.calibration.ece)):
        low, high = found.intervals[name]
        assert low <= value <= high and high - low < 0.12
    assert Evaluation.from_dict(found.to_dict()) == found


def test_the_interval_of_the_area_is_that_of_the_bootstrap():
    truth = np.random.default_rng(5).choice(LABELS, 400).tolist()
    chances = sure(truth, 6)
    low, high = evaluate_predictions("x", truth, chances.called(), trained_on=1, chances=chances).intervals["auc"]
    rng = np.random.default_rng(7)
    drawn = [
        roc_auc_score(np.array(truth)[rows], chances.values[rows], multi_class="ovr", labels=LABELS)
        for rows in rng.integers(0, len(truth), (300, len(truth)))
    ]
    # 300 resamples know a standard deviation to about 4 %.
    assert (high - low) / (2 * 1.96) == pytest.approx(np.std(drawn), rel=0.15)


def test_a_model_that_is_as_sure_as_it_is_right_is_calibrated_and_one_that_is_too_sure_is_not():
    rng = np.random.default_rng(8)
    p = rng.uniform(0.5, 1.0, 20_000)
    truth = np.where(rng.random(len(p)) < p, "a", "b").tolist()
    honest = Chances(("a", "b"), np.column_stack([p, 1 - p]))
    found = evaluate_predictions("x", truth, honest.called(), trained_on=1, chances=honest)
    # 8 bins of 2,500 rows each: a mean error of 0.4 · sqrt(0.2 / 2500) by chance alone.
    assert found.calibration.ece < 0.012
    boast = Chances(("a", "b"), np.column_stack([np.ones(len(p)), np.zeros(len(p))]))
    found = evaluate_predictions("x", truth, boast.called(), trained_on=1, chances=boast)
    assert found.calibration.ece == pytest.approx(1 - found.accuracy)
    (only,) = found.calibration.bins
    assert (only.confidence, only.count) == (1.0, len(p))


def test_by_hand():
    """Two bins: at 0.9 one of two right, at 0.6 both: |0.5 - 0.9| · 2/4 + |1 - 0.6| · 2/4."""
    chances = Chances(("a", "b"), np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.4, 0.6]]))
    found = evaluate_predictions("x", ["a", "b", "a", "b"], chances.called(), trained_on=1, chances=chances)
    assert found.calibration.ece == pytest.approx(0.4)
    assert found.calibration.brier == pytest.approx((0.01 + 0.81 + 0.16 + 0.16) / 4)
    assert [(round(each.confidence, 9), each.right, each.count) for each in found.calibration.bins] == [
        (0.6, 1.0, 2),
        (0.9, 0.5, 2),
    ]


def test_groups_are_scored_by_themselves():
    truth, called = answers(2)
    place = ["x" if i % 4 else None for i in range(len(truth))]
    found = evaluate_predictions("x", truth, called, trained_on=1, groups={"place": place})
    assert [(each.group, each.rows) for each in found.groups] == [("(missing)", 100), ("x", 300)]
    inside = [i for i in range(len(truth)) if i % 4]
    alone = evaluate_predictions("x", [truth[i] for i in inside], [called[i] for i in inside], trained_on=1)
    assert found.groups[1].macro_f1 == alone.macro_f1 and found.groups[1].accuracy == alone.accuracy
    low, high = found.groups[1].intervals["macro_f1"]
    assert low < found.groups[1].macro_f1 < high
    assert Evaluation.from_dict(found.to_dict()) == found


def test_a_label_that_the_model_does_not_know_counts_as_a_coin():
    chances = Chances(("a", "b"), np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]))
    found = evaluate_predictions("x", ["a", "b", "c"], chances.called(), trained_on=1, chances=chances)
    assert found.auc == pytest.approx((1.0 + 1.0 + 0.5) / 3)
    assert found.calibration.brier == pytest.approx(0.5 * (0.5 + 1.0) / 3)


def test_the_interval_of_accuracy_is_that_of_a_binomial_share():
    truth, called = answers(0, rows=2000)
    found = evaluate_predictions("x", truth, called, trained_on=1)
    half = 1.96 * np.sqrt(found.accuracy * (1 - found.accuracy) / 2000)
    low, high = found.intervals["accuracy"]
    # 1,000 resamples know each end to about a twentieth of the half width.
    assert low == pytest.approx(found.accuracy - half, abs=0.15 * half)
    assert high == pytest.approx(found.accuracy + half, abs=0.15 * half)


def test_a_model_against_itself_differs_by_nothing_and_a_better_one_by_something():
    truth, called = answers(1)
    same = paired_test(truth, called, called)
    assert (same.value, same.interval, same.p, same.mcnemar) == (0.0, (0.0, 0.0), 1.0, 1.0)
    better = [t if i % 10 else c for i, (t, c) in enumerate(zip(truth, called, strict=True))]
    found = paired_test(truth, better, called)
    assert 0 < found.interval[0] < found.value < found.interval[1]
    f1 = [f1_score(truth, each, average="macro") for each in (better, called)]
    assert found.value == pytest.approx(f1[0] - f1[1])
    assert found.p < 0.01 and found.other_right == 0
    # Only the one is ever right alone: n heads of n tosses.
    assert found.mcnemar == pytest.approx(min(1.0, 2 * 0.5**found.one_right))


def test_old_evaluations_are_read_and_newer_ones_refused():
    truth, called = answers(1)
    found = evaluate_predictions("x", truth, called, trained_on=1)
    lost = ("version", "micro_f1", "auc", "calibration", "groups")
    old = {name: value for name, value in found.to_dict().items() if name not in lost}
    assert Evaluation.from_dict(old) == found
    with pytest.raises(ModelError, match="version 99"):
        Evaluation.from_dict({**old, "version": 99})


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "1 answers to 2 questions"),
        ({"called": ["a", "b"], "chances": Chances(("a",), np.ones((1, 1)))}, r"shape \(1, 1\)"),
        ({"called": ["a", "b"], "groups": {"sex": ["f"]}}, "'sex' has 1 values for 2 questions"),
    ],
)
def test_answers_that_do_not_match_the_questions_are_refused(more, words):
    called = more.pop("called", ["a"])
    with pytest.raises(MetricError, match=words):
        evaluate_predictions("x", ["a", "b"], called, trained_on=1, **more)


def test_unequal_answers_are_not_compared():
    with pytest.raises(MetricError, match="2 and 1 answers to 2"):
        paired_test(["a", "b"], ["a", "b"], ["a"])

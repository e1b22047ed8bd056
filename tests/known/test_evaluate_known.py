"""Scores of answers against scikit-learn's, and intervals against what theory says."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

from trasunto.errors import MetricError
from trasunto.language.evaluate import evaluate_predictions, paired_difference
from trasunto.language.evaluation import Evaluation


def answers(seed, rows=400, right=0.7):
    rng = np.random.default_rng(seed)
    truth = rng.choice(["a", "b", "c"], rows, p=[0.6, 0.3, 0.1])
    called = np.where(rng.random(rows) < right, truth, rng.choice(["a", "b", "c"], rows))
    return truth.tolist(), called.tolist()


@pytest.mark.parametrize("seed", range(5))
def test_scores_are_those_of_scikit_learn(seed):
    truth, called = answers(seed)
    found = evaluate_predictions("x", truth, called, trained_on=1)
    precision, recall, f1, support = precision_recall_fscore_support(truth, called, average=None, zero_division=0)
    assert found.accuracy == pytest.approx(accuracy_score(truth, called))
    assert found.macro_precision == pytest.approx(precision.mean())
    assert found.macro_recall == pytest.approx(recall.mean())
    assert found.macro_f1 == pytest.approx(f1.mean())
    assert [c.support for c in found.per_class] == support.tolist()
    assert np.array_equal(found.confusion, confusion_matrix(truth, called))
    assert Evaluation.from_dict(found.to_dict()) == found


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
    assert paired_difference(truth, called, called) == (0.0, 0.0, 0.0)
    _, better = truth, [t if i % 10 else c for i, (t, c) in enumerate(zip(truth, called, strict=True))]
    value, low, high = paired_difference(truth, better, called)
    assert 0 < low < value < high


def test_answers_that_do_not_match_the_questions_are_refused():
    with pytest.raises(MetricError, match="1 answers to 2 questions"):
        evaluate_predictions("x", ["a", "b"], ["a"], trained_on=1)

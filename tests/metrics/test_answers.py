import numpy as np
import pytest
from sklearn import metrics as sk

from trasunto.metrics import answers
from trasunto.metrics.answers import Answers


@pytest.fixture
def of_classes():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, 300).astype(float)
    chances = rng.dirichlet([1, 1, 1, 1], 300) + 0.4 * np.eye(4)[truth.astype(int)]
    chances /= chances.sum(axis=1, keepdims=True)
    return Answers(truth, chances.argmax(axis=1).astype(float), chances, np.arange(4.0))


@pytest.fixture
def of_numbers():
    rng = np.random.default_rng(1)
    truth = rng.normal(5, 2, 300)
    return Answers(truth, truth + rng.normal(0.3, 1, 300), np.empty((300, 0)), np.empty(0))


def test_measures_by_scikit_learn(of_classes, of_numbers):
    truth, called = of_classes.truth, of_classes.called
    assert answers.precision(of_classes)[0] == pytest.approx(sk.precision_score(truth, called, average="macro"))
    assert answers.recall(of_classes)[0] == pytest.approx(sk.recall_score(truth, called, average="macro"))
    assert answers.f1(of_classes)[0] == pytest.approx(sk.f1_score(truth, called, average="macro"))
    assert answers.auc(of_classes)[0] == pytest.approx(sk.roc_auc_score(truth, of_classes.chances, multi_class="ovr"))
    truth, called = of_numbers.truth, of_numbers.called
    assert answers.rmse(of_numbers)[0] == pytest.approx(sk.root_mean_squared_error(truth, called))
    assert answers.mae(of_numbers)[0] == pytest.approx(sk.mean_absolute_error(truth, called))
    assert answers.r2(of_numbers)[0] == pytest.approx(sk.r2_score(truth, called))


@pytest.mark.parametrize("name", [*answers.CLASSES, *answers.NUMBERS])
def test_the_influence_gives_the_spread_of_the_bootstrap(name, of_classes, of_numbers):
    given = of_classes if name in answers.CLASSES else of_numbers
    measure = {**answers.CLASSES, **answers.NUMBERS}[name]
    rng, drawn = np.random.default_rng(2), []
    for _ in range(400):
        rows = rng.integers(0, 300, 300)
        drawn.append(measure(Answers(given.truth[rows], given.called[rows], given.chances[rows], given.classes))[0])
    influence = measure(given)[1]
    assert influence.mean() == pytest.approx(0, abs=1e-9)
    assert influence.std() / np.sqrt(300) == pytest.approx(np.std(drawn), rel=0.15)


def test_perfect_answers_and_a_class_that_is_never_the_answer():
    exact = Answers(np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 4.0]), np.empty((3, 0)), np.empty(0))
    assert [measure(exact)[0] for measure in answers.NUMBERS.values()] == [1.0, 0.0, 0.0]
    assert not answers.rmse(exact)[1].any()
    one = Answers(np.array([0.0, 1.0]), np.zeros(2), np.eye(2), np.arange(2.0))
    assert answers.precision(one)[0] == 0.25
    assert answers.recall(one)[0] == 0.5

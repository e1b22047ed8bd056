"""Metrics of texts against answers worked out by hand and by sacrebleu."""

import numpy as np
import pytest
from sacrebleu.metrics import BLEU

from trasunto.metrics.text_diversity import self_bleu, vendi
from trasunto.metrics.text_mauve import frontier, measured, smoothed
from trasunto.metrics.text_topics import topics_of


def words(seed, rows=30, vocabulary=12):
    rng = np.random.default_rng(seed)
    return [rng.integers(0, vocabulary, rng.integers(1, 12)) for _ in range(rows)]


@pytest.mark.parametrize("seed", range(3))
def test_self_bleu_is_that_of_sacrebleu_with_all_others_as_references(seed):
    texts = words(seed)
    spelt = [" ".join(f"w{number}" for number in text) for text in texts]
    bleu = BLEU(tokenize="none", smooth_method="floor", smooth_value=0.1, effective_order=True)
    found = self_bleu(texts)
    for place, text in enumerate(spelt):
        others = [other for number, other in enumerate(spelt) if number != place]
        assert 100 * found[place] == pytest.approx(bleu.sentence_score(text, others).score, abs=1e-6)


def test_vendi_by_hand():
    # All alike count for one, three at right angles for three.
    assert vendi(np.tile([1.0, 0.0], (5, 1)))[0] == pytest.approx(1.0)
    assert vendi(np.eye(3))[0] == pytest.approx(3.0)
    # Two of one kind and one of another: the entropy of a third.
    value, influence = vendi(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    assert value == pytest.approx(np.exp(-(2 / 3) * np.log(2 / 3) - (1 / 3) * np.log(1 / 3)))
    assert influence.sum() == pytest.approx(0.0, abs=1e-9) and influence[2] > 0 > influence[0]


def test_the_influence_on_vendi_is_what_leaving_a_text_out_changes():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(400, 5)) * [3.0, 1.0, 1.0, 0.5, 0.1]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    value, influence = vendi(vectors)
    without = np.array([vendi(np.delete(vectors, place, axis=0))[0] for place in range(20)])
    # What is left is of the second order, a few hundredths for 400 texts.
    assert (value - without) * 399 == pytest.approx(influence[:20], rel=0.05, abs=0.05)
    assert np.ptp(influence) > 1.0


def test_mauve_by_the_paper():
    """Two clusters, against the area summed up point by point."""
    p, q = np.array([0.7, 0.3]), np.array([0.4, 0.6])
    points = [(1.0, 0.0)]
    for mixture in np.linspace(1e-6, 1 - 1e-6, 25):
        r = mixture * p + (1 - mixture) * q
        points.append((np.exp(-5 * (q * np.log(q / r)).sum()), np.exp(-5 * (p * np.log(p / r)).sum())))
    points.append((0.0, 1.0))
    x, y = np.array(sorted(points)).T
    assert frontier(p, q)[0] == pytest.approx(np.trapezoid(y, x), abs=1e-6)
    assert frontier(p, p)[0] == pytest.approx(1.0)
    assert frontier(p, q)[0] == pytest.approx(frontier(q, p)[0])
    assert frontier(smoothed(np.array([1e9, 0])), smoothed(np.array([0, 1e9])))[0] < 0.01


def test_the_interval_of_mauve_is_that_of_drawing_again():
    rng = np.random.default_rng(1)
    p, q = rng.dirichlet(np.full(20, 5.0)), rng.dirichlet(np.full(20, 5.0))
    drawn = [(rng.multinomial(2000, p), rng.multinomial(2000, q)) for _ in range(300)]
    values = [frontier(smoothed(one), smoothed(other))[0] for one, other in drawn]
    halves = [np.diff(measured(*each)[1])[0] / 2 for each in drawn[:20]]
    # 300 draws know a standard deviation to about 4 %.
    assert np.mean(halves) / 1.96 == pytest.approx(np.std(values), rel=0.15)


def test_topics_by_hand():
    corners = np.eye(3)
    real = np.repeat(corners, 20, axis=0)
    found = topics_of(real, 0)
    assert found.shares == pytest.approx([1 / 3] * 3)
    assert found.met(np.repeat(corners[:2], 10, axis=0)) == (2, 1.0)
    # One text in 40 is less than a tenth of a third.
    assert found.met(np.concatenate([np.repeat(corners[:1], 39, axis=0), corners[2:]])) == (1, 1.0)
    assert found.met(-corners) == (0, 0.0)

"""Few real texts decide what synthetic ones are worth: good ones help, bad ones do no harm."""

import numpy as np
import pytest

from trasunto.language.few import WAYS, Few, fit_few, weights_of
from trasunto.language.head import fit_head

CENTRES = np.random.default_rng(5).normal(size=(3, 16)) * 0.5


def drawn(number, seed, noise=1.0):
    """Vectors of three labels whose clouds overlap."""
    rng = np.random.default_rng(seed)
    truth = np.arange(number) % 3
    return (CENTRES[truth] + rng.normal(0, noise, (number, 16))).astype(np.float32), truth


def right(head, seed=9):
    vectors, truth = drawn(1_500, seed)
    return float((head.probabilities(vectors).argmax(axis=1) == truth).mean())


def both(size, made, called, seed=0):
    vectors, truth = drawn(size, seed)
    few = Few(vectors, truth, made, called, 3, 10.0)
    alone = fit_head(vectors, truth, 3, 10.0)
    head, used = fit_few(few, alone, seed=0)
    return right(alone), right(head), used


def test_good_texts_help():
    made, called = drawn(300, 77)
    gains = [both(24, made, called, seed)[:2] for seed in range(5)]
    assert np.mean([with_made - alone for alone, with_made in gains]) > 0.05


def test_bad_texts_do_no_harm():
    made, called = drawn(300, 77)
    # Every label is another one, and all are in the places of others.
    found = [both(45, made, (called + 1) % 3, seed) for seed in range(5)]
    assert np.mean([with_made - alone for alone, with_made, _ in found]) > -0.01


def test_without_a_gain_the_few_stay_alone():
    vectors, truth = drawn(150, 3, noise=0.7)
    made, called = drawn(300, 77, noise=1.5)
    alone = fit_head(vectors, truth, 3, 10.0)
    head, used = fit_few(Few(vectors, truth, made, (called + 1) % 3, 3, 10.0), alone, seed=0)
    assert head is alone and used == 0


def test_nothing_to_choose_from_leaves_the_few_alone():
    vectors, truth = drawn(3, 0)
    made, called = drawn(9, 1)
    alone = fit_head(vectors, truth, 3, 10.0)
    # One text a label: each fold but the last leaves two labels, so that it is decided all the same.
    assert fit_few(Few(vectors, truth, made, called, 3, 10.0), alone, seed=0)[1] in range(10)
    two = Few(vectors[:2], truth[:2], made, called, 3, 10.0)
    assert fit_few(two, alone, seed=0) == (alone, 0)
    none = Few(vectors, truth, made[:0], called[:0], 3, 10.0)
    assert fit_few(none, alone, seed=0) == (alone, 0)


def test_the_same_seed_gives_the_same_head():
    vectors, truth = drawn(24, 0)
    made, called = drawn(100, 7)
    few, alone = Few(vectors, truth, made, called, 3, 10.0), fit_head(vectors, truth, 3, 10.0)
    one, again = (fit_few(few, alone, seed=4)[0] for _ in range(2))
    assert np.array_equal(one.weight, again.weight)


def test_ways_are_weighed_by_what_they_foretell_and_not_by_how_sharp_they_are():
    truth = np.array([0, 1] * 20)
    told = np.where(np.eye(2)[truth] > 0, 1.0, 0.0)
    wrong = told.copy()
    wrong[:8] = 1 - wrong[:8]
    weights = weights_of(np.stack([told, 9 * told, wrong]), truth)
    assert weights.sum() == pytest.approx(1)
    # Sharper by itself is no better: both can be made as sharp as there is.
    assert weights[2] < 0.01 < weights[0]
    sharp = weights_of(np.stack([wrong, 3 * wrong]), truth)
    assert sharp == pytest.approx([0.5, 0.5], abs=0.01)


def test_a_weight_counts_as_often_as_it_says():
    vectors, truth = drawn(30, 2)
    twice = fit_head(np.concatenate([vectors, vectors[:10]]), np.concatenate([truth, truth[:10]]), 3, 10.0)
    weighed = fit_head(vectors, truth, 3, 10.0, weights=np.where(np.arange(30) < 10, 2.0, 1.0))
    assert weighed.weight == pytest.approx(twice.weight, abs=1e-3)


def test_the_ways_are_all_kinds():
    assert len(WAYS) == len(set(WAYS)) == 11

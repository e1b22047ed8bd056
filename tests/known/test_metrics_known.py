"""Metrics against answers worked out by hand, by scipy and by scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import ks_2samp, mannwhitneyu, pearsonr, rankdata
from sklearn.datasets import load_diabetes, load_wine
from sklearn.metrics import f1_score, r2_score, roc_auc_score

from trasunto.data.dataset import DTYPES, Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.metrics import copies, fidelity, structure, utility
from trasunto.metrics.frames import threads
from trasunto.metrics.interval import auc, auc_interval, wilson
from trasunto.metrics.score import Comparison


def dataset(**columns: tuple[str, Any]) -> Dataset:
    schema = TableSchema(tuple(Column(name, kind) for name, (kind, _) in columns.items()))
    rows = pl.DataFrame([pl.Series(n, list(v), dtype=DTYPES[k]) for n, (k, v) in columns.items()])
    return Dataset.of(Table(schema, rows))


def numbers(table: np.ndarray) -> Dataset:
    return dataset(**{f"c{place}": ("number", column) for place, column in enumerate(table.T)})


def test_wilson_by_the_textbook():
    # Newcombe 1998, table I, method 3: 81/263, 15/148, 0/20, 1/29.
    for (successes, trials), expected in {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0.0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }.items():
        assert wilson(successes, trials) == pytest.approx(expected, abs=5e-5)


def test_area_under_the_curve_by_scikit_learn_and_scipy():
    rng = np.random.default_rng(0)
    one, other = np.round(rng.normal(0.4, 1, 60), 1), np.round(rng.normal(0, 1, 90), 1)
    label = np.repeat([1, 0], [60, 90])
    assert auc(one, other) == pytest.approx(roc_auc_score(label, np.concatenate([one, other])))
    assert auc(one, other) == pytest.approx(mannwhitneyu(one, other).statistic / (60 * 90))


def test_delongs_interval_by_its_definition():
    rng = np.random.default_rng(1)
    one, other = rng.integers(0, 6, 25) + 1.0, rng.integers(0, 6, 35) * 1.0
    wins = (one[:, None] > other) + 0.5 * (one[:, None] == other)
    spread = np.sqrt(wins.mean(axis=1).var(ddof=1) / 25 + wins.mean(axis=0).var(ddof=1) / 35)
    expected = (wins.mean() - 1.96 * spread, wins.mean() + 1.96 * spread)
    # Both sides are centred together in the product: n - 1 for n costs the fourth decimal.
    assert auc_interval(one, other) == pytest.approx(expected, abs=2e-3)


def test_shapes_by_scipy_and_by_hand():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=80), rng.normal(0.3, 1.2, size=70)
    real = dataset(x=("number", x), c=("category", ["a"] * 40 + ["b"] * 30 + [None] * 10))
    made = dataset(x=("number", y), c=("category", ["a"] * 14 + ["z"] * 56))
    found = {score.subject: score.value for score in fidelity.shapes(Comparison(real, made))}
    assert found["x"] == pytest.approx(ks_2samp(x, y).statistic)
    # Shares a, b, missing, z: .5 .375 .125 0 against .2 0 0 .8.
    assert found["c"] == pytest.approx((0.3 + 0.375 + 0.125 + 0.8) / 2)
    assert found[""] == pytest.approx((found["x"] + found["c"]) / 2)


def test_trends_of_numbers_by_scipy():
    rng = np.random.default_rng(3)
    real, made = rng.normal(size=(90, 3)), rng.normal(size=(60, 3))
    real[:, 1] += real[:, 0]
    real[5:20, 1] = np.nan
    made[:7, 0] = np.nan
    found = {score.subject: score.value for score in fidelity.trends(Comparison(numbers(real), numbers(made)))}

    def correlation(table: np.ndarray, i: int, j: int) -> float:
        both = ~np.isnan(table[:, i]) & ~np.isnan(table[:, j])
        return float(pearsonr(table[both, i], table[both, j]).statistic)

    pairs = {(0, 1), (0, 2), (1, 2)}
    errors = {pair: abs(correlation(real, *pair) - correlation(made, *pair)) / 2 for pair in pairs}
    assert {f"c{i} × c{j}": pytest.approx(error) for (i, j), error in errors.items()} == {
        name: value for name, value in found.items() if name
    }
    assert found[""] == pytest.approx(np.mean(list(errors.values())))


def test_trends_of_categories_by_hand():
    # Cells (a, x), (a, y), (b, x), (b, y): .25 each against .5 0 0 .5; the margins are equal.
    real = dataset(one=("category", "aabb"), other=("category", "xyxy"))
    made = dataset(one=("category", "ab"), other=("category", "xy"))
    assert fidelity.trends(Comparison(real, made))[0].value == pytest.approx(0.5)
    # A missing value is a value: (a, missing) and (b, missing) are a quarter each.
    made = dataset(one=("category", "abab"), other=("category", ["x", "y", None, None]))
    assert fidelity.trends(Comparison(real, made))[0].value == pytest.approx(0.5)


def test_trends_of_numbers_and_categories_by_hand():
    # Deciles of 1..10 put each number into its own cell.
    real = dataset(n=("integer", range(1, 11)), c=("category", "aaaaabbbbb"))
    turned = dataset(n=("integer", range(1, 11)), c=("category", "bbbbbaaaaa"))
    assert fidelity.trends(Comparison(real, turned))[0].value == pytest.approx(1.0)
    # Numbers beyond the real ones fall to the outermost cells: 0 for 1 changes nothing.
    outside = dataset(n=("integer", [0, *range(2, 10), 99]), c=("category", "aaaaabbbbb"))
    assert fidelity.trends(Comparison(real, outside))[0].value == pytest.approx(0.0)


def test_halves_of_wine_cannot_be_told_apart_and_two_vineyards_can():
    table, vineyard = load_wine(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(table))
    one, other = numbers(table[order[:89]]), numbers(table[order[89:]])
    alike = structure.c2st(Comparison(one, other))[0]
    # Standard error 0.043: three of them.
    assert alike.value == pytest.approx(0.5, abs=0.13)
    apart = structure.c2st(Comparison(numbers(table[vineyard == 0]), numbers(table[vineyard == 1])))
    assert apart[0].value > 0.97
    # Proline parts the first vineyard from the second, as every textbook plot of these wines shows.
    assert "c12" in [score.subject for score in apart[1:4]]


def test_utility_measures_by_scikit_learn():
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 3, 120).astype(float)
    chances = rng.dirichlet([1, 1, 1], 120) + 0.5 * np.eye(3)[truth.astype(int)]
    chances /= chances.sum(axis=1, keepdims=True)
    called = chances.argmax(axis=1).astype(float)
    answers = utility._Answers(truth, called, chances, np.arange(3.0))
    assert utility._auc(answers)[0] == pytest.approx(roc_auc_score(truth, chances, multi_class="ovr"))
    assert utility._f1(answers)[0] == pytest.approx(f1_score(truth, called, average="macro"))
    assert utility._accuracy(answers)[0] == pytest.approx((truth == called).mean())
    numeric = utility._Answers(truth, chances[:, 2], np.empty((120, 0)), np.empty(0))
    assert utility._r2(numeric)[0] == pytest.approx(r2_score(truth, chances[:, 2]))


def test_diabetes_is_predicted_as_well_as_by_plain_scikit_learn():
    from sklearn.ensemble import HistGradientBoostingRegressor

    table, target = load_diabetes(return_X_y=True)
    both = np.column_stack([table, target])
    real, made, unseen = both[:150], both[150:300], both[300:]
    scores = utility.tstr(Comparison(numbers(real), numbers(made), numbers(unseen), target="c10"))
    for part, value in ((made, scores[0].value), (real, scores[0].control)):
        model = HistGradientBoostingRegressor(min_samples_leaf=7, random_state=0)
        with threads(part):
            called = model.fit(part[:, :-1], part[:, -1]).predict(unseen[:, :-1])
        expected = r2_score(unseen[:, -1], called)
        # The target is standardised before it is learned, which may turn a tie between two cuts.
        assert value == pytest.approx(expected, abs=0.03)


def test_nearest_rows_by_scipy():
    rng = np.random.default_rng(5)
    real, unseen, made = (rng.normal(size=(40, 2)) for _ in range(3))
    words = [rng.choice(list("abc"), 40) for _ in range(3)]
    parts = [
        dataset(x=("number", part[:, 0]), y=("number", part[:, 1]), c=("category", word))
        for part, word in zip((real, unseen, made), words, strict=True)
    ]
    (score,) = copies.nearer_to_train(Comparison(parts[0], parts[2], parts[1]))

    def ranks(column: int) -> np.ndarray:
        # The middle of each synthetic value's place among the others; an own place counts half.
        among = np.concatenate([real[:, column], unseen[:, column]])
        own = (rankdata(among) - 0.5) / 80
        theirs = np.array([(among < value).mean() for value in made[:, column]])
        return np.concatenate([own, theirs])

    table = np.column_stack([ranks(0), ranks(1)])
    codes = np.concatenate([np.eye(3)[np.searchsorted(list("abc"), words[place])] / 2 for place in (0, 1, 2)])
    every = np.column_stack([table, codes])
    to_real = cdist(every[80:], every[:40], "cityblock").min(axis=1)
    to_unseen = cdist(every[80:], every[40:80], "cityblock").min(axis=1)
    tie = np.isclose(to_real, to_unseen)
    assert score.value == pytest.approx(((to_real < to_unseen) & ~tie).mean() + tie.mean() / 2)


def test_exact_copies_by_hand():
    real = dataset(a=("integer", [1, 1, 2]), b=("category", "xyz"))
    made = dataset(a=("integer", [1, 1, 2, 2]), b=("category", "xzzz"))
    unseen = dataset(a=("integer", [1, 3]), b=("category", "yx"))
    (score,) = copies.exact_copies(Comparison(real, made, unseen))
    assert (score.value, score.control) == (0.75, 0.5)

import numpy as np
import pytest

from trasunto.metrics import fidelity, marginals
from trasunto.metrics.frames import arrays
from trasunto.metrics.score import Comparison


def test_the_distance_of_a_three_way_table_by_hand(build):
    # Parity: every pair of columns is alike, the triple has nothing in common.
    even = {"a": ("category", "0011"), "b": ("category", "0101"), "c": ("category", "0110")}
    odd = {**even, "c": ("category", "1001")}
    comparison = Comparison(build(**even), build(**odd))
    assert fidelity.trends(comparison)[0].value == 0.0
    headline, triple = marginals.triples(comparison)
    assert (headline.value, triple.value, triple.subject) == (1.0, 1.0, "a × b × c")
    assert marginals.triples(Comparison(build(**even), build(**even)))[0].value == 0.0


def test_numbers_fall_into_real_deciles_and_a_missing_value_is_a_value(build):
    real = {"x": ("number", np.arange(100.0)), "y": ("integer", [1] * 100), "z": ("category", ["a"] * 100)}
    half = Comparison(build(**real), build(**{**real, "x": ("number", np.arange(100.0) % 50)}))
    assert marginals.triples(half)[0].value == pytest.approx(0.5)
    gone = Comparison(build(**real), build(**{**real, "z": ("category", ["a", None] * 50)}))
    assert marginals.triples(gone)[0].value == pytest.approx(0.5)


def test_rare_values_stand_together(build):
    names = [f"v{place:02d}" for place in range(40)]
    common = [name for name in names[:10] for _ in range(20)]
    real = {"a": ("category", common + names[10:]), "b": ("boolean", [True] * 230), "c": ("integer", [1] * 230)}
    made = {**real, "a": ("category", common + names[10:][::-1][:15] * 2)}
    assert marginals.triples(Comparison(build(**real), build(**made)))[0].value == 0.0


def test_fresh_rows_reach_the_control_and_rows_of_lone_columns_the_baseline(draw):
    real, made, unseen = draw(800, 0), draw(800, 1), draw(800, 2)
    score = marginals.triples(Comparison(real, made, unseen))[0]
    assert score.value == pytest.approx(score.control, abs=0.03)
    assert score.baseline > score.control + 0.1
    assert score.interval[0] < score.value < score.interval[1]


def test_the_interval_is_the_bootstraps(draw):
    comparison = Comparison(draw(500, 0), draw(500, 1))
    score = marginals.triples(comparison)[0]
    given = arrays(comparison)
    codes, sizes = marginals.binned(given, given.parts)
    truth = codes["real"]
    signs, weights = {}, []
    rng = np.random.default_rng(0)
    for number in range(300):
        rows = rng.integers(0, 500, 500) if number else np.arange(500)
        total = 0.0
        for i, j, k in marginals._chosen(len(sizes), rng):
            cells = sizes[i] * sizes[j] * sizes[k]
            place = [
                (code[i] * sizes[j] + code[j]) * sizes[k] + code[k] for code in (truth, codes["synthetic"][:, rows])
            ]
            gap = (np.bincount(place[1], minlength=cells) - np.bincount(place[0], minlength=cells)) / 500
            # The sign of each difference as it is: a cell that changes sides would only add noise to both.
            total += 0.5 * float((gap * signs.setdefault((i, j, k), np.sign(gap))).sum())
        weights.append(total / len(signs))
    half = (score.interval[1] - score.interval[0]) / 2
    assert half == pytest.approx(1.96 * np.std(weights[1:]), rel=0.15)


def test_many_columns_give_a_sample_of_triples(build):
    rng = np.random.default_rng(0)
    wide = build(**{f"c{place}": ("boolean", rng.random(20) < 0.5) for place in range(40)})
    chosen = marginals._chosen(40, np.random.default_rng(1))
    assert len(set(chosen)) == marginals.MOST_TRIPLES
    assert all(i < j < k < 40 for i, j, k in chosen)
    assert len(marginals.triples(Comparison(wide, wide))) == 1 + marginals.SHOWN_TRIPLES
    assert marginals.triples(Comparison(*[build(a=("integer", [1, 2]), b=("integer", [3, 4]))] * 2)) == ()

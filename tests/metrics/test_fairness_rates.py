import numpy as np
import pytest

from trasunto.metrics import fairness_rates as rates


def drawn(seed):
    """A random table in which every group has rows of both classes, and is given both answers."""
    rng = np.random.default_rng(seed)
    rows, groups = int(rng.integers(60, 600)), int(rng.integers(2, 6))
    group = np.concatenate([np.repeat(np.arange(groups), 4), rng.integers(0, groups, rows)])
    truth = np.concatenate([np.tile([0, 0, 1, 1], groups), rng.random(rows) < rng.random()]).astype(bool)
    said = np.concatenate([np.tile([0, 1, 0, 1], groups), rng.random(rows) < rng.random()]).astype(bool)
    return group, truth, said, groups


RATES = {
    "selection_rate": rates.selection,
    "true_positive_rate": rates.true_positives,
    "false_positive_rate": rates.false_positives,
    "precision": rates.precision,
}


def test_the_definitions_are_those_of_fairlearn_on_200_random_tables():
    import fairlearn.metrics as theirs
    from sklearn.metrics import precision_score

    measures = {name: getattr(theirs, name, precision_score) for name in RATES}
    for seed in range(200):
        group, truth, said, groups = drawn(seed)
        counts = rates.tables(group, groups, truth, said)
        known = {"y_true": truth.astype(int), "y_pred": said.astype(int), "sensitive_features": group}
        frame = theirs.MetricFrame(metrics=measures, **known)
        apart, smaller = frame.difference(method="between_groups"), frame.ratio(method="between_groups")
        for name, mine in RATES.items():
            assert mine(counts) == pytest.approx(frame.by_group[name].to_numpy(), abs=1e-9)
            assert rates.gap(mine(counts)) == pytest.approx(apart[name], abs=1e-9)
            assert rates.ratio(mine(counts)) == pytest.approx(smaller[name], abs=1e-9)
        odds = ["true_positive_rate", "false_positive_rate"]
        assert rates.odds_gap(counts) == pytest.approx(apart[odds].max(), abs=1e-9)
        assert rates.odds_ratio(counts) == pytest.approx(smaller[odds].min(), abs=1e-9)
        assert rates.precision_gap(counts) == pytest.approx(apart["precision"], abs=1e-9)
        if seed < 5:
            # Their own names for what is taken from the frame above.
            assert rates.parity_gap(counts) == pytest.approx(theirs.demographic_parity_difference(**known), abs=1e-9)
            assert rates.parity_ratio(counts) == pytest.approx(theirs.demographic_parity_ratio(**known), abs=1e-9)
            assert rates.odds_gap(counts) == pytest.approx(theirs.equalized_odds_difference(**known), abs=1e-9)
            assert rates.odds_ratio(counts) == pytest.approx(theirs.equalized_odds_ratio(**known), abs=1e-9)
            assert rates.opportunity_gap(counts) == pytest.approx(
                theirs.equal_opportunity_difference(**known), abs=1e-9
            )


def test_a_group_without_rows_of_a_class_has_no_rate():
    counts = np.array([[[0, 0], [3, 1]], [[2, 2], [0, 4]], [[1, 3], [2, 2]]])
    assert np.isnan(rates.false_positives(counts)[0])
    assert rates.gap(rates.false_positives(counts)) == 0.25
    assert np.isnan(rates.gap(np.array([0.5, np.nan])))
    assert np.isnan(rates.ratio(np.array([np.nan, np.nan])))
    assert rates.ratio(np.array([0.0, 0.0])) == 1.0
    assert rates.ratio(np.array([0.2, np.nan, 0.5])) == pytest.approx(0.4)


def test_rows_of_no_group_are_not_counted():
    group, truth, said = np.array([0, -1, 1]), np.array([True, True, False]), np.array([True, False, True])
    assert rates.tables(group, 2, truth, said).tolist() == [[[0, 0], [0, 1]], [[0, 1], [0, 0]]]


def test_the_interval_of_a_true_gap_holds_it_and_that_of_equal_groups_reaches_zero():
    rng = np.random.default_rng(0)
    held = reached = 0
    for seed in range(200):
        group = rng.integers(0, 3, 900)
        apart = rng.random(900) < np.array([0.3, 0.4, 0.5])[group]
        equal = rng.random(900) < 0.4
        for said, true_gap in ((apart, 0.2), (equal, 0.0)):
            counts = rates.tables(group, 3, equal, said)
            value = float(rates.parity_gap(counts))
            low, high = rates.interval(value, rates.parity_gap(rates.resampled(counts, seed)), 0.0, 1.0)
            assert low <= value <= high
            held += true_gap == 0.2 and low <= 0.2 <= high
            reached += true_gap == 0.0 and low == 0.0
    # Of 200 intervals of 95 % so few miss by chance; of equal groups a reflected one misses twice as often.
    assert held >= 185
    assert reached >= 170


def test_bounds_are_the_interval_where_nothing_is_known():
    assert rates.interval(0.1, np.full(10, np.nan), 0.0, 1.0) == (0.0, 1.0)

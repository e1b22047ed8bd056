import numpy as np
import pytest

from trasunto.synthesizers import fair_labels as labels


@pytest.fixture
def rows():
    """Two groups whose favourable outcome is likelier in the first, and some rows of neither."""
    rng = np.random.default_rng(0)
    group = rng.choice([0, 1, -1], 6_000, p=[0.6, 0.35, 0.05])
    chance = np.clip(rng.beta(2, 3, 6_000) - 0.15 * (group == 1), 0.01, 0.99)
    return labels.Outcomes(rng.random(6_000) < chance, chance, 2 * chance - 1, group, 2)


def share(rows, good, number):
    return good[rows.group == number].mean()


def made(rows, moved, seed=0):
    return labels.changed(rows, moved, np.random.default_rng(seed))


@pytest.mark.parametrize("intensity", [0.0, 0.4, 1.0])
def test_parity_reaches_the_wanted_rates_to_one_row(rows, intensity):
    whole = rows.good[rows.group >= 0].mean()
    good = made(rows, labels.parity(rows, intensity))
    for number in (0, 1):
        before = share(rows, rows.good, number)
        # One row of a group for each direction of change.
        apart = 2.5 / (rows.group == number).sum()
        assert share(rows, good, number) == pytest.approx((1 - intensity) * before + intensity * whole, abs=apart)
    if intensity == 0.0:
        assert (good == rows.good).mean() > 0.999


def test_parity_keeps_the_order_of_chances_within_a_group(rows):
    moved = labels.parity(rows, 1.0)
    for number in (0, 1):
        mine = rows.group == number
        assert (np.diff(moved[mine][np.argsort(rows.chance[mine])]) >= 0).all()
    assert moved[rows.group == 1].mean() > rows.chance[rows.group == 1].mean()


def test_decisions_put_as_large_a_share_of_each_group_above_one_half_and_change_less(rows):
    moved = labels.decisions(rows, 1.0)
    above = [(moved[rows.group == number] > 0.5).mean() for number in (0, 1)]
    assert above[0] == pytest.approx(above[1], abs=0.002)
    few, many = ((made(rows, each) != rows.good).mean() for each in (moved, labels.parity(rows, 1.0)))
    assert 0 < few < many
    halfway = [(labels.decisions(rows, 0.5)[rows.group == number] > 0.5).mean() for number in (0, 1)]
    before = [(rows.chance[rows.group == number] > 0.5).mean() for number in (0, 1)]
    assert halfway[0] - halfway[1] == pytest.approx((before[0] - before[1]) / 2, abs=0.003)


def test_odds_bring_true_and_false_positives_of_the_groups_together(rows):
    def apart(chance):
        said = chance > 0.5
        gaps = []
        for outcome in (True, False):
            parts = [said[(rows.group == number) & (rows.good == outcome)].mean() for number in (0, 1)]
            gaps.append(abs(parts[0] - parts[1]))
        return max(gaps)

    assert apart(labels.odds(rows, 1.0)) < 0.5 * apart(rows.chance)


def test_rows_of_no_group_are_left_alone_and_outcomes_stay_drawn_by_their_chance(rows):
    moved = labels.parity(rows, 1.0)
    good = made(rows, moved)
    assert (good == rows.good)[rows.group == -1].all()
    # Among rows of like chance as many are favourable as the moved chance says: binomial noise of some 500 rows.
    mine = np.flatnonzero(rows.group == 1)
    for part in np.array_split(mine[np.argsort(moved[mine])], 4):
        assert good[part].mean() == pytest.approx(moved[part].mean(), abs=0.06)


def test_a_share_no_odds_lead_to_is_approached():
    rows = labels.Outcomes(np.ones(100, dtype=bool), np.full(100, 0.9), np.full(100, 0.8), np.repeat([0, 1], 50), 2)
    assert np.isfinite(labels.parity(rows, 1.0)).all()

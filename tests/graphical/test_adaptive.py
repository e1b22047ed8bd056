"""Select, measure, estimate: what is spent, what is chosen, and that no row counts more than it may."""

import numpy as np
import pytest

from trasunto.graphical.adaptive import Coded, Exact, Plan, adapted, settled
from trasunto.graphical.estimate import Measurement
from trasunto.graphical.junction import junction_tree
from trasunto.graphical.scales import scale_of
from trasunto.graphical.select import Room, offers, scored
from trasunto.privacy.mechanisms import Noise

SIZES = (6, 6, 2, 40)
QUICK = {"levels": (8, 4, 2), "steps": (20, 60)}


def table(rows=2_000, seed=0):
    """Two columns that tell each other, a third that hangs on them, a fourth of its own."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 6, rows)
    third = (rng.random(rows) < 0.1 + 0.15 * first).astype(int)
    codes = np.stack([first, (first * 5 + 2) % 6, third, rng.integers(0, 40, rows)], axis=1).astype(np.int32)
    return Coded(codes, SIZES, (False, False, False, True), (False,) * 4, 2, rows)


def adapt(coded, plan, rho, noise, seed=0):
    return adapted(coded, plan, rho=rho, noise=noise, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("plan", [Plan(**QUICK), Plan(tree=True, **QUICK), Plan(degree=2, rounds=20, **QUICK)])
@pytest.mark.parametrize("rho", [1e-6, 0.01, 10.0])
def test_all_of_the_budget_is_spent_and_no_more(plan, rho):
    course, now = adapt(table(), plan, rho, Noise(np.random.default_rng(1)))
    assert sum(each.rho for each in course.spent) == pytest.approx(rho, rel=1e-6)
    assert sum(each.rho for each in course.spent) <= rho * (1 + 1e-12)
    for each in course.spent:
        if each.columns:
            assert each.sigma == pytest.approx(np.sqrt(1 / (2 * each.rho)))
    assert now.field.tree.cells(now.field.sizes) <= 1_024 * 4 + plan.cells


def test_a_single_column_gets_all_of_it():
    coded = Coded(table().codes[:, 3:], (40,), (True,), (False,), None, 2_000)
    course, now = adapt(coded, Plan(**QUICK), 0.5, Noise(np.random.default_rng(2)))
    assert sum(each.rho for each in course.spent) == pytest.approx(0.5) and now.field.sizes == (8,)


def test_mst_hangs_all_columns_together_by_pairs():
    course, _ = adapt(table(), Plan(tree=True, **QUICK), 5.0, Noise(np.random.default_rng(3)))
    pairs = [each.columns for each in course.spent if each.columns]
    assert len(pairs) == 3 and all(len(each) == 2 for each in pairs)
    assert (0, 1) in pairs and all(len(each) for each in junction_tree(4, pairs, SIZES).separators[1:])


def test_without_noise_what_hangs_together_is_found():
    coded = table()
    course, now = adapt(coded, Plan(**QUICK), 2.5, Exact())
    rows = now.field.draw(20_000, {}, np.random.default_rng(4))
    assert now.levels[0] == now.levels[1] == 0
    told = np.zeros((6, 6))
    np.add.at(told, (rows[:, 0], rows[:, 1]), 1)
    # Each group of the first goes with one of the second.
    assert told.max(axis=1).sum() > 0.995 * 20_000
    first, on = course.scales[0].groups, course.scales[2].groups[1]
    for code in range(6):
        here = rows[:, 0] == first[code]
        assert abs((rows[here, 2] == on).mean() - coded.codes[coded.codes[:, 0] == code, 2].mean()) < 0.05


def test_the_same_noise_gives_the_same_model():
    found = [adapt(table(), Plan(**QUICK), 0.5, Noise(np.random.default_rng(5)))[1] for _ in range(2)]
    for one, other in zip(found[0].field.factors, found[1].field.factors, strict=True):
        assert (one == other).all()


def test_a_row_moves_no_score_by_more_than_is_said():
    rng = np.random.default_rng(6)
    coded = table(300)
    scales = [
        scale_of(np.bincount(coded.codes[:, at], minlength=size).astype(float), 2.0, ordered=o, null=False, sizes=(8, 4, 2))
        for at, (size, o) in enumerate(zip(SIZES, coded.ordered, strict=True))
    ]  # fmt: skip
    groups = np.stack([scale.groups[coded.codes[:, at]] for at, scale in enumerate(scales)], axis=1)
    made = groups[rng.integers(0, 300, 1_000)]
    for lift in (1.0, 3.0):
        how = {"total": 300.0, "sigma": 5.0, "pair": 2.0, "forest": False}

        def scores(rows, lift=lift, how=how):
            return scored(offers(rows, scales, degree=3, most=100, target=2, lift=lift), made, scales, **how)

        whole = scores(groups)
        moved = [np.abs(scores(np.delete(groups, at, axis=0)).scores - whole.scores).max() for at in range(0, 300, 20)]
        assert 0 < max(moved) <= whole.sensitivity + 1e-9


def test_there_is_room_only_for_what_keeps_the_model_small():
    scales = [scale_of(np.full(16, 9.0), 1.0, ordered=True, null=False, sizes=(16, 4)) for _ in range(3)]
    coded = np.zeros((5, 3), dtype=np.int32)
    pair, triple = (
        next(o for o in offers(coded, scales, degree=3, most=99, target=None, lift=1.0) if len(o.columns) == size)
        for size in (2, 3)
    )
    room = Room.of([], scales, 16 * 16 + 16)
    assert room.fits(pair, scales).tolist() == [[True, True], [True, True]]
    assert room.fits(triple, scales)[1, 1, 1] and not room.fits(triple, scales)[0, 0, 0]
    assert room.parts() == [0, 1, 2] and len(set(Room.of([((0, 2), (0, 0))], scales, 1e9).parts())) == 2


def test_a_column_that_tells_another_leaves_no_other_cell():
    rng = np.random.default_rng(7)
    counts = np.where(np.eye(8), 900.0, 0.0)
    noisy = Measurement.of((0, 1), (0, 0), counts + rng.normal(0, 4, (8, 8)), np.array(16.0))
    found = settled(noisy, 4.0, 7_200.0)
    far = np.where(np.eye(8), 0, 1).astype(bool)
    assert (found.counts[far] == 0).all() and (found.weights[far] < -10).all()
    loose = Measurement.of((0, 1), (0, 0), counts + 40.0, np.array(16.0))
    assert settled(loose, 4.0, 7_200.0) is loose
    # Noise that could hide many rows proves nothing.
    assert settled(noisy, 400.0, 7_200.0) is noisy

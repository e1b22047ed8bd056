import numpy as np
import pytest

from trasunto.metrics.attacks import places
from trasunto.metrics.attacks.places import affordable, apart, equal, nearest, scale_of, totals
from trasunto.metrics.frames import Arrays


def table(rows, seed):
    rng = np.random.default_rng(seed)
    found = np.column_stack([rng.integers(0, 3, rows), rng.normal(size=rows), rng.integers(0, 40_000, rows)])
    found[rng.random(found.shape) < 0.1] = np.nan
    return found


GIVEN = Arrays(("a", "b", "c"), np.array([3, 0, 40_000]), {})


def by_hand(one, other, searched):
    """Gower's distance, one pair at a time."""
    total = 0.0
    for place, (x, y) in enumerate(zip(one, other, strict=True)):
        if np.isnan(x) or np.isnan(y):
            total += float(np.isnan(x) != np.isnan(y))
        elif place == 1:
            known = searched[:, 1][~np.isnan(searched[:, 1])]
            ranks = [((known < v).sum() + (known <= v).sum()) / (2 * len(known)) for v in (x, y)]
            total += abs(ranks[0] - ranks[1])
        else:
            total += float(x != y)
    return total


def test_distances_are_gowers():
    asked, searched = table(20, 0), table(50, 1)
    scale = scale_of(GIVEN, searched, asked)
    hand = np.array([[by_hand(one, other, searched) for other in searched] for one in asked])
    for block, total in totals(scale, scale.places(asked), scale.places(searched)):
        assert total / scale.unit == pytest.approx(hand[block], abs=2e-3)
    assert nearest(scale, scale.places(asked), scale.places(searched)) / scale.unit == pytest.approx(
        hand.min(axis=1), abs=2e-3
    )


def test_columns_add_up_and_blocks_do_not_matter(monkeypatch):
    asked, searched = table(30, 0), table(40, 1)
    scale = scale_of(GIVEN, searched, asked)
    one, other = scale.places(asked), scale.places(searched)
    whole = np.concatenate([total.copy() for _, total in totals(scale, one, other)])
    parts = np.concatenate([each.sum(axis=0) for _, each in apart(scale, one, other)])
    assert (parts == whole).all()
    monkeypatch.setattr(places, "BLOCK", 100)
    assert (np.concatenate([total.copy() for _, total in totals(scale, one, other)]) == whole).all()


def test_many_columns_do_not_overflow():
    rng = np.random.default_rng(0)
    width = 300
    given = Arrays(tuple(map(str, range(width))), np.full(width, 5), {})
    searched, asked = rng.integers(0, 2, (10, width)).astype(float), rng.integers(2, 5, (3, width)).astype(float)
    scale = scale_of(given, searched, asked)
    assert (nearest(scale, scale.places(asked), scale.places(searched)) == width * scale.unit).all()


def test_equal_rows_are_found_missing_values_included():
    rows = np.array([[1.0, np.nan], [0.0, 2.0], [1.0, 3.0]])
    assert equal(rows, np.array([[-0.0, 2.0], [1.0, np.nan]])).tolist() == [True, True, False]


def test_wide_tables_are_searched_for_fewer_rows():
    assert affordable(15, 25_000, 10_000) == 10_000
    assert affordable(500, 25_000, 10_000) == 800
    assert affordable(5_000, 50_000, 10_000) == 500
    assert affordable(5_000, 50_000, 60) == 60

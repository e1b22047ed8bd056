"""k, l and t: worked out by hand, and counted again the slow way."""

import math

import numpy as np
import polars as pl
import pytest

from trasunto.errors import SchemaError
from trasunto.privacy.anonymity import Anonymity, measured

# Li et al. 2007, tables 3 and 4: salaries 3 to 11 (thousand) in three classes of three.
SALARIES = pl.DataFrame({"zip": ["476**"] * 3 + ["4790*"] * 3 + ["476*"] * 3, "salary": [3, 4, 5, 6, 11, 8, 7, 9, 10]})


def test_the_worked_example_of_t_closeness():
    found = measured(SALARIES, ["zip"], ["salary"])
    # {3, 4, 5}: 0.375; {6, 8, 11}: 0.167 (section 4.2 of the paper).
    assert found.diversity["salary"].t == pytest.approx(0.375)
    assert measured(SALARIES[3:], ["zip"], ["salary"]).k == 3
    assert (found.k, found.classes, found.unique) == (3, 3, 0)
    assert found.diversity["salary"].distinct == 3 and found.diversity["salary"].entropy == pytest.approx(3)


def test_equal_distance_and_entropy_by_hand():
    rows = pl.DataFrame({"q": ["a"] * 4 + ["b"] * 4, "s": ["x", "x", "x", "y", "x", "y", "y", "y"]})
    found = measured(rows, ["q"], ["s"]).diversity["s"]
    assert found.t == pytest.approx(0.25) and found.distance == "equal"
    assert found.entropy == pytest.approx(math.exp(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25))))


def test_as_counted_the_slow_way():
    rng = np.random.default_rng(1)
    rows = pl.DataFrame(
        {
            "a": rng.integers(0, 4, 300),
            "b": rng.choice(["x", "y", None], 300),
            "s": rng.integers(0, 9, 300),
            "c": rng.choice(list("pqr"), 300),
        }
    )
    found = measured(rows, ["a", "b"], ["s", "c"])
    groups: dict = {}
    for a, b, s, c in rows.iter_rows():
        groups.setdefault((a, b), []).append((s, c))
    sizes = [len(group) for group in groups.values()]
    assert (found.k, found.classes, found.rows) == (min(sizes), len(sizes), 300)
    assert found.below[11] == sum(size for size in sizes if size < 11)
    assert found.diversity["s"].distinct == min(len({s for s, _ in group}) for group in groups.values())
    values = sorted(set(rows["s"]))
    worst = 0.0
    for group in groups.values():
        p = np.array([sum(s == v for s, _ in group) / len(group) for v in values])
        q = np.array([(rows["s"] == v).mean() for v in values])
        worst = max(worst, float(np.abs(np.cumsum(p - q))[:-1].sum() / (len(values) - 1)))
    assert found.diversity["s"].t == pytest.approx(worst)


def test_missing_is_a_value_and_documents_go_both_ways():
    found = measured(pl.DataFrame({"q": [None, None, 1], "s": ["a", None, "a"]}), ["q"], ["s"])
    assert found.k == 1 and found.unique == 1
    assert Anonymity.from_dict(found.to_dict()) == found
    assert measured(pl.DataFrame({"q": []}), ["q"]).k == 0
    with pytest.raises(SchemaError, match="'q'"):
        measured(SALARIES.rename({"zip": "q"}), ["qq"])

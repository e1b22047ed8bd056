"""Junction trees, beliefs and draws against the whole table, multiplied out."""

import numpy as np
import pytest

from trasunto.graphical.beliefs import calibrated, spread, summed
from trasunto.graphical.junction import junction_tree
from trasunto.graphical.rows import Field

SIZES = (3, 2, 4, 2, 3, 2)
MARGINALS = ((0, 1), (1, 2), (2, 3), (0, 3), (3, 5), (4,))


def whole(tree, tables, sizes=SIZES):
    every = tuple(range(len(sizes)))
    product = np.ones(sizes)
    for table, clique in zip(tables, tree.cliques, strict=True):
        product = product * spread(table[None], clique, every)[0]
    return product / product.sum()


@pytest.fixture(scope="module")
def field():
    rng = np.random.default_rng(0)
    tree = junction_tree(len(SIZES), MARGINALS, SIZES)
    tables = [rng.random([SIZES[column] for column in clique]) for clique in tree.cliques]
    tables[0].flat[0] = 0.0
    return Field(SIZES, tree, tuple(tables))


def far(drawn, shares):
    """Total variation distance of rows to a table of shares."""
    counts = np.zeros(shares.shape)
    np.add.at(counts, tuple(drawn.T), 1)
    return 0.5 * np.abs(counts / len(drawn) - shares).sum()


class TestTree:
    def test_every_marginal_lies_in_a_clique_and_shared_columns_on_the_way_between(self, field):
        tree = field.tree
        for columns in MARGINALS:
            assert tree.holder(columns, SIZES) >= 0
        for at in range(1, len(tree.cliques)):
            before = {column for clique in tree.cliques[:at] for column in clique}
            assert tree.parents[at] < at
            assert set(tree.separators[at]) == before & set(tree.cliques[at])

    def test_a_cycle_of_four_gets_one_chord(self):
        tree = junction_tree(4, [(0, 1), (1, 2), (2, 3), (0, 3)], (2, 5, 2, 5))
        # The chord between the small columns costs 2 * 2 * 5 twice.
        assert sorted(tree.cliques) == [(0, 1, 2), (0, 2, 3)] and tree.cells((2, 5, 2, 5)) == 40
        assert tree.holder((1, 3), (2, 5, 2, 5)) == -1

    def test_columns_of_no_marginal_stand_alone(self):
        tree = junction_tree(3, [(0, 2)], (2, 2, 2))
        assert sorted(tree.cliques) == [(0, 2), (1,)] and tree.separators == ((), ())


class TestBeliefs:
    def test_marginals_of_cliques_are_those_of_the_whole_table(self, field):
        shares = whole(field.tree, field.factors)
        for table, clique in zip(
            calibrated(field.tree, [each[None] for each in field.factors]), field.tree.cliques, strict=True
        ):
            gone = tuple(column for column in range(len(SIZES)) if column not in clique)
            assert table[0] == pytest.approx(shares.sum(axis=gone), abs=1e-12)

    def test_cases_do_not_mix(self, field):
        rng = np.random.default_rng(1)
        both = [np.stack([each, rng.random(each.shape)]) for each in field.factors]
        alone = calibrated(field.tree, [each[1:] for each in both])
        assert all(
            a[1] == pytest.approx(b[0], abs=1e-12) for a, b in zip(calibrated(field.tree, both), alone, strict=True)
        )

    @pytest.mark.parametrize("kept", [(), (1,), (0, 2), (1, 2, 3), (0, 1, 2, 3)])
    def test_sums_over_any_axes(self, kept):
        table = np.random.default_rng(2).random((2, 3, 4, 5, 6))
        gone = tuple(1 + axis for axis in range(4) if axis not in kept)
        assert summed(table, (0, 1, 2, 3), kept) == pytest.approx(table.sum(axis=gone))


class TestRows:
    def test_rows_are_as_likely_as_the_table_says(self, field):
        drawn = field.draw(100_000, {}, np.random.default_rng(3))
        # Independent draws over these 288 cells would be off by 0.02.
        assert far(drawn, whole(field.tree, field.factors)) < 0.02

    def test_the_same_generator_draws_the_same_rows(self, field):
        draws = [field.draw(50, {}, np.random.default_rng(4)) for _ in range(2)]
        assert (draws[0] == draws[1]).all() and field.draw(0, {}, np.random.default_rng(4)).shape == (0, 6)

    def test_what_is_known_conditions_the_rest(self, field):
        rng = np.random.default_rng(5)
        one = np.where(rng.random(120_000) < 0.5, rng.integers(0, 3, 120_000), -1).astype(np.int32)
        five = np.ones(120_000, dtype=np.int32)
        drawn = field.draw(120_000, {0: one, 5: five}, rng)
        assert (drawn[one >= 0, 0] == one[one >= 0]).all() and (drawn[:, 5] == 1).all()
        shares = whole(field.tree, field.factors)
        shares = shares * np.array([0, 1])
        assert far(drawn[one < 0], shares / shares.sum()) < 0.02
        given = shares[2] / shares[2].sum()
        assert far(drawn[one == 2][:, 1:], given) < 0.02

    def test_weights_lie_on_columns_where_they_are_free(self, field):
        rng = np.random.default_rng(6)
        known = np.where(np.arange(40_000) % 2 == 0, 1, -1).astype(np.int32)
        drawn = field.draw(40_000, {2: known}, rng, {2: np.array([1.0, 0.0, 0.0, 3.0])})
        assert (drawn[::2, 2] == 1).all()
        shares = whole(field.tree, field.factors).sum(axis=(0, 1, 3, 4, 5)) * np.array([1, 0, 0, 3])
        found = np.bincount(drawn[1::2, 2], minlength=4) / 20_000
        assert found == pytest.approx(shares / shares.sum(), abs=0.01)

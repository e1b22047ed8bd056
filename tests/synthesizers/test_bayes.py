"""The Bayesian network: what it learns is known by hand, what it draws under conditions is known by counting."""

import itertools

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import mutual_info_score

import trasunto as tr
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column as Named
from trasunto.data.schema import TableSchema
from trasunto.errors import FitError, SampleError
from trasunto.synthesizers.bayes import Bayes, BayesJoint
from trasunto.synthesizers.dag import (
    Column,
    Parent,
    grouped,
    held_out,
    merged,
    ordered_by,
    pairwise,
    parents_of,
    smoothed,
)
from trasunto.synthesizers.inference import Node
from trasunto.synthesizers.joint import Evidence
from trasunto.synthesizers.within import within


def column(name, codes, size, ordered=False):
    return Column(name, codes, np.arange(size), codes, ordered, False)


def table(**columns):
    frame = pl.DataFrame(columns)
    kinds = {pl.String: "category", pl.Int64: "integer", pl.Float64: "number"}
    schema = TableSchema(tuple(Named(name, kinds[frame[name].dtype.base_type()]) for name in frame.columns))
    return Dataset.of(Table(schema, frame))


class TestWhatIsLearnt:
    def test_the_held_out_likelihood_is_that_of_each_row_under_all_others(self):
        counts, before, strength = np.array([[3, 1], [0, 2]]), np.array([[0.6, 0.4]]), 2.0
        by_hand = 0.0
        for row, cell in itertools.product(range(2), range(2)):
            for _ in range(counts[row, cell]):
                rest = counts[row].astype(float)
                rest[cell] -= 1
                by_hand += np.log((rest[cell] + strength * before[0, cell]) / (rest.sum() + strength))
        assert held_out(counts, before, strength) == pytest.approx(by_hand)

    def test_a_table_is_drawn_towards_the_one_with_a_parent_fewer(self):
        counts = np.array([[6, 2], [0, 0]])
        found = smoothed(counts, [2], [4.0])
        assert found == pytest.approx(np.array([[(6 + 4 * 0.75) / 12, (2 + 4 * 0.25) / 12], [0.75, 0.25]]))

    def test_mutual_information_of_all_pairs_is_that_of_counting_less_chance(self):
        rng = np.random.default_rng(0)
        codes = [rng.integers(0, k, 500) for k in (2, 3, 4)]
        codes.append(codes[1] * 2 + codes[0])
        columns = [column(str(place), values, int(values.max()) + 1) for place, values in enumerate(codes)]
        found = pairwise(columns, block=4)
        for a, b in itertools.permutations(range(4), 2):
            chance = (columns[a].width - 1) * (columns[b].width - 1) / 1000
            assert found[a, b] == pytest.approx(max(mutual_info_score(codes[a], codes[b]) - chance, 0.0), abs=1e-6)

    def test_columns_come_after_the_one_that_tells_most_of_them(self):
        shared = np.array([[0, 0.5, 0.1], [0.5, 0, 0.4], [0.1, 0.4, 0]])
        assert ordered_by(shared, []) == [1, 0, 2]
        assert ordered_by(shared, [2]) == [2, 1, 0]

    def test_merging_keeps_what_tells_the_child_apart(self):
        counts = np.array([[90, 10], [10, 90], [88, 12], [12, 88], [5, 5]])
        last = merged(counts, ordered=False, apart=1)[-1]
        assert last[0] == last[2] != last[1] == last[3]
        assert (last[4] != last[:4]).all()
        inline = merged(counts, ordered=True, apart=1)
        assert all((np.diff(way[:4]) >= 0).all() for way in inline)

    def test_groups_keep_frequent_codes_and_gaps_to_themselves(self):
        counts = np.concatenate([[5000], np.ones(200), [300]])
        found = grouped(counts, ordered=True, null=True, most=16)
        assert found.max() + 1 <= 16
        assert (found == found[0]).sum() == (found == found[-1]).sum() == 1
        assert (np.diff(found) >= 0).all()

    def test_of_a_chain_only_the_link_is_a_parent(self):
        rng = np.random.default_rng(1)
        a = rng.integers(0, 4, 4000)
        b = np.where(rng.random(4000) < 0.8, a, rng.integers(0, 4, 4000))
        c = np.where(rng.random(4000) < 0.8, b, rng.integers(0, 4, 4000))
        noise = rng.integers(0, 4, 4000)
        others = [column("a", a, 4), column("b", b, 4), column("noise", noise, 4)]
        assert [parent.name for parent in parents_of(column("c", c, 4), others, most=4, cells=10_000)] == ["b"]
        assert parents_of(column("noise", noise, 4), others[:2], most=4, cells=10_000) == ()
        assert parents_of(column("c", c, 4), others, most=4, cells=15) != ()
        assert parents_of(column("c", c, 4), others, most=4, cells=4) == ()

    def test_what_is_to_be_predicted_is_a_parent_before_all_others_where_it_tells_anything(self):
        rng = np.random.default_rng(1)
        target = rng.integers(0, 2, 4000)
        near = np.where(rng.random(4000) < 0.9, target, rng.integers(0, 2, 4000)) * 4 + rng.integers(0, 4, 4000)
        child = np.where(rng.random(4000) < 0.8, near, rng.integers(0, 8, 4000))
        others = [column("near", near, 8), column("target", target, 2)]

        def named(child, first):
            found = parents_of(column("child", child, 8), others, most=4, cells=10_000, first=first)
            return [parent.name for parent in found]

        assert named(child, ())[0] == "near"
        assert named(child, ("target",)) == ["target", "near"]
        assert "target" not in named(rng.integers(0, 8, 4000), ("target",))


def network():
    """Three columns of which all probabilities are known: a → b → c and a → c."""
    rng = np.random.default_rng(3)
    size, nodes = {"a": 3, "b": 4, "c": 3}, []
    for name, before in (("a", ()), ("b", ("a",)), ("c", ("a", "b"))):
        parents = tuple(Parent(each, np.arange(size[each]), False, 1e-9) for each in before)
        contexts = int(np.prod([size[each] for each in before]))
        counts = rng.integers(1, 2000, (contexts, size[name]))
        nodes.append(Node(name, np.arange(size[name], dtype=np.int32), parents, counts, None))
    tables = [node.table for node in nodes]
    joint = np.einsum("a,ab,abc->abc", tables[0][0], tables[1], tables[2].reshape(3, 4, 3))
    return BayesJoint(Bayes(), tuple(nodes)), joint


def shares(drawn, size=(3, 4, 3)):
    flat = np.ravel_multi_index([drawn[name] for name in "abc"], size)
    return np.bincount(flat, minlength=np.prod(size)).reshape(size) / len(flat)


class TestWhatIsDrawn:
    """Of 20,000 rows a share has a standard error below 0.0036; 0.015 is four of them."""

    rows = 20_000

    def test_without_conditions_the_joint_is_met(self):
        net, joint = network()
        assert np.abs(shares(net.draw(Evidence(self.rows), np.random.default_rng(0))) - joint).max() < 0.015

    def test_given_the_last_column_the_others_are_drawn_from_their_posterior(self):
        net, joint = network()
        known = {"c": np.repeat([0, 2], self.rows // 2).astype(np.int32)}
        drawn = net.draw(Evidence(self.rows, known), np.random.default_rng(0))
        assert (drawn["c"] == known["c"]).all()
        for half, code in ((slice(0, self.rows // 2), 0), (slice(self.rows // 2, None), 2)):
            part = shares({name: values[half] for name, values in drawn.items()})
            truth = joint[..., code] / joint[..., code].sum()
            assert np.abs(part[..., code] - truth).max() < 0.02

    def test_allowed_codes_and_gaps_together(self):
        net, joint = network()
        allowed = {"b": np.array([False, True, False, True])}
        known = {"c": np.where(np.arange(self.rows) % 2, 1, -1).astype(np.int32)}
        drawn = net.draw(Evidence(self.rows, known, allowed), np.random.default_rng(0))
        assert np.isin(drawn["b"], [1, 3]).all()
        free = {name: values[::2] for name, values in drawn.items()}
        truth = joint * allowed["b"][None, :, None]
        assert np.abs(shares(free) - truth / truth.sum()).max() < 0.02

    def test_temperature_sharpens_each_step(self):
        net, _ = network()
        cold = net.draw(Evidence(2000, temperature=0.01), np.random.default_rng(0))
        assert set(cold["a"]) == {int(net.nodes[0].table[0].argmax())}

    def test_nothing_allowed_is_refused(self):
        net, _ = network()
        with pytest.raises(SampleError, match="'b'"):
            net.draw(Evidence(5, {}, {"b": np.zeros(4, dtype=bool)}), np.random.default_rng(0))


def places(rows=6000, seed=0):
    """Two wide columns of which one tells the other, a number that hangs on them, and rare categories."""
    rng = np.random.default_rng(seed)
    street = rng.integers(0, 300, rows)
    once = rng.random(rows) < 0.01
    return table(
        street=np.where(once, [f"private {n}" for n in range(rows)], [f"street {n}" for n in street]).tolist(),
        town=[f"town {n // 5}" for n in street],
        price=(street // 5 % 7 * 10.0 + rng.normal(0, 1, rows)).tolist(),
    )


class TestTheWhole:
    def test_a_wide_column_that_tells_another_still_does(self):
        model = tr.fit(places(), "bayes", seed=0)
        made = model.sample(3000, seed=1).rows
        agree = made["street"].str.slice(7).cast(int) // 5 == made["town"].str.slice(5).cast(int)
        assert agree.mean() > 0.95
        given = model.sample(200, seed=2, given={"town": ["town 31"] * 200}).rows
        assert (given["street"].str.slice(7).cast(int) // 5 == 31).mean() > 0.9

    def test_codes_inside_groups_hang_on_another_column_only_where_they_do(self):
        rng = np.random.default_rng(0)
        other = rng.integers(0, 4, 8000)
        groups = np.arange(40) // 10
        tied = rng.integers(0, 4, 8000) * 10 + other
        loose = rng.integers(0, 40, 8000)
        parent = column("other", other, 4)
        found = within(Column("tied", tied, groups, groups[tied], False, False), [parent], np.arange(8000))
        assert found.parent == "other"
        assert (
            within(Column("loose", loose, groups, groups[loose], False, False), [parent], np.arange(8000)).parent
            is None
        )
        drawn = found.draw(groups[tied], other, rng.random(8000), rng)
        assert (drawn % 10 == other).mean() > 0.99 and (drawn // 10 == groups[tied]).all()
        share = found.probability(np.array([3, 3]), np.array([0, 0]), np.array([3, 1]))
        assert share[0] > 0.99 and share[1] < 0.01

    def test_saved_and_loaded_it_draws_the_same_rows_under_conditions(self, tmp_path):
        model = tr.fit(places(), "bayes", seed=0)
        model.save(tmp_path / "model")
        again = tr.load(tmp_path / "model")
        asked = {"seed": 3, "where": "price > 42.5 and town != 'town 4'", "temperature": 0.8}
        one, two = model.sample(300, **asked), again.sample(300, **asked)
        assert one.digest() == two.digest()
        assert one.rows["price"].min() > 42.5 and "town 4" not in one.rows["town"].to_list()
        assert again.describe()["columns"]["street"]["within"]["parent"] == "town"

    def test_gaps_are_filled_to_fit_the_row(self):
        real = places()
        known = real.rows["street"].str.starts_with("street")
        rows = real.rows.filter(known).head(400)
        holes = rows.with_columns(pl.lit(None, dtype=pl.String).alias("town"))
        filled = tr.fit(real, "bayes", seed=0).impute(holes, seed=1).rows
        assert filled["street"].to_list() == rows["street"].to_list()
        assert (filled["town"] == rows["town"]).mean() > 0.9

    def test_settings_out_of_range_are_refused(self):
        with pytest.raises(FitError, match="groups is 1"):
            Bayes(groups=1)

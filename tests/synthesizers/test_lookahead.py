"""Pairs of inputs that tell of a response only together."""

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.synthesizers.growing import Growth, grown
from trasunto.synthesizers.lookahead import paired


def table(rows=2000, seed=0, noise=4):
    """a, b and y = a xor b; x * z > 0 is s; t is y where g, else a coin; n0 and on are noise."""
    rng = np.random.default_rng(seed)
    a, b, g, coin = (rng.random(rows) < 0.5 for _ in range(4))
    x, z = rng.normal(size=rows).round(3), rng.normal(size=rows).round(3)
    t = np.where(g, a ^ b, coin)
    found = {"a": a, "b": b, "y": a ^ b, "x": x, "z": z, "s": x * z > 0, "g": g, "t": t}
    return pl.DataFrame(found | {f"n{at}": rng.normal(size=rows).round(2) for at in range(noise)})


def numbers(frame, names):
    return frame.select(pl.col(names).cast(pl.Float32)).to_numpy()


class TestPairs:
    def test_an_exclusive_or_is_found_among_others(self):
        frame = table()
        inputs = numbers(frame, ["n0", "n1", "a", "n2", "b"])
        place, threshold = paired(inputs, frame["y"].to_numpy().astype(int), 1.2)
        assert place in (2, 4) and threshold == 0.5

    def test_so_is_one_of_numbers_and_one_of_rare_values(self):
        frame = table()
        place, threshold = paired(numbers(frame, ["n0", "x", "z"]), frame["s"].to_numpy().astype(int), 1.2)
        assert place in (1, 2) and abs(threshold) < 0.2
        rng = np.random.default_rng(1)
        rare, other = rng.random(3000) < 0.1, rng.random(3000) < 0.5
        inputs = np.stack([rng.normal(size=3000), other, rare], axis=1).astype(np.float32)
        # Without the rare value the other one tells as much the other way round as it then tells.
        response = np.where(rare, other, np.where(rng.random(3000) < 1 / 9, ~other, rng.random(3000) < 0.5)).astype(int)
        assert paired(inputs, response, 1.0) is not None

    def test_chance_is_not_taken_for_a_pair(self):
        found = 0
        for seed in range(100):
            rng = np.random.default_rng(seed)
            inputs = np.concatenate([rng.normal(size=(400, 5)), rng.integers(0, 2, (400, 5))], axis=1)
            found += paired(inputs.astype(np.float32), rng.integers(0, 3, 400), 1.0) is not None
        # One in a hundred at the most; the bound is loose.
        assert found <= 2

    @pytest.mark.parametrize("inputs", [np.zeros((50, 3)), np.arange(50.0)[:, None], np.zeros((0, 2))])
    def test_where_no_two_inputs_differ_there_is_none(self, inputs):
        assert paired(inputs.astype(np.float32), np.arange(len(inputs)) % 2, 1.0) is None


class TestTrees:
    def test_what_two_columns_tell_together_is_learnt(self):
        model = tr.fit(table(), "tree", seed=0)
        made = model.sample(2000, seed=1).rows
        assert ((made["a"] ^ made["b"]) == made["y"]).mean() > 0.98
        # Chance gives half here too, and one split at a time 0.64 to 0.73.
        assert ((made["x"] * made["z"] > 0) == made["s"]).mean() > 0.75
        # Where g is, all of the real rows keep it, and half by chance.
        inside = made.filter("g")
        assert ((inside["a"] ^ inside["b"]) == inside["t"]).mean() > 0.95

    def test_a_saved_model_and_conditions_keep_it(self, tmp_path):
        model = tr.fit(table(), "tree", seed=0)
        model.save(tmp_path / "m")
        kept = tr.load(tmp_path / "m")
        assert kept.sample(300, seed=2).rows.equals(model.sample(300, seed=2).rows)
        made = kept.sample(300, seed=3, where="y == True and a == True").rows
        assert made["b"].mean() < 0.05

    def test_rows_go_to_the_leaves_of_grafts(self):
        frame = table()
        inputs = numbers(frame, ["n0", "a", "b"])
        shape = grown(inputs, frame["y"].to_numpy().astype(int), GROWTH, 0.01, np.random.default_rng(0))
        assert len(shape.grafts) == 1
        left, right, feature, threshold = shape.nodes()
        node = np.zeros(len(inputs), dtype=int)
        while (left[node] >= 0).any():
            inner = left[node] >= 0
            below = inputs[np.arange(len(node)), feature[node]] <= threshold[node]
            node = np.where(inner, np.where(below, left[node], right[node]), node)
        assert (node == shape.apply(inputs)).all()
        assert len(np.unique(node)) == 4


GROWTH = Growth(min_leaf=10, max_depth=24, penalty=1.2, smoothing=1.0, max_rows=100_000)

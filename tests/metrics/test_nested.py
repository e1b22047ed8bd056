"""Columns of JSON objects are measured field by field, in metrics and in pictures."""

import json

import numpy as np
import polars as pl

import trasunto as tr
from trasunto.metrics.measure import measure
from trasunto.metrics.nested import unfolded
from trasunto.metrics.score import Comparison
from trasunto.reports.figures import picture


def rows(seed, older=0):
    rng = np.random.default_rng(seed)
    cells = [
        {"age": int(rng.integers(18, 90)) + older, "home": {"city": str(rng.choice(["Lugo", "Vigo"]))}, "n": k}
        for k in range(300)
    ]
    texts = [None if k % 50 == 0 else json.dumps(cell) for k, cell in enumerate(cells)]
    return tr.read(pl.DataFrame({"info": texts, "y": rng.choice(["u", "v"], 300)}))


def test_fields_are_what_is_measured_and_drawn():
    real = rows(0)
    alike, older = (Comparison(real, rows(1, more), rows(2)) for more in (0, 40))
    names = ["info.(present)", "info.age", "info.home.city", "info.n", "y"]
    assert list(unfolded(alike).real.only.schema.names) == names
    shapes = [measure(each, ["fidelity.shapes"])[0].value for each in (alike, older)]
    assert shapes[0] < 0.05 < shapes[1]
    panels = next(f for f in picture(alike, (), (), {}) if f.name == "shapes").spec["concat"]
    assert [each["title"]["text"] for each in panels] == names


def test_without_such_a_column_nothing_is_made_anew():
    plain = tr.read(pl.DataFrame({"a": [1.5, 2.5, 4.0], "b": ["x", "y", "x"]}))
    comparison = Comparison(plain, plain)
    assert unfolded(comparison) is comparison

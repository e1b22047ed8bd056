import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from trasunto import registry
from trasunto.errors import MetricError, UnknownNameError
from trasunto.metrics.measure import WHEN_ASKED, measure
from trasunto.metrics.score import Comparison, Score

HERE = """
import json, sys
sys.path.insert(0, sys.argv[1])
from conftest import people
from trasunto.metrics.measure import measure
from trasunto.metrics.score import Comparison
scores = measure(Comparison(people(120, 0), people(120, 1), people(120, 2), target="job", seed=4))
print(json.dumps([score.to_dict() for score in scores]))
"""


def test_all_that_apply_are_measured_and_all_is_finite(draw):
    told = []
    comparison = Comparison(draw(300, 0), draw(300, 1), draw(500, 2), target="rich")
    scores = measure(comparison, progress=lambda *each: told.append(each))
    headlines = [score for score in scores if not score.subject]
    # Neither text nor rules nor protected columns nor sequences are there.
    tried = set(registry.names("metrics")) - WHEN_ASKED
    written = {name for name in tried if "text" in registry.GROUPS["metrics"][name] or name.endswith("_echoes")}
    applying = {name for name in tried - written if not name.startswith(("fairness.", "sequences."))}
    applying.remove("fidelity.constraints")
    assert applying <= {score.metric for score in headlines}
    for score in headlines:
        assert score.interval is not None
        assert None not in (score.baseline, score.control)
        assert score.reading.endswith(".")
    assert told[0] == ("measure", 0, len(tried))
    assert told[-1] == ("measure", len(tried), len(tried))
    assert Score.from_dict(json.loads(json.dumps(scores[0].to_dict()))) == scores[0]


def test_names_choose_and_unknown_ones_stop_before_any_work(draw):
    comparison = Comparison(draw(50, 0), draw(50, 1))
    assert {s.metric for s in measure(comparison, ["fidelity.shapes"])} == {"fidelity.shapes"}
    told = []
    with pytest.raises(UnknownNameError, match=r"fidelity\.shapes"):
        measure(comparison, ["fidelity.trends", "fidelity.shape"], progress=lambda *each: told.append(each))
    assert told == []


def test_full_measures_the_slow_ones_too(draw):
    comparison = Comparison(draw(60, 0), draw(60, 1), draw(60, 2), target="rich")
    found = {score.metric for score in measure(comparison, ["full"])}
    assert found > {score.metric for score in measure(comparison)}
    assert found > WHEN_ASKED - {"sequences.gru"}


def test_what_cannot_be_measured_is_left_out_unless_asked_for(draw):
    comparison = Comparison(draw(5, 0), draw(5, 1))
    assert "fidelity.c2st" not in {score.metric for score in measure(comparison)}
    with pytest.raises(MetricError, match="needs 10 rows"):
        measure(comparison, ["fidelity.c2st"])


def test_no_figure_that_is_not_a_number_gets_through(draw, monkeypatch):
    broken = Score("mine", 0.5, 0.0, (0.1, math.nan), subject="age")
    monkeypatch.setattr(registry, "load", lambda group, name: lambda comparison: (broken,))
    comparison = Comparison(draw(5, 0), draw(5, 1))
    with pytest.raises(MetricError, match="mine of age a figure that is not a number"):
        measure(comparison, ["mine"])
    assert measure(comparison) == ()


def test_every_process_gives_the_same_scores():
    folder = str(Path(__file__).parent)
    found = []
    for number in ("1", "2"):
        surroundings = {**os.environ, "PYTHONHASHSEED": number, "OMP_NUM_THREADS": number, "POLARS_MAX_THREADS": number}
        command = [sys.executable, "-c", HERE, folder]
        found.append(subprocess.run(command, env=surroundings, capture_output=True, text=True, check=True).stdout)
    assert found[0] == found[1]
    assert len(json.loads(found[0])) > 20


@pytest.mark.parametrize("rows", [1, 2, 3, 11])
def test_few_rows(draw, rows):
    scores = measure(Comparison(draw(rows, 0), draw(rows, 1), draw(rows, 2), target="job"))
    assert {"fidelity.shapes", "privacy.exact_copies"} <= {score.metric for score in scores}


@pytest.mark.parametrize(
    ("part", "target"), [("real", "income"), ("synthetic", "income"), ("holdout", "income"), ("all", "rich")]
)
@pytest.mark.parametrize("value", [None, 1.0, math.inf, 1e308])
def test_a_column_that_is_empty_constant_or_extreme(draw, part, value, target):
    def rows(name, seed):
        if part not in (name, "all"):
            return draw(30, seed)
        return draw(30, seed, income=("number", [value] * 30), job=("category", [None if value is None else "x"] * 30))

    comparison = Comparison(rows("real", 0), rows("synthetic", 1), rows("holdout", 2), target=target)
    scores = {score.metric: score for score in measure(comparison) if not score.subject}
    assert 0 <= scores["fidelity.shapes"].value <= 1
    assert 0 <= scores["privacy.nearer_to_train"].value <= 1
    if part == "synthetic":
        # A column that is all one value gives itself away.
        assert scores["fidelity.c2st"].value > 0.9


def test_inputs_are_left_as_they_were(draw):
    parts = [draw(40, seed) for seed in range(3)]
    before = [part.digest() for part in parts]
    measure(Comparison(*parts, target="rich"))
    assert [part.digest() for part in parts] == before
    assert np.random.default_rng(0).random() == pytest.approx(0.6369616873214543)

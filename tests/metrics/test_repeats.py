import json

import numpy as np
import pytest
from scipy.stats import t

from trasunto.errors import MetricError
from trasunto.metrics.repeats import repeated, spreads
from trasunto.metrics.score import Comparison, Score


def test_mean_spread_and_interval_by_hand():
    repeats = [(Score("m", value, 0.0, baseline=1.0, control=value / 2),) for value in (1.0, 2.0, 6.0)]
    (found,) = spreads(repeats)
    assert (found.mean, found.control, found.baseline) == (3.0, 1.5, 1.0)
    assert found.spread == pytest.approx(np.std([1, 2, 6], ddof=1))
    assert found.interval == pytest.approx(t.interval(0.95, 2, 3.0, np.std([1, 2, 6], ddof=1) / 3**0.5))
    assert json.loads(json.dumps(found.to_dict()))["values"] == [1.0, 2.0, 6.0]


def test_a_score_missing_in_a_repeat_is_averaged_over_the_others():
    one = (Score("m", 1.0, 0.0), Score("m", 5.0, 0.0, subject="a"))
    other = (Score("m", 3.0, 0.0),)
    found = {(each.metric, each.subject): each for each in spreads([one, other])}
    assert (found["m", ""].mean, found["m", "a"].mean) == (2.0, 5.0)
    assert (found["m", "a"].spread, found["m", "a"].interval, found["m", "a"].control) == (0.0, None, None)


def test_rows_are_drawn_and_judged_once_a_seed(draw):
    asked, told = [], []

    def drawn(seed):
        asked.append(seed)
        return draw(200, seed)

    start = Comparison(draw(200, 0), draw(200, 1), draw(200, 2))
    names = ["fidelity.shapes", "privacy.exact_copies"]
    found = spreads(repeated(drawn, start, [11, 12, 13], names, lambda *each: told.append(each)))
    assert asked == [11, 12, 13]
    assert told == [("repeat", number, 3) for number in range(4)]
    shapes = next(each for each in found if each.metric == "fidelity.shapes" and not each.subject)
    assert len(set(shapes.values)) == 3
    assert 0 < shapes.spread < 0.05
    assert shapes.reading
    with pytest.raises(MetricError, match="at least one seed"):
        repeated(drawn, start, [])

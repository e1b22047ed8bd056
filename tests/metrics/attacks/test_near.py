import pytest

from trasunto.errors import MetricError
from trasunto.metrics.attacks.near import near_copies
from trasunto.metrics.score import Comparison


def test_equal_law_is_as_near_as_unseen_rows(draw):
    (score,) = near_copies(Comparison(draw(3_000, 0), draw(3_000, 1), draw(3_000, 2)))
    assert score.interval[0] <= score.control == 0.01 <= score.interval[1]
    assert "not evidence of privacy" in score.reading


def test_near_copies_are_counted(varied, planted):
    real = varied(3_000, 0)
    shaken = real.with_table(
        type(real.only)(real.only.schema, real.rows.with_columns(income=real.rows["income"] + 1e-4))
    )
    (score,) = near_copies(Comparison(real, planted(shaken, 150, varied(3_000, 1)), varied(3_000, 2)))
    assert score.interval[0] > 0.02
    assert score.value == pytest.approx(0.06, abs=0.02)
    (alone,) = near_copies(Comparison(real, planted(shaken, 150, varied(3_000, 1))))
    assert alone.control is None
    assert alone.value > 0.03


def test_where_it_does_not_apply(build, draw):
    assert near_copies(Comparison(build(i=("id", "ab")), build(i=("id", "ab")))) == ()
    with pytest.raises(MetricError, match="at least 50"):
        near_copies(Comparison(draw(5, 0), draw(100, 1)))

import numpy as np
import pytest

from trasunto.errors import MetricError
from trasunto.metrics.attacks.linkability import linkability
from trasunto.metrics.score import Comparison


def test_equal_law_gives_no_risk_and_copies_do(draw, planted):
    real, unseen = draw(2_000, 0), draw(2_000, 2)
    headline, success = linkability(Comparison(real, draw(2_000, 1), unseen))
    assert headline.interval[0] == 0.0
    assert success.value == pytest.approx(success.control, abs=0.04)
    tenth, _ = linkability(Comparison(real, planted(real, 200, draw(2_000, 1)), unseen))
    assert tenth.interval[0] > 0.0
    assert tenth.value == pytest.approx(0.1, abs=0.05)
    assert linkability(Comparison(real, real, unseen))[0].value >= 0.8
    assert linkability(Comparison(real, draw(2_000, 1), unseen)) == (headline, success)


def test_without_unseen_rows_strangers_are_the_baseline(build, draw):
    # Names that nobody shares are as far from every row: whatever is linked by them is linked for anybody.
    rng = np.random.default_rng(0)

    def names(start):
        values = [f"{start + place}" for place in range(300)]
        return build(a=("category", values), b=("category", rng.permutation(values).tolist()))

    headline, _ = linkability(Comparison(names(0), names(1000)))
    assert headline.value == headline.baseline == 1.0
    real = draw(500, 0)
    same, _ = linkability(Comparison(real, real))
    assert same.value > 0.8 and same.baseline < 0.5


def test_keys_are_one_half(draw):
    real = draw(300, 0)
    parts = (real, draw(300, 1), draw(300, 2))
    assert "The halves: age + job and income + rich." in linkability(Comparison(*parts, keys=("job", "age")))[0].reading
    roles = Comparison(real.with_role("age", "quasi-identifier"), *parts[1:])
    assert "The halves: age and job + income + rich." in linkability(roles)[0].reading
    with pytest.raises(MetricError, match="all the columns"):
        linkability(Comparison(*parts, keys=("age", "job", "income", "rich")))
    with pytest.raises(MetricError, match=r"No key column called 'agee'.*'age'"):
        Comparison(*parts, keys=("agee",))


def test_one_column_cannot_be_linked(build):
    one = build(a=("integer", range(100)))
    assert linkability(Comparison(one, one)) == ()

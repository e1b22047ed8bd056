import numpy as np
import polars as pl
import pytest

from trasunto.data.dataset import Table
from trasunto.errors import MetricError
from trasunto.metrics import copies
from trasunto.metrics.attacks.battery import battery_of
from trasunto.metrics.attacks.membership import membership, outliers
from trasunto.metrics.score import Comparison

ROWS = 2_000


@pytest.fixture(scope="module")
def fresh(draw):
    """Three draws of one law: nothing can be told."""
    return Comparison(draw(ROWS, 0), draw(ROWS, 1), draw(2 * ROWS, 2))


def headlines(scores):
    return {score.metric: score for score in scores if not score.subject}


def test_equal_law_cannot_be_told(fresh):
    found = headlines(membership(fresh))
    assert list(found) == [
        "privacy.membership", "privacy.membership_tpr_10", "privacy.membership_tpr_1", "privacy.membership_tpr_01",
    ]  # fmt: skip
    for score in found.values():
        assert score.interval[0] <= score.baseline <= score.interval[1], score
    apart = outliers(fresh)
    assert apart[0].interval[0] <= 0.5 <= apart[0].interval[1]
    assert [score.subject for score in apart] == ["", "far from others", "rare values"]
    # Ten attacks are told one by one too.
    assert len({score.subject for score in membership(fresh)}) == 11


def test_seeds_repeat(fresh, draw):
    again = Comparison(draw(ROWS, 0), draw(ROWS, 1), draw(2 * ROWS, 2))
    assert membership(again) == membership(fresh)
    assert outliers(again) == outliers(fresh)


def test_copies_of_a_few_pass_the_distances_and_fail_membership(varied, planted):
    # One row in fifty is copied: too few to move the share of nearer rows, and all of them found by an attack.
    real, unseen = varied(ROWS, 0), varied(2 * ROWS, 2)
    comparison = Comparison(real, planted(real, ROWS // 50, varied(ROWS, 1)), unseen)
    (distance,) = copies.nearer_to_train(comparison)
    assert distance.interval[0] <= 0.52
    assert distance.value < 0.54
    found = headlines(membership(comparison))
    sure = found["privacy.membership_tpr_01"]
    assert sure.value > 0.012
    assert sure.interval[0] > 0.005
    assert found["privacy.membership_tpr_1"].interval[0] > 0.01


def test_every_kind_of_attack_sees_a_full_copy(draw):
    real, unseen = draw(ROWS, 0), draw(2 * ROWS, 2)
    scores = membership(Comparison(real, real, unseen))
    assert headlines(scores)["privacy.membership"].value > 0.95
    each = {score.subject: score.value for score in scores if score.metric == "privacy.membership" and score.subject}
    # Who looks at single rows sees it at once.
    assert min(each[name] for name in ("nearest synthetic row", "equal and far", "nearer than the reference")) > 0.75
    # Tables of two columns and few trees cannot remember a row; they look at the right side all the same.
    assert min(each.values()) > 0.5, each


def test_copied_outliers_show_among_outliers_alone(draw):
    real, made, unseen = draw(ROWS, 0), draw(ROWS, 1), draw(2 * ROWS, 2)
    # Those of extreme age and income are copied and nobody else.
    strange = (real.rows["age"].to_numpy() - 48.5) ** 2 / 320 + np.nan_to_num(
        (real.rows["income"].to_numpy() - 50.0) ** 2 / 260
    )
    rare = real.rows[np.argsort(-strange)[:100]]
    leaky = made.with_table(Table(made.only.schema, pl.concat([rare, made.rows.slice(100)])))
    comparison = Comparison(real, leaky, unseen)
    apart = outliers(comparison)[0]
    assert apart.interval[0] > 0.5
    assert apart.value > headlines(membership(comparison))["privacy.membership"].value


def test_reference_and_unseen_are_never_the_same_rows(draw):
    # A holdout of identifiable rows: the attacker's half of it must not be judged.
    real, unseen = draw(400, 0), draw(401, 2)
    battery = battery_of(Comparison(real, draw(400, 1), unseen))
    assert (~battery.members).sum() == 200
    assert battery.members.sum() == 200
    # A row would be nearest to itself, five times over: no unseen person has its own copy in the reference.
    assert (battery.far > 0).mean() > 0.95


def test_too_few_rows_and_no_holdout(draw):
    assert membership(Comparison(draw(100, 0), draw(100, 1))) == ()
    assert outliers(Comparison(draw(100, 0), draw(100, 1))) == ()
    with pytest.raises(MetricError, match="at least 100 rows of holdout"):
        membership(Comparison(draw(100, 0), draw(100, 1), draw(5, 2)))


def test_constant_and_missing_columns_do_no_harm(build):
    rng = np.random.default_rng(0)

    def part(rows):
        return build(
            a=("number", [None] * rows),
            b=("category", ["x"] * rows),
            c=("number", [None if v < -1 else v for v in rng.normal(size=rows)]),
        )

    found = headlines(membership(Comparison(part(300), part(300), part(300))))
    assert found["privacy.membership"].interval[0] <= 0.5

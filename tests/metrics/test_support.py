import numpy as np
import pytest
from scipy.spatial.distance import cdist

from trasunto.errors import MetricError
from trasunto.metrics import support
from trasunto.metrics.score import Comparison
from trasunto.metrics.space import space_of, squares

ALL = (support.precision, support.alpha_precision, support.authenticity)


def by_name(comparison):
    return {score.metric: score for measure in ALL for score in measure(comparison)}


def cloud(build, rows, seed, shift=0.0, **columns):
    rng = np.random.default_rng(seed)
    return build(x=("number", rng.normal(shift, 1, rows)), y=("number", rng.normal(size=rows)), **columns)


def test_precision_recall_density_coverage_by_definition(build):
    """Naeem et al. 2020, equations 2 to 5, on plain distances."""
    real, made = cloud(build, 60, 0), cloud(build, 60, 1, 0.7)
    ranks = []
    for part in (real, made):
        columns = []
        for name in ("x", "y"):
            known, values = np.sort(real.rows[name].to_numpy()), part.rows[name].to_numpy()
            columns.append((np.searchsorted(known, values, "left") + np.searchsorted(known, values, "right")) / 120)
        ranks.append(np.column_stack(columns))
    among_real, among_made, apart = cdist(ranks[0], ranks[0]), cdist(ranks[1], ranks[1]), cdist(*ranks)
    ball, ball_made = np.sort(among_real)[:, 5], np.sort(among_made)[:, 5]
    within = apart <= ball[:, None] + 1e-12
    found = by_name(Comparison(real, made))
    assert found["fidelity.precision"].value == pytest.approx(within.any(axis=0).mean())
    assert found["fidelity.recall"].value == pytest.approx((apart <= ball_made + 1e-12).any(axis=1).mean())
    assert found["fidelity.density"].value == pytest.approx(within.sum() / (5 * 60))
    assert found["fidelity.coverage"].value == pytest.approx(within.any(axis=1).mean())
    # Alaa et al. 2022, section 3.2: no nearer to its nearest training row than that row's nearest other.
    np.fill_diagonal(among_real, np.inf)
    authentic = apart.min(axis=0) >= among_real.min(axis=1)[apart.argmin(axis=0)]
    assert found["privacy.authenticity"].value == pytest.approx(authentic.mean())


def test_a_category_counts_one_and_a_missing_value_equals_another(build):
    rows = build(a=("category", ["u", "u", "v", None]), b=("category", ["x", "y", "y", "y"]))
    space = space_of(Comparison(rows, build(a=("category", ["u", None]), b=("category", ["x", "y"]))))
    apart = squares(space, ("real", 4), ("synthetic", 2))
    # From (u, x): 0, 1, 2, 2. From (missing, y): 2, 1, 1, 0. Rows stand in random order.
    assert sorted(sorted(column) for column in apart.T.round(9).tolist()) == [[0, 1, 1, 2], [0, 1, 2, 2]]


def test_what_each_measure_is_for(build):
    real, unseen = cloud(build, 600, 0), cloud(build, 600, 2)
    fresh = by_name(Comparison(real, cloud(build, 600, 1), unseen))
    for score in fresh.values():
        assert score.value == pytest.approx(score.control, abs=0.08)
        assert score.interval[0] <= score.value <= score.interval[1]
    rng = np.random.default_rng(3)
    # One value for all: it lies among real rows and covers next to none.
    narrow = build(x=("number", rng.normal(0, 0.02, 600)), y=("number", rng.normal(0, 0.02, 600)))
    mode = by_name(Comparison(real, narrow, unseen))
    assert mode["fidelity.precision"].value > 0.99
    for name in ("fidelity.recall", "fidelity.coverage", "fidelity.alpha_precision", "fidelity.beta_recall"):
        assert mode[name].value < 0.3 < mode[name].control
    # Copies moved by a hair: the other measures are as good as ever, authenticity finds them out.
    near = real.rows.to_numpy() + rng.normal(0, 1e-4, (600, 2))
    copies = by_name(Comparison(real, build(x=("number", near[:, 0]), y=("number", near[:, 1])), unseen))
    assert copies["privacy.authenticity"].value < 0.1 < 0.3 < copies["privacy.authenticity"].control
    assert copies["fidelity.coverage"].value > 0.99


def test_columns_drawn_by_themselves_are_the_baseline(build):
    rng = np.random.default_rng(0)
    x = [rng.normal(size=400) for _ in range(3)]
    parts = [build(x=("number", each), y=("number", each + rng.normal(0, 0.05, 400))) for each in x]
    found = by_name(Comparison(*parts))
    for name in ("fidelity.precision", "fidelity.density", "fidelity.coverage"):
        assert found[name].baseline < found[name].value - 0.2


def test_alpha_precision_of_rows_too_close_to_the_middle(build):
    """Rows of half the spread: a ball that holds a share a of real rows holds more of them."""
    rng = np.random.default_rng(0)
    real = build(x=("number", rng.uniform(-1, 1, 900)))
    made = build(x=("number", rng.uniform(-0.5, 0.5, 900)))
    # Ranks spread evenly: P(a) = min(2a, 1), so the mean of |P(a) - a| is 1/4 and the score a half.
    assert by_name(Comparison(real, made))["fidelity.alpha_precision"].value == pytest.approx(0.5, abs=0.05)


def test_an_interval_tells_how_much_fresh_rows_differ(build):
    found = [by_name(Comparison(cloud(build, 200, 2 * s), cloud(build, 200, 2 * s + 1, 0.5))) for s in range(25)]
    for name in found[0]:
        spread = np.std([each[name].value for each in found], ddof=1)
        # The lower half: the upper one may be cut at 1.
        half = np.mean([each[name].value - each[name].interval[0] for each in found])
        # 25 draws know their spread to a seventh. Where nearly all rows count, half of them spread more than all do.
        assert 0.6 < half / (1.96 * spread) < (1.7 if found[0][name].value < 0.95 else 5), name


def test_few_rows_no_columns_and_missing_values(build, draw):
    with pytest.raises(MetricError, match="needs 7 rows a side and has 6"):
        support.precision(Comparison(draw(50, 0), draw(6, 1)))
    with pytest.raises(MetricError, match="needs 2 training rows"):
        support.authenticity(Comparison(draw(1, 0), draw(6, 1)))
    assert all(measure(Comparison(build(i=("id", "abc")), build(i=("id", "def")))) == () for measure in ALL)
    void = build(x=("number", [None] * 20), c=("category", [None] * 20))
    for score in by_name(Comparison(void, void)).values():
        assert np.isfinite(score.value)
    assert {s.interval for s in support.precision(Comparison(draw(9, 0), draw(9, 1)))} == {None}

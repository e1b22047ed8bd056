from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.data.dataset import DTYPES, Dataset, Table
from trasunto.data.schema import Column, Constraint, TableSchema
from trasunto.errors import MetricError, SampleError
from trasunto.metrics.fairness_groups import groupings
from trasunto.metrics.score import Comparison
from trasunto.synthesizers.fair import MODES, Mark, Repair, repair
from trasunto.synthesizers.fair_groups import weights, whole_numbers


def hiring(rows, seed, graded=False):
    """Skill decides, but women need more of it; relation gives sex away; a few come from the island."""
    rng = np.random.default_rng(seed)
    woman, skill = rng.random(rows) < 0.35, rng.normal(0, 1, rows)
    hired = skill - 0.9 * woman + rng.normal(0, 0.5, rows) > 0.3
    kinds = {"nr": "id", "sex": "category", "relation": "category", "region": "category", "age": "integer"}
    kinds |= {"skill": "number", "hired": "category", "grade": "category"}
    values = {
        "nr": [f"p{place}" for place in range(rows)],
        "sex": np.where(woman, "f", "m"),
        "relation": np.where(rng.random(rows) < 0.15, "none", np.where(woman, "wife", "husband")),
        "region": rng.choice(["north", "south", "island"], rows, p=[0.6, 0.37, 0.03]),
        "age": rng.integers(18, 70, rows),
        "skill": skill.round(2),
        "hired": np.where(hired, "yes", "no"),
        "grade": np.where(hired, "high", np.where(skill > -0.5, "middle", "low")),
    }
    if not graded:
        kinds.pop("grade")
    frame = pl.DataFrame([pl.Series(name, list(values[name]), dtype=DTYPES[kind]) for name, kind in kinds.items()])
    return Dataset.of(Table(TableSchema(tuple(Column(name, kind) for name, kind in kinds.items())), frame))


@pytest.fixture(scope="module")
def model():
    return tr.fit(hiring(3_000, 0), "tree", seed=0, settings={"orders": 4})


@pytest.fixture(scope="module")
def graded():
    return tr.fit(hiring(3_000, 0, graded=True), "tree", seed=0, settings={"orders": 4})


def rates(data, column="sex", target="hired", good="yes"):
    found = data.rows.group_by(column).agg((pl.col(target) == good).mean()).rows()
    return dict(found)


def parity_of_model(data):
    """The demographic parity difference on unseen rows of a model trained on these."""
    from trasunto.metrics.fairness import demographic_parity

    plain = data.with_table(Table(data.only.schema, data.rows))
    found = demographic_parity(Comparison(hiring(3_000, 0), plain, hiring(3_000, 9), "hired", ("sex",)))
    return found[0].value


def test_parity_makes_the_outcome_as_frequent_and_touches_no_other_column(model):
    made = repair(model, 3_000, Repair("parity", ("sex",), "hired"), seed=1)
    found = rates(made.dataset)
    assert found["f"] == pytest.approx(found["m"], abs=0.004)
    assert rates(made.before)["m"] - rates(made.before)["f"] > 0.15
    assert made.dataset.rows.drop("hired").equals(made.before.rows.drop("hired"))
    assert made.mark.others == 0.0
    changed = (made.dataset.rows["hired"] != made.before.rows["hired"]).mean()
    assert 0.02 < made.mark.outcomes_changed == changed < 0.25
    assert made.mark.rates["f"] == pytest.approx((rates(made.before)["f"], found["f"]))


def test_decisions_make_a_model_fair_for_fewer_changes(model):
    few = repair(model, 3_000, Repair("decisions", ("sex",), "hired"), seed=1)
    many = repair(model, 3_000, Repair("parity", ("sex",), "hired"), seed=1)
    assert few.mark.outcomes_changed < many.mark.outcomes_changed
    before, after = parity_of_model(few.before), parity_of_model(few.dataset)
    assert before > 0.15
    assert after < 0.4 * before


def test_intensity_zero_changes_nothing_that_is_not_asked(model):
    for mode in ("parity", "decisions"):
        made = repair(model, 1_000, Repair(mode, ("sex",), "hired", intensity=0.0), seed=1)
        assert made.mark.outcomes_changed < 0.005


def test_reweigh_lets_groups_and_outcomes_meet_as_by_chance(model):
    made = repair(model, 3_000, Repair("reweigh", ("sex",), "hired"), seed=1)
    found = rates(made.dataset)
    assert found["f"] == pytest.approx(found["m"], abs=0.002)
    shares = made.mark.shares["f"]
    assert shares[0] == pytest.approx(shares[1], abs=0.002)


def test_rebalance_gives_equal_or_given_shares(model):
    equal = repair(model, 1_000, Repair("rebalance", ("sex",), "hired"), seed=1).dataset
    assert equal.rows.group_by("sex", "hired").len()["len"].to_list() == [250] * 4
    given = Repair("rebalance", ("sex",), "hired", shares={"f": 3.0, "m": 1.0})
    made = repair(model, 1_000, given, seed=1)
    assert (made.dataset.rows["sex"] == "f").sum() == 750
    # Within each group outcomes are as frequent as they were: a few hundred drawn rows.
    assert rates(made.dataset)["f"] == pytest.approx(rates(made.before)["f"], abs=0.08)
    halfway = repair(model, 1_000, Repair("rebalance", ("sex",), intensity=0.5), seed=1)
    share = halfway.mark.shares["f"]
    assert share[1] == pytest.approx((share[0] + 0.5) / 2, abs=0.001)


def test_fill_adds_rows_of_thin_groups_alone(model):
    made = repair(model, 1_000, Repair("fill", ("region",), "hired", least=60), seed=1)
    assert made.dataset.rows.head(1_000).equals(made.before.rows)
    assert made.mark.rows_added == len(made.dataset) - 1_000 > 20
    added = made.dataset.rows.tail(made.mark.rows_added)
    assert set(added["region"]) == {"island"}
    assert made.dataset.rows.group_by("region", "hired").len()["len"].min() == 60
    assert made.dataset.rows["nr"].n_unique() == len(made.dataset)
    same = repair(model, 300, Repair("fill", ("sex",), least=10), seed=1)
    assert same.dataset is same.before


def test_counterfactual_rows_come_in_pairs_that_differ_where_they_should(model):
    made = repair(model, 401, Repair("counterfactual", ("sex",), "hired", redraw=()), seed=1).dataset.rows
    one, twin = made.head(200), made.slice(200, 200)
    assert (one["sex"] != twin["sex"]).all()
    assert one.drop("sex", "nr").equals(twin.drop("sex", "nr"))
    assert made["nr"].n_unique() == made.height == 401
    # By default what gives sex away is drawn anew to fit: no woman is a husband because her twin is one.
    made = repair(model, 400, Repair("counterfactual", ("sex",), "hired"), seed=1).dataset.rows
    twin = made.slice(200, 200)
    wrong = ((twin["sex"] == "f") & (twin["relation"] == "husband")).sum()
    assert wrong <= 2
    assert made.head(200).drop("sex", "nr", "relation").equals(twin.drop("sex", "nr", "relation"))


def test_outcomes_of_several_classes_are_moved_to_and_from_the_named_one(graded):
    how = Repair("parity", ("sex",), "grade", positive="high")
    made = repair(graded, 3_000, how, seed=1)
    found = rates(made.dataset, target="grade", good="high")
    assert found["f"] == pytest.approx(found["m"], abs=0.004)
    fallen = made.dataset.rows.filter((made.before.rows["grade"] == "high") & (made.dataset.rows["grade"] != "high"))
    assert set(fallen["grade"]) <= {"low", "middle"}
    assert (fallen["grade"] == "middle").mean() > 0.6
    with pytest.raises(MetricError, match=r"'grade' has 3 values"):
        repair(graded, 300, Repair("parity", ("sex",), "grade"), seed=1)


def test_an_outcome_that_a_rule_forbids_is_not_given():
    data = hiring(1_500, 0)
    rules = [Constraint("skill >= 0.3 or hired == 'no'")]
    fitting = pl.when(pl.col("skill") < 0.3).then(pl.lit("no")).otherwise("hired").alias("hired")
    table = Table(replace(data.only.schema, constraints=tuple(rules)), data.rows.with_columns(fitting))
    model = tr.fit(data.with_table(table), "tree", seed=0, settings={"orders": 3})
    made = repair(model, 1_500, Repair("parity", ("sex",), "hired"), seed=1)
    assert made.mark.outcomes_changed > 0.01
    assert made.dataset.rows.filter((pl.col("skill") < 0.3) & (pl.col("hired") == "yes")).is_empty()


def test_small_groups_are_told_and_left_alone(model):
    made = repair(model, 600, Repair("parity", ("region",), "hired"), seed=1)
    assert made.mark.left_alone == ("island",)
    island = made.before.rows["region"] == "island"
    assert made.dataset.rows.filter(island).equals(made.before.rows.filter(island))


@pytest.mark.parametrize("mode", MODES)
def test_the_same_seed_gives_the_same_rows_and_the_mark_survives_json(model, mode):
    how = Repair(mode, ("sex",), "hired", least=80)
    one, other = (repair(model, 300, how, seed=5) for _ in range(2))
    assert one.dataset.digest() == other.dataset.digest()
    document = one.to_dict()
    assert document["mark"]["altered"] is True
    assert document["mode"] == mode
    assert document["mark"]["sentence"].startswith("Distribution deliberately altered")
    assert Mark.from_dict(document["mark"]) == one.mark


@pytest.mark.parametrize("name", ["bayes", "independent"])
def test_other_methods_can_be_repaired(name):
    model = tr.fit(hiring(800, 0), name, seed=0)
    for mode in ("decisions", "reweigh"):
        made = repair(model, 500, Repair(mode, ("sex",), "hired"), seed=1)
        assert len(made.dataset) == 500


def test_ages_are_repaired_by_quarters(model):
    made = repair(model, 1_000, Repair("parity", ("age",), "hired"), seed=1)
    both = Comparison(made.before, made.dataset, protected=("age",))
    (ages,) = groupings(both)
    good = (made.dataset.rows["hired"] == "yes").to_numpy()
    found = [good[ages.codes["synthetic"] == number].mean() for number in range(4)]
    assert max(found) - min(found) < 0.02


def test_what_cannot_be_repaired_is_said(model):
    for asked, message in (
        ({"mode": "party"}, r"No repair is called 'party'.*'parity'"),
        ({"protected": ()}, "needs a protected column"),
        ({"intensity": 1.5}, r"intensity is 1.5; it must be from 0 to 1"),
        ({"least": 0}, "Groups cannot be filled"),
        ({"target": None}, "needs the target"),
        ({"target": "sex"}, "'sex' is the target"),
        ({"shares": {"f": 1.0}}, "Shares are for the repair 'rebalance'"),
    ):
        with pytest.raises(SampleError, match=message):
            Repair(**{"mode": "parity", "protected": ("sex",), "target": "hired", **asked})
    for how, message in (
        (Repair("parity", ("sexe",), "hired"), r"No protected column called 'sexe'.*'sex'"),
        (Repair("parity", ("sex",), "hire"), r"No target column called 'hire'.*'hired'"),
        (Repair("parity", ("sex",), "skill"), r"'skill' is of kind number.*Cut it into classes"),
        (Repair("counterfactual", ("sex",), redraw=("sex",)), "no column that can be drawn anew"),
        (Repair("rebalance", ("sex",), shares={"f": 1.0}), "No share is given for 'm'"),
        (Repair("rebalance", ("sex",), shares={"f": 1.0, "w": 1.0}), "no group 'w'"),
        (Repair("rebalance", ("sex",), shares={"f": 1.0, "m": -1.0}), "must be 0 or more"),
    ):
        with pytest.raises(SampleError, match=message):
            repair(model, 300, how, seed=1)
    with pytest.raises(SampleError, match="20 rows are too few"):
        repair(model, 20, Repair("fill", ("sex",)), seed=1)
    with pytest.raises(SampleError, match="Fewer than two groups"):
        repair(model, 40, Repair("parity", ("sex", "region"), "hired"), seed=1)


def test_weights_are_those_of_kamiran_and_calders():
    """Their example: 10 people, of 5 women 2 are hired, of 5 men 4."""
    rows = {"sex": ["f"] * 5 + ["m"] * 5, "hired": ["+", "+", "-", "-", "-", "+", "+", "+", "+", "-"]}
    found = weights(tr.read({name: values * 40 for name, values in rows.items()}), ("sex",), "hired")[:10]
    assert found.tolist() == pytest.approx([1.5, 1.5, 2 / 3, 2 / 3, 2 / 3, 0.75, 0.75, 0.75, 0.75, 2.0])


def test_whole_numbers_add_up():
    assert whole_numbers(np.array([0.5, 0.25, 0.25]), 3).tolist() == [1, 1, 1]
    assert whole_numbers(np.array([1 / 3] * 3), 100).sum() == 100

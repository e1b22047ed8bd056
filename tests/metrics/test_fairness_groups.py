import pytest

from trasunto.errors import MetricError
from trasunto.metrics.fairness_groups import favourable, groupings, groups_told
from trasunto.metrics.score import Comparison


def of(data, **asked):
    return Comparison(data, data, **asked)


def test_categories_numbers_and_missing_values_become_groups(build):
    data = build(
        sex=("category", ["f", "m", "m", None]),
        age=("integer", [20, 30, 40, 50]),
        pay=("number", [1.0, 2.0, 3.0, None]),
    )
    sex, age, pay, *crossed = groupings(of(data, protected=("sex", "age", "pay")))
    assert (sex.labels, sex.codes["real"].tolist()) == (("m", "f", "∅"), [1, 0, 0, 2])
    assert age.labels == ("20", "30", "40", "50")
    assert pay.labels[-1] == "∅"
    assert [each.name for each in crossed] == ["sex × age", "sex × pay", "age × pay", "sex × age × pay"]
    assert crossed[0].labels[crossed[0].codes["real"][0]] == "f × 20"
    assert sex.subject(1) == "sex: f"


def test_many_numbers_are_cut_at_the_quarters_of_the_real_rows(build):
    real = build(age=("integer", list(range(1, 101))), day=("datetime", [None] * 100))
    made = build(age=("integer", [1, 25, 26, 100, None]), day=("datetime", [None] * 5))
    (age,) = groupings(Comparison(real, made, protected=("age",)))
    assert age.labels == ("≤ 25", "25–50", "50–75", "> 75", "∅")
    assert age.codes["synthetic"].tolist() == [0, 0, 1, 3, 4]
    assert age.sizes("real").tolist() == [25, 25, 25, 25, 0]


def test_groups_too_few_to_judge_are_told(build):
    data = build(sex=("category", ["f"] * 30 + ["m"] * 29))
    assert groups_told(of(data, protected=("sex",))) == [
        {"column": "sex", "group": "f", "rows": {"real": 30, "synthetic": 30}, "judged": True},
        {"column": "sex", "group": "m", "rows": {"real": 29, "synthetic": 29}, "judged": False},
    ]


def test_what_cannot_be_protected_is_said(build):
    data = build(same=("category", ["a"] * 99), many=("category", [f"v{place}" for place in range(99)]))
    with pytest.raises(MetricError, match=r"'same' has one value.*Leave it out"):
        groupings(of(data, protected=("same",)))
    with pytest.raises(MetricError, match=r"'many' has 99 values; at most 60"):
        groupings(of(data, protected=("many",)))
    with pytest.raises(MetricError, match=r"No protected column called 'sam'.*'same'"):
        of(data, protected=("sam",))
    with pytest.raises(MetricError, match=r"'same' is the target"):
        of(data, protected=("same",), target="same")


def test_the_favourable_answer_is_the_rarer_class_true_the_greater_or_the_one_named(build):
    data = build(
        class_=("category", ["no", "no", "yes", None]),
        flag=("boolean", [True, True, True, False]),
        one=("integer", [0, 1, 1, 1]),
        pay=("number", [1.5, 2.5, 30.0, None]),
        three=("category", ["a", "b", "c", "c"]),
        name=("id", ["w", "x", "y", "z"]),
    )
    assert [favourable(of(data, target=name)).label for name in ("class_", "flag", "one", "pay")] == [
        "yes", "true", "1", "> 2.5",
    ]  # fmt: skip
    assert favourable(of(data, target="three", positive="c")).label == "c"
    assert favourable(of(data, target="name")) is None
    assert favourable(of(data)) is None
    with pytest.raises(MetricError, match=r"'three' has 3 values, and none is named.*one of a, b, c"):
        favourable(of(data, target="three"))
    with pytest.raises(MetricError, match=r"'class_' has no value 'yse'.*'yes'"):
        favourable(of(data, target="class_", positive="yse"))
    with pytest.raises(MetricError, match=r"'pay' is a number"):
        favourable(of(data, target="pay", positive="2.5"))


def test_values_met_only_in_synthetic_rows_are_groups_too(build):
    real, made = build(sex=("category", ["f", "m"])), build(sex=("category", ["f", "x"]))
    (sex,) = groupings(Comparison(real, made, protected=("sex",)))
    assert sex.labels == ("f", "m", "x")


def test_a_boolean_is_named_as_its_file_spells_it():
    import trasunto as tr

    data = tr.read({"sex": ["f", "m"] * 20, "hired": ["yes", "no", "no", "yes"] * 10})
    assert data.only.schema["hired"].kind == "boolean"
    names = [
        favourable(of(data, target="hired", positive=named)).label for named in (None, "yes", "true", "no", "False")
    ]
    assert names == ["yes", "yes", "yes", "no", "no"]

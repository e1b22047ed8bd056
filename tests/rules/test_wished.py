"""Rows under a condition: all meet it, counts have no holes, people stay whole, and the impossible is told."""

from datetime import date

import polars as pl
import pytest

from trasunto.errors import SampleError, SchemaError
from trasunto.rules import wished
from trasunto.rules.locales import slug
from trasunto.synthesizers.rules import Rules

MODEL = Rules.of(
    {
        "locale": {"es_ES": 0.7, "es_MX": 0.3},
        "columns": {
            "n": {"sequence": 1},
            "name": {"person": "name"},
            "first": {"person": "first_name"},
            "gender": {"person": "gender"},
            "email": {"person": "email", "unique": True},
            "birth": {"person": "birth_date"},
            "age": {"person": "age"},
            "city": {"person": "city"},
            "plan": {"choices": {"free": 0.9, "pro": 0.1}},
            "code": {"regex": "[A-Z]{4}", "unique": True},
            "salary": {"expression": "20000 + 900*age + normal(0, 3000)"},
            "note": {"regex": "[a-z]{4}", "missing": 0.5},
            "secret": {"expression": "salary / 2", "hidden": True},
        },
    }
)


@pytest.mark.parametrize(
    "where",
    ["plan == 'pro' and salary > 70000", "age > 80 and gender == 'male'", "city == 'Madrid'", "note is None", "n > 0"],
)
def test_all_rows_meet_it_and_agree(where):
    made = MODEL.sample(3000, seed=1, where=where).rows
    query = where.replace("==", "=").replace(" is None", " is null")
    assert pl.SQLContext(t=made).execute(f"select count(*) from t where {query}").collect().item() == 3000
    assert made["n"].to_list() == list(range(1, 3001))
    assert made["code"].n_unique() == made["email"].n_unique() == 3000
    for row in made.head(200).iter_rows(named=True):
        assert row["first"] in row["name"] and row["email"].startswith(slug(row["first"])[0])
        birth, today = row["birth"].date(), date(2026, 1, 1)
        assert row["age"] == today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
    rest = made["salary"] - 20_000 - 900 * made["age"]
    assert rest.abs().max() < 3000 * 6


def test_hidden_columns_can_be_asked_for():
    made = MODEL.sample(200, seed=1, where="secret > 45000").rows
    assert "secret" not in made.columns and made["salary"].min() > 90_000


def test_what_is_not_asked_for_keeps_its_shares():
    made = MODEL.sample(6000, seed=1, where="age >= 60").rows
    assert abs((made["plan"] == "pro").mean() - 0.1) < 0.02
    assert abs(made["note"].null_count() / 6000 - 0.5) < 0.03
    assert abs((made["gender"] == "male").mean() - 0.5) < 0.03


def test_the_same_call_gives_the_same_rows_and_counts_go_on():
    one, again = (MODEL.sample(500, seed=1, where="plan == 'pro'").rows for _ in range(2))
    assert one.equals(again) and not one.equals(MODEL.sample(500, seed=2, where="plan == 'pro'").rows)
    more = MODEL.sample(500, seed=1, where="plan == 'pro'", first=500).rows
    assert more["n"].to_list() == list(range(501, 1001))
    assert pl.concat([one, more])["code"].n_unique() == 1000


def test_given_values_stay_under_a_condition():
    given = pl.DataFrame({"gender": ["female", None] * 20, "plan": [None, "pro"] * 20})
    made = MODEL.sample(40, seed=1, given=given, where="salary > 60000").rows
    assert set(made["gender"][::2]) == {"female"} and set(made["plan"][1::2]) == {"pro"}
    assert made["salary"].min() > 60_000


def test_the_impossible_is_told(monkeypatch):
    monkeypatch.setattr(wished, "LEAST", 100_000)
    for where in ("plan == 'gold'", "age > 200", "n < 5"):
        with pytest.raises(SampleError, match=r"rows do not meet .* Loosen the condition"):
            MODEL.sample(10, seed=1, where=where)
    with pytest.raises(SchemaError, match="no column 'plans'"):
        MODEL.sample(10, seed=1, where="plans == 'pro'")


def test_no_rows_are_no_rows():
    assert MODEL.sample(0, seed=1, where="plan == 'pro'").rows.height == 0

"""`marginals` under a budget: what it promises, keeps and refuses; and what it draws under conditions."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.errors import BudgetError, FitError
from trasunto.privacy.accountant import rho_of
from trasunto.privacy.budget import Budget
from trasunto.privacy.mechanisms import INJECTED, injected
from trasunto.synthesizers.joint import Evidence
from trasunto.synthesizers.marginals import Marginals
from trasunto.synthesizers.model import load_model

QUICK = {"rounds": 1.0}
ROWS = 3_000


def visits(rows=ROWS, **changed):
    """Ward tells town; the old smoke less; a cost with a spike and gaps. Everything is declared."""
    rng = np.random.default_rng(0)
    ward = rng.choice(["A", "B", "C", "D"], rows, p=[0.4, 0.3, 0.2, 0.1])
    age = rng.integers(18, 91, rows)
    cost = np.where(rng.random(rows) < 0.6, 0, rng.integers(1, 5_000, rows))
    frame = pl.DataFrame(
        {
            "ward": ward,
            "town": [{"A": "Alba", "B": "Bera", "C": "Ceuta", "D": "Deba"}[each] for each in ward],
            "age": age,
            "smokes": rng.random(rows) < np.where(age > 60, 0.1, 0.5),
            "cost": pl.Series(np.where(rng.random(rows) < 0.2, -1, cost)).replace(-1, None),
        }
    )
    columns = (
        Column("ward", "category", False, categories=("A", "B", "C", "D"), declared=True),
        Column("town", "category", False, categories=("Alba", "Bera", "Ceuta", "Deba", "Elche"), declared=True),
        Column("age", "integer", False, bounds=(18, 90), declared=True),
        Column("smokes", "boolean", False, "target", declared=True),
        Column("cost", "integer", True, bounds=(0, 5_000), declared=True),
    )
    columns = tuple(replace(column, **changed.get(column.name, {})) for column in columns)
    return Dataset.of(Table(TableSchema(columns), frame), "visits")


def fitted(real, budget, seed=0, noise=1, **settings):
    with injected(np.random.default_rng(noise)):
        return tr.fit(real, "marginals", seed=seed, budget=budget, settings={**QUICK, **settings})


@pytest.fixture(scope="module")
def model():
    return fitted(visits(), Budget(5.0, 1e-9, rows=ROWS))


def test_what_is_spent_adds_up_to_the_budget(model):
    guarantee = model.guarantee
    assert guarantee.spent == Budget(5.0, 1e-9, rows=ROWS) and guarantee.unit == "row"
    assert sum(each.rho for each in guarantee.spending) == pytest.approx(rho_of(guarantee.spent), rel=1e-6)
    assert any("Marginal of ward, town" in each.what for each in guarantee.spending)
    assert INJECTED in guarantee.assumptions


def test_it_keeps_what_ties_columns_together(model):
    made = model.sample(4_000, seed=1).rows
    assert ((made["ward"].replace({"A": "Alba", "B": "Bera", "C": "Ceuta", "D": "Deba"})) == made["town"]).mean() > 0.97
    old = made["age"] > 60
    assert made["smokes"].filter(~old).mean() - made["smokes"].filter(old).mean() > 0.25
    assert abs((made["cost"] == 0).mean() - 0.6) < 0.05 and abs(made["cost"].is_null().mean() - 0.2) < 0.05


def test_conditions_are_met_exactly_and_by_the_right_shares(model):
    made = model.sample(2_000, seed=2, where='ward == "D" and age > 60').rows
    assert set(made["ward"]) == {"D"} and made["age"].min() > 60
    assert made["smokes"].mean() < 0.25 and (made["town"] == "Deba").mean() > 0.85
    joint = model.joint
    code = joint.names.index("smokes")
    known = np.full(3_000, 1, dtype=np.int32)
    drawn = joint.draw(Evidence(3_000, known={"smokes": known}), np.random.default_rng(3))
    free = joint.draw(Evidence(30_000), np.random.default_rng(4))
    like = free["age"][free["smokes"] == 1]
    assert code >= 0 and (drawn["smokes"] == 1).all() and abs(drawn["age"].mean() - like.mean()) < 1.5


def test_saved_and_loaded_it_is_the_same(model, tmp_path):
    model.save(tmp_path / "model")
    found = load_model(tmp_path / "model")
    assert found.sample(50, seed=3).digest() == model.sample(50, seed=3).digest()
    assert found.guarantee == model.guarantee
    assert model.describe()["marginals"][0]["noise"] > 0


def test_noise_has_no_seed_but_what_is_injected(model):
    budget = Budget(5.0, 1e-9, rows=ROWS)
    assert fitted(visits(), budget).sample(40, seed=1).digest() == model.sample(40, seed=1).digest()
    assert fitted(visits(), budget, noise=2).sample(40, seed=1).digest() != model.sample(40, seed=1).digest()
    secure = [tr.fit(visits(300), "marginals", budget=Budget(1.0, 1e-6, rows=300), settings=QUICK) for _ in range(2)]
    assert secure[0].sample(40, seed=1).digest() != secure[1].sample(40, seed=1).digest()
    assert INJECTED not in secure[0].guarantee.assumptions


def test_nothing_undeclared_is_read(model):
    with pytest.raises(BudgetError, match="'town'"):
        fitted(visits(town={"declared": False}), Budget(1.0, 1e-9, rows=ROWS))
    with pytest.raises(BudgetError, match="number of rows"):
        fitted(visits(), Budget(1.0, 1e-9))
    bought = fitted(visits(town={"declared": False}), Budget(5.0, 1e-9, domain_share=0.2))
    assert set(bought.sample(300, seed=1).rows["town"].drop_nulls()) <= {"Alba", "Bera", "Ceuta", "Deba"}
    bought_for = [each.what for each in bought.guarantee.spending]
    assert any("town" in what and "Marginal" not in what for what in bought_for)


@pytest.mark.parametrize("method", ["aim", "mst"])
@pytest.mark.parametrize(
    ("rows", "epsilon", "names"),
    [(30, 1.0, None), (ROWS, 0.01, None), (200, 1.0, ["age"]), (200, 1.0, ["smokes", "cost"])],
)
def test_small_tables_small_budgets_and_few_columns(method, rows, epsilon, names):
    real = visits(rows)
    names = names or list(real.rows.columns)
    schema = TableSchema(tuple(real.only.schema[name] for name in names))
    real = Dataset.of(Table(schema, real.rows.select(names)), "visits")
    made = fitted(real, Budget(epsilon, 1e-9, rows=rows), method=method).sample(100, seed=1)
    assert len(made) == 100 and made.rows.schema == real.rows.schema


def test_a_person_is_the_unit_when_asked():
    real = visits()
    rows = real.rows.with_columns(who=pl.Series(np.arange(ROWS) // 3).cast(pl.String))
    schema = TableSchema((*real.only.schema.columns, Column("who", "id", False, "identifier")))
    budget = Budget(5.0, 1e-9, person="who", contributions=2, rows=2_000)
    model = fitted(Dataset.of(Table(schema, rows), "visits"), budget)
    assert model.guarantee.unit == "person (who)"
    assert sum(each.rho for each in model.guarantee.spending) == pytest.approx(rho_of(budget.one_row()), rel=1e-6)


def test_what_cannot_be_is_refused():
    with pytest.raises(FitError, match="method is 'pgm'"):
        Marginals(method="pgm")
    with pytest.raises(FitError, match="degree is 4"):
        Marginals(degree=4)
    with pytest.raises(FitError, match="rounds is 0"):
        Marginals(rounds=0)
    with pytest.raises(BudgetError, match="delta is 0"):
        fitted(visits(50), Budget(1.0, rows=50))

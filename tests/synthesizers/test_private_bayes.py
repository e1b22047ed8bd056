"""`bayes` under a budget: what it keeps, what it spends, and faults that must be seen."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.errors import BudgetError
from trasunto.privacy.accountant import epsilon_of
from trasunto.privacy.budget import Budget
from trasunto.privacy.mechanisms import Noise, injected
from trasunto.synthesizers.private_bayes import positive, projected

COLUMNS = (
    Column("ill", "category", False, "target", categories=("no", "yes"), declared=True),
    Column("age", "integer", False, bounds=(0, 89), declared=True),
    Column("dose", "number", bounds=(0.0, 10.0), declared=True),
    Column("town", "category", False, categories=tuple("abcdefgh"), declared=True),
    Column("smokes", "boolean", False, declared=True),
)


def patients(n=4000, seed=0):
    rng = np.random.default_rng(seed)
    age = np.clip(rng.normal(45, 18, n).astype(int), 0, 89)
    ill = rng.random(n) < 1 / (1 + np.exp(-(age - 50) / 8))
    smokes = rng.random(n) < np.where(ill, 0.7, 0.2)
    dose = np.where(rng.random(n) < 0.3, np.nan, np.where(smokes, 6.0, 3.0) + rng.normal(0, 1, n))
    town = np.array(list("abcdefgh"))[(age // 12 + (rng.random(n) < 0.2)) % 8]
    rows = {
        "ill": np.where(ill, "yes", "no"),
        "age": age,
        "dose": pl.Series(dose).fill_nan(None),
        "town": town,
        "smokes": smokes,
    }
    return Dataset.of(Table(TableSchema(COLUMNS), pl.DataFrame(rows)))


def off(real, made):
    """Mean total variation distance of all pairs of columns, numbers in fifths."""

    def cells(rows):
        binned = rows.with_columns(pl.col("age") // 18, pl.col("dose").floor())
        return {
            pair: dict(
                binned.group_by(pair)
                .len()
                .select(pl.struct(pair).hash().alias("h"), pl.col("len") / len(rows))
                .iter_rows()
            )
            for pair in combinations(rows.columns, 2)
        }

    ours, theirs = cells(real.rows), cells(made.rows)
    return np.mean(
        [
            sum(abs(a.get(k, 0) - b.get(k, 0)) for k in a | b) / 2
            for a, b in zip(ours.values(), theirs.values(), strict=True)
        ]
    )


@pytest.fixture(scope="module")
def model():
    with injected(np.random.default_rng(3)):
        return tr.fit(patients(), "bayes", seed=0, budget=Budget(1.0, 1e-6, rows=4000))


def test_it_keeps_what_ties_columns_together(model):
    real = patients()
    fresh, made = patients(seed=1), model.sample(4000, seed=1)
    loose = tr.fit(real, "independent", seed=0).sample(4000, seed=1)
    # Fresh rows of the same law are about 0.05 off, shuffled columns 0.2.
    assert off(real, fresh) < off(real, made) < 0.6 * off(real, loose)


def test_less_budget_keeps_less():
    real, found = patients(), []
    for epsilon in (0.05, 0.5, 50.0):
        with injected(np.random.default_rng(0)):
            made = tr.fit(real, "bayes", seed=0, budget=Budget(epsilon, 1e-6, rows=4000)).sample(4000, seed=1)
        found.append(off(real, made))
    assert found[0] > 1.3 * found[1] > 1.3 * found[2]


def test_the_model_answers_conditions_and_is_saved(model, tmp_path):
    made = model.sample(300, seed=2, where="ill == 'yes' and age > 30").rows
    assert (made["ill"] == "yes").all() and made["age"].min() > 30
    model.save(tmp_path / "m")
    loaded = tr.load(tmp_path / "m")
    assert loaded.sample(50, seed=3).digest() == model.sample(50, seed=3).digest()
    assert loaded.guarantee == model.guarantee and "with noise" in loaded.describe()["source"]


def test_a_seed_decides_no_noise():
    budget = Budget(1.0, 1e-6, rows=4000)
    one, other = (tr.fit(patients(), "bayes", seed=0, budget=budget) for _ in range(2))
    assert not all(
        np.array_equal(a, b) for a, b in zip(*(m.joint.arrays().values() for m in (one, other)), strict=False)
    )


def test_an_undeclared_domain_is_refused():
    real = patients()
    schema = TableSchema(tuple(replace(column, declared=False) for column in COLUMNS))
    with pytest.raises(BudgetError, match=r"'ill' \(categories\), 'age' \(bounds\)"):
        tr.fit(Dataset.of(Table(schema, real.rows)), "bayes", seed=0, budget=Budget(1.0, 1e-6, rows=4000))


class Recording:
    """A source of noise that writes down what each release costs: (sensitivity 1, kind, scale)."""

    def __init__(self, seed=0):
        self.plain, self.paid = Noise(np.random.default_rng(seed)), []

    def gaussian(self, counts, sigma):
        self.paid.append(("rho", 1 / (2 * sigma**2)))
        return self.plain.gaussian(counts, sigma)

    def laplace(self, counts, scale):
        self.paid.append(("epsilon", 1 / scale))
        return self.plain.laplace(counts, scale)

    def choose(self, scores, *, sensitivity, epsilon):
        self.paid.append(("choice", epsilon / sensitivity))
        return self.plain.choose(scores, sensitivity=sensitivity, epsilon=epsilon)

    def epsilon(self, delta):
        """What all of it comes to."""
        if any(kind == "rho" for kind, _ in self.paid):
            assert not any(kind == "epsilon" for kind, _ in self.paid)
            return epsilon_of(sum(v if kind == "rho" else v**2 / 8 for kind, v in self.paid), delta)
        return sum(value for _, value in self.paid)


@pytest.mark.parametrize("settings", [{}, {"parents": 0}, {"parents": 1}, {"parents": 2}, {"groups": 4}])
@pytest.mark.parametrize(("epsilon", "delta"), [(1.0, 1e-9), (3.0, 0.0)])
@pytest.mark.parametrize("target", [True, False])
def test_all_that_is_released_costs_the_budget_and_no_more(monkeypatch, settings, epsilon, delta, target):
    source = Recording()
    monkeypatch.setattr("trasunto.privacy.means.noise", lambda: source)
    real = patients(500)
    real = real if target else real.with_role("ill", None)
    model = tr.fit(real, "bayes", seed=0, settings=settings, budget=Budget(epsilon, delta, rows=500))
    assert 0.97 * epsilon < source.epsilon(delta) <= epsilon * (1 + 1e-9)
    told = model.guarantee.spending
    whole = epsilon_of(sum(s.rho for s in told), delta) if delta and told[0].rho else sum(s.epsilon for s in told)
    assert whole == pytest.approx(epsilon, rel=1e-6)


def test_a_person_with_many_rows_pays_for_all_of_them(monkeypatch):
    source = Recording()
    monkeypatch.setattr("trasunto.privacy.means.noise", lambda: source)
    real = patients(500)
    rows = real.rows.with_columns(who=pl.Series([f"p{i // 5}" for i in range(500)]))
    schema = TableSchema((*COLUMNS, Column("who", "category")))
    budget = Budget(1.0, 1e-6, person="who", contributions=4, rows=500)
    model = tr.fit(Dataset.of(Table(schema, rows)), "bayes", seed=0, budget=budget)
    assert source.epsilon(budget.one_row().delta) <= 0.25 * (1 + 1e-9)
    assert model.guarantee.unit == "person (who)" and model.guarantee.spent == budget


def test_one_row_more_moves_a_score_by_one_at_most(monkeypatch):
    """Both fits see the same noise, so that scores differ by the row alone until a choice differs."""
    real = patients(300)
    for seed in range(6):
        more = Dataset.of(real.only.take(np.r_[np.arange(300), seed * 41]), real.name)
        seen = []
        for each in (real, more):
            scores = []
            source = Recording(seed)

            def choose(values, *, sensitivity, epsilon, scores=scores):
                scores.append(np.asarray(values))
                return 0

            source.choose = choose
            monkeypatch.setattr("trasunto.privacy.means.noise", lambda source=source: source)
            # Tables come out the same, whatever they hold: only scores still see the rows.
            fixed = np.random.default_rng(seed)
            source.gaussian = source.laplace = lambda counts, scale, fixed=fixed: fixed.integers(0, 60, counts.shape)
            tr.fit(each, "bayes", seed=0, budget=Budget(1.0, 1e-9, rows=300))
            seen.append(scores)
        assert len(seen[0]) == len(seen[1]) > 3
        moved = [np.abs(a - b).max() for a, b in zip(*seen, strict=True)]
        assert 0.5 < max(moved) <= 1 + 1e-6


@pytest.mark.parametrize("total", [0.5, 10.0, 100.0])
def test_the_nearest_counts(total):
    rng = np.random.default_rng(0)
    noisy = rng.normal(3, 20, 50)
    found = positive(noisy, total)
    assert found.min() >= 0 and found.sum() == pytest.approx(total)
    # No step that keeps the sum brings it nearer: gradients are equal where counts are free, and not less elsewhere.
    pull = noisy - found
    assert np.ptp(pull[found > 0]) < 1e-9 and (pull[found == 0] <= pull[found > 0].max() + 1e-9).all()
    table = projected(noisy.reshape(10, 5), total)
    assert table.min() >= 0 and table.sum() == pytest.approx(total)


def test_columns_without_a_value_or_with_one():
    real = patients(300)
    columns = (
        Column("nothing", "category", categories=(), declared=True),
        *COLUMNS,
        Column("one", "category", False, categories=("x",), declared=True),
    )
    rows = real.rows.with_columns(nothing=pl.lit(None, dtype=pl.String), one=pl.lit("x")).select(
        [c.name for c in columns]
    )
    made = (
        tr.fit(Dataset.of(Table(TableSchema(columns), rows)), "bayes", seed=0, budget=Budget(1.0, 1e-6, rows=300))
        .sample(50, seed=0)
        .rows
    )
    assert made["nothing"].null_count() == 50 and made["one"].unique().to_list() == ["x"]


def test_a_table_of_identifiers_or_of_one_column():
    ids = Dataset.of(Table(TableSchema((Column("id", "id"),)), pl.DataFrame({"id": ["a", "b"]})))
    assert len(tr.fit(ids, "bayes", seed=0, budget=Budget(1.0, 1e-6, rows=5)).sample(3, seed=0).rows) == 3
    one = patients(400).rows.select("town")
    made = tr.fit(
        Dataset.of(Table(TableSchema((COLUMNS[3],)), one)), "bayes", seed=0, budget=Budget(5.0, rows=400)
    ).sample(400, seed=0)
    seen, drawn = (np.bincount([ord(t) - 97 for t in rows["town"]], minlength=8) for rows in (one, made.rows))
    # Noise of a count is about 0.3 here.
    assert np.abs(seen - drawn).max() < 6

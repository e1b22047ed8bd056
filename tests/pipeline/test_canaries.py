"""A mechanism that breaks its claim is caught, one that keeps it is not, and the report says what could be proven."""

import json
from dataclasses import dataclass, field

import numpy as np
import polars as pl
import pytest

from trasunto.data.dataset import DTYPES, Dataset, Table
from trasunto.data.schema import Column, Constraint, TableSchema
from trasunto.errors import MetricError
from trasunto.pipeline.canaries import audit_canaries, judged
from trasunto.pipeline.canary_rows import coded, craft
from trasunto.privacy.budget import Budget, Guarantee
from trasunto.privacy.mechanisms import Noise, injected, noise
from trasunto.synthesizers.bayes import Bayes
from trasunto.synthesizers.marginals import Marginals

LEVELS = tuple("abcdefghijkl")
NAMES = ("one", "two", "three")
CLAIM = Budget(1.0)


def few(rows=300, seed=0):
    """Three columns with a domain of 12 declared values each, of which the rows use four."""
    rng = np.random.default_rng(seed)
    schema = TableSchema(tuple(Column(name, "category", categories=LEVELS, declared=True) for name in NAMES))
    return Dataset.of(Table(schema, pl.DataFrame({name: rng.choice(LEVELS[:4], rows) for name in NAMES})))


def visits(rows, seed=0):
    """Six columns of declared words and numbers, with gaps."""
    rng = np.random.default_rng(seed)
    age = rng.integers(0, 60, rows)
    frame = pl.DataFrame(
        {
            "age": age,
            "dose": np.round(rng.gamma(2.0, 10.0, rows).clip(0, 200), 1),
            "town": rng.choice(LEVELS, rows, p=np.arange(12, 0, -1) / 78),
            "ward": [None if each > 40 else LEVELS[each // 5] for each in age],
            "well": rng.random(rows) < 0.5,
            "stay": rng.geometric(0.2, rows).clip(0, 30),
        }
    )
    kinds = {"town": "category", "ward": "category", "well": "boolean", "dose": "number"}
    ends = {"age": (0, 90), "dose": (0.0, 200.0), "stay": (0, 30)}
    columns = tuple(
        Column(
            name,
            kinds.get(name, "integer"),
            name == "ward",
            "target" if name == "well" else None,
            categories=LEVELS if kinds.get(name) == "category" else None,
            bounds=ends.get(name),
            declared=True,
        )
        for name in frame.columns
    )
    return Dataset.of(Table(TableSchema(columns), frame))


@dataclass(frozen=True)
class Drawer:
    """Claims epsilon 1 and draws rows with replacement from what it keeps."""

    kept: Dataset
    guarantee: Guarantee = field(default_factory=lambda: Guarantee(CLAIM, "row", "toy"))

    def sample(self, rows, *, seed, **asked):
        places = np.random.default_rng(seed).integers(0, len(self.kept), rows)
        return self.kept.with_table(self.kept.only.take(places))


@dataclass(frozen=True)
class Copier:
    def fit(self, real, *, seed, budget=None, progress=None):
        return Drawer(real)


@dataclass(frozen=True)
class Counted:
    """The whole histogram of a small domain. scale: of the Laplace noise on each count; 0 forgets it."""

    scale: float

    def fit(self, real, *, seed, budget=None, progress=None):
        cells = np.zeros((12, 12, 12), dtype=np.int64)
        np.add.at(cells, tuple(np.searchsorted(LEVELS, real.rows[name].to_numpy()) for name in NAMES), 1)
        if self.scale:
            cells = noise().laplace(cells.ravel(), self.scale).reshape(cells.shape)
        places = np.nonzero(cells > 0)
        drawn = np.repeat(np.column_stack(places), cells[places], axis=0)
        rows = pl.DataFrame({name: np.array(LEVELS)[drawn[:, place]] for place, name in enumerate(NAMES)})
        return Drawer(real.with_table(Table(real.only.schema, rows)))


def test_rows_that_are_copied_break_the_claim():
    found = audit_canaries(few(), Copier(), CLAIM, canaries=200, seed=1, rows=4_000)
    assert found.refuted and found.telling
    assert found.epsilon_lower > 3.0
    assert found.epsilon_claimed == 1.0 < found.epsilon_lower <= found.ceiling
    assert found.auc > 0.95 and found.interval[0] > 0.9
    assert found.canaries == 200 and 60 < found.included < 140
    assert found.right <= found.guesses <= 200


def test_noise_that_was_forgotten_is_caught_with_a_thousand_canaries_beyond_five():
    found = audit_canaries(few(), Counted(0.0), CLAIM, canaries=1_000, seed=0, rows=20_000)
    assert found.refuted
    assert found.epsilon_lower >= 5.0


def test_too_little_noise_is_caught():
    with injected(np.random.default_rng(0)):
        found = audit_canaries(few(), Counted(0.2), CLAIM, canaries=300, seed=0)
    assert found.refuted


def test_a_true_mechanism_is_accused_no_more_than_five_times_in_a_hundred():
    accused, bounds = 0, []
    for seed in range(100):
        with injected(np.random.default_rng(seed)):
            found = audit_canaries(few(seed=seed), Counted(1.0), CLAIM, canaries=60, seed=seed, rows=1_000)
        accused += found.refuted
        bounds.append(found.auc)
    assert accused <= 5
    # The attack is no straw man: it sees more than nothing.
    assert np.mean(bounds) > 0.55


@pytest.fixture
def muted(monkeypatch):
    """Every table is counted without noise, and said to have it."""
    monkeypatch.setattr(Noise, "gaussian", lambda self, counts, sigma: counts)
    monkeypatch.setattr(Noise, "laplace", lambda self, counts, scale: counts)


CELLS = Budget(1.0, 1e-6, rows=1_000)
MEASURED = (Marginals(rounds=1.0), Marginals(method="mst"), Bayes())


@pytest.mark.parametrize("synthesizer", MEASURED, ids=["aim", "mst", "bayes"])
def test_tables_without_noise_are_caught_though_the_rows_tell_little(synthesizer, muted):
    found = audit_canaries(visits(1_000), synthesizer, CELLS, canaries=200, seed=0)
    assert found.refuted and found.epsilon_lower > 2.0
    assert found.attack.startswith("tables")
    assert max(found.attacks["pairs"], found.attacks["triples"]) < 0.75


@pytest.mark.parametrize("synthesizer", MEASURED, ids=["aim", "mst", "bayes"])
def test_tables_with_their_noise_are_not(synthesizer):
    for seed in range(2):
        with injected(np.random.default_rng(seed)):
            found = audit_canaries(visits(1_000), synthesizer, CELLS, canaries=200, seed=seed)
        assert not found.refuted


def test_tables_with_a_thirtieth_of_their_noise_are_caught(monkeypatch):
    whole = Noise.gaussian
    monkeypatch.setattr(Noise, "gaussian", lambda self, counts, sigma: whole(self, counts, sigma / 30))
    with injected(np.random.default_rng(0)):
        found = audit_canaries(visits(1_000), Bayes(), CELLS, canaries=300, seed=0)
    assert found.refuted and found.attack.startswith("tables")


def test_true_tables_are_accused_no_more_than_twice_in_fifteen():
    found = []
    for seed in range(15):
        with injected(np.random.default_rng(seed)):
            found.append(audit_canaries(visits(300, seed), Bayes(), CELLS, canaries=100, seed=seed, rows=50))
    # At 95 % the chance of more than two in fifteen is 0.04, if the attack were as good as any could be.
    assert sum(each.refuted for each in found) <= 2
    # Nor is it a straw man: what rho gives a row away by is seen.
    assert np.mean([each.attacks["tables"] for each in found]) > 0.54


def test_the_same_seed_gives_the_same_audit_and_it_is_plain_json():
    one, again = (audit_canaries(few(), Copier(), CLAIM, canaries=40, seed=3) for _ in range(2))
    assert one == again
    document = json.loads(json.dumps(one.to_dict()))
    assert {"epsilon_lower", "epsilon_claimed", "canaries", "ceiling"} <= set(document)
    assert document["refuted"] is one.refuted


def test_few_canaries_cannot_refute_a_large_claim_and_the_audit_says_so():
    coins = np.arange(60) % 2 == 0
    loud = judged({"told": coins.astype(float)}, coins, None, Budget(8.0), 0)
    assert loud.right == loud.guesses
    assert not loud.refuted and not loud.telling
    assert loud.epsilon_lower == loud.ceiling < 8.0
    assert judged({"told": coins.astype(float)}, coins, None, None, 0).epsilon_claimed is None


def test_ties_do_not_know_the_coins():
    coins = np.arange(400) % 2 == 0
    found = judged({"mute": np.zeros(400)}, coins, None, CLAIM, 0)
    assert found.epsilon_lower == 0.0 and found.auc == 0.5


MIXED = TableSchema(
    (
        Column("key", "id"),
        Column("age", "integer", bounds=(0, 120), declared=True),
        Column("start", "number"),
        Column("until", "number"),
        Column("day", "datetime", bounds=("2020-01-01", "2021-01-01"), declared=True),
        Column("well", "boolean"),
        Column("town", "category"),
    ),
    constraints=(Constraint("start <= until"),),
)


def mixed(rows=200):
    rng = np.random.default_rng(0)
    start = rng.normal(0, 1, rows)
    columns = {
        "key": [f"AB-{place:03d}" for place in range(rows)],
        "age": rng.integers(20, 60, rows),
        "start": start,
        "until": start + rng.random(rows),
        "day": [f"2020-{1 + place % 12:02d}-10T10:00:00" for place in range(rows)],
        "well": rng.random(rows) < 0.5,
        "town": [None if place % 9 == 0 else "abc"[place % 3] for place in range(rows)],
    }
    kinds = {column.name: DTYPES[column.kind] for column in MIXED.columns if column.kind != "datetime"}
    frame = pl.DataFrame(columns).with_columns(pl.col("day").str.to_datetime(time_unit="us"))
    return Table(MIXED, frame.cast(kinds))


def test_canaries_are_new_allowed_and_rare():
    table = mixed()
    rows = craft(table, 50, np.random.default_rng(0)).rows
    assert rows.height == 50 and not rows.is_duplicated().any()
    assert rows["age"].is_between(0, 120).all() and (rows["age"] < 20).any() and (rows["age"] > 60).any()
    assert (rows["start"] <= rows["until"]).all()
    assert rows["day"].dt.year().is_between(2020, 2021).all()
    assert set(rows["town"]) <= {"a", "b", "c"}
    assert not set(rows["key"]) & set(table.rows["key"])
    assert rows.join(table.rows, on=rows.columns, how="semi").height == 0
    parts = coded(table, {"real": table.rows, "canaries": rows})
    assert parts["real"].shape == (200, 6) and parts["canaries"].min() >= 0


def test_a_column_of_persons_is_new_in_each():
    rows = craft(mixed(), 30, np.random.default_rng(0), own="town").rows
    assert rows["town"].n_unique() == 30


def test_what_cannot_be_audited_is_refused():
    with pytest.raises(MetricError, match="5 canaries can prove nothing"):
        audit_canaries(few(), Copier(), CLAIM, canaries=5)
    narrow = Dataset.of(Table(TableSchema((Column("b", "boolean"),)), pl.DataFrame({"b": [True, False] * 30})))
    with pytest.raises(MetricError, match="Ask for fewer canaries"):
        audit_canaries(narrow, Copier(), CLAIM)

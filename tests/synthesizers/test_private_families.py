"""Related tables and events under a budget: what a family moves, what is refused, what is charged, what comes out."""

from collections import Counter
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.data.check import check
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, Constraint, ForeignKey, TableSchema
from trasunto.errors import BudgetError, FitError
from trasunto.privacy.accountant import rho_of
from trasunto.privacy.budget import Budget
from trasunto.privacy.domain import declared_from
from trasunto.privacy.mechanisms import INJECTED, Noise, injected, paid_by
from trasunto.reports.papers.words.spoken import spoken
from trasunto.synthesizers import private_relational, private_sequences, private_studies
from trasunto.synthesizers.model import load_model
from trasunto.synthesizers.private_plan import budget_for, families_of

FAMILIES = 240
QUICK = {"row": "marginals", "row_settings": {"method": "mst", "cells": 20_000}}


def key(name):
    return Column(name, "id", False)


def bank(families=FAMILIES, seed=0):
    """Branches are public; a household holds people (of whom each has a record of its own) and payments in order."""
    rng = np.random.default_rng(seed)
    branches = pl.DataFrame({"b": [1, 2, 3], "town": ["Toro", "Soria", "Jaca"]})
    kind = rng.choice(["old", "new"], families)
    homes = pl.DataFrame({"h": np.arange(families) + 500, "b": rng.integers(1, 4, families), "kind": kind})
    people = np.repeat(homes["h"].to_numpy(), rng.integers(1, 3, families))
    n = len(people)
    holds = pl.DataFrame({"o": np.arange(n), "h": people, "r": np.arange(n) + 9_000, "part": rng.choice(["a", "b"], n)})
    records = pl.DataFrame({"r": holds["r"], "age": rng.integers(18, 90, n)})
    paid = np.repeat(homes["h"].to_numpy(), np.where(kind == "new", rng.integers(3, 7, families), 1))
    m = len(paid)
    days = pl.Series(rng.integers(0, 300, m)).cast(pl.Duration("ms")) * 86_400_000
    when = (pl.Series([0] * m).cast(pl.Datetime("us")) + days).cast(pl.Datetime("us"))
    payments = pl.DataFrame({"p": np.arange(m), "h": paid, "when": when, "sum": rng.integers(1, 50, m)})
    payments = payments.with_columns(pl.Series("to", np.where(rng.random(m) < 0.5, paid, homes["h"][0])))
    schemas = {
        "branch": TableSchema((key("b"), Column("town", "category")), ("b",), copied=True),
        "home": TableSchema(
            (key("h"), key("b"), Column("kind", "category", False)), ("h",), (ForeignKey(("b",), "branch", ("b",)),)
        ),
        "record": TableSchema((key("r"), Column("age", "integer", False)), ("r",)),
        "holder": TableSchema(
            (key("o"), key("h"), key("r"), Column("part", "category", False)),
            ("o",),
            (ForeignKey(("h",), "home", ("h",), 2), ForeignKey(("r",), "record", ("r",), 1)),
        ),
        "payment": TableSchema(
            (key("p"), key("h"), Column("when", "datetime", False), Column("sum", "integer", False), key("to")),
            ("p",),
            (ForeignKey(("h",), "home", ("h",), 6), ForeignKey(("to",), "home", ("h",))),
            sequence=("h", "when"),
        ),
    }
    frames = {"branch": branches, "home": homes, "record": records, "holder": holds, "payment": payments}
    return Dataset.holding({name: Table(schemas[name], frame) for name, frame in frames.items()})


def public(real):
    """The same rows under a schema that declares what they may hold, as another bank's rows have it."""
    known = declared_from(bank(seed=99))
    return Dataset.holding({name: Table(known.tables[name], table.rows) for name, table in real.tables.items()})


def without(real, home):
    """The tables less one family."""
    rows = {name: table.rows for name, table in real.tables.items()}
    gone = rows["holder"].filter(pl.col("h") == home)["r"]
    rows["record"] = rows["record"].filter(~pl.col("r").is_in(gone.implode()))
    for name in ("home", "holder", "payment"):
        rows[name] = rows[name].filter(pl.col("h") != home)
    return Dataset.holding({name: Table(real.tables[name].schema, frame) for name, frame in rows.items()})


def asked(**more):
    return Budget(4.0, 1e-6, **{"rows": FAMILIES, **more})


def fitted(real, budget=None, seed=0, **settings):
    with injected(np.random.default_rng(seed)):
        return tr.fit(real, "relational", settings={**QUICK, **settings}, budget=budget or asked())


class Studied(Exception):
    def __init__(self, studies):
        self.studies = studies


def studied(monkeypatch, module, fit):
    """What is counted, before any noise. Rows of a family are taken in their order, so that two data sets compare."""

    def stop(studies, *_, **__):
        raise Studied(studies)

    with monkeypatch.context() as patch:
        patch.setattr(module, "learnt", stop)
        patch.setattr(Noise, "ranks", lambda self, size: np.arange(size))
        with pytest.raises(Studied) as found:
            fit()
    return {(study.unit, study.key): study for study in found.value.studies}


def moved(one, other):
    """By study, the rows that one has and the other has not, over the copies that are accounted for."""
    assert one.keys() == other.keys()
    found = {}
    for name, study in one.items():
        less, more = Counter(other[name].table.rows.rows()), Counter(study.table.rows.rows())
        assert not less - more, "what is left of other families must not change"
        assert study.copies == other[name].copies
        found[name] = (more - less).total() / study.copies
    return found


class TestSensitivity:
    def test_a_whole_family_moves_each_table_by_one_row(self, monkeypatch):
        real = public(bank())
        whole = studied(monkeypatch, private_relational, lambda: fitted(real))
        # Many payments, and few.
        for home in (501, 507, 530, 560, 739):
            less = studied(monkeypatch, private_relational, lambda home=home: fitted(without(real, home)))
            found = moved(whole, less)
            assert max(found.values()) == 1.0, found
        assert {name[0] for name in whole} == {"home", "holder", "payment"}
        assert ("payment", ("next", "time")) in whole and ("payment", ("first", "values")) in whole

    def test_a_family_that_is_counted_row_by_row_is_caught(self, monkeypatch):
        real = public(bank())
        home = real.tables["payment"].rows["h"].value_counts(sort=True)["h"][0]

        def each_by_itself(family, copies, noise):
            return np.repeat(np.arange(len(family)), copies)

        monkeypatch.setattr(private_studies, "weighed", each_by_itself)
        whole = studied(monkeypatch, private_relational, lambda: fitted(real))
        less = studied(monkeypatch, private_relational, lambda: fitted(without(real, home)))
        assert max(moved(whole, less).values()) > 1

    def test_rows_beyond_what_was_declared_are_not_learnt_from(self, monkeypatch):
        real = public(bank())
        frame = real.tables["payment"].rows
        ours = frame.filter(pl.col("h") == 501)
        many = pl.concat([frame, *(ours.with_columns(pl.col("p") + 10_000 * n) for n in range(1, 9))])
        grown = Dataset.holding({**real.tables, "payment": Table(real.tables["payment"].schema, many)})
        found = studied(monkeypatch, private_relational, lambda: fitted(grown))
        top = found["home", None].table.rows["rows of payment"]
        assert top.max() <= 6
        less = studied(monkeypatch, private_relational, lambda: fitted(without(grown, 501)))
        assert max(moved(found, less).values()) == 1.0

    def test_which_tables_there_are_to_learn_does_not_depend_on_the_rows(self, monkeypatch):
        real = public(bank())
        alone = {name: table.rows for name, table in real.tables.items()}
        alone["payment"] = alone["payment"].unique("h", keep="first", maintain_order=True)
        single = Dataset.holding({name: Table(real.tables[name].schema, frame) for name, frame in alone.items()})
        found = studied(monkeypatch, private_relational, lambda: fitted(single))
        assert found.keys() == studied(monkeypatch, private_relational, lambda: fitted(real)).keys()
        assert len(found["payment", ("next", "values")].table) == 0

    def test_an_entity_with_all_its_events_moves_each_table_by_one_row(self, monkeypatch):
        real = events()
        budget = Budget(4.0, 1e-6, person="who", contributions=8, rows=120)

        def fit(data):
            with injected(np.random.default_rng(0)):
                return tr.fit(data, "sequences", settings={**QUICK, "static": ("sex",)}, budget=budget)

        whole = studied(monkeypatch, private_sequences, lambda: fit(real))
        for who in ("w3", "w7", "w11"):
            less = real.with_table(Table(real.only.schema, real.rows.filter(pl.col("who") != who)))
            found = moved(whole, studied(monkeypatch, private_sequences, lambda less=less: fit(less)))
            assert max(found.values()) == 1.0, found


class TestWeighed:
    def test_the_rows_of_a_family_come_to_so_many_copies(self):
        family = np.repeat([0, 1, 2], [1, 5, 40])
        found = private_studies.weighed(family, 12, Noise(np.random.default_rng(0)))
        times = np.bincount(found, minlength=len(family))
        assert np.bincount(family[found]).tolist() == [12, 12, 12]
        assert sorted(times[1:6].tolist()) == [2, 2, 2, 3, 3]
        assert times[6:].max() == 1

    def test_nobody_has_none(self):
        assert private_studies.weighed(np.empty(0, dtype=np.int64), 12, Noise()).tolist() == []


class TestRelational:
    def test_tables_come_whole_and_the_guarantee_says_what_of(self, tmp_path):
        real = public(bank())
        model = fitted(real)
        made = model.sample(seed=1)
        assert not check(made)
        assert len(made.tables["home"]) == FAMILIES
        assert made.tables["branch"].rows.equals(real.tables["branch"].rows)
        assert made.tables["holder"].rows["h"].value_counts()["count"].max() <= 2
        assert made.tables["holder"].rows["r"].is_unique().all()
        assert made.tables["home"].rows["h"].to_list() == list(range(1, FAMILIES + 1))
        promised = model.guarantee
        assert promised.unit == "family (home)"
        assert promised.neighbours == "add or remove one row of home with all rows that hang from it"
        assert sum(each.rho for each in promised.spending) == pytest.approx(rho_of(asked()))
        said = " ".join(promised.assumptions)
        assert "taken as public and are copied as they are: branch" in said
        assert "A row of 'record' counts with each row of 'holder'" in said
        assert INJECTED in promised.assumptions
        strange = [each for each in (promised.mechanism, *promised.assumptions) if "en inglés" in spoken(each, "es")]
        assert not strange
        model.save(tmp_path / "model")
        again = load_model(tmp_path / "model")
        assert again.guarantee == promised
        assert again.sample(50, seed=3).digest() == model.sample(50, seed=3).digest()

    def test_what_ties_tables_is_learnt(self):
        made = fitted(public(bank(1500)), Budget(50.0, 1e-6, rows=1500)).sample(seed=1)
        counts = made.tables["payment"].rows["h"].value_counts()
        found = made.tables["home"].rows.join(counts, on="h", how="left")
        means = dict(found.group_by("kind").agg(pl.col("count").mean()).iter_rows())
        assert means["new"] > 3.5 and means["old"] < 1.5
        frame = made.tables["payment"].rows
        assert 0.35 < float((frame["to"] == frame["h"]).mean()) < 0.65
        assert frame.select(pl.col("when").diff().over("h")).to_series().drop_nulls().min().total_seconds() >= 0

    def test_noise_is_what_makes_two_fits_differ(self):
        real = public(bank())
        one, same, other = (fitted(real, seed=at).sample(seed=1) for at in (1, 1, 2))
        assert one.digest() == same.digest() != other.digest()

    def test_the_ledger_is_charged_once_and_only_for_what_is_learnt(self):
        charges = []
        real = public(bank())
        with paid_by(lambda: charges.append(1)):
            with pytest.raises(BudgetError, match=r"home.kind \(categories\)"):
                fitted(bank())
            with pytest.raises(BudgetError, match="delta is 0"):
                fitted(real, Budget(1.0, rows=FAMILIES))
            with pytest.raises(BudgetError, match="cannot be learnt by 'tree'"):
                fitted(real, row="tree", row_settings={})
            assert not charges
            fitted(real)
        assert charges == [1]

    def test_what_was_not_declared_is_bought(self):
        def forgot(key):
            return replace(key, most=key.most if key.table == "record" else None)

        real = bank()
        tables = {
            name: Table(replace(table.schema, foreign_keys=tuple(map(forgot, table.schema.foreign_keys))), table.rows)
            for name, table in real.tables.items()
        }
        model = fitted(Dataset.holding(tables), Budget(60.0, 1e-4, domain_share=0.5))
        spent = [each.what for each in model.guarantee.spending]
        assert "most rows of payment for one row of home" in spent
        assert "categories of home.kind" in spent and "number of rows of home" in spent
        assert not check(model.sample(seed=0))
        assert abs(model.sizes["home"] - FAMILIES) < 40

    def test_everything_that_was_not_declared_is_named_at_once(self):
        with pytest.raises(BudgetError) as refused:
            fitted(bank(), Budget(1.0, 1e-6))
        for each in (
            "home.kind (categories)",
            "record.age (bounds)",
            "payment.when (bounds)",
            "number of rows of home",
        ):
            assert each in str(refused.value)

    def test_conditions_and_exact_numbers_are_met_as_without_a_budget(self):
        model = fitted(public(bank()))
        made = model.sample({"home": 100, "payment": 250}, where='kind == "new"', seed=0)
        assert set(made.tables["home"].rows["kind"]) == {"new"}
        assert len(made.tables["payment"]) == 250 and not check(made)


class TestRefused:
    def test_a_second_root_needs_a_word(self):
        real = bank()
        keys = real.tables["holder"].schema.foreign_keys
        open_ = replace(real.tables["holder"].schema, foreign_keys=(keys[0], replace(keys[1], most=None)))
        tables = {**real.tables, "holder": Table(open_, real.tables["holder"].rows)}
        schema = Dataset.holding(tables).schema
        with pytest.raises(BudgetError, match="'home', 'record'"):
            families_of(schema)
        with pytest.raises(BudgetError, match="'record' is of no family"):
            families_of(schema, "home")

    def test_keys_in_a_circle_are_covered_by_no_budget(self):
        real = bank()
        schema = real.tables["home"].schema
        itself = replace(schema, foreign_keys=(ForeignKey(("b",), "home", ("h",)),))
        with pytest.raises(BudgetError, match="leads to the same table"):
            families_of(Dataset.holding({**real.tables, "home": Table(itself, real.tables["home"].rows)}).schema)

    def test_rules_over_combinations_and_texts(self):
        real = public(bank())
        home = real.tables["home"].schema
        ruled = replace(home, constraints=(Constraint("combination(kind, b)"),))
        with pytest.raises(BudgetError, match="which values go together"):
            fitted(Dataset.holding({**real.tables, "home": Table(ruled, real.tables["home"].rows)}))
        worded = home.with_column(Column("kind", "text"))
        with pytest.raises(FitError, match="free text"):
            fitted(Dataset.holding({**real.tables, "home": Table(worded, real.tables["home"].rows)}))

    def test_another_person_than_the_entity(self):
        with pytest.raises(BudgetError, match="events are of 'who'"):
            budget_for(Budget(1.0, 1e-6, person="sex"), events())


def events(entities=120, seed=0):
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 7, entities)
    who = np.repeat(np.arange(entities), counts)
    day = np.concatenate([np.sort(rng.integers(0, 100, count)) for count in counts])
    sex = rng.choice(["f", "m"], entities)
    kg = rng.integers(40, 99, len(who))
    frame = pl.DataFrame({"who": [f"w{at}" for at in who], "day": day, "sex": sex[who], "kg": kg})
    schema = TableSchema(
        (
            Column("who", "id", False),
            Column("day", "integer", False, bounds=(0, 120), declared=True),
            Column("sex", "category", False, categories=("f", "m"), declared=True),
            Column("kg", "integer", False, bounds=(30, 120), declared=True),
        ),
        sequence=("who", "day"),
    )
    return Dataset.of(Table(schema, frame), "visits")


class TestSequences:
    def fitted(self, real, **budget):
        with injected(np.random.default_rng(0)):
            asked = Budget(8.0, 1e-6, **{"person": "who", "contributions": 8, "rows": 120, **budget})
            return tr.fit(real, "sequences", settings={**QUICK, "static": ("sex",)}, budget=asked)

    def test_histories_are_drawn_in_order_and_nobody_is_named(self, tmp_path):
        real = events()
        model = self.fitted(real)
        made = model.sample(150, seed=1)
        assert made.rows["who"].n_unique() == 150 and not set(made.rows["who"]) & set(real.rows["who"])
        assert made.rows.select(pl.col("day").diff().over("who")).to_series().drop_nulls().min() >= 0
        assert made.rows.group_by("who").agg(pl.col("sex").n_unique())["sex"].max() == 1
        assert made.rows["who"].value_counts()["count"].max() <= 8
        assert model.guarantee.unit == "person (who)"
        assert "Of each 'who' the first 8 events at most are learnt from." in model.guarantee.assumptions
        assert sum(each.rho for each in model.guarantee.spending) == pytest.approx(rho_of(Budget(8.0, 1e-6)))
        model.save(tmp_path / "m")
        again = load_model(tmp_path / "m")
        assert again.guarantee == model.guarantee and again.sample(9, seed=2).rows.equals(model.sample(9, seed=2).rows)
        more = model.go_on(real.rows.head(4), seed=0, more=2)
        assert len(more) == 4 + 2 * real.rows.head(4)["who"].n_unique()

    def test_the_number_of_events_is_declared_or_bought(self):
        with pytest.raises(BudgetError, match="the most events of one entity"):
            self.fitted(events(), contributions=1)
        model = self.fitted(events(), contributions=1, domain_share=0.3)
        assert 4 <= model.most <= 10
        assert any(each.what == "most events of one entity" for each in model.guarantee.spending)

    def test_a_constant_column_has_to_be_there(self):
        with injected(np.random.default_rng(0)), pytest.raises(BudgetError, match="'sexx'"):
            budget = Budget(1.0, 1e-6, person="who", contributions=8, rows=120)
            tr.fit(events(), "sequences", settings={**QUICK, "static": ("sexx",)}, budget=budget)

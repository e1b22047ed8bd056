"""A run over related tables: cut by families, measured along their keys, judged on a view, delivered when all is well."""

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.errors import BudgetError, DataError, FileError, RecipeError
from trasunto.pipeline.recipe import Recipe
from trasunto.pipeline.run import preview, run


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    """A folder of four tables: loans go bad where accounts are young and amounts high."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("bank")
    n = 400
    region = rng.integers(0, 8, n)
    age = rng.integers(18, 80, n) + region
    pl.DataFrame(
        {"district_id": range(1, 9), "region": [f"r{i % 3}" for i in range(8)], "salary": 800 + 40 * np.arange(8)}
    ).write_csv(folder / "district.csv")
    pl.DataFrame({"account_id": np.arange(n) + 100, "district_id": region + 1, "age": age}).write_csv(
        folder / "account.csv"
    )
    lent = np.flatnonzero(rng.random(n) < 0.6)
    amount = (200 * rng.random(len(lent)) + 2 * age[lent]).round(2)
    bad = amount - 2 * age[lent] + rng.normal(0, 20, len(lent)) > 120
    pl.DataFrame(
        {
            "loan_id": np.arange(len(lent)) + 1,
            "account_id": lent + 100,
            "amount": amount,
            "status": np.where(bad, "bad", "good"),
        }
    ).write_csv(folder / "loan.csv")
    owner = np.repeat(np.arange(n), rng.poisson(age / 30))
    pl.DataFrame(
        {
            "order_id": np.arange(len(owner)) + 1,
            "account_id": owner + 100,
            "sum": (age[owner] * rng.random(len(owner))).round(2),
        }
    ).write_csv(folder / "order.csv")
    return folder  # fmt: skip


def recipe_for(folder, **changes):
    document = {
        "title": "Bank",
        "data": {"source": str(folder), "target": "loan.status", "copied": ["district"]},
        "synthesizer": {"name": "tree", "settings": {"orders": 2}},
        "split": {"root": "account"},
        "gates": ["relations.integrity >= 1"],
        "report": {"formats": ["json", "md"]},
    }
    for key, value in changes.items():
        document[key] = {**document.get(key, {}), **value} if isinstance(value, dict) else value
    return Recipe.from_dict(document)


@pytest.fixture(scope="module")
def finished(bank, tmp_path_factory):
    place = tmp_path_factory.mktemp("runs")
    return run(recipe_for(bank, deliver={"to": str(place / "sent")}), folder=place / "whole")


def test_every_reference_leads_somewhere_and_the_dimension_is_copied(finished, bank):
    made = tr.read(finished.folder / "synthetic")
    assert set(made.tables["loan"].rows["account_id"]) <= set(made.tables["account"].rows["account_id"])
    assert made.tables["district"].rows.equals(tr.read(bank).tables["district"].rows)
    assert finished.report.passed and finished.report.score("relations.integrity").value == 1


def test_families_are_cut_apart_and_recorded(finished):
    split = finished.manifest["split"]
    train, holdout = (split["parts"][part]["tables"] for part in ("train", "holdout"))
    assert train["account"] + holdout["account"] == 400 and train["district"] == holdout["district"] == 8
    assert split["root"] == "account" and split["shared"] == ["district"]


def test_the_view_is_judged_and_the_report_tells_of_tables_and_keys(finished):
    useful = finished.report.score("utility.tstr")
    assert useful.value > 0.6 and useful.control > 0.6
    told = (finished.folder / "report.md").read_text()
    assert "### Tables" in told and "account\\_id → account" in told and "Along the keys" in told
    assert {"tables", "cardinality", "shapes-loan"} <= {figure.name for figure in finished.report.figures}


def test_what_passed_is_delivered_whole(finished):
    sent = tr.read(finished.folder.parent / "sent")
    assert {name: len(table) for name, table in sent.tables.items()} == finished.manifest["delivered"]["rows"]


def test_a_failed_gate_keeps_everything_back(bank, tmp_path):
    wanted = recipe_for(bank, gates=["relations.c2st < 0.1"], deliver={"to": str(tmp_path / "sent")})
    done = run(wanted, folder=tmp_path / "run")
    assert not done.report.passed and not (tmp_path / "sent").exists()
    assert "Nothing was delivered" in (tmp_path / "run" / "report.md").read_text()


def test_the_same_recipe_gives_the_same_digest(finished, bank, tmp_path):
    again = run(recipe_for(bank, deliver={"to": str(tmp_path / "sent")}), folder=tmp_path / "again")
    assert again.manifest["digest"] == finished.manifest["digest"]


def test_a_preview_draws_few_families(bank):
    look = preview(recipe_for(bank), rows=10)
    assert len(look.rows.tables) == 4 and 0 < len(look.rows) < 200


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"data": {"target": "status"}}, RecipeError, "TABLE.COLUMN"),
        ({"data": {"target": "loan.stat"}}, RecipeError, "status"),
        ({"data": {"copied": ["districts"]}}, RecipeError, "district"),
        ({"data": {"tables": ["loans"]}}, RecipeError, "loan"),
        ({"split": {"root": "accounts"}}, RecipeError, "account"),
        ({"privacy": {"epsilon": 1.0, "person": "loan"}}, BudgetError, "families of 'loan'"),
        ({"privacy": {"epsilon": 1.0, "audit": 10}}, RecipeError, "Canaries"),
        ({"data": {"public": {"loan.stats": {"categories": ["good"]}}}}, RecipeError, "status"),
        ({"data": {"text": "loan.status"}}, RecipeError, "one table"),
        ({"train": {"task": "chat"}}, RecipeError, "classification"),
        ({"metrics": ["relations.cardinalty"]}, Exception, "cardinality"),
    ],
)
def test_what_cannot_be_done_is_said_before_any_work(bank, tmp_path, changes, error, words):
    with pytest.raises(error, match=words):
        run(recipe_for(bank, **changes), folder=tmp_path / "run")
    assert not (tmp_path / "run" / "model").exists()


def test_a_source_that_changed_is_noticed_on_resume(bank, tmp_path):
    import shutil

    shutil.copytree(bank, tmp_path / "bank")
    wanted = recipe_for(tmp_path / "bank", metrics=["relations.integrity"])
    run(wanted, folder=tmp_path / "run")
    loans = pl.read_csv(tmp_path / "bank" / "loan.csv")
    loans.with_columns(pl.col("amount") + 1).write_csv(tmp_path / "bank" / "loan.csv")
    with pytest.raises(DataError, match="changed since"):
        run(wanted, folder=tmp_path / "run", resume=True)


def test_lists_that_others_refer_to_are_found_and_copied(bank):
    from trasunto.errors import SchemaError
    from trasunto.pipeline.verbs import copying, dimensions

    real = tr.read(bank)
    assert dimensions(real) == ["district"]
    kept = copying(real, ["district"])
    assert kept.schema.tables["district"].copied and dimensions(kept) == []
    with pytest.raises(SchemaError, match="district"):
        copying(real, ["districts"])


def test_a_delivery_that_cannot_be_is_refused_before_any_work(bank, tmp_path):
    source = {"source": str(bank / "loan.csv"), "target": "status", "copied": []}
    bare = {"synthesizer": {"name": "tree"}, "split": {"root": None}, "gates": []}
    wanted = recipe_for(bank, data=source, deliver={"to": str(tmp_path / "x.csv"), "rows": 5}, curate={}, **bare)
    with pytest.raises(RecipeError, match="curate has not seen"):
        run(wanted, folder=tmp_path / "run")
    with pytest.raises(RecipeError, match=r"deliver\.to of the recipe holds a password: postgresql://ann:\*\*\*@host"):
        recipe_for(bank, deliver={"to": "postgresql://ann:secret@host/db"})
    with pytest.raises(FileError, match="format"):
        run(recipe_for(bank, deliver={"to": str(tmp_path / "x.nope")}), folder=tmp_path / "run")


def test_several_draws_are_compared_and_their_spread_is_told(bank):
    real = tr.read(str(bank))
    model = tr.fit(real, "relational", seed=0, settings={"row_settings": {"orders": 2}})
    draws = tuple(model.sample(seed=seed) for seed in (1, 2, 3))
    report = tr.evaluate(real, draws, metrics=["relations.cardinality", "relations.integrity"], seed=5)
    spread = {each["metric"]: each for each in report.facts["repeats"] if not each["subject"]}
    values = spread["relations.cardinality"]["values"]
    assert len(values) == 3 and len(set(values)) > 1 and values[0] == report.score("relations.cardinality").value
    assert spread["relations.integrity"]["mean"] == 1 and spread["relations.cardinality"]["interval"] is not None


def test_a_budget_protects_families_and_the_papers_say_so(bank, tmp_path):
    from trasunto.privacy.ledger import Ledger

    ledger = str(tmp_path / "ledger.db")
    asked = {
        "data": {
            "public": {
                "account.age": {"bounds": [18, 90], "nullable": False},
                "loan.amount": {"bounds": [0, 400], "nullable": False},
                "loan.status": {"categories": ["bad", "good"], "nullable": False},
                "order.sum": {"bounds": [0, 90], "nullable": False},
            }
        },
        "synthesizer": {"name": "marginals", "settings": {"method": "mst", "cells": 20_000}},
        "privacy": {
            "epsilon": 5.0,
            "delta": 1e-6,
            "rows": 200,
            "person": "account",
            "contributions": 9,
            "ledger": ledger,
            "source": "bank",
            "grant": {"epsilon": 6.0, "delta": 1e-5},
        },
        "metrics": ["relations.integrity", "relations.cardinality"],
        "report": {"formats": ["json"], "papers": ["dp-statement"]},
    }
    done = run(recipe_for(bank, **asked), folder=tmp_path / "run")
    promised = done.manifest["guarantee"] if "guarantee" in done.manifest else done.manifest["privacy"]["guarantee"]
    assert promised["unit"] == "family (account)"
    charges = [entry for entry in Ledger(ledger).entries("bank") if entry.kind == "charge"]
    assert len(charges) == 1 and charges[0].unit == "family (account)"
    papers = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "run").rglob("*dp*statement*.md"))
    assert "one family: a row of table account" in papers
    assert "copied as they are: district" in papers

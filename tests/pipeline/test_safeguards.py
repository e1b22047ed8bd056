"""A budget is charged before anything is learnt, once, and never beyond what was granted."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.errors import BudgetError, FitError, MetricError, RecipeError
from trasunto.pipeline import steps
from trasunto.pipeline.recipe import Grant, Privacy, Recipe
from trasunto.pipeline.run import preview, run
from trasunto.pipeline.safeguards import Source, budget_of, charged, source_of, standing
from trasunto.pipeline.steps import prepare
from trasunto.privacy.budget import Budget
from trasunto.privacy.ledger import Ledger
from trasunto.privacy.mechanisms import injected, noise
from trasunto.store.rows import load_dataset

SCHEMA = TableSchema(
    (
        Column("dose", "integer", bounds=(0, 9), nullable=False, declared=True),
        Column("site", "category", categories=("a", "b", "c"), nullable=False, declared=True),
        Column("sex", "category", categories=("f", "m"), nullable=False, declared=True),
        Column("ill", "category", categories=("no", "yes"), nullable=False, declared=True),
    )
)


@pytest.fixture
def source(tmp_path):
    """400 rows in a file, and a schema file that declares all of them."""
    rows = range(400)
    frame = pl.DataFrame(
        {
            "dose": [n % 10 for n in rows],
            "site": ["abc"[n % 3] for n in rows],
            "sex": ["fm"[(n // 2) % 2] for n in rows],
            "ill": ["yes" if n % 10 > 6 and n % 4 else "no" for n in rows],
        }
    )
    frame.write_csv(tmp_path / "p.csv")
    Dataset.of(Table(SCHEMA, frame), "p").schema.save(tmp_path / "p.yaml")
    return tmp_path


def recipe_for(place, **privacy) -> Recipe:
    stated = {"epsilon": 5.0, "rows": 200, "ledger": str(place / "ledger.sqlite"), **privacy}
    return Recipe.from_dict(
        {
            "data": {"source": str(place / "p.csv"), "schema_file": str(place / "p.yaml"), "target": "ill"},
            "synthesizer": {"name": "bayes"},
            "metrics": ["fidelity.shapes"],
            "privacy": stated,
            "report": {"formats": ["json"]},
        }
    )


def test_a_run_is_charged_once_and_tells_what_it_spent(source):
    place = source / "run"
    done = run(recipe_for(source, grant={"epsilon": 6}, purpose="research"), folder=place)
    told = json.loads((place / "run.json").read_text())
    assert told["guarantee"]["spent"]["epsilon"] == 5
    assert told["privacy"]["purpose"] == "research"
    assert told["privacy"]["ledger"]["left"]["epsilon"] == pytest.approx(1)
    assert done.report.facts["privacy"]["guarantee"] == told["guarantee"]

    (place / "scores.json").unlink()
    again = run(recipe_for(source, grant={"epsilon": 6}, purpose="research"), folder=place, resume=True)
    assert again.manifest["digest"] == told["digest"]
    book = Ledger(source / "ledger.sqlite")
    assert [entry.kind for entry in book.entries(str(source / "p.csv"))] == ["grant", "charge"]

    with pytest.raises(BudgetError, match="more than is left"):
        run(recipe_for(source, grant={"epsilon": 6}), folder=source / "other")
    assert not (source / "other" / "model").exists()


def test_a_copy_of_the_data_under_another_name_has_no_new_budget(source):
    run(recipe_for(source, grant={"epsilon": 6}), folder=source / "run")
    with pytest.raises(BudgetError, match="was granted epsilon 6"):
        run(recipe_for(source, source="copy", grant={"epsilon": 60}), folder=source / "copy")


def test_nothing_is_spent_that_nobody_granted(source):
    with pytest.raises(BudgetError, match="Nobody has granted"):
        run(recipe_for(source), folder=source / "run")
    assert Ledger(source / "ledger.sqlite").entries(str(source / "p.csv")) == ()


def test_a_preview_shows_no_rows_that_would_cost_budget(source):
    look = preview(recipe_for(source, grant={"epsilon": 6}))
    assert len(look.rows) == 0
    assert "seconds" in look.plan
    assert not (source / "ledger.sqlite").exists()


def test_the_audit_of_a_run_stands_beside_its_claim(source):
    done = run(recipe_for(source, grant={"epsilon": 6}, audit=40), folder=source / "run")
    found = done.report.facts["privacy"]["audit"]
    assert found["epsilon_claimed"] == 5
    assert 0 <= found["epsilon_lower"] <= found["ceiling"]


def test_a_fit_that_is_refused_costs_nothing_and_one_that_draws_noise_does(tmp_path):
    book, source, budget = str(tmp_path / "l.sqlite"), Source("s", ""), Budget(1.0, 1e-6)
    with pytest.raises(FitError), charged(book, source, budget, "refused", grant=Grant(epsilon=2.5)):
        raise FitError("no such column")
    assert standing(book, source)["spent"]["epsilon"] == 0
    with pytest.raises(FitError), charged(book, source, budget, "broken off"):
        noise().gaussian(np.zeros(2, dtype=np.int64), 10.0)
        raise FitError("out of memory")
    assert standing(book, source)["spent"]["epsilon"] == 1
    with charged(book, source, budget, "whole") as account:
        noise().laplace(np.zeros(2, dtype=np.int64), 10.0)
        noise().laplace(np.zeros(2, dtype=np.int64), 10.0)
    assert account == standing(book, source)
    assert account["spent"]["epsilon"] == 2
    drawn = []
    with pytest.raises(BudgetError, match="more than is left"), charged(book, source, budget, "too much"):
        drawn.append(noise().normals(3))
    assert not drawn


def test_fits_with_noise_of_one_kind_add_up_to_less(tmp_path):
    source, grant = Source("s", ""), Grant(epsilon=5.0, delta=1e-5)
    for method, most in (("marginals", 3.2), ("bayes", 4.0)):
        book = str(tmp_path / f"{method}.sqlite")
        for number in range(4):
            with charged(book, source, Budget(1.0, 1e-6), f"fit {number}", grant=grant, method=method):
                noise().gaussian(np.zeros(2, dtype=np.int64), 10.0)
        spent = standing(book, source)["spent"]["epsilon"]
        assert spent == pytest.approx(4.0) if method == "bayes" else spent < most


def test_budget_and_source_come_from_the_recipe():
    assert budget_of(None) is None
    assert budget_of(Privacy(keys=("age",))) is None
    budget = budget_of(Privacy(epsilon=2.0, delta=1e-7, person="who", contributions=3, domain_share=0.2))
    assert budget == Budget(2.0, 1e-7, person="who", contributions=3, domain_share=0.2)
    recipe = Recipe.from_dict({"data": {"source": "a.csv"}, "privacy": {"source": "study"}})
    assert source_of(recipe, "d") == Source("study", "d")
    assert source_of(Recipe.from_dict({"data": {"source": "a.csv"}}), "d") == Source("a.csv", "d")


@pytest.mark.parametrize(
    ("section", "error", "words"),
    [
        ({"privacy": {"keys": ["dosis"]}}, RecipeError, "privacy.keys names no column: 'dosis'"),
        ({"privacy": {"person": "who"}}, RecipeError, "privacy.person names no column"),
        ({"privacy": {"epsilon": 0}}, RecipeError, "epsilon"),
        ({"privacy": {"epsilon": 1, "delta": 1}}, RecipeError, "delta"),
        ({"privacy": {"grant": {"epsilonn": 1}}}, RecipeError, "epsilonn"),
        ({"fairness": {"protected": ["ill"]}}, MetricError, "is the target"),
        ({"fairness": {"protected": ["age"]}}, RecipeError, "fairness.protected names no column"),
        ({"report": {"papers": ["dpai"]}}, RecipeError, "dpai"),
    ],
)
def test_bad_wishes_are_refused_before_any_work(source, section, error, words):
    document = {"data": {"source": str(source / "p.csv"), "target": "ill"}, **section}
    with pytest.raises(error, match=words):
        run(Recipe.from_dict(document), folder=source / "run")
    assert not (source / "run" / "steps").exists()


def test_a_repair_stands_in_the_rows_and_in_the_report_and_is_made_once(source, monkeypatch):
    made = []
    once = steps.repaired_rows
    monkeypatch.setattr(steps, "repaired_rows", lambda *wish, **how: made.append(once(*wish, **how)) or made[-1])
    document = recipe_for(source).model_dump(mode="json")
    document |= {"privacy": None, "fairness": {"protected": ["sex"], "positive": "yes", "repair": {"mode": "parity"}}}
    document["metrics"] = ["fairness.parity"]
    done = run(Recipe.from_dict(document), folder=source / "run")
    told = done.report.facts["fairness"]
    assert told["repair"]["mark"]["altered"] is True
    gaps = [
        next(s["value"] for s in told[side] if s["metric"] == "fairness.parity" and s["subject"] == "sex")
        for side in ("before", "after")
    ]
    assert gaps[1] < max(gaps[0] / 2, 0.03)
    assert len(made) == 1
    assert load_dataset(source / "run" / "unrepaired").rows.equals(made[0].before.rows)


def test_rows_without_consent_and_columns_of_a_policy_do_not_enter(source):
    document = recipe_for(source).model_dump(mode="json")
    document["data"]["schema_file"] = None
    document["privacy"] = {
        "purpose": "research",
        "consent": {"column": "site", "values": ["a", "b"]},
        "policy": {"columns": {"dose": {"action": "generalise", "bands": 5}}},
    }
    done = run(Recipe.from_dict(document), folder=source / "run")
    found = done.report.facts["privacy"]
    assert found["consent"]["rows_before"] == 400
    assert found["consent"]["rows_excluded"] == 133
    assert found["protection"]["purpose"] == "research"
    made = pl.read_csv(source / "run" / "synthetic" / "p.csv")
    assert set(made["dose"].unique()) == {"0-4", "5-9"}
    assert "c" not in set(made["site"].unique())


def test_consent_alone_needs_no_policy(source):
    document = recipe_for(source).model_dump(mode="json")
    document["privacy"] = {"consent": {"column": "ill", "values": ["no"]}, "purpose": "research"}
    document["data"]["target"] = "site"
    prepared = prepare(Recipe.from_dict(document))
    assert set(prepared.dataset.rows["ill"].unique()) == {"no"}
    assert prepared.protection["consent"]["purpose"] == "research"


def test_a_column_that_a_policy_drops_cannot_be_asked_for(source):
    document = recipe_for(source).model_dump(mode="json")
    document["privacy"] = {"policy": {"columns": {"site": "drop"}}, "keys": ["site"]}
    with pytest.raises(RecipeError, match=r"privacy.keys names no column after privacy.policy: 'site'"):
        prepare(Recipe.from_dict(document))


def test_what_is_public_can_be_said_in_the_recipe(source):
    document = recipe_for(source, grant={"epsilon": 6}).model_dump(mode="json")
    document["data"]["schema_file"] = None
    public = {name: {"categories": list(SCHEMA[name].categories), "nullable": False} for name in ("site", "sex", "ill")}
    document["data"]["public"] = {"dose": {"bounds": [0, 20], "nullable": False}, **public}
    # With this noise some counts above 9, where no row is, come out above 0.
    with injected(np.random.default_rng(0)):
        done = run(Recipe.from_dict(document), folder=source / "run")
    told = done.report.facts["privacy"]["guarantee"]
    assert any("dose, site, sex, ill" in each for each in told["assumptions"])
    assert pl.read_csv(source / "run" / "synthetic" / "p.csv")["dose"].max() > 9

    document["data"]["public"]["dose"] = {"categories": ["a"]}
    with pytest.raises(RecipeError, match="nothing that helps of 'dose', a column of kind integer"):
        run(Recipe.from_dict(document), folder=source / "other")
    document["data"]["public"] = {"dosis": {"bounds": [0, 1]}}
    with pytest.raises(RecipeError, match=r"data.public names no column"):
        run(Recipe.from_dict(document), folder=source / "other")


def test_what_was_read_from_rows_while_recoding_is_not_public(source):
    document = recipe_for(source).model_dump(mode="json")
    document["data"]["recode"] = {"dose": {"0": "none", "*": "some"}, "site": {"a": "x"}}
    schema = prepare(Recipe.from_dict(document)).dataset.only.schema
    # Bounds say nothing of the words that rows turn to; a list of categories does.
    assert not schema["dose"].declared
    assert schema["site"].declared and schema["site"].categories == ("b", "c", "x")


def test_a_run_keeps_a_vault_and_says_so(source, monkeypatch):
    from trasunto.privacy import vault
    from trasunto.privacy.vault import opened, secret_of

    monkeypatch.setattr(vault, "_COST", {"n": 2**10, "r": 8, "p": 1})
    monkeypatch.setenv("TRASUNTO_VAULT_KEY", "a passphrase for tests")
    monkeypatch.setenv("TRASUNTO_KEY", bytes(range(32)).hex())
    path, policy = source / "kept.vault", {"columns": {"site": "pseudonymise"}}
    prepared = prepare(recipe_for(source, policy=policy, vault=str(path)))
    told = prepared.protection["vault"]
    assert told["columns"] == ["p.site"] and told["pseudonyms"] == 3 and str(path) not in str(prepared.protection)
    assert sorted(each[0] for each in opened(path, secret_of(None)).groups[0].originals.values()) == ["a", "b", "c"]
    with pytest.raises(RecipeError, match="no policy makes any"):
        prepare(recipe_for(source, vault=str(path)))
    monkeypatch.setenv("TRASUNTO_VAULT_KEY", "another passphrase!!")
    with pytest.raises(RecipeError, match="not the key"):
        prepare(recipe_for(source, policy=policy, vault=str(path)))

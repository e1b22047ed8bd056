"""Models that answer or write, trained under a budget: what is promised, what is charged, what is told."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.errors import BudgetError
from trasunto.language.export_card import card
from trasunto.language.tasks.generation import WritingSettings, train_generation
from trasunto.language.tasks.private import learnt_privately
from trasunto.privacy.budget import Budget
from trasunto.privacy.mechanisms import injected

pytest.importorskip("torch")
pytest.importorskip("opacus")
BUDGET = Budget(8.0, 1e-5, rows=40)


@pytest.fixture
def help_texts(texts):
    asked = [f"how is the {text.split()[1]} number {n}" for n, (text, _) in enumerate(texts[:40])]
    rows = pl.DataFrame({"asked": asked, "said": [text for text, _ in texts[:40]], "who": [n // 2 for n in range(40)]})
    return tr.read(rows).with_role("asked", "prompt").with_role("said", "response")


def settings(decoder, **more):
    return {"base": str(decoder), "steps": 2, "rate": 0.2, "longest": 48, "answer": 8, **more}


@pytest.mark.parametrize("task", ["chat", "answering"])
def test_a_model_that_answers_promises_what_it_spent_and_its_card_says_so(help_texts, decoder, task, tmp_path):
    with injected(np.random.default_rng(0)):
        model = tr.train(help_texts, task=task, settings=settings(decoder), budget=BUDGET)
    assert model.guarantee.spent == BUDGET and model.guarantee.unit == "row"
    assert "2 of 2 steps" in model.guarantee.spending[-1].note
    assert model.facts["texts"] == 40 and not {"tokens", "cut", "examples", "without_answer"} & set(model.facts)
    assert set(model.facts["curves"]) == {"norm of the noisy gradient"}
    assert "epsilon 8, delta 1e-05, for one row" in card(model, "huggingface", "")
    model.save(tmp_path / "lm")
    again = tr.load(tmp_path / "lm")
    assert again.guarantee == model.guarantee and again.answer(["how is the room"]) == model.answer(["how is the room"])


def test_a_person_is_protected_with_all_her_rows(help_texts, decoder):
    people = replace(BUDGET, person="who", contributions=2)
    with injected(np.random.default_rng(0)):
        model = tr.train(help_texts, task="chat", settings=settings(decoder), budget=people)
    assert model.guarantee.unit == "person (who)" and model.guarantee.spent.epsilon == 8.0
    # Two rows of one person cost twice: each step has half of the budget for a row.
    assert model.guarantee.spending[-1].epsilon <= 4.0


def test_texts_are_learnt_each_by_itself(texts, decoder):
    seen = []

    class Stopped(Exception):
        pass

    rows = tr.read(pl.DataFrame({"note": [texts[0][0]] * 3 + [text for text, _ in texts[:30]]}))

    def examples(bounded):
        seen.append(bounded)
        raise Stopped

    written = WritingSettings(base=str(decoder))
    with injected(np.random.default_rng(0)), pytest.raises(Stopped):
        learnt_privately(rows, examples, BUDGET, written, task="generation")
    assert len(seen[0]) == 33
    with injected(np.random.default_rng(0)):
        model = train_generation(rows, settings=replace(written, steps=2, longest=24, answer=8), budget=BUDGET)
    assert model.guarantee.spent == BUDGET and model.answer([""])


def test_what_no_budget_covers_is_refused_before_anything_is_learnt(help_texts, decoder):
    with pytest.raises(BudgetError, match="memory"):
        tr.train(help_texts, task="chat", settings=settings(decoder, method="memory"), budget=BUDGET)
    with pytest.raises(BudgetError, match="number of rows"):
        tr.train(help_texts, task="chat", settings=settings(decoder), budget=replace(BUDGET, rows=None))
    with pytest.raises(BudgetError, match="beside free text"):
        rows = help_texts.rows.select("asked", pl.col("said").str.slice(0, 5).alias("y"))
        tr.train(tr.read(rows).with_role("y", "label"), task="rows", budget=BUDGET)


def test_the_command_charges_the_ledger_and_says_what_was_spent(help_texts, decoder, tmp_path, monkeypatch, capsys):
    from trasunto.cli.main import code_of as main

    monkeypatch.chdir(tmp_path)
    help_texts.rows.with_columns(pl.Series("topic", ["bill", "line"] * 20)).write_csv("help.csv")
    told = [f"{name}={value}" for name, value in settings(decoder).items()]
    sets = [part for each in told for part in ("--set", each)]
    roles = ["--role", "asked=prompt", "--role", "said=response", "--label", "topic"]
    budget = ["--epsilon", "8", "--delta", "1e-5", "--rows", "40"]
    assert main(["ledger", "help.csv", "--grant", "9", "--delta", "1e-4"]) == 0
    done = main(["train", "help.csv", "--task", "chat", *roles, *sets, *budget, "-o", "bot", "--quiet"])
    said = capsys.readouterr()
    assert done == 0, said.err
    assert "Spent epsilon 8 at delta 1e-05, for one row." in said.out and "in 'topic' were not learnt" in said.out
    assert "epsilon 1 is left" in said.err
    document = json.loads((tmp_path / "bot" / "network" / "decoder.json").read_text(encoding="utf-8"))
    assert document["guarantee"]["spent"]["epsilon"] == 8.0
    assert len(list((tmp_path / "bot").rglob("adapter*"))) > 0

"""`auto`: what it picks for tables of several shapes, and that it says why with the numbers."""

import json
import re

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto import registry
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.errors import BudgetError, FitError
from trasunto.privacy.budget import Budget
from trasunto.privacy.domain import declared_from
from trasunto.synthesizers.auto import PREFERENCES, Auto
from trasunto.synthesizers.candidates import CANDIDATES, Candidate, Shape
from trasunto.synthesizers.model import load_model

KINDS = {pl.String: "category", pl.Int64: "integer", pl.Float64: "number"}
BY_NAME = {each.name: each for each in CANDIDATES}


def table(rows=300, numbers=2, words=2, seed=0):
    """Columns that all hang on one."""
    rng = np.random.default_rng(seed)
    behind = rng.normal(size=rows)
    noisy = [behind + 0.5 * rng.normal(size=rows) for _ in range(numbers + words)]
    frame = pl.DataFrame(
        {f"n{at}": noisy[at] for at in range(numbers)}
        | {f"w{at}": np.where(noisy[numbers + at] > 0, "high", "low") for at in range(words)}
    )
    schema = TableSchema(tuple(Column(name, KINDS[frame[name].dtype.base_type()]) for name in frame.columns))
    return Dataset.of(Table(schema, frame))


def wide(rows, columns):
    """Many rows or columns, cheaply: one series under many names."""
    one = pl.Series(np.arange(rows) % 7).cast(pl.Float64)
    frame = pl.DataFrame([one.alias(f"c{at}") for at in range(columns)])
    return Dataset.of(Table(TableSchema(tuple(Column(name, "number") for name in frame.columns)), frame))


class TestTheChoice:
    def test_takes_trees_for_a_table_of_usual_size_and_says_so_in_numbers(self):
        choice = Auto().choice(table(2000))
        assert choice.chosen == "tree"
        said = " ".join(choice.because)
        assert "2,000 rows and 4 columns" in said and "2 of numbers" in said and "0.0% of the values" in said
        seconds = f"{BY_NAME['tree'].seconds(Shape(2000, 2, 2, 2, 0.0)):.2g} s"
        assert seconds in said and "no limit was set" in said
        assert all(re.search(r"\d", sentence) for sentence in choice.because)

    def test_names_every_other_method_and_what_speaks_against_it(self):
        choice = Auto().choice(table(2000))
        assert set(choice.passed_over) == set(registry.names("synthesizers")) - {"auto", "tree"}
        assert "ties columns together" in choice.passed_over["independent"]
        assert "free text" in choice.passed_over["lm-finetune"] and "rules alone" in choice.passed_over["rules"]
        assert re.search(r"C2ST 0\.\d\d.*tree C2ST 0\.\d\d", choice.passed_over["bayes"])

    def test_passes_over_what_takes_longer_than_is_allowed(self):
        real = wide(40_000, 30)
        shape = Shape.of(real.only)
        slow = BY_NAME["tree"].seconds(shape)
        choice = Auto(max_seconds=slow / 2).choice(real)
        assert choice.chosen not in ("tree", "independent")
        assert BY_NAME[choice.chosen].seconds(shape) <= slow / 2
        assert f"{slow:,.0f} s" in choice.passed_over["tree"] and "allowed" in choice.passed_over["tree"]
        assert any("allowed" in sentence and choice.chosen in sentence for sentence in choice.because)

    def test_passes_over_what_needs_more_memory_than_is_allowed(self):
        shape = Shape.of(table().only)
        least = min(each.megabytes(shape) for each in CANDIDATES if each.name != "independent")
        choice = Auto(max_memory_mb=least).choice(table())
        assert BY_NAME[choice.chosen].megabytes(shape) == least
        assert "MB are allowed" in choice.passed_over["tree"]

    def test_when_time_is_too_short_for_all_takes_the_fastest_and_says_so(self):
        choice = Auto(max_seconds=0.001).choice(table(2000))
        assert choice.chosen == "independent"
        assert "the fastest" in choice.because[-1] and "loses" in choice.because[-1]
        assert "0.001 s are allowed" in choice.passed_over["tree"]

    def test_a_single_column_has_nothing_to_tie(self):
        choice = Auto().choice(table(200, numbers=1, words=0))
        assert choice.chosen == "independent"
        assert "1 column" in choice.because[-1] and "no two columns" in choice.passed_over["tree"]

    def test_few_rows_are_too_few_for_networks_and_two_for_trees(self):
        some = Auto(prefer="fidelity").choice(table(30))
        assert some.chosen == "tree"
        assert some.passed_over["autoregressive"] == "It needs 200 rows to learn from; there are 30."
        few = Auto().choice(table(2))
        assert few.chosen == "independent" and "needs 20 rows" in few.passed_over["tree"]

    def test_each_preference_picks_what_it_says(self):
        real = table(3000)
        shape = Shape.of(real.only)
        able = [each for each in CANDIDATES if each.name != "independent"]
        chosen = {prefer: BY_NAME[Auto(prefer=prefer).choice(real).chosen] for prefer in PREFERENCES}
        assert chosen["speed"].seconds(shape) == min(each.seconds(shape) for each in able)
        assert chosen["fidelity"].c2st == min(each.c2st for each in able)
        assert chosen["readability"].readable == max(each.readable for each in able)
        # Below 0.5 is chance: it leans no less.
        assert chosen["privacy"].nearer <= max(0.5, min(each.nearer for each in able)) + 0.01

    def test_a_missing_library_is_a_reason_not_an_error(self, monkeypatch):
        import importlib.util

        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
        choice = Auto().choice(table())
        assert "library 'torch', which is not installed" in choice.passed_over["autoregressive"]

    def test_estimates_grow_with_rows_and_columns(self):
        for each in CANDIDATES:
            small, more, wider = Shape(1000, 10, 10, 9, 0), Shape(100_000, 10, 10, 9, 0), Shape(1000, 100, 100, 9, 0)
            assert each.seconds(small) < min(each.seconds(more), each.seconds(wider)), each.name
            assert each.megabytes(small) < min(each.megabytes(more), each.megabytes(wider)), each.name


class TestTrials:
    def test_keep_what_did_best_on_rows_not_seen(self, monkeypatch):
        monkeypatch.setattr(
            "trasunto.synthesizers.auto.CANDIDATES",
            tuple(
                Candidate(name, lambda shape: 0.1, lambda shape: 1.0, c2st, 0.5)
                # Said to be best, and not: of columns tied by pairs of signs normal variables know nothing.
                for name, c2st in (("independent", 0.98), ("copula", 0.51), ("tree", 0.6), ("bayes", 0.7))
            ),
        )
        rng = np.random.default_rng(1)
        one, other = rng.choice([-1, 1], 1200), rng.choice([-1, 1], 1200)
        real = table(1200)
        frame = pl.DataFrame({"a": one, "b": other, "both": one * other})
        schema = TableSchema(tuple(Column(name, "category") for name in frame.columns))
        real = Dataset.of(Table(schema, frame.cast(pl.String)))
        assert Auto().choice(real).chosen == "copula"
        choice = Auto(trials=2, trial_rows=1000).choice(real)
        assert choice.chosen == "tree"
        assert "2 methods were tried on 500 rows" in " ".join(choice.because)
        assert set(choice.trials) == {"copula", "tree"} and choice.trials["copula"].c2st > 0.6
        assert f"{choice.trials['copula'].c2st:.3f}" in choice.passed_over["copula"]
        assert choice.passed_over["bayes"] == "It was not among those tried."
        assert choice == Auto(trials=2, trial_rows=1000).choice(real)

    def test_are_left_out_where_rows_or_time_do_not_allow_them(self):
        assert any("100 rows are fewer" in said for said in Auto(trials=3).choice(table(100)).because)
        hurried = Auto(trials=3, max_seconds=9.0).choice(table(2000))
        assert any("no time" in said for said in hurried.because) and not hurried.trials


class TestTheModel:
    def test_is_that_of_the_method_with_its_reasons_kept_through_saving(self, tmp_path):
        real = table()
        model = tr.fit(real, "auto", seed=3)
        told = model.describe()
        assert told["chosen"] == "tree" == model.method and told["because"] and told["passed_over"]
        assert model.sample(50, seed=1).digest() == tr.fit(real, "tree", seed=3).sample(50, seed=1).digest()
        model.save(tmp_path / "model")
        again = load_model(tmp_path / "model")
        assert json.loads(json.dumps(again.describe())) == json.loads(json.dumps(told))
        assert "chosen" not in tr.fit(real, "independent", seed=3).describe()

    def test_the_same_table_gets_the_same_choice(self):
        assert Auto().choice(table()) == Auto().choice(table())

    def test_the_command_prints_what_it_chose_and_why(self, tmp_path, capsys):
        from trasunto.cli import main

        table().rows.write_csv(tmp_path / "data.csv")
        words = ["fit", str(tmp_path / "data.csv"), "-o", str(tmp_path / "model"), "--synthesizer", "auto"]
        assert main.code_of([*words, "--set", "prefer=speed"]) == 0
        said = capsys.readouterr().out
        chosen = load_model(tmp_path / "model").describe()["chosen"]
        assert (
            f"Chose {chosen}." in said and "300 rows and 4 columns" in said and f"Fitted {chosen} to 300 rows" in said
        )


class TestABudget:
    def public(self) -> Dataset:
        return Dataset.of(Table(declared_from(table()).only, table().rows))

    def test_is_spent_by_a_method_that_the_schema_alone_chooses(self):
        budget = Budget(4.0, 1e-6, rows=300)
        model = tr.fit(self.public(), "auto", seed=0, budget=budget, settings={"prefer": "speed"})
        told = model.describe()
        assert (told["chosen"], model.guarantee.spent) == ("bayes", budget)
        assert "300" not in " ".join(told["because"])
        assert told["passed_over"]["tree"] == "It has no private version."

    @pytest.mark.parametrize(
        ("budget", "settings", "chosen"),
        [
            (Budget(1.0, 1e-6), {}, "marginals"),
            (Budget(1.0), {}, "bayes"),
            (Budget(1.0, 1e-6), {"prefer": "speed"}, "bayes"),
        ],
    )
    def test_goes_to_what_can_keep_it(self, budget, settings, chosen):
        assert Auto(**settings)._for_budget(self.public().only.schema, budget).chosen == chosen

    def test_is_refused_for_what_nobody_declared(self):
        with pytest.raises(BudgetError, match="Not declared"):
            tr.fit(table(), "auto", seed=0, budget=Budget(2.0, 1e-6))


class TestWhatItRefuses:
    def test_free_text_without_a_label(self):
        schema = TableSchema((Column("note", "text"), Column("n", "integer")))
        real = Dataset.of(Table(schema, pl.DataFrame({"note": ["a long story", "another one"], "n": [1, 2]})))
        with pytest.raises(FitError, match="lm-finetune"):
            tr.fit(real, "auto", seed=0)

    def test_hands_text_with_a_label_to_the_language_model(self, monkeypatch):
        seen = {}

        def fit(self, real, *, seed, budget=None, progress=None):
            seen["rows"] = len(real)
            raise FitError("stopped here")

        monkeypatch.setattr("trasunto.synthesizers.lm_finetune.LmFinetune.fit", fit)
        schema = TableSchema((Column("note", "text"), Column("kind", "category")))
        real = Dataset.of(Table(schema, pl.DataFrame({"note": ["a long story"] * 9, "kind": ["a", "b", "c"] * 3})))
        with pytest.raises(FitError, match="stopped here"):
            tr.fit(real, "auto", seed=0)
        assert seen == {"rows": 9}

    @pytest.mark.parametrize(
        ("settings", "said"),
        [
            ({"prefer": "fidelty"}, "Did you mean 'fidelity'"),
            ({"max_seconds": 0}, "max_seconds is 0"),
            ({"max_memory_mb": -5}, "max_memory_mb is -5"),
            ({"trials": -1}, "trials is -1"),
            ({"trial_rows": 10}, "trial_rows is 10"),
        ],
    )
    def test_settings_out_of_range(self, settings, said):
        with pytest.raises(FitError, match=said):
            Auto(**settings)

    def test_no_rows_and_several_tables(self):
        real = table()
        with pytest.raises(FitError, match="0 rows"):
            tr.fit(real.with_table(real.only.take([])), "auto", seed=0)

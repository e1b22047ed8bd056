"""A recipe is data: unknown keys are refused with the near name, and what is written can be read."""

import json

import polars as pl
import pytest
import yaml

import trasunto as tr
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.errors import FileError, RecipeError, UnknownNameError
from trasunto.pipeline import verbs
from trasunto.pipeline.demos import demos, recipe_of
from trasunto.pipeline.recipe import Recipe, json_schema, load_recipe, override, slug
from trasunto.pipeline.starter import starter


def test_every_fault_of_a_recipe_is_named_at_once_with_the_near_names():
    with pytest.raises(RecipeError) as caught:
        Recipe.from_dict({"data": {"source": "x", "targit": "y"}, "sead": 2, "split": {"holdout": 3}})
    said = str(caught.value)
    for part in ("data.targit", "'target'", "sead", "'seed'", "split.holdout", "less than 1"):
        assert part in said


def test_the_source_is_required_and_a_list_is_no_recipe():
    with pytest.raises(RecipeError, match="'data' is missing"):
        Recipe.from_dict({"title": "x"})
    with pytest.raises(RecipeError, match="Expected a mapping"):
        Recipe.from_dict(["title"])


def test_a_resolved_recipe_reads_back_as_itself():
    recipe = recipe_of("medical")
    assert Recipe.from_dict(yaml.safe_load(recipe.to_yaml())) == recipe


def test_overrides_win_over_the_environment_and_the_environment_over_the_file(tmp_path, monkeypatch):
    path = tmp_path / "recipe.yaml"
    path.write_text("data: {source: a.csv}\nseed: 1\nsplit: {holdout: 0.2}\n")
    monkeypatch.setenv("TRASUNTO_SET", "seed=2;split.holdout=0.3")
    recipe = load_recipe(path, ["seed=3", "synthesizer.settings.min_leaf=9", "data.drop=[a, b]"])
    assert (recipe.seed, recipe.split.holdout) == (3, 0.3)
    assert recipe.synthesizer.settings == {"min_leaf": 9}
    assert recipe.data.drop == ("a", "b")


def test_a_setting_may_begin_with_a_sign_that_yaml_keeps():
    assert override({}, ["dates=%Y-%m-%d", "by=@ann"]) == {"dates": "%Y-%m-%d", "by": "@ann"}
    with pytest.raises(RecipeError, match="not valid YAML"):
        override({}, ["columns=[a"])


def test_an_override_that_cannot_be_read_says_how_to_write_one():
    with pytest.raises(RecipeError, match=r"split\.holdout=0\.3"):
        override({}, ["split.holdout"])
    with pytest.raises(RecipeError, match="not a section"):
        override({"seed": 1}, ["seed.value=3"])


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [("a: [", RecipeError, "not valid YAML"), ("", RecipeError, "holds no keys"), (None, FileError, "no recipe")],
)
def test_a_recipe_file_that_is_none_is_one_clear_error(tmp_path, text, error, words):
    path = tmp_path / "recipe.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(error, match=words):
        load_recipe(path)


def test_the_json_schema_forbids_unknown_keys_and_describes_each_key():
    schema = json_schema()
    assert schema["additionalProperties"] is False
    for part in [schema, *schema["$defs"].values()]:
        for name, field in part["properties"].items():
            assert "description" in field or "$ref" in json.dumps(field), name


def test_every_demo_is_a_recipe_in_both_languages_and_both_sizes():
    assert demos()[0].name == "medical"
    for demo in demos():
        for language in ("en", "es"):
            for quick in (False, True):
                recipe = recipe_of(demo.name, language=language, quick=quick)
                assert recipe.language == language
                assert recipe.title == demo.title[language]
    with pytest.raises(UnknownNameError, match="medical"):
        recipe_of("medicl")
    with pytest.raises(RecipeError, match="not told in"):
        recipe_of("medical", language="fr")


def test_a_starter_is_a_recipe_that_knows_the_columns():
    table = TableSchema((Column("age", "integer"), Column("sick", "category")))
    real = Dataset.of(Table(table, pl.DataFrame({"age": [1, 2], "sick": ["y", "n"]})))
    recipe = Recipe.from_dict(yaml.safe_load(starter("p.csv", real)))
    assert recipe.data.target == "sick"
    assert recipe.train is not None

    shown = "\n".join(
        line.removeprefix("# ") if after else line
        for line, after in _after("# What protects", starter("p.csv", real).splitlines())
        if not line.startswith(("# What protects", "# Whom", "# The language model"))
    )
    assert Recipe.from_dict(yaml.safe_load(shown)).privacy is not None

    words = TableSchema((Column("body", "text"), Column("label", "category")))
    mails = Dataset.of(Table(words, pl.DataFrame({"body": ["a b", "c d"], "label": ["y", "n"]})))
    recipe = Recipe.from_dict(yaml.safe_load(starter("m.csv", mails)))
    assert (recipe.data.text, recipe.data.label, recipe.synthesizer.name) == ("body", "label", "lm-finetune")


def _after(start: str, lines: list[str]) -> list[tuple[str, bool]]:
    """Each line, and whether it stands after the one that begins so."""
    place = next(number for number, line in enumerate(lines) if line.startswith(start))
    return [(line, number > place) for number, line in enumerate(lines)]


def test_a_title_becomes_a_folder_name():
    assert slug("Thyroid disease, año 2024!") == "thyroid-disease-a-o-2024"
    assert slug("¿?") == "run"


@pytest.mark.parametrize(
    ("columns", "guess"),
    [
        ({"site": ["a", "b"] * 15, "age": list(range(20, 50)), "num": [0, 1, 2] * 10}, "num"),
        ({"diagnosis": ["a", "b"] * 15, "site": ["c", "d"] * 15}, "diagnosis"),
        ({"site": ["c", "d"] * 15, "sick": ["a", "b"] * 15, "spent": [k * 1.5 for k in range(30)]}, "sick"),
        ({"spent": [k * 1.5 for k in range(30)]}, None),
    ],
)
def test_a_starter_guesses_what_is_to_be_predicted(columns, guess):
    recipe = Recipe.from_dict(yaml.safe_load(starter("p.csv", tr.read(pl.DataFrame(columns)))))
    assert recipe.data.target == guess


def test_nothing_is_the_empty_text_where_a_text_is_meant():
    assert verbs.make("lm-finetune", {"encoder": None}).encoder == ""
    assert verbs.make("vae", {"epochs": None}).epochs is None


def test_a_setting_of_what_holds_a_synthesizer_is_told_of():
    with pytest.raises(RecipeError, match="no setting 'text'") as error:
        verbs.make("tree", {"text": "markov"})
    assert "'relational' has it" in error.value.next_move and "row=tree" in error.value.next_move

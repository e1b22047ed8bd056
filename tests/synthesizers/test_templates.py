"""`templates`: kinds of text from documents; rows that do not hang on how they are drawn; examples that ship."""

import subprocess
import sys
from importlib.resources import files

import polars as pl
import pytest
import yaml

import trasunto as tr
from trasunto.data.dialogues import turns_of
from trasunto.errors import FitError, ModelError, RecipeError, SampleError
from trasunto.synthesizers.templates import Templates, is_templates

DOCUMENT = {
    "words": {"item": ["lamp", "oven", "umbrella"], "good": ["fine", "solid"]},
    "rules": {"end": ["!", ".", " (really|indeed)."]},
    "labels": {"yes": {"weight": 3, "text": ["A(n) {item} is {good}{end}", "{Good}{end}"]}, "no": "No {item}{end}"},
    "show": ["item"],
}


@pytest.fixture(scope="module")
def model():
    return Templates.of(DOCUMENT)


def test_rows_hold_texts_labels_and_what_is_shown(model):
    made = model.sample(1000, seed=1)
    assert made.rows.columns == ["text", "label", "item"]
    column = made.only.schema["label"]
    assert column.role == "label" and column.categories == ("no", "yes") and column.declared
    assert 0.7 < (made.rows["label"] == "yes").mean() < 0.8
    for text, label, item in made.rows.rows():
        assert (label == "no") == text.startswith("No ") and (item in text or text[0] in "FS")
    assert any(text.startswith("An umbrella") for text in made.rows["text"])


def test_rows_are_the_same_in_parts_later_saved_and_elsewhere(model, tmp_path):
    whole = model.sample(9000, seed=4).rows
    assert model.sample(200, seed=4, first=8100).rows.equals(whole[8100:8300])
    assert pl.concat([part.rows for part in model.batches(300, seed=4, size=110)]).equals(whole[:300])
    model.save(tmp_path / "model")
    code = f"import trasunto as tr; print(tr.load({str(tmp_path / 'model')!r}).sample(100, seed=4).digest())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == model.sample(100, seed=4).digest() != model.sample(100, seed=5).digest()
    (tmp_path / "model" / "model.json").write_text('{"synthesizer": "templates", "version": 1, "document": {}}')
    with pytest.raises(ModelError, match="cannot be followed"):
        tr.load(tmp_path / "model")


def test_different_texts_are_counted_and_more_are_refused():
    document = {**DOCUMENT, "unique": True}
    model = Templates.of(document)
    assert model.most == (3 * 2 + 2) * 4 + 3 * 4 and "44 different" in model.told
    every = model.sample(44, seed=0).rows["text"]
    assert every.n_unique() == 44 and set(model.sample(20, seed=0, first=10).rows["text"]) <= set(every)
    with pytest.raises(SampleError, match=r"at most 44 different texts\. 45 were asked"):
        model.sample(45, seed=0)
    double = Templates.of({"text": ["a", "(a|a)"], "unique": True})
    with pytest.raises(SampleError, match="are different after"):
        double.sample(2, seed=0)


def test_conditions_and_given_rows(model):
    assert set(model.sample(50, seed=1, where="label == 'no' and item == 'oven'").rows["text"]) <= {
        "No oven!",
        "No oven.",
        "No oven really.",
        "No oven indeed.",
    }
    given = pl.DataFrame({"label": ["no", None], "item": ["lamp", "oven"]})
    made = model.sample(2, seed=1, given=given).rows
    assert made["item"].to_list() == ["lamp", "oven"] and made["text"][0].startswith("No lamp")
    with pytest.raises(SampleError, match="cannot be given"):
        model.sample(1, seed=1, given=pl.DataFrame({"text": ["x"]}))
    with pytest.raises(SampleError, match="meet"):
        model.sample(1, seed=1, where="text == 'nothing'")
    with pytest.raises(SampleError, match="temperature"):
        model.sample(1, seed=1, temperature=0.5)
    with pytest.raises(SampleError, match="-1 rows"):
        model.sample(-1, seed=1)


def test_questions_instructions_and_translations():
    words = {"city": ["Rome", "Lima"], "land": ["Italy", "Peru"]}
    asked = Templates.of({"words": words, "prompt": "Where is {city}?", "response": ["{City} is near.", "In {land}."]})
    schema = asked.schema.only
    assert (
        schema["prompt"].role == "prompt"
        and schema["response"].role == "response"
        and asked.grammar.kind == "question-answer"
    )
    for prompt, response in asked.sample(50, seed=1).rows.rows():
        assert response.startswith("In ") or response.split()[0] in prompt
    told = Templates.of({"kind": "instruction", "prompt": "Say it loud.", "source": "abc", "response": "ABC"})
    assert told.sample(1, seed=0).rows.row(0) == ("Say it loud.", "abc", "ABC")
    pairs = Templates.of(
        {"language": ["en", "es"], "columns": {"source": "english"}, "text": [{"en": "yes", "es": "sí"}]}
    )
    assert pairs.sample(1, seed=0).rows.to_dicts() == [{"english": "yes", "translation": "sí"}]
    assert pairs.schema.only["translation"].role == "translation"


def test_dialogues_remember_words_across_turns():
    model = Templates.of({
        "words": {"dish": ["soup", "pie"]},
        "labels": {"order": {"turns": [{"user": 'I want "{dish}"\\{now\\}.'}, {"assistant": ["{Dish}, sure.", "No {dish}."]}, {"user": "Thanks", "share": 0.5}]},
                   "bye": {"turns": [{"user": "Bye"}]}},
    })  # fmt: skip
    made = model.sample(300, seed=1).rows
    lengths = set()
    for cell, label in made.rows():
        turns = turns_of(cell)
        lengths.add((label, len(turns)))
        if label == "order":
            dish = turns[0].content.split('"')[1]
            assert turns[0].content.endswith("{now}.") and dish in turns[1].content.lower()
    assert lengths == {("order", 2), ("order", 3), ("bye", 1)}
    assert model.schema.only["messages"].format.messages


def test_nothing_is_learnt_and_faults_are_told():
    with pytest.raises(FitError, match="learns nothing"):
        Templates().fit(Templates.of(DOCUMENT).sample(5, seed=0), seed=0)
    with pytest.raises(RecipeError, match="mapping, not list"):
        Templates.of([])
    with pytest.raises(RecipeError, match="'response' is missing"):
        Templates.of({"kind": "question-answer", "prompt": "x"})
    assert is_templates(DOCUMENT) and not is_templates({"columns": {"text": {"constant": 1}}})


@pytest.mark.parametrize(
    "each",
    [p for p in files("trasunto.language").joinpath("examples").iterdir() if p.name.endswith(".yaml")],
    ids=lambda p: p.name,
)
def test_examples_make_many_different_texts(each):
    model = Templates.of(yaml.safe_load(each.read_text(encoding="utf-8")))
    rows = model.sample(500, seed=1).rows
    name = model.grammar.columns["text"]
    assert rows[name].n_unique() > 480 * (0.85 if "intents" in each.name else 1)
    assert not rows[name].str.contains(r"[{}|@#]|\(n\)|  | \.").any()
    assert rows[model.grammar.columns["label"]].n_unique() == len(model.grammar.labels)


def test_make_on_the_command_line(tmp_path, capsys):
    from trasunto.cli.main import code_of

    def said(*arguments):
        code = code_of(["make", *arguments])
        told = capsys.readouterr()
        return code, told.out + told.err

    assert {"rules", "reviews-es", "intents-en", "email-en"} <= set(said("--examples")[1].split())
    place = tmp_path / "templates.yaml"
    place.write_text(said("--example", "reviews-es")[1], encoding="utf-8")
    code, told = said(str(place), "-n", "50", "-o", str(tmp_path / "out.csv"), "--quiet")
    assert code == 0, told
    assert len(tr.read(tmp_path / "out.csv")) == 50
    place.write_text("text: (a|b)", encoding="utf-8")
    assert "At most 2 different texts" in said(str(place), "-n", "5")[1]
    assert said("--example", "nothing")[0] == 2

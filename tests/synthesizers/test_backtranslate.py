"""backtranslate says real texts otherwise and keeps their labels; what strays, stays the same or copies is thrown away."""

import json
import sys

import polars as pl
import pytest

import trasunto as tr
from trasunto.data.dataset import Dataset, Table
from trasunto.data.dialogues import Turn, messages
from trasunto.data.schema import Column, Format, TableSchema
from trasunto.errors import BudgetError, EngineError, FitError, ModelError, SampleError
from trasunto.language.engines.serving import Serving
from trasunto.language.translators import translator_of
from trasunto.privacy.budget import Budget
from trasunto.synthesizers.model import load_model

PLACES = ("harbour", "castle", "market", "garden", "library", "station", "museum", "bakery", "theatre", "kitchen")
# A translator without a model: words stand for words, and some come back as others.
OTHERS = {
    "quite": "rather",
    "place": "spot",
    "lovely": "beautiful",
    "awful": "terrible",
    "visit": "stop",
    "was": "felt",
}
MODULE = f"""
OTHERS = {OTHERS!r}
def reworded(texts, language):
    return [" ".join(OTHERS.get(word, word) for word in text.split()) if language != "es" else text for text in texts]
def same(texts, language):
    return list(texts)
def strange(texts, language):
    return ["zzz qqq xxx" for _ in texts]
def few(texts, language):
    return texts[:1]
def broken(texts, language):
    raise RuntimeError("no quota")
"""


@pytest.fixture
def ours(tmp_path, monkeypatch):
    (tmp_path / "ours_for_test.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "ours_for_test", raising=False)
    return "python:ours_for_test:{}".format


def reviews():
    rows = [
        (f"the {place} was a quite {word} place to visit in number {n}", label)
        for n, place in enumerate(PLACES * 2)
        for word, label in (("lovely", "good"), ("awful", "bad"))
    ]
    schema = TableSchema((Column("text", "text"), Column("label", "category", role="label")))
    return Dataset.of(Table(schema, pl.DataFrame(rows, schema=["text", "label"], orient="row")), "reviews")


def settings(translator, **more):
    return {"translator": translator, "agree": False, "allow_leaving": True, "copies": False, **more}


def test_texts_are_said_otherwise_and_keep_their_label(ours, tmp_path):
    real = reviews()
    model = tr.fit(real, "backtranslate", settings=settings(ours("reworded")))
    made, wrote = model.sample_with_curation(12, seed=1)
    of = {" ".join(OTHERS.get(word, word) for word in text.split()): label for text, label in real.rows.rows()}
    assert all(of[text] == label for text, label in made.rows.rows())
    assert made.rows["text"].n_unique() == 12 and wrote.curation.kept == 12
    model.save(tmp_path / "model")
    assert load_model(tmp_path / "model").sample(12, seed=1).digest() == made.digest()
    assert (tmp_path / "model" / "texts.json").stat().st_mode & 0o077 == 0
    assert "the function ours_for_test:reworded" in model.describe()["leaves"]
    (tmp_path / "model" / "texts.json").unlink()
    with pytest.raises(ModelError, match="broken"):
        load_model(tmp_path / "model")


@pytest.mark.parametrize(("name", "reason"), [("same", "unchanged"), ("strange", "strayed")])
def test_what_stays_the_same_or_strays_is_thrown_away(ours, name, reason):
    model = tr.fit(reviews(), "backtranslate", settings=settings(ours(name)))
    with pytest.raises(SampleError, match=rf"4 of 4 texts.*'{reason}': 24"):
        model.sample(4, seed=1)


def test_what_repeats_eight_words_of_a_real_text_is_thrown_away(ours):
    model = tr.fit(reviews(), "backtranslate", settings=settings(ours("reworded"), copies=True, least=0.0))
    made = model.sample(2, seed=1).rows["text"].to_list()
    known = [text.split() for text in reviews().rows["text"]]
    runs = {tuple(words[n : n + 8]) for words in known for n in range(len(words) - 7)}
    assert all(tuple(text.split()[n : n + 8]) not in runs for text in made for n in range(len(text.split()) - 7))


def test_of_translation_pairs_the_source_is_made_anew_from_the_real_target(server, tmp_path):
    schema = TableSchema((Column("en", "text", role="source"), Column("es", "text", role="translation")))
    frame = pl.DataFrame(
        {
            "en": [f"I see the {p} today" for p in PLACES],
            "es": [f"hoy veo {p} número {n}" for n, p in enumerate(PLACES)],
        }
    )
    real = Dataset.of(Table(schema, frame))

    def answer(body, number):
        said = body["messages"][0]["content"]
        text = said.rpartition("\n\n")[2]
        to_english = "into English" in said
        made = (
            f"today I can see {text.removeprefix('hoy veo ')}"
            if to_english
            else f"hoy veo {text.removeprefix('today I can see ')}"
        )
        broken = to_english and "bakery" in text
        content = "nothing at all" if broken else f'"{made}"'
        return 200, {}, {"choices": [{"message": {"content": content}, "finish_reason": "stop"}]}

    server.answer = answer
    more = {"model": "tiny", "serving": {"cache": str(tmp_path / "r.sqlite")}, "agree": False, "least": 60.0}
    model = tr.fit(real, "backtranslate", settings={"translator": server.address, "back": server.address, **more})
    made, wrote = model.sample_with_curation(8, seed=1)
    pairs = dict(real.rows.select("es", "en").rows())
    for english, spanish in made.rows.rows():
        assert spanish in pairs and english == f"today I can see {spanish.removeprefix('hoy veo ')}" != pairs[spanish]
    assert not made.rows["es"].str.contains("bakery").any() and wrote.usage.requests == len(server.asked)


def test_questions_are_reworded_in_one_step_and_keep_their_answers(server, tmp_path):
    schema = TableSchema((Column("question", "text", role="prompt"), Column("answer", "text", role="response")))
    frame = pl.DataFrame(
        {"question": [f"where is the {p} please?" for p in PLACES], "answer": [f"the {p} is here" for p in PLACES]}
    )
    server.answer = lambda body, number: (
        200,
        {},
        {
            "choices": [
                {
                    "message": {
                        "content": body["messages"][0]["content"].rpartition("\n\n")[2].replace("please", "exactly")
                    }
                }
            ]
        },
    )
    more = {"model": "tiny", "serving": {"cache": str(tmp_path / "r.sqlite")}, "pivot": ""}
    model = tr.fit(Dataset.of(Table(schema, frame)), "backtranslate", settings=settings(server.address, **more))
    made = model.sample(5, seed=1).rows
    for question, answer in made.rows():
        assert question == f"where is {answer.removesuffix(' is here')} exactly?"
    assert "in other words" in server.asked[0]["messages"][0]["content"]


def test_a_command_translates_line_by_line(tmp_path):
    program = tmp_path / "upper.py"
    program.write_text(
        "import sys\nfor line in sys.stdin: print(sys.argv[1] + ' ' + line.strip().upper())", encoding="utf-8"
    )
    translator = translator_of(f"command:{sys.executable} {program} {{language}}", Serving(), 0.8)
    assert translator.translate(["one two", "three\nfour"], "es", seed=0)[0] == ["es ONE TWO", "es THREE FOUR"]
    program.write_text("print('only one')", encoding="utf-8")
    with pytest.raises(EngineError, match="1 lines for 2 texts"):
        translator.translate(["one", "two"], "es", seed=0)
    with pytest.raises(EngineError, match="cannot be run"):
        translator_of("command:no-such-program-here", Serving(), 0.8).translate(["one"], "es", seed=0)


def test_a_translator_that_fails_is_named(ours, tmp_path):
    with pytest.raises(EngineError, match="few gave no list of 2"):
        translator_of(ours("few"), Serving(), 0.8).translate(["one", "two"], "es", seed=0)
    with pytest.raises(EngineError, match="RuntimeError: no quota"):
        translator_of(ours("broken"), Serving(), 0.8).translate(["one"], "es", seed=0)
    with pytest.raises(EngineError, match="is no function"):
        translator_of(ours("nowhere"), Serving(), 0.8)
    (tmp_path / "lm").mkdir()
    (tmp_path / "lm" / "model.json").write_text(json.dumps({"language_model": "classification"}), encoding="utf-8")
    with pytest.raises(ModelError, match="for classification, not for translation"):
        translator_of(str(tmp_path / "lm"), Serving(), 0.8)


def test_what_cannot_be_said_otherwise_is_refused(ours):
    with pytest.raises(FitError, match="needs a translator"):
        tr.fit(reviews(), "backtranslate")
    with pytest.raises(EngineError, match=r"real texts would leave.*allow_leaving"):
        tr.fit(reviews(), "backtranslate", settings={"translator": ours("same")})
    with pytest.raises(BudgetError):
        tr.fit(reviews(), "backtranslate", settings=settings(ours("same")), budget=Budget(1.0))
    talk = Column("m", "text", format=Format(messages=True))
    said = Dataset.of(
        Table(TableSchema((talk,)), pl.DataFrame({"m": [messages([Turn("user", "a"), Turn("assistant", "b")])]}))
    )
    with pytest.raises(FitError, match="does not say a dialogue otherwise"):
        tr.fit(said, "backtranslate", settings=settings(ours("same")))
    with pytest.raises(FitError, match="chrF"):
        tr.fit(reviews(), "backtranslate", settings=settings(ours("same"), least=95.0))

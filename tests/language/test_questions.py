"""Questions out of documents: by rules without a model, or by an engine whose answers are held to the document."""

import itertools
import json

import polars as pl
import pytest

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.errors import DataError, EmptyDataError, EngineError, FitError
from trasunto.language.chunks import chunks_of, language_of, sentences_of
from trasunto.language.questions import Questions, groundedness, questions

LIGHT = """# The lighthouse

The lighthouse of Finisterre is a beacon on the coast of Galicia. It was built in 1853 and stands 143 metres above the sea.

## Visits

Visitors may walk up to the tower between 10 and 19 hours from April to October. Tickets cost 3 euros for adults."""
LIBRARY = "La biblioteca municipal es un edificio de tres plantas en el centro de Lugo. Abre de lunes a viernes de 9 a 21 horas."


def documents(*texts, **more):
    frame = pl.DataFrame(
        {"text": texts, "document": [f"{n}.md" for n in range(len(texts))], "part": [1] * len(texts), **more}
    )
    kinds = {"text": "text", "part": "integer"}
    return Dataset.of(
        Table(TableSchema(tuple(Column(name, kinds.get(name, "category")) for name in frame.columns)), frame),
        "documents",
    )


def test_chunks_hold_whole_sentences_overlap_and_leave_nothing_out():
    sentences = [f"Sentence number {number} is of some length here." for number in range(40)]
    chunks = chunks_of(documents(" ".join(sentences)), size=300, overlap=100)
    assert all(len(chunk.text) <= 300 for chunk in chunks) and [chunk.place for chunk in chunks] == list(
        range(len(chunks))
    )
    told = [sentence for chunk in chunks for sentence in sentences_of(chunk.text)]
    assert set(told) == set(sentences) and len(told) > len(sentences)
    for one, next_one in itertools.pairwise(chunks):
        assert sentences_of(next_one.text)[0] in one.text
    whole = chunks_of(documents("word " * 500), size=200, overlap=50)
    assert sum(chunk.text.count("word") for chunk in whole) >= 500 and max(len(chunk.text) for chunk in whole) <= 200
    assert chunks_of(documents("Of tea.", heading=["Tea"]), size=200, overlap=0)[0].text == "# Tea\n\nOf tea."


def test_rules_ask_in_the_language_of_the_document_and_answer_from_it():
    made, told = questions(documents(LIGHT, LIBRARY), Questions(several=6))
    pairs = dict(made.rows.select("question", "answer").rows())
    assert (
        pairs["What is the lighthouse of Finisterre?"]
        == "The lighthouse of Finisterre is a beacon on the coast of Galicia."
    )
    assert pairs['What does the text say about "Visits"?'].startswith("Visitors may walk")
    assert pairs["¿Qué es la biblioteca municipal?"].startswith("La biblioteca municipal es un edificio")
    gaps = made.rows.filter(pl.col("how") == "cloze")
    assert len(gaps) >= 3
    for question, answer in gaps.select("question", "answer").rows():
        sentence = question.split('"' if '"' in question else "«")[1].rstrip("»?").replace("____", answer)
        assert sentence in LIGHT or sentence in LIBRARY
    assert (
        made.only.schema.of_role("prompt")[0].name == "question"
        and made.only.schema.of_role("response")[0].name == "answer"
    )
    assert (
        told.kept == len(made) == sum(told.by.values())
        and made.digest() == questions(documents(LIGHT, LIBRARY), Questions(several=6))[0].digest()
    )


def test_an_answer_is_grounded_by_its_words_and_numbers():
    assert groundedness("It was built in 1853.", LIGHT) == 1.0
    assert groundedness("It was built in 1854.", LIGHT) == 0.0
    assert groundedness("Aliens painted purple elephants yesterday.", LIGHT) == 0.0
    assert groundedness("of the", LIGHT) == 0.0
    assert 0.4 < groundedness("Visitors walk to the discotheque happily.", LIGHT) < 0.7


def test_an_engine_asks_and_what_it_makes_up_or_says_twice_falls(server, tmp_path):
    said = [
        {"question": "When was the lighthouse built?", "answer": "It was built in 1853."},
        {"question": "When was the lighthouse built?", "answer": "In 1853."},
        {"question": "Who painted it?", "answer": "Aliens painted purple elephants."},
        {"question": "Tell me.", "answer": "Tickets cost 3 euros."},
    ]

    def answer(body, number):
        assert "143 metres" in body["messages"][0]["content"]
        content = json.dumps({"items": said})
        return 200, {}, {"choices": [{"message": {"content": content}, "finish_reason": "stop"}]}

    server.answer = answer
    settings = Questions(server.address, "tiny", {"cache": str(tmp_path / "r.sqlite")}, several=4)
    made, told = questions(documents(LIGHT), settings)
    assert made.rows.select("question", "answer", "how").rows() == [(said[0]["question"], said[0]["answer"], "model")]
    assert told.rejected == {"duplicate": 1, "no question": 1, "not grounded": 1}
    assert told.usage.requests == 1 and told.leaves == ""
    both, _ = questions(documents(LIGHT), Questions(**{**settings.__dict__, "rules": True}))
    assert set(both.rows["how"]) > {"model", "definition"}


def test_documents_leave_this_machine_only_when_they_may():
    with pytest.raises(EngineError, match=r"all text of the documents would leave.*by rules"):
        questions(documents(LIGHT), Questions("https://models.example.com/v1", "x"))


def test_what_cannot_be_asked_about_is_refused():
    with pytest.raises(EmptyDataError, match="no text"):
        questions(documents("", "  "), Questions())
    with pytest.raises(DataError, match="no column 'text'"):
        questions(Dataset.of(Table(TableSchema((Column("txt", "text"),)), pl.DataFrame({"txt": ["a"]}))), Questions())
    for wrong in ({"several": 0}, {"overlap": 1200}, {"grounded": 2.0}, {"language": "fr"}):
        with pytest.raises(FitError):
            Questions(**wrong)


def test_languages_are_told_by_their_common_words():
    assert language_of(LIGHT) == "en" and language_of(LIBRARY) == "es"

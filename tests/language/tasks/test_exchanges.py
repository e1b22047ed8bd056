"""Dialogues out of tables, and what is asked in them."""

import polars as pl
import pytest

import trasunto as tr
from trasunto.data.dialogues import Turn, messages
from trasunto.errors import DataError, EmptyDataError, FitError
from trasunto.language.tasks.exchanges import Dialogues, asked, dialogues_of, questions_of, shown


def said(*contents):
    return tuple(Turn("user" if place % 2 == 0 else "assistant", each) for place, each in enumerate(contents))


def pairs(**columns):
    return tr.read(pl.DataFrame(columns))


def test_pairs_become_a_question_and_its_answer():
    data = pairs(
        question=["How  are you?", None, "What time is it?", "Who?"],
        answer=["Fine.", "Yes, it is.", "Ten o'clock.", " "],
    )
    found = dialogues_of(data)
    assert found.turns == (said("How are you?", "Fine."), said("What time is it?", "Ten o'clock."))


def test_translations_know_their_source_and_equal_sources_are_one_question():
    data = pairs(en=["Go on!", "Stop here.", "Go on!"], es=["¡Sigue!", "Pare aquí.", "¡Siga!"])
    questions = questions_of(dialogues_of(data, "translation"), several=True)
    assert questions.right == (("¡Sigue!", "¡Siga!"), ("Pare aquí.",)) and questions.groups == (0, 1)
    assert [shown(each) for each in questions.before] == ["Go on!", "Stop here."]


def test_dialogues_are_read_with_their_intents_and_every_reply_is_asked():
    long = [Turn("system", "Be brief."), *said("hi", "hello", "a table for two", "when?")]
    others = [Turn("Ana", "good day"), Turn("Ben", "to you, too")]
    data = tr.read(pl.DataFrame({"chat": [messages(long), messages(others)], "intent": ["book", "greet"]}))
    data = data.with_role("intent", "label")
    found = dialogues_of(data)
    assert found.labels == ("book", "greet")
    assert found.turns[1] == said("good day", "to you, too")
    questions = questions_of(found)
    assert questions.right == (("hello",), ("when?",), ("to you, too",)) and questions.groups == (0, 0, 1)
    assert shown(questions.before[1]) == "user: hi\nassistant: hello\nuser: a table for two"


def test_what_the_test_asks_is_left_out_of_the_training():
    training = Dialogues((said("Hello  there", "a"), said("what", "b"), said("who", "c")), ("x", "y", "z"))
    kept, left_out = training.without(Dialogues((said("hello there", "something else"),)))
    assert left_out == 1 and kept.labels == ("y", "z")
    assert len(training.draw(2, seed=0)) == 2 and training.draw(2, seed=0) == training.draw(2, seed=0)


def test_what_holds_no_dialogue_is_told():
    with pytest.raises(FitError, match="prompt and response"):
        dialogues_of(pairs(age=[1, 2, 3], sex=["a", "b", "a"]))
    data = pairs(question=["How are you?", "And who is it?"], answer=["Well, fine.", "It is me."])
    empty = data.with_table(type(data.only)(data.only.schema, data.rows.with_columns(answer=pl.lit(" "))))
    with pytest.raises(EmptyDataError):
        dialogues_of(empty)
    broken = pl.DataFrame({"chat": [messages(said("hi", "hello")), messages(said("hi", "you"))]})
    data = tr.read(broken)
    data = data.with_table(type(data.only)(data.only.schema, broken.with_columns(chat=pl.lit("no dialogue at all"))))
    with pytest.raises(DataError, match="Dialogue 1"):
        dialogues_of(data)


def test_one_question_is_one_turn():
    assert asked("hi") == (Turn("user", "hi"),)

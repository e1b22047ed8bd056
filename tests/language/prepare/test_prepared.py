"""Texts are made ready step by step; every row that is changed, left out or added is counted."""

import json

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.data.dialogues import Turn, messages, turns_of
from trasunto.data.split import verify
from trasunto.errors import DataError, EmptyDataError, RecipeError
from trasunto.language.prepare.evening import shortened
from trasunto.language.prepare.prepared import prepared, prepared_parts
from trasunto.language.prepare.settings import Prepare
from trasunto.language.prepare.templates import families, template
from trasunto.language.prepare.vary import language_of, varied

NAMES = ("Ana", "Luis", "Eva", "Juan", "Rosa", "Iván", "Olga", "Pau", "Noa", "Leo")
WORDS = "sun moon rain wind snow fog hail storm cloud heat frost ice dew mist sky thunder".split()  # noqa: SIM905


def weather(rows=60):
    texts = [
        f"The {WORDS[n % 16]} of {WORDS[(n * 7) % 16]} and {WORDS[(n * 5 + 3) % 16]} is here, case {n}"
        for n in range(rows)
    ]
    return tr.read({"text": texts, "label": ["good" if n % 4 else "bad" for n in range(rows)]})


def steps(counts):
    return {each["name"]: (each["changed"], each["left_out"], each["added"]) for each in counts["steps"]}


def test_every_step_is_counted_and_shown():
    dataset = tr.read(
        {
            "text": ["It  weighs 5 kgs &amp; more", "it weighs 5 kg & MORE", "THIS IS SHOUTED ALL ALONG", "on 25/12/2020 we “met” there", None, "  "],
            "label": ["Yes", "yes", "no", "no", "no", "no"],
        }
    )  # fmt: skip
    made, counts = prepared(
        dataset, Prepare(columns=("text",), label="label", units="spelling", dates="%Y-%m-%d", case="calm")
    )
    assert made.rows["text"].to_list() == [
        "It weighs 5 kg & more",
        "This is shouted all along",
        'on 2020-12-25 we "met" there',
    ]
    assert steps(counts) == {
        "clean": (2, 0, 0), "quotes": (1, 0, 0), "units": (1, 0, 0), "dates": (1, 0, 0), "case": (1, 0, 0),
        "labels": (1, 0, 0), "empty": (0, 2, 0), "deduplicate": (0, 1, 0),
    }  # fmt: skip
    assert (counts["rows_before"], counts["rows_after"]) == (6, 3)
    assert counts["steps"][2]["examples"] == [["It weighs 5 kgs & more", "It weighs 5 kg & more"]]
    assert counts["before"]["rows"] == 6 and counts["after"]["rows"] == 3
    json.dumps(counts)
    assert prepared(dataset, Prepare(columns=("text",)), examples=0)[1]["steps"][0]["examples"] == []


def test_labels_are_spelt_one_way():
    frame = {
        "text": [f"a text of its own, number {n}" for n in range(6)],
        "kind": ["Queja", "queja", "queja ", "duda", "duda", "dudá"],
    }
    made, counts = prepared(tr.read(frame), Prepare(label="kind"))
    assert set(made.rows["kind"]) == {"duda", "Queja"}
    assert steps(counts)["labels"][0] == 3
    assert ["dudá", "duda"] in next(each for each in counts["steps"] if each["name"] == "labels")["examples"]


def test_same_seed_same_rows_and_preparing_twice_changes_nothing():
    settings = Prepare(balance="up", vary=1.0, templates=2, shortest=0.1, longest=0.9)
    one, other = prepared(weather(), settings, seed=3)[0], prepared(weather(), settings, seed=3)[0]
    assert one.digest() == other.digest()
    assert one.digest() != prepared(weather(), settings, seed=4)[0].digest()
    plain = prepared(weather())[0]
    assert prepared(plain)[0].digest() == plain.digest()


def test_dialogues_are_prepared_turn_by_turn():
    chat = (Turn("user", "It is  5 kgs"), Turn("assistant", "<b>Yes</b>\n\n\n\nit is"))
    whole = '[{"role": "user", "content": "ok", "name": "Ana"}, {"role": "assistant", "content": "ok"}]'
    dataset = tr.read({"messages": [messages(chat), whole]})
    made, counts = prepared(dataset, Prepare(units="spelling"))
    assert turns_of(made.rows["messages"][0]) == (Turn("user", "It is 5 kg"), Turn("assistant", "Yes\n\nit is"))
    assert made.rows["messages"][1] == whole
    assert counts["texts"] == ["messages"]


def test_lengths_are_trimmed_to_quantiles():
    texts = ["word " * 5 + f"{n}" for n in range(18)] + ["x", "One two three four. Five six. " + "more " * 30]
    made, counts = prepared(tr.read({"text": texts}), Prepare(columns=("text",), shortest=0.06, longest=0.94))
    assert steps(counts)["lengths"] == (1, 1, 0)
    assert made.rows["text"].to_list()[-1] == "One two three four. Five six."
    assert shortened("a b c d. e", 3) == "a b c" and shortened("a b. c d", 2) == "a b."


def test_pairs_that_are_too_long_are_left_out():
    pairs = {"question": [f"What is {n}?" for n in range(20)], "answer": ["It is so."] * 19 + ["so " * 50]}
    pairs["answer"] = [f"{text} {n}" for n, text in enumerate(pairs["answer"])]
    made, counts = prepared(tr.read(pairs), Prepare(longest=0.94))
    assert len(made) == 19 and steps(counts)["lengths"] == (0, 1, 0)


def test_templates_are_collapsed():
    assert (
        template("Call Ana at 555-1234 or ana@x.es!") == template("Call Luis at 777 or luis@y.es") == "call @ at # or @"
    )
    assert template("Ana") == "ana" and template("12") == "12"
    texts = [f"Dear {name}, you owe 1{n},50 euros" for n, name in enumerate(NAMES)] + ["Another text altogether here"]
    made, counts = prepared(tr.read({"text": texts}), Prepare(columns=("text",), templates=3))
    assert len(made) == 4 and steps(counts)["templates"] == (0, 7, 0)
    assert counts["before"]["templates"] < 0.2 and counts["after"]["templates"] == 0.5


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"balance": "down"}, {"good": 15, "bad": 15}),
        ({"balance": "down", "ratio": 2}, {"good": 30, "bad": 15}),
        ({"balance": "up"}, {"good": 45, "bad": 45}),
        ({"balance": "up", "ratio": 2.0}, {"good": 45, "bad": 23}),
        ({"balance": "up", "most": 2}, {"good": 45, "bad": 30}),
        ({"balance": "weights"}, {"good": 45, "bad": 15}),
    ],
)
def test_classes_are_balanced(settings, expected):
    made, counts = prepared(weather(), Prepare(**settings))
    assert dict(made.rows["label"].value_counts().iter_rows()) == expected
    assert counts["before"]["imbalance"] == 3.0
    if settings["balance"] == "weights":
        sums = made.rows.group_by("label").agg(pl.col("weight").sum())["weight"].to_list()
        assert sums == pytest.approx([30, 30])
    if settings["balance"] == "up":
        assert made.rows["text"].to_list()[:60] == weather().rows["text"].to_list()


def test_repeated_rows_are_written_in_other_words():
    texts = [f"I do not like the {word}, thank you" for word in WORDS] + ["I cannot stand it, number one"]
    dataset = tr.read({"text": texts, "label": ["a"] * 16 + ["b"]})
    made, counts = prepared(dataset, Prepare(balance="up", most=4, vary=1.0))
    assert steps(counts)["balance"] == (0, 0, 3) and steps(counts)["vary"] == (3, 0, 0)
    assert made.rows["text"].to_list()[-3:] == ["I can't stand it, number one"] * 3


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Hi there", "en", "Hello there"),
        ("I'm glad", "en", "I am glad I'm happy I am happy"),
        ("It is good", "en", "It's good"),
        ("That is what it is.", "en", "That's what it is."),
        ("Don't you think? Isn't it?", "en", "Don't you think? Isn't it?"),
        ("Happy birthday", "en", "Happy birthday"),
        ("Quizás", "es", "Tal vez"),
        ("de nuevo", "es", "otra vez"),
        ("muchas gracias, te quiero", "es", "muchas gracias, te quiero"),
        ("nothing to see", "en", "nothing to see"),
    ],
)
def test_other_words_say_the_same(text, language, expected):
    made = {varied(text, language, np.random.default_rng(seed)) for seed in range(8)}
    assert all(each in expected for each in made)
    assert (text in made) == (text == expected)


def test_the_language_is_told_by_little_words():
    assert language_of("¿Dónde está el libro?") == "es" and language_of("Where is the book?") == "en"


def test_what_is_alike_stays_on_one_side():
    base = [
        f"the {WORDS[n]} came over the hills of {WORDS[15 - n]} in the morning and stayed until the {WORDS[(n + 5) % 16]}"
        for n in range(16)
    ]
    near = [f"{text} again" for text in base]
    forms = [f"Dear {name}, your code is {n}" for n, name in enumerate(NAMES)]
    dataset = tr.read({"text": base + near + forms, "label": ["a"] * 32 + ["b"] * 10})
    parts, counts = prepared_parts(dataset, Prepare(columns=("text",)), holdout=0.3, seed=1)
    train, test = set(parts.train.rows["text"]), set(parts.holdout.rows["text"])
    assert len(train) + len(test) == 42 and test
    for one, other in zip(base, near, strict=True):
        assert (one in train) == (other in train)
    assert set(forms) <= train or set(forms) <= test
    verify(parts.parts(), counts["split"])
    assert counts["split"]["shared_rows"] == 0


def test_answers_to_one_question_stay_on_one_side():
    numbers = families(["q a", "q b", "r a", "s c"], asked=["What, 1?", "what 2", "And?", None])
    assert numbers[0] == numbers[1] and len(set(numbers)) == 3


def test_only_training_rows_are_evened_out():
    parts, _ = prepared_parts(weather(200), Prepare(balance="down", shortest=0.1), holdout=0.25)
    labels = parts.holdout.rows["label"].value_counts().rows()
    assert dict(labels)["good"] > 2 * dict(labels)["bad"]
    counts = dict(parts.train.rows["label"].value_counts().iter_rows())
    assert counts["good"] == counts["bad"]
    weighted, _ = prepared_parts(weather(), Prepare(balance="weights"), holdout=0.25)
    assert weighted.holdout.only.schema.names == weighted.train.only.schema.names


def test_settings_go_out_and_come_back():
    settings = Prepare(columns=("a", "b"), units="metric", vary=0.5)
    assert Prepare.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings
    with pytest.raises(RecipeError, match="no setting 'unit'"):
        Prepare.from_dict({"unit": 1})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"units": "imperial"}, "units is 'imperial'"),
        ({"balance": "equal"}, "balance is 'equal'"),
        ({"dates": "%H"}, "year, month and day"),
        ({"shortest": 0.9, "longest": 0.1}, "hold nothing"),
        ({"vary": 2.0}, "a chance from 0 to 1"),
        ({"most": 0}, "the least"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings, said):
    with pytest.raises(RecipeError, match=said):
        Prepare(**settings)


def test_data_that_cannot_be_prepared_is_refused():
    with pytest.raises(DataError, match="no column 'txt' to prepare"):
        prepared(weather(), Prepare(columns=("txt",)))
    with pytest.raises(DataError, match="no column of text"):
        prepared(tr.read({"a": [1, 2], "b": [3, 5]}))
    with pytest.raises(DataError, match="holds no text"):
        prepared(tr.read({"a": [1, 2], "b": [3, 5]}), Prepare(columns=("a",)))
    with pytest.raises(DataError, match="no column of labels to balance"):
        prepared(tr.read({"text": ["a", "b"]}), Prepare(columns=("text",), balance="up"))
    with pytest.raises(EmptyDataError, match="No row is left"):
        prepared(tr.read({"text": ["<p>", "\u200b"], "n": [4, 6]}), Prepare(columns=("text",)))


def test_labels_are_found_by_role_name_or_because_there_is_one():
    text = [f"a text of its own, number {n}" for n in range(4)]
    frame = {"text": text, "source": ["a", "b", "a", "b"], "Label": [0, 1, 0, 1], "place": ["x", "y", "y", "x"]}
    assert prepared(tr.read(frame))[1]["label"] == "Label"
    assert prepared(tr.read(frame).with_role("place", "label"))[1]["label"] == "place"
    del frame["Label"]
    assert prepared(tr.read(frame))[1]["label"] is None

"""Every arm is judged on the same unseen questions, with baselines, a curve and paired differences."""

import json

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto import registry
from trasunto.data.dialogues import Turn, messages
from trasunto.errors import FitError, UnknownNameError
from trasunto.language.tasks.judging import worth
from trasunto.language.tasks.responder import AnswerSettings
from trasunto.language.text_evaluation import TextEvaluation

THINGS = ("pool", "gym", "bar", "spa", "lift", "garage", "garden", "lobby")
ASKED = {
    "hours": ("when does the {} open", "The {} opens at eight."),
    "place": ("where do I find the {}", "The {} is on the ground floor."),
}


def talks(seed, rows, broken=0.0):
    """Questions of two intents about many things; a share of the answers is nonsense."""
    rng = np.random.default_rng(seed)
    made = []
    for place in range(rows):
        intent = ("hours", "place")[place % 2]
        thing = THINGS[rng.integers(len(THINGS))]
        question, answer = ASKED[intent]
        made.append(
            {
                "question": f"{question.format(thing)}, please, number {seed}{place}",
                "answer": "no idea at all" if rng.random() < broken else answer.format(thing),
                "intent": intent,
            }
        )
    data = tr.read(pl.DataFrame(made)).with_role("question", "prompt").with_role("answer", "response")
    return data.with_role("intent", "label")


def task(name):
    return registry.load("tasks", name)


@pytest.fixture(scope="module")
def judged(encoder):
    settings = AnswerSettings(method="memory", encoder=str(encoder), test_rows=50)
    return task("chat").judge(
        talks(1, 120, broken=0.5), talks(2, 80), talks(3, 60), settings=settings, curve=(4, 20, 500), seed=0
    )


def test_the_arms_have_as_many_examples_and_the_worse_data_lose(judged):
    arms = {each.arm: each for each in judged.written}
    assert [arms[name].trained_on for name in ("synthetic", "real", "synthetic then real", "synthetic + real")] == [
        80,
        80,
        160,
        160,
    ]
    assert (
        set(arms) >= {"majority answer", "real, 4 examples", "real, 20 examples"} and "real, 500 examples" not in arms
    )
    assert arms["real"].scores["chrf"] > arms["synthetic"].scores["chrf"] + 10 > arms["majority answer"].scores["chrf"]
    difference = judged.facts["difference"]
    assert difference["interval"][1] < 0 and difference["p"] < 0.05 and judged.facts["ratio"] < 1
    assert {each.tested_on for each in judged.written} == {50}
    for each in judged.written:
        low, high = each.intervals["chrf"]
        assert low <= each.scores["chrf"] <= high and each.leading == "chrf" and len(each.examples) == 5
    assert judged.facts["worth"]["count"] < 80


def test_intents_are_judged_beside_and_the_model_knows_them(judged, tmp_path):
    arms = {each.arm: each for each in judged.labelled}
    assert arms["real"].macro_f1 > arms["majority"].macro_f1
    judged.model.save(tmp_path / "lm")
    from trasunto.language.tasks.stored import load_language_model

    again = load_language_model(tmp_path / "lm")
    assert again.intents.predict(["when does the pool open"]) == ["hours"]
    assert again.answer(["where do I find the bar, please"]) == judged.model.answer(["where do I find the bar, please"])


def test_facts_and_evaluations_are_json(judged):
    json.dumps(judged.facts)
    for each in judged.written:
        assert TextEvaluation.from_dict(json.loads(json.dumps(each.to_dict()))) == each


def test_what_the_test_asks_is_not_learnt():
    settings = AnswerSettings(method="memory", encoder="")
    found = task("answering").judge(talks(1, 40), talks(2, 40), talks(2, 20), settings=settings)
    assert found.facts["left_out_for_the_test"] == {"synthetic": 0, "real": 20} and found.facts["examples"] == 20
    with pytest.raises(FitError, match="asks what the test asks"):
        task("answering").judge(talks(1, 40), talks(2, 20), talks(2, 40), settings=settings)


def test_a_dialogue_is_resampled_whole():
    """Ten equal replies in each dialogue do not make the interval narrower."""

    def long(times):
        rows = []
        for place in range(30):
            turns = []
            for _ in range(times):
                turns += [Turn("user", f"say {place}"), Turn("assistant", "yes" if place % 3 else "by no means")]
            rows.append(messages(turns))
        return tr.read(pl.DataFrame({"talk": rows}))

    other = tr.read(
        pl.DataFrame({"talk": [messages([Turn("user", f"ask {n}"), Turn("assistant", "yes")]) for n in range(9)]})
    )
    settings = AnswerSettings(method="memory", encoder="", arms=("synthetic", "real"))
    widths = []
    for times in (1, 10):
        found = task("chat").judge(other, other, long(times), settings=settings)
        low, high = found.written[0].intervals["exact_match"]
        widths.append(high - low)
        assert found.written[0].scores["exact_match"] == pytest.approx(2 / 3)
    assert widths[1] == pytest.approx(widths[0], abs=0.02)


def test_translation_counts_every_right_translation():
    def pairs(rows):
        return tr.read(pl.DataFrame(rows, schema=["en", "es"], orient="row"))

    known = pairs([("Go on now.", "¡Sigue!"), ("It is a cat.", "Es un gato."), ("We are tired.", "Estamos cansados.")])
    test = pairs([("Go on now!!", "¡Siga!"), ("Go on now!!", "¡Sigue!"), ("It is my cat.", "Es mi gato.")])
    found = task("translation").judge(known, known, test, settings=AnswerSettings(method="memory"))
    assert found.written[0].tested_on == 2
    assert {each.arm for each in found.written} >= {"copy of the source"}
    assert list(found.written[0].scores) == ["chrf", "bleu", "ter"]
    shown = {each["prompt"]: each["answer"] for each in found.written[0].examples}
    assert shown == {"Go on now!!": "¡Sigue!", "It is my cat.": "Es un gato."}


def test_texts_are_foretold_better_by_what_has_read_their_like(decoder, texts):
    plain = [text for text, _ in texts]
    rng = np.random.default_rng(0)
    rng.shuffle(plain)
    noise = [" ".join(rng.permutation(list("abcdefghijklmnop"))) for _ in range(60)]

    def data(rows):
        return tr.read(pl.DataFrame({"text": rows}))

    settings = task("generation").settings(
        method="full", base=str(decoder), epochs=4, learning_rate=3e-3, arms=("synthetic", "real"), max_seconds=60
    )
    found = task("generation").judge(data(noise), data(plain[:60]), data(plain[60:120]), settings=settings)
    arms = {each.arm: each.scores["bits_per_byte"] for each in found.written}
    assert arms["real"] < min(arms["base as it is"], arms["synthetic"])
    assert 0 < arms["zlib, real"] < 8 and found.facts["difference"]["interval"][0] > 0
    assert found.facts["ratio"] > 1 and "perplexity" in found.written[0].scores
    assert isinstance(found.model.answer(["the room was"])[0], str)


def test_rows_are_read_as_text_whatever_they_hold(encoder):
    def data(seed):
        rng = np.random.default_rng(seed)
        age = rng.integers(20, 90, 80)
        ill = np.where(age > 55, "yes", "no")
        return tr.read(pl.DataFrame({"age": age, "sex": rng.choice(["f", "m"], 80), "ill": ill})).with_role(
            "ill", "target"
        )

    chosen = task("rows").settings(base=str(encoder))
    found = task("rows").judge(data(0), data(1), data(2), settings=chosen, curve=())
    assert {each.arm for each in found.labelled} >= {"synthetic", "real", "majority"} and not found.written
    assert found.model.lines is not None
    assert task("rows").train(data(0), settings=chosen).predict(["age is 80; sex is f"])[0] in ("yes", "no")


def test_the_worth_of_synthetic_examples_lies_on_the_curve():
    scores = {"synthetic": 30.0, "real": 40.0, "real, 10 examples": 20.0, "real, 100 examples": 40.0}
    assert worth(scores, "max", 1000)["count"] == pytest.approx(10**1.5)
    assert worth({**scores, "synthetic": 50.0}, "max", 1000)["side"] == "more"
    assert worth({"synthetic": 3.0, "real": 1.0, "real, 10 examples": 2.0}, "min", 100)["side"] == "less"
    assert worth({"synthetic": 3.0, "real": 1.0}, "min", 100) is None


def test_an_unknown_task_offers_the_near_ones():
    with pytest.raises(UnknownNameError, match="translation"):
        task("translate")

"""Every check throws away what it should and nothing else, and says why; what is kept stays in order."""

import json

import numpy as np
import pytest

from trasunto.errors import DataError, FileError, RecipeError
from trasunto.language.curation import REASONS, Curate, curate
from trasunto.pipeline.settings import built

BARE = Curate(
    near=None, alike=None, near_copy=None, identifiers="keep", toxicity=(), language=False, lengths=None,
    perplexity=None, agree=False, encoder="words",
)  # fmt: skip


def only(**settings):
    return built(Curate, "Curation", {**BARE.to_dict(), **settings})


def reasons(texts, settings, **more):
    made = curate(texts, more.pop("labels", ()), settings, **more)
    fell = {each.index: each.reason for each in made.rejected}
    assert sorted([*made.kept, *fell]) == list(range(len(texts)))
    assert made.counts["written"] == len(texts) and made.counts["kept"] == len(made.kept)
    return [fell.get(place, "") for place in range(len(texts))]


def test_empty_and_equal_texts():
    found = reasons(["One two.", "  ", "one, TWO!", "😀😀", "😀😀", "?!"], BARE)
    assert found == ["", "empty", "duplicate", "", "duplicate", ""]


def test_lengths_by_limit_and_by_training_texts():
    texts = ["ab", "abcdef", "abcdefghijkl"]
    assert reasons(texts, only(shortest=3, longest=10)) == ["short", "", "long"]
    train = ["x" * size for size in range(4, 11)]
    assert reasons(texts, only(lengths=[0.0, 1.0]), train=train) == ["short", "", "long"]
    assert reasons(texts, only(lengths=[0.0, 1.0], shortest=1), train=train) == ["", "", "long"]
    assert reasons(texts, only(lengths=[0.0, 1.0])) == ["", "", ""]


def test_near_duplicates_and_short_texts():
    texts = [
        "we talked at length about the roses and the old tree in the large garden behind the house",
        "We talked at length about the roses and the old tree in the large garden behind our house!",
        "we talked about roses",
        "we talked about trees",
    ]
    assert reasons(texts, only(near=0.75)) == ["", "near_duplicate", "", ""]
    assert reasons(texts, BARE) == [""] * 4


def test_what_repeats_a_training_text():
    train = ["please send the forty boxes of blue paper to the old mill", "call me back please Ana"]
    texts = [
        "Send the forty boxes of blue paper to the old house tomorrow",
        "call me back, please, ANA",
        "please send the forty boxes and the blue paper to the old mill",
        "the forty boxes are gone",
    ]
    assert reasons(texts, BARE, train=train) == ["verbatim", "verbatim", "", ""]
    assert reasons(texts, only(near_copy=0.4), train=train)[2:] == ["near_copy", ""]
    assert reasons(texts, only(verbatim=False), train=train) == [""] * 4
    assert reasons(texts, BARE, train=train * 3) == [""] * 4, "what three texts hold is nobody's"
    assert reasons(texts, only(common=4), train=train * 3)[:2] == ["verbatim", "verbatim"]


def test_what_stands_in_the_test_set():
    test = ["the quick brown fox jumps over the lazy dog near the river bank", "good morning"]
    texts = [
        "Good morning!",
        "they say the quick brown fox jumps over the lazy cat",
        "the quick brown fox jumps over a lazy dog near the river bank",
        "good evening",
    ]
    found = reasons(texts, only(near=0.4), test=test)
    assert found == ["leak", "leak_run", "leak_near", ""]
    assert reasons(texts, BARE, test=test) == ["leak", "leak_run", "", ""]
    assert reasons(texts, only(leaks=False), test=test) == [""] * 4
    assert curate(texts, (), BARE).counts["off"]["leaks"] == "no test texts"


def test_toxic_words_in_both_languages_and_of_a_file(tmp_path):
    texts = [
        "you are a b1tch",
        "eres un Cabrón",
        "Scunthorpe won again",
        "what a fucking day",
        "hijo de puta",
        "a@ b0 1 2",
    ]
    assert reasons(texts, only(toxicity=["en", "es"])) == ["toxic", "toxic", "", "toxic", "toxic", ""]
    assert reasons(texts, only(toxicity=["es"])) == ["", "toxic", "", "", "toxic", ""]
    file = tmp_path / "words.txt"
    file.write_text("# ours\nScunthorpe\nb0 1\n", encoding="utf-8")
    assert reasons(texts, only(toxic_words=str(file)))[2:] == ["toxic", "", "", "toxic"]
    with pytest.raises(FileError, match="nowhere"):
        curate(texts, (), only(toxic_words="nowhere.txt"))


def test_identifiers_are_found_however_they_are_spelt_and_redacted():
    train = [
        "ring me on 612 345 678 tonight",
        "write to Ana.Perez@Mail.example please",
        "the case 4481920 is closed",
        "José García López signed the lease",
    ]
    texts = [
        "ring the baker on 612-345-678 at noon",
        "my address is ANA.PEREZ@mail.example",
        "closed: 448 1920",
        "signed by GARCIA LOPEZ, JOSE yesterday",
        "ring me on 699 111 222 tonight",
    ]
    found = reasons(texts, only(identifiers="reject", verbatim=False), train=train)
    assert found == ["identifier"] * 4 + [""]
    made = curate(texts, (), only(identifiers="redact", verbatim=False), train=train)
    assert made.counts["redacted"] == 4 and len(made.kept) == 5
    assert "612" not in made.texts[0] and made.texts[0].startswith("ring the baker on [")
    assert made.texts[4] == texts[4]


def test_language_is_inferred_or_given():
    pytest.importorskip("py3langid")
    train = [f"we went to the market and bought {n} apples for the children" for n in range(20)]
    texts = [
        "this is a message about the weather in the north",
        "hoy vamos a comer en casa de mi abuela con los niños",
        "ok",
    ]
    assert reasons(texts, only(language=True), train=train) == ["", "language", ""]
    assert reasons(texts, only(language=True, languages=["es"])) == ["language", "", ""]
    assert reasons(texts, only(language=True)) == [""] * 3
    with pytest.raises(RecipeError, match="'xx'"):
        curate(texts, (), only(language=True, languages=["xx"]))


def test_strange_and_monotonous_texts():
    rng = np.random.default_rng(0)
    words = [
        "the",
        "a",
        "cat",
        "dog",
        "house",
        "garden",
        "river",
        "walks",
        "sees",
        "likes",
        "old",
        "green",
        "near",
        "under",
        "quietly",
        "again",
    ]
    train = [" ".join(rng.choice(words, 12)) for _ in range(200)]
    texts = [
        " ".join(rng.choice(words, 12)),
        "xq zzkw vvv qqj kkw zzx pfx qqz",
        "the the the the the the the the the the",
    ]
    found = reasons(texts, only(perplexity=0.01), train=train)
    assert found == ["", "perplexity", "perplexity"]


GOOD = [
    f"the {place} was {word} and lovely"
    for place in ("room", "food", "view", "pool")
    for word in ("clean", "superb", "bright")
]
BAD = [
    f"the {place} was {word} and awful"
    for place in ("room", "food", "view", "pool")
    for word in ("dirty", "broken", "dark")
]
TRAIN, LABELS = [*GOOD, *BAD], ["good"] * 12 + ["bad"] * 12


def test_labels_that_another_model_does_not_give_are_thrown_away_or_put_right():
    texts, labels = ["a lovely superb bed", "a broken awful bed", "a lovely clean bed"], ["good", "good", "good"]
    real = {"train": TRAIN, "train_labels": LABELS, "labels": labels}
    assert reasons(texts, only(agree=True), **real) == ["", "disagrees", ""]
    made = curate(texts, labels, only(agree=True, relabel=0.5), train=TRAIN, train_labels=LABELS)
    assert made.labels == ("good", "bad", "good") and made.counts["relabelled"] == 1
    assert reasons(texts, only(agree=True, least=0.01), **real) == ["", "", ""]
    assert curate(texts, (), only(agree=True), train=TRAIN, train_labels=LABELS).counts["off"]["agree"] == "no labels"


def test_texts_between_two_classes_are_ambiguous():
    texts, labels = ["the room was lovely", "the room was", "the room was awful"], ["good", "good", "good"]
    found = reasons(texts, only(ambiguity=0.05), train=TRAIN, train_labels=LABELS, labels=labels)
    assert found == ["", "ambiguous", "ambiguous"]


def test_the_same_in_other_words():
    texts = ["the red cat sat here", "here sat the red cat", "a blue dog ran there"]
    assert reasons(texts, only(alike=0.7)) == ["", "alike", ""]


def test_the_mix_of_labels_and_the_number_of_texts():
    texts = [f"text number {n} of many" for n in range(40)]
    labels = ["a"] * 30 + ["b"] * 10
    real = {"train": [f"real {n}" for n in range(4)], "train_labels": ["a", "a", "b", "b"]}
    kept = curate(texts, labels, only(balance="real"), **real)
    assert kept.counts["labels"] == {"a": 10, "b": 10} and kept.counts["rejected"] == {"surplus": 20}
    assert list(kept.kept) == sorted(kept.kept)
    assert curate(texts, labels, only(balance="equal", rows=12)).counts["labels"] == {"a": 6, "b": 6}
    assert curate(texts, labels, only(rows=8)).counts["labels"] == {"a": 6, "b": 2}
    assert curate(texts, labels, only(rows=100)).counts["kept"] == 40


def test_texts_without_labels_are_neither_doubted_nor_balanced_away():
    settings = only(agree=True, ambiguity=0.05, balance="real", rows=2)
    texts = ["a broken lift", "the stairs", "a lovely bed"]
    assert curate(texts, (), settings, train=TRAIN, train_labels=LABELS).counts["kept"] == 2
    made = curate(texts, ["bad", "", "good"], only(agree=True), train=TRAIN, train_labels=LABELS)
    assert made.counts["kept"] == 3


def test_those_most_like_the_training_texts_are_kept():
    near = [f"the {flower} in our garden" for flower in ("rose", "lily", "tulip")]
    far = [f"stock markets fell by {n} points today" for n in range(6)]
    train = [f"the {flower} in our garden" for flower in ("daisy", "violet", "poppy", "iris", "aster", "peony")]
    made = curate([*far, *near], (), only(rows=3), train=train)
    assert made.texts == tuple(near)


def test_in_private_nothing_private_is_looked_at():
    train = ["please send the forty boxes of blue paper to the old mill"] * 2
    texts = [*train, "good morning"]
    made = curate(texts, (), only(private=True), train=train, test=texts)
    assert {each.reason for each in made.rejected} == {"duplicate"}
    assert made.counts["off"]["verbatim"] == made.counts["off"]["leaks"] == "private"


def test_same_texts_same_result_and_reasons_are_known():
    texts, labels = [*TRAIN, *TRAIN[:3]], [*LABELS, *LABELS[:3]]
    one, two = (
        curate(texts, labels, Curate(encoder="words", language=False), train=TRAIN, train_labels=LABELS, seed=3)
        for _ in range(2)
    )
    assert one == two
    assert set(one.counts["rejected"]) <= set(REASONS) and set(one.examples()) == set(one.counts["rejected"])


def test_no_texts_are_no_error_and_labels_must_match():
    assert curate([], (), BARE).counts["kept"] == 0
    with pytest.raises(DataError, match="2 texts and 1 labels"):
        curate(["a", "b"], ["x"], BARE)


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("nears", 0.5, "'near'"), ("near", 2.0, "from 0 to 1"), ("near", 0.1, "0.3"), ("near", "much", "number"),
        ("identifiers", "hide", "'hide'"), ("balance", "even", "'even'"), ("toxicity", ["fr"], "'fr'"),
        ("duplicates", 3, "bool"), ("lengths", [0.9, 0.1], "in order"), ("rows", 0, "1 or more"),
    ],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(setting, value, says):
    with pytest.raises(RecipeError, match=says):
        built(Curate, "Curation", {setting: value})


def test_settings_go_to_json_and_back():
    wanted = Curate(rows=4, languages=("es",))
    assert built(Curate, "Curation", json.loads(json.dumps(wanted.to_dict()))) == wanted

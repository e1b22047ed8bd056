"""Word n-grams: against Kneser-Ney worked out by hand, and what may not be written."""

import numpy as np
import pytest

from trasunto.language.ngram import count, starts_of
from trasunto.language.ngram_copies import NOTHING, fit_copies
from trasunto.language.ngram_draw import draw, ready
from trasunto.language.ngram_labels import fit_labeller
from trasunto.language.ngram_words import BEGIN, END, fit_words, pieces, shape


def _model(texts, order, least=1, roots=None):
    words = fit_words(texts, least)
    coded, lengths = words.coded(texts)
    roots = np.zeros((len(texts), 1), dtype=np.int64) if roots is None else roots
    return words, coded, lengths, count(words, coded, lengths, roots, order)


@pytest.mark.parametrize(
    "text",
    ["It's 5 o'clock, isn't it?", "¿Qué tal? ¡Muy bien!", "a\nb: c d", "precio:20€ (IVA)", "😀 ok 😀😀", "x"],
)
def test_pieces_joined_are_the_text(text):
    assert "".join(pieces(text)).strip() == text


def test_white_space_is_put_in_order_and_control_characters_go():
    assert "".join(pieces("  a \t b \n\n  c\x00d ")) == " a b\nc d"


def test_a_rare_word_is_kept_as_its_shape():
    assert shape(" 600123456").startswith("\0009digits") and shape("Ana") != shape("ana") != shape(" ana")
    words = fit_words(["call Ana on 600123456"] * 2 + ["call Zoe on 611"], 2)
    assert " Ana" in words.pieces and " Zoe" not in words.pieces
    coded, _ = words.coded(["call Zoe on 611"])
    made = {words.text(coded[1:-1].tolist(), np.random.default_rng(seed)) for seed in range(40)}
    assert not any("Zoe" in text for text in made)
    assert all(text.startswith("call Ana on ") and len(text.split()[-1]) == 3 for text in made)
    assert len({text.split()[-1] for text in made}) > 20


def test_counts_are_those_of_kneser_ney():
    # By hand: after "a" come b, b, c; "b" follows a and x, "c" follows a alone.
    words, *_, model = _model(["a b", "a b", "a c", "x b"], 2)
    number, size = words.number, len(words)
    low, high = model.levels
    at = {key: place for place, key in enumerate(low.pairs.tolist())}

    def continuations(piece):
        # Discounts are the same for all pairs seen as often, so weights of equal counts are equal.
        return low.weights[at[number[piece] if piece else END]]

    assert continuations(" b") > continuations(" c") == continuations(" x") == continuations(" a")
    context = at[number[" a"]]
    starts = starts_of(high.pairs, len(low.pairs), size)
    after = {int(p) % size: w for p, w in zip(high.pairs, high.weights, strict=True) if p // size == context}
    assert set(after) == {number[" b"], number[" c"]} and starts[context + 1] - starts[context] == 2
    assert after[number[" b"]] > after[number[" c"]]
    # The chance to stop is what discounts leave of the 3 times that "a" was followed.
    assert high.stop[context] == pytest.approx(sum(after.values()) / 3)
    assert at[BEGIN] is not None and low.weights[at[BEGIN]] == 0


def test_draws_follow_the_counts_and_back_off():
    texts = ["a b c"] * 60 + ["a b d"] * 30 + ["e b c"] * 10
    words, *_, model = _model(texts, 3)
    rng = np.random.default_rng(0)
    under = np.zeros((20_000, 1), dtype=np.int64)
    found, given_up = draw(model, ready(model), under, np.ones(1), NOTHING, longest=9, rng=rng)
    made = [words.text(each, rng) for each in found if each]
    shares = {text: made.count(text) / len(made) for text in set(made)}
    # Standard error 0.0035; what is discounted goes elsewhere, so a few points are lost.
    assert 0.5 < shares["a b c"] < 0.64 and 0.22 < shares["a b d"] < 0.34 and shares["e b c"] > 0.04
    assert shares.get("e b d", 0) > 0.001, "a mixture of two texts that was never seen"
    assert given_up["verbatim"] == 0
    cold, _ = draw(model, ready(model, 0.2), under[:2000], np.ones(1), NOTHING, longest=9, rng=rng)
    assert [words.text(each, rng) for each in cold if each].count("a b c") / 2000 > shares["a b c"] + 0.1


def test_roots_keep_labels_apart_and_mix():
    texts = ["good room here"] * 40 + ["bad food there"] * 40
    roots = np.array([[0, 2]] * 40 + [[1, 2]] * 40)
    words, *_, model = _model(texts, 2, roots=roots)
    rng = np.random.default_rng(0)

    def share(mix):
        under = np.array([[0, 2]] * 2000)
        found, _ = draw(model, ready(model), under, np.array(mix), NOTHING, longest=9, rng=rng)
        return np.mean(["bad" in words.text(each, rng) for each in found])

    # Even words of no text of the label come, rarely: its words back off to those of all texts.
    assert share([1.0, 0.0]) < 0.03 and 0.05 < share([0.5, 0.5]) < 0.5


def test_a_text_without_a_label_is_drawn_from_all_texts():
    words, *_, model = _model(["good room here"] * 40, 3, roots=np.array([[0, 1]] * 40))
    rng = np.random.default_rng(0)
    under = np.array([[-1, 1]] * 500)
    found, _ = draw(model, ready(model), under, np.array([1.0, 0.0]), NOTHING, longest=9, rng=rng)
    assert np.mean([words.text(each, rng) == "good room here" for each in found]) > 0.8


def test_no_run_of_eight_words_of_a_text_is_written():
    letters = "abcdefghijklmnopqrstuvwxyz"
    rng = np.random.default_rng(0)
    # Twice each: below the ten from which a run belongs to nobody.
    texts = [" ".join(rng.choice(list(letters), 20)) for _ in range(30)] * 2 + [
        "one two three four five six seven eight nine"
    ] * 12
    words, coded, lengths, model = _model(texts, 4)
    copies = fit_copies(words, coded, lengths, 7)
    under = np.zeros((3000, 1), dtype=np.int64)
    found, _ = draw(model, ready(model, 0.5), under, np.ones(1), copies, longest=60, rng=rng)
    runs = {run for text in texts[:60] for run in _runs(text)}
    made = [words.text(each, rng) for each in found if each]
    assert len(made) > 1000
    assert not any(run in runs for text in made for run in _runs(text))
    assert any("one two three four five six seven eight" in text for text in made), "common runs may be written"
    free, _ = draw(model, ready(model, 0.5), under, np.ones(1), NOTHING, longest=60, rng=rng)
    assert any(run in runs for each in free for run in _runs(words.text(each, rng))), "the test can fail"


def test_a_short_text_is_not_written_again():
    texts = ["the sea is blue", "the sea is cold", "my dog is blue", "my dog is cold", "a b"] * 2
    words, coded, lengths, model = _model(texts, 2)
    copies = fit_copies(words, coded, lengths, 7)
    rng = np.random.default_rng(1)
    found, given_up = draw(model, ready(model), np.zeros((400, 1), np.int64), np.ones(1), copies, longest=9, rng=rng)
    made = {words.text(each, rng) for each in found if each}
    assert not made & {"the sea is blue", "my dog is cold"} and given_up["verbatim"] > 0 and "a b" in made


def _runs(text):
    said = text.split()
    return [" ".join(said[at : at + 8]) for at in range(len(said) - 7)]


def test_the_labeller_tells_labels_by_words():
    labeller = fit_labeller(["lovely clean room", "dirty broken bed"] * 10, ["good", "bad"] * 10)
    assert labeller.agrees(["a clean room", "a dirty room"], ["good", "bad"]).all()
    assert not labeller.agrees(["a clean room"], ["bad"]).any()
    assert np.allclose(labeller.probabilities(["x", "clean"]).sum(axis=1), 1)
    assert fit_labeller(["a", "b"], ["same", "same"]) is None
    three = fit_labeller(["red", "green", "blue"] * 5, ["r", "g", "b"] * 5)
    assert three.agrees(["green"], ["g"]).all() and labeller.probabilities([]).shape == (0, 2)

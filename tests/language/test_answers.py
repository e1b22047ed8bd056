"""Scores of written answers: against sacrebleu's own, against the slow definition, against what is known by hand."""

import math

import numpy as np
import pytest

from trasunto.errors import MetricError
from trasunto.language import answers
from trasunto.language.text_evaluation import GOALS, TextEvaluation

SAID = ["the cat sat on the mat", "a dog", "", "¿Dónde está la casa?", "he goes home to eat, now", "x"]
RIGHT = ["the cat is on the mat", "a big dog ran away", "nothing", "Dónde está tu casa", "now he goes home to eat", "x"]
SEVERAL = [(each, each[::-1]) for each in RIGHT]


@pytest.mark.parametrize("right", [[(each,) for each in RIGHT], SEVERAL])
def test_bleu_chrf_and_ter_are_those_of_sacrebleu(right):
    from sacrebleu.metrics import BLEU, CHRF, TER

    columns = [list(each) for each in zip(*right, strict=True)]
    for ours, theirs in ((answers.bleu, BLEU()), (answers.chrf, CHRF()), (answers.ter, TER())):
        found = ours(SAID, right)
        assert found.score == pytest.approx(theirs.corpus_score(SAID, columns).score, abs=1e-9), found.name
        assert found.goal == GOALS[found.name]


def lcs(one, other):
    table = np.zeros((len(one) + 1, len(other) + 1), dtype=int)
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            table[i + 1, j + 1] = table[i, j] + 1 if a == b else max(table[i, j + 1], table[i + 1, j])
    return table[-1, -1]


def test_rouge_is_that_of_the_table():
    rng = np.random.default_rng(0)
    for _ in range(60):
        one, other = (list(rng.choice(list("abcd"), rng.integers(1, 90))) for _ in range(2))
        wanted = 2 * lcs(one, other) / (len(one) + len(other))
        assert answers.rouge_l([" ".join(one)], [" ".join(other)]).score == pytest.approx(wanted)
    assert answers.rouge_l(["", "a"], ["a", "A"]).by_row().tolist() == [0.0, 1.0]


def test_exact_match_looks_through_case_and_marks_alone():
    assert answers.exact_match(
        ["Yes, sir!", "no sir", "ok"], [["yes sir"], "No, madam", ["bad", "OK."]]
    ).by_row().tolist() == [1, 0, 1]


def test_perplexity_and_bits_go_over_all_tokens_and_bytes():
    nats, tokens = [math.log(4) * 3, math.log(4) * 9], [3, 9]
    assert answers.perplexity(nats, tokens).score == pytest.approx(4.0)
    # 24 bits in ten bytes: "ñ" has two.
    assert answers.bits_per_byte(nats, ["ñu", "abcdefg"]).score == pytest.approx(2.4)


def test_similarity_knows_the_same_text_and_takes_the_nearest_reference(encoder):
    found = answers.embedding_similarity(
        ["the room was lovely"] * 2, ["the room was lovely", ("the bar", "the room was lovely")], encoder=encoder
    )
    assert found.by_row() == pytest.approx([1.0, 1.0], abs=1e-5)
    other = answers.embedding_similarity(["the room was lovely"], ["money back number"], encoder=encoder)
    assert other.score < 0.999


def test_intervals_hold_the_truth_as_often_as_they_say():
    """Of 200 samples of a known mean about 95 % of intervals hold it: at least 88 % (four standard errors below)."""
    rng, held = np.random.default_rng(1), 0
    for _ in range(200):
        found = answers._mean("rouge_l", rng.random(60))
        _, intervals = answers.measured([found], seed=3)
        low, high = intervals["rouge_l"]
        held += low <= 0.5 <= high
    assert 0.88 <= held / 200 <= 0.995


def test_the_paired_test_sees_what_two_intervals_do_not():
    rng = np.random.default_rng(0)
    one = rng.random(100)
    better = answers._mean("rouge_l", np.minimum(one + 0.03 * rng.random(100), 1))
    worse = answers._mean("rouge_l", one)
    found = answers.paired(better, worse, seed=1)
    low, high = found.interval
    assert 0 < low <= found.value <= high < 0.03 and found.p < 0.01
    (_, one_way), (_, other_way) = answers.measured([better]), answers.measured([worse])
    assert one_way["rouge_l"][0] < other_way["rouge_l"][1]
    same = answers.paired(worse, worse)
    assert same.value == 0 and same.p == 1.0 and same.interval == (0.0, 0.0)
    assert found == answers.paired(better, worse, seed=1)
    with pytest.raises(MetricError, match="same measure on the same rows"):
        answers.paired(worse, answers._mean("rouge_l", one[:9]))


def test_groups_are_resampled_whole():
    """Three replies a dialogue that are alike: the interval is as wide as that of the dialogues."""
    rng = np.random.default_rng(0)
    alone = rng.random(50)
    replies = answers._mean("rouge_l", np.repeat(alone, 3)).grouped(np.repeat(np.arange(50), 3))
    assert replies.score == pytest.approx(alone.mean())
    assert answers.measured([replies], seed=2)[1]["rouge_l"] == pytest.approx(
        answers.measured([answers._mean("rouge_l", alone)], seed=2)[1]["rouge_l"]
    )


@pytest.mark.parametrize("said, right", [([], []), (["a"], ["a", "b"]), (["a"], [()])])
def test_what_cannot_be_scored_is_told(said, right):
    with pytest.raises(MetricError):
        answers.chrf(said, right)


def test_an_evaluation_comes_back_from_json():
    import json

    found = TextEvaluation(
        "real",
        "translation",
        10,
        5,
        {"chrf": 31.5, "bleu": 9.0},
        {"chrf": (30.0, 33.0)},
        ({"prompt": "a", "answer": "b", "expected": "c"},),
        {"seed": 0},
    )
    assert TextEvaluation.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    assert found.leading == "chrf"

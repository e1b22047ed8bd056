import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trasunto.metrics.words import WORD, Vocabulary, among, longest_shared

few_words = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=12).map(" ".join), min_size=1, max_size=6)


def streams(*parts):
    vocabulary = Vocabulary()
    return [vocabulary.stream([[text] for text in part]) for part in parts]


def grams(text, length):
    words = text.split()
    return {tuple(words[place : place + length]) for place in range(len(words) - length + 1)}


def test_words_are_words_in_many_scripts():
    assert WORD.findall("don't stop, 3.5 years!") == ["don", "t", "stop", "3", "5", "years"]
    assert WORD.findall("año über Привет") == ["año", "über", "Привет"]
    assert WORD.findall("你好 abc世界") == ["你", "好", "abc", "世", "界"]


@settings(max_examples=60, deadline=None)
@given(few_words, few_words, st.integers(1, 5))
def test_hashes_find_the_runs_that_sets_of_words_find(one, other, length):
    first, second = streams(one, other)
    hashes, row = first.runs(length, first.sums())
    theirs = second.runs(length, second.sums())[0]
    found = set(row[among(hashes, np.sort(theirs))].tolist())
    known = set().union(*(grams(text, length) for text in other))
    assert found == {place for place, text in enumerate(one) if grams(text, length) & known}


@settings(max_examples=60, deadline=None)
@given(few_words, few_words)
def test_the_longest_shared_run_is_that_of_a_plain_search(one, other):
    expected = max(
        (n for n in range(1, 13) for a in one for b in other if grams(a, n) & grams(b, n)),
        default=0,
    )
    assert longest_shared(*streams(one, other)) == expected


def test_runs_stay_within_a_text_and_whole_texts_of_other_lengths_differ():
    (stream,) = streams(["a b", "c d", "a b c"])
    hashes, row = stream.runs(2, stream.sums())
    assert row.tolist() == [0, 1, 2, 2]
    assert len(set(hashes.tolist())) == 3
    whole, row = stream.whole(2, 3, stream.sums())
    assert (len(whole), row.tolist()) == (2, [0, 1])


def test_rows_of_several_texts_signs_alone_and_nothing():
    vocabulary = Vocabulary()
    stream = vocabulary.stream([["A b", "c"], ["?!"], []])
    assert stream.row.tolist() == [0, 0, 1]
    assert stream.lengths.tolist() == [2, 1, 1]
    assert stream.rows == 3
    nothing = vocabulary.stream([])
    assert longest_shared(nothing, stream) == 0
    assert nothing.runs(8, nothing.sums())[0].size == 0


def test_shuffled_words_are_real_words_in_texts_of_real_lengths():
    real, made = streams(["a b c d e", "f g h"], ["x"] * 50)
    salad = real.shuffled(made, np.random.default_rng(0))
    assert set(salad.lengths.tolist()) == {3, 5}
    assert set(salad.words.tolist()) <= set(real.words.tolist())
    assert (len(salad.lengths), salad.rows) == (50, 50)
    assert salad.ends[-1] == len(salad.words) == pytest.approx(200, abs=40)

"""Texts that were read are found by their words in what was written; texts that were not are not."""

import numpy as np
import polars as pl
import pytest

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.metrics.attacks.echoes import echoed
from trasunto.metrics.attacks.membership import membership_echoes
from trasunto.metrics.score import Comparison
from trasunto.metrics.words import Vocabulary

SCHEMA = TableSchema((Column("text", "text"), Column("label", "category")))
WORDS = np.array([f"word{place}" for place in range(400)])


def letters(rows, seed):
    rng = np.random.default_rng(seed)
    share = 1.0 / np.arange(1, 401)
    texts = [" ".join(rng.choice(WORDS, 15, p=share / share.sum())) for _ in range(rows)]
    return Dataset.of(Table(SCHEMA, pl.DataFrame({"text": texts, "label": ["a", "b"] * (rows // 2)})), "letters")


def altered(data, share, seed):
    rng = np.random.default_rng(seed)
    texts = [
        " ".join(str(rng.choice(WORDS)) if rng.random() < share else w for w in t.split()) for t in data.rows["text"]
    ]
    return data.with_table(Table(SCHEMA, data.rows.with_columns(pl.Series("text", texts))))


def test_texts_written_again_with_some_words_changed_are_given_away():
    real = letters(300, 0)
    found = membership_echoes(Comparison(real, altered(real, 0.3, 3), letters(300, 1)))
    assert found[0].metric == "privacy.membership_echoes" and found[0].interval[0] > 0.9
    caught = next(score for score in found if score.metric == "privacy.membership_echoes_tpr_1")
    assert caught.interval[0] > 0.2 and caught.control == 0.01
    assert {score.subject for score in found[2:]} == {"word pairs", "most alike"}


def test_other_texts_of_the_same_kind_give_nobody_away():
    areas = [membership_echoes(Comparison(letters(300, 3 * n), letters(300, 3 * n + 1), letters(300, 3 * n + 2)))[0]
             for n in range(5)]  # fmt: skip
    # Five intervals of 95 %: that two miss a half has a chance of 0.02.
    assert sum(each.interval[0] <= 0.5 <= each.interval[1] for each in areas) >= 4
    assert np.mean([each.value for each in areas]) == pytest.approx(0.5, abs=0.05)


def test_it_needs_unseen_texts():
    real = letters(200, 0)
    assert membership_echoes(Comparison(real, letters(200, 1))) == ()
    assert membership_echoes(Comparison(real, letters(200, 1), letters(60, 2))) == ()
    schema = TableSchema((Column("n", "integer"),))
    numbers = [Dataset.of(Table(schema, pl.DataFrame({"n": list(range(n, n + 200))})), "n") for n in range(3)]
    assert membership_echoes(Comparison(*numbers)) == ()


def test_a_row_of_several_texts_is_one_row():
    vocabulary = Vocabulary()
    asked = vocabulary.stream([["a b", "c d"], ["x y", "z"]])
    known, written = vocabulary.stream([["a x", "c y"]]), vocabulary.stream([["a b", "c d e"], ["a b"]])
    scores = echoed(asked, known, written, len(vocabulary))
    assert scores["most alike"].tolist() == [2.0, 0.0]
    assert scores["word pairs"][0] > 0 > scores["word pairs"][1]

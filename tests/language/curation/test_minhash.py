"""MinHash finds what comparing all pairs finds, and proposes few others."""

import numpy as np
import pytest

from trasunto.language.curation.duplicates import NearDuplicates
from trasunto.language.curation.minhash import (
    SHINGLE,
    SIGNS,
    Shingles,
    candidates,
    jaccard,
    rows_of_a_band,
    shingled,
    signatures,
)
from trasunto.metrics.words import Vocabulary


def varied(number, seed=0):
    """Texts of which many are another one with a word or more changed."""
    rng = np.random.default_rng(seed)
    words = [f"w{n}" for n in range(300)]
    texts = []
    for place in range(number):
        if place % 2 and texts:
            old = texts[int(rng.integers(len(texts)))].split()
            for _ in range(int(rng.integers(1, 6))):
                old[int(rng.integers(len(old)))] = str(rng.choice(words))
            texts.append(" ".join(old))
        else:
            texts.append(" ".join(rng.choice(words, int(rng.integers(6, 30)))))
    return texts


def sets_of(texts):
    return [{tuple(w[i : i + SHINGLE]) for i in range(len(w) - SHINGLE + 1)} for w in (t.split() for t in texts)]


@pytest.mark.parametrize("least", [0.5, 0.75, 0.9])
def test_as_when_all_pairs_are_compared(least):
    texts = varied(400)
    sets = sets_of(texts)
    kept, found = [], []
    for mine in sets:
        # Below six words a text is compared with none.
        near = len(mine) >= 4 and any(len(mine & other) / len(mine | other) >= least for other in kept)
        found.append(near)
        if not near and len(mine) >= 4:
            kept.append(mine)
    made = NearDuplicates(least).look(texts, [""] * len(texts))
    assert [each is not None for each in made] == found
    assert 2 < sum(found) < 300


def test_rounds_find_what_one_round_finds():
    texts = varied(300, seed=1)
    whole = NearDuplicates(0.6).look(texts, [""] * 300)
    check = NearDuplicates(0.6)
    parts = [found for start in range(0, 300, 70) for found in check.look(texts[start : start + 70], [""] * 70)]
    assert [each is None for each in parts] == [each is None for each in whole]


def test_the_overlap_is_counted_exactly_and_few_pairs_are_proposed():
    texts = varied(300, seed=2)
    shingles = shingled(texts, Vocabulary())
    one, other = candidates(signatures(shingles), 0.75)
    sets = sets_of(texts)
    exact = [len(sets[a] & sets[b]) / len(sets[a] | sets[b]) for a, b in zip(one, other, strict=True)]
    assert np.allclose(jaccard(shingles, one, other), exact)
    assert (one < other).all() and 0 < len(one) < 0.02 * 300 * 299 / 2


def test_signs_agree_as_frequently_as_runs_overlap():
    texts = varied(200, seed=3)
    shingles = shingled(texts, Vocabulary())
    signs = signatures(shingles)
    one, other = candidates(signs, 0.5)
    told = (signs[one] == signs[other]).mean(axis=1)
    # 128 signs: a standard error of 0.044 at most; the mean over pairs has far less.
    assert abs((told - jaccard(shingles, one, other)).mean()) < 0.03


def test_a_thousand_texts_of_one_form_are_no_million_pairs():
    texts = [f"your order has been sent and will be with you in {n} days from now" for n in range(1000)]
    shingles = shingled(texts, Vocabulary())
    one, _ = candidates(signatures(shingles), 0.75)
    assert len(one) < 1000 * 16 * SIGNS
    assert sum(each is None for each in NearDuplicates(0.5).look(texts, [""] * 1000)) == 1


def test_texts_without_words_or_none_at_all():
    assert NearDuplicates(0.75).look([], []) == []
    assert NearDuplicates(0.75).look(["", "?!", "one two"], [""] * 3) == [None] * 3
    assert len(Shingles.none()) == 0


@pytest.mark.parametrize("least", [0.3, 0.5, 0.75, 0.95])
def test_a_pair_that_is_alike_enough_is_nearly_always_proposed(least):
    rows = rows_of_a_band(least)
    assert 1 - (1 - least**rows) ** (SIGNS // rows) >= 0.99

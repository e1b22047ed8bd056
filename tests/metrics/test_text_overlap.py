import numpy as np
import pytest

from trasunto.errors import MetricError
from trasunto.metrics import text_overlap
from trasunto.metrics.score import Comparison

WORDS = [f"word{place}" for place in range(400)]


def letters(rows, seed, words=60):
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, words)) for _ in range(rows)]


def by_name(scores):
    return {score.metric: score for score in scores}


@pytest.fixture
def compared(build):
    def make(made, real, unseen=None):
        holdout = build(t=("text", unseen)) if unseen is not None else None
        return Comparison(build(t=("text", real)), build(t=("text", made)), holdout)

    return make


def test_equal_data_overlaps_in_nothing(compared):
    found = by_name(text_overlap.overlap(compared(letters(100, 1), letters(200, 0), letters(200, 2))))
    assert set(found) == {"privacy.ngram_overlap", "privacy.verbatim_50", "privacy.near_duplicates"}
    for score in found.values():
        assert (score.value, score.control, score.baseline) == (0.0, 0.0, 0.0)
        assert 0 < score.interval[1] < 0.05


def test_planted_texts_are_counted_each_by_its_measure(compared):
    real = letters(200, 0)
    made = letters(100, 1)
    made[:10] = real[:10]
    # Thirteen words of another's text within a text of one's own: 1 run of 48.
    made[10:20] = [
        " ".join([*own.split()[:47], *other.split()[:13]]) for own, other in zip(made[10:20], real[10:20], strict=True)
    ]
    # Every sixth word another: most runs of three are broken, none of 13 is left.
    made[20:30] = [
        " ".join("x" if place % 10 == 9 else word for place, word in enumerate(text.split())) for text in real[20:30]
    ]
    found = by_name(text_overlap.overlap(compared(made, real, letters(200, 2))))
    assert found["privacy.ngram_overlap"].value == pytest.approx((10 * 48 + 10) / (100 * 48))
    low, high = found["privacy.ngram_overlap"].interval
    assert 0 < low < 0.1 < high < 0.2
    assert found["privacy.verbatim_50"].value == pytest.approx(0.1)
    assert found["privacy.near_duplicates"].value == pytest.approx(0.2)
    assert all(score.control == 0 for score in found.values())


def test_near_duplicates_are_those_of_sets_of_runs(compared):
    rng = np.random.default_rng(3)
    real = [" ".join(rng.choice(list("abcd"), rng.integers(5, 12))) for _ in range(30)]
    made = [" ".join(rng.choice(list("abcd"), rng.integers(3, 12))) for _ in range(60)]

    def runs(text):
        words = text.split()
        return {tuple(words[i : i + 3]) for i in range(len(words) - 2)}

    def near(text):
        return any(len(runs(text) & runs(r)) >= 0.5 * len(runs(text) | runs(r)) for r in real)

    long = [text for text in made if len(text.split()) >= 5]
    score = by_name(text_overlap.overlap(compared(made, real)))["privacy.near_duplicates"]
    assert score.value == pytest.approx(np.mean([near(text) for text in long]))
    assert 0 < score.value < 1


def test_habit_shows_in_the_control(compared):
    notice = "please do not reply to this message it was sent automatically by our system thank you for your patience"
    real, made, unseen = ([*letters(20, seed), *[notice] * 20] for seed in (0, 1, 2))
    found = by_name(text_overlap.overlap(compared(made, real, unseen)))
    assert found["privacy.ngram_overlap"].value == found["privacy.ngram_overlap"].control > 0
    assert found["privacy.near_duplicates"].value == found["privacy.near_duplicates"].control == 0.5


def test_short_texts_leave_out_what_they_cannot_show(compared, build):
    assert [s.metric for s in text_overlap.overlap(compared(["a b"], ["c d"]))] == []
    assert text_overlap.overlap(Comparison(build(a=("integer", [1])), build(a=("integer", [1])))) == ()
    with pytest.raises(MetricError, match="no texts to compare"):
        text_overlap.overlap(compared([None], ["c d"]))

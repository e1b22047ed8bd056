import numpy as np
import pytest

from trasunto.metrics.score import Comparison
from trasunto.metrics.text_identifiers import replayed_identifiers


def letters(rows, seed):
    rng = np.random.default_rng(seed)
    return [
        f"please call me on 07{rng.integers(10**8, 10**9)} or write to user{rng.integers(10**6)}@mail{seed}.org today"
        for _ in range(rows)
    ]


@pytest.fixture
def compared(build):
    def make(made, real, unseen=None):
        holdout = build(t=("text", unseen)) if unseen is not None else None
        return Comparison(build(t=("text", real)), build(t=("text", made)), holdout)

    return make


def test_equal_data_replays_nothing(compared):
    (score,) = replayed_identifiers(compared(letters(100, 1), letters(100, 0), letters(100, 2)))
    assert (score.value, score.control, score.subject) == (0.0, 0.0, "")
    assert score.interval[1] < 0.05


def test_planted_identifiers_are_found_however_they_are_written(compared):
    real = letters(100, 0)
    address = [text.split("write to ")[1].split()[0] for text in real]
    made = [*letters(50, 1), *(f"my mail is {each.upper()}, thanks" for each in address[:20])]
    (score,) = replayed_identifiers(compared(made, real, letters(100, 2)))
    # Each text holds a telephone and an address; the addresses of 20 came back.
    assert score.value == pytest.approx(20 / 200, abs=0.02)
    assert score.interval[0] > 0.05 and score.control == 0.0


def test_they_are_split_by_how_many_texts_hold_them(compared):
    real = [*letters(40, 0), *["text 80086 to win"] * 9, *["meet me at ana.lopez@home.net"] * 3]
    made = ["text 80086 to win", "hello there you all"]
    found = {score.subject: score for score in replayed_identifiers(compared(made, real))}
    assert found[""].value == 0.0
    assert found["in 2 to 4 texts"].value == 0.0
    assert found["in 5 texts or more"].value == 1.0


def test_what_unseen_texts_hold_too_is_nobodys(compared):
    service = "text 80086 to win"
    assert replayed_identifiers(compared([service], [service] * 9, [service, "nothing here"])) == ()


def test_without_texts_or_identifiers_there_is_no_score(compared, build):
    assert replayed_identifiers(compared(["hello you"], ["no number here"])) == ()
    assert replayed_identifiers(Comparison(build(a=("integer", [1])), build(a=("integer", [1])))) == ()

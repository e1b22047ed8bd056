import numpy as np
import pytest

from trasunto.errors import MetricError
from trasunto.metrics import text
from trasunto.metrics.score import Comparison

THINGS = ["card", "phone", "bill", "parcel", "account", "ticket", "room", "order", "refund", "coat"]
VERBS = ["lost", "broke", "need", "found", "sold", "moved", "saw", "kept", "paid", "sent"]
TAILS = ["today", "again", "near the station", "in the rain", "before lunch", "with my sister", "in May"]


def letters(rows, seed):
    rng = np.random.default_rng(seed)
    # A number within any eight words: no run of eight is anybody else's.
    return [
        f"Hello {rng.integers(10**9)}, I {rng.choice(VERBS)} my {rng.choice(THINGS)} and {rng.integers(10**9)} "
        f"{rng.choice(VERBS)} the {rng.choice(THINGS)} {rng.choice(TAILS)}, {rng.integers(10**9)} now?"
        for _ in range(rows)
    ]


def by_name(scores):
    return {score.metric: score for score in scores}


@pytest.fixture
def compared(build):
    def make(made, real=None, unseen="drawn"):
        real = letters(300, 0) if real is None else real
        unseen = letters(300, 1) if unseen == "drawn" else unseen
        holdout = build(t=("text", unseen)) if unseen is not None else None
        return Comparison(build(t=("text", real)), build(t=("text", made)), holdout)

    return make


def test_texts_of_the_same_kind_cannot_be_told_apart(compared):
    found = by_name(text.fidelity(compared(letters(600, 12), letters(600, 10), letters(600, 11))))
    headline = found["fidelity.text"]
    # A standard error of 0.017 from the rows and about as much from where the folds fall: four of both.
    assert headline.value == pytest.approx(0.5, abs=0.1)
    assert headline.control == pytest.approx(0.5, abs=0.1)
    assert headline.baseline > 0.9
    assert found["fidelity.text_length"].value < 0.12
    assert found["fidelity.text_words"].value == pytest.approx(found["fidelity.text_words"].control, abs=0.05)
    assert found["fidelity.text_variety"].value == pytest.approx(found["fidelity.text_variety"].goal, abs=0.05)


def test_texts_of_another_kind_are_told_apart(compared):
    made = [f"Dear sir, the {thing} is fine." for thing in THINGS * 20]
    found = by_name(text.fidelity(compared(made)))
    assert found["fidelity.text"].interval[0] > 0.95
    assert found["fidelity.text_length"].value == 1.0
    assert found["fidelity.text_words"].value > 0.5
    assert found["fidelity.text_variety"].value < 0.2 < found["fidelity.text_variety"].goal


def test_planted_texts_are_found_and_new_ones_are_not(compared):
    real = letters(300, 0)
    headline, exact, longest = text.verbatim(compared(real[:20] + letters(180, 2)))
    assert (headline.metric, headline.value) == ("privacy.verbatim_text", pytest.approx(0.1))
    assert headline.interval[0] < 0.1 < headline.interval[1]
    assert (headline.control, headline.baseline) == (0.0, 0.0)
    assert (exact.metric, exact.value, exact.control) == ("privacy.exact_text", pytest.approx(0.1), 0.0)
    assert longest.metric == "privacy.longest_run"
    assert longest.value == max(len(text.Vocabulary().stream([[t]]).words) for t in real[:20])
    assert longest.control < 12
    clean = text.verbatim(compared(letters(200, 2)))
    assert clean[0].value == clean[1].value == 0


def test_case_marks_and_what_stands_around_hide_no_copy(compared):
    words = ["the", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog"]
    hidden = f"so they said: {' '.join(words[:8]).upper().replace(' ', ' - ')}! and then nothing else"
    real = [" ".join(words) + f" number {place}" for place in range(20)]
    assert text.verbatim(compared([hidden], real))[0].value == 1.0
    seven = "so they said " + " ".join(words[:7])
    assert text.verbatim(compared([seven], real))[0].value == 0.0


def test_what_unseen_people_write_too_is_no_leak(compared):
    common = "please do not reply to this message it was sent automatically"
    real = [*letters(50, 0), common]
    made = [common, *letters(49, 2)]
    headline, exact, _ = text.verbatim(compared(made, real, [*letters(50, 1), common]))
    assert headline.value == 0
    assert (exact.value, exact.control) == pytest.approx((1 / 50, 1 / 51))
    without = text.verbatim(compared(made, real, None))
    assert without[0].value == pytest.approx(1 / 50)
    assert without[0].control is None


def test_a_short_text_is_a_copy_only_as_a_whole(compared):
    real = ["my code is seven", "hi there"] * 5
    (whole, exact, longest) = text.verbatim(compared(["My code is SEVEN.", "my code is seven too", "hi there"], real))
    assert whole.value == pytest.approx(1 / 3)
    assert exact.value == pytest.approx(2 / 3)
    assert longest.value == 4


def test_several_columns_of_text_are_read_together(build):
    asked, told = letters(60, 3), letters(60, 4)
    real = build(question=("text", asked), answer=("text", told))
    made = build(question=("text", letters(60, 5)), answer=("text", [*told[:6], *letters(54, 6)]))
    comparison = Comparison(real, made)
    assert text.verbatim(comparison)[0].value == pytest.approx(0.1)
    assert 0 <= text.fidelity(comparison)[0].value <= 1


def test_missing_and_empty_texts(compared, build):
    with pytest.raises(MetricError, match="needs 10 texts a side and has 2"):
        text.fidelity(compared(["a", None, "", "  ", "b"]))
    with pytest.raises(MetricError, match="The synthetic data has no text in t"):
        text.verbatim(compared([None, " "]))
    odd = compared(["?!", "😀"] * 10, ["你好世界", "?!"] * 10, None)
    assert by_name(text.verbatim(odd))["privacy.exact_text"].value == 0.5
    assert by_name(text.fidelity(odd))["fidelity.text"].value > 0.5
    none = Comparison(build(a=("integer", [1, 2])), build(a=("integer", [1, 2])))
    assert text.fidelity(none) == text.verbatim(none) == ()


def test_the_interval_of_word_frequencies_is_the_bootstraps(compared, build):
    made = [t.replace("card", "phone") for t in letters(200, 2)]
    score = by_name(text.fidelity(compared(made)))["fidelity.text_words"]
    half = (score.interval[1] - score.interval[0]) / 2
    rng, drawn = np.random.default_rng(0), []
    for _ in range(100):
        comparison = compared([made[place] for place in rng.integers(0, 200, 200)])
        drawn.append(text._words(text.texts_of(comparison), rng)[0].value)
    # 100 draws know their spread to within 7 %; words met once make an error near zero, and the interval cruder.
    assert half == pytest.approx(1.96 * np.std(drawn), rel=0.5)

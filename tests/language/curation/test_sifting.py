"""Sifting round by round: what an earlier round kept is known in a later one, and doubts are remembered."""

from trasunto.language.curation.sieve import USUAL, as_repeated, fit_sieve
from trasunto.language.curation.sifting import Sifting


def test_copies_near_copies_duplicates_and_empty_texts_are_thrown_away():
    private = ["my number is 555 1234 and I live in Gran Via street near the station", "call me back please Ana"]
    sieve = fit_sieve(private, ["", ""], encoder="", agree=False, seed=0)
    sifting = Sifting(sieve)
    written = [
        "hello, my number is 555 1234 and I live in Lugo",
        "Call me back, please, Ana!",
        "my number is 555 1234 and I dwell in Gran Via street near the station",
        "something entirely different about a garden",
        "Something entirely different about a GARDEN!",
        "we talked at length about the roses and the old tree in the large garden behind the house",
        "we talked at length about the roses and the old tree in the large garden behind our house",
        "  ",
    ]
    kept = [text for text, _ in sifting.keep(written, [""] * len(written))]
    assert kept == [written[3], written[5]]
    assert dict(sifting.rejected) | {"disagrees": 0} == {
        "verbatim": 2,
        "near_copy": 1,
        "duplicate": 1,
        "near_duplicate": 1,
        "empty": 1,
        "disagrees": 0,
    }


def test_runs_that_many_share_are_nobodys():
    wish = "I wish you all a very merry Christmas and a happy new year"
    sieve = fit_sieve([wish] * 5, [""] * 5, encoder="", agree=False, seed=0)
    assert Sifting(sieve).keep([wish], [""]) == [(wish, "")]


def test_a_text_with_another_label_than_asked_is_thrown_away_and_remembered():
    plain = [f"the room was {word}" for word in ("lovely", "clean", "superb", "dirty", "broken", "awful")]
    labels = ["good"] * 3 + ["bad"] * 3
    sieve = fit_sieve(plain, labels, encoder="words", agree=True, seed=0)
    written = ["the bed was superb", "the bed was awful"]
    sifting = Sifting(sieve)
    assert sifting.keep(written, ["good", "good"]) == [(written[0], "good")]
    assert sifting.doubtful == [(written[1], "good")] and sifting.rejected["disagrees"] == 1


def test_rounds_know_of_each_other():
    sifting = Sifting(fit_sieve((), (), encoder="words", agree=False, seed=0))
    first = "we talked at length about the roses and the old tree in the large garden behind the house"
    assert sifting.sift([first, "a short one"], ["", ""]) == [0, 1]
    again = [first.replace("the house", "our house"), "A short one!", "another one"]
    assert sifting.sift(again, [""] * 3) == [2]
    assert [(each.index, each.reason) for each in sifting.fallen] == [(3, "duplicate"), (2, "near_duplicate")]
    assert sifting.written == 5


def test_where_real_texts_repeat_each_other_written_ones_may():
    once = [f"number {n} stands alone among {n * n} others in row {n % 7}" for n in range(40)]
    assert as_repeated(USUAL, once) == USUAL == as_repeated(USUAL, [*once, *once[:10]])
    for often in (once * 2, [f"{text}, as was said before by us all on that long day" for text in ["x", "y"] * 20]):
        settings = as_repeated(USUAL, often)
        assert not settings.duplicates and settings.near is None and settings.verbatim

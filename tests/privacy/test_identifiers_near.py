"""Misspelt names are found, and other people's names are not taken for them."""

import polars as pl
import pytest

from trasunto.privacy.identifiers_near import allowed, edits
from trasunto.privacy.identifiers_sweep import known_of, swept

KNOWN = known_of(
    [
        ("person", name)
        for name in (
            "María García López",
            "Jonathan Echevarría",
            "Ana Ruiz",
            "O'Hara, Íñigo",
            "Eva Quintanilla",
            "Calida de",
        )
    ]
    + [("username", "garcia lopez club")]
)


@pytest.mark.parametrize(
    ("text", "stands"),
    [
        ("visit of Maria Garica Lopez today", "Maria Garica Lopez"),  # two letters swapped
        ("visit of Mária Garcíia today", "Mária Garcíia"),  # one more, marks elsewhere
        ("GARCA LÓPEZ, MARIA came", "GARCA LÓPEZ, MARIA"),  # one left out, another order
        ("ask Jonatan Echeverria.", "Jonatan Echeverria"),  # both words off
        ("Jonathan Echebaria rang", "Jonathan Echebaria"),  # two edits in eleven letters
        ("(Echevarría Jonathn)", "Echevarría Jonathn"),
        ("Eva Quintanila", "Eva Quintanila"),
    ],
)
def test_misspelt_names_are_found_where_they_stand(text, stands):
    found = swept(pl.Series(["nobody here", text, None]), KNOWN, misspelt=True)
    assert [(span.row, text[span.start : span.end], span.kind) for span in found if span.confidence < 1] == [
        (1, stands, "person")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Anna Ruiz",  # short words must be right
        "Ana Ruis",
        "Marta Gracia",  # two edits in eleven letters
        "Fernando Barcia Lopez",  # another beginning
        "Jonathan Chavarria",  # more than two edits
        "Echevaria",  # one word alone
        "garcia lopes club",  # no person
        "maria, not garcia",
        "la calidad de todo",  # a particle makes no name
    ],
)
def test_other_names_are_left_alone(text):
    assert [span for span in swept(pl.Series([text]), KNOWN, misspelt=True) if span.confidence < 1] == []


def test_right_spellings_are_found_once_and_for_sure():
    found = swept(pl.Series(["María García López", None, ""]), KNOWN, misspelt=True)
    assert found and all(span.confidence == 1.0 for span in found)
    assert swept(pl.Series(["Maria Garica Lopez"]), KNOWN) == []


@pytest.mark.parametrize(
    ("one", "other", "most", "apart"),
    [("ruiz", "ruiz", 1, 0), ("garcia", "garica", 1, 1), ("lopez", "lope", 1, 1), ("abc", "cab", 2, 2),
     ("echevarria", "echeverria", 2, 1), ("abcdef", "uvwxyz", 2, 3), ("", "ab", 2, 2)],
)  # fmt: skip
def test_edits_are_counted_with_swaps(one, other, most, apart):
    assert edits(one, other, most) == apart == edits(other, one, most)


def test_longer_words_may_be_off_further():
    assert [allowed(word) for word in ("ruiz", "gomez", "fernando", "fernandez")] == [0, 1, 1, 2]

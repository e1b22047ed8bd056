"""Units, dates, capitals, quotes and labels: one way to write each, and what is left alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trasunto.connectors.document_files import markdown, plain
from trasunto.language.prepare.dates import PATTERN, dated, day_comes_first
from trasunto.language.prepare.evening import shortened
from trasunto.language.prepare.labels import folded, respelt
from trasunto.language.prepare.templates import template
from trasunto.language.prepare.units import measured
from trasunto.language.prepare.vary import varied
from trasunto.language.prepare.wording import cased, cleaned, plain_marks


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5kg, 5 kgs and 5 kilograms", "5 kg, 5 kg and 5 kg"),
        ("pesa 5 kilos o 5,5 Kg.", "pesa 5 kg o 5,5 kg."),
        ("10 litros de agua, 2 L", "10 l de agua, 2 l"),
        ("30 percent, 30 por ciento, 30 %", "30%, 30%, 30%"),
        ("at 60 miles per hour for 2 hours", "at 60 mph for 2 h"),
        ("38,5 grados centígrados", "38,5 °C"),
        ("24hrs, 12 hours", "24 h, 12 h"),
        ("5-10 kilos, 3 x 4 metros", "5-10 kg, 3 x 4 m"),
        ("1,000 kilometres", "1,000 km"),
        # What means something else, or no unit at all.
        ("5G network, 5m people, 5 pounds, 3 pies, page 5 in", "5G network, 5m people, 5 pounds, 3 pies, page 5 in"),
        ("room 5kgb and v2.5 grx", "room 5kgb and v2.5 grx"),
        ("kilos of rice", "kilos of rice"),
        ("A5 kg", "A5 kg"),
    ],
)
def test_units_have_one_spelling(text, expected):
    assert measured(text) == expected
    assert measured(expected) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5 lbs", "2.27 kg"),
        ("10 miles", "16.1 km"),
        ("6 feet", "1.83 m"),
        ("22-24 inches", "55.9-61 cm"),
        ("5,5 pulgadas", "14 cm"),
        ("1,000 miles", "1610 km"),
        ("1.000.000 millas", "1610000 km"),
        ("98.6 °F", "37 °C"),
        ("-40 degrees Fahrenheit", "-40 °C"),
        ("60 mph", "96.6 km/h"),
        ("3 kg", "3 kg"),
    ],
)
def test_units_become_metric(text, expected):
    assert measured(text, metric=True) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on 25/12/2020", "on 2020-12-25"),
        ("on 12/25/2020", "on 2020-12-25"),
        ("2020/3/4", "2020-03-04"),
        ("3rd of March 2020 and March 3, 2020", "2020-03-03 and 2020-03-03"),
        ("el 3 de marzo de 2020", "el 2020-03-03"),
        ("3 ene. 1999, Sept 30 2001", "1999-01-03, 2001-09-30"),
        ("25/12/99 and 25/12/20", "1999-12-25 and 2020-12-25"),
        ("5/5/2020", "2020-05-05"),
        ("2020-12-25", "2020-12-25"),
        # No dates, impossible dates, and dates that could be two.
        ("31/02/2020", "31/02/2020"),
        ("3/4/2020", "3/4/2020"),
        ("version 1.2.2020.4, 10/20/30/40, call 555-12-2020", "version 1.2.2020.4, 10/20/30/40, call 555-12-2020"),
        ("may 5000 people march", "may 5000 people march"),
    ],
)
def test_dates_have_one_pattern(text, expected):
    assert dated(text, "%Y-%m-%d", None) == expected
    assert dated(expected, "%Y-%m-%d", None) == expected


def test_day_or_month_first_is_told_by_dates_beyond_doubt():
    assert day_comes_first(["25/12/2020", "3/4/2020"]) is True
    assert day_comes_first(["12/25/2020 12/26/20 25/12/2020"]) is False
    assert day_comes_first(["3/4/2020", "no date"]) is None
    assert dated("3/4/2020", "%d.%m.%y", True) == "03.04.20"
    assert dated("3/4/2020", "%-d/%-m/%Y", False) == "4/3/2020"


@pytest.mark.parametrize(("pattern", "good"), [("%Y-%m-%d", True), ("%-d/%-m/%y", True), ("%Y", False), ("%H %d %m %Y", False), ("", False)])  # fmt: skip
def test_patterns_hold_year_month_and_day(pattern, good):
    assert bool(PATTERN.fullmatch(pattern)) is good


def test_capitals_follow_a_rule():
    shout = "I WON! WHAT NOW? ¿SÍ?"
    assert cased(shout, "calm", english=True) == "I won! What now? ¿Sí?"
    assert cased("Ana met NASA.", "calm", english=True) == "Ana met NASA."
    assert cased("hola Ana. me voy", "sentence", english=False) == "Hola ana. Me voy"
    assert cased("so am i, i think", "sentence", english=True) == "So am I, I think"
    assert cased("Ana", "lower", english=True) == "ana"
    assert cased("OK", "calm", english=True) == "OK"
    assert cased("AbC", "keep", english=True) == "AbC"


def test_marks_are_plain():
    assert plain_marks("“Ana’s” – «sí»… a\u00a0b") == '"Ana\'s" - "sí"... a b'


@settings(deadline=None)
@given(st.text())
def test_cleaning_keeps_lines_and_is_done_once(text):
    once = cleaned(text)
    assert "\n\n\n" not in once and cleaned(cleaned(once)) == cleaned(once)


def test_cleaning_keeps_paragraphs():
    assert cleaned("<p>A  b</p>\r\n\r\n\r\n\r\nc&amp;d\x00\n") == "A b\n\nc&d"


def test_spellings_of_a_label_are_one():
    labels = ["Señal"] * 3 + ["senal", " SEÑAL ", "señal."] + ["two_words"] * 2 + ["two words"]
    spelt = respelt(labels, misspellings=False)
    assert {spelt[each] for each in labels} == {"Señal", "two_words"}
    assert respelt(["1.5", "15", "+", "-"], misspellings=True) == {"1.5": "1.5", "15": "15", "+": "+", "-": "-"}
    assert folded("!!") == "!!"


def test_misspellings_are_rare_and_one_letter_off():
    many = ["positive"] * 100 + ["negative"] * 90 + ["grade ii"] * 60 + ["typical"] * 80
    rare = ["postive", "positve", "psoitive", "positivee", "negatife", "grade iii", "atypical", "posit", "typical2"]
    spelt = respelt(many + rare, misspellings=True)
    assert [spelt[each] for each in rare] == ["positive"] * 4 + [
        "negative",
        "grade iii",
        "atypical",
        "posit",
        "typical2",
    ]
    assert respelt(["angle"] * 5 + ["ankle"], misspellings=True)["ankle"] == "ankle"
    assert respelt(many + rare, misspellings=False)["postive"] == "postive"


PIECES = st.sampled_from(["5", "1,000", "3.5", "kg", "kilos", "lbs", "5kg", "inches", "-", " to ", "%", " ", ".", "25/12/2020", "3/4/20", "march 3, 2020", "3 de mayo de 1999", "I", "WON", "Ana", "“", "’", "é", "\n"])  # fmt: skip


@settings(deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_what_is_standard_stays_so(text):
    for change in (
        measured,
        plain_marks,
        cleaned,
        lambda each: dated(each, "%Y-%m-%d", True),
        lambda each: cased(each, "sentence", english=True),
        lambda each: cased(each, "lower", english=True),
    ):
        once = change(text)
        assert change(once) == once


@pytest.mark.parametrize(
    "piece", ["\n", " ", ". ", "#a", "1", "1,", "a@", "1-", "A ", "<a", "&", "5 k", "[", "`", "“", "!"]
)
def test_a_long_text_of_one_sign_is_no_trap(piece):
    text = piece * (60_000 // len(piece))
    for change in (
        measured,
        cleaned,
        template,
        shortened_to_ten,
        lambda each: dated(each, "%Y-%m-%d", True),
        lambda each: cased(each, "sentence", english=True),
        lambda each: varied(each, "en", np.random.default_rng(0)),
    ):
        assert isinstance(change(text), str)
    assert isinstance(markdown(text, ""), list) and isinstance(plain(text, ""), list)


def shortened_to_ten(text):
    return shortened(text, 10)

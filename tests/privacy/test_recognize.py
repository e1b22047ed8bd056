"""Identifiers with check digits: numbers made by their rules are found, numbers one digit off are not."""

import random

import polars as pl
import pytest
from stdnum import iban as stdnum_iban
from stdnum import luhn
from stdnum.es import cif, dni, nie
from stdnum.gb import nhs
from stdnum.us import ssn

from trasunto.privacy.recognize import BY_KIND, Span, apart, recognised

COUNT = 2_000


def digits(rng, count):
    return "".join(rng.choice("0123456789") for _ in range(count))


def made_dni(rng):
    number = digits(rng, 8)
    return number + dni.calc_check_digit(number)


def made_nie(rng):
    number = rng.choice("XYZ") + digits(rng, 7)
    return number + nie.calc_check_digit(number)


def made_cif(rng):
    number = rng.choice("ABEH") + digits(rng, 7)
    return number + cif.calc_check_digits(number)[0]


def made_iban(rng):
    body = "DE00" + digits(rng, 18)
    number = "DE" + stdnum_iban.calc_check_digits(body) + body[4:]
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))


def made_card(rng):
    number = rng.choice("45") + rng.choice("12345") + digits(rng, 13)
    number += luhn.calc_check_digit(number)
    return " ".join(number[at : at + 4] for at in range(0, 16, 4))


def made_nhs(rng):
    while True:
        number = "9" + digits(rng, 8)
        check = -sum(weight * int(each) for weight, each in zip(range(10, 1, -1), number, strict=True)) % 11
        if check < 10:
            assert nhs.is_valid(f"{number}{check}")
            return f"{number[:3]} {number[3:6]} {number[6:]}{check}"


def made_nss(rng):
    body = f"{rng.randint(1, 52):02d}{rng.randint(10_000_000, 99_999_999)}"
    return f"{body[:2]}/{body[2:]}/{int(body) % 97:02d}"


MADE = {
    "dni": made_dni,
    "nie": made_nie,
    "cif": made_cif,
    "iban": made_iban,
    "card": made_card,
    "nhs": made_nhs,
    "nss": made_nss,
}
TEXTS = ("My number is {}, thanks.", "Mi número es {}. Gracias", "({}) ok", "{}", "see {} please")


def near_miss(rng, number):
    """One digit changed by another: every one of these rules notices it."""
    at = rng.choice([place for place, each in enumerate(number) if each.isdigit()])
    return number[:at] + rng.choice([d for d in "0123456789" if d != number[at]]) + number[at + 1 :]


@pytest.mark.parametrize("kind", MADE)
def test_numbers_with_check_digits(kind):
    rng = random.Random(1)
    right = [MADE[kind](rng) for _ in range(COUNT)]
    wrong = [near_miss(rng, each) for each in right]
    texts = [rng.choice(TEXTS).format(each) for each in right + wrong]
    spans = [span for span in recognised(pl.Series(texts)) if span.kind == kind]
    found = {(span.row, texts[span.row][span.start : span.end]) for span in spans}
    hits = sum((row, number) in found for row, number in enumerate(right))
    alarms = sum(row >= COUNT for row, _ in found)
    assert hits / COUNT >= 0.99
    assert hits / (hits + alarms) >= 0.98


def test_social_security_numbers_have_no_check_digit_but_areas_never_given_out():
    rng = random.Random(2)
    right = [
        f"{rng.choice(range(1, 665)):03d}-{rng.randint(1, 99):02d}-{rng.randint(1, 9999):04d}" for _ in range(COUNT)
    ]
    wrong = [
        f"{area}-{rng.randint(1, 99):02d}-{rng.randint(1, 9999):04d}"
        for area in ("000", "666", "901")
        for _ in range(700)
    ]
    spans = recognised(pl.Series(right + wrong), ["ssn"])
    assert sum(span.row < COUNT for span in spans) >= 0.99 * COUNT
    assert not [span for span in spans if span.row >= COUNT and ssn.is_valid((right + wrong)[span.row]) is False]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("escriba a ana.garcia@uni.es ya", "email", "ana.garcia@uni.es"),
        ("see https://example.org/a?b=1 now", "url", "https://example.org/a?b=1"),
        ("from 192.168.1.20 at noon", "ip", "192.168.1.20"),
        ("host 2001:db8::1 down", "ip", "2001:db8::1"),
        ("call me on +44 20 7946 0958", "phone", "+44 20 7946 0958"),
        ("tel 612 345 678", "phone", "612 345 678"),
        ("llámame al 91 123 45 67", "phone", "91 123 45 67"),
        ("vivo en Calle Mayor, 12, 3º B, 28013 Madrid", "address", "Calle Mayor, 12, 3º B, 28013 Madrid"),
        ("I live at 221B Baker Street, London NW1 6XE", "address", "221B Baker Street, London NW1 6XE"),
        ("nacido el 3 de mayo de 1980 en Vigo", "date_of_birth", "3 de mayo de 1980"),
        ("DOB: 12/03/1985", "date_of_birth", "12/03/1985"),
        ("pasaporte AAB123456", "passport", "AAB123456"),
        ("matrícula 1234 BCD", "plate", "1234 BCD"),
        ("historia clínica 48392", "record_number", "48392"),
        ("NHS number 9434765919", "nhs", "9434765919"),
        ("c.p. 28013", "postcode", "28013"),
    ],
)
def test_forms_and_what_announces_them(text, kind, value):
    found = [(span.kind, text[span.start : span.end]) for span in recognised(pl.Series([text]))]
    assert (kind, value) in found


@pytest.mark.parametrize(
    "text", ["I bought 3 apples for 20 euros", "version 1.2.3 of 2024", "ratio 12:30, score 4-3", "999.999.999.999", ""]
)
def test_other_numbers_are_none(text):
    assert not recognised(pl.Series([text]))


@pytest.mark.parametrize(
    "text", ["2021-10-25 20:30:00 (approx)", "06.06.22 20.19", "12-09-2021 16:21 ?", "09/13/21 11:30"]
)
def test_a_day_and_its_hour_are_no_telephone(text):
    assert "phone" not in {span.kind for span in recognised(pl.Series([text]))}


def test_a_telephone_in_pairs_is_no_day():
    assert [span.kind for span in recognised(pl.Series(["call 91 123 45 67", "tel. 612 34 56 78"]))] == ["phone"] * 2


def test_of_overlapping_finds_the_surest_stays():
    spans = [
        Span(0, 0, 9, "phone", 0.7),
        Span(0, 2, 9, "dni", 0.95),
        Span(0, 20, 25, "ip", 0.5),
        Span(1, 0, 9, "phone", 0.7),
    ]
    assert [(s.row, s.kind) for s in apart(spans)] == [(0, "dni"), (0, "ip"), (1, "phone")]


def test_a_value_of_a_column_is_one_and_nothing_else():
    assert BY_KIND["dni"].accepts("12345678Z") and not BY_KIND["dni"].accepts("12345678Z and more")
    assert not BY_KIND["dni"].accepts("12345678A")

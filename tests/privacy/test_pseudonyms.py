"""Keyed pseudonyms: the same everywhere under one key and domain, nowhere under another, valid where a form is kept."""

import re

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from stdnum import iban, luhn
from stdnum.es import ccc, cif, dni, nie
from stdnum.gb import nhs
from stdnum.us import ssn

from trasunto.errors import FileError, RecipeError
from trasunto.privacy.names import gender_of, plain
from trasunto.privacy.pseudonyms import Pseudonyms, derived, fingerprint, new_key, normal, read_key
from trasunto.privacy.pseudonyms_formats import FORMATS
from trasunto.privacy.pseudonyms_people import gender_told, identity
from trasunto.privacy.recognize_checks import nss

KEY = bytes(range(32))
ONE = Pseudonyms.of(KEY, "one")


def test_keys_are_derived_as_rfc_5869_says():
    # Test case 1 of the RFC, and another library's word.
    secret, salt, info = bytes([0x0B] * 22), bytes(range(13)), bytes(range(0xF0, 0xFA))
    assert (
        derived(secret, info, 42, salt)
        .hex()
        .startswith("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf")
    )
    assert derived(KEY, b"x") == HKDF(hashes.SHA256(), 32, None, b"x").derive(KEY)


def test_a_million_values_no_collision_no_equality_across_projects():
    values = [f"value {number}" for number in range(100_000)]
    here, there = ONE.assigned("x", values), Pseudonyms.of(KEY, "two").assigned("x", values)
    assert len(set(here.values())) == len(values)
    assert not set(here.values()) & set(there.values())
    assert all(re.fullmatch("[a-z2-7]{26}", each) for each in list(here.values())[:100])


def test_order_and_company_change_no_full_pseudonym():
    assert (
        ONE.assigned("x", ["a", "b", "c"])["b"] == ONE.assigned("x", ["b"])["b"] == ONE.assigned("x", ["z", "b"])["b"]
    )


@pytest.mark.parametrize(
    ("form", "value", "valid"),
    [
        ("dni", "12345678Z", dni.is_valid), ("nie", "X1234567L", nie.is_valid), ("cif", "A58818501", cif.is_valid),
        ("nhs", "943 476 5919", nhs.is_valid), ("ssn", "536-90-4399", ssn.is_valid), ("card", "4111 1111 1111 1111", lambda v: luhn.is_valid(v.replace(" ", ""))),
        ("iban", "GB82WEST12345698765432", iban.is_valid), ("iban", "ES91 2100 0418 4502 0005 1332", iban.is_valid), ("ccc", "21000418450200051332", ccc.is_valid),
        ("nss", "28/12345678/40", nss),
    ],
)  # fmt: skip
def test_forms_keep_shape_and_check_digits(form, value, valid):
    shape = re.sub(r"[A-Z]", "A", re.sub(r"\d", "0", value))
    for number in range(200):
        made = FORMATS[form](value, ONE.digits(form, f"{number}"))
        assert valid(made), made
        assert re.sub(r"[A-Z]", "A", re.sub(r"\d", "0", made)) == shape or form == "iban"


def test_no_pseudonym_is_a_value_of_the_source_and_none_is_shared():
    values = [f"{number:02d}" for number in range(30)]
    made = ONE.assigned("code", values, "same", avoid=["99"])
    assert len(set(made.values())) == 30 and not set(made.values()) & {*values, "99"}
    with pytest.raises(RecipeError, match="too few values"):
        ONE.assigned("code", [f"{number}" for number in range(1, 9)], "same")


def test_spellings_of_one_value_have_one_pseudonym():
    made = ONE.assigned("dni", ["12345678Z", "12.345.678-z"], "dni")
    assert normal("dni", made["12345678Z"]) == normal("dni", made["12.345.678-z"])
    assert ONE.digest("person", "García, Ana") == ONE.digest("person", "ANA  GARCÍA")
    assert ONE.digest("phone", "0034 612 345 678") == ONE.digest("phone", "+34612345678")


def test_other_forms():
    assert FORMATS["email"]("ana@x.es", ONE.digits("email", "ana@x.es")).endswith("@example.org")
    assert FORMATS["phone"]("+34 612 345 678", ONE.digits("phone", "a")).startswith("+34 6")
    assert FORMATS["ip"]("8.8.8.8", ONE.digits("ip", "a")).startswith("10.")
    assert 10**14 <= int(ONE.assigned("x", ["17"], "integer")["17"]) < 10**15


def test_a_fake_person_agrees_with_themself_and_is_nobody_real():
    women = [identity(ONE, f"{n}", gender="f", language="es") for n in range(200)]
    assert all(gender_of(each.first_name) != "m" for each in women)
    assert all(each.email.startswith(plain(each.first_name).replace(" ", "")[:3]) for each in women)
    assert all(each.postcode[:2].isdigit() and len(each.postcode) == 5 for each in women)
    assert (
        women[0]
        == identity(ONE, "0", gender="f", language="es")
        != identity(Pseudonyms.of(KEY, "two"), "0", gender="f", language="es")
    )
    name = identity(ONE, "7").name
    assert identity(ONE, "7", avoid={plain(name)}).name != name


def test_gender_is_told_by_column_then_by_name():
    assert gender_told("Female", "John") == "f" and gender_told("M", "x") == "m"
    assert gender_told("M", "x", spanish=True) == "f" and gender_told(None, "Juan") == "m"


def test_keys_in_files_and_variables(tmp_path, monkeypatch):
    monkeypatch.delenv("TRASUNTO_KEY", raising=False)
    assert read_key(None) is None
    new_key(tmp_path / "k")
    key = read_key(tmp_path / "k")
    assert key is not None and len(key) == 32 and (tmp_path / "k").stat().st_mode & 0o077 == 0
    with pytest.raises(FileError, match="cannot be made"):
        new_key(tmp_path / "k")
    with pytest.raises(FileError, match="cannot be read"):
        read_key(tmp_path / "none")
    monkeypatch.setenv("TRASUNTO_KEY", "00" * 32)
    with pytest.raises(RecipeError, match="too short or too plain"):
        read_key(None)
    monkeypatch.setenv("TRASUNTO_KEY", KEY.hex())
    assert read_key(None) == KEY
    with pytest.raises(RecipeError, match="at least 16"):
        Pseudonyms.of(b"short", "x")
    assert KEY.hex() not in fingerprint(KEY) and "secret" not in repr(ONE)

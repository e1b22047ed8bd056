"""Check digits hold: judged by rules written here anew, which known numbers from the literature pass."""

import re
from datetime import date

import numpy as np
import pytest

from trasunto.errors import RecipeError
from trasunto.rules.codes import CODES
from trasunto.rules.iban import COUNTRIES, iban_capacity, iban_of
from trasunto.synthesizers.rules import Rules


def luhn(text):
    digits = [int(c) for c in text][::-1]
    return (sum(digits[::2]) + sum(sum(divmod(2 * d, 10)) for d in digits[1::2])) % 10 == 0


def weighted(text, weights):
    return sum(int(c) * w for c, w in zip(text, weights, strict=True))


def dni(text):
    return bool(re.fullmatch(r"\d{8}[A-Z]", text)) and text[8] == "TRWAGMYFPDXBNJZSQVHLCKE"[int(text[:8]) % 23]


def nie(text):
    return bool(re.fullmatch(r"[XYZ]\d{7}[A-Z]", text)) and dni("XYZ".index(text[0]).__str__() + text[1:])


def nhs(text):
    plain = text.replace(" ", "")
    rest = 11 - weighted(plain[:9], range(10, 1, -1)) % 11
    return bool(re.fullmatch(r"\d{3} \d{3} \d{4}", text)) and rest != 10 and int(plain[9]) == rest % 11


def bsn(text):
    return bool(re.fullmatch(r"\d{9}", text)) and weighted(text, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 == 0


def ssn(text):
    area, group, serial = text.split("-")
    return area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000" and len(text) == 11


def cpf(text):
    plain = re.sub(r"\D", "", text)
    for size in (9, 10):
        if int(plain[size]) != weighted(plain[:size], range(size + 1, 1, -1)) * 10 % 11 % 10:
            return False
    return bool(re.fullmatch(r"\d{3}\.\d{3}\.\d{3}-\d\d", text))


def nif(text):
    rest = 11 - weighted(text[:8], range(9, 1, -1)) % 11
    return bool(re.fullmatch(r"[123]\d{8}", text)) and int(text[8]) == (0 if rest > 9 else rest)


def rut(text):
    plain = re.sub(r"[.-]", "", text)
    rest = 11 - sum(int(c) * (2 + i % 6) for i, c in enumerate(plain[-2::-1])) % 11
    return bool(re.fullmatch(r"\d\d\.\d{3}\.\d{3}-[\dK]", text)) and plain[-1] == {11: "0", 10: "K"}.get(
        rest, str(rest)
    )


def clabe(text):
    total = sum(int(c) * w % 10 for c, w in zip(text[:17], [3, 7, 1] * 6, strict=False))
    return bool(re.fullmatch(r"\d{18}", text)) and int(text[17]) == -total % 10


def aadhaar(text):
    """Verhoeff's scheme, with the dihedral group written as symmetries of a pentagon."""

    def times(a, b):
        turn, flip = a % 5, a // 5
        return (turn + (-1) ** flip * (b % 5)) % 5 + 5 * ((flip + b // 5) % 2)

    permuted, check = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4], 0
    for place, letter in enumerate(reversed(text.replace(" ", ""))):
        digit = int(letter)
        for _ in range(place % 8):
            digit = permuted[digit]
        check = times(check, digit)
    return check == 0 and bool(re.fullmatch(r"[2-9]\d{3} \d{4} \d{4}", text))


VALID = {"dni": dni, "nie": nie, "nhs": nhs, "bsn": bsn, "ssn": ssn, "cpf": cpf, "nif": nif, "rut": rut, "clabe": clabe,
         "aadhaar": aadhaar}  # fmt: skip
KNOWN = {
    "dni": ["12345678Z", "00000000T"], "nie": ["X1234567L", "Z1234567R"], "nhs": ["943 476 5919"], "bsn": ["111222333"],
    "ssn": ["536-90-4399"], "cpf": ["390.533.447-05", "529.982.247-25"], "nif": ["123456789"], "rut": ["12.345.678-5"],
    "clabe": ["032180000118359719"], "aadhaar": ["2341 2341 2346"],
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(VALID))
def test_the_rules_of_this_file_know_known_numbers_from_mistyped_ones(name):
    for text in KNOWN[name]:
        assert VALID[name](text)
        if name != "ssn":
            # The last digit of some is the check digit, of the others one before the letter.
            place = max(place for place, c in enumerate(text) if c.isdigit())
            assert not VALID[name](text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :])


def test_every_code_is_tried():
    assert set(VALID) == set(CODES)


@pytest.mark.parametrize("name", sorted(CODES))
def test_every_code_holds_and_none_repeats(name):
    capacity = CODES[name].capacity
    some = np.random.default_rng(0).integers(0, capacity, 3000, dtype=np.uint64)
    ends = np.array([0, 1, 2, capacity - 2, capacity - 1], dtype=np.uint64)
    numbers = np.unique(np.concatenate([some, ends, np.arange(500, dtype=np.uint64)]))
    made = CODES[name].spelled(numbers).to_pylist()
    assert all(map(VALID[name], made))
    assert len(set(made)) == len(numbers)


def iban(text):
    moved = text[4:] + text[:4]
    return int("".join(str(int(c, 36)) for c in moved)) % 97 == 1


def spain(text):
    def check(part, weights):
        return {10: 1, 11: 0}.get(rest := 11 - weighted(part, weights) % 11, rest)

    bank, digits, account = text[4:12], text[12:14], text[14:]
    first = check(bank, [4, 8, 5, 10, 9, 7, 3, 6])
    return digits == f"{first}{check(account, [1, 2, 4, 8, 5, 10, 9, 7, 3, 6])}"


def france(text):
    bank, branch, account, key = int(text[4:9]), int(text[9:14]), int(text[14:25]), int(text[25:])
    return (89 * bank + 15 * branch + 3 * account + key) % 97 == 0


def italy(text):
    odd = dict(zip("0123456789", [1, 0, 5, 7, 9, 13, 15, 17, 19, 21], strict=True))
    total = sum(odd[c] if i % 2 == 0 else int(c) for i, c in enumerate(text[5:]))
    return text[4] == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[total % 26]


OWN = {
    "ES": spain,
    "FR": france,
    "MC": france,
    "IT": italy,
    "SM": italy,
    "BE": lambda text: int(text[14:]) == (int(text[4:14]) % 97 or 97),
    "PT": lambda text: int(text[4:]) % 97 == 1,
    "SI": lambda text: int(text[4:]) % 97 == 1,
    "MK": lambda text: int(text[4:]) % 97 == 1,
    "FI": lambda text: luhn(text[4:]),
    "PL": lambda text: weighted(text[4:12], [3, 9, 7, 1, 3, 9, 7, 1]) % 10 == 0,
}
KNOWN_IBANS = {
    "AT": "AT611904300234573201", "BE": "BE68539007547034", "CH": "CH9300762011623852957", "CZ": "CZ6508000000192000145399",
    "DE": "DE89370400440532013000", "DK": "DK5000400440116243", "ES": "ES9121000418450200051332",
    "FI": "FI2112345600000785", "FR": "FR7630006000011234567890189", "GB": "GB29NWBK60161331926819",
    "GR": "GR1601101250000000012300695", "IE": "IE29AIBK93115212345678", "IT": "IT60X0542811101000000123456",
    "MK": "MK07250120000058984", "NL": "NL91ABNA0417164300", "NO": "NO9386011117947", "PL": "PL61109010140000071219812874",
    "PT": "PT50000201231234567890154", "RO": "RO49AAAA1B31007593840000", "SE": "SE4550000000058398257466",
    "SI": "SI56263300012039086", "SM": "SM86U0322509800000000270100", "TR": "TR330006100519786457841326",
}  # fmt: skip


@pytest.mark.parametrize("country", sorted(KNOWN_IBANS))
def test_known_ibans_pass(country):
    text = KNOWN_IBANS[country]
    assert iban(text) and OWN.get(country, lambda _: True)(text)
    assert len(text) == len(iban_of(country, np.zeros(1, dtype=np.uint64))[0].as_py())


@pytest.mark.parametrize("country", sorted(COUNTRIES))
def test_ibans_hold_in_every_country(country):
    capacity = iban_capacity(country)
    some = np.random.default_rng(1).integers(0, capacity, 400, dtype=np.uint64)
    numbers = np.unique(np.concatenate([some, np.array([0, 1, capacity - 1], dtype=np.uint64)]))
    made = iban_of(country, numbers).to_pylist()
    assert all(map(iban, made)) and len(set(made)) == len(numbers)
    assert all(map(OWN.get(country, lambda _: True), made))


def coded(rows=2000, **rule):
    return Rules.of({"columns": {"x": rule}}).sample(rows, seed=0).rows["x"].to_list()


def test_cards_hold_by_network():
    assert luhn("4111111111111111") and luhn("378282246310005") and not luhn("4111111111111112")
    shapes = {"visa": r"4\d{15}", "mastercard": r"5[1-5]\d{14}", "amex": r"3[47]\d{13}", "discover": r"65\d{14}"}
    for network, shape in shapes.items():
        made = coded(code="card", networks=network, unique=True)
        assert all(luhn(text) and re.fullmatch(shape, text) for text in made) and len(set(made)) == 2000
    mixed = coded(code="card", networks=["amex", "visa"])
    assert {len(text) for text in mixed} == {15, 16} and all(map(luhn, mixed))


def test_codes_as_columns():
    assert all(map(dni, coded(code="dni"))) and all(map(spain, coded(code="iban", country="ES")))
    assert len(set(coded(20_000, code="nhs", unique=True))) == 20_000


# Numbers that tell something of the person -------------------------------------------------------------------------


def people(locale, rows=2000, **more):
    columns = {"id": {"person": "id"}, "birth": {"person": "birth_date"}, "gender": {"person": "gender"}, **more}
    document = {"locale": locale, "people": {"person": {"ages": [0, 99]}}, "columns": columns}
    return Rules.of(document).sample(rows, seed=0).rows.iter_rows(named=True)


def pesel(text):
    return weighted(text, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 == 0


def test_pesel():
    assert pesel("44051401359") and not pesel("44051401358")
    for row in people("pl_PL"):
        text, birth = row["id"], row["birth"]
        month = birth.month + (20 if birth.year >= 2000 else 0)
        assert pesel(text) and text[:6] == f"{birth.year % 100:02d}{month:02d}{birth.day:02d}"
        assert int(text[9]) % 2 == (row["gender"] == "male")


def test_nir():
    def holds(text):
        return 97 - int(text[:13]) % 97 == int(text[13:])

    assert holds("255081416802538")
    for row in people("fr_FR"):
        text, birth = row["id"], row["birth"]
        assert holds(text) and len(text) == 15
        assert text[:5] == f"{1 if row['gender'] == 'male' else 2}{birth.year % 100:02d}{birth.month:02d}"
        assert text[5:7] not in ("00", "20") and text[7:10] != "000" and text[10:13] != "000"


def test_personnummer():
    assert luhn("8112189876")
    for row in people("sv_SE"):
        text, birth = row["id"], row["birth"]
        assert luhn(text.replace("-", "")) and text[:7] == f"{birth:%y%m%d}-"
        assert int(text[9]) % 2 == (row["gender"] == "male")


def test_hetu():
    def holds(text):
        return text[10] == "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(text[:6] + text[7:10]) % 31]

    assert holds("131052-308T")
    for row in people("fi_FI"):
        text, birth = row["id"], row["birth"]
        assert holds(text) and text[:7] == f"{birth:%d%m%y}{'A' if birth.year >= 2000 else '-'}"
        assert int(text[9]) % 2 == (row["gender"] == "male") and 2 <= int(text[7:10]) <= 899


def test_cuil():
    def holds(text):
        plain = text.replace("-", "")
        return weighted(plain, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 == 0

    assert holds("20-05536168-2") and holds("20-26756539-3")
    for row in people("es_AR"):
        assert holds(row["id"]) and re.fullmatch(r"\d\d-\d{8}-\d", row["id"])
        assert row["id"][:2] in (("20", "23") if row["gender"] == "male" else ("27", "23"))


def curp(text):
    letters = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"
    return int(text[17]) == -sum(letters.index(c) * (18 - i) for i, c in enumerate(text[:17])) % 10


def telling(name):
    plain = name.upper().translate(str.maketrans("ÁÉÍÓÚÜÑ", "AEIOUUX"))
    kept = [word for word in plain.split() if word not in ("DE", "LA", "DEL", "LOS", "LAS", "Y")]
    return kept[1] if len(kept) > 1 and kept[0] in ("MARIA", "JOSE") else kept[0]


def test_curp():
    assert curp("BOXW310820HNERXN09")
    names = {name: {"person": name} for name in ("first_name", "last_name", "second_last_name", "region_code")}
    for row in people("es_MX", **names):
        text, birth = row["id"], row["birth"]
        assert curp(text) and text[4:11] == f"{birth:%y%m%d}{'H' if row['gender'] == 'male' else 'M'}"
        assert text[0] == telling(row["last_name"])[0] and text[2] == telling(row["second_last_name"])[0]
        assert text[3] == telling(row["first_name"])[0]
        assert text[13] == next((c for c in telling(row["last_name"])[1:] if c not in "AEIOU"), "X")
        assert text[11:13] == row["region_code"] and text[16].isdigit() == (birth.year < 2000)


def test_dni_and_nie_by_the_share_of_foreigners():
    made = [row["id"] for row in people("es_ES", 4000)]
    assert all(dni(text) or nie(text) for text in made)
    assert abs(sum(map(nie, made)) / 4000 - 0.1) < 0.02
    assert all(row["birth"].date() <= date(2026, 1, 1) for row in people("es_ES", 10))


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"code": "dnii"}, "Did you mean 'dni'"),
        ({"code": "iban", "country": "XX"}, "no IBAN of 'XX'"),
        ({"code": "card", "networks": ["vsa"]}, "Did you mean 'visa'"),
        ({"code": "card", "networks": []}, "networks is empty"),
        ({"code": "dni", "country": "ES"}, "takes no 'country'"),
    ],
)
def test_refuses_and_says_why(rule, told):
    with pytest.raises(RecipeError, match=told):
        coded(**rule)

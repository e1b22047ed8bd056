"""People of one row agree: names and gender, e-mail and name, city and postcode, age and birth, in every locale."""

import csv
import gc
import re
from datetime import date
from pathlib import Path

import polars as pl
import pytest

import trasunto.rules.locales as locales
from trasunto.errors import BreachError, MissingLibraryError, RecipeError, SampleError
from trasunto.rules.attributes import ATTRIBUTES
from trasunto.rules.countries import LOCALES
from trasunto.rules.locales import locale, slug
from trasunto.rules.people import lacking
from trasunto.rules.residents import Crowd
from trasunto.synthesizers.rules import Rules

PLACES = Path(locales.__file__).parent / "places"


def model(code, unique=(), **person):
    weighed = code if isinstance(code, dict) else {code: 1}
    known = [name for name in ATTRIBUTES if not any(lacking(locale(each), name) for each in weighed)]
    columns = {name: {"person": name, "unique": name in unique} for name in known}
    return Rules.of({"locale": code, "people": {"person": person}, "columns": columns})


def people(code, rows=400, **person):
    return model(code, **person).sample(rows, seed=0).rows


def test_there_are_more_than_twenty_locales():
    assert len(LOCALES) >= 40 and {"es_ES", "es_MX", "en_US", "en_GB"} <= set(LOCALES)


@pytest.mark.parametrize("code", sorted(LOCALES))
def test_people_of_every_locale_agree_with_themselves(code):
    known, facts = locale(code), LOCALES[code]
    names = known.first.words.to_pylist()
    women = set(names[: int(known.first.weights.sizes[0])]) if len(known.first.weights.sizes) > 1 else set(names)
    for row in people(code, 120).iter_rows(named=True):
        assert all(value not in (None, "") for value in row.values()), row
        assert row["locale"] == code and row["country_code"] == facts.country
        assert row["first_name"] in row["name"] and row["last_name"] in row["name"]
        if row["gender"] == "female":
            assert row["first_name"] in women
        assert re.fullmatch(r"[a-z0-9._]+@example\.(com|org|net)", row["email"])
        user = row["email"].partition("@")[0]
        assert user == row["user_name"] and user.startswith(slug(row["first_name"])[0])
        assert slug(row["last_name"]) in user
        assert row["street"] in row["street_address"] and row["number"] in row["street_address"]
        assert row["street_address"] in row["address"] and row["city"] in row["address"]
        birth, today = row["birth_date"].date(), date(2026, 1, 1)
        assert row["age"] == today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
        assert 18 <= row["age"] <= 90
        assert 8 <= len(re.sub(r"\D", "", row["phone"])) <= 14


@pytest.mark.parametrize("path", sorted(PLACES.glob("*.csv")), ids=lambda path: path.stem)
def test_places_belong_together(path):
    with path.open(encoding="utf-8", newline="") as file:
        known = list(csv.DictReader(file))
    made = people(path.stem, 3000)
    names = [name for name in ("city", "province", "region") if name in known[0]]
    there = {(*(row[name] for name in names), row["postcode"]) for row in known}
    for row in made.iter_rows(named=True):
        assert any(
            (*(row[name] for name in names), row["postcode"][:size]) in there for size in range(1, len(row["postcode"]))
        )
    # The larger of two cities has more people.
    by_weight = sorted(known, key=lambda row: float(row["weight"]))
    counts = dict(made["city"].value_counts().iter_rows())
    assert counts.get(by_weight[-1]["city"], 0) > counts.get(by_weight[0]["city"], 0)


def test_postcodes_have_the_form_of_their_country():
    shapes = {"es_ES": r"(0[1-9]|[1-4]\d|5[0-2])\d{3}", "es_MX": r"\d{5}", "en_US": r"\d{5}",
              "en_IN": r"\d{6}", "en_GB": r"[A-Z]{1,2}\d{1,2}[A-Z]? \d[A-Z]{2}", "de_DE": r"\d{5}", "fr_FR": r"\d{5}",
              "pt_BR": r"\d{5}-\d{3}", "nl_NL": r"\d{4} ?[A-Z]{2}", "pl_PL": r"\d\d-\d{3}"}  # fmt: skip
    for code, shape in shapes.items():
        found = people(code, 300)["postcode"]
        assert found.str.contains(f"^{shape}$").all(), (code, found.head(3))


def test_spanish_people_have_two_surnames_and_telephones_that_exist():
    made = people("es_ES", 2000)
    whole = made["first_name"] + " " + made["last_name"] + " " + made["second_last_name"]
    assert (made["name"] == whole).all()
    assert made["phone"].str.contains(r"^(\+34 )?[679]\d\d \d{3} \d{3}$").all()


def test_shares_of_women_ages_and_labels():
    made = people("es_ES", 8000, female=0.3, ages=[0, 17], labels={"female": "M", "male": "H"})
    assert set(made["gender"]) == {"M", "H"} and abs((made["gender"] == "M").mean() - 0.3) < 0.02
    assert made["age"].min() == 0 and made["age"].max() == 17


def test_several_locales_are_drawn_by_weight_and_stay_apart():
    made = people({"es_ES": 0.8, "en_GB": 0.2}, 6000)
    assert abs((made["locale"] == "en_GB").mean() - 0.2) < 0.02
    british = made.filter(pl.col("locale") == "en_GB")
    assert british["postcode"].str.contains(r"[A-Z]$").all() and british["id"].str.contains(r"^\d{3} ").all()
    assert made.filter(pl.col("locale") == "es_ES")["id"].str.contains(r"[A-Z]$").all()


def test_what_must_not_repeat_does_not():
    made = model({"es_ES": 1, "es_CL": 1}, ("email", "user_name", "id", "card")).sample(70_000, seed=0).rows
    for name in ("email", "user_name", "id", "card"):
        assert made[name].n_unique() == 70_000, name
    assert made["email"].str.contains(r"\d{4,6}@").all()


def test_two_people_of_one_row_are_not_the_same():
    columns = {"name": {"person": "name"}, "doctor": {"person": "name", "of": "doctor"}}
    found = Rules.of({"people": {"doctor": {"locale": "de_DE"}}, "columns": columns}).sample(500, seed=0).rows
    assert (found["name"] == found["doctor"]).sum() < 5


def test_a_column_is_the_same_whichever_stand_beside_it():
    whole = people("es_ES", 50)
    alone = Rules.of({"locale": "es_ES", "columns": {"email": {"person": "email"}}}).sample(50, seed=0).rows
    assert (whole["email"] == alone["email"]).all()


def test_gender_and_birth_can_be_given_and_the_rest_follows():
    rows = {"gender": ["male", None, "female"] * 20, "birth_date": [date(1950, 1, 2), date(2001, 5, 6), None] * 20}
    made = model("pl_PL").sample(60, seed=1, given=pl.DataFrame(rows)).rows
    assert set(made["gender"][::3]) == {"male"} and set(made["gender"][2::3]) == {"female"}
    assert set(made["gender"][1::3]) == {"male", "female"}
    assert set(made["age"][::3]) == {75} and set(made["age"][1::3]) == {24} and made["age"][2::3].n_unique() > 10
    assert made["id"][::3].str.starts_with("500102").all() and made["id"][1::3].str.starts_with("012506").all()


def test_what_else_a_person_is_cannot_be_given():
    with pytest.raises(SampleError, match="can be given of a person: gender, birth_date"):
        model("es_ES").sample(1, seed=0, given={"city": ["Lugo"]})
    with pytest.raises(BreachError, match="gender: 1 values outside the categories"):
        model("es_ES").sample(1, seed=0, given={"gender": ["F"]})


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"locale": "es_XX"}, "Did you mean"),
        ({"locale": []}, "Write es_ES, or"),
        ({"locale": {"es_ES": -1}}, "Give a number above 0"),
        ({"locale": "de_DE", "columns": {"a": {"person": "id"}}}, "de_DE have no id here"),
        ({"columns": {"a": {"person": "nam"}}}, "Did you mean 'name'"),
        ({"columns": {"a": {"person": "name", "of": "x"}}}, "there is no person 'x'"),
        ({"columns": {"a": {"person": "name", "unique": True}}}, "the name of people can repeat"),
        ({"people": {"person": {"ages": [90, 18]}}}, "the lower first"),
        ({"people": {"person": {"female": 2}}}, "a share from 0 to 1"),
        ({"people": {"person": {"labels": ["a"]}}}, "Write it as labels"),
        ({"people": {"person": {"domains": "x.com"}}}, "Write it as domains"),
        ({"people": {"person": {"agez": 1}}}, "Did you mean 'ages'"),
    ],
)
def test_refuses_and_says_why(document, told):
    with pytest.raises(RecipeError, match=told):
        Rules.of({"columns": {"a": {"person": "name"}}} | document)


@pytest.mark.parametrize("library", ["faker", "anyascii"])
def test_a_missing_library_names_the_extra(library, monkeypatch):
    def fail(name, *rest):
        if name.partition(".")[0] == library:
            raise ModuleNotFoundError(f"No module named {library!r}", name=library)
        return real(name, *rest)

    real = __import__("builtins").__import__ if library == "anyascii" else locales.importlib.import_module
    monkeypatch.setattr("builtins.__import__" if library == "anyascii" else "importlib.import_module", fail)
    with pytest.raises(MissingLibraryError, match="rules"):
        locale.__wrapped__("hu_HU")


def test_people_are_let_go_without_the_help_of_the_collector():
    whole = model("es_ES")
    gc.collect()
    gc.disable()
    try:
        whole.sample(100, seed=0)
        assert not any(type(each) is Crowd for each in gc.get_objects())
    finally:
        gc.enable()

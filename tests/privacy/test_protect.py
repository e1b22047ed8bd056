"""One call that protects: every action, related tables, texts, k and consent; what must not come out does not."""

import json
import random
from dataclasses import replace

import polars as pl
import pytest
from stdnum.es import dni

import trasunto as tr
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Constraint, ForeignKey, Schema
from trasunto.errors import EmptyDataError, FitError, RecipeError, SchemaError
from trasunto.privacy.anonymity import measured
from trasunto.privacy.identifiers_sweep import folded, folded_all, known_of, name_forms, swept
from trasunto.privacy.protect import protect
from trasunto.privacy.protection import Protection

KEY = bytes(range(32))
FIRST = ["Ana", "Luis", "María", "Emma", "Pedro", "Lucía", "Laura", "Carlos"]
LAST = ["García", "Smith", "López", "Brown", "Sánchez", "Taylor", "Gómez", "Davies", "Okafor"]


def patients(rows=80, seed=1):
    rng = random.Random(seed)
    bodies = [str(rng.randrange(10**7, 10**8)) for _ in range(rows)]
    people = [f"{rng.choice(FIRST)} {rng.choice(LAST)} {rng.choice(LAST)}" for _ in range(rows)]
    numbers = [body + dni.calc_check_digit(body) for body in bodies]
    frame = {
        "patient_id": [f"P{1000 + n}" for n in range(rows)],
        "name": people,
        "dni": numbers,
        "sex": [rng.choice(["female", "male"]) for _ in range(rows)],
        "age": [rng.randrange(20, 80) for _ in range(rows)],
        "zip": [f"280{rng.randrange(10, 30)}" for _ in range(rows)],
        "seen": [f"2024-{rng.randrange(1, 13):02d}-{rng.randrange(1, 28):02d}" for _ in range(rows)],
        "salary": [rng.randrange(20_000, 60_000) for _ in range(rows)],
        "diagnosis": [rng.choice(["flu", "asthma", "diabetes"]) for _ in range(rows)],
        "note": [
            rng.choice(["Seen today: {} is well and stable.", "{} came with a headache, ID {}, no fever.", "Call {} again soon, please do."]).format(n, d)
            for n, d in zip(people, numbers, strict=True)
        ],
        "ok": [rng.choice(["yes", "yes", "no"]) for _ in range(rows)],
    }  # fmt: skip
    return tr.read(pl.DataFrame(frame))


BASE = {
    "columns": {
        "patient_id": "pseudonymise",
        "name": {"action": "fake", "attribute": "name"},
        "dni": {"action": "pseudonymise", "form": "dni"},
        "note": "redact",
    }
}


def with_columns(**columns):
    return {"columns": {**BASE["columns"], **columns}}


@pytest.fixture(scope="module")
def real():
    return patients()


@pytest.fixture(scope="module")
def made(real):
    policy = {**BASE, "anonymity": {"k": 5, "quasi": ["age", "sex", "zip"], "sensitive": ["diagnosis"]}}
    return protect(real, policy, key=KEY)


def test_nothing_of_a_direct_identifier_comes_out(real, made):
    text = made.dataset.rows.write_csv() + json.dumps(made.protection.to_dict(), ensure_ascii=False)
    for column in ("name", "dni", "patient_id"):
        assert not [value for value in real.rows[column].to_list() if value in text]
    assert made.protection.left == {} and made.protection.known > 80
    assert all(dni.is_valid(value) for value in made.dataset.rows["dni"])


def test_k_is_reached_and_counted_anew(real, made):
    found = measured(made.dataset.rows, ["age", "sex", "zip"], ["diagnosis"])
    assert found == made.protection.after and found.k >= 5 > made.protection.before.k
    assert len(made.dataset) >= 0.98 * len(real) and 0 < made.protection.loss < 1
    assert set(made.protection.levels) == {"age", "sex", "zip"}


def test_the_record_goes_both_ways_and_tells_what_text_is(made):
    document = json.loads(json.dumps(made.protection.to_dict()))
    assert Protection.from_dict(document) == made.protection
    assert document["called"] == "de-identification"
    assert "anonymous" not in json.dumps(document).lower() and "anonymis" not in json.dumps(document).lower()
    assert document["before"]["k"] == 1 and document["after"]["k"] >= 5
    assert document["digest"]["after"] == made.dataset.digest()


def test_the_same_key_gives_the_same_data_another_gives_other(real, made):
    policy = {**BASE, "anonymity": {"k": 5, "quasi": ["age", "sex", "zip"], "sensitive": ["diagnosis"]}}
    assert protect(real, policy, key=KEY).dataset.digest() == made.dataset.digest()
    other = protect(real, policy, key=KEY[::-1]).dataset
    assert not set(other.rows["dni"]) & set(made.dataset.rows["dni"])
    moved = protect(real, {**policy, "domain": "other"}, key=KEY).dataset
    assert not set(moved.rows["patient_id"]) & set(made.dataset.rows["patient_id"])


def test_the_input_is_not_touched(real):
    before = real.digest()
    protect(real, with_columns(age={"action": "generalise", "bands": 10}), key=KEY)
    assert real.digest() == before


def test_every_action_on_its_kind(real):
    policy = with_columns(
        age={"action": "generalise", "bands": 10},
        zip={"action": "generalise", "prefix": 3},
        seen={"action": "shift", "days": 5},
        salary={"action": "noise", "scale": 500, "bounds": [0, 59_000]},
        sex="drop",
        diagnosis={"action": "generalise", "groups": {"lung": ["flu", "asthma"]}},
        dni={"action": "mask", "keep_last": 3},
    )
    rows = protect(real, policy, key=KEY).dataset.rows
    schema = protect(real, policy, key=KEY).dataset.only.schema
    assert "sex" not in schema and schema["age"].categories == ("20-29", "30-39", "40-49", "50-59", "60-69", "70-79")
    assert schema["age"].role == "quasi-identifier" and schema["age"].kind == "category"
    assert set(rows["zip"]) == {"280**"} and set(rows["diagnosis"]) == {"lung", "diabetes"}
    days = (rows["seen"] - real.rows["seen"]).dt.total_days()
    assert days.abs().max() <= 5 and days.abs().min() >= 1
    moved = (rows["salary"] - real.rows["salary"]).abs()
    assert rows["salary"].max() <= 59_000 and moved.filter(real.rows["salary"] < 58_000).max() <= 500
    assert rows["dni"].to_list() == ["*" * 6 + value[-3:] for value in real.rows["dni"]]


def test_dates_of_one_person_move_together():
    frame = {"patient_id": ["a", "a", "b", "b"] * 3, "day": [f"2024-01-{n:02d}" for n in range(1, 13)]}
    policy = {"columns": {"patient_id": "pseudonymise", "day": {"action": "shift", "person": "patient_id"}}}
    moved = (
        (protect(tr.read(frame), policy, key=KEY).dataset.rows["day"] - tr.read(frame).rows["day"])
        .dt.total_days()
        .to_list()
    )
    assert moved[0::4] == moved[1::4] == moved[:1] * 3 and moved[2::4] == moved[3::4] and moved[0] != moved[2]


def related():
    root = patients().only
    rng = random.Random(2)
    chosen = [rng.choice(root.rows["patient_id"].to_list()) for _ in range(150)]
    names = dict(zip(root.rows["patient_id"].to_list(), root.rows["name"].to_list(), strict=True))
    visits = tr.read(
        {
            "patient_id": chosen,
            "contact_name": [names[each] for each in chosen],
            "cost": [n * 7 % 40 for n in range(150)],
        }
    ).only
    visits = Table(
        replace(visits.schema, foreign_keys=(ForeignKey(("patient_id",), "patients", ("patient_id",)),)), visits.rows
    )
    tables = {"patients": root, "visits": visits}
    return Dataset(Schema({name: table.schema for name, table in tables.items()}), tables)


def test_one_person_is_one_person_in_all_tables():
    real = related()
    policy = {"columns": {**BASE["columns"], "contact_name": {"action": "fake", "attribute": "name"}}}
    del policy["columns"]["patient_id"]
    policy["columns"]["patients.patient_id"] = "pseudonymise"
    made = protect(real, policy, key=KEY).dataset
    people, visits = made.tables["patients"].rows, made.tables["visits"].rows
    # The key that refers goes with the key it refers to.
    assert visits["patient_id"].is_in(people["patient_id"].implode()).all()
    assert made.tables["visits"].schema.foreign_keys
    both = visits.join(people.select("patient_id", "name"), on="patient_id")
    assert (both["contact_name"] == both["name"]).all()


def test_surrogates_in_text_are_those_of_the_columns(real):
    policy = with_columns(note={"action": "redact", "by": "surrogates"})
    rows = protect(real, policy, key=KEY).dataset.rows
    assert all(name in note for name, note in zip(rows["name"], rows["note"], strict=True))


def test_rows_without_consent_and_suppressed_rows_are_counted(real):
    policy = {**BASE, "consent": {"column": "ok"}, "suppress": ["age > 70"]}
    done = protect(real, policy, key=KEY)
    wanted = (
        real.rows.filter((pl.col("ok") == "yes") & (pl.col("age") <= 70))
        if real.rows["ok"].dtype == pl.String
        else real.rows.filter(pl.col("ok") & (pl.col("age") <= 70))
    )
    assert len(done.dataset) == len(wanted)
    assert done.protection.consent.rows_excluded["data"] + done.protection.suppressed["data"] == 80 - len(wanted)


def test_a_planted_rare_category_does_not_come_out(real):
    rare = real.rows.with_columns(
        pl.when(pl.int_range(80) < 3).then(pl.lit("kuru")).otherwise("diagnosis").alias("diagnosis")
    )
    done = protect(tr.read(rare), {**BASE, "rare": 10}, key=KEY)
    assert "kuru" not in done.dataset.rows.write_csv()
    assert done.dataset.rows["diagnosis"].value_counts()["count"].min() >= 10


def test_rules_on_changed_columns_go(real):
    table = Table(replace(real.only.schema, constraints=(Constraint("age >= 18"), Constraint("salary > 0"))), real.rows)
    made = protect(Dataset.of(table), with_columns(age={"action": "generalise", "bands": 10}), key=KEY)
    assert [each.rule for each in made.dataset.only.schema.constraints] == ["salary > 0"]


def test_what_a_policy_made_of_a_column_is_not_public(real):
    table = real.only
    schema = replace(table.schema, columns=tuple(replace(column, declared=True) for column in table.schema.columns))
    known = real.with_table(Table(schema, table.rows))
    name = next(column.name for column in schema.columns if column.kind == "integer")
    made = protect(known, {"unlisted": "keep", "columns": {name: {"action": "generalise", "bands": 5}}}).dataset
    kept = [column for column in made.only.schema.columns if column.name != name and column == schema[column.name]]
    assert not made.only.schema[name].declared
    assert kept and all(column.declared for column in kept)


def test_clear_errors(real):
    with pytest.raises(RecipeError, match="A secret key is needed"):
        protect(real, BASE)
    with pytest.raises(RecipeError, match=r"says nothing of .*dni \(dni\)"):
        protect(real, {"columns": {"name": "drop", "patient_id": "drop"}})
    with pytest.raises(RecipeError, match="'nam'") as error:
        protect(real, {"columns": {"nam": "drop"}})
    assert "'name'" in error.value.next_move
    with pytest.raises(FitError, match=r"l = 4 cannot be reached.*l = 3"):
        protect(real, {**BASE, "anonymity": {"k": 2, "l": 4, "quasi": ["age"], "sensitive": ["diagnosis"]}}, key=KEY)
    with pytest.raises(FitError, match=r"k = 99 cannot be reached.*k = 80"):
        protect(real, {**BASE, "anonymity": {"k": 99, "quasi": ["age"]}}, key=KEY)
    with pytest.raises(EmptyDataError, match="is left"):
        protect(real, {**BASE, "suppress": ["age > 0"]}, key=KEY)
    with pytest.raises(RecipeError, match="bands is for"):
        protect(real, with_columns(sex={"action": "generalise", "bands": 5}), key=KEY)
    for column, level, what in (("t", "month", "times of day"), ("d", "hour", "dates")):
        policy = {"unlisted": "keep", "columns": {column: {"action": "generalise", "date": level}}}
        with pytest.raises(RecipeError, match=f"'{column}' holds {what}: .* '{level}'"):
            protect(tr.read({"t": ["08:05", "09:40"], "d": ["2024-01-05", "2024-02-05"]}), policy)
    with pytest.raises(SchemaError, match="'ages'"):
        protect(real, {**BASE, "suppress": ["ages > 3"]}, key=KEY)
    assert set(protect(real, {"unlisted": "drop"}).dataset.rows.columns).isdisjoint({"name", "dni", "patient_id"})


def test_known_values_are_found_in_every_spelling():
    known = known_of([("person", "María García López"), ("dni", "12345678Z"), ("email", "a.b@x.es")])
    texts = [
        "GARCIA LOPEZ, MARIA came",
        "M. García López",
        "maria garcia here",
        "id 12.345.678-z!",
        "to A.B@X.ES now",
        "Marías Garcíass",
    ]
    found = [(span.row, texts[span.row][span.start : span.end]) for span in swept(pl.Series(texts), known)]
    assert {row for row, _ in found} == {0, 1, 2, 3, 4}
    assert (3, "12.345.678-z") in found and (0, "GARCIA LOPEZ, MARIA") in found
    assert "garcia lopez maria" in name_forms("maria garcia lopez")
    odd = ["Íñigo  O’Hara, ½ a-b", "ÇÀ  (x)", ""]
    assert folded_all(pl.Series(odd)).to_list() == [folded(text)[0] for text in odd]

"""Policies: read and written alike, every misspelling answered with the near names, one proposed from findings."""

from dataclasses import fields

import jsonschema
import pytest
import yaml

import trasunto as tr
from trasunto.errors import FileError, RecipeError
from trasunto.privacy.consent import ConsentRule
from trasunto.privacy.identifiers import find
from trasunto.privacy.policy import Anonymise, Policy, load_policy
from trasunto.privacy.policy_actions import Action
from trasunto.privacy.policy_propose import consent_columns, proposed
from trasunto.privacy.policy_schema import policy_schema

WHOLE = """
domain: hospital
language: es
purpose: research
unlisted: drop
rare: 10
suppress: ["age > 90"]
consent: {column: ok, values: [yes], purposes: uses, columns: {hiv: [care]}}
columns:
  name: {action: fake, attribute: name, person: id}
  dni: {action: pseudonymise, form: dni}
  age: {action: generalise, bands: [18, 65]}
  city: {action: generalise, groups: {north: [Lugo, Vigo]}}
  salary: {action: noise, scale: 100, bounds: [0, 90000]}
  visit: {action: shift, days: 10, person: id}
  note: {action: redact, by: surrogates}
  card: {action: mask, keep_last: 4}
  x: keep
kinds: {email: drop, phone: {action: mask, keep_last: 2}}
anonymity: {k: 5, l: 2, entropy: true, t: 0.3, suppression: 0.05, quasi: [age, city], method: levels}
"""


def test_a_whole_policy_goes_both_ways(tmp_path):
    policy = Policy.from_dict(yaml.safe_load(WHOLE))
    assert policy.columns["age"].bands == (18, 65) and policy.consent.values == ("true",)
    for name in ("p.yaml", "p.json"):
        policy.save(tmp_path / name)
        assert load_policy(tmp_path / name) == policy


@pytest.mark.parametrize(
    ("document", "problem", "move"),
    [
        ({"colums": {}}, "Unknown key 'colums'", "'columns'"),
        ({"columns": {"a": "pseudonymize"}}, "no action 'pseudonymize'", "'pseudonymise'"),
        ({"columns": {"a": {"action": "mask", "keep_lats": 4}}}, "Unknown key 'keep_lats'", "'keep_last'"),
        ({"columns": {"a": {"action": "mask", "bands": 4}}}, "Unknown key 'bands'", "keep_first"),
        ({"columns": {"a": {"action": "noise"}}}, "needs a scale above 0", ""),
        ({"columns": {"a": {"action": "generalise"}}}, "needs one of bands", ""),
        ({"columns": {"a": {"action": "generalise", "date": "week"}}}, "date is 'week'", ""),
        ({"columns": {"a": {"action": "generalise", "bands": [5, 1]}}}, "edges ascend", ""),
        ({"columns": {"a": {"action": "mask", "keep_last": "four"}}}, "no number", ""),
        ({"columns": {"a": {"form": "dni"}}}, "has no action", "Write one"),
        ({"columns": {"a": {"action": "fake", "attribute": "nose"}}}, "attribute is 'nose'", ""),
        ({"columns": ["a"]}, "no mapping", ""),
        ({"anonymity": {"k": 0}}, "k is 0", ""),
        ({"anonymity": {"kk": 5}}, "Unknown key 'kk'", "'k'"),
        ({"anonymity": {"suppression": 1}}, "suppression is 1", ""),
        ({"anonymity": {"method": "best"}}, "method is 'best'", ""),
        ({"consent": {"colum": "ok"}}, "Unknown key 'colum'", "'column'"),
        ({"unlisted": "ask"}, "unlisted is 'ask'", "refuse"),
        ({"language": "fr"}, "language is 'fr'", ""),
        ([1], "Expected a mapping", "--propose"),
    ],
)
def test_clear_errors(document, problem, move):
    with pytest.raises(RecipeError) as error:
        Policy.from_dict(document)
    assert problem in error.value.problem and move in error.value.next_move


def test_files_that_are_no_policy(tmp_path):
    with pytest.raises(FileError, match="cannot be read"):
        load_policy(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("columns: [")
    with pytest.raises(RecipeError, match="not valid YAML"):
        load_policy(tmp_path / "bad.yaml")


def test_a_policy_is_proposed_from_what_is_found():
    dataset = tr.read(
        {
            "name": [f"Ana {each}" for each in ("Ruiz", "Gil", "Sanz", "Pérez")],
            "email": [f"a{n}@x.es" for n in range(4)],
            "age": [30, 40, 50, 60],
            "diagnosis": ["flu", "asthma", "flu", "flu"],
            "consent": ["yes", "no", "yes", "yes"],
            "password": ["w1x", "w2x", "w3x", "w4x"],
        }
    )
    policy = proposed(dataset, find(dataset))
    assert policy.columns["name"] == Action("fake", attribute="name")
    assert policy.columns["password"] == Action("drop")
    assert policy.anonymity == Anonymise(5, quasi=("age",), sensitive=("diagnosis",))
    assert Policy.from_dict(policy.to_dict()) == policy
    assert consent_columns(dataset) == ["consent"]
    assert proposed(dataset, find(dataset), keyed=False).columns["name"] == Action("drop")


def test_the_published_schema_knows_what_a_policy_knows():
    schema = policy_schema()
    assert set(schema["properties"]) == {field.name for field in fields(Policy)}
    assert set(schema["properties"]["anonymity"]["properties"]) == {field.name for field in fields(Anonymise)}
    assert set(schema["properties"]["consent"]["properties"]) == {field.name for field in fields(ConsentRule)}
    validator = jsonschema.Draft202012Validator(schema)
    assert not list(validator.iter_errors(yaml.safe_load(WHOLE)))
    for wrong in ({"colums": {}}, {"columns": {"a": "hide"}}, {"columns": {"a": {"action": "mask", "bands": 1}}}):
        assert list(validator.iter_errors(wrong))

"""The lineage, read by the `prov` library and held against the specification of OpenLineage."""

import re
import uuid

from prov.model import ProvDocument

from trasunto.reports.papers.openlineage import events
from trasunto.reports.papers.provenance import prov_json, prov_n
from trasunto.reports.papers.recorded import recorded
from trasunto.reports.papers.trace import trace
from trasunto.reports.papers.write import papers


def lines(text):
    return {line.strip() for line in text.splitlines() if line.strip()}


def test_prov_json_is_read_by_prov_which_writes_the_same_prov_n(full, tmp_path):
    done = papers(full, names=("lineage",), formats=("md",), folder=tmp_path / "papers")
    document = ProvDocument.deserialize(str(done.folder / "prov.json"), format="json")
    assert lines((done.folder / "prov.provn").read_text()) == lines(document.get_provn())


def test_every_released_file_leads_back_to_the_hashed_source(full):
    run = recorded(full)
    document = prov_json(run)
    sources = {}
    for each in document["wasDerivedFrom"].values():
        sources.setdefault(each["prov:generatedEntity"], set()).add(each["prov:usedEntity"])
    made = {each["prov:entity"] for each in document["wasGeneratedBy"].values()}

    def reaches(entity, seen=()):
        return entity == "run:source" or any(
            reaches(each, (*seen, entity)) for each in sources.get(entity, ()) if each not in seen
        )

    for name, digest in run.manifest["artifacts"].items():
        entity = f"run:{name}"
        assert document["entity"][entity]["tr:sha256"] == digest
        assert entity in made and reaches(entity), name


def test_names_that_are_no_qualified_names_are_quoted(maker, tmp_path):
    run = maker(tmp_path / "run")
    odd = run / "language_model" / "a b(c),d.json"
    odd.write_text("{}")

    import hashlib
    import json

    manifest = json.loads((run / "run.json").read_text())
    manifest["artifacts"]["language_model/a b(c),d.json"] = hashlib.sha256(b"{}").hexdigest()
    (run / "run.json").write_text(json.dumps(manifest))
    assert "run:language_model/a%20b%28c%29%2Cd.json" in prov_n(recorded(run))


def test_events_keep_the_specification_of_openlineage(full):
    told = events(recorded(full))
    by_run = {}
    for event in told:
        assert {"eventTime", "producer", "schemaURL", "eventType", "run", "job"} <= set(event)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event["eventTime"])
        assert event["schemaURL"].endswith("2-0-2/OpenLineage.json#/$defs/RunEvent")
        assert str(uuid.UUID(event["run"]["runId"])) == event["run"]["runId"]
        by_run.setdefault(event["run"]["runId"], []).append(event["eventType"])
        facets = [
            *event["run"]["facets"].values(),
            *(f for d in event["inputs"] + event["outputs"] for f in d["facets"].values()),
        ]
        assert all({"_producer", "_schemaURL"} <= set(each) for each in facets)
    assert len(by_run) == 6
    assert all(sorted(kinds) == ["COMPLETE", "START"] for kinds in by_run.values())
    assert events(recorded(full)) == told
    fit = next(event for event in told if event["job"]["name"].endswith(".fit") and event["eventType"] == "COMPLETE")
    assert {each["name"] for each in fit["inputs"]} == {"train", "recipe.yaml"}
    assert fit["outputs"][0]["name"] == "model/model.json"
    drawn = next(e for e in told if e["job"]["name"].endswith(".sample") and e["eventType"] == "COMPLETE")
    parquet = next(each for each in drawn["outputs"] if each["name"].endswith(".parquet"))
    assert [field["name"] for field in parquet["facets"]["schema"]["fields"]][:2] == ["age", "city"]
    assert parquet["facets"]["version"]["datasetVersion"] == recorded(full).manifest["artifacts"][parquet["name"]]


def test_steps_stand_in_the_order_they_ended_and_keep_their_times(full):
    found = trace(recorded(full))
    assert [step.name for step in found.steps] == ["split", "fit", "sample", "measure", "train"]
    assert found.steps[1].began == "2026-11-20T10:00:11Z" and found.steps[1].ended == "2026-11-20T10:00:12Z"
    assert "holdout" not in found.steps[1].reads, "the generator never saw the holdout"

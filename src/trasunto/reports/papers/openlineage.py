"""The lineage as OpenLineage run events (spec 2-0-2): a START and a COMPLETE for the run and for each step."""

from __future__ import annotations

import uuid
from typing import Any

from trasunto.reports.papers.recorded import Recorded
from trasunto.reports.papers.trace import Step, Trace, trace

SPEC = "https://openlineage.io/spec"
SCHEMA = f"{SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
NAMESPACE = "trasunto"


def events(run: Recorded) -> list[dict[str, Any]]:
    """The events, in order. Equal runs give equal events."""
    found, finished = trace(run), str(run.manifest["finished"])
    version = (run.manifest.get("versions") or {}).get("trasunto", "")
    producer = f"urn:trasunto:{version}"
    engine = {
        **_facet(producer, "1-1-1/ProcessingEngineRunFacet"),
        "name": "trasunto",
        "version": version,
    }
    whole = {"namespace": NAMESPACE, "name": found.run}
    top = {"runId": run_id(run, "")}
    begun = str(next((e["time"] for e in run.log if e.get("event") == "started"), finished))
    head = {"producer": producer, "schemaURL": SCHEMA}
    parent = {**_facet(producer, "1-0-1/ParentRunFacet"), "run": top, "job": whole}
    first = {**top, "facets": {"processing_engine": engine}}
    start: dict[str, Any] = {"eventTime": begun, "eventType": "START", "run": first, "job": whole}
    told = [{**start, "inputs": [], "outputs": [], **head}]
    for step in found.steps:
        job = {"namespace": NAMESPACE, "name": f"{found.run}.{step.name}"}
        this = {"runId": run_id(run, step.name), "facets": {"parent": parent, "processing_engine": engine}}
        inputs = [_dataset(run, found, name, producer) for name in step.reads]
        outputs = [_dataset(run, found, name, producer) for name in step.writes]
        for kind, time in (("START", step.began), ("COMPLETE", step.ended)):
            made = outputs if kind == "COMPLETE" else []
            what: dict[str, Any] = {"eventTime": time or finished, "eventType": kind, "run": this, "job": job}
            told.append({**what, "inputs": inputs, "outputs": made, **head})
    released = [_dataset(run, found, n, producer) for n in _released(found.steps)]
    sources = [_dataset(run, found, n, producer) for n in ("source", "recipe.yaml")]
    last: dict[str, Any] = {"eventTime": finished, "eventType": "COMPLETE", "run": first, "job": whole}
    return [*told, {**last, "inputs": sources, "outputs": released, **head}]


def run_id(run: Recorded, step: str) -> str:
    """A UUID that is the same for the same run and step."""
    manifest = run.manifest
    name = f"{manifest['id']}:{manifest.get('digest', '')}:{manifest['finished']}:{step}"
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:trasunto:run:{name}"))


def _released(steps: tuple[Step, ...]) -> list[str]:
    return [name for step in steps for name in step.writes if "/" in name]


def _facet(producer: str, name: str) -> dict[str, Any]:
    short = name.rpartition("/")[2]
    return {"_producer": producer, "_schemaURL": f"{SPEC}/facets/{name}.json#/$defs/{short}"}


def _dataset(run: Recorded, found: Trace, name: str, producer: str) -> dict[str, Any]:
    entity = found.entity(name)
    facets: dict[str, Any] = {}
    if entity.digest:
        version = {**_facet(producer, "1-0-1/DatasetVersionDatasetFacet"), "datasetVersion": entity.digest}
        facets["version"] = version
    table = next((t for t in run.schema.tables if name in (f"synthetic/{t}.csv", f"synthetic/{t}.parquet")), None)
    if table:
        fields = [{"name": c.name, "type": c.kind} for c in run.schema.tables[table].columns]
        facets["schema"] = {**_facet(producer, "1-1-1/SchemaDatasetFacet"), "fields": fields}
    return {"namespace": f"{NAMESPACE}:{found.run}", "name": name, "facets": facets}

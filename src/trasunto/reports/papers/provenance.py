"""The lineage as W3C PROV: PROV-JSON and PROV-N, telling the same."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from trasunto.reports.papers.recorded import Recorded
from trasunto.reports.papers.trace import trace

AGENT = "run:trasunto"


def prov_json(run: Recorded) -> dict[str, Any]:
    """The PROV-JSON document: entities, steps, the program that ran them; no person, as the run records none."""
    found = trace(run)
    version = (run.manifest.get("versions") or {}).get("trasunto", "")
    document: dict[str, Any] = {
        "prefix": {"run": f"urn:trasunto:run:{found.run}#", "tr": "urn:trasunto:vocabulary#"},
        "entity": {},
        "activity": {},
        "agent": {
            AGENT: {"prov:type": {"$": "prov:SoftwareAgent", "type": "prov:QUALIFIED_NAME"}, "tr:version": version}
        },
        "used": {},
        "wasGeneratedBy": {},
        "wasAssociatedWith": {},
        "wasDerivedFrom": {},
    }
    for entity in found.entities:
        told = {"tr:kind": entity.kind}
        if entity.digest:
            told["tr:sha256"] = entity.digest
        document["entity"][name(entity.name)] = told
    for step in found.steps:
        activity = name(f"step/{step.name}")
        times = {"prov:startTime": step.began, "prov:endTime": step.ended}
        document["activity"][activity] = {key: time for key, time in times.items() if time}
        _relate(document, "wasAssociatedWith", {"prov:activity": activity, "prov:agent": AGENT})
        for read in step.reads:
            _relate(document, "used", {"prov:activity": activity, "prov:entity": name(read)})
        for made in step.writes:
            _relate(document, "wasGeneratedBy", {"prov:entity": name(made), "prov:activity": activity})
            for read in step.reads:
                derived = {"prov:generatedEntity": name(made), "prov:usedEntity": name(read)}
                _relate(document, "wasDerivedFrom", derived)
    return document


def prov_n(run: Recorded) -> str:
    """The same document in PROV-N, the notation for people."""
    document = prov_json(run)
    lines = ["document", *(f"  prefix {key} <{uri}>" for key, uri in document["prefix"].items()), "  "]
    for identifier, told in document["entity"].items():
        lines.append(f"  entity({identifier}{_attributes(told)})")
    for identifier, told in document["activity"].items():
        times = f"{told.get('prov:startTime', '-')}, {told.get('prov:endTime', '-')}"
        lines.append(f"  activity({identifier}, {times.replace('Z', '+00:00')})")
    for identifier, told in document["agent"].items():
        rest = {"prov:type": "prov:SoftwareAgent", "tr:version": told["tr:version"]}
        lines.append(f"  agent({identifier}{_attributes(rest)})")
    for each in document["used"].values():
        lines.append(f"  used({each['prov:activity']}, {each['prov:entity']}, -)")
    for each in document["wasGeneratedBy"].values():
        lines.append(f"  wasGeneratedBy({each['prov:entity']}, {each['prov:activity']}, -)")
    for each in document["wasAssociatedWith"].values():
        lines.append(f"  wasAssociatedWith({each['prov:activity']}, {each['prov:agent']}, -)")
    for each in document["wasDerivedFrom"].values():
        lines.append(f"  wasDerivedFrom({each['prov:generatedEntity']}, {each['prov:usedEntity']}, -, -, -)")
    return "\n".join([*lines, "endDocument"]) + "\n"


def name(text: str) -> str:
    """A thing of the run as a qualified name."""
    return f"run:{quote(text, safe='/._-')}"


def _relate(document: dict[str, Any], relation: str, ends: dict[str, str]) -> None:
    found = document[relation]
    found[f"_:{relation}{len(found) + 1}"] = ends


def _attributes(told: dict[str, str]) -> str:
    pairs = [f"{key}='{value}'" if key == "prov:type" else f'{key}="{value}"' for key, value in told.items()]
    return f", [{', '.join(pairs)}]" if pairs else ""

"""The data card for machines: Croissant 1.0 with the fields of Croissant RAI 1.0, as JSON-LD.

A field that only a person can fill is left out until it is answered; nothing is made up to fill it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl

from trasunto.errors import StoreError
from trasunto.reports.papers import parts
from trasunto.reports.papers.cards import described
from trasunto.reports.papers.recorded import AGAIN, File
from trasunto.reports.papers.writer import Writer

# As the specification prints it.
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
FORMATS = {".csv": "text/csv", ".parquet": "application/x-parquet"}


def croissant(w: Writer, folder: Path) -> dict[str, Any]:
    """The JSON-LD of the synthetic data, to be written into `folder`: its addresses are relative to that."""
    files = w.run.synthetic(*FORMATS)
    if not files:
        raise StoreError(f"The synthetic rows of the run in {w.run.folder} are gone.", AGAIN)
    document: dict[str, Any] = {
        "@context": {**CONTEXT, "@language": w.at},
        "@type": "sc:Dataset",
        "conformsTo": ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"],
        "name": str(w.run.manifest["id"]),
        "description": f"{w.run.recipe.get('title') or ''}. {described(w)}".lstrip(". "),
        "inLanguage": w.at,
        "keywords": ["synthetic data"],
        "version": "1.0.0",
        "dateCreated": str(w.run.manifest.get("finished"))[:10],
        **_people(w),
        "distribution": [_file(w, each, folder) for each in files],
        "recordSet": [_records(w, table, files) for table in w.run.schema.tables],
        **_responsible(w),
    }
    return document


def _people(w: Writer) -> dict[str, Any]:
    """What people have answered."""
    said = {key: w.answers.of(key, w.at) for key in ("creator", "licence", "url", "published")}
    found: dict[str, Any] = {}
    if said["creator"]:
        found["creator"] = {"@type": "sc:Organization", "name": said["creator"]}
    if said["licence"]:
        found["license"] = said["licence"]
    if said["url"]:
        found["url"] = said["url"]
    if re.fullmatch(r"\d{4}-\d\d-\d\d", said["published"]):
        found["datePublished"] = said["published"]
    return found


def _file(w: Writer, file: File, folder: Path) -> dict[str, Any]:
    path = Path(file.name)
    address = os.path.relpath((w.run.folder / path).resolve(), folder.resolve())
    return {
        "@type": "cr:FileObject",
        "@id": quote(path.name),
        "name": path.name,
        "contentUrl": Path(address).as_posix(),
        "contentSize": f"{file.size} B",
        "encodingFormat": FORMATS[path.suffix],
        "sha256": file.sha256,
    }


def _records(w: Writer, table: str, files: tuple[File, ...]) -> dict[str, Any]:
    """A record set with a field for each column, read from the Parquet file, whose types are exact."""
    path = w.run.folder / "synthetic" / f"{table}.parquet"
    types = dict(pl.read_parquet_schema(path)) if path.is_file() else {}
    source = quote(f"{table}.parquet" if types else f"{table}.csv")
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"{quote(table)}/{quote(column.name, safe='')}",
            "name": column.name,
            "description": f"{column.name} ({column.kind})",
            "dataType": _type(types.get(column.name)),
            "source": {"fileObject": {"@id": source}, "extract": {"column": column.name}},
        }
        for column in w.run.schema.tables[table].columns
    ]
    return {"@type": "cr:RecordSet", "@id": quote(table), "name": table, "field": fields}


def _type(found: Any) -> str:
    if found is None or found == pl.String:
        return "sc:Text"
    if found == pl.Boolean:
        return "sc:Boolean"
    if found == pl.Date:
        return "sc:Date"
    if isinstance(found, pl.Datetime):
        return "sc:DateTime"
    return "cr:Int64" if found.is_integer() else "cr:Float64"


def _responsible(w: Writer) -> dict[str, Any]:
    """The fields of Croissant RAI: from the run, or from people's answers."""
    data, made = w.run.facts.get("data") or {}, w.run.facts.get("synthesis") or {}
    split = (w.run.manifest.get("split") or {}).get("parts") or {}
    asked = w.run.recipe.get("data") or {}
    source = w.value(data.get("source"))
    collection = w.say(
        "rai.collection",
        seed=w.value(made.get("seed")),
        method=w.value(made.get("synthesizer")),
        learnt=w.value((split.get("train") or {}).get("rows")),
        source=source,
    )
    preparation = w.say(
        "rai.preprocessing",
        dropped=w.value(list(asked.get("drop") or [])),
        recoded=w.value(list(asked.get("recode") or {})),
        holdout=w.value((split.get("holdout") or {}).get("rows")),
    )
    answered = {
        "rai:dataSocialImpact": w.answers.of("social_impact", w.at),
        "rai:dataReleaseMaintenancePlan": w.answers.of("maintenance", w.at),
    }
    uses = [text for text in (w.run.facts.get("use_case"), w.answers.of("uses", w.at)) if text]
    found = {
        "rai:dataCollection": collection,
        "rai:dataCollectionType": [w.say("rai.type")],
        "rai:dataCollectionMissingData": w.say("rai.missing"),
        "rai:dataCollectionRawData": w.say("rai.raw", rows=w.value(data.get("rows"))),
        "rai:dataPreprocessingProtocol": [preparation],
        "rai:dataUseCases": [" ".join(str(text).split()) for text in uses],
        "rai:dataLimitations": list(w.points("dc.limits", 3)),
        "rai:dataBiases": [_biases(w)],
        "rai:personalSensitiveInformation": [_personal(w)],
        **answered,
    }
    return {key: value for key, value in found.items() if value}


def _biases(w: Writer) -> str:
    protected = w.run.fairness.get("protected")
    if not protected:
        return w.say("rai.biases.none")
    scores = w.run.fairness.get("after") or w.run.fairness.get("before") or []
    told = [f"{w.name(s['metric'])} {w.number(s['value'])}" for s in scores if not s.get("subject")]
    return w.say("rai.biases.some", columns=", ".join(protected), scores="; ".join(told) or w.say("not_measured"))


def _personal(w: Writer) -> str:
    told = []
    for metric in parts.ATTACKS:
        score = w.run.score(metric)
        if score is None:
            told.append(f"{w.name(metric)}: {w.say('not_measured')}")
            continue
        shown = {"value": w.number(score.value), "interval": w.interval(score), "control": w.number(score.control)}
        told.append(w.say("rai.attack", metric=w.name(metric), **shown))
    return w.say("rai.personal", guarantee=parts.guarantee_text(w), attacks="; ".join(told))

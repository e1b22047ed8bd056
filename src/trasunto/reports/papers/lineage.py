"""The lineage paper: steps and entities by hash, beside the same as OpenLineage and PROV for machines."""

from __future__ import annotations

from trasunto.reports.blocks import Block, Grid, Links, Words
from trasunto.reports.papers.processing_record import operation
from trasunto.reports.papers.trace import trace
from trasunto.reports.papers.writer import Writer


def write(w: Writer) -> list[Block]:
    """The blocks of the paper."""
    found = trace(w.run)
    files = {f.name for f in w.run.files}
    gone = [e.name for e in found.entities if e.kind == "file" and e.name not in files]
    steps = tuple(
        (
            operation(w, step.name),
            step.began or w.say("not_recorded"),
            step.ended or w.say("not_recorded"),
            _short(step.reads),
            _short(step.writes),
        )
        for step in found.steps
    )
    entities = tuple((e.name, w.say(f"li.what.{e.kind}"), e.digest or w.say("not_recorded")) for e in found.entities)
    head = tuple(w.say(f"li.{each}") for each in ("step", "began", "ended", "from", "made"))
    blocks: list[Block] = [
        Words(w.say("li.told")),
        w.heading("li.steps"),
        Grid(head, steps),
        *w.blanks("actor"),
        w.heading("li.entities"),
        Grid((w.say("li.entity"), w.say("li.what"), w.say("sha")), entities),
    ]
    if gone:
        blocks.append(Words(w.say("li.missing", names=", ".join(gone)), "warning"))
    links = (("openlineage.json", "li.openlineage"), ("prov.json", "li.prov_json"), ("prov.provn", "li.prov_n"))
    return [
        *blocks,
        w.heading("li.machine"),
        Words(w.say("li.machine.told")),
        Links(tuple((name, f"../{name}", w.say(key)) for name, key in links)),
        *w.laws("openlineage", "prov"),
    ]


def _short(names: tuple[str, ...]) -> str:
    """Names, the files of a folder as that folder."""
    folders = [name.partition("/")[0] + "/" if "/" in name else name for name in names]
    return ", ".join(dict.fromkeys(folders)) or "–"

"""An entry for the record of processing activities (GDPR art. 30(1))."""

from __future__ import annotations

from trasunto.reports.blocks import Block, Words
from trasunto.reports.papers import parts
from trasunto.reports.papers.writer import Writer


def write(w: Writer) -> list[Block]:
    """The blocks of the entry, in the order of points (a) to (g)."""
    return [
        Words(w.say("rp.told")),
        w.heading("rp.who"),
        *w.blanks("controller", "dpo"),
        w.heading("rp.purposes"),
        w.table([*parts.purpose_rows(w), operations_row(w)]),
        *w.blanks("purpose", "legal_basis"),
        w.heading("rp.categories"),
        w.table([*parts.source_rows(w), flagged_row(w)]),
        *w.blanks("data_subjects", "special_categories"),
        *parts.columns(w),
        *parts.protection(w),
        w.heading("rp.recipients"),
        Words(w.say("rp.recipients.told")),
        *w.blanks("recipients"),
        w.heading("rp.transfers"),
        *w.blanks("transfers"),
        w.heading("rp.erasure"),
        Words(w.say("rp.erasure.told")),
        *w.blanks("retention"),
        w.heading("rp.security"),
        *parts.measures(w)[1:],
        *w.blanks("security_measures"),
        *w.laws("gdpr_record", "gdpr_consent", "gdpr_security", "lopdgdd"),
        *w.signature(),
    ]


def operations_row(w: Writer) -> tuple[str, str, str]:
    """What the run did with the rows."""
    done = [operation(w, name) for name in ordered(w)]
    return w.row("rp.operations", done, "run.json: steps")


def ordered(w: Writer) -> list[str]:
    """The steps of the run in the order they ended."""
    ended = [each["step"] for each in w.run.log if each.get("event") == "finished" and each.get("step")]
    steps = list(w.run.manifest.get("steps") or {})
    return sorted(steps, key=lambda name: ended.index(name) if name in ended else len(ended))


def operation(w: Writer, step: str) -> str:
    """A step in words; its name when there are none."""
    known = ("split", "fit", "sample", "measure", "train", "audit", "protect", "repair")
    return w.say(f"op.{step}") if step in known else step


def flagged(w: Writer) -> list[str]:
    """Columns that the run knows to be sensitive or protected."""
    roles = {c["name"]: c.get("role") for c in (w.run.facts.get("data") or {}).get("columns") or []}
    columns = [column for table in w.run.schema.tables.values() for column in table.columns]
    by_role = [c.name for c in columns if (c.role or roles.get(c.name)) in ("sensitive", "protected")]
    stated = [*(w.run.privacy.get("secrets") or []), *(w.run.fairness.get("protected") or [])]
    return list(dict.fromkeys([*by_role, *stated]))


def flagged_row(w: Writer) -> tuple[str, str, str]:
    found = flagged(w)
    source = "synthetic/schema.json; recipe.yaml: privacy.secrets, fairness.protected"
    return w.row("rp.flagged", found or w.say("none"), source)

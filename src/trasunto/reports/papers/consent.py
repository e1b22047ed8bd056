"""The consent record: which rows and columns consent and purpose let in, and what a withdrawal would reach."""

from __future__ import annotations

from trasunto.reports.blocks import Block, Grid, Words
from trasunto.reports.papers import parts
from trasunto.reports.papers.writer import Writer


def write(w: Writer) -> list[Block]:
    """The blocks of the record."""
    return [
        *_applied(w),
        w.heading("source_data"),
        w.table([*parts.purpose_rows(w), *parts.source_rows(w)]),
        w.heading("co.proof"),
        *w.blanks("controller", "legal_basis", "consent_wording", "consent_how", "consent_minors"),
        *_withdrawal(w),
        *w.blanks("consent_withdrawal"),
        *w.laws("gdpr_consent", "lopdgdd"),
        *w.signature(),
    ]


def _applied(w: Writer) -> list[Block]:
    consent, at = w.run.privacy.get("consent") or {}, w.run.place("privacy") + ".consent"
    blocks: list[Block] = [w.heading("co.applied")]
    if not consent:
        return [*blocks, Words(w.say("co.none"), "warning")]
    before, excluded = consent.get("rows_before"), consent.get("rows_excluded")
    kept = before - excluded if before is not None and excluded is not None else None
    rows = [
        w.row("co.column", consent.get("column") or w.say("none"), f"{at}.column"),
        *([w.row("co.purposes", consent["purposes"], f"{at}.purposes")] if consent.get("purposes") else []),
        w.row("co.values", consent.get("values"), f"{at}.values"),
        w.row("co.purpose", consent.get("purpose") or w.run.privacy.get("purpose"), f"{at}.purpose"),
        w.row("co.before", before, f"{at}.rows_before"),
        w.row("co.excluded", excluded, f"{at}.rows_excluded"),
        w.row("co.kept", kept, w.say("computed", source=at)),
        w.row("co.columns", list(consent.get("columns_excluded") or []), f"{at}.columns_excluded"),
    ]
    return [*blocks, Words(w.say("co.told")), w.table(rows)]


def _withdrawal(w: Writer) -> list[Block]:
    made = [f for f in w.run.files if f.name.startswith(("model/", "synthetic/", "language_model/"))]
    rows = tuple((f.name, f.sha256) for f in made)
    grid = Grid((w.say("file"), w.say("sha")), rows)
    return [w.heading("co.withdrawal"), Words(w.say("co.withdrawal.told")), grid]

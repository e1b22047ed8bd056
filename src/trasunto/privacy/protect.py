"""Protect: what may enter. Consent, identifiers, free text, rare values and k-anonymity, as a policy says, in one call.

consent and purpose → rows suppressed → identifiers found → columns treated → free text → k, l, t → rare → swept
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.expressions import parse
from trasunto.data.schema import Column, TableSchema
from trasunto.errors import EmptyDataError, RecipeError, near
from trasunto.privacy.anonymity import Anonymity, measured
from trasunto.privacy.consent import consented, dropped, kept
from trasunto.privacy.identifiers import PERSONAL, Finding, find, with_roles
from trasunto.privacy.identifiers_sweep import Known, swept
from trasunto.privacy.policy import Anonymise, Policy
from trasunto.privacy.protect_anonymity import Reached, reached
from trasunto.privacy.protect_columns import generalised, masked, merged, noised, renamed, shifted, spelt
from trasunto.privacy.protect_people import Cast, cast_of, faked, full_names, people_of
from trasunto.privacy.protect_plan import Place, Planned, assigned, planned, require_key
from trasunto.privacy.protect_text import CALLED, Redactor, known_values
from trasunto.privacy.protection import Protected, Protection, Treated
from trasunto.privacy.pseudonyms import Pseudonyms, fingerprint


def protect(
    dataset: Dataset, policy: Policy | Mapping[str, Any], *, key: bytes | None = None, seed: int = 0
) -> Protected:
    """The dataset as `policy` has it, and the record of what was done.

    dataset: one table or several; it is not changed. key: the secret of pseudonyms, fake people, noise and shifted
    dates, at least 16 bytes, kept apart from the data. seed: same seed, same result; everything that must not be
    guessed hangs on the key instead. Roles are proposed where the schema has none.

    Raises RecipeError (a policy that cannot be done, no key, an identifier that nothing names), SchemaError (a column
    that is not there), FitError (k, l or t that cannot be reached), EmptyDataError (nothing is left).
    """
    rules = policy if isinstance(policy, Policy) else Policy.from_dict(policy)
    before = dataset.digest()
    record = None
    _check_columns(dataset, rules)
    if rules.consent is not None:
        dataset, record = consented(dataset, rules.consent, rules.purpose)
    dataset, suppressed = _suppressed(dataset, rules)
    findings = find(dataset)
    dataset = with_roles(dataset, findings)
    plan = planned(dataset, rules, findings)
    require_key(plan, key)
    pseudonyms = Pseudonyms.of(key, rules.domain) if key is not None else None
    work = _Work(dataset, rules, plan, pseudonyms)
    made, treated = work.columns()
    home = _home(dataset, rules, findings)
    quasi, sensitive = _parts(made, home, rules, findings)
    first = [name for name in quasi if name in dataset.tables[home].schema] if home else []
    counted = measured(dataset.tables[home].rows, first, sensitive) if home and first else None
    found: Reached | None = None
    if rules.anonymity is not None and home is not None:
        found = reached(made.tables[home], rules.anonymity, quasi, sensitive, rules.language)
        made, gone = _replaced(made, home, found)
        suppressed = {name: suppressed.get(name, 0) + gone.get(name, 0) for name in made.tables}
    made, treated = _rare(made, rules, plan, treated, set(found.levels) if found else set())
    _require_rows(made)
    made = _whole(made)
    after = found.measured if found else _count(made, home, quasi, sensitive)
    left = work.left(made)
    protection = Protection(
        findings,
        treated,
        before,
        made.digest(),
        rules.purpose,
        rules.domain,
        fingerprint(key) if key is not None else None,
        record,
        home if counted else None,
        counted,
        after if counted else None,
        found.levels if found else {},
        found.method if found else None,
        found.loss if found else None,
        found.discernibility if found else None,
        {name: rows for name, rows in suppressed.items() if rows},
        len(work.known),
        left,
        _notes(treated, left, findings, made, home),
    )
    return Protected(made, protection, assigned(plan, work.names))


@dataclass
class _Work:
    """One run over the columns: everything that all of them share, made once."""

    dataset: Dataset
    policy: Policy
    plan: Mapping[Place, Planned]
    pseudonyms: Pseudonyms | None

    def __post_init__(self) -> None:
        fake = any(each.action.action == "fake" for each in self.plan.values())
        self.cast = Cast({}, {}, {})
        if fake and self.pseudonyms is not None:
            self.cast = cast_of(self.dataset, self.plan, self.pseudonyms, self.policy.language)
        self.known: Known = known_values(self._direct())
        self.names = self._pseudonyms()

    def columns(self) -> tuple[Dataset, tuple[Treated, ...]]:
        """Every column after its action."""
        tables: dict[str, Table] = {}
        treated: list[Treated] = []
        for name, table in self.dataset.tables.items():
            rows, schema, gone = table.rows, table.schema, []
            for column in table.schema.columns:
                each = self.plan[(name, column.name)]
                values, after, taken = self._treated(name, column, table.rows[column.name], each)
                if each.action.action == "drop":
                    gone.append(column.name)
                else:
                    rows, schema = rows.with_columns(values), schema.with_column(after)
                if each.why or each.direct:
                    changed = len(table) if column.name in gone else _changed(table.rows[column.name], values)
                    settings = {k: v for k, v in each.action.to_dict().items() if k != "action"}
                    treated.append(
                        Treated(name, column.name, each.action.action, each.kind, each.why, changed, settings, taken)
                    )
            made = Table(_fitting(schema, table), rows)
            tables[name] = dropped(made, tuple(gone)) if gone else made
        return Dataset.holding(tables), tuple(treated)

    def left(self, made: Dataset) -> dict[str, int]:
        """Column → rows that hold a known value still, in free text and in columns that were to be changed."""
        found: dict[str, int] = {}
        for name, table in made.tables.items():
            for column in table.schema.columns:
                each = self.plan[(name, column.name)]
                values = table.rows[column.name]
                if values.dtype != pl.String or (each.direct and each.action.action == "keep"):
                    continue
                # A fake name is some real name of some real person: those columns hold none of a value's own.
                if each.action.action in ("fake", "pseudonymise"):
                    continue
                if column.kind != "text" and each.action.action not in ("redact", "mask"):
                    continue
                known = self.known
                if each.action.by == "surrogates":
                    # A surrogate may be called like somebody: only whole names and numbers tell.
                    whole = {form: kind for form, kind in known.spelt.items() if " " in form or "@" in form}
                    known = replace(known, spelt=whole)
                rows = {span.row for span in swept(values, known)}
                if rows:
                    found[f"{name}.{column.name}" if len(made.tables) > 1 else column.name] = len(rows)
        return found

    def _treated(
        self, table: str, column: Column, values: pl.Series, each: Planned
    ) -> tuple[pl.Series, Column, Mapping[str, int]]:
        action = each.action
        if action.action in ("keep", "drop"):
            return values, column, {}
        if action.action == "mask":
            return *masked(values, column, action), {}
        if action.action == "generalise":
            return *generalised(values, column, action), {}
        if action.action == "redact":
            redacted = self._redactor(each).of(spelt(values, column))
            return redacted.texts, replace(column, categories=None, reason=f"Text {CALLED}."), redacted.taken
        assert self.pseudonyms is not None
        if action.action == "noise":
            return *noised(values, column, action, self.pseudonyms, f"{table}.{column.name}"), {}
        if action.action == "shift":
            people = people_of(self.dataset, table, action.person, self.plan)
            return *shifted(values, column, action, people, self.pseudonyms), {}
        if action.action == "fake":
            return *faked(values, column, each, self.cast.keys[table], self.cast), {}
        return *renamed(values, column, action, self.names[(each.group, action.form or "text")]), {}

    def _redactor(self, each: Planned) -> Redactor:
        kept = frozenset(kind for kind, action in self.policy.kinds.items() if action.action == "keep")
        return Redactor(each.action, self.policy.language, self.known, kept, self.pseudonyms, self.cast)

    def _pseudonyms(self) -> dict[tuple[str, str], dict[str, str]]:
        """(group, form) → value → pseudonym, over all columns of all tables that share them."""
        values: dict[tuple[str, str], set[str]] = {}
        for (table, column), each in self.plan.items():
            if each.action.action == "pseudonymise":
                source = self.dataset.tables[table]
                texts = spelt(source.rows[column], source.schema[column]).drop_nulls().unique().to_list()
                values.setdefault((each.group, each.action.form or "text"), set()).update(texts)
        if self.pseudonyms is None:
            return {}
        return {at: self.pseudonyms.assigned(at[0], texts, at[1]) for at, texts in values.items()}

    def _direct(self) -> dict[str, list[tuple[str, pl.Series]]]:
        """Values of columns that name people and do not stay, by kind: what no text may hold."""
        found: dict[str, list[tuple[str, pl.Series]]] = {}
        for (table, column), each in self.plan.items():
            source = self.dataset.tables[table]
            if not each.direct or each.action.action == "keep" or source.schema[column].kind == "text":
                continue
            texts = spelt(source.rows[column], source.schema[column])
            found.setdefault(each.kind, []).append((column, texts))
        for table in self.dataset.tables:
            people = [
                column
                for (home, column), each in self.plan.items()
                if home == table and each.kind == "person" and each.action.action != "keep"
            ]
            if len(people) > 1:
                found.setdefault("person", []).append((table, full_names(self.dataset, table, self.plan)))
        return found


def _check_columns(dataset: Dataset, rules: Policy) -> None:
    """What the policy names must be there before anything is left out."""
    known = [c for t, table in dataset.tables.items() for name in table.schema.names for c in (name, f"{t}.{name}")]
    for spelt_name in rules.columns:
        if spelt_name not in known:
            raise RecipeError(f"The policy names a column {spelt_name!r} that is not there.", near(spelt_name, known))


def _suppressed(dataset: Dataset, rules: Policy) -> tuple[Dataset, dict[str, int]]:
    """Without rows for which an expression of `suppress` holds; "table: expression" where there are several tables."""
    keep = {name: pl.repeat(True, len(table), eager=True) for name, table in dataset.tables.items()}
    for text in rules.suppress:
        name, colon, expression = text.partition(":")
        if not colon or name.strip() not in dataset.tables:
            name, expression = (dataset.name if len(dataset.tables) == 1 else name), text
        if name.strip() not in dataset.tables:
            raise RecipeError(f"`suppress` {text!r} names no table.", 'Write "table: expression".')
        table = dataset.tables[name.strip()]
        keep[name.strip()] &= ~parse(expression, table.schema).holds(table.rows)
    return kept(dataset, keep) if rules.suppress else (dataset, {})


def _home(dataset: Dataset, rules: Policy, findings: tuple[Finding, ...]) -> str | None:
    """The table whose quasi-identifiers are counted: the one named, the only one, or that with most of them."""
    wanted = rules.anonymity or Anonymise()
    if wanted.table is not None:
        if wanted.table not in dataset.tables:
            raise RecipeError(f"`anonymity` names a table {wanted.table!r}.", near(wanted.table, dataset.tables))
        return wanted.table
    if wanted.quasi:
        homes = [name for name, table in dataset.tables.items() if all(c in table.schema for c in wanted.quasi)]
        if len(homes) != 1:
            known = {name for table in dataset.tables.values() for name in table.schema.names}
            lost = next((c for c in wanted.quasi if c not in known), wanted.quasi[0])
            raise RecipeError(f"`anonymity.quasi`: {lost!r} is in no table, or in several.", near(lost, known))
        return homes[0]
    counts = {name: len(table.schema.of_role("quasi-identifier")) for name, table in dataset.tables.items()}
    closely = {name: sum(f.table == name and f.kind in PERSONAL for f in findings) for name in counts}
    best = max(counts, key=lambda name: (closely[name], counts[name]))
    return best if counts[best] or rules.anonymity is not None else None


def _parts(
    made: Dataset, home: str | None, rules: Policy, findings: tuple[Finding, ...]
) -> tuple[list[str], list[str]]:
    """(quasi-identifiers, sensitive columns) of the table, those that are still there when they were found by role."""
    if home is None:
        return [], []
    schema = made.tables[home].schema
    wanted = rules.anonymity or Anonymise()
    quasi = list(wanted.quasi) or [column.name for column in schema.of_role("quasi-identifier")]
    sensitive = list(wanted.sensitive) or [c.name for c in schema.of_role("sensitive") if c.name not in quasi]
    return quasi, sensitive


def _replaced(made: Dataset, home: str, found: Reached) -> tuple[Dataset, dict[str, int]]:
    """The dataset with the generalised table; what refers to suppressed rows goes with them."""
    keep = {name: pl.repeat(True, len(table), eager=True) for name, table in made.tables.items()}
    keep[home] = pl.Series(found.keep)
    rest, gone = kept(made, keep)
    tables = dict(rest.tables)
    schema = _fitting(found.table.schema, made.tables[home])
    tables[home] = Table(schema, found.table.rows)
    return Dataset.holding(tables), gone


def _rare(
    made: Dataset, rules: Policy, plan: Mapping[Place, Planned], treated: tuple[Treated, ...], told: set[str]
) -> tuple[Dataset, tuple[Treated, ...]]:
    """Rare categories told as one in columns that are kept. told: columns generalised already."""
    if not rules.rare:
        return made, treated
    tables: dict[str, Table] = {}
    more: list[Treated] = []
    for name, table in made.tables.items():
        rows, schema = table.rows, table.schema
        for column in schema.columns:
            each = plan[(name, column.name)]
            words = column.kind == "category" and rows[column.name].dtype == pl.String
            if not words or column.name in told or each.direct or each.action.action == "redact":
                continue
            values, after, changed = merged(rows[column.name], column, rules.rare)
            if changed:
                count = _changed(rows[column.name], values)
                more.append(Treated(name, column.name, "generalise", each.kind, "rare", count, {"rare": rules.rare}))
                rows, schema = rows.with_columns(values), schema.with_column(after)
        tables[name] = Table(_fitting(schema, table), rows)
    return Dataset.holding(tables), (*treated, *more)


def _fitting(schema: TableSchema, before: Table) -> TableSchema:
    """The schema without rules on columns whose values are others now, and without a claim that these are public: the
    new values were read from the rows."""
    changed = {c.name for c in schema.columns if c.name in before.schema and c != before.schema[c.name]}
    changed = {name for name in changed if replace(schema[name], role=None) != replace(before.schema[name], role=None)}
    rules = tuple(each for each in schema.constraints if not any(name in each.rule for name in changed))
    columns = tuple(replace(c, declared=False) if c.name in changed else c for c in schema.columns)
    return replace(schema, columns=columns, constraints=rules)


def _whole(made: Dataset) -> Dataset:
    """References to columns that are no longer there, or no longer agree, are none."""
    tables: dict[str, Table] = {}
    for name, table in made.tables.items():
        links = []
        for link in table.schema.foreign_keys:
            parent = made.tables[link.table]
            if all(c in parent.schema for c in link.references) and _agree(
                table, parent, link.columns, link.references
            ):
                links.append(link)
        tables[name] = Table(replace(table.schema, foreign_keys=tuple(links)), table.rows)
    return Dataset.holding(tables)


def _agree(child: Table, parent: Table, columns: tuple[str, ...], references: tuple[str, ...]) -> bool:
    if any(child.rows[a].dtype != parent.rows[b].dtype for a, b in zip(columns, references, strict=True)):
        return False
    rows = child.rows.select(columns).drop_nulls()
    return rows.join(parent.rows.select(references), left_on=columns, right_on=references, how="anti").is_empty()


def _count(made: Dataset, home: str | None, quasi: list[str], sensitive: list[str]) -> Anonymity | None:
    if home is None:
        return None
    there = [name for name in quasi if name in made.tables[home].schema]
    return measured(made.tables[home].rows, there, [s for s in sensitive if s in made.tables[home].schema])


def _require_rows(made: Dataset) -> None:
    for name, table in made.tables.items():
        if len(table) == 0:
            raise EmptyDataError(
                f"No row of {name!r} is left.", "Ask for less in `suppress`, `consent` or `anonymity`."
            )


def _changed(before: pl.Series, after: pl.Series) -> int:
    a, b = before.cast(pl.String), after.cast(pl.String)
    return int((a.ne_missing(b)).sum())


def _notes(
    treated: tuple[Treated, ...],
    left: Mapping[str, int],
    findings: tuple[Finding, ...],
    made: Dataset,
    home: str | None,
) -> tuple[str, ...]:
    """What a reader must know, as keys of reports' words with what they name after a colon."""
    notes = []
    stays = [f"{each.table}.{each.column}" for each in treated if each.action == "keep" and each.kind]
    keyed = [e for e in treated if e.action in ("pseudonymise", "fake", "shift", "noise")]
    texts = [e for e in treated if e.action == "redact"]
    direct = {f"{f.table}.{f.column}" for f in findings if f.category == "direct" and f.where == "column"}
    if set(stays) & direct:
        notes.append(f"identifiers_stay: {', '.join(sorted(set(stays) & direct))}")
    done = {(each.table, each.column) for each in treated if each.action != "keep"}
    elsewhere = [
        f"{f.table}.{f.column}"
        for f in findings
        if f.category == "quasi" and f.where == "column" and f.table != home and (f.table, f.column) not in done
    ]
    if elsewhere:
        notes.append(f"quasi_elsewhere: {', '.join(name for name in elsewhere if name.split('.')[0] in made.tables)}")
    if keyed:
        notes.append("pseudonyms_are_personal_data")
    if texts:
        notes.append("text_is_de_identified")
    if left:
        notes.append(f"values_left: {', '.join(left)}")
    return tuple(notes)

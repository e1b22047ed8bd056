from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from trasunto.cli.main import DONE
from trasunto.cli.say import json_option, language_option, say_json, say_sheets, say_table

if TYPE_CHECKING:
    from trasunto.privacy.identifiers import Finding


@click.command("inspect")
@click.argument("data")
@click.option("-o", "--output", metavar="schema.yaml", help="Write the schema (.yaml or .json), to mend and give back.")
@click.option("--schema", "schema_file", metavar="FILE", help="What is known already: check the data against it.")
@click.option("--rules", is_flag=True, help="Look for rules that the rows keep; with -o, propose them in the schema.")
@click.option("--declare", is_flag=True, help="DATA is public: what its columns hold may be known, as a codebook.")
@language_option
@json_option
def command(
    data: str,
    output: str | None,
    schema_file: str | None,
    rules: bool,
    declare: bool,
    language: str,
    as_json: bool,
) -> int:
    """Show what is in a data set, column by column, and why we think so.

    Rules that are found (computed columns, order, fixed combinations, implications, …) are proposals: they are held
    in synthetic rows only once `confirmed: true` stands beside them in the schema.

    A private fit may know of a column only what is public. `--declare` writes categories and bounds into the schema
    as public knowledge: give it a public file, a made-up one, or last year's codebook, never the private rows.

    \b
    Examples:
      trasunto inspect patients.csv
      trasunto inspect patients.csv -o schema.yaml
      trasunto inspect packaged:thyroid --json
      trasunto inspect orders.csv --rules -o schema.yaml
      trasunto inspect pacientes.csv --language es
      trasunto inspect codebook.csv --declare -o public.yaml
    """
    from trasunto.connectors.address import open_source
    from trasunto.connectors.lake import versions_told
    from trasunto.data.check import check
    from trasunto.data.discover import with_proposals
    from trasunto.pipeline.verbs import read
    from trasunto.reports.column_words import breach_told
    from trasunto.reports.console_words import say

    dataset = read(data, schema=schema_file)
    say_sheets(data)
    versions = versions_told(open_source(data))
    if rules:
        dataset = with_proposals(dataset)
    if declare:
        from trasunto.privacy.domain import declared_from

        if not output:
            raise click.UsageError("--declare writes a schema: name its file with -o.")
        declared_from(dataset).save(output)
    elif output:
        dataset.schema.save(output)
    breaches = check(dataset)
    findings, note = _personal(dataset)
    tables = {
        name: [_told(table.rows[c.name], c) for c in table.schema.columns] for name, table in dataset.tables.items()
    }
    if as_json:
        told = {"breaches": [each.message for each in breaches], "personal": [each.to_dict() for each in findings]}
        say_json({**_as_json(dataset, tables), **told})
        return DONE
    for each in versions:
        click.echo(each)
    for name, columns in tables.items():
        _say_columns(name, len(dataset.tables[name]), columns, language)
        _say_keys(name, dataset.tables[name].schema, language)
        _say_rules(name, dataset.tables[name].schema, language, always=rules)
    _say_personal(findings, note, language)
    for breach in breaches:
        parts = (breach.table, breach.column, breach.count, breach.rule, breach.rows)
        click.echo(say("breach", language, what=breach_told(*parts, language)))
    if output:
        click.echo(say("schema_written", language, path=output))
    return DONE


def _as_json(dataset: Any, tables: dict[str, Any]) -> dict[str, Any]:
    schemas = {name: table.schema for name, table in dataset.tables.items()}
    return {
        "tables": tables,
        "rows": {name: len(table) for name, table in dataset.tables.items()},
        "foreign_keys": {name: [asdict(key) for key in schema.foreign_keys] for name, schema in schemas.items()},
        "rules": {name: [asdict(each) for each in schema.constraints] for name, schema in schemas.items()},
    }


def _say_columns(name: str, rows: int, columns: list[dict[str, Any]], language: str) -> None:
    from trasunto.reports.column_words import role_told, why_told
    from trasunto.reports.console_words import amount, counted_in, headed, say, share
    from trasunto.reports.words import say as worded

    lines = [
        (
            c["name"],
            worded(f"kind_{c['kind']}", language),
            role_told(c["role"], language),
            share(c["missing"], language),
            amount(c["distinct"], language),
            c["values"],
            why_told(c["reason"], language),
        )
        for c in columns
    ]
    counts = {"rows": counted_in(rows, "row", language), "columns": counted_in(len(columns), "column", language)}
    say_table(say("table", language, name=name, **counts), headed("columns_head", language), lines, right=(3, 4))


def _say_keys(name: str, schema: Any, language: str) -> None:
    """What tells the rows of a table apart, what they refer to, and whose events they are."""
    from trasunto.reports.console_words import headed, say

    lines = [(" + ".join(schema.primary_key), say("key", language))] if schema.primary_key else []
    for key in schema.foreign_keys:
        lines.append((" + ".join(key.columns), f"→ {key.table} ({' + '.join(key.references)})"))
    if schema.sequence:
        lines.append((schema.sequence[0], say("events", language, order=schema.sequence[1])))
    if schema.foreign_keys or schema.sequence:
        say_table(say("ties", language, name=name), headed("ties_head", language), lines)


def _say_rules(name: str, schema: Any, language: str, *, always: bool) -> None:
    from trasunto.reports.column_words import why_told
    from trasunto.reports.console_words import counted_in, headed, say

    said = [
        (each.rule, say("held" if each.confirmed else "proposed", language), why_told(each.reason, language))
        for each in schema.constraints
    ]
    if said or always:
        title = say("rules", language, name=name, rules=counted_in(len(said), "rule", language))
        say_table(title, headed("rules_head", language), said)


def _say_personal(findings: tuple[Finding, ...], note: str, language: str) -> None:
    from trasunto.reports.console_words import counted_in, headed, say, share
    from trasunto.reports.finding_words import category_told, kind_told, place_told, reason_told

    if findings:
        named = [
            (
                f"{f.table}.{f.column}",
                kind_told(f.kind, language),
                category_told(f.category, language),
                place_told(f.where, language),
                share(f.share, language),
                reason_told(f.reason, language),
            )
            for f in findings
        ]
        title = say("personal", language, findings=counted_in(len(named), "finding", language))
        say_table(title, headed("personal_head", language), named, right=(4,))
    elif note:
        click.echo(say("not_looked", language, why=note), err=True)


def _personal(dataset: Any) -> tuple[tuple[Finding, ...], str]:
    """(what names people or tells them apart, why it was not looked for)."""
    from trasunto.errors import MissingLibraryError
    from trasunto.privacy.identifiers import find

    try:
        return find(dataset), ""
    except MissingLibraryError as error:
        return (), str(error)


def _told(values: Any, column: Any) -> dict[str, Any]:
    return {
        "name": column.name,
        "kind": column.kind,
        "role": column.role or "",
        "missing": values.null_count() / max(len(values), 1),
        "distinct": values.drop_nulls().n_unique(),
        "values": _example(values, column),
        "reason": column.reason,
    }


def _example(values: Any, column: Any) -> str:
    """The range of numbers and dates, the most frequent categories; nothing of identifiers and texts."""
    from trasunto.data.written import write

    present = values.drop_nulls()
    if present.is_empty() or column.kind in ("id", "text"):
        return ""
    if column.kind in ("integer", "number", "datetime"):
        ends = write(present.sort().gather([0, len(present) - 1]), column)
        return f"{ends[0]} … {ends[1]}"
    counts = write(present, column).value_counts(sort=True).head(3)
    return ", ".join(str(value)[:20] for value in counts[present.name].to_list())

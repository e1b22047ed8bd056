from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from trasunto.cli.main import DONE
from trasunto.cli.say import counted, json_option, say_json, say_sheets, say_table


@click.command("inspect")
@click.argument("data")
@click.option("-o", "--output", metavar="schema.yaml", help="Write the schema (.yaml or .json), to mend and give back.")
@click.option("--schema", "schema_file", metavar="FILE", help="What is known already: check the data against it.")
@click.option("--rules", is_flag=True, help="Look for rules that the rows keep; with -o, propose them in the schema.")
@click.option("--declare", is_flag=True, help="DATA is public: what its columns hold may be known, as a codebook.")
@json_option
def command(data: str, output: str | None, schema_file: str | None, rules: bool, declare: bool, as_json: bool) -> int:
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
      trasunto inspect codebook.csv --declare -o public.yaml
    """
    from trasunto.connectors.address import open_source
    from trasunto.connectors.lake import versions_told
    from trasunto.data.check import check
    from trasunto.data.discover import with_proposals
    from trasunto.pipeline.verbs import read

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
    breaches = [breach.message for breach in check(dataset)]
    personal, note = _personal(dataset)
    tables = {
        name: [_told(table.rows[c.name], c) for c in table.schema.columns] for name, table in dataset.tables.items()
    }
    if as_json:
        say_json({**_as_json(dataset, tables), "breaches": breaches, "personal": personal})
        return DONE
    for each in versions:
        click.echo(each)
    head = ("column", "kind", "role", "missing", "different", "values", "why we think so")
    for name, columns in tables.items():
        lines = [
            (c["name"], c["kind"], c["role"], f"{c['missing']:.1%}", f"{c['distinct']:,}", c["values"], c["reason"])
            for c in columns
        ]
        title = f"{name}: {counted(len(dataset.tables[name]), 'row')}, {counted(len(columns), 'column')}"
        say_table(title, head, lines, right=(3, 4))
        _say_keys(name, dataset.tables[name].schema)
        said = [
            (each.rule, "held" if each.confirmed else "proposed", each.reason)
            for each in dataset.tables[name].schema.constraints
        ]
        if said or rules:
            say_table(f"{name}: {counted(len(said), 'rule')}", ("rule", "", "why we think so"), said)
    if personal:
        named = [
            (f"{f['table']}.{f['column']}", f["kind"], f["category"], f["where"], f"{f['share']:.1%}", f["reason"])
            for f in personal
        ]
        title = f"{counted(len(named), 'finding')} about people: see `trasunto protect`"
        say_table(title, ("column", "what", "category", "where", "rows", "why we think so"), named, right=(4,))
    elif note:
        click.echo(note, err=True)
    for breach in breaches:
        click.echo(f"Breach: {breach}")
    if output:
        click.echo(f"Wrote {output}. Mend it by hand and give it back with --schema.")
    return DONE


def _as_json(dataset: Any, tables: dict[str, Any]) -> dict[str, Any]:
    schemas = {name: table.schema for name, table in dataset.tables.items()}
    return {
        "tables": tables,
        "rows": {name: len(table) for name, table in dataset.tables.items()},
        "foreign_keys": {name: [asdict(key) for key in schema.foreign_keys] for name, schema in schemas.items()},
        "rules": {name: [asdict(each) for each in schema.constraints] for name, schema in schemas.items()},
    }


def _say_keys(name: str, schema: Any) -> None:
    """What tells the rows of a table apart, what they refer to, and whose events they are."""
    lines = [(" + ".join(schema.primary_key), "tells its rows apart")] if schema.primary_key else []
    for key in schema.foreign_keys:
        lines.append((" + ".join(key.columns), f"→ {key.table} ({' + '.join(key.references)})"))
    if schema.sequence:
        lines.append((schema.sequence[0], f"whose events they are, in order of {schema.sequence[1]}"))
    if schema.foreign_keys or schema.sequence:
        say_table(f"{name}: what ties its rows", ("column", "ties"), lines)


def _personal(dataset: Any) -> tuple[list[dict[str, Any]], str]:
    """(what names people or tells them apart, why it was not looked for)."""
    from trasunto.errors import MissingLibraryError
    from trasunto.privacy.identifiers import find

    try:
        return [finding.to_dict() for finding in find(dataset)], ""
    except MissingLibraryError as error:
        return [], f"Identifiers were not looked for. {error}"


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

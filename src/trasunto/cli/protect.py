from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trasunto.cli.main import DONE
from trasunto.cli.say import json_option, say_json, say_sheets, say_table, seed_option

if TYPE_CHECKING:
    from trasunto.privacy.identifiers import Finding
    from trasunto.privacy.protection import Protection


@click.command("protect")
@click.argument("data", required=False)
@click.option("--policy", "policy_file", metavar="F", help="What becomes of each column; see --propose.")
@click.option(
    "--propose", is_flag=True, help="Write a policy from what is found, to be read and mended; change nothing."
)
@click.option(
    "-o", "--output", metavar="OUT", help="The protected data, a file or a folder; with --propose the policy."
)
@click.option("--report", metavar="R", help="What was found, done and remains: .html, .md or .json")
@click.option("--key-file", metavar="F", help="The secret key of pseudonyms (or TRASUNTO_KEY holds it).")
@click.option("--new-key", metavar="F", help="Make a secret key in a new file that only you can read.")
@click.option("--purpose", metavar="P", help="What the data will be used for; consent may be by purpose.")
@click.option("--schema", "schema_file", metavar="FILE", help="What is known about the columns.")
@click.option("--language", type=click.Choice(["en", "es"]), help="Of the report and of fake people.  [default: en]")
@seed_option
@json_option
def command(
    data: str | None,
    policy_file: str | None,
    propose: bool,
    output: str | None,
    report: str | None,
    key_file: str | None,
    new_key: str | None,
    purpose: str | None,
    schema_file: str | None,
    language: str | None,
    seed: int,
    as_json: bool,
) -> int:
    """Find who is named in data and protect them: pseudonyms, fake people, coarser values, free text without names,
    k-anonymity, consent. DATA is never changed; without -o it is only told what would become of it.

    \b
    Examples:
      trasunto protect patients.csv --propose -o policy.yaml
      trasunto protect --new-key secret.key
      trasunto protect patients.csv --policy policy.yaml --key-file secret.key -o protected.csv --report report.html
      trasunto protect folder/ --policy policy.yaml --key-file secret.key --purpose research -o protected/
    """
    from trasunto.pipeline.verbs import read
    from trasunto.privacy.identifiers import find
    from trasunto.privacy.policy import load_policy
    from trasunto.privacy.policy_propose import consent_columns, proposed
    from trasunto.privacy.protect import protect
    from trasunto.privacy.pseudonyms import read_key

    if new_key is not None:
        return _new_key(new_key)
    if data is None:
        raise click.UsageError("Name the data to protect.")
    for out in (output, report):
        _keep_apart(data, out)
    dataset = read(data, schema=schema_file)
    say_sheets(data)
    key = read_key(key_file)
    if propose or policy_file is None:
        findings = find(dataset)
        policy = proposed(dataset, findings, keyed=propose or key is not None, language=language or "en")
        if propose:
            return _propose(policy, findings, consent_columns(dataset), output, as_json)
    else:
        policy = load_policy(policy_file)
    policy = replace(policy, purpose=purpose or policy.purpose, language=language or policy.language)
    made = protect(dataset, policy, key=key, seed=seed)
    document = made.protection.to_dict()
    if output is not None:
        made.dataset.write(output)
    if report is not None:
        from trasunto.reports.protection import write

        write(document, report, name=Path(data).name, language=language or policy.language)
    if as_json:
        say_json(document)
    else:
        _tell(made.protection, output, report, policy.language)
    return DONE


def _propose(
    policy: object, findings: tuple[Finding, ...], consent: list[str], output: str | None, as_json: bool
) -> int:
    import yaml

    from trasunto.privacy.policy import Policy

    assert isinstance(policy, Policy)
    if as_json:
        say_json({"policy": policy.to_dict(), "findings": [each.to_dict() for each in findings], "consent": consent})
    elif output is None:
        click.echo(yaml.safe_dump(policy.to_dict(), sort_keys=False, allow_unicode=True, width=110), nl=False)
    else:
        _say_findings(findings, policy.language)
    if output is not None:
        policy.save(output)
        click.echo(f"Wrote {output}. Read it, mend it, and give it back with --policy.", err=as_json)
    if consent and not as_json:
        click.echo(f"Consent may stand in {', '.join(consent)}: name it in the policy under `consent`.", err=True)
    return DONE


def _say_findings(findings: tuple[Finding, ...], language: str) -> None:
    from trasunto.reports.finding_words import kind_told, reason_told

    rows = [
        (
            f"{f.table}.{f.column}",
            kind_told(f.kind, language) if language != "en" else f.kind,
            f.category,
            f.where,
            f"{f.share:.1%}",
            f"{f.confidence:.0%}",
            reason_told(f.reason, language),
        )
        for f in findings
    ]
    head = ("column", "what", "category", "where", "rows", "sure", "why we think so")
    say_table(f"{len(rows)} findings", head, rows, right=(4, 5))


def _tell(protection: Protection, output: str | None, report: str | None, language: str) -> None:
    _say_findings(protection.findings, language)
    rows = [
        (f"{t.table}.{t.column}", t.action, t.why, f"{t.rows:,}", ", ".join(f"{k}: {n:,}" for k, n in t.taken.items()))
        for t in protection.actions
    ]
    say_table("What was done", ("column", "action", "named by", "rows changed", "taken from text"), rows, right=(3,))
    before, after = protection.before, protection.after
    if before is not None and after is not None:
        click.echo(
            f"k: {before.k} before, {after.k} after; rows alone in their group: {before.unique:,}, {after.unique:,}."
        )
    if protection.loss is not None:
        told = ", ".join(f"{name}: {level}" for name, level in protection.levels.items())
        click.echo(f"Levels ({protection.method}): {told}. Information lost in them: {protection.loss:.1%}.")
    for name, count in protection.suppressed.items():
        click.echo(f"{name}: {count:,} rows left out.")
    if protection.consent is not None:
        consent = protection.consent.to_dict()
        click.echo(f"Consent: {consent['rows_excluded']:,} of {consent['rows_before']:,} rows left out.")
    for column, count in protection.left.items():
        click.echo(f"Warning: {count:,} rows of {column} still hold a value of a column that names people.", err=True)
    for what, path in (("protected data", output), ("report", report)):
        if path is not None:
            click.echo(f"Wrote the {what} to {path}.")
    if output is None:
        click.echo("Nothing was written: name a file or folder with -o.")


def _new_key(path: str) -> int:
    from trasunto.privacy.pseudonyms import new_key

    new_key(path)
    click.echo(f"Wrote a secret key to {path}. Keep it apart from the data: who has both can undo pseudonyms.")
    return DONE


def _keep_apart(data: str, out: str | None) -> None:
    """The input is never overwritten, nor written into."""
    if out is None:
        return
    source, target = Path(data).resolve(), Path(out).resolve()
    if source == target or source in target.parents:
        raise click.UsageError(f"{out} is the data itself, or lies in it. Name another place with -o.")

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
@click.option("--vault", metavar="F", help="Keep, encrypted, what each pseudonym stands for; see `trasunto reveal`.")
@click.option("--vault-key-file", metavar="F", help="The key of the vault (or TRASUNTO_VAULT_KEY holds it).")
@click.option("--purpose", metavar="P", help="What the data will be used for; consent may be by purpose.")
@click.option("--schema", "schema_file", metavar="FILE", help="What is known about the columns.")
@click.option(
    "--language", type=click.Choice(["en", "es"]), help="Of what is told, the report and fake people.  [default: en]"
)
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
    vault: str | None,
    vault_key_file: str | None,
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
      trasunto protect patients.csv --policy policy.yaml --key-file secret.key -o protected.csv --vault people.vault
      trasunto protect folder/ --policy policy.yaml --key-file secret.key --purpose research -o protected/
    """
    from trasunto.pipeline.verbs import read
    from trasunto.privacy.identifiers import find
    from trasunto.privacy.policy import load_policy
    from trasunto.privacy.policy_propose import consent_columns, proposed
    from trasunto.privacy.protect import protect
    from trasunto.privacy.pseudonyms import read_key
    from trasunto.privacy.vault import keep

    if new_key is not None:
        return _new_key(new_key, language or "en")
    if data is None:
        raise click.UsageError("Name the data to protect.")
    if propose and vault is not None:
        raise click.UsageError("--propose changes nothing, so that --vault has nothing to keep: leave one of them out.")
    for out in (output, report, vault):
        _keep_apart(data, out)
    secret = _secret(vault, vault_key_file, output) if vault is not None else None
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
    if vault is not None and secret is not None:
        # Before the data: what cannot be turned back must not be all there is.
        made = keep(made, vault, secret)
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
        _tell_vault(made.protection, vault, policy.language)
    return DONE


def _tell_vault(protection: Protection, vault: str | None, language: str) -> None:
    from trasunto.reports.console_words import counted_in, say

    if protection.vault is not None:
        count = counted_in(protection.vault["pseudonyms"], "pseudonym", language)
        click.echo(say("vault_written", language, pseudonyms=count, path=vault))


def _secret(vault: str, key_file: str | None, output: str | None) -> bytes:
    """The key of the vault, which can be opened with it; before long work."""
    from trasunto.privacy.vault import require_open, secret_of

    if output is not None:
        _keep_apart(output, vault)
    secret = secret_of(key_file)
    require_open(vault, secret)
    return secret


def _propose(
    policy: object, findings: tuple[Finding, ...], consent: list[str], output: str | None, as_json: bool
) -> int:
    import yaml

    from trasunto.privacy.policy import Policy
    from trasunto.reports.console_words import say

    assert isinstance(policy, Policy)
    if as_json:
        say_json({"policy": policy.to_dict(), "findings": [each.to_dict() for each in findings], "consent": consent})
    elif output is None:
        click.echo(yaml.safe_dump(policy.to_dict(), sort_keys=False, allow_unicode=True, width=110), nl=False)
    else:
        _say_findings(findings, policy.language)
    if output is not None:
        policy.save(output)
        click.echo(say("policy_written", policy.language, path=output), err=as_json)
    if consent and not as_json:
        click.echo(say("consent_may", policy.language, columns=", ".join(consent)), err=True)
    return DONE


def _say_findings(findings: tuple[Finding, ...], language: str) -> None:
    from trasunto.reports.console_words import counted_in, headed, share
    from trasunto.reports.finding_words import category_told, kind_told, place_told, reason_told

    rows = [
        (
            f"{f.table}.{f.column}",
            kind_told(f.kind, language) if language != "en" else f.kind,
            category_told(f.category, language),
            place_told(f.where, language),
            share(f.share, language),
            share(f.confidence, language, 0),
            reason_told(f.reason, language),
        )
        for f in findings
    ]
    title = counted_in(len(rows), "finding", language)
    say_table(title, headed("findings_head", language), rows, right=(4, 5))


def _tell(protection: Protection, output: str | None, report: str | None, language: str) -> None:
    from trasunto.reports.console_words import amount, counted_in, headed, say, share
    from trasunto.reports.finding_words import action_told, kind_told, level_told, method_told, named_told

    _say_findings(protection.findings, language)
    rows = [
        (
            f"{t.table}.{t.column}",
            action_told(t.action, language),
            named_told(t.why, language),
            amount(t.rows, language),
            ", ".join(f"{kind_told(k, language)}: {amount(n, language)}" for k, n in t.taken.items()),
        )
        for t in protection.actions
    ]
    say_table(say("done", language), headed("done_head", language), rows, right=(3,))
    before, after = protection.before, protection.after
    if before is not None and after is not None:
        alone = {"alone_before": amount(before.unique, language), "alone_after": amount(after.unique, language)}
        click.echo(say("k", language, before=before.k, after=after.k, **alone))
    if protection.loss is not None:
        levels = ", ".join(f"{name}: {level_told(level, language)}" for name, level in protection.levels.items())
        loss = share(protection.loss, language)
        click.echo(
            say("levels", language, method=method_told(protection.method or "", language), levels=levels, loss=loss)
        )
    for name, count in protection.suppressed.items():
        click.echo(say("left_out", language, name=name, rows=counted_in(count, "row", language)))
    if protection.consent is not None:
        consent = protection.consent.to_dict()
        excluded, every = amount(consent["rows_excluded"], language), consent["rows_before"]
        click.echo(say("consent", language, excluded=excluded, rows=counted_in(every, "row", language)))
    for column, count in protection.left.items():
        rows_left = counted_in(count, "row", language)
        click.echo(say("value_left", language, rows=rows_left, column=column), err=True)
    for what, path in (("data_written", output), ("report_written", report)):
        if path is not None:
            click.echo(say(what, language, path=path))
    if output is None:
        click.echo(say("nothing_written", language))


def _new_key(path: str, language: str) -> int:
    from trasunto.privacy.pseudonyms import new_key
    from trasunto.reports.console_words import say

    new_key(path)
    click.echo(say("key_written", language, path=path))
    return DONE


def _keep_apart(data: str, out: str | None) -> None:
    """The input is never overwritten, nor written into."""
    if out is None:
        return
    source, target = Path(data).resolve(), Path(out).resolve()
    if source == target or source in target.parents:
        raise click.UsageError(f"{out} is the data itself, or lies in it. Name another place with -o.")

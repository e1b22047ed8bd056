from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import click

from trasunto.cli.budget import budget_asked, budget_options, charging, say_guarantee
from trasunto.cli.main import DONE, STOPPED
from trasunto.cli.on import on_option
from trasunto.cli.progress import shown
from trasunto.cli.say import quiet_option, say_sheets, seed_option, settings_of


@click.command("fit")
@click.argument("data")
@click.option("-o", "--output", required=True, metavar="MODEL", help="Folder for the model.")
@click.option("--schema", "schema_file", metavar="FILE", help="What is known about the columns.")
@click.option(
    "--sequence", metavar="ENTITY,ORDER", help="Of events: the column of whom they befall, and of their order."
)
@click.option("--copied", metavar="a,b", help="Of related tables: public ones that are copied, not synthesised.")
@click.option(
    "--sample-rows",
    type=click.IntRange(1),
    metavar="N",
    help="Fit to N rows drawn with the seed: for what is too large.",
)
@click.option("--synthesizer", default="tree", show_default=True, help="See `trasunto list synthesizers`.")
@click.option("--set", "settings", multiple=True, metavar="field=value", help="A setting of the synthesizer.")
@click.option("--resume", is_flag=True, help="Go on with a training that was stopped, from its last checkpoint.")
@budget_options
@seed_option
@on_option
@quiet_option
def command(
    data: str,
    output: str,
    schema_file: str | None,
    sequence: str | None,
    copied: str | None,
    sample_rows: int | None,
    synthesizer: str,
    settings: tuple[str, ...],
    resume: bool,
    seed: int,
    quiet: bool,
) -> int:
    """Fit a synthesizer to real data and save the model.

    DATA is a file, or a folder of files (one table each), a database or a lake by its address, or packaged:NAME.

    Related tables are learnt together: the synthesizer learns each table beside what it refers to, and how many rows
    hang from each. Events of customers, patients, machines are learnt as histories where --sequence (or the schema)
    says whose they are and what orders them.

    A network that is being trained leaves a checkpoint beside MODEL every minute. Ctrl-C ends the training and saves
    the best so far (exit code 130); the same command with --resume goes on with it.

    With --epsilon the model is differentially private: for a row, a --person, a row of the root table with all that
    hangs from it, or whom events befall. What columns may hold must be declared (and --rows), or bought.

    \b
    Examples:
      trasunto fit patients.csv -o model
      trasunto fit patients.csv -o model --set min_leaf=80 --seed 3
      trasunto fit patients.csv -o model --synthesizer gan --set epochs=50
      trasunto fit patients.csv -o model --synthesizer gan --set epochs=50 --resume
      trasunto fit bank/ -o bank-model --copied district
      trasunto fit "postgresql://reader@host/bank?table=account,loan" -o bank-model
      trasunto fit purchases.csv -o model --sequence customer,date
      trasunto fit delta+s3://lake/visits -o model --sample-rows 100000
      trasunto fit messages.csv -o model --synthesizer lm-finetune
      trasunto fit patients.csv -o model --synthesizer auto --set max_seconds=20
      trasunto fit patients.csv -o model --synthesizer autoregressive --epsilon 1 --delta 1e-6 --domain-share 0.1
    """
    from trasunto.pipeline import kept, verbs

    verbs.make(synthesizer, settings_of(settings))
    budget = budget_asked()
    real = _rows_of(data, sample_rows, schema_file, seed, refused=bool(sequence or budget), quiet=quiet)
    real = verbs.in_sequence(real, *_pair(sequence)) if sequence is not None else real
    real = verbs.copying(real, [name.strip() for name in copied.split(",")]) if copied else real
    budget = _of_whom(budget, real)
    checkpoints = _checkpoints(output, resume)
    # A training that goes on from its checkpoint was charged when it began.
    unpaid = None if kept.standing(checkpoints) else budget
    try:
        what = f"fit of {synthesizer!r}, seed {seed}"
        with shown(quiet) as progress, charging(data, real, unpaid, what, synthesizer):
            model = verbs.fit(
                real,
                synthesizer,
                seed=seed,
                settings=settings_of(settings),
                budget=budget,
                progress=progress,
                checkpoints=checkpoints,
            )
            model.save(output)
    except KeyboardInterrupt:
        stands = kept.standing(checkpoints)
        click.echo(
            f"Stopped; {'--resume goes on from the last checkpoint' if stands else 'nothing is kept'}.", err=True
        )
        return STOPPED
    return _told(model, synthesizer, real, output, checkpoints)


def _checkpoints(output: str, resume: bool) -> Path:
    """The folder of checkpoints beside a model, empty where nothing is gone on with. FileError, before any work, where
    a file stands in the place of the model."""
    from trasunto.errors import FileError
    from trasunto.pipeline import kept
    from trasunto.writing import check_writable

    if Path(output).is_file():
        raise FileError(f"{output} is a file; a model is a folder.", "Give -o another name, such as model.")
    if Path(output).is_dir() and any(Path(output).iterdir()) and not (Path(output) / "model.json").is_file():
        raise FileError(f"The folder {output} holds other things than a model.", "Give -o another name, such as model.")
    check_writable(output)
    folder = Path(f"{output.rstrip('/')}.checkpoints")
    if not resume:
        shutil.rmtree(folder, ignore_errors=True)
    elif not kept.standing(folder):
        click.echo(f"There is no checkpoint in {folder}: the fit begins anew.", err=True)
    return folder


def _rows_of(data: str, rows: int | None, schema_file: str | None, seed: int, *, refused: bool, quiet: bool) -> Any:
    """All rows (None), or so many drawn while the source is read in parts, and a word on how many of how many."""
    from trasunto.pipeline.samples import sample_of
    from trasunto.pipeline.verbs import read

    if rows is None:
        found = read(data, schema=schema_file)
        say_sheets(data)
        return found
    if refused:
        raise click.UsageError("--sample-rows draws single rows: it goes neither with --sequence nor with --epsilon.")
    with shown(quiet) as progress:
        drawn = sample_of(data, rows, seed=seed, schema=schema_file, progress=progress)
    click.echo(f"Drew {len(drawn.dataset):,} of {drawn.of:,} rows, uniformly, with seed {seed}.")
    return drawn.dataset


def _of_whom(budget: Any, real: Any) -> Any:
    """The budget with its unit named; None without one."""
    from trasunto.synthesizers.private_plan import budget_for

    return None if budget is None else budget_for(budget, real)


def _told(model: Any, synthesizer: str, real: Any, output: str, checkpoints: Path) -> int:
    """Say what was fitted, and whether it was broken off; the exit code."""
    from trasunto.pipeline import kept

    broken_off = kept.interrupted(model)
    say_guarantee(model)
    if broken_off:
        done, planned = broken_off
        click.echo(
            f"Interrupted after {done:,} of {planned:,} steps: {output} holds the best model so far. "
            f"The same command with --resume goes on.",
            err=True,
        )
        return STOPPED
    shutil.rmtree(checkpoints, ignore_errors=True)
    _say_next(model, synthesizer, real, output)
    return DONE


def _pair(sequence: str) -> tuple[str, str]:
    entity, comma, order = (part.strip() for part in sequence.partition(","))
    if not (entity and comma and order):
        raise click.UsageError(f"--sequence {sequence!r} is not ENTITY,ORDER, as in customer,date.")
    return entity, order


def _say_next(model: Any, synthesizer: str, real: Any, output: str) -> None:
    """What was fitted, why where `auto` chose it, and what comes next."""
    told = model.describe()
    if "because" in told:
        synthesizer = told["chosen"]
        click.echo("\n".join([f"Chose {synthesizer}.", *told["because"]]))
    from trasunto.pipeline import verbs

    if real.tied:
        click.echo(
            f"Fitted {synthesizer} to {len(real):,} rows in {len(real.tables)} tables. "
            f"Next: trasunto sample {output} -o synthetic"
        )
        for name in verbs.dimensions(real):
            click.echo(f"{name} looks like a list that others refer to. Where it is public, --copied {name} keeps it.")
        return
    sequence = real.only.schema.sequence
    many = real.rows[sequence[0]].n_unique() if sequence else len(real)
    click.echo(f"Fitted {synthesizer} to {len(real):,} rows. Next: trasunto sample {output} -n {many} -o synthetic.csv")

"""The command line. A command's module is imported when the command is run, so that --help costs nothing."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import click

from trasunto import __version__
from trasunto.errors import TrasuntoError, near

# Name → (module under trasunto.cli, one line of help).
COMMANDS = {
    "demo": ("demo", "Run a packaged recipe on real data: start here."),
    "init": ("init", "Write a commented recipe for my own data."),
    "inspect": ("inspect", "Show what is in a data set, column by column, and why we think so."),
    "convert": ("convert", "Write data in another format or form: messages, Alpaca, ChatML, Parquet ..."),
    "subset": ("subset", "Write a consistent part of related tables: some rows and all that goes with them."),
    "prepare": ("prepare", "Make texts ready to learn from: clean, standardise, even out, split."),
    "protect": ("protect", "Find who is named in data, and protect them before anything learns from it."),
    "reveal": ("reveal", "Turn pseudonyms back into what they stand for, with a vault and its key."),
    "run": ("run", "Do the whole job that a recipe describes."),
    "fit": ("fit", "Fit a synthesizer to real data and save the model."),
    "show": ("show", "Show what a saved model has learnt."),
    "sample": ("sample", "Draw synthetic rows from a saved model."),
    "repair": ("repair", "Draw rows from a saved model that are fairer than what it learnt from."),
    "make": ("make", "Make rows from rules alone, without real data."),
    "questions": ("questions", "Make questions with their answers out of documents."),
    "impute": ("impute", "Fill the gaps of real rows."),
    "evaluate": ("evaluate", "Measure synthetic data against real data."),
    "audit": ("audit", "Attack synthetic data with all there is: what could an attacker learn?"),
    "compare": ("compare", "Compare synthesizers side by side on my data."),
    "ledger": ("ledger", "Show or grant what a private source may give away over all runs."),
    "curate": ("curate", "Look at synthetic texts, keep the good ones, and say why not the others."),
    "train": ("train", "Train a language model on a data set."),
    "score": ("score", "Score a trained language model on real data."),
    "chat": ("chat", "Talk with a trained language model."),
    "classify": ("classify", "Label texts with a trained classifier."),
    "translate": ("translate", "Translate texts with a trained translator."),
    "export": ("export", "Export a language model: Hugging Face, adapter, GGUF, ONNX."),
    "papers": ("papers", "Write the papers of a run: cards, privacy, processing, lineage; English and Spanish."),
    "list": ("listing", "List synthesizers, metrics, connectors, tasks or models."),
    "schema": ("schema", "Print the JSON Schema of a recipe, for editors."),
    "doctor": ("doctor", "Show versions, extras, cores, GPU and offline models, and what is missing."),
}
# Set by the shell that asks what may come next.
COMPLETE = "_TRASUNTO_COMPLETE"
DONE, GATE, MENDABLE, OURS, STOPPED = 0, 1, 2, 3, 130


class Commands(click.Group):
    """Commands by name, loaded when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"trasunto.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        if COMPLETE in os.environ:
            from trasunto.cli.completion import completing

            return completing(command)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"No command called {args[0]!r}. {near(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(
    cls=Commands,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": "TRASUNTO",
        "max_content_width": 100,
    },
    epilog="Begin with `trasunto demo`, then `trasunto init recipe.yaml --data FILE`. Every command has its --help. "
    f'For the tab key: eval "$({COMPLETE}=bash_source trasunto)", or zsh_source, or fish_source.',
)
@click.version_option(__version__, prog_name="trasunto")
def trasunto() -> None:
    """Synthetic data that is measurably faithful, useful and private, and language models trained on it, judged
    on real held-out data.

    Exit code: 0 done, 1 a gate failed, 2 you can mend it, 3 our fault.
    """


def main(arguments: list[str] | None = None) -> None:
    """The program. Exits; never returns."""
    sys.exit(code_of(arguments))


def code_of(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        result = trasunto.main(args=arguments, prog_name="trasunto", standalone_mode=False)
        return int(result) if isinstance(result, int) else DONE
    except click.exceptions.Exit as error:
        return int(error.exit_code)
    except click.ClickException as error:
        error.show()
        return MENDABLE
    except TrasuntoError as error:
        _say(f"error: {error.problem}", f"→ {error.next_move}" if error.next_move else "")
        return MENDABLE
    except (KeyboardInterrupt, click.Abort):
        _say("", "Stopped. Finished steps are kept: the same command with --resume and -o goes on from there.")
        return STOPPED
    except BrokenPipeError:
        # What is still to be flushed at the end goes nowhere.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        return _ours(error)


def _ours(error: Exception) -> int:
    """An error that nobody foresaw: keep the traceback for us, spare the user."""
    from trasunto.connectors.credentials import masked

    trace = traceback.format_exc()
    if os.environ.get("TRASUNTO_DEBUG"):
        _say(trace)
        return OURS
    with tempfile.NamedTemporaryFile("w", prefix="trasunto-crash-", suffix=".log", delete=False) as file:
        file.write(masked(f"trasunto {__version__}\n{' '.join(sys.argv)}\n{trace}"))
    first = str(error).strip().partition("\n")[0]
    _say(
        f"error: something went wrong inside Trasunto: {type(error).__name__}: {first}",
        f"→ The details are in {Path(file.name)}; please report them. TRASUNTO_DEBUG=1 shows them here.",
    )
    return OURS


def _say(*lines: str) -> None:
    from trasunto.connectors.credentials import masked

    for line in lines:
        if line:
            click.echo(masked(line), err=True)

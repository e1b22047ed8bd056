from __future__ import annotations

import contextlib
import json
import sys
from typing import Any

import click

from trasunto.cli.main import DONE
from trasunto.cli.say import seed_option

HELP = "/quit ends, /clear forgets what was said, /history shows it, /help shows this."


@click.command("chat")
@click.argument("lm")
@click.option("--system", metavar="TEXT", help="What the assistant is told before the talk begins.")
@click.option("--temperature", type=click.FloatRange(0.0), default=0.0, show_default=True, help="0: the likeliest.")
@click.option("--alone", is_flag=True, help="Forget what was said after each reply: every line is a talk of its own.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line for each reply.")
@seed_option
def command(lm: str, system: str | None, temperature: float, alone: bool, as_json: bool, seed: int) -> int:
    """Talk with a trained language model (tasks chat, answering, generation), or pipe a question a line in.

    In a terminal the reply appears as it is written. /quit ends, /clear begins anew, /history shows what was said.

    \b
    Examples:
      trasunto chat bot
      trasunto chat bot --system "Be brief." --temperature 0.7
      printf 'When do you open?\\nAnd on Sunday?\\n' | trasunto chat bot --json
      cat questions.txt | trasunto chat bot --alone > answers.txt
    """
    from trasunto.data.dialogues import Turn
    from trasunto.language.tasks.use import expect

    used = expect(lm, ("chat", "answering", "generation"), "chat")
    person = sys.stdin.isatty()
    begun = [Turn("system", system)] if system else []
    turns = list(begun)
    if person:
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401  (arrow keys and earlier lines)
        click.echo(f"Talking with {lm}, a model for {used.task}. {HELP}", err=True)
    while (line := _line(person)) is not None:
        text = line.strip()
        if not text:
            continue
        if text.startswith("/") and person:
            if text in ("/quit", "/exit"):
                break
            if text == "/clear":
                turns = list(begun)
            elif text == "/history":
                click.echo("\n".join(f"{turn.role}: {turn.content}" for turn in turns))
            else:
                click.echo(HELP, err=True)
            continue
        turns.append(Turn("user", text))
        reply = _reply(used.model, turns, (temperature, seed), shown=person and not as_json)
        if as_json:
            click.echo(json.dumps({"text": text, "reply": reply, **_intent(used.model, text)}, ensure_ascii=False))
        elif not person:
            click.echo(reply)
        turns = list(begun) if alone or used.task != "chat" else [*turns, Turn("assistant", reply)]
    return DONE


def _line(person: bool) -> str | None:
    """The next line; None at the end. Ctrl-D and Ctrl-C end a talk in a terminal."""
    if not person:
        return sys.stdin.readline() or None
    try:
        return input("> ")
    except (EOFError, KeyboardInterrupt):
        click.echo(err=True)
        return None


def _reply(model: Any, turns: list[Any], how: tuple[float, int], shown: bool) -> str:
    """What the model says next, written piece by piece where somebody looks on. Ctrl-C keeps what is written."""
    from trasunto.language.tasks.stream import streamed

    temperature, seed = how
    said = ""
    with contextlib.suppress(KeyboardInterrupt):
        for piece in streamed(model, turns, seed=seed + len(turns), temperature=temperature):
            said += piece
            if shown:
                click.echo(piece, nl=False)
    if shown:
        click.echo()
    return said.strip()


def _intent(model: Any, text: str) -> dict[str, str]:
    return {"intent": model.intents.predict([text])[0]} if model.intents is not None else {}

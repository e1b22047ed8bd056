"""Texts as a command line gives them: as arguments, in a file, or on standard input."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from trasunto.errors import EmptyDataError, FileError

TABLES = (".csv", ".tsv", ".parquet", ".jsonl", ".xlsx", ".arrow")

file_option = click.option(
    "--file", "file", metavar="FILE", help="Texts, one a line; or a table (.csv .parquet .jsonl .xlsx)."
)


def is_table(file: str | None) -> bool:
    return file is not None and Path(file).suffix.lower() in TABLES


def texts_given(texts: tuple[str, ...], file: str | None) -> list[str]:
    """The texts; empty lines of files and of standard input are left out. UsageError when there is nowhere to take
    them from, EmptyDataError when no line holds one."""
    if texts and file:
        raise click.UsageError("Give texts, or --file, not both.")
    if texts:
        return list(texts)
    if file:
        try:
            lines = Path(file).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise FileError(f"The file {file} cannot be read: {error}.", "Give a text file in UTF-8.") from error
    elif not sys.stdin.isatty():
        lines = sys.stdin.read().splitlines()
    else:
        raise click.UsageError("No text. Give one in quotes, --file FILE, or pipe lines in.")
    found = [line for line in lines if line.strip()]
    if not found:
        raise EmptyDataError(
            f"There is nothing to read {f'in {file}' if file else 'on standard input'}: no line holds a text.",
            "Give a text a line, or one in quotes.",
        )
    return found

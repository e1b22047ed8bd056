"""Every error Trasunto raises on purpose, on one page.

    TrasuntoError                 exit code 2: the user can mend it
    ├── DataError                 what came in cannot be used
    │   ├── FileError             missing, unreadable, a directory, wrong encoding, unknown format
    │   ├── EmptyDataError        no rows or no columns
    │   └── BreachError           rows break their schema (all breaches at once)
    ├── SchemaError               a schema contradicts itself or the data
    ├── RecipeError               a recipe or a setting is misspelt or out of range
    ├── UnknownNameError          a name no registry holds (near names are given)
    ├── MissingLibraryError       an optional library is not installed (the extra is named)
    ├── FitError                  a synthesizer or a language model cannot be fitted to this
    ├── SampleError               a model cannot draw what was asked
    ├── ModelError                a saved model is missing, broken or of another version
    ├── BudgetError               a privacy budget is impossible, spent or not honoured
    ├── EngineError               what answers prompts is down, refuses, or is not what was said
    ├── ExecutorError             what does the work cannot be reached, or was lost in the middle of it
    ├── MetricError               a comparison cannot be made
    └── StoreError                a run folder or an artifact cannot be read or written

A message names the thing, its value and what was allowed; `next_move` says what to do about it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class TrasuntoError(Exception):
    """Something the user can mend.

    problem: one sentence with the thing, the value and what was allowed.
    next_move: what to do, as an order ("Pass a CSV file with a header line.").
    """

    def __init__(self, problem: str, next_move: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.next_move = next_move

    def __str__(self) -> str:
        return f"{self.problem} {self.next_move}".strip()


class DataError(TrasuntoError):
    """What came in cannot be used."""


class FileError(DataError):
    """A file or folder is missing, unreadable, or in no format we know."""


class EmptyDataError(DataError):
    """There are no rows, or no columns, to work with."""


class BreachError(DataError):
    """Rows break their schema; `breaches` holds every one."""

    def __init__(self, problem: str, next_move: str = "", breaches: Iterable[object] = ()) -> None:
        super().__init__(problem, next_move)
        self.breaches = tuple(breaches)


class SchemaError(TrasuntoError):
    """A schema contradicts itself or the data."""


class RecipeError(TrasuntoError):
    """A recipe or a setting is misspelt or out of range."""


class UnknownNameError(TrasuntoError):
    """A name that no registry holds."""


class MissingLibraryError(TrasuntoError):
    """An optional library is not installed."""


class FitError(TrasuntoError):
    """A synthesizer or a language model cannot be fitted to this."""


class SampleError(TrasuntoError):
    """A model cannot draw what was asked."""


class ModelError(TrasuntoError):
    """A saved model is missing, broken or of another version."""


class BudgetError(TrasuntoError):
    """A privacy budget is impossible, spent or not honoured."""


class EngineError(TrasuntoError):
    """What answers prompts cannot be reached, refuses, or answers with rubbish."""


class ExecutorError(TrasuntoError):
    """What does the work, here or on other machines, cannot be reached, or was lost in the middle of it."""


class MetricError(TrasuntoError):
    """A comparison cannot be made."""


class StoreError(TrasuntoError):
    """A run folder or an artifact cannot be read or written."""


# Most names that are listed where none is near.
LISTED = 40


def near(name: str, known: Iterable[str]) -> str:
    """A sentence that offers the names nearest to `name`, or lists what there is."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if close:
        return "Did you mean " + " or ".join(repr(each) for each in close) + "?"
    more = len(names) - LISTED
    listed = ", ".join(names if more <= 1 else [*names[:LISTED], f"and {more} more"])
    return f"There are: {listed}." if names else "There are none."

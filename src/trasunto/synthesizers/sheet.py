"""A fitted model as one document that a person can read, sign, and mend: every number that rows are drawn from.

Columns by themselves are `Marginal`, `Shares` or `Ids`; what ties them is a table of correlations. What is
written is what is drawn from: a fitted model is made from its own document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from trasunto.data.schema import TableSchema
from trasunto.encoders.codes import Codes, Levels, Steps
from trasunto.encoders.ids import Ids
from trasunto.encoders.laws import number
from trasunto.encoders.marginal import TOLERANCE, Marginal
from trasunto.errors import ModelError, near
from trasunto.synthesizers.latent import FLAT, Cuts, cuts_of

SHEET = "distributions.yaml"
# Correlations below this are not written; finer ones are when the table would contradict itself without.
LEAST = (0.01, 0.001, 0.0001)
# How many of the strongest correlations are put in words, and categories of a column told in a report.
TOLD, SHOWN = 12, 50
MEND = f"Mend {SHEET} in the folder of the model, or fit it again."
_MARKS = {"\ue000": "{digit}", "\ue001": "{upper}", "\ue002": "{lower}", "{": "{{", "}": "}}"}
_UNMARKED = {mark: letter for letter, mark in _MARKS.items()}


@dataclass(frozen=True)
class Shares:
    """A column of categories or booleans. shares: of all rows by value, None for a missing one, in the order in which
    correlations see them. rare: values left out."""

    shares: dict[Any, float]
    rare: int

    @property
    def values(self) -> tuple[Any, ...]:
        return tuple(sorted(value for value in self.shares if value is not None))

    @property
    def levels(self) -> Levels:
        return Levels(self.values, None in self.shares, self.rare)

    def cuts(self, name: str) -> Cuts:
        """The column as intervals of a normal variable."""
        place = {value: at for at, value in enumerate(self.values)} | {None: len(self.values)}
        codes = np.array([place[value] for value in self.shares], dtype=np.int64)
        shares = np.array(list(self.shares.values()), dtype=float)
        return Cuts(name, codes, shares / shares.sum(), 0.0, False, max(self.levels.size - 1, 0))


@dataclass(frozen=True)
class Sheet:
    """The document. rows: fitted to. columns: by name. ties: "none" or "gaussian". pairs: correlations that are not
    0, by name and the name of a variable before it."""

    table: str
    rows: int
    columns: dict[str, Marginal | Shares | Ids]
    ties: str
    pairs: dict[str, dict[str, float]]

    @property
    def codes(self) -> dict[str, Levels | Steps]:
        found: dict[str, Levels | Steps] = {}
        for name, each in self.columns.items():
            if not isinstance(each, Ids):
                found[name] = each.levels if isinstance(each, Shares) else each.steps()[0]
        return found

    @property
    def ids(self) -> dict[str, Ids]:
        return {name: each for name, each in self.columns.items() if isinstance(each, Ids)}

    @property
    def cuts(self) -> tuple[Cuts, ...]:
        found = []
        for name, each in self.columns.items():
            if isinstance(each, Shares):
                found.append(each.cuts(name))
            elif isinstance(each, Marginal):
                steps, shares = each.steps()
                found.append(cuts_of(name, shares, ordered=True, null=steps.null))
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        told = {name: _told(each) for name, each in self.columns.items()}
        ties = {} if self.ties == "none" else {"pairs": self.pairs}
        return {
            "model": "distributions",
            "version": 1,
            "table": self.table,
            "rows": self.rows,
            "columns": told,
            "correlations": {"method": self.ties, **ties},
        }

    @staticmethod
    def from_dict(told: Any, schema: TableSchema) -> Sheet:
        """schema: of the columns that it must have. ModelError names what is wrong and what is allowed."""
        if not isinstance(told, dict) or told.get("model") != "distributions" or told.get("version") != 1:
            raise ModelError(f"{SHEET} is no document of distributions (version 1).", MEND)
        columns = told.get("columns")
        columns = columns if isinstance(columns, dict) else {}
        for name in schema.names:
            if name not in columns:
                raise ModelError(f"{SHEET} has no column {name!r}. {near(name, map(str, columns))}", MEND)
        for name in columns:
            if name not in schema.names:
                raise ModelError(f"{SHEET} has a column {name!r} that the table has not.", MEND)
        found = {name: _read(name, schema[name].kind, columns[name]) for name in schema.names}
        ties = told.get("correlations")
        method = ties.get("method") if isinstance(ties, dict) else None
        if not isinstance(ties, dict) or method not in ("none", "gaussian"):
            raise ModelError(f"The correlations of {SHEET} have no method 'none' or 'gaussian'.", MEND)
        return Sheet(str(told.get("table")), told.get("rows", 0), found, method, ties.get("pairs", {}))

    def text(self) -> str:
        """YAML, with what it is in words."""
        told = self.to_dict()
        columns, ties = told.pop("columns"), told.pop("correlations")
        parts = [
            _comment(HEADER.format(table=json.dumps(self.table, ensure_ascii=False), rows=self.rows)),
            _yaml(told, flow=False),
            _yaml({"not_kept": self.not_kept()}, flow=False),
            _comment("Each column by itself. Shares are of all rows."),
            _yaml({"columns": columns}),
            _comment("\n".join(["What ties the columns.", *self.strongest()])),
            _yaml({"correlations": ties}),
        ]
        return "\n".join(parts)

    def not_kept(self) -> list[str]:
        """What of the real rows is not in the model."""
        rare = {name: each.rare for name, each in self.columns.items() if isinstance(each, Shares) and each.rare}
        found = [
            "Rows: none is kept, nor any value of a single row of a column of numbers or dates.",
            "Extremes: the lowest and the highest value of a law are means of the 5 lowest and of the 5 highest rows.",
        ]
        found += [f"Rare categories: {count} of column {_quoted(name)} are left out." for name, count in rare.items()]
        found += [f"Identifiers: of column {_quoted(name)} only the shape is kept." for name in self.ids]
        ties = {
            "none": "Ties: columns are drawn independently of each other.",
            "gaussian": "Ties: of each pair of columns one correlation is kept, of three or more together nothing.",
        }
        return [*found, ties[self.ties], "There is no noise: these are not differentially private figures."]

    def strongest(self) -> list[str]:
        """The strongest correlations in words."""
        pairs = [(value, name, other) for name, row in self.pairs.items() for other, value in row.items()]
        pairs = sorted(pairs, key=lambda each: (-abs(each[0]), each[1], each[2]))[:TOLD]
        return [
            f"{_in_words(value)} ({value:+.2f}): {_quoted(name)} and {_quoted(other)}" for value, name, other in pairs
        ]

    def facts(self) -> dict[str, Any]:
        """For a report: columns, with the most frequent categories only, and ties in words."""
        columns = {name: _told(each) for name, each in self.columns.items() if not isinstance(each, Ids)}
        for each in columns.values():
            if "shares" in each:
                most = sorted(each["shares"].items(), key=lambda pair: -pair[1])[:SHOWN]
                each["shares"] = {"missing" if value is None else str(value): share for value, share in most}
        return {"columns": columns, "correlations": self.strongest(), "not_kept": self.not_kept()}


HEADER = """The fitted model of table {table}: every number that rows are drawn from stands in this file.
Fitted to {rows:,} rows. Edit a number and save: what is drawn changes with it.
A column of numbers or dates: share `missing`, single values far more frequent than their neighbours (`spikes`), and
for the rest a law: a family of distributions with its parameters, cut to `low` and `high`, rounded to `grid` from
`offset` on. `picked` says how the law was chosen: by an information criterion, the lower the better.
A column of categories: the share of each value; null stands for a missing one. Their order
is part of the model: correlations see them as lying in it."""


def variables(cuts: Sequence[Cuts]) -> list[str]:
    """Names of the normal variables: of values, then of gaps."""
    names = [each.name for each in cuts]
    for each in cuts:
        if each.missing:
            name = f"{each.name} is missing"
            while name in names:
                name += "'"
            names.append(name)
    return names


def pairs_of(cuts: Sequence[Cuts], matrix: np.ndarray) -> dict[str, dict[str, float]]:
    """A correlation matrix as `Sheet.pairs`: rounded, the smallest left out, and still one of correlations."""
    names = variables(cuts)
    for shrunk, least in [*((1.0, each) for each in LEAST), *((1 - 0.02 * step, LEAST[-1]) for step in range(1, 51))]:
        small = np.round(np.tril(matrix * shrunk, -1), 4)
        small[np.abs(small) < least] = 0.0
        if np.linalg.eigvalsh(small + small.T + np.eye(len(names))).min(initial=1.0) >= FLAT:
            break
    rows = {}
    for at, name in enumerate(names):
        if small[at].any():
            rows[name] = {names[place]: float(small[at, place]) for place in np.flatnonzero(small[at])}
    return rows


def matrix_of(cuts: Sequence[Cuts], pairs: Any) -> np.ndarray:
    """The matrix back. ModelError for what is none of correlations."""
    place = {name: at for at, name in enumerate(variables(cuts))}
    matrix = np.eye(len(place))
    try:
        for name, row in pairs.items():
            for other, value in row.items():
                for each in (name, other):
                    if each not in place:
                        raise ValueError(f"there is no {each!r}. {near(str(each), place)}")
                if name == other or not -1 < number(value, f"that of {name!r} and {other!r}") < 1:
                    raise ValueError(f"that of {name!r} and {other!r} is {value}; it must be between -1 and 1")
                matrix[place[name], place[other]] = matrix[place[other], place[name]] = value
    except (ValueError, AttributeError) as error:
        raise ModelError(f"The correlations of {SHEET}: {error}.", MEND) from error
    if np.linalg.eigvalsh(matrix).min(initial=1.0) < FLAT / 2:
        raise ModelError(
            f"The correlations of {SHEET} contradict each other: no rows can have them all.",
            "Bring those that were changed nearer to 0, or change the others of these columns too.",
        )
    return matrix


def read_sheet(path: Path, schema: TableSchema) -> Sheet:
    """The document in a file. ModelError when it is missing or wrong."""
    try:
        told = yaml.load(path.read_text(encoding="utf-8"), Loader=_fast("SafeLoader"))
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.", "Fit the model again.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} is no YAML: {error}.", MEND) from error
    return Sheet.from_dict(told, schema)


def sheet_codes(sheet: Sheet, schema: TableSchema) -> Codes:
    """The encoder that goes with a document."""
    return Codes(schema, sheet.codes, sheet.ids)


def _told(each: Marginal | Shares | Ids) -> dict[str, Any]:
    if isinstance(each, Marginal):
        return {"kind": "law", **each.to_dict()}
    if isinstance(each, Shares):
        return {"kind": "shares", "shares": each.shares, "rare_left_out": each.rare}
    shapes = ["".join(_MARKS.get(letter, letter) for letter in shape) for shape in each.shapes]
    return {"kind": "identifier", **each.to_dict(), "shapes": shapes, "shares": list(each.shares)}


def _read(name: str, kind: str, told: Any) -> Marginal | Shares | Ids:
    try:
        if told["kind"] == "law" and kind in ("integer", "number", "datetime"):
            return Marginal.from_dict(told)
        if told["kind"] == "shares" and kind in ("category", "boolean"):
            return _shares(told, bool if kind == "boolean" else str)
        if told["kind"] == "identifier" and kind in ("id", "category"):
            shapes = [re.sub(r"\{\w+\}|\{\{|\}\}", lambda m: _UNMARKED[m[0]], shape) for shape in told["shapes"]]
            return Ids.from_dict({**told, "shapes": shapes})
        raise ValueError(f"kind is {told['kind']!r}, which a column of kind {kind!r} cannot have")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        said = str(error) if type(error) is ValueError else f"it is not as it was written ({error!r})"
        raise ModelError(f"Column {name!r} of {SHEET}: {said}.", MEND) from error


def _shares(told: Mapping[str, Any], kind: type) -> Shares:
    shares = {}
    for value, share in told["shares"].items():
        if value is not None and not isinstance(value, kind):
            raise ValueError(f"value {value!r} is none of this column; put texts in quotes")
        shares[value] = number(share, f"the share of {value!r}")
    if min(shares.values(), default=0.0) < 0 or abs(sum(shares.values()) - 1) > TOLERANCE:
        raise ValueError(f"the shares add up to {sum(shares.values()):.6g}; none may be below 0, all make 1")
    return Shares(shares, int(told["rare_left_out"]))


def _in_words(value: float) -> str:
    strength = next(
        word
        for least, word in ((0.7, "very strong"), (0.4, "strong"), (0.2, "some"), (0.0, "weak"))
        if abs(value) >= least
    )
    return f"{strength}, {'the same way' if value > 0 else 'opposite ways'}"


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def _comment(text: str) -> str:
    return "".join(f"# {line}\n" for line in text.splitlines())


def _yaml(value: Any, *, flow: bool | None = None) -> str:
    """Small collections in one line when flow is None."""
    made: str = yaml.dump(
        value, Dumper=_fast("SafeDumper"), sort_keys=False, allow_unicode=True, width=110, default_flow_style=flow
    )
    return made


def _fast(name: str) -> Any:
    """The reader or writer of PyYAML in C where it was built with one."""
    return getattr(yaml, f"C{name}", getattr(yaml, name))

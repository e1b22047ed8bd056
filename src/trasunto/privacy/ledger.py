"""The ledger of a source: what was granted, what every run has spent, and nothing over that.

One SQLite file, written before anything is released: a charge is on the disk when `charge` returns, and a run that
dies afterwards has spent it. Two runs at once wait for each other. Nothing in the file is changed or taken out.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trasunto.errors import BudgetError
from trasunto.privacy.accountant import epsilon_of
from trasunto.privacy.budget import Budget

VERSION = 1
# Seconds to wait for another run that is writing.
PATIENCE = 60
# Sums of floats may pass the grant by so much of it.
DUST = 1e-9

_TABLES = """
CREATE TABLE sources (id INTEGER PRIMARY KEY, same_as INTEGER REFERENCES sources);
CREATE TABLE known (by TEXT NOT NULL, value TEXT NOT NULL, source INTEGER NOT NULL REFERENCES sources,
    PRIMARY KEY (by, value));
CREATE TABLE entries (number INTEGER PRIMARY KEY AUTOINCREMENT, source INTEGER NOT NULL REFERENCES sources,
    kind TEXT NOT NULL, time TEXT NOT NULL, epsilon REAL NOT NULL, delta REAL NOT NULL, rho REAL,
    unit TEXT NOT NULL, what TEXT NOT NULL, actor TEXT NOT NULL, run TEXT NOT NULL);
CREATE TRIGGER no_change BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;
CREATE TRIGGER no_loss BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'entries are never taken out'); END;
"""
_COLUMNS = "number, kind, time, epsilon, delta, rho, unit, what, actor, run"


@dataclass(frozen=True)
class Entry:
    """A line of the ledger. kind: "grant" or "charge". time: UTC, ISO. rho: of a charge in zCDP. unit: row, person."""

    number: int
    kind: str
    time: str
    epsilon: float
    delta: float
    rho: float | None
    unit: str
    what: str
    actor: str
    run: str


@dataclass(frozen=True)
class Sum:
    """An amount of privacy; unlike a budget it may be 0."""

    epsilon: float
    delta: float


@dataclass(frozen=True)
class Account:
    """How a source stands. spent: by the accounting that says less. entries: all of them, first to last."""

    source: str
    granted: Sum | None
    spent: Sum
    left: Sum
    entries: tuple[Entry, ...]

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "entries": [asdict(entry) for entry in self.entries]}


@dataclass(frozen=True)
class Ledger:
    """A ledger in a file, made when something is first granted.

    A source is known by its name and by a digest of its content: either makes it the same source, so that a copy under
    another name, and new rows under the old name, have no new budget.
    """

    path: Path | str

    def grant(
        self, source: str, epsilon: float, delta: float, *, digest: str = "", actor: str = "", reason: str = "",
        change: bool = False,
    ) -> Entry:  # fmt: skip
        """Fix the budget of a source. The same again does nothing; another needs `change`, and is written down.

        BudgetError for an impossible budget and for another grant than the first.
        """
        asked = Budget(epsilon, delta)
        with self._writing() as table:
            number = _source(table, source, digest, make=True)
            old = _granted(_entries(table, number))
            if old is not None and (old.epsilon, old.delta) == (asked.epsilon, asked.delta):
                return old
            if old is not None and not change:
                raise BudgetError(
                    f"Source {source!r} was granted epsilon {old.epsilon} and delta {old.delta} on {old.time[:10]}, "
                    f"not epsilon {epsilon} and delta {delta}.",
                    "Keep to that, or change the grant, which is written down.",
                )
            return _add(table, number, "grant", asked, None, reason or "budget granted", actor, "")

    def charge(
        self, source: str, budget: Budget, what: str, *, digest: str = "", actor: str = "", run: str = "",
        rho: float | None = None,
    ) -> Entry:  # fmt: skip
        """Spend a budget: when this returns it is on the disk. Only then may anything be drawn.

        rho: what the budget is in zCDP, where all that is charged is noise of that kind: while every charge has one,
        the sum of them counts when it comes to less. BudgetError, and nothing charged, for a source without a grant,
        for more than is left, and for rows where persons were counted.
        """
        with self._writing() as table:
            number = _source(table, source, digest, make=False)
            entries = _entries(table, number) if number is not None else []
            granted = _granted(entries)
            if number is None or granted is None:
                raise BudgetError(f"No budget was granted for source {source!r}.", "Grant one before it is spent.")
            charges = [entry for entry in entries if entry.kind == "charge"]
            _same_unit(source, charges, budget)
            entry = _add(table, number, "charge", budget, rho, what, actor, run)
            after = _spent(granted, [*charges, entry])
            if after.epsilon > granted.epsilon * (1 + DUST) or after.delta > granted.delta * (1 + DUST):
                left = _left(granted, charges)
                raise BudgetError(
                    f"Source {source!r} was granted epsilon {granted.epsilon:.6g} and delta {granted.delta:.3g}, and "
                    f"epsilon {budget.epsilon:.6g} with delta {budget.delta:.3g} is more than is left.",
                    f"Left are epsilon {left.epsilon:.6g} and delta {left.delta:.3g}, after {len(charges)} charges.",
                )
            return entry

    def entries(self, source: str, *, digest: str = "") -> tuple[Entry, ...]:
        """All entries of a source, first to last; none for an unknown one."""
        if not Path(self.path).exists():
            return ()
        with self._writing() as table:
            number = _source(table, source, digest, make=False)
            return tuple(_entries(table, number)) if number is not None else ()

    def left(self, source: str, *, digest: str = "") -> Sum:
        """What may still be spent; nothing for a source without a grant."""
        return self.account(source, digest=digest).left

    def account(self, source: str, *, digest: str = "") -> Account:
        """How a source stands, for reports."""
        entries = self.entries(source, digest=digest)
        granted = _granted(entries)
        if granted is None:
            return Account(source, None, Sum(0.0, 0.0), Sum(0.0, 0.0), entries)
        charges = [entry for entry in entries if entry.kind == "charge"]
        spent, left = _spent(granted, charges), _left(granted, charges)
        return Account(source, Sum(granted.epsilon, granted.delta), spent, left, entries)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """The file, locked for this run alone; all of it is written when the block ends, or nothing."""
        place = Path(self.path)
        new = not place.exists()
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            table = sqlite3.connect(place, timeout=PATIENCE, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise BudgetError(f"The ledger {place} cannot be opened: {error}.") from error
        try:
            # A rollback journal, with the folder flushed too when it goes.
            table.execute("PRAGMA journal_mode = DELETE")
            table.execute("PRAGMA synchronous = EXTRA")
            table.execute("BEGIN IMMEDIATE")
            _require_version(table, place)
            yield table
            table.execute("COMMIT")
        except sqlite3.Error as error:
            raise BudgetError(
                f"The ledger {place} cannot be read or written: {error}.",
                "Nothing was charged; mend the file or the disk.",
            ) from error
        finally:
            # What was not committed is taken back.
            table.close()
        if new:
            _flush_folder(place.parent)


def _require_version(table: sqlite3.Connection, place: Path) -> None:
    """The tables, made in an empty file. BudgetError for a file of another version."""
    version = table.execute("PRAGMA user_version").fetchone()[0]
    if version == 0 and not table.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        for statement in _statements():
            table.execute(statement)
        table.execute(f"PRAGMA user_version = {VERSION}")
    elif version != VERSION:
        raise BudgetError(f"{place} is no ledger of version {VERSION} (found {version}).", "Name another file.")


def _statements() -> list[str]:
    """Statements one by one: `executescript` would commit in between."""
    found, waiting = [], ""
    for line in _TABLES.strip().splitlines():
        waiting += line + "\n"
        if sqlite3.complete_statement(waiting):
            found.append(waiting)
            waiting = ""
    return found


def _source(table: sqlite3.Connection, name: str, digest: str, *, make: bool) -> int | None:
    """The number of a source, known from now on by this name and this digest; None when new and not to be made."""
    asked = [("name", name)] + ([("digest", digest)] if digest else [])
    found = []
    for by, value in asked:
        row = table.execute("SELECT source FROM known WHERE by = ? AND value = ?", (by, value)).fetchone()
        if row is not None:
            found.append(_first(table, row[0]))
    if not found and not make:
        return None
    number = min(found) if found else int(table.execute("INSERT INTO sources DEFAULT VALUES").lastrowid or 0)
    for other in set(found) - {number}:
        _merge(table, number, other)
    table.executemany("INSERT OR IGNORE INTO known VALUES (?, ?, ?)", [(*each, number) for each in asked])
    return number


def _merge(table: sqlite3.Connection, number: int, other: int) -> None:
    """Two sources that turn out to be one share their entries from here on, and the smaller grant of the two."""
    grants = [grant for each in (number, other) if (grant := _granted(_entries(table, each))) is not None]
    table.execute("UPDATE sources SET same_as = ? WHERE id = ?", (number, other))
    if grants:
        least = min(grants, key=lambda grant: (grant.epsilon, grant.delta))
        why = "two names turned out to be of one source: the smaller grant holds"
        _add(table, number, "grant", Budget(least.epsilon, least.delta), None, why, "", "")


def _first(table: sqlite3.Connection, number: int) -> int:
    while True:
        above = table.execute("SELECT same_as FROM sources WHERE id = ?", (number,)).fetchone()[0]
        if above is None:
            return number
        number = above


def _entries(table: sqlite3.Connection, number: int | None) -> list[Entry]:
    """The entries of a source and of all that turned out to be the same."""
    same = "WITH RECURSIVE same(id) AS (SELECT ? UNION SELECT sources.id FROM sources JOIN same ON same_as = same.id)"
    query = f"{same} SELECT {_COLUMNS} FROM entries WHERE source IN same ORDER BY number"
    return [Entry(*row) for row in table.execute(query, (number,))]


def _add(
    table: sqlite3.Connection, number: int | None, kind: str, budget: Budget, rho: float | None, what: str,
    actor: str, run: str,
) -> Entry:  # fmt: skip
    time = datetime.now(UTC).isoformat(timespec="seconds")
    values = (kind, time, budget.epsilon, budget.delta, rho, budget.unit, what, actor, run)
    made = table.execute(
        f"INSERT INTO entries (source, {_COLUMNS.removeprefix('number, ')}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (number, *values),
    )
    return Entry(int(made.lastrowid or 0), *values)


def _granted(entries: tuple[Entry, ...] | list[Entry]) -> Entry | None:
    """The grant that holds: the last one."""
    grants = [entry for entry in entries if entry.kind == "grant"]
    return grants[-1] if grants else None


def _spent(granted: Entry, charges: list[Entry]) -> Sum:
    """What charges come to, by the accounting that says less: sums of epsilon and delta (Dwork and Roth 2014, theorem
    3.16), or the sum of rho, for which the delta of the grant is paid once."""
    plain, together = _plain_sum(charges), _together(granted, charges)
    if together is not None and (together < plain.epsilon or plain.delta > granted.delta):
        return Sum(together, granted.delta)
    return plain


def _left(granted: Entry, charges: list[Entry]) -> Sum:
    spent = _spent(granted, charges)
    shared = spent.delta == granted.delta and spent.epsilon < _plain_sum(charges).epsilon
    delta = granted.delta if shared else max(granted.delta - spent.delta, 0.0)
    return Sum(max(granted.epsilon - spent.epsilon, 0.0), delta)


def _plain_sum(charges: list[Entry]) -> Sum:
    return Sum(sum(entry.epsilon for entry in charges), sum(entry.delta for entry in charges))


def _together(granted: Entry, charges: list[Entry]) -> float | None:
    """epsilon of the sum of rho at the delta of the grant; None where not all charges have one."""
    known = [entry.rho for entry in charges if entry.rho is not None]
    if not known or len(known) < len(charges) or granted.delta == 0:
        return None
    return epsilon_of(sum(known), granted.delta)


def _same_unit(source: str, charges: list[Entry], budget: Budget) -> None:
    """BudgetError when a charge protects less than the first one did. What protects persons protects their rows."""
    first = charges[0].unit if charges else budget.unit
    if budget.unit != first and first != "row":
        raise BudgetError(
            f"The ledger of source {source!r} counts by {first}, and {budget.unit} was asked for.",
            "Name the same person column in the budget.",
        )


def _flush_folder(folder: Path) -> None:
    """Have the file's name on the disk, where folders can be flushed."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

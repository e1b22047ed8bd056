"""What a driver complains of, as an error of ours: the thing, what was allowed, the next move; never a password."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from trasunto.connectors.credentials import HIDDEN, MOVE, masked
from trasunto.connectors.databases.address import Address
from trasunto.errors import DataError, FileError, StoreError, TrasuntoError

# SQLSTATE of PostgreSQL and number of MySQL and MariaDB → what went wrong.
CODES = {
    "28P01": "password", "28000": "password", "1045": "password", "1698": "password", "1044": "rights",
    "3D000": "database", "1049": "database",
    "42501": "rights", "1142": "rights", "1143": "rights", "1227": "rights", "1370": "rights",
    "57P01": "dropped", "57P02": "dropped", "57P03": "starting", "57P05": "dropped", "08006": "dropped",
    "08003": "dropped", "2006": "dropped", "2013": "dropped", "2055": "dropped", "1927": "dropped", "1053": "dropped",
    "4031": "dropped", "1152": "dropped",
    "53100": "full", "58030": "full", "53200": "full", "1114": "full", "1021": "full", "1026": "full", "3": "full",
    "53300": "busy", "1040": "busy", "55P03": "locked", "1205": "locked", "40P01": "locked", "1213": "locked",
    "40001": "locked", "57014": "cancelled", "1317": "cancelled", "1969": "cancelled",
    "42P01": "table", "1146": "table", "42S02": "table", "42703": "column", "1054": "column",
    "1412": "altered", "0A000": "altered", "23505": "duplicate", "1062": "duplicate", "1586": "duplicate",
    "23502": "missing", "1048": "missing", "1263": "missing", "1364": "missing", "1121": "missing",
    "23503": "reference", "1452": "reference", "1216": "reference", "1451": "referred", "2BP01": "referred",
    "1217": "referred", "23514": "check", "4025": "check", "3819": "check", "22001": "long", "1406": "long",
    "1265": "value", "22003": "range", "1264": "range", "22P02": "value", "22P03": "value", "22007": "value",
    "22008": "value", "1292": "value", "1366": "value", "22021": "value", "22P05": "value", "1300": "value",
    "25006": "reading", "1792": "reading", "42601": "query", "1064": "query", "42804": "query",
}  # fmt: skip
# A message without a code (a connection that never stood) by its words.
WORDS = (
    (r"password authentication failed|no password supplied|Access denied", "password"),
    (r'database "[^"]*" does not exist', "database"),
    (r"connection has been closed|closed the connection unexpectedly", "dropped"),
    (r"certificate|SSL|TLS|root\.crt", "tls"),
    (r"timeout|timed out", "unreachable"),
    (r"refused|could not translate host|Name or service|getaddrinfo|No such file or directory|unreachable|resolve"
     r"|Can't connect|failed to resolve|Temporary failure|No route", "unreachable"),
    (r"server closed the connection|Lost connection|terminat|connection is closed|connection.*(lost|closed|reset)"
     r"|gone away|Broken pipe|consuming input failed|EOF", "dropped"),
    (r"[Dd]uplicate key|UNIQUE constraint failed|PRIMARY KEY or UNIQUE", "duplicate"),
    (r"NOT NULL constraint failed", "missing"),
    (r"FOREIGN KEY constraint failed|[Ff]oreign key constraint", "reference"),
    (r"CHECK constraint failed", "check"), (r"disk is full|No space left|full", "full"),
    (r"database is locked|Could not set lock|Conflicting lock", "locked"),
    (r"not a database|not a valid DuckDB|unable to open|Cannot open", "file"),
    (r"readonly database|read-only", "reading"), (r"no such table|does not exist", "table"),
    (r"syntax error|Parser Error|no such column|Binder Error", "query"),
    (r"Could not convert|Conversion Error", "value"),
)  # fmt: skip

_SAID: dict[str, tuple[str, str]] = {
    "password": ("{who} is refused by {at}: wrong password, or no such user.", MOVE),
    "database": ("{at}: there is no database {database!r}.{near}", "Name one that is there, or create it first."),
    "rights": ("{at} does not allow it{where}: {message}.", "Ask for the right, or use another user."),
    "dropped": ("The connection to {at} was dropped while {doing}{untouched}.", "Try again when the server is well."),
    "starting": ("{at} is starting up or shutting down.", "Try again in a moment."),
    "full": ("{at} has no space left, while {doing}{untouched}: {message}.", "Free space there, or write elsewhere."),
    "busy": ("{at} takes no more connections.", "Close some, or try again later."),
    "locked": (
        "Somebody else holds a lock{where} on {at}; we waited {timeout} s{untouched}.",
        "It is being altered or written. Try again later, or wait longer with ?timeout=60.",
    ),
    "cancelled": ("The statement was cancelled on {at}, while {doing}{untouched}.", "Try again."),
    "table": ("{at}: {message}.", "Name tables with ?table=, and their schema with ?schema=."),
    "column": ("{at}: {message}.", "Check the names of the columns."),
    "altered": ("A table was altered while it was read from {at}{where}: {message}.", "Read it again."),
    "duplicate": (
        "A key{where} is there already or stands twice: {message}{untouched}.",
        "Let new keys go on after those that are there with ?keys=continue, or give keys that are new.",
    ),
    "missing": (
        "A value is missing{where}, and the database forbids it: {message}{untouched}.",
        "Fill the gaps, or allow NULL in that column.",
    ),
    "reference": (
        "A row{where} refers to a row that is not there: {message}{untouched}.",
        "Write the table it refers to with it, or before it.",
    ),
    "referred": (
        "The table is referred to by a table that stays: {message}{untouched}.",
        "Write that table too, or use ?if_exists=append.",
    ),
    "check": ("A row{where} breaks a CHECK of the database: {message}{untouched}.", "Hold that rule in the schema."),
    "long": ("A text{where} is longer than its column: {message}{untouched}.", "Widen it, or shorten the texts."),
    "range": ("A number{where} is beyond what its column holds: {message}{untouched}.", "Widen the column."),
    "value": ("A value{where} does not fit its column: {message}{untouched}.", "Change the type of the column."),
    "reading": ("{at} was asked to write, in a connection that only reads: {message}.", "Give a SELECT as ?query=."),
    "query": ("{at} does not understand: {message}.", "Check the ?query=."),
    "tls": (
        "{at} does not prove who it is over TLS: {message}.",
        "Name the authority that signed its certificate with ?ssl_ca=FILE; ?tls=off goes without.",
    ),
    "unreachable": (
        "{at} cannot be reached (we wait {timeout} s at most): {message}.",
        "Check host and port, and that the server runs; ?timeout=60 waits longer.",
    ),
    "file": ("{at} cannot be opened as a database of {scheme}: {message}.", "Check the file and your rights to it."),
    "other": ("{at}, while {doing}{untouched}: {message}.", "See what the database says."),
}  # fmt: skip
# The rows are at fault, not the place.
OF_ROWS = frozenset(["duplicate", "missing", "reference", "check", "long", "range", "value"])


@dataclass(frozen=True)
class Complaint:
    """What a driver said. code: SQLSTATE or number; message: its first line; table, column: where it tells."""

    code: str
    message: str
    table: str = ""
    column: str = ""

    @property
    def what(self) -> str:
        """One of the keys of the sentences above."""
        if self.code == "2013" and "timed out" in self.message:
            return "unreachable"
        if self.code in CODES and not (self.code == "0A000" and "cached plan" not in self.message):
            return CODES[self.code]
        if self.code.startswith("08"):
            return "dropped"
        for pattern, what in WORDS:
            if re.search(pattern, self.message):
                return what
        return "other"


@contextmanager
def told(address: Address, doing: str, *, near: Any = None) -> Iterator[None]:
    """A block whose complaints of drivers become errors of ours. doing: "reading orders" or "writing orders".

    near: a function that gives the names of the databases there are. Rows that do not fit are a DataError, what fails
    in writing a StoreError, all else a FileError.
    """
    try:
        yield
    except TrasuntoError:
        raise
    except driver_errors(address.scheme) as error:
        raise _error(address, doing, error, near) from (None if address.password else error)


def driver_errors(scheme: str) -> tuple[type[BaseException], ...]:
    """What the driver of a scheme raises."""
    if scheme == "postgresql":
        import psycopg

        return (psycopg.Error,)
    if scheme in ("mysql", "mariadb"):
        import pymysql

        return (pymysql.MySQLError,)
    if scheme == "sqlite":
        import sqlite3

        return (sqlite3.Error,)
    if scheme == "duckdb":
        import duckdb

        return (duckdb.Error,)
    import sqlalchemy.exc

    return (sqlalchemy.exc.SQLAlchemyError,)


def _error(address: Address, doing: str, error: BaseException, near: Any) -> TrasuntoError:
    found = complaint(error)
    what = found.what
    writing = doing.startswith("writing")
    table = found.table or (doing.partition(" ")[2] if what in OF_ROWS and doing != "writing keys" else "")
    where = f" in {table}{f', column {found.column}' if found.column else ''}" if table else ""
    facts = {
        "at": address.shown,
        "scheme": address.scheme,
        "database": address.path,
        "who": repr(address.user) if address.user else "Whoever runs this",
        "doing": doing,
        "where": where,
        "timeout": address.timeout,
        "untouched": "; nothing was written" if writing else "",
        "message": _hidden(found.message, address),
        "near": f" {near()}" if what == "database" and near is not None else "",
    }
    sentence, move = _SAID[what]
    kind = DataError if what in OF_ROWS else StoreError if writing and what not in ("password", "tls") else FileError
    return kind(sentence.format(**facts), move)


def complaint(error: BaseException) -> Complaint:
    """What an exception of a driver says."""
    error = getattr(error, "orig", None) or error
    diag: Any = getattr(error, "diag", None)
    if diag is not None and diag.message_primary:
        detail = diag.message_detail if diag.sqlstate != "23514" else ""
        context = re.search(r"COPY (\S+), line \d+(?:, column ([^:]+))?", diag.context or "")
        table = diag.table_name or (context[1].strip('"') if context else "")
        column = diag.column_name or (context[2] or "" if context else "")
        message = f"{diag.message_primary}: {detail}" if detail else diag.message_primary
        return Complaint(diag.sqlstate or "", message.rstrip(". "), table, column)
    code = ""
    arguments = error.args
    if len(arguments) > 1 and isinstance(arguments[0], int):
        code, text = str(arguments[0]), str(arguments[1])
    else:
        text = str(error)
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()] or [type(error).__name__]
    message = next((line for line in lines if "FATAL" in line or "certificate" in line), lines[0])
    message = re.sub(r"^connection (to server at |failed: connection to server at )", "", message)
    return Complaint(code or getattr(error, "sqlstate", None) or "", message.rstrip(". "))


def _hidden(message: str, address: Address) -> str:
    password = address.password
    return masked(message.replace(password, HIDDEN) if password and len(password) > 2 else message)

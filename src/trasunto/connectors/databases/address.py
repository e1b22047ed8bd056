"""The address of a database, read: `postgresql://ann@host:5432/shop?table=orders,lines&schema=public`."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from trasunto.connectors.credentials import masked, password_for, user_and_place
from trasunto.errors import FileError, near

# What may stand behind the question mark, and what it says.
OPTIONS = {
    "table": "names of tables, with commas; all when it is left out",
    "schema": "the schema (namespace) that they lie in",
    "query": "a SELECT, read as one table",
    "skip": "columns to leave out, as COLUMN or TABLE.COLUMN, with commas",
    "if_exists": "fail (the default), append or replace, when a table to be written is there",
    "keys": "continue: new whole-number keys go on after those that are there",
    "timeout": "seconds to wait for a connection or a lock, 10 unless said",
    "tls": "on or off; on, with its certificate verified, unless said, for other machines",
    "ssl_ca": "file with the certificate of the authority that signed the server's",
    "ssl_cert": "file with a certificate of ours",
    "ssl_key": "file with its key",
    "socket": "the Unix socket, or its folder, instead of a host",
    "password_file": "file that holds the password",
    "keyring": "service of the keyring that holds the password",
}
ALIKE = {"sslrootcert": "ssl_ca", "sslcert": "ssl_cert", "sslkey": "ssl_key", "unix_socket": "socket"}
LOCAL_FILES = ("sqlite", "duckdb")
NATIVE = ("postgresql", "mysql", "mariadb", "sqlite", "duckdb")
IF_EXISTS = ("fail", "append", "replace")
TIMEOUT = 10


@dataclass(frozen=True)
class Address:
    """An address in its parts.

    text: the whole of it, which may hold a password: it is not shown. host: "" for a socket or a file. path: the name
    of the database, or the file. options: see `OPTIONS`; further: what another driver reads.
    """

    scheme: str
    user: str
    host: str
    port: int | None
    path: str
    options: Mapping[str, str]
    further: Mapping[str, str] = field(repr=False)
    password: str | None = field(repr=False)
    text: str = field(repr=False)

    @property
    def shown(self) -> str:
        """Fit to be seen: without the password, and without what stands behind the question mark."""
        return masked(self.text).partition("?")[0]

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that are named; none for all."""
        return _listed(self.options.get("table", ""))

    @property
    def skipped(self) -> tuple[str, ...]:
        return _listed(self.options.get("skip", ""))

    @property
    def schema(self) -> str | None:
        return self.options.get("schema")

    @property
    def query(self) -> str | None:
        return self.options.get("query")

    @property
    def if_exists(self) -> str:
        return self.options.get("if_exists", "fail")

    @property
    def keys_go_on(self) -> bool:
        return self.options.get("keys") == "continue"

    @property
    def timeout(self) -> int:
        """Seconds."""
        return int(self.options.get("timeout", TIMEOUT))

    @property
    def local(self) -> bool:
        """Whether the server is on this machine."""
        if not self.host or self.host.lower() == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False

    @property
    def tls(self) -> bool | None:
        """Whether TLS, with the certificate verified, is a must (other machines, unless said). None: as it comes."""
        if "tls" in self.options:
            return self.options["tls"] == "on"
        return True if not self.local or "ssl_ca" in self.options else None

    def password_now(self) -> str | None:
        """The password: that of the address, else from where `credentials.password_for` finds it."""
        return self.password or password_for(self.scheme, self.user, self.options)


def read_address(text: str) -> Address:
    """Raises FileError for an option that is not there or has a value that it cannot have."""
    head, _, rest = text.partition("://")
    scheme = head.partition("+")[0].lower()
    scheme = "postgresql" if scheme == "postgres" else scheme
    user, password, place = user_and_place(rest)
    place, _, asked = place.partition("?")
    options, further = _options(scheme, asked)
    server, slash, path = place.partition("/")
    host, port = _host(server, masked(text))
    if scheme in LOCAL_FILES:
        if server:
            raise FileError(
                f"{masked(text)!r} names a host, and {scheme} has none.", f"Write {scheme}:///{place}, three slashes."
            )
        path = place[len(slash) :]
    return Address(
        scheme, unquote(user), unquote(host), port, unquote(path), options, further, unquote(password) or None, text
    )


def _host(server: str, shown: str) -> tuple[str, int | None]:
    bracketed = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(\d*))?", server)
    if bracketed is None or (bracketed[2] and not 0 < int(bracketed[2]) < 65536):
        raise FileError(f"{shown!r} has no host and port that can be read.", "Write postgresql://user@host:5432/name.")
    return bracketed[1], int(bracketed[2]) if bracketed[2] else None


def _options(scheme: str, asked: str) -> tuple[dict[str, str], dict[str, str]]:
    found: dict[str, str] = {}
    further: dict[str, str] = {}
    # A query may hold & and =, so that only `&name=` parts two options.
    for part in re.split(r"&(?=[A-Za-z_]+=)", asked) if asked else []:
        name, _, value = part.partition("=")
        name = ALIKE.get(name, name)
        if name == "sslmode":
            found["tls"] = _mode(value)
        elif name in OPTIONS:
            found[name] = value if name in ("table", "skip") else unquote(value)
        elif scheme in NATIVE:
            raise FileError(f"{name!r} is no option of the address of a database.", near(name, OPTIONS))
        else:
            further[name] = unquote(value)
    for name, allowed in (("if_exists", IF_EXISTS), ("keys", ("continue",)), ("tls", ("on", "off"))):
        if name in found and found[name] not in allowed:
            raise FileError(f"?{name}={found[name]} is not one of {', '.join(allowed)}.", f"{name}: {OPTIONS[name]}.")
    if "timeout" in found and not (found["timeout"].isdecimal() and int(found["timeout"]) > 0):
        raise FileError(f"?timeout={found['timeout']} is no whole number of seconds above 0.", "Write ?timeout=10.")
    return found, further


def _mode(value: str) -> str:
    """`sslmode` of PostgreSQL: ours is on (verify-full) or off (disable), and nothing between."""
    if value == "verify-full":
        return "on"
    if value == "disable":
        return "off"
    raise FileError(
        f"?sslmode={value} encrypts without knowing for whom, or not at all.",
        "Use ?tls=on, which verifies the certificate (?ssl_ca=FILE for an authority of your own), or ?tls=off.",
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(unquote(each.strip()) for each in text.split(",") if each.strip())


def connection_facts(address: Address) -> dict[str, Any]:
    """host, port, user, password as drivers take them, without those that are not given."""
    given = {"host": address.host.strip("[]"), "port": address.port, "user": address.user}
    return {name: value for name, value in {**given, "password": address.password_now()}.items() if value}

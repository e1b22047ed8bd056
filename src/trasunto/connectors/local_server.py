"""Real database servers of our own: started in a temporary folder on a free port, gone when the block ends.

They need the binaries of PostgreSQL or MariaDB, no rights, no network and no service that runs already.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trasunto.connectors.certificates import write_certificates
from trasunto.errors import EngineError, MissingLibraryError

# Where Debian, Red Hat, Homebrew and the Postgres.app put what is not on the PATH.
PLACES = (
    "/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin", "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/usr/sbin", "/usr/local/sbin", "/usr/libexec", "/opt/homebrew/opt/mariadb*/bin", "/usr/local/opt/mariadb*/bin",
)  # fmt: skip
PATIENCE = 60.0


@dataclass(frozen=True)
class LocalServer:
    """A server that runs. host, port, user, password, database: how to reach it. folder: its own, removed at the end.
    ca: the certificate of its authority when it speaks TLS. process: the number of its process."""

    scheme: str
    port: int
    user: str
    password: str
    database: str
    folder: Path
    ca: Path | None
    process: int
    host: str = "127.0.0.1"

    @property
    def address(self) -> str:
        """With the password, for a server that nobody else knows and that is gone in a moment."""
        return self.as_user(self.user, self.password)

    @property
    def address_without_password(self) -> str:
        """For a password that comes from the environment, a file or a keyring."""
        return f"{self.scheme}://{self.user}@{self.host}:{self.port}/{self.database}"

    def as_user(self, user: str, password: str, database: str | None = None) -> str:
        """The address for somebody, in a database."""
        return f"{self.scheme}://{user}:{password}@{self.host}:{self.port}/{database or self.database}"

    def __repr__(self) -> str:
        return f"LocalServer({self.address_without_password})"


@contextmanager
def postgresql(*, tls: bool = False, database: str = "trasunto") -> Iterator[LocalServer]:
    """A PostgreSQL server. MissingLibraryError when it is not installed, EngineError when it does not start.

    tls: it also speaks TLS, with a certificate for 127.0.0.1 and localhost by an authority of its own.
    Root may not run PostgreSQL: the user postgres or nobody does then.
    """
    initdb, server = (_binary(name, "postgresql") for name in ("initdb", "postgres"))
    with _folder(("postgres", "nobody")) as (folder, user):
        data, port, password = folder / "data", _free_port(), secrets.token_urlsafe(18)
        written = _secret(folder / "password", password, user)
        command = [initdb, "-D", str(data), "-U", "trasunto", "-A", "scram-sha-256", "--pwfile", str(written)]
        _done([*command, "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"], user, folder)
        written.unlink()
        settings = {
            "listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": folder, "fsync": "off",
            "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "4GB", "shared_buffers": "128MB",
            "dynamic_shared_memory_type": "mmap", "timezone": "UTC",
        }  # fmt: skip
        ca = _tls(folder, user) if tls else None
        if ca:
            settings |= {"ssl": "on", "ssl_cert_file": folder / "server.pem", "ssl_key_file": folder / "server.key"}
        asked = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with _running([server, "-D", str(data), *asked], user, folder, signal.SIGINT) as process:
            made = LocalServer("postgresql", port, "trasunto", password, database, folder, ca, process.pid)
            _wait(process, folder, lambda: _postgres_answers(made))
            yield made


@contextmanager
def mariadb(*, tls: bool = False, database: str = "trasunto") -> Iterator[LocalServer]:
    """A MariaDB server. MissingLibraryError when it is not installed, EngineError when it does not start.

    tls: it also speaks TLS, with a certificate for 127.0.0.1 and localhost by an authority of its own.
    """
    install, server = _binary("mariadb-install-db", "mariadb"), _binary("mariadbd", "mariadb")
    with _folder(("mysql", "nobody")) as (folder, user):
        data, port, password = folder / "data", _free_port(), secrets.token_urlsafe(18)
        common = ["--no-defaults", f"--datadir={data}", *([f"--user={user}"] if user else [])]
        quick = ["--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync", "--innodb-log-file-size=64M"]
        _done([install, *common, "--skip-test-db", "--auth-root-authentication-method=normal"], user, folder)
        first = folder / "first.sql"
        name = database.replace("`", "``")
        text = (
            f"CREATE DATABASE `{name}`;\nCREATE USER trasunto@'%' IDENTIFIED BY '{password}';\n"
            "GRANT ALL ON *.* TO trasunto@'%';\nDROP USER IF EXISTS root@localhost;\nFLUSH PRIVILEGES;\n"
        )
        _secret(first, text, user)
        ca = _tls(folder, user) if tls else None
        files = [f"--ssl-ca={ca}", f"--ssl-cert={folder / 'server.pem'}", f"--ssl-key={folder / 'server.key'}"]
        command = [
            server, *common, f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder / 's'}",
            f"--pid-file={folder / 'pid'}", f"--init-file={first}", "--skip-log-bin", "--skip-name-resolve",
            "--innodb-buffer-pool-size=64M", "--character-set-server=utf8mb4", *quick,
            *(files if ca else ["--skip-ssl"]),
        ]  # fmt: skip
        with _running(command, user, folder, signal.SIGTERM) as process:
            made = LocalServer("mariadb", port, "trasunto", password, database, folder, ca, process.pid)
            _wait(process, folder, lambda: _mariadb_answers(made))
            first.unlink()
            yield made


def installed(name: str) -> bool:
    """Whether `postgresql` or `mariadb` can be started here."""
    needed = {"postgresql": ("initdb", "postgres"), "mariadb": ("mariadb-install-db", "mariadbd")}[name]
    return all(_found(each) for each in needed)


def with_database(server: LocalServer, name: str) -> LocalServer:
    """A further database on a PostgreSQL server."""
    import psycopg
    from psycopg import sql

    where: dict[str, Any] = {"host": server.host, "port": server.port, "user": server.user, "password": server.password}
    with psycopg.connect(dbname="postgres", autocommit=True, connect_timeout=5, **where) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return replace(server, database=name)


def _postgres_answers(server: LocalServer) -> bool:
    import psycopg

    try:
        with_database(server, server.database)
    except psycopg.OperationalError:
        return False
    return True


def _mariadb_answers(server: LocalServer) -> bool:
    import pymysql

    where: dict[str, Any] = {"host": server.host, "port": server.port, "user": server.user, "password": server.password}
    try:
        pymysql.connect(database=server.database, connect_timeout=5, **where).close()
    except pymysql.MySQLError:
        return False
    return True


def _binary(name: str, package: str) -> str:
    found = _found(name)
    if found is None:
        server = "mariadb-server" if package == "mariadb" else package
        raise MissingLibraryError(
            f"{name!r}, a program of {package}, is not installed: it is neither on the PATH nor in its usual places.",
            f"Install it: apt-get install {server} (Debian, Ubuntu), brew install {package} (macOS).",
        )
    return found


def _found(name: str) -> str | None:
    there = shutil.which(name)
    if there:
        return there
    for pattern in PLACES:
        for folder in sorted(Path("/").glob(pattern[1:]), reverse=True):
            if (folder / name).is_file():
                return str(folder / name)
    return None


@contextmanager
def _folder(users: tuple[str, ...]) -> Iterator[tuple[Path, str | None]]:
    """A folder that goes at the end, and whom it belongs to: None is ourselves, unless we are root."""
    # Unix sockets have paths of at most about 100 characters, so that the folder does not lie deep.
    place = "/tmp" if os.access("/tmp", os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="trasunto-db-", dir=place))
    try:
        user = None
        if os.name == "posix" and os.geteuid() == 0:
            user = next(each for each in (*users, "nobody") if _exists(each))
            shutil.chown(folder, user)
        yield folder, user
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _exists(user: str) -> bool:
    import pwd

    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _as(user: str | None) -> dict[str, Any]:
    """Arguments that let a process run as somebody else."""
    if user is None:
        return {}
    import pwd

    known = pwd.getpwnam(user)
    return {"user": known.pw_uid, "group": known.pw_gid, "extra_groups": []}


def _secret(path: Path, text: str, user: str | None) -> Path:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(text)
    if user:
        shutil.chown(path, user)
    return path


def _tls(folder: Path, user: str | None) -> Path:
    ca = write_certificates(folder)
    for path in folder.glob("*.key"):
        path.chmod(0o600)
        if user:
            shutil.chown(path, user)
    return ca


def _done(command: list[str], user: str | None, folder: Path) -> None:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=PATIENCE * 3,
        env=_environment(folder),
        check=False,
        **_as(user),
    )
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["it says nothing"]
        raise EngineError(f"{Path(command[0]).name} failed: {last[0]}.", "See whether the disk is full.")


def _environment(folder: Path) -> dict[str, str]:
    """Without PGDATA, PGPORT and the like of whoever calls."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "MYSQL", "LD_PRELOAD"))}
    return {**kept, "HOME": str(folder), "LC_ALL": "C", "TZ": "UTC"}


@contextmanager
def _running(
    command: list[str], user: str | None, folder: Path, stop: signal.Signals
) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "log").open("wb") as log:
        # A session of its own: Ctrl-C reaches us, and we stop the server.
        process = subprocess.Popen(
            command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=folder, env=_environment(folder),
            start_new_session=True, **_as(user),
        )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(stop)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], folder: Path, answers: Any) -> None:
    begun = time.monotonic()
    while not answers():
        if process.poll() is not None or time.monotonic() - begun > PATIENCE:
            lines = (folder / "log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
            said = next(
                (line for line in reversed(lines) if "ERROR" in line or "FATAL" in line), (lines or ["nothing"])[-1]
            )
            raise EngineError(
                f"The database server did not start: {said}", "See whether the port and the disk are free."
            )
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

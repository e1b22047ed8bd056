"""Answers that were paid for, kept on disk: what was stopped or crashed goes on from there and pays nothing twice.

A file of SQLite that only its owner may read. It holds answers under digests of what was asked, never what was asked.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path

from trasunto.errors import StoreError
from trasunto.language.engines.asked import Reply
from trasunto.language.offline import cache_folder

OFF = "off"
_TABLE = """CREATE TABLE IF NOT EXISTS replies
(key TEXT PRIMARY KEY, text TEXT NOT NULL, finished INTEGER NOT NULL, tokens_in INTEGER NOT NULL,
 tokens_out INTEGER NOT NULL)"""


class Cache:
    """Answers by key. Threads may share one; processes may share its file."""

    def __init__(self, path: str | Path = "") -> None:
        """path: of the file; "" is replies.sqlite in the cache folder, "off" keeps nothing. StoreError when it cannot
        be opened."""
        self.lock = threading.Lock()
        self.path = None if str(path) == OFF else Path(path) if str(path) else cache_folder() / "replies.sqlite"
        self.open: sqlite3.Connection | None = None
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            self.open = sqlite3.connect(self.path, timeout=30, check_same_thread=False, isolation_level=None)
            self.open.execute("PRAGMA journal_mode=WAL")
            self.open.execute(_TABLE)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(
                f"The cache of answers {self.path} cannot be opened: {error}.",
                'Remove the file, name another in serving.cache, or set it to "off".',
            ) from error

    def get(self, key: str) -> Reply | None:
        """The answer that was kept, marked as cached."""
        if self.open is None:
            return None
        with self.lock:
            found = self.open.execute(
                "SELECT text, finished, tokens_in, tokens_out FROM replies WHERE key = ?", (key,)
            ).fetchone()
        return Reply(found[0], bool(found[1]), found[2], found[3], cached=True) if found else None

    def put(self, key: str, reply: Reply) -> None:
        """Keep an answer; one that failed or is empty is not kept."""
        self.put_all([(key, reply)])

    def put_all(self, answers: Iterable[tuple[str, Reply]]) -> None:
        """Keep answers, all in one go. StoreError when the disk refuses."""
        if self.open is None:
            return
        rows = [(k, r.text, r.finished, r.tokens_in, r.tokens_out) for k, r in answers if r.text and not r.error]
        try:
            with self.lock:
                self.open.execute("BEGIN IMMEDIATE")
                self.open.executemany("INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?)", rows)
                self.open.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreError(f"The cache of answers {self.path} cannot be written: {error}.", "Free space.") from error

    def close(self) -> None:
        """Let go of the file."""
        if self.open is not None:
            self.open.close()
            self.open = None

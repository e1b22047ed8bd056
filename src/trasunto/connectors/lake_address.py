"""Addresses of tables in lakes and object stores: `delta:folder`, `parquet+s3://bucket/table/?partition=year`.

    FORM:PATH            a folder here: delta, iceberg, parquet (a data set of many files)
    FORM+STORE://PATH    the same in an object store: s3, gs, az
    STORE://PATH         a file or a folder there, whose form is found by its name and by what lies in it

What stands behind a question mark are settings, as in any URL (%26 for &). Keys of a store never stand in an address:
they come from the environment, a profile or the role of the machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote

from trasunto.errors import FileError, near

FORMS = ("delta", "iceberg", "parquet")
STORES = ("s3", "gs", "az")
IF_EXISTS = ("fail", "append", "replace")
READING = ("columns", "where", "evolve")
WRITING = ("if_exists", "evolve", "partition")
_SECRET = ("key", "secret", "token", "password", "credential", "signature", "sas", "sig")


@dataclass(frozen=True)
class Place:
    """Where a table, or a folder of tables, lies.

    form: one of `FORMS`, or "" where the place itself says it. store: one of `STORES`, or "file". path: of a file or
    folder here, absolute; bucket and key, without a slash at either end, in a store. options: settings by name.
    """

    form: str
    store: str
    path: str
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def uri(self) -> str:
        """What the libraries of lakes take: an absolute path here, `s3://bucket/key` in a store."""
        return self.path if self.store == "file" else f"{self.store}://{self.path}"

    @property
    def shown(self) -> str:
        """The address for a message."""
        form = f"{self.form}{'+' if self.store != 'file' else ':'}" if self.form else ""
        return f"{form}{self.uri}"

    @property
    def name(self) -> str:
        """What to call the table: the last part of the path, without a suffix."""
        return self.path.rstrip("/").rpartition("/")[2].partition(".")[0] or "data"

    def child(self, name: str) -> Place:
        """A table, or a file, in this folder."""
        return replace(self, path=f"{self.path.rstrip('/')}/{name}")

    def names(self, option: str) -> tuple[str, ...]:
        """A setting that lists names with commas."""
        return tuple(name.strip() for name in self.options.get(option, "").split(",") if name.strip())

    def one_of(self, option: str, allowed: tuple[str, ...]) -> str:
        """A setting that is one of a few words, the first when it is not given."""
        value = self.options.get(option, allowed[0])
        if value not in allowed:
            raise FileError(f"{option}={value!r} is not known for {self.shown}.", near(value, allowed))
        return value

    def number(self, option: str) -> int | None:
        """A setting that is a whole number of 0 or more; None when it is not given."""
        value = self.options.get(option)
        if value is not None and not value.isdecimal():
            raise FileError(f"{option}={value!r} of {self.shown} is no whole number.", f"Write it as {option}=3.")
        return int(value) if value is not None else None

    def only(self, allowed: Iterable[str]) -> Place:
        """The same place. FileError for a setting that is not among these."""
        known = sorted(allowed)
        for name in self.options:
            if name not in known:
                raise FileError(f"{name!r} is no setting of {self.shown}.", near(name, known))
        return self


def place_of(address: str) -> Place:
    """An address as a place. FileError for one without a path, or with a credential in it, which is not repeated."""
    before, _, after = str(address).partition("?")
    scheme, colon, rest = before.partition(":")
    form, plus, store = scheme.lower().partition("+")
    if form in STORES and not plus:
        form, store = "", form
    if not colon or (form and form not in FORMS) or (plus and store not in STORES):
        known = [*(f"{each}:" for each in FORMS), *(f"{each}://" for each in STORES)]
        raise FileError(f"{before!r} is no address of a lake.", f"Begin it with one of: {', '.join(known)}.")
    path = rest.removeprefix("//")
    if store:
        bucket, _, key = path.partition("/")
        if "@" in bucket:
            raise FileError(f"The address of a {store}:// place holds a user or a key before its bucket.", _NEVER)
        if not bucket:
            raise FileError(f"{before!r} names no bucket.", f"Write it as {store}://bucket/path.")
        path = f"{bucket}/{key.strip('/')}".rstrip("/")
    if not path and not (form == "iceberg" and "catalog=" in after):
        raise FileError(f"{before!r} names no path.", f"Write it as {form}:folder or {form}+s3://bucket/folder.")
    # A path here is made whole, so that files found below it begin with it.
    return Place(form, store or "file", path if store else str(Path(unquote(path)).absolute()), _options(after, before))


_NEVER = (
    "Give keys by the environment (AWS_ACCESS_KEY_ID, AWS_PROFILE, GOOGLE_APPLICATION_CREDENTIALS, "
    "AZURE_STORAGE_ACCOUNT_KEY, …), never in an address: it would stand in recipes, logs and reports."
)


def _options(text: str, where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in filter(None, text.split("&")):
        name, mark, value = part.partition("=")
        name = unquote(name).lower()
        if any(name == word or name.endswith(f"_{word}") or name.startswith(f"{word}_") for word in _SECRET):
            raise FileError(f"The address {where} holds a credential, {name!r}.", _NEVER)
        if not mark or not value:
            raise FileError(f"{name!r} behind {where} has no value.", "Write name=value, with & between them.")
        found[name] = unquote(value)
    return found

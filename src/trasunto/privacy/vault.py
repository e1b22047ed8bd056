"""A vault: which value each pseudonym stands for, encrypted, for whoever must return to people and holds its key.

The key of pseudonyms alone cannot turn one back but by trying values; a vault can, whatever the form. Its content is
encrypted with AES-256-GCM (NIST SP 800-38D) under a key that scrypt (RFC 7914) makes of a passphrase. It is the
"additional information" of GDPR art. 4(5), to be kept apart from the data. Only columns with the action `pseudonymise`
stand in it: a fake person or a surrogate in a text may be that of several people.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from trasunto import registry
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Format
from trasunto.errors import FileError, RecipeError, near
from trasunto.privacy.protect_columns import spelt
from trasunto.privacy.protection import Protected
from trasunto.privacy.pseudonyms import Assigned, normal, read_key
from trasunto.writing import aside

VARIABLE = "TRASUNTO_VAULT_KEY"
NO_KEY = (
    "Give --vault-key-file FILE, or set TRASUNTO_VAULT_KEY: a passphrase of 16 characters or more, or what "
    "`trasunto protect --new-key FILE` makes."
)
CIPHER = "AES-256-GCM, scrypt"
_MARK = b"trasunto vault 1\n"
# 128 MiB and half a second for each try of a passphrase (OWASP's advice); more than _MOST is no header of ours.
_COST = {"n": 2**17, "r": 8, "p": 1}
_MOST = {"n": 2**20, "r": 16, "p": 4}
_DIGEST = 32


@dataclass(frozen=True)
class Vault:
    """What stands in a vault. domain, key: of the pseudonyms, key as its fingerprint. groups: pseudonyms by what shares
    them."""

    domain: str
    key: str
    groups: tuple[Assigned, ...] = field(repr=False)

    def __len__(self) -> int:
        return sum(len(each.originals) for each in self.groups)

    def with_more(self, other: Vault) -> Vault:
        """Both together. RecipeError when they are of other keys or domains, or give a pseudonym to two values."""
        if (self.domain, self.key) != (other.domain, other.key):
            raise RecipeError(
                f"The vault holds pseudonyms of the domain {self.domain!r} under another key or domain than these.",
                "Name another file with --vault.",
            )
        groups = {(each.group, each.form): each for each in self.groups}
        for each in other.groups:
            known = groups.get((each.group, each.form))
            groups[(each.group, each.form)] = each if known is None else _joined(known, each)
        return replace(self, groups=tuple(groups.values()))

    def names_of(self, table: str, column: str) -> Mapping[str, tuple[str, ...]] | None:
        """Pseudonym → spellings of its value, of a column; None for a column that it does not hold.

        A column is known by its table and name, else by its name where one group alone has it.
        """
        exact = [each for each in self.groups if f"{table}.{column}" in each.columns]
        named = exact or [e for e in self.groups if column in {place.partition(".")[2] for place in e.columns}]
        return named[0].originals if len(named) == 1 else None


@dataclass(frozen=True)
class Revealed:
    """A dataset with its values back. columns: "table.column" → rows turned back. unknown: → rows whose value no
    pseudonym of the vault is. spellings: → pseudonyms of several spellings of a value, of which the first is told."""

    dataset: Dataset
    columns: Mapping[str, int]
    unknown: Mapping[str, int]
    spellings: Mapping[str, int]


def secret_of(path: str | Path | None) -> bytes:
    """The key of a vault, from a file or the variable TRASUNTO_VAULT_KEY.

    Raises FileError when the file cannot be read, RecipeError when there is no key, or too short a one.
    """
    found = read_key(path, VARIABLE, NO_KEY)
    if found is None:
        raise RecipeError("A vault needs a key of its own, and none was given.", NO_KEY)
    # A file that an editor or `echo` made ends with a newline, a variable does not: both are one key.
    return found.strip()


def require_open(path: str | Path, secret: bytes) -> None:
    """Fail now, not after long work, when a vault that is there cannot be opened, or no library could write one."""
    _cipher(secret, bytes(16), {"n": 2, "r": 1, "p": 1})
    if Path(path).exists():
        opened(path, secret)


def keep(protected: Protected, path: str | Path, secret: bytes) -> Protected:
    """Write the pseudonyms of a protected dataset into a vault, beside those that it holds; the record says so.

    The file is whole or as it was, and only its owner reads it. Raises RecipeError when nothing was pseudonymised, for
    a wrong key and for pseudonyms of another key or domain; FileError for a damaged vault; StoreError for a full disk.
    """
    found = protected.pseudonyms
    if not found:
        raise RecipeError(
            "There is nothing to keep in a vault: the policy pseudonymises no column.",
            "Leave --vault out, or give a column the action pseudonymise. Fake people cannot be turned back.",
        )
    vault = Vault(protected.protection.domain, protected.protection.key or "", found)
    if Path(path).exists():
        vault = opened(path, secret).with_more(vault)
    with aside(path) as temporary:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(sealed(vault, secret))
            file.flush()
            os.fsync(file.fileno())
    columns = [place for each in found for place in each.columns]
    record = {"pseudonyms": len(vault), "columns": columns, "cipher": CIPHER}
    notes = (*protected.protection.notes, f"vault: {', '.join(columns)}")
    return replace(protected, protection=replace(protected.protection, vault=record, notes=notes))


def sealed(vault: Vault, secret: bytes) -> bytes:
    """A vault as the bytes of its file: a header, the encrypted content, and a digest of both."""
    salt, nonce = os.urandom(16), os.urandom(12)
    header = _MARK + json.dumps({**_COST, "salt": salt.hex(), "nonce": nonce.hex()}).encode() + b"\n"
    groups = [{"group": g.group, "form": g.form, "columns": g.columns, "originals": g.originals} for g in vault.groups]
    content = json.dumps({"domain": vault.domain, "key": vault.key, "groups": groups}, ensure_ascii=False)
    packed = zlib.compress(content.encode("utf-8", "surrogatepass"))
    body = header + _cipher(secret, salt, _COST).encrypt(nonce, packed, header)
    return body + hashlib.sha256(body).digest()


def opened(path: str | Path, secret: bytes) -> Vault:
    """Read a vault.

    Raises FileError when it cannot be read, is none, or is damaged; RecipeError when this is not its key.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise FileError(
            f"The vault {path} cannot be read: {error.strerror or error}.",
            "`trasunto protect ... --vault FILE` writes one.",
        ) from error
    if not content.startswith(_MARK):
        raise FileError(f"{path} is no vault.", "Name the file that `trasunto protect ... --vault FILE` wrote.")
    body, digest = content[:-_DIGEST], content[-_DIGEST:]
    end = body.find(b"\n", len(_MARK)) + 1
    if hashlib.sha256(body).digest() != digest or not end:
        raise _damaged(path)
    header, told = body[:end], _header(body[len(_MARK) : end], path)
    return _content(path, secret, told, (header, body[end:]))


def revealed(dataset: Dataset, vault: Vault, *, unknown: Literal["refuse", "keep"] = "refuse") -> Revealed:
    """The dataset with the values that pseudonyms stand for, in every column that the vault holds.

    unknown: what becomes of values that are no pseudonym of it. Raises RecipeError for them with "refuse", and when the
    vault holds none of the columns.
    """
    tables: dict[str, Table] = {}
    columns: dict[str, int] = {}
    lost: dict[str, int] = {}
    spellings: dict[str, int] = {}
    for name, table in dataset.tables.items():
        rows, schema = table.rows, table.schema
        for column in table.schema.columns:
            names = vault.names_of(name, column.name)
            if names is None:
                continue
            texts, where = spelt(rows[column.name], column), f"{name}.{column.name}"
            first = {pseudonym: found[0] for pseudonym, found in names.items()}
            there = set(texts.drop_nulls().unique().to_list())
            lost[where] = int(texts.is_in(list(there - set(first))).sum())
            columns[where] = len(texts) - texts.null_count() - lost[where]
            spellings[where] = sum(len(names[each]) > 1 for each in there & set(first))
            back = texts.replace(first).alias(column.name)
            told = "The value that a pseudonym stood for."
            made = replace(column, kind="id", categories=None, bounds=None, format=Format(), reason=told)
            rows, schema = rows.with_columns(back), schema.with_column(made)
        # Keys and what refers to them are turned back alike.
        tables[name] = Table(schema, rows)
    _require(vault, columns, lost, dataset, refuse=unknown == "refuse")
    some = {where: count for where, count in lost.items() if count}
    several = {where: count for where, count in spellings.items() if count}
    return Revealed(Dataset.holding(tables), columns, some, several)


def _require(
    vault: Vault, columns: Mapping[str, int], lost: Mapping[str, int], dataset: Dataset, *, refuse: bool
) -> None:
    held = [place for each in vault.groups for place in each.columns]
    if not columns:
        known = [f"{name}.{column}" for name, table in dataset.tables.items() for column in table.schema.names]
        raise RecipeError(
            f"The vault holds pseudonyms of {', '.join(held)}; none of these columns is here: {', '.join(known[:12])}.",
            f"Give the columns the names that they had. {near(held[0].partition('.')[2], known)}".strip(),
        )
    wrong = {where: count for where, count in lost.items() if count}
    if wrong and refuse:
        told = ", ".join(f"{count:,} rows of {where}" for where, count in wrong.items())
        raise RecipeError(
            f"Values that are no pseudonyms of this vault stand in {told}.",
            "Open the vault that was written with this data, or leave such values as they are with --unknown keep.",
        )


def _joined(one: Assigned, other: Assigned) -> Assigned:
    names = dict(one.originals)
    for pseudonym, spellings in other.originals.items():
        known = names.get(pseudonym, spellings)
        if not _same(known, spellings, one):
            raise RecipeError(
                f"A pseudonym of {', '.join(other.columns)} stands for another value in the vault: with a form of few "
                "values it can depend on which other values there are.",
                "Name another file with --vault, or use full pseudonyms (no `form`).",
            )
        names[pseudonym] = tuple(sorted({*known, *spellings}))
    return replace(one, columns=tuple(dict.fromkeys((*one.columns, *other.columns))), originals=names)


def _same(known: tuple[str, ...], more: tuple[str, ...], group: Assigned) -> bool:
    """Whether all are spellings of one value."""
    return len({normal(group.group, each) for each in (*known, *more)}) == 1


def _header(line: bytes, path: str | Path) -> dict[str, Any]:
    try:
        told = json.loads(line)
        good = all(0 < int(told[name]) <= most for name, most in _MOST.items())
        found = {"salt": bytes.fromhex(told["salt"]), "nonce": bytes.fromhex(told["nonce"])}
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(path) from error
    if not good:
        raise _damaged(path)
    return {**{name: int(told[name]) for name in _MOST}, **found}


def _content(path: str | Path, secret: bytes, told: dict[str, Any], parts: tuple[bytes, bytes]) -> Vault:
    from cryptography.exceptions import InvalidTag

    header, encrypted = parts
    try:
        packed = _cipher(secret, told["salt"], told).decrypt(told["nonce"], encrypted, header)
    except InvalidTag as error:
        raise RecipeError(f"This is not the key of the vault {path}.", NO_KEY) from error
    document = json.loads(zlib.decompress(packed).decode("utf-8", "surrogatepass"))
    groups = tuple(
        Assigned(
            g["group"], g["form"], tuple(g["columns"]), {name: tuple(each) for name, each in g["originals"].items()}
        )
        for g in document["groups"]
    )
    return Vault(document["domain"], document["key"], groups)


def _damaged(path: str | Path) -> FileError:
    return FileError(f"The vault {path} is damaged: it is not what was written.", "Bring back a copy of it.")


def _cipher(secret: bytes, salt: bytes, cost: Mapping[str, Any]) -> Any:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
    except ImportError as error:
        raise registry.missing(error, "A vault") from error
    return AESGCM(Scrypt(salt=salt, length=32, n=cost["n"], r=cost["r"], p=cost["p"]).derive(secret))

"""Keyed pseudonyms: the same value gives the same pseudonym in every column and table, and nobody without the key can
tell which value it was, nor by trying all values (EDPB Guidelines 01/2025 on pseudonymisation).

HMAC-SHA-256 (RFC 2104) under a key derived for one pseudonymisation domain by HKDF (RFC 5869): two projects with the
same key but other domains share no pseudonym. Pseudonymised data stay personal data for whoever holds the key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from trasunto.errors import FileError, RecipeError
from trasunto.privacy.names import plain
from trasunto.privacy.pseudonyms_formats import FORMATS, Digits

LEAST_KEY = 16
VARIABLE = "TRASUNTO_KEY"
NO_KEY = (
    "Give --key-file FILE (or key=...), or set TRASUNTO_KEY to at least 32 hexadecimal digits; "
    "`trasunto protect --new-key FILE` makes one. Keep it apart from the data."
)
# Kinds whose spelling is letters and digits with marks between that mean nothing.
_NUMBERS = ("dni", "nie", "cif", "nss", "ssn", "nhs", "iban", "ccc", "card", "passport", "plate", "health_card",
            "cadastral", "nino", "nir", "curp", "codice_fiscale", "cpf", "rut", "cuit", "pesel", "mac",
            "national_id")  # fmt: skip


@dataclass(frozen=True)
class Assigned:
    """Pseudonyms of one group of columns. columns: "table.column". originals: pseudonym → how its value is spelt."""

    group: str
    form: str
    columns: tuple[str, ...]
    originals: Mapping[str, tuple[str, ...]] = field(repr=False)


@dataclass(frozen=True)
class Pseudonyms:
    """Pseudonyms of one domain. secret: the derived key, which is never written."""

    domain: str
    secret: bytes = field(repr=False)

    @staticmethod
    def of(key: bytes, domain: str) -> Pseudonyms:
        """RecipeError for a key of fewer than 16 bytes."""
        if len(key) < LEAST_KEY:
            raise RecipeError(f"The key has {len(key)} bytes; at least {LEAST_KEY} are needed.", NO_KEY)
        return Pseudonyms(domain, derived(key, f"trasunto pseudonyms\0{domain}".encode()))

    def digest(self, kind: str, value: str, turn: int = 0) -> bytes:
        """32 bytes for a value of a kind. turn: another draw for the same value."""
        text = f"{kind}\0{normal(kind, value)}\0{turn}" if turn else f"{kind}\0{normal(kind, value)}"
        return hmac.digest(self.secret, text.encode("utf-8", "surrogatepass"), "sha256")

    def digits(self, kind: str, value: str, turn: int = 0) -> Digits:
        """An endless stream of choices for a value."""
        return Digits(self.secret, self.digest(kind, value, turn))

    def unit(self, kind: str, value: str) -> float:
        """A number in [0, 1) for a value, in steps of 2**-53."""
        return (int.from_bytes(self.digest(kind, value)[:7], "big") >> 3) / 2**53

    def assigned(
        self, kind: str, values: Iterable[str], form: str = "text", avoid: Collection[str] = ()
    ) -> dict[str, str]:
        """Value → pseudonym. No two values that differ share one, and none is a value of `avoid` or of `values`.

        form: "text" (128 bits, 26 letters and digits), "integer" (15 digits), "same" (the shape of the value), or a
        kind whose check digits hold again (dni, nie, iban, card, …). In a form with few possible values a pseudonym
        that is taken is drawn again; so it can depend on which other values there are. Full pseudonyms never do.
        """
        distinct = sorted(set(values))
        by_normal: dict[str, list[str]] = {}
        for value in distinct:
            by_normal.setdefault(normal(kind, value), []).append(value)
        taken = {normal(kind, value) for value in avoid} | set(by_normal)
        made: dict[str, str] = {}
        # In the order of the digests: it tells nothing, and is the same whatever the rows' order.
        for plain_value in sorted(by_normal, key=lambda each: self.digest(kind, each)):
            turn = 0
            while True:
                drawn = self._drawn(kind, by_normal[plain_value][0], form, turn)
                mark = normal(kind, drawn)
                if mark not in taken:
                    break
                turn += 1
                if turn > 1_000:
                    raise RecipeError(
                        f"There are too few values of the form {form!r} for {len(by_normal):,} values of {kind!r}.",
                        "Leave `format` out: full pseudonyms never run out.",
                    )
            taken.add(mark)
            for spelt in by_normal[plain_value]:
                # The shape of each spelling is its own; what is drawn is that of the value.
                made[spelt] = drawn if len(by_normal[plain_value]) == 1 else self._drawn(kind, spelt, form, turn)
        return made

    def _drawn(self, kind: str, value: str, form: str, turn: int) -> str:
        if form == "text":
            return base64.b32encode(self.digest(kind, value, turn)[:16]).decode().rstrip("=").lower()
        if form == "integer":
            return str(10**14 + int.from_bytes(self.digest(kind, value, turn)[:8], "big") % (9 * 10**14))
        return FORMATS[form](value, self.digits(kind, value, turn))


def derived(key: bytes, purpose: bytes, length: int = 32, salt: bytes = b"") -> bytes:
    """HKDF-SHA-256 (RFC 5869): a key of its own for a purpose."""
    secret = hmac.digest(salt or bytes(32), key, "sha256")
    made, block = b"", b""
    for count in range(1, -(-length // 32) + 1):
        block = hmac.digest(secret, block + purpose + bytes([count]), "sha256")
        made += block
    return made[:length]


def normal(kind: str, value: str) -> str:
    """A value as it is compared: what is spelt in other ways but is the same has one pseudonym."""
    if kind in _NUMBERS:
        return re.sub(r"[^0-9A-Za-z]", "", value).upper()
    if kind == "phone":
        digits = re.sub(r"\D", "", value)
        return digits[2:] if value.strip().startswith("00") else digits
    if kind == "person":
        last, comma, first = value.partition(",")
        return " ".join(plain(f"{first} {last}" if comma else value).split())
    return " ".join(value.casefold().split())


def read_key(path: str | Path | None, variable: str = VARIABLE, advice: str = NO_KEY) -> bytes | None:
    """The key in a file or in an environment variable: hexadecimal digits, or the bytes as they are; else None.

    advice: what to do where it cannot be used. Raises FileError when the file cannot be read, RecipeError for a key
    that is too short.
    """
    if path is None:
        text = os.environ.get(variable, "").strip()
        return _key_of(text.encode(), variable, advice) if text else None
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise FileError(f"The key file {path} cannot be read: {error.strerror or error}.", advice) from error
    return _key_of(content, str(path), advice)


def new_key(path: str | Path) -> None:
    """Write 32 random bytes as hexadecimal digits to a file that only its owner reads. FileError when it is there."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise FileError(f"The key file {path} cannot be made: {error.strerror or error}.", "Name another.") from error
    with os.fdopen(handle, "w") as file:
        file.write(os.urandom(32).hex() + "\n")


def fingerprint(key: bytes) -> str:
    """A few letters that tell which key was used, and nothing of it."""
    return hashlib.sha256(derived(key, b"trasunto fingerprint")).hexdigest()[:16]


def _key_of(content: bytes, where: str, advice: str) -> bytes:
    stripped = content.strip()
    key = bytes.fromhex(stripped.decode()) if re.fullmatch(rb"(?:[0-9a-fA-F]{2}){16,}", stripped) else content
    if len(key) < LEAST_KEY or len(set(key)) < 8:
        raise RecipeError(f"The key in {where} is too short or too plain: {len(key)} bytes.", advice)
    return key

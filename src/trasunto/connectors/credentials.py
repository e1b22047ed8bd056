"""Passwords: where they come from, and how they are kept out of all that is shown or stored.

A password belongs in the environment, in a file that only its owner reads, or in a keyring. One that stands inside an
address is used and never shown: every message, log, report and run has the address `masked`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from trasunto import registry
from trasunto.errors import FileError, RecipeError

HIDDEN = "***"
VARIABLE = "TRASUNTO_DB_PASSWORD"
# What clients of these databases read by custom.
CUSTOMARY = {"postgresql": "PGPASSWORD", "mysql": "MYSQL_PWD", "mariadb": "MYSQL_PWD"}
MOVE = (
    f"Leave the password out of the address, and set {VARIABLE}, or add ?password_file=FILE "
    "(such as /run/secrets/database) or ?keyring=SERVICE."
)

_ADDRESS = re.compile(r"(?P<scheme>[A-Za-z][\w+.-]*)://(?P<rest>[^\s'\"]*)")
_SECRET = re.compile(
    r"(?i)(?P<name>[?&;](?:password|passwd|pwd|sslpassword|secret\w*|\w*token|\w*access_key)=)[^&;\s]+"
)


def masked(text: str) -> str:
    """The text with every password inside an address in it hidden: `postgresql://ann:***@host/shop`."""
    hidden = _ADDRESS.sub(lambda found: f"{found['scheme']}://{_masked_rest(found['rest'])}", str(text))
    return _SECRET.sub(lambda found: f"{found['name']}{HIDDEN}", hidden)


def has_password(address: str) -> bool:
    """Whether a password stands in an address."""
    return masked(address) != str(address)


def without_password(address: str, where: str) -> str:
    """The address, if no password stands in it. RecipeError that names `where` it stands (`data.source`) if one
    does."""
    if has_password(address):
        raise RecipeError(f"{where} holds a password: {masked(address)}.", MOVE)
    return address


def user_and_place(rest: str) -> tuple[str, str, str]:
    """(user, password, what follows) of what stands behind `://`; a password may hold any mark but an unescaped ?."""
    bare, question, options = rest.partition("?")
    credentials, at, place = bare.rpartition("@")
    if not at and ":" in bare.split("/")[0] and "@" in options:
        # A question mark inside the password.
        credentials, at, place = rest.rpartition("@")
        return (*_parted(credentials), place)
    if not at:
        return "", "", rest
    return (*_parted(credentials), f"{place}{question}{options}")


def password_for(
    scheme: str, user: str, options: Mapping[str, str], *, environment: Mapping[str, str] | None = None
) -> str | None:
    """The password of a user: from the file or keyring that the options name, else from the environment
    (TRASUNTO_DB_PASSWORD, then the custom of the database); None when there is none.

    FileError for a file that cannot be read and a keyring that holds none.
    """
    values = os.environ if environment is None else environment
    if "password_file" in options:
        path = Path(options["password_file"]).expanduser()
        try:
            return path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            told = getattr(error, "strerror", None) or type(error).__name__
            raise FileError(f"The file of the password, {path}, cannot be read: {told}.", MOVE) from error
    if "keyring" in options:
        return _of_keyring(options["keyring"], user)
    return values.get(VARIABLE) or values.get(CUSTOMARY.get(scheme, "")) or None


def _of_keyring(service: str, user: str) -> str:
    try:
        import keyring
    except ImportError as error:
        raise registry.missing(error, "?keyring=") from error
    try:
        found = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        raise FileError(f"The keyring cannot be asked for {service!r}: {error}.", MOVE) from error
    if not found:
        raise FileError(
            f"The keyring holds no password of {user!r} for the service {service!r}.",
            f"Store it: keyring set {service} {user}.",
        )
    return str(found)


def _masked_rest(rest: str) -> str:
    user, password, place = user_and_place(rest)
    if password:
        return f"{user}:{HIDDEN}@{place}"
    return rest


def _parted(credentials: str) -> tuple[str, str]:
    user, _, password = credentials.partition(":")
    return user, password

"""A certificate authority of our own, for servers on this machine that live for a moment."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path
from typing import Any

from trasunto import registry


def write_certificates(folder: Path, name: str = "ca") -> Path:
    """Write `server.pem` and `server.key` for 127.0.0.1 and localhost, signed by an authority made for them, and its
    certificate `NAME.pem`, whose path is given back. Its key is kept nowhere. Valid for a day.

    MissingLibraryError without cryptography.
    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError as error:
        raise registry.missing(error, "TLS") from error
    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = _called("Trasunto, for a moment")
    limits = x509.BasicConstraints(ca=True, path_length=0)
    root = _unsigned(issuer, issuer, authority).add_extension(limits, critical=True)
    signs = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    root = root.add_extension(signs, critical=True)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
    root = root.add_extension(x509.SubjectKeyIdentifier.from_public_key(authority.public_key()), critical=False)
    leaf = _unsigned(_called("localhost"), issuer, key).add_extension(names, critical=False)
    leaf = leaf.add_extension(identifier, critical=False)
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    for path, made in ((folder / f"{name}.pem", root), (folder / "server.pem", leaf)):
        path.write_bytes(_signed(made, authority).public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").touch(mode=0o600)
    (folder / "server.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
    return folder / f"{name}.pem"


def _called(name: str) -> Any:
    from cryptography import x509

    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _unsigned(subject: Any, issuer: Any, key: Any) -> Any:
    from cryptography import x509

    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number())
    return made.not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1))


def _signed(made: Any, authority: Any) -> Any:
    from cryptography.hazmat.primitives import hashes

    return made.sign(authority, hashes.SHA256())

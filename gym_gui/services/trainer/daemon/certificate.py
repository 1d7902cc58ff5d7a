"""A certificate of the trainer's own: trusted by whoever was given it, and by nobody else."""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gym_gui.core.clock import utc_now
from gym_gui.core.errors import ConfigError, VarDirError
from gym_gui.services.trainer.security import write_secret

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CERTIFICATE_NAME: Final = "trainer.crt"
KEY_NAME: Final = "trainer.key"
_SKEW: Final = timedelta(hours=1)


def make_certificate(folder: Path, names: Sequence[str], *, days: int = 365) -> tuple[Path, Path]:
    """Write a self-signed certificate and its key; their paths.

    Args:
        folder: Where to; the key is readable by its owner only.
        names: Host names and addresses that clients reach the trainer by; this machine's own are added.
        days: How long it is good for.

    Raises:
        ConfigError: a name is none.
        VarDirError: there is a key already, or the folder cannot be written.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gym-gui trainer")])
    try:
        spoken = [_name(name) for name in dict.fromkeys((*names, "localhost", "127.0.0.1", "::1"))]
    except ValueError as error:
        raise ConfigError(f"A certificate cannot be for one of these names: {error}.") from error
    now = utc_now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(spoken), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate_path, key_path = folder / CERTIFICATE_NAME, folder / KEY_NAME
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    write_secret(key_path, key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    try:
        certificate_path.write_bytes(certificate.public_bytes(pem))
    except OSError as error:
        raise VarDirError(
            f"The certificate cannot be written: {error.strerror or error}.", hint=f"File: {certificate_path}"
        ) from error
    return certificate_path, key_path


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)

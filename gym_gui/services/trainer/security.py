"""Who may reach the trainer, and what of a client is believed: nothing beyond this machine without TLS and a token."""

from __future__ import annotations

import ipaddress
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gym_gui.core.errors import ConfigError, TrainerRefusedError, VarDirError

if TYPE_CHECKING:
    from gym_gui.config.paths import VarPaths

DEFAULT_PORT: Final = 47_017
DEFAULT_HOST: Final = "127.0.0.1"
_MAX_PORT: Final = 65_535
_TOKEN_BYTES: Final = 32
_OWNER_ONLY: Final = 0o600


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Where the trainer listens.

    Attributes:
        host: Name or number of one of this machine's addresses.
        port: 0 for any that is free.
    """

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> ListenAddress:
        """``host:port``, ``[::1]:port``, or a port alone.

        Raises:
            ConfigError: it is none of these.
        """
        host, _, port_text = text.strip().rpartition(":")
        host = host.removeprefix("[").removesuffix("]") or DEFAULT_HOST
        if not (port_text.isascii() and port_text.isdigit()):
            raise ConfigError(f"{text!r} is no address to listen at.", hint="Write host:port, 127.0.0.1:47017 say.")
        check_port(port_text)
        return cls(host, int(port_text))

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        return address_text(self.host, self.port)


def check_port(text: str) -> None:
    """Let the digits of a port pass.

    Raises:
        ConfigError: there is no port of that number.
    """
    if len(text.lstrip("0")) > len(str(_MAX_PORT)) or int(text) > _MAX_PORT:
        raise ConfigError(f"There is no port {text[:20]}.", hint=f"Ports go up to {_MAX_PORT}.")


def address_text(host: str, port: int) -> str:
    """``host:port``, an IPv6 number in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def check_listen(address: ListenAddress, *, has_tls: bool) -> None:
    """Let an address pass.

    Raises:
        ConfigError: others than this machine would reach it, and there is no TLS.
    """
    if not address.is_loopback and not has_tls:
        raise ConfigError(
            f"Other machines would reach {address} without TLS.",
            hint="Give --tls-cert and --tls-key (`gym-gui trainer certificate` makes them), or listen at 127.0.0.1.",
        )


def read_token(path: Path) -> str:
    """The secret in a file.

    Raises:
        ConfigError: it cannot be read, or others than its owner can.
    """
    try:
        mode, text = path.stat().st_mode, path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The token cannot be read: {error}.", hint=f"File: {path}") from error
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise ConfigError("The token's file can be read by others than its owner.", hint=f"chmod 600 {path}")
    if not text:
        raise ConfigError("The token's file is empty.", hint=f"File: {path}")
    return text


def make_token(paths: VarPaths) -> str:
    """The trainer's secret: the one that is there, or a new one, which only its owner can read.

    Raises:
        ConfigError: the one that is there cannot be used.
        VarDirError: a new one cannot be written.
    """
    path = paths.token_file
    if path.exists():
        return read_token(path)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    write_secret(path, f"{token}\n".encode())
    return token


def write_secret(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read, from its first moment.

    Raises:
        VarDirError: it cannot be written, or is there already.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
    except FileExistsError as error:
        raise VarDirError("A secret is there already; it is not written over.", hint=f"File: {path}") from error
    except OSError as error:
        raise VarDirError(f"A secret cannot be written: {error.strerror or error}.", hint=f"File: {path}") from error


def is_local_peer(peer: str) -> bool:
    """Whether gRPC's name of a peer is one of this machine."""
    kind, _, rest = peer.partition(":")
    if kind == "unix":
        return True
    host = rest.rpartition(":")[0].replace("%5B", "[").replace("%5D", "]").strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_script(text: str, scripts_dir: Path | None, *, local: bool) -> Path:
    """The file of a script that a client wants to have run.

    Args:
        text: Its path.
        scripts_dir: Where scripts of remote clients must lie; None lets them have none.
        local: Whether the client is on this machine.

    Raises:
        TrainerRefusedError: it is not there, is not ours alone to write, or lies elsewhere.
    """
    try:
        path = Path(text).resolve(strict=True)
        status = path.stat()
    except (OSError, ValueError, RuntimeError) as error:
        raise TrainerRefusedError(f"There is no script {text[:200]!r} on the trainer's machine.") from error
    if not stat.S_ISREG(status.st_mode):
        raise TrainerRefusedError(f"{text[:200]!r} is no file.")
    if not local:
        folder = None if scripts_dir is None else scripts_dir.resolve()
        if folder is None or not path.is_relative_to(folder):
            raise TrainerRefusedError(
                f"The script {text[:200]!r} is not in the folder for scripts of remote clients.",
                hint="The trainer's owner names one with --scripts-dir.",
            )
    if os.name == "posix" and (status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o022):
        raise TrainerRefusedError(
            f"The script {text[:200]!r} could have been written by others than the trainer's owner.",
            hint="chown and chmod go-w it on the trainer's machine.",
        )
    return path

"""Why a trainer was not reached, in one sentence, from what gRPC says about it."""

from __future__ import annotations

import socket
import ssl
from typing import Final

import grpc

from gym_gui.core.errors import ConfigError, TrainerSilentError, TrainerUnavailableError
from gym_gui.services.trainer.security import ListenAddress

_SHOWN: Final = 160
_LOOK_S: Final = 2.0
# gRPC's own words, for which it has no codes.
_NO_CONNECTION: Final = "failed to connect"
_NO_ANSWER: Final = ("before receiving SETTINGS", "onnection timed out", "Deadline Exceeded")
_NO_GRPC: Final = ("Failed parsing HTTP/2", "http1.x", "HTTP/1")
_NO_NAME: Final = ("errors resolving", "DNS resolution failed", "Name resolution")


def unreached(code: grpc.StatusCode, detail: str, address: str) -> TrainerUnavailableError:
    """The error for a call that no trainer answered.

    Args:
        code: Of the call's failure.
        detail: What gRPC says about it.
        address: ``host:port``, as it was asked for.
    """
    if code is grpc.StatusCode.UNAUTHENTICATED:
        return TrainerUnavailableError(
            f"The trainer at {address} does not let us in: {detail}".rstrip(".") + ".",
            hint="Give its token with --token-file; `gym-gui trainer token` shows it on its machine.",
        )
    if code is grpc.StatusCode.DEADLINE_EXCEEDED or any(word in detail for word in _NO_ANSWER):
        # It took the connection, or nobody refused it: that is no reason to start another one.
        return TrainerSilentError(
            f"The trainer at {address} has not answered in time.",
            hint="Its machine is busy, or the way to it is cut: try again in a moment.",
        )
    return _about_tls(detail, address) or _about_the_way(detail, address)


def _about_tls(detail: str, address: str) -> TrainerUnavailableError | None:
    if "WRONG_VERSION_NUMBER" in detail:
        return TrainerUnavailableError(
            f"The trainer at {address} speaks no TLS, and a certificate was given.",
            hint="Leave --ca (GYM_GUI_TRAINER_CA) out.",
        )
    if "Hostname Verification" in detail:
        return TrainerUnavailableError(
            f"The certificate of the trainer at {address} is for other names than that.",
            hint="Ask it by one of those, or make another: `gym-gui trainer certificate`.",
        )
    if "CERTIFICATE_VERIFY_FAILED" in detail or "SSL" in detail:
        return TrainerUnavailableError(
            f"The trainer at {address} shows a certificate that is not trusted here.",
            hint="Give the certificate that it was started with: --ca trainer.crt.",
        )
    if _NO_CONNECTION in detail and "Socket closed" in detail and _speaks_tls(address):
        return TrainerUnavailableError(
            f"The trainer at {address} wants TLS.",
            hint="Give its certificate with --ca and its token with --token-file; both lie in its folder's trainer/.",
        )
    return None


def _about_the_way(detail: str, address: str) -> TrainerUnavailableError:
    if any(word in detail for word in _NO_GRPC):
        return TrainerUnavailableError(f"What listens at {address} is no trainer.", hint="Check the address.")
    if any(word in detail for word in _NO_NAME):
        return TrainerUnavailableError(
            f"No trainer answers at {address}: there is no host of that name.", hint="Write host:port."
        )
    # The last of its chain of causes.
    why = " ".join(detail.rpartition(": ")[2].split()).rstrip(".")[:_SHOWN]
    why = why[:1].lower() + why[1:]
    if _NO_CONNECTION in detail:
        return TrainerUnavailableError(
            f"No trainer answers at {address}: {why}.",
            hint=f"Start one with `{_serving(address)}`, or check the address."
            if ":" in address
            else "Write host:port.",
        )
    return TrainerUnavailableError(
        f"The connection to the trainer at {address} broke: {why}.", hint="It was stopped, or the way to it is cut."
    )


def _serving(address: str) -> str:
    """The command that has a trainer listen there."""
    try:
        is_here = ListenAddress.parse(address).is_loopback
    except ConfigError:
        is_here = False
    # Where it was looked for: another trainer may have the usual port. Elsewhere a certificate belongs to it, too.
    return f"gym-gui trainer serve --listen {address}" if is_here else "gym-gui trainer serve"


def _speaks_tls(address: str) -> bool:
    """Whether a TLS handshake is answered there; whose certificate it is does not matter."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # nothing is sent, and nothing is believed
    try:
        where = ListenAddress.parse(address)
        with (
            socket.create_connection((where.host, where.port), timeout=_LOOK_S) as connection,
            context.wrap_socket(connection),
        ):
            return True
    except (OSError, ValueError):
        return False

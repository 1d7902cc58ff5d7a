"""The way to a trainer: a channel with or without TLS, its token on every call."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import grpc

from gym_gui.core.errors import ConfigError
from gym_gui.services.trainer.proto import trainer_pb2_grpc
from gym_gui.services.trainer.security import ListenAddress, check_port
from gym_gui.services.trainer.wire.protocol import MAX_MESSAGE_BYTES

if TYPE_CHECKING:
    from os import PathLike

# As long as a client waits for an answer.
CONNECT_MS: Final = 10_000
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES * 2),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    # A cut cable says nothing: ask now and then.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    # Despite its name, how long one attempt to connect may take until the trainer's first word. A machine under load
    # needs more than a moment for it; where nobody listens, the attempt fails at once all the same.
    ("grpc.min_reconnect_backoff_ms", CONNECT_MS),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.enable_retries", 0),
    # Each publisher has a connection of its own: one that is full does not hold up another.
    ("grpc.use_local_subchannel_pool", 1),
)


def open_channel(address: str, *, token: str | None = None, ca: str | PathLike[str] | None = None) -> grpc.Channel:
    """A channel to *address*; nothing is sent yet.

    Args:
        address: ``host:port``.
        token: What the trainer wants to be shown; None on its own machine.
        ca: File of the certificate to trust; None for no TLS.

    Raises:
        ConfigError: there is no such port, the certificate cannot be read, or the token would travel in the open.
    """
    port = address.rpartition(":")[2]
    if port.isascii() and port.isdigit():
        check_port(port)
    if ca is None:
        if token is not None and not is_loopback(address):
            raise ConfigError(
                f"The token for {address} would travel in the open.", hint="Give the trainer's certificate: --ca."
            )
        channel = grpc.insecure_channel(address, _OPTIONS)
    else:
        try:
            credentials = grpc.ssl_channel_credentials(Path(ca).read_bytes())
        except OSError as error:
            raise ConfigError(
                f"The certificate cannot be read: {error.strerror or error}.", hint=f"File: {ca}"
            ) from error
        channel = grpc.secure_channel(address, credentials, _OPTIONS)
    return channel if token is None else grpc.intercept_channel(channel, _Token(token))


def make_stub(channel: grpc.Channel) -> Any:
    """The calls of the contract on a channel."""
    return trainer_pb2_grpc.TrainerStub(channel)  # type: ignore[no-untyped-call]  # generated


class _Token(
    grpc.UnaryUnaryClientInterceptor,  # type: ignore[misc]  # grpc ships no types
    grpc.UnaryStreamClientInterceptor,  # type: ignore[misc]  # as above
    grpc.StreamStreamClientInterceptor,  # type: ignore[misc]  # as above
):
    """Shows the token with every call."""

    def __init__(self, token: str) -> None:
        self._shown = ("authorization", f"Bearer {token}")

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        return continuation(self._with(details), request)

    def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        return continuation(self._with(details), request)

    def intercept_stream_stream(self, continuation: Any, details: Any, requests: Any) -> Any:
        return continuation(self._with(details), requests)

    def _with(self, details: Any) -> Any:
        return _Details(details, (*(details.metadata or ()), self._shown))


class _Details(grpc.ClientCallDetails):  # type: ignore[misc]  # as above
    def __init__(self, of: Any, metadata: Any) -> None:
        self.method, self.timeout, self.metadata = of.method, of.timeout, metadata
        self.credentials = of.credentials
        self.wait_for_ready = getattr(of, "wait_for_ready", None)
        self.compression = getattr(of, "compression", None)


def is_loopback(address: str) -> bool:
    """Whether ``host:port`` is on this machine by its very name."""
    try:
        return ListenAddress.parse(address).is_loopback
    except ConfigError:
        return False

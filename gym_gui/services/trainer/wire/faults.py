"""Errors over the wire: a refusal travels as a status, its class and its hint beside it, and is raised again."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final

import grpc
import msgspec

from gym_gui.core import errors
from gym_gui.core.errors import (
    DuplicateRunError,
    EnvironmentFault,
    EpisodeNotFoundError,
    FrameNotFoundError,
    GymGuiError,
    RunNotFoundError,
    RunTransitionError,
    StoreError,
    TrainerRefusedError,
)
from gym_gui.services.trainer.wire.unreached import unreached

if TYPE_CHECKING:
    from collections.abc import Iterable

_KEY: Final = "gym-gui-error-bin"
_CODES: Final[tuple[tuple[type[GymGuiError], grpc.StatusCode], ...]] = (
    (RunNotFoundError, grpc.StatusCode.NOT_FOUND),
    (EpisodeNotFoundError, grpc.StatusCode.NOT_FOUND),
    (FrameNotFoundError, grpc.StatusCode.NOT_FOUND),
    (DuplicateRunError, grpc.StatusCode.ALREADY_EXISTS),
    (RunTransitionError, grpc.StatusCode.FAILED_PRECONDITION),
    (StoreError, grpc.StatusCode.UNAVAILABLE),
    (EnvironmentFault, grpc.StatusCode.INVALID_ARGUMENT),
)
# What the status alone says, where a server that is not ours, or gRPC itself, answered.
_UNAVAILABLE: Final = frozenset(
    {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAUTHENTICATED}
)


def status_of(error: GymGuiError) -> tuple[grpc.StatusCode, str, tuple[tuple[str, bytes], ...]]:
    """The status, the sentence and the metadata that *error* travels as."""
    code = next((code for kind, code in _CODES if isinstance(error, kind)), grpc.StatusCode.INTERNAL)
    told = {"kind": type(error).__name__, "message": error.message, "hint": error.hint}
    told |= {name: getattr(error, name) for name in ("run_id", "reason", "phase") if hasattr(error, name)}
    return code, str(error), ((_KEY, msgspec.json.encode(told)),)


def error_of(failure: grpc.RpcError, address: str) -> EnvironmentFault:
    """The error to raise for a call that failed: the server's own, or one that says why it was not reached."""
    told = _told(getattr(failure, "trailing_metadata", tuple)() or ())
    if told is not None:
        return told
    code, detail = failure.code(), failure.details() or "no reason given"
    if code in _UNAVAILABLE:
        return unreached(code, detail, address)
    if code is grpc.StatusCode.UNIMPLEMENTED:
        return TrainerRefusedError(
            f"The trainer at {address} does not know how to do that.", hint="It is older than this program: update it."
        )
    return TrainerRefusedError(f"The trainer at {address} refused: {detail}.".replace("..", "."))


def _told(metadata: Iterable[Any]) -> EnvironmentFault | None:
    for key, value in metadata:
        if key == _KEY:
            try:
                return _raised(msgspec.json.decode(value, type=dict[str, str]))
            except (msgspec.MsgspecError, TypeError):
                return None
    return None


def _raised(told: dict[str, str]) -> EnvironmentFault:
    kind = getattr(errors, told.get("kind", ""), None)
    if not (isinstance(kind, type) and issubclass(kind, EnvironmentFault)):
        kind = TrainerRefusedError
    taken = inspect.signature(kind).parameters
    words = {name: value for name, value in told.items() if name in taken and name not in {"message", "kind"}}
    return kind(told.get("message", ""), **words)

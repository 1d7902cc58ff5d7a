"""Who is let in, and how often: the token beyond this machine, a bucket of calls for each peer, errors as statuses."""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

import grpc
from grpc import aio

from gym_gui.core.errors import EnvironmentFault, GymGuiError
from gym_gui.services.trainer.wire.faults import status_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

_LOGGER = logging.getLogger(__name__)

AUTHORIZATION: Final = "authorization"
# A worker's heartbeat is one call a second; a window that plays at four times the speed fetches 240 frames.
CALLS_PER_S: Final = 1_000.0
_BURST: Final = 2_000.0
_MAX_PEERS: Final = 4_096
_OURS: Final = "/gym_gui.trainer."
_OPEN: Final = "/grpc.health.v1.Health/"


class CallBuckets:
    """A token bucket for each peer.

    Args:
        per_s: Calls a second in the long run.
        burst: Calls at once.
    """

    def __init__(self, per_s: float = CALLS_PER_S, burst: float = _BURST) -> None:
        self._per_s = per_s
        self._burst = burst
        self._peers: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self.refused = 0

    def admits(self, peer: str, now_s: float | None = None) -> bool:
        """Whether *peer* may make another call now; if so, it is counted."""
        now_s = time.monotonic() if now_s is None else now_s
        left, since_s = self._peers.pop(peer, (self._burst, now_s))
        left = min(self._burst, left + (now_s - since_s) * self._per_s)
        admitted = left >= 1
        self._peers[peer] = (left - admitted, now_s)
        while len(self._peers) > _MAX_PEERS:
            self._peers.popitem(last=False)
        self.refused += not admitted
        return admitted


class Admission(aio.ServerInterceptor):  # type: ignore[misc]  # grpc ships no types
    """Stands before every call.

    Args:
        token: What callers must show; None lets everybody in, which is for this machine alone.
        buckets: How often each may call.
        max_calls: Streams that may be open at once.
    """

    def __init__(self, token: str | None, buckets: CallBuckets, *, max_calls: int) -> None:
        self._token = None if token is None else f"Bearer {token}".encode()
        self._buckets = buckets
        self._max_calls = max_calls
        self.open_calls = 0

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler:
        """The handler of a call, behind the checks."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        method = handler_call_details.method
        if not method.startswith(_OPEN) and not self._knows(handler_call_details.invocation_metadata):
            return _refusing(handler, grpc.StatusCode.UNAUTHENTICATED, "the token is missing or wrong")
        # Health and reflection are gRPC's own, and cheap.
        return self._guarded(handler, method) if method.startswith(_OURS) else handler

    def _knows(self, metadata: Any) -> bool:
        if self._token is None:
            return True
        shown = next((value for key, value in metadata or () if key == AUTHORIZATION), "")
        shown_bytes = shown if isinstance(shown, bytes) else shown.encode()
        return hmac.compare_digest(shown_bytes, self._token)

    def _guarded(self, handler: grpc.RpcMethodHandler, method: str) -> grpc.RpcMethodHandler:
        if not handler.response_streaming:
            behavior = handler.stream_unary if handler.request_streaming else handler.unary_unary

            async def call(request: Any, context: Any) -> Any:
                if not self._buckets.admits(context.peer()):
                    await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many calls; try again in a second")
                try:
                    return await behavior(request, context)
                except Exception as error:  # noqa: BLE001 - the edge of the daemon: told below, whatever it is
                    return await _abort(context, error, method)

            make = (
                grpc.stream_unary_rpc_method_handler
                if handler.request_streaming
                else grpc.unary_unary_rpc_method_handler
            )
            return make(call, handler.request_deserializer, handler.response_serializer)
        streaming = handler.stream_stream if handler.request_streaming else handler.unary_stream

        async def stream(request: Any, context: Any) -> AsyncIterator[Any]:
            if self.open_calls >= self._max_calls or not self._buckets.admits(context.peer()):
                await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many calls; try again in a second")
            self.open_calls += 1
            try:
                async for reply in streaming(request, context):
                    yield reply
            except Exception as error:  # noqa: BLE001 - as above
                await _abort(context, error, method)
            finally:
                self.open_calls -= 1

        make = (
            grpc.stream_stream_rpc_method_handler if handler.request_streaming else grpc.unary_stream_rpc_method_handler
        )
        return make(stream, handler.request_deserializer, handler.response_serializer)


async def _abort(context: Any, error: Exception, method: str) -> None:
    if isinstance(error, (asyncio.CancelledError, aio.AbortError, aio.UsageError)):
        raise error
    if isinstance(error, GymGuiError):
        if not isinstance(error, EnvironmentFault):
            _LOGGER.error("a call of %s met a fault of ours", method, exc_info=error)
        code, sentence, metadata = status_of(error)
        await context.abort(code, sentence, metadata)
    _LOGGER.error("a call of %s met a fault of ours", method, exc_info=error)
    await context.abort(grpc.StatusCode.INTERNAL, f"the trainer met an error of its own: {type(error).__name__}")


def _refusing(handler: grpc.RpcMethodHandler, code: grpc.StatusCode, sentence: str) -> grpc.RpcMethodHandler:
    async def refuse(_request: Any, context: Any) -> None:
        await context.abort(code, sentence)

    async def refuse_stream(_request: Any, context: Any) -> AsyncIterator[Any]:
        await context.abort(code, sentence)
        yield None

    makers = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }
    make = makers[bool(handler.request_streaming), bool(handler.response_streaming)]
    chosen = refuse_stream if handler.response_streaming else refuse
    return make(chosen, handler.request_deserializer, handler.response_serializer)

"""The daemon: one on a var folder, on asyncio gRPC; it ends politely when told, and says so when another has the folder."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import grpc
import msgspec
from filelock import FileLock, Timeout
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as aio_health
from grpc_reflection.v1alpha import reflection

from gym_gui.core.clock import to_iso, utc_now
from gym_gui.core.errors import ConfigError, TrainerUnavailableError, VarDirError
from gym_gui.services.bootstrap import open_services
from gym_gui.services.trainer.admission import Admission, CallBuckets
from gym_gui.services.trainer.core import TrainerCore
from gym_gui.services.trainer.proto import trainer_pb2, trainer_pb2_grpc
from gym_gui.services.trainer.protocol import APPLICATION, MAX_MESSAGE_BYTES
from gym_gui.services.trainer.run_desk import HOST
from gym_gui.services.trainer.security import ListenAddress, address_text, check_listen, make_token
from gym_gui.services.trainer.servicer import TrainerServicer
from gym_gui.telemetry.overflow import MIB, Block

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gym_gui.config.settings import Settings
    from gym_gui.services.bootstrap import Services
    from gym_gui.services.trainer.dispatching import Dispatching
    from gym_gui.services.trainer.run_store import RunStore

_LOGGER = logging.getLogger(__name__)

_GRACE_S: Final = 2.0
_MAX_CALLS: Final = 1_024
_SERVICE: Final = "gym_gui.trainer.v1.Trainer"
# Never full while workers keep to their credit: the event loop must not wait for the disk.
_QUEUE: Final = Block(capacity=1_000_000, max_bytes=2_048 * MIB)
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES * 2),
    ("grpc.so_reuseport", 0),  # a port that another has is an error, not a shared one
    ("grpc.max_concurrent_streams", _MAX_CALLS),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """How the daemon serves.

    Attributes:
        listen: Where.
        tls_cert: Its certificate, PEM; None for none.
        tls_key: Of it.
        metrics_port: Where Prometheus may ask; None for nowhere.
        scripts_dir: Where scripts of remote clients may lie; None lets them have none.
    """

    listen: ListenAddress
    tls_cert: Path | None = None
    tls_key: Path | None = None
    metrics_port: int | None = None
    scripts_dir: Path | None = None


class DaemonFile:
    """The right to be the trainer of a var folder, and where to be found; held until `close` or death.

    Args:
        lock_path: The lock, which the kernel lets go of when the process dies.
        path: Says where, to whoever looks.

    Raises:
        TrainerUnavailableError: another trainer has the folder; it is named.
        VarDirError: the folder cannot be written.
    """

    def __init__(self, lock_path: Path, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(lock_path, timeout=0, thread_local=False)
            self._lock.acquire()
        except Timeout as error:
            raise TrainerUnavailableError(_holder(path), hint="Stop it with `gym-gui trainer stop`.") from error
        except OSError as error:
            raise VarDirError(
                f"The trainer's folder cannot be written: {error.strerror or error}.", hint=f"Folder: {path.parent}"
            ) from error

    def tell(self, address: str, *, tls: bool) -> None:
        """Say where it is to be reached."""
        told = {
            "pid": os.getpid(),
            "address": address,
            "host": HOST,
            "started_at": to_iso(utc_now()),
            "application": APPLICATION,
            "tls": tls,
        }
        beside = self._path.with_suffix(".next")
        beside.write_bytes(msgspec.json.encode(told) + b"\n")
        beside.replace(self._path)

    def close(self) -> None:
        """Give the right back; safe to call twice."""
        if self._lock.is_locked:
            self._path.unlink(missing_ok=True)
            self._lock.release()


def _holder(path: Path) -> str:
    try:
        told = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError):
        return "Another trainer has this folder; it is just starting."
    return (
        f"A trainer has this folder already: process {told.get('pid')} on {told.get('host')}, "
        f"at {told.get('address')}, since {told.get('started_at')}."
    )


def serve(
    settings: Settings,
    options: ServeOptions,
    make_dispatcher: Callable[[str, Callable[[Any], None]], tuple[RunStore, Dispatching]],
    *,
    ready: Callable[[str], None] = lambda _address: None,
) -> None:
    """Be the trainer of a var folder until told to stop.

    Args:
        settings: Which folder, and how it records.
        options: Where to listen.
        make_dispatcher: Gives registry and dispatcher for the address that workers reach us at.
        ready: Told the address once calls are answered.

    Raises:
        ConfigError: the address would be open to others without TLS, or cannot be had.
        TrainerUnavailableError: another trainer has the folder.
        VarDirError: the folder cannot be written.
        StoreError: a database of it cannot be used.
    """
    has_tls = options.tls_cert is not None and options.tls_key is not None
    check_listen(options.listen, has_tls=has_tls)
    token = None if options.listen.is_loopback else make_token(settings.paths)
    paths = settings.paths
    file = DaemonFile(paths.daemon_lock, paths.daemon_file)
    try:
        with open_services(settings, overflow=_QUEUE, record={"backend": "split"}) as services:
            asyncio.run(_serve(services, options, token, file, make_dispatcher, ready))
    finally:
        file.close()


async def _serve(
    services: Services,
    options: ServeOptions,
    token: str | None,
    file: DaemonFile,
    make_dispatcher: Callable[[str, Callable[[Any], None]], tuple[RunStore, Dispatching]],
    ready: Callable[[str], None],
) -> None:
    admission = Admission(token, CallBuckets(), max_calls=_MAX_CALLS)
    server = aio.server(interceptors=(admission,), options=_OPTIONS)
    address = _bind(server, options)
    changes: list[Callable[[Any], None]] = []
    store, dispatcher = make_dispatcher(address, lambda run: changes[0](run) if changes else None)
    core = TrainerCore(services, store, dispatcher)
    changes.append(core.changed)
    health = _add_services(server, TrainerServicer(core, options.scripts_dir, os.getpid()))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, core.stopping.set)
    try:
        await server.start()
        dispatcher.start()
        await health.set(_SERVICE, health_pb2.HealthCheckResponse.SERVING)
        await health.set("", health_pb2.HealthCheckResponse.SERVING)
        file.tell(address, tls=options.tls_cert is not None)
        _LOGGER.info("the trainer listens at %s", address)
        ready(address)
        await core.stopping.wait()
        await health.enter_graceful_shutdown()
    finally:
        await server.stop(_GRACE_S)
        await core.in_thread(dispatcher.close, core.cancel_runs)
        await core.close()
        store.close()


def _bind(server: aio.Server, options: ServeOptions) -> str:
    listen = options.listen
    try:
        if options.tls_cert is None or options.tls_key is None:
            port = server.add_insecure_port(str(listen))
        else:
            pair = (options.tls_key.read_bytes(), options.tls_cert.read_bytes())
            port = server.add_secure_port(str(listen), grpc.ssl_server_credentials((pair,)))
    except (RuntimeError, OSError) as error:
        raise ConfigError(
            f"The trainer cannot listen at {listen}.",
            hint="Is the port taken? --listen chooses another; port 0 is any.",
        ) from error
    return address_text(listen.host, port)


def _add_services(server: aio.Server, servicer: TrainerServicer) -> Any:
    trainer_pb2_grpc.add_TrainerServicer_to_server(servicer, server)
    health = aio_health.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    names = (_SERVICE, health_pb2.DESCRIPTOR.services_by_name["Health"].full_name, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, server)
    return health

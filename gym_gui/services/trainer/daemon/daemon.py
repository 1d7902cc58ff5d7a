"""The daemon: one on a var folder, on asyncio gRPC; it ends politely, and a second one says who has the folder."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

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
from gym_gui.services.trainer.daemon.admission import Admission, CallBuckets
from gym_gui.services.trainer.daemon.adopting import keep_adopting
from gym_gui.services.trainer.daemon.core import TrainerCore
from gym_gui.services.trainer.daemon.run_desk import HOST
from gym_gui.services.trainer.daemon.servicer import TrainerServicer
from gym_gui.services.trainer.proto import trainer_pb2_grpc
from gym_gui.services.trainer.security import DEFAULT_HOST, ListenAddress, address_text, check_listen, make_token
from gym_gui.services.trainer.wire.protocol import APPLICATION, MAX_MESSAGE_BYTES
from gym_gui.telemetry.overflow import MIB, Block

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from gym_gui.config.settings import Settings
    from gym_gui.services.bootstrap import Services
    from gym_gui.services.trainer.daemon.dispatching import Dispatching
    from gym_gui.services.trainer.run_store import RunStore, TrainingRun

_LOGGER = logging.getLogger(__name__)

_PORTS: Final = "ports.json"
_GRACE_S: Final = 0.5
# Who asks whether there is a trainer has the lock for microseconds; a trainer has it for good.
_LOOKED_AT_S: Final = 0.3
_LOOK_S: Final = 0.01
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


@dataclass(frozen=True, slots=True)
class Dispatch:
    """What starts runs.

    Attributes:
        store: Remembers them.
        dispatcher: Starts and watches them.
    """

    store: RunStore
    dispatcher: Dispatching


# Given the address that workers reach the daemon at, and whom to tell of changes.
MakeDispatch: TypeAlias = "Callable[[str, Callable[[TrainingRun], None]], Dispatch]"


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

    @property
    def has_tls(self) -> bool:
        """Whether there are a certificate and its key."""
        return self.tls_cert is not None and self.tls_key is not None


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
            self._lock = FileLock(lock_path, timeout=_LOOKED_AT_S, thread_local=False)
            self._lock.acquire(poll_interval=_LOOK_S)
            # That of a killed one: nobody is to be sent there while this one starts.
            path.unlink(missing_ok=True)
        except Timeout as error:
            raise TrainerUnavailableError(_holder(path), hint="Stop it with `gym-gui trainer stop`.") from error
        except OSError as error:
            raise VarDirError(
                f"The trainer's folder cannot be written: {error.strerror or error}.", hint=f"Folder: {path.parent}"
            ) from error

    def ports(self) -> tuple[int, ...]:
        """Where the last trainer of the folder was reached: its runs, which went on, look for the next one there."""
        try:
            return msgspec.json.decode(self._path.with_name(_PORTS).read_bytes(), type=tuple[int, ...])
        except (OSError, msgspec.MsgspecError):
            return ()

    def tell(self, address: str, local: str) -> None:
        """Say where it is to be reached, and where from this machine."""
        self._path.with_name(_PORTS).write_bytes(msgspec.json.encode([_port_of(address), _port_of(local)]))
        told = {
            "pid": os.getpid(),
            "address": address,
            "local": local,
            "host": HOST,
            "started_at": to_iso(utc_now()),
            "application": APPLICATION,
            "needs_token": address != local,
        }
        beside = self._path.with_suffix(".next")
        beside.write_bytes(msgspec.json.encode(told) + b"\n")
        beside.replace(self._path)

    def close(self) -> None:
        """Give the right back; safe to call twice."""
        if self._lock.is_locked:
            self._path.unlink(missing_ok=True)
            self._lock.release()


def _check_free(listen: ListenAddress) -> None:
    """Ask for the port before gRPC does, which tells of one that is taken in a line of its own that no person reads.

    Raises:
        OSError: it cannot be had.
    """
    fault: OSError | None = None
    for family, kind, protocol, _, place in socket.getaddrinfo(listen.host, listen.port, type=socket.SOCK_STREAM):
        try:
            with socket.socket(family, kind, protocol) as asking:
                # A port whose last connections are just ending is free; on Windows it would be shared.
                if os.name == "posix":
                    asking.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                asking.bind(place)
                return
        except OSError as error:  # a name may have an address that this machine has not
            fault = error
    if fault is not None:
        raise fault


def _port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


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
    make_dispatch: MakeDispatch,
    *,
    ready: Callable[[str], None] = lambda _address: None,
) -> None:
    """Be the trainer of a var folder until told to stop.

    Args:
        settings: Which folder, and how it records.
        options: Where to listen.
        make_dispatch: Gives registry and dispatcher.
        ready: Told the address once calls are answered.

    Raises:
        ConfigError: the address would be open to others without TLS, or cannot be had.
        TrainerUnavailableError: another trainer has the folder.
        VarDirError: the folder cannot be written.
        StoreError: a database of it cannot be used.
    """
    check_listen(options.listen, has_tls=options.has_tls)
    paths = settings.paths
    file = DaemonFile(paths.daemon_lock, paths.daemon_file)
    try:
        token = None if options.listen.is_loopback and not options.has_tls else make_token(paths)
        with open_services(settings, overflow=_QUEUE, record={"backend": "split"}) as services:
            asyncio.run(_Serving(services, options, token, file).run(make_dispatch, ready))
    finally:
        file.close()


class _Serving:
    """One life of the daemon, on its event loop."""

    def __init__(self, services: Services, options: ServeOptions, token: str | None, file: DaemonFile) -> None:
        self._services = services
        self._file = file
        self._options = options
        self._token = token

    async def run(self, make_dispatch: MakeDispatch, ready: Callable[[str], None]) -> None:
        """Answer calls until told to stop, then see to it that everything taken over is on disk."""
        admission = Admission(self._token, CallBuckets(), max_calls=_MAX_CALLS)
        server = aio.server(interceptors=(admission,), options=_OPTIONS)
        address, local = self._bind(server)
        changes: list[Callable[[TrainingRun], None]] = []
        dispatch = make_dispatch(local, lambda run: changes[0](run) if changes else None)
        core = TrainerCore(self._services, dispatch.store, dispatch.dispatcher)
        changes.append(core.changed)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            try:
                loop.add_signal_handler(number, core.stopping.set)
            except NotImplementedError:  # Windows' loops have none
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(core.stopping.set))
        with contextlib.ExitStack() as stack:
            stack.callback(dispatch.store.close)
            if self._options.metrics_port is not None:
                from gym_gui.services.trainer.daemon.metrics import MetricsEndpoint  # noqa: PLC0415 - where it is asked for

                endpoint = MetricsEndpoint(core, self._options.listen.host, self._options.metrics_port)
                stack.enter_context(endpoint)
                tell_port = f"; Prometheus is answered at port {endpoint.port}"
            else:
                tell_port = ""
            try:
                health = await self._start(server, core)
                await core.in_thread(dispatch.dispatcher.start)
                self._file.tell(address, local)
                ready(f"{address}{tell_port}")
                adopting = asyncio.create_task(keep_adopting(core))
                await core.stopping.wait()
                adopting.cancel()
                await health.enter_graceful_shutdown()
            finally:
                await server.stop(_GRACE_S)
                await core.in_thread(dispatch.dispatcher.close, core.cancel_runs)
                await core.close()

    async def _start(self, server: aio.Server, core: TrainerCore) -> Any:
        servicer = TrainerServicer(core, self._options.scripts_dir, os.getpid())
        trainer_pb2_grpc.add_TrainerServicer_to_server(servicer, server)  # type: ignore[no-untyped-call]  # generated
        health = aio_health.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(health, server)
        names = (_SERVICE, health_pb2.DESCRIPTOR.services_by_name["Health"].full_name, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, server)
        await server.start()
        for name in (_SERVICE, ""):
            await health.set(name, health_pb2.HealthCheckResponse.SERVING)
        return health

    def _bind(self, server: aio.Server) -> tuple[str, str]:
        """The address, and the one that this machine's own workers and windows use."""
        options, listen = self._options, self._options.listen
        before = self._file.ports()
        try:
            if options.tls_cert is None or options.tls_key is None:
                port = self._any_of(server.add_insecure_port, listen, before[:1])
                return (address_text(listen.host, port),) * 2
            credentials = _credentials(options.tls_cert, options.tls_key)
            port = self._any_of(lambda place: server.add_secure_port(place, credentials), listen, before[:1])
            # They show the token, too, and need no certificate that names this machine.
            own_port = self._any_of(server.add_insecure_port, ListenAddress(DEFAULT_HOST, 0), before[1:])
            return address_text(listen.host, port), address_text(DEFAULT_HOST, own_port)
        except (RuntimeError, OSError) as error:
            raise ConfigError(
                f"The trainer cannot listen at {listen}.",
                hint="Is the port taken? --listen chooses another; port 0 is any that is free.",
            ) from error

    @staticmethod
    def _any_of(bind: Callable[[str], int], listen: ListenAddress, before: Sequence[int]) -> int:
        """The port that was bound: where any will do, that of the last trainer if it is free."""
        for port in before if not listen.port else ():
            with contextlib.suppress(RuntimeError, OSError):
                _check_free(ListenAddress(listen.host, port))
                return bind(address_text(listen.host, port))
        _check_free(listen)
        return bind(str(listen))


def _credentials(certificate: Path, key: Path) -> grpc.ServerCredentials:
    pair = (_read_pem(key, "key"), _read_pem(certificate, "certificate"))
    try:
        # gRPC only says that it cannot listen.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        raise ConfigError(
            f"The certificate and its key cannot be used: {error.reason or error}.",
            hint=f"Files: {certificate}, {key}. `gym-gui trainer certificate` makes a pair.",
        ) from error
    return grpc.ssl_server_credentials((pair,))


def _read_pem(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"The {what} of TLS cannot be read: {error.strerror or error}.",
            hint=f"File: {path}. `gym-gui trainer certificate` makes one.",
        ) from error

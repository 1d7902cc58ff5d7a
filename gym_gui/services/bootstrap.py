"""The wiring: settings in, a running pipeline out, and an ordered close."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from gym_gui.config.paths import default_var_dir
from gym_gui.core.errors import VarDirError
from gym_gui.replay import FrameResolver, ReplayWriter
from gym_gui.services.recovery import recover_interrupted_runs
from gym_gui.services.telemetry import TelemetryService
from gym_gui.telemetry.db_sink import TelemetryDBSink
from gym_gui.telemetry.hub import TelemetryAsyncHub
from gym_gui.telemetry.run_bus import RunBus
from gym_gui.telemetry.sqlite_store import TelemetrySQLiteStore

if TYPE_CHECKING:
    from types import TracebackType

    from gym_gui.config.paths import VarPaths
    from gym_gui.config.settings import Settings
    from gym_gui.telemetry.overflow import OverflowPolicy

_LOGGER = logging.getLogger(__name__)


@dataclass(slots=True)
class Services:
    """A running pipeline on one var folder.

    Attributes:
        settings: The user's choices.
        bus: Fan-out of everything that happens.
        hub: The asynchronous edge of the bus.
        store: Rows.
        sink: Who saves.
        resolver: Refs to arrays.
        telemetry: The door for producers.
        recovered_runs: Runs of a killed process that were put right at this start.
    """

    settings: Settings
    bus: RunBus
    hub: TelemetryAsyncHub
    store: TelemetrySQLiteStore
    sink: TelemetryDBSink
    resolver: FrameResolver
    telemetry: TelemetryService
    recovered_runs: list[str] = field(default_factory=list)

    @property
    def paths(self) -> VarPaths:
        """The layout of the var folder."""
        return self.settings.paths

    def close(self) -> None:
        """Save everything and close, in the order of the data's way; safe to call twice."""
        self.sink.close()
        self.bus.close()
        self.resolver.close()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_services(settings: Settings, *, overflow: OverflowPolicy | None = None) -> Services:
    """Prepare the var folder, put right what a killed process left, and start the pipeline.

    Args:
        settings: Where and how.
        overflow: What happens when the disk is slower than the producer; ``Block`` by default.

    Raises:
        VarDirError: the var folder cannot be written.
        StoreError: the database is foreign, damaged or locked.
        StoreVersionError: a newer application wrote it.
    """
    paths = settings.paths
    paths.prepare()
    store = TelemetrySQLiteStore(paths.telemetry_db)
    try:
        recovered = recover_interrupted_runs(store, paths.replay_dir)
    except BaseException:
        store.close()
        raise
    bus = RunBus()
    hub = TelemetryAsyncHub(bus)
    # The sink flushes by its own clock, so the writers need no thread of theirs.
    sink = TelemetryDBSink(
        store,
        bus,
        replay_writer=lambda run_id: ReplayWriter(run_id, paths.replay_dir, flush_interval_s=None),
        overflow=overflow,
    )
    sink.start()
    resolver = FrameResolver(paths.replay_dir)
    telemetry = TelemetryService(hub, sink=sink, frame_resolver=resolver)
    return Services(settings, bus, hub, store, sink, resolver, telemetry, recovered)


@dataclass(slots=True)
class Archive:
    """What was recorded, to look at only.

    Attributes:
        settings: The user's choices.
        store: Rows.
        resolver: Refs to arrays.
    """

    settings: Settings
    store: TelemetrySQLiteStore
    resolver: FrameResolver

    def close(self) -> None:
        """Close the files; safe to call twice."""
        self.resolver.close()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_archive(settings: Settings) -> Archive:
    """Open a var folder to report from it; a read-only one is fine, and nothing is created where nothing is.

    Raises:
        VarDirError: there is no such folder.
        StoreError: the database is foreign, damaged or locked.
        StoreVersionError: a newer application wrote it.
    """
    paths = settings.paths
    if not paths.root.is_dir() and paths.root != default_var_dir():
        raise VarDirError(f"There is no folder {paths.root}.", hint="Record something first, or check --var-dir.")
    try:
        paths.prepare()
        store = TelemetrySQLiteStore(paths.telemetry_db)
        recover_interrupted_runs(store, paths.replay_dir)
    except VarDirError as error:
        if not paths.telemetry_db.exists():
            raise VarDirError(
                "Nothing has been recorded in this folder, and nothing can be written there.",
                hint=f"Choose another one with --var-dir. Folder: {paths.root}",
            ) from error
        _LOGGER.info("opened for reading only: %s", error)
        store = TelemetrySQLiteStore(paths.telemetry_db, read_only=True)
    return Archive(settings, store, FrameResolver(paths.replay_dir))

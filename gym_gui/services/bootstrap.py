"""The wiring: settings in, a running pipeline out, and an ordered close."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gym_gui.config.paths import default_var_dir
from gym_gui.config.schema import SplitRecordConfig
from gym_gui.core.closing import Closing
from gym_gui.core.errors import VarDirError
from gym_gui.core.typing_compat import override
from gym_gui.replay import FrameResolver, ReplayWriter
from gym_gui.services.library_reader import LibraryReader
from gym_gui.services.recording_options import blocking, effort_of, flush_interval_s
from gym_gui.services.recovery import recover_interrupted_runs
from gym_gui.services.telemetry import TelemetryService
from gym_gui.telemetry.db_sink import TelemetryDBSink
from gym_gui.telemetry.hub import TelemetryAsyncHub
from gym_gui.telemetry.run_bus import RunBus
from gym_gui.telemetry.sqlite_store import TelemetrySQLiteStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gym_gui.config.paths import VarPaths
    from gym_gui.config.settings import Settings
    from gym_gui.recording.config import RecorderConfig
    from gym_gui.services.library import Library
    from gym_gui.telemetry.overflow import OverflowPolicy
    from gym_gui.telemetry.queue_sink import QueueSink

_LOGGER = logging.getLogger(__name__)


@dataclass
class Archive(Closing):
    """What was recorded, to look at.

    Attributes:
        settings: The user's choices.
        store: Rows.
        resolver: Refs to arrays.
        library: All of it, and the recordings of other backends: what every face reads from.
        why_read_only: One sentence where nothing can be written to the folder; empty otherwise.
    """

    settings: Settings
    store: TelemetrySQLiteStore
    resolver: FrameResolver
    why_read_only: str = field(default="", kw_only=True)
    library: Library = field(init=False)

    def __post_init__(self) -> None:
        self.library = LibraryReader(
            self.store,
            self.resolver,
            self.paths.recordings_dir,
            put_right=None if self.why_read_only else self._put_right,
        )

    @property
    def address(self) -> str:
        """Where the trainer is whose recordings these are; empty where they are of the var folder."""
        return ""

    @property
    def paths(self) -> VarPaths:
        """The layout of the var folder."""
        return self.settings.paths

    def why_empty(self) -> str:
        """One sentence where pictures lie in the folder though no run is listed; empty otherwise. Looks at the disk."""
        files = sum(1 for _ in self.paths.replay_dir.glob("*.h5"))
        if not files:
            return ""
        what = "1 replay file lies" if files == 1 else f"{files:,} replay files lie"
        return f"{what} here without rows: the database is gone, or another one. `gym-gui doctor` tells more."

    def _put_right(self) -> None:
        # A connection of its own: the store's writing one belongs to the sink's thread.
        store, _ = _open_store(self.paths)
        store.close()

    @override
    def close(self) -> None:
        self.library.close()
        self.resolver.close()
        self.store.close()


@dataclass
class Services(Archive):
    """An archive that is recorded into: a running pipeline on one var folder.

    Attributes:
        bus: Fan-out of everything that happens.
        hub: The asynchronous edge of the bus.
        sink: Who saves.
        telemetry: The door for producers.
        recovered_runs: Runs of a killed process that were put right at this start.
    """

    bus: RunBus
    hub: TelemetryAsyncHub
    sink: QueueSink
    telemetry: TelemetryService
    recovered_runs: list[str]

    @override
    def close(self) -> None:
        # Everything is saved first, in the order of the data's way.
        self.sink.close()
        self.bus.close()
        super().close()


def open_services(
    settings: Settings, *, overflow: OverflowPolicy | None = None, record: Mapping[str, Any] | None = None
) -> Services:
    """Prepare the var folder, put right what a killed process left, and start the pipeline.

    Args:
        settings: Where and how.
        overflow: What happens when the disk is slower than the producer; by default it waits.
        record: How runs are recorded, in any form of `recording.config_forms`; None for what *settings* say. The
            backend ``split`` keeps rows and arrays apart in the var folder; any other records into `recordings_dir`.

    Raises:
        ConfigError: *record* names something that does not exist.
        FormatUnavailableError: a package that the backend needs is not installed.
        VarDirError: the var folder cannot be written.
        StoreError: the database is foreign, damaged or locked.
        StoreVersionError: a newer application wrote it.
    """
    paths = settings.paths
    config = _recorder_config(settings, record)  # before anything is opened: a wrong name costs nothing
    store, recovered = _open_store(paths)
    bus = RunBus()
    hub = TelemetryAsyncHub(bus)
    sink = _sink_of(settings, store, bus, overflow or blocking(settings), config)
    sink.start()
    resolver = FrameResolver(paths.replay_dir)
    telemetry = TelemetryService(hub, sink=sink, frame_resolver=resolver)
    return Services(settings, store, resolver, bus, hub, sink, telemetry, recovered)


def _sink_of(
    settings: Settings,
    store: TelemetrySQLiteStore,
    bus: RunBus,
    overflow: OverflowPolicy,
    config: RecorderConfig | None,
) -> QueueSink:
    paths = settings.paths
    if config is not None:
        from gym_gui.recording.var_sink import sink_of_var  # noqa: PLC0415 - the default does not pay for it

        return sink_of_var(config, paths, store, bus, overflow=overflow)
    effort = effort_of(settings)
    # The sink flushes by its own clock, so the writers need no thread of theirs.
    return TelemetryDBSink(
        store,
        bus,
        replay_writer=lambda run_id: ReplayWriter(run_id, paths.replay_dir, flush_interval_s=None, effort=effort),
        overflow=overflow,
        flush_interval_s=flush_interval_s(settings),
    )


def _recorder_config(settings: Settings, record: Mapping[str, Any] | None) -> RecorderConfig | None:
    """What *record*, else the settings, say; None where it is what the pipeline does by itself."""
    if record is None:
        if isinstance(settings.record, SplitRecordConfig) and not settings.record.fallback:
            return None  # nothing is imported to find that out
        record = settings.record_node
    from gym_gui.recording.var_sink import usable_config  # noqa: PLC0415 - as above

    config = usable_config(record)
    return None if config.backend == "split" and not config.fallback else config


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
        store, _ = _open_store(paths)
    except VarDirError as error:
        if not _holds_recordings(paths):
            raise VarDirError(
                "Nothing has been recorded in this folder, and nothing can be written there.",
                hint=f"Choose another one with --var-dir. Folder: {paths.root}",
            ) from error
        return _open_read_only(settings, error)
    return Archive(settings, store, FrameResolver(paths.replay_dir))


def open_recordings(settings: Settings, *, overflow: OverflowPolicy | None = None) -> Archive:
    """Open a var folder to record into it and to look at it: `Services`; only to look at where it cannot be written.

    Raises:
        VarDirError: the folder cannot be written, and nothing was ever recorded in it.
        StoreError: the database is foreign, damaged or locked.
        StoreVersionError: a newer application wrote it.
    """
    try:
        return open_services(settings, overflow=overflow)
    except VarDirError as error:
        if not _holds_recordings(settings.paths):
            raise
        return _open_read_only(settings, error)


def _open_read_only(settings: Settings, error: VarDirError) -> Archive:
    _LOGGER.info("opened for reading only: %s", error)
    paths = settings.paths
    store = TelemetrySQLiteStore(paths.telemetry_db, read_only=True)
    return Archive(settings, store, FrameResolver(paths.replay_dir), why_read_only=error.message)


def _open_store(paths: VarPaths) -> tuple[TelemetrySQLiteStore, list[str]]:
    """The store of a folder that can be written, and the runs in it that were put right."""
    paths.prepare()
    store = TelemetrySQLiteStore(paths.telemetry_db)
    try:
        return store, recover_interrupted_runs(store, paths.replay_dir, paths.recordings_dir)
    except BaseException:
        store.close()
        raise


def _holds_recordings(paths: VarPaths) -> bool:
    try:
        return paths.telemetry_db.exists()
    except OSError:
        return False  # a folder that may not even be looked into

"""A recorder's backend in the place of the pipeline's own storage: its runs lie in ``recordings/<run_id>``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gym_gui.core.errors import FormatUnavailableError
from gym_gui.recording.config_forms import config_of
from gym_gui.recording.factory import RecorderFactory, chain_of
from gym_gui.recording.listing import Listing
from gym_gui.recording.sink import RecorderSink

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gym_gui.config.paths import VarPaths
    from gym_gui.recording.config import RecorderConfig
    from gym_gui.telemetry.overflow import OverflowPolicy
    from gym_gui.telemetry.run_bus import RunBus
    from gym_gui.telemetry.sqlite_store import TelemetrySQLiteStore


def usable_config(record: Mapping[str, Any]) -> RecorderConfig:
    """What *record* says, where its first backend, or one that would take over, can be used here.

    Raises:
        ConfigError: it names something that does not exist, or a value that a backend cannot take.
        FormatUnavailableError: a package that the backend needs is not installed, and none is to take over.
    """
    config = config_of(record)
    missing: FormatUnavailableError | None = None
    for one in chain_of(config):
        try:
            RecorderFactory.create_backend(one)  # writes nothing before a run begins
        except FormatUnavailableError as error:
            missing = missing or error
        else:
            return config
    raise missing or FormatUnavailableError(f"The recorder {config.backend} cannot be used here.")


def sink_of_var(
    config: RecorderConfig,
    paths: VarPaths,
    store: TelemetrySQLiteStore,
    bus: RunBus,
    *,
    overflow: OverflowPolicy | None = None,
) -> RecorderSink:
    """A sink that records every run into a folder of its own, and lists it in *store*; not started."""

    def config_of_run(run_id: str) -> RecorderConfig:
        return replace(config, output_dir=paths.recordings_dir / run_id, path=None, run_id=run_id)

    return RecorderSink(
        config_of_run,
        bus,
        folder=paths.root,
        listing=Listing(store, paths.recordings_dir, paths.replay_dir),
        overflow=overflow,
        flush_interval_s=config.buffer.flush_interval_seconds,
    )

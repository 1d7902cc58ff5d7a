"""What the settings say about recording, as the pipeline takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gym_gui.config.settings import Settings, load_settings
from gym_gui.replay import Effort
from gym_gui.services.bootstrap import open_services
from gym_gui.services.recording_options import blocking, effort_of, flush_interval_s, shedding
from gym_gui.telemetry.overflow import MIB, Block, ShedFrames

if TYPE_CHECKING:
    from pathlib import Path


def settings_of(var_dir: Path, *words: str) -> Settings:
    return load_settings(var_dir, words, variables={})


def test_that_buffers_are_the_budget_of_both_kinds_of_producers(var_dir: Path) -> None:
    words = ("record.buffer.max_records=7", "record.buffer.max_memory_mb=3", "record.buffer.flush_interval_seconds=2")
    for backend in ("split", "parquet", "sqlite"):
        settings = settings_of(var_dir, f"record={backend}", *words)
        assert blocking(settings) == Block(capacity=7, max_bytes=3 * MIB)
        assert shedding(settings) == ShedFrames(capacity=7, max_bytes=3 * MIB)
        assert flush_interval_s(settings) == 2.0
    assert blocking(settings_of(var_dir, "record=none")) == blocking(settings_of(var_dir))


@pytest.mark.parametrize(
    ("words", "effort"),
    [
        ([], Effort()),
        (["storage=fast"], Effort(search="never")),
        (["storage=small"], Effort(level=16, search="always")),
        (["record.async_io.worker_threads=4"], Effort(threads=4)),
        (["record.async_io.enabled=false", "storage.level=3"], Effort(level=3, threads=0)),
    ],
)
def test_that_a_profile_is_an_effort_of_the_writer(var_dir: Path, words: list[str], effort: Effort) -> None:
    assert effort_of(settings_of(var_dir, *words)) == effort


def test_that_services_record_as_the_settings_say(var_dir: Path) -> None:
    with open_services(settings_of(var_dir, "record=none")) as services:
        assert type(services.sink).__name__ == "RecorderSink"
    with open_services(settings_of(var_dir)) as services:
        assert type(services.sink).__name__ == "TelemetryDBSink"

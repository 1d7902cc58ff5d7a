"""NullRecorder: recording switched off; a step costs the call of an empty method."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from gym_gui.core.typing_compat import override
from gym_gui.recording.base import BaseRecorder
from gym_gui.recording.contract import RecordingBackend

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from gym_gui.core.data_model import EpisodeRollup, RunRecord, RunState, StepRecord
    from gym_gui.recording.config import RecorderConfig


class NullBackend(RecordingBackend):
    """Takes everything and keeps nothing."""

    name: ClassVar = "none"
    keeps_frames: ClassVar = False
    options: ClassVar = {"count_calls": False, "debug": False}

    @property
    @override
    def path(self) -> Path:
        return Path(os.devnull)

    @override
    def begin_run(self, run: RunRecord) -> None: ...

    @override
    def begin_episode(self, rollup: EpisodeRollup) -> None: ...

    @override
    def write_steps(self, steps: Sequence[StepRecord]) -> None: ...

    @override
    def end_episode(self, rollup: EpisodeRollup) -> None: ...

    @override
    def end_run(self, run_id: str, state: RunState, ended_at: datetime) -> None: ...

    @override
    def flush(self) -> None: ...

    @override
    def close(self) -> None: ...


class NullRecorder(BaseRecorder):
    """Records nothing. With the option ``count_calls`` it counts what it was called for.

    Attributes:
        backend_class: What takes records, and keeps none.

    Args:
        config: As for every recorder; only ``count_calls`` (or ``debug``) means something here.
    """

    backend_class: ClassVar = NullBackend
    _keeps: ClassVar = False

    def __init__(self, config: RecorderConfig | Mapping[str, Any]) -> None:
        super().__init__(config)
        self._calls_of: Counter[str] | None = None
        if self.config.option("count_calls", False) or self.config.option("debug", False):
            from collections import Counter  # noqa: PLC0415 - for debugging only

            self._calls_of = Counter()
            # Counting is another class's: whoever does not count pays not even for asking.
            self.__class__ = _CountingNullRecorder

    @override
    def record_step(
        self, step_data: dict[str, Any], step_number: int, episode_id: int | None = None, **metadata: Any
    ) -> None:
        """Do nothing."""

    @override
    def record_episode(self, episode_data: dict[str, Any], episode_id: int, **metadata: Any) -> None:
        """Do nothing."""

    @override
    def export_data(
        self,
        output_path: str,
        format: str = "parquet",
        compression: str | None = None,
        filter_episodes: list[int] | None = None,
        **export_options: Any,
    ) -> bool:
        """There is nothing to export: False."""
        return False

    @override
    def is_recording(self) -> bool:
        """Nothing is kept: False."""
        return False

    def get_call_count(self) -> dict[str, int]:
        """How often each method was called; empty unless ``count_calls`` was chosen."""
        return dict(self._calls_of or {})


class _CountingNullRecorder(NullRecorder):
    """The same, counting."""

    @override
    def record_step(
        self, step_data: dict[str, Any], step_number: int, episode_id: int | None = None, **metadata: Any
    ) -> None:
        self._count("record_step")

    @override
    def record_episode(self, episode_data: dict[str, Any], episode_id: int, **metadata: Any) -> None:
        self._count("record_episode")

    @override
    def export_data(
        self,
        output_path: str,
        format: str = "parquet",
        compression: str | None = None,
        filter_episodes: list[int] | None = None,
        **export_options: Any,
    ) -> bool:
        self._count("export_data")
        return False

    def _count(self, method: str) -> None:
        if self._calls_of is not None:
            self._calls_of[method] += 1

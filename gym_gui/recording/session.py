"""RecorderManager: a recorder for the length of a ``with`` block, and whether it keeps to its target."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gym_gui.core.errors import GymGuiError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gym_gui.recording.contract import RecorderProtocol

_LOGGER = logging.getLogger(__name__)


class RecorderManager:
    """Looks after one recorder.

    Args:
        recorder: Anything that keeps to `RecorderProtocol`.
        performance_target_ms: What a call of `record_step` may cost on average.
    """

    def __init__(self, recorder: RecorderProtocol, performance_target_ms: float = 1.0) -> None:
        self.recorder = recorder
        self.performance_target_ms = performance_target_ms
        self._sessions = 0
        self._recording_s = 0.0

    @contextmanager
    def managed_recording_session(self, episode_id: int | None = None) -> Iterator[RecorderProtocol]:
        """Steps recorded inside belong to *episode_id*; at the end everything is on disk, whatever happened inside.

        The recorder stays open: sessions may follow each other.

        Raises:
            RecordingError: not everything could be written.
        """
        begin = getattr(self.recorder, "begin_episode", None)
        if episode_id is not None and begin is not None:
            begin(episode_id)
        self._sessions += 1
        started_s = time.monotonic()
        try:
            yield self.recorder
        except BaseException:
            # What was raised inside is what the caller must see.
            try:
                self.recorder.flush()
            except GymGuiError as error:
                _LOGGER.error("The recording is not complete: %s", error)  # noqa: TRY400 - the world's fault
            raise
        else:
            self.recorder.flush()
        finally:
            self._recording_s += time.monotonic() - started_s

    def get_performance_metrics(self) -> dict[str, Any]:
        """The recorder's metrics, judged by this manager's target; with ``sessions`` and ``recording_s``."""
        metrics = self.recorder.get_performance_metrics()
        analysis = dict(metrics.get("performance_analysis", {}))
        analysis["target_ms"] = self.performance_target_ms
        analysis["meets_target"] = analysis.get("avg_write_time_ms", 0.0) <= self.performance_target_ms
        return metrics | {
            "performance_analysis": analysis,
            "sessions": self._sessions,
            "recording_s": self._recording_s,
        }

    def close(self) -> None:
        """Close the recorder."""
        self.recorder.close()

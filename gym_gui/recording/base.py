"""BaseRecorder: a bounded buffer, one writer thread, and the hooks that a backend of anyone's fills in.

`record_step` and its like run on the caller's thread, every hook on the writer's, which owns the backend.
"""

from __future__ import annotations

import logging
from time import perf_counter
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from gym_gui.core.errors import EnvironmentFault, SchemaMismatchError
from gym_gui.core.sound import SOUND
from gym_gui.recording.config_forms import config_of
from gym_gui.recording.step_data import own_step
from gym_gui.recording.step_place import INT64_MAX, own_episode_id, own_place
from gym_gui.recording.writing import EpisodeItem, Hooks, RecordWriter, StepItem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from gym_gui.recording.config import RecorderConfig

_LOGGER = logging.getLogger(__name__)
# A named tuple's own constructor is a Python function; this is what it calls.
_new_step: Final = tuple.__new__


class BaseRecorder:
    """Records steps; a subclass says where to.

    A subclass fills in `_write_step_data` and `_write_episode_data` (dictionaries in, bytes written out), and
    `_export_data_backend` where it can export. Of an episode's steps none is given twice, all are in order.

    Args:
        config: A `RecorderConfig`, or any form that `recording.config_forms` reads.

    Raises:
        ConfigError: the configuration names something that does not exist.
    """

    _keeps: ClassVar = True

    def __init__(self, config: RecorderConfig | Mapping[str, Any]) -> None:
        self.config = config_of(config)
        self._writer = RecordWriter(
            self.config, Hooks(self._write_steps, self._write_episodes, self._flush_backend, self._close_backend)
        )
        self._left_out = _left_out(self.config)
        self._chooses = bool(self._left_out) or self.config.step_interval > 1 or not self.config.full
        self._current: int | str = 0
        self._last_number = -1
        self._refused = 0
        self._skipped = 0
        self._calls = 0
        self._caller_s = 0.0
        self._slowest_s = 0.0

    # What programs call.

    def start(self) -> None:
        """Start the writer's thread now, so that the first step does not wait for it; the factory does.

        Raises:
            RecordingError: the recorder is closed.
        """
        if self._keeps:
            self._writer.start()

    def record_step(  # noqa: C901 - spelt out: a core that slept pays for every function it is sent to
        self, step_data: dict[str, Any], step_number: int, episode_id: int | None = None, **metadata: Any
    ) -> None:
        """Record one step; see `RecorderProtocol.record_step`."""
        started_s = perf_counter()
        try:
            if (
                type(step_number) is not int
                or not 0 <= step_number <= INT64_MAX
                or not (episode_id is None or (type(episode_id) is int and -INT64_MAX <= episode_id <= INT64_MAX))
            ):
                step_number, episode_id = own_place(step_number, episode_id)
            if self._chooses:
                chosen = self._chosen(step_data, step_number)
                if chosen is None:
                    self._skipped += 1
                    return
                step_data = chosen
            data, size_bytes = own_step(step_data, step_number)
            if metadata:
                metadata, more_bytes = own_step(metadata, step_number)
                size_bytes += more_bytes
        except SchemaMismatchError:
            self._refused += 1
            raise
        if episode_id is None:
            if step_number < self._last_number:
                self._begin_next_episode()
            self._last_number = step_number
        item = _new_step(
            StepItem, (data, step_number, self._current if episode_id is None else episode_id, metadata, started_s)
        )
        # `RecordWriter.put`, spelt out.
        writer = self._writer
        if writer.thread is None:
            writer.start()
        writer.buffer.put(item, size_bytes, started_s)
        if writer.pending is not None:
            writer.raise_pending()
        self._calls += 1
        taken_s = perf_counter() - started_s
        self._caller_s += taken_s
        if taken_s > self._slowest_s:  # noqa: PLR1730 - on the hot path a call more would cost more than the line
            self._slowest_s = taken_s

    def record_episode(self, episode_data: dict[str, Any], episode_id: int, **metadata: Any) -> None:
        """Record the summary of an episode, which ends it.

        Raises:
            SchemaMismatchError: a value cannot be kept exactly; the message names it.
            RecordingError: the backend could not write, now or since the last call.
        """
        data, size_bytes = own_step(episode_data, -1)
        if metadata:
            metadata, more_bytes = own_step(metadata, -1)
            size_bytes += more_bytes
        since_s = perf_counter()
        self._writer.put(EpisodeItem(data, own_episode_id(episode_id), metadata, since_s), size_bytes, since_s)

    def export_data(
        self,
        output_path: str,
        format: str = "parquet",  # noqa: A002 - the seed's own signature
        compression: str | None = None,
        filter_episodes: list[int] | None = None,
        **export_options: Any,
    ) -> bool:
        """Write what was recorded in another format.

        Returns:
            False, with the reason in the log, where it cannot be done.
        """
        try:
            self.flush()
            return self._export_data_backend(output_path, format, compression, filter_episodes, **export_options)
        except (EnvironmentFault, OSError) as error:
            _LOGGER.error("The export to %s failed: %s", output_path, error)  # noqa: TRY400 - the world's fault
            return False

    def flush(self) -> None:
        """Return when everything recorded before is on disk, for every process to see.

        Raises:
            RecordingError: the disk refuses; what waits is kept and tried again.
        """
        self._writer.flush()

    def close(self) -> None:
        """Write everything, close the backend and end the thread; safe to call twice.

        Raises:
            RecordingError: not everything could be written.
        """
        self._writer.close()

    def is_recording(self) -> bool:
        """Whether it keeps what it is given: until it is closed."""
        return not self._writer.closed

    def validate_data(self, step_data: dict[str, Any]) -> bool:
        """Whether `record_step` would take *step_data*; nothing is recorded."""
        try:
            own_step(step_data, 0)
        except SchemaMismatchError as error:
            _LOGGER.debug("not valid: %s", error)
            return False
        return True

    def begin_episode(self, episode_id: int | str) -> None:
        """Steps without an episode of their own belong to this one from now on."""
        self._current = own_episode_id(episode_id)
        self._last_number = -1

    def get_performance_metrics(self) -> dict[str, Any]:
        """What recording costs the caller, how full the buffer is, and what was kept and lost.

        Keys: ``average_write_time`` (seconds a step cost the caller), ``buffer_utilization_current`` (0 to 1),
        ``memory_analysis`` (``usage_mb``, ``peak_mb``), ``performance_analysis`` (``avg_write_time_ms``,
        ``max_write_time_ms``, ``meets_target``, ``target_ms``), and counts: ``steps_recorded``, ``steps_written``,
        ``episodes_written``, ``bytes_written``, ``steps_dropped``, ``steps_refused``, ``steps_skipped``,
        ``backpressure_warnings``, ``backpressure_blocks``, ``blocked_s``.
        """
        writer, buffer = self._writer, self._writer.buffer
        average_s = self._caller_s / max(1, self._calls)
        return {
            "average_write_time": average_s,
            "buffer_utilization_current": buffer.utilization,
            "memory_analysis": {"usage_mb": buffer.held_bytes / 2**20, "peak_mb": buffer.peak_bytes / 2**20},
            "performance_analysis": {
                "avg_write_time_ms": average_s * 1e3,
                "max_write_time_ms": self._slowest_s * 1e3,
                "target_ms": self.config.performance_target_ms,
                "meets_target": average_s * 1e3 <= self.config.performance_target_ms,
            },
            "steps_recorded": self._calls,
            "steps_written": writer.steps,
            "episodes_written": writer.episodes,
            "bytes_written": writer.bytes,
            "steps_dropped": writer.lost_steps,
            "steps_refused": self._refused,
            "steps_skipped": self._skipped,
            "backpressure_warnings": buffer.warnings,
            "backpressure_blocks": buffer.blocks,
            "blocked_s": buffer.blocked_s,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # What a backend fills in; the writer's thread calls it.

    def _write_step_data(self, data: list[dict[str, Any]]) -> int:
        """Write steps: each the caller's dictionary with ``step_number``, ``episode_id`` and what else it gave.

        Returns:
            Bytes written.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how steps are written.")

    def _write_episode_data(self, data: list[dict[str, Any]]) -> int:
        """Write summaries of episodes: each the caller's dictionary with ``episode_id``.

        Returns:
            Bytes written.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how episodes are written.")

    def _export_data_backend(
        self,
        output_path: str,
        format: str,  # noqa: A002 - the seed's own signature
        compression: str | None = None,
        filter_episodes: list[int] | None = None,
        **export_options: Any,
    ) -> bool:
        """Write what was recorded to *output_path*; False where this backend cannot."""
        del output_path, compression, filter_episodes, export_options
        _LOGGER.error("The recorder %s cannot export %s.", self.config.backend, format)
        return False

    def _write_steps(self, steps: Sequence[StepItem]) -> int:
        """Write steps, all or none; bytes written."""
        return self._write_step_data(
            [{**step.metadata, **step.data, "step_number": step.number, "episode_id": step.episode} for step in steps]
        )

    def _write_episodes(self, episodes: Sequence[EpisodeItem]) -> int:
        """Write summaries, all or none; bytes written."""
        return self._write_episode_data([{**one.metadata, **one.data, "episode_id": one.episode} for one in episodes])

    def _flush_backend(self) -> None:
        """Make what was written visible to other processes."""

    def _close_backend(self) -> None:
        """Let go of files."""

    # Inside; the caller's thread.

    def _begin_next_episode(self) -> None:
        # Steps that begin again without a word are the next episode's.
        if isinstance(self._current, int):
            self._current += 1

    def _chosen(self, step_data: Any, step_number: int) -> dict[str, Any] | None:
        if not isinstance(step_data, dict):
            own_step(step_data, step_number)  # which refuses it
        ends = any(step_data.get(name) for name in ("terminated", "truncated", "done"))
        if not self.config.full or (step_number % self.config.step_interval and not ends):
            return None
        return {name: value for name, value in step_data.items() if name not in self._left_out}


def _left_out(config: RecorderConfig) -> frozenset[str]:
    kept = {
        "observation": config.include_observations,
        "action": config.include_actions,
        "reward": config.include_rewards,
        "frame": config.include_frames,
        SOUND: config.include_sound,
    }
    return frozenset(name for name, keeps in kept.items() if not keeps)

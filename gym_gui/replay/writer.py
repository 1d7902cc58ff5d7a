"""ReplayWriter: rows and arrays of one run into its replay file.

The pipeline's sink appends records and flushes by its own clock; a caller without a pipeline uses `record_step`, and a
flusher thread keeps the promise that nothing older than a quarter of a second is in memory only.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from gym_gui.core.closing import Closing
from gym_gui.core.data_model import FrameState, StepRecord
from gym_gui.core.errors import ReplayFileError, SchemaMismatchError
from gym_gui.core.packing import to_array
from gym_gui.core.refs import check_run_id, make_frame_ref
from gym_gui.replay import layout
from gym_gui.replay.array_stream import ArrayStream
from gym_gui.replay.batch_landing import BatchLanding, LandedBatch
from gym_gui.replay.chunk_codec import ChunkCodec, Effort
from gym_gui.replay.flusher import Flusher
from gym_gui.replay.pace import Pace
from gym_gui.replay.replay_file import ReplayFile, check_space, writing
from gym_gui.replay.row_tails import RowTails
from gym_gui.replay.run_lock import RunLock

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import NDArray

    from gym_gui.core.data_model import StepBatch

FLUSH_INTERVAL_S: Final = 0.18
# A database row of this size is still quick to read.
_IN_ROW_BYTES: Final = 64 * 1024


class ReplayWriter(Closing):
    """Writes one run's frames, observations, actions and rewards.

    Args:
        run_id: Names the file; an existing file of that run is resumed.
        replay_dir: Its folder; created.
        frame_shape: Shape of the first frames, ``uint8``; None takes it from the first frame.
        obs_shape: Shape of the first observations, ``uint8``; None takes it from the first observation.
        flush_interval_s: How old an unwritten step may become; None leaves flushing to the caller.
        effort: How hard to work for fewer bytes.

    Raises:
        InvalidRunIdError: *run_id* cannot name a file.
    """

    def __init__(
        self,
        run_id: str,
        replay_dir: str | PathLike[str],
        *,
        frame_shape: tuple[int, ...] | None = None,
        obs_shape: tuple[int, ...] | None = None,
        flush_interval_s: float | None = FLUSH_INTERVAL_S,
        effort: Effort | None = None,
    ) -> None:
        self._run_id = check_run_id(run_id)
        self._dir = Path(replay_dir)
        self._declared = {layout.FRAMES: frame_shape, layout.OBSERVATIONS: obs_shape}
        self._interval_s = flush_interval_s
        self._effort = effort
        self._lock = threading.RLock()
        self._run_lock: RunLock | None = None
        self._file: ReplayFile | None = None
        self._flusher: Flusher | None = None
        self._step_count = 0
        self._rows_on_disk = 0
        self._last_flush_s = 0.0
        self._pace = Pace()
        self._path = layout.replay_path(self._dir, self._run_id)

    @property
    def run_id(self) -> str:
        """The run that this writer writes."""
        return self._run_id

    @property
    def path(self) -> Path:
        """The replay file."""
        return self._path

    @property
    def step_count(self) -> int:
        """Rows recorded, those of an earlier session of the same run included."""
        return self._step_count

    @property
    def rows_on_disk(self) -> int:
        """Rows, from the first, whose arrays were flushed: what a database may name."""
        return self._rows_on_disk

    @property
    def stored_bytes(self) -> int:
        """Bytes of arrays handed to the file by this writer."""
        return self._frames.stored_bytes + self._observations.stored_bytes if self._file else 0

    @property
    def file_bytes(self) -> int:
        """Bytes of the whole file on disk now, its structure included; 0 where it cannot be looked at."""
        try:
            return self._path.stat().st_size
        except OSError:  # somebody took it away; what else is written says so
            return 0

    def start(self) -> None:
        """Open the file, or resume it; a second call does nothing.

        Raises:
            ReplayFileError: the folder cannot be written, the file is foreign, or another process writes the run.
        """
        with self._lock:
            if self._file is not None:
                return
            try:
                self._dir.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise ReplayFileError(
                    f"The replay folder cannot be made: {error.strerror or error}.", hint=f"Folder: {self._dir}"
                ) from error
            self._run_lock = RunLock(self._dir, self._run_id)
            try:
                self._open()
            except BaseException:
                self._run_lock.release()
                raise
            if self._interval_s is not None:
                self._flusher = Flusher(f"replay-flusher-{self._run_id}", self._interval_s, self.flush)

    def record_step(
        self,
        frame: NDArray[Any] | None,
        observation: Any,
        action: Any,
        reward: float,
        done: bool,
    ) -> str | None:
        """Record one row; the arrays are copied, so the caller may reuse them at once.

        Args:
            frame: The picture, ``uint8 (H, W, 3)`` as a rule; None for none.
            observation: Any array, scalar, or dict or tuple of these; None for none.
            action: A number, an array, a list of numbers, or a dict or tuple of these.
            reward: Stored as float64.
            done: Whether the episode ended with this step.

        Returns:
            ``h5://run/frames/N``, or the observation's ref where there is no frame, or None.

        Raises:
            RuntimeError: the writer was not started.
            SchemaMismatchError: the action, the observation or the frame has no form that the file can hold.
            ReplayFileError: the disk refused, now or in the background since the last call.
        """
        with self._lock:
            self._require_started()
            if self._flusher is not None:
                self._flusher.raise_fault()
            picture = None if frame is None else to_array(np.asarray(frame))
            if frame is not None and picture is None:
                raise SchemaMismatchError(f"The frame of row {self._step_count} holds no pixels.")
            packed = observation if observation is None else to_array(_listless(observation))
            if observation is not None and packed is None:
                raise SchemaMismatchError(
                    f"The observation of row {self._step_count} ({type(observation).__name__}) has no array form."
                )
            fitted = self._rows.require_fit(_listless(action))
            thorough = self._pace.has_time()
            frame_at = self._append_frame(picture, thorough=thorough)
            obs_at = None if packed is None else self._append_observation(packed, frame, frame_at, thorough=thorough)
            self._rows.append(fitted, float(reward), layout.ROW_TERMINATED * bool(done), frame_at, obs_at)
            self._step_count += 1
            self._write_if_due(thorough=thorough)
            at = frame_at or obs_at
            return None if at is None else self._ref(*at)

    def append(self, step: StepRecord, *, thorough: bool = True) -> StepRecord:
        """Take the arrays of an attached record.

        Args:
            step: The record.
            thorough: Compress for size; False when the caller is behind.

        Returns:
            The detached record: refs where its arrays were. An observation without an array form stays attached, and so
            does a small one whose shape or dtype is new where the run has as many of these as it can.

        Raises:
            RuntimeError: the writer was not started.
            SchemaMismatchError: its frame, its observation or its reward cannot be stored; the row was not appended.
            ReplayFileError: the file cannot take it; the row was not appended.
        """
        with self._lock:
            self._require_started()
            frame = step.frame
            if frame is not None and to_array(frame) is None:
                raise SchemaMismatchError(f"The frame of step {step.step_index} ({frame.dtype}) holds no pixels.")
            reward = None if step.reward is None else _number(step)
            frame_at = self._append_frame(frame, thorough=thorough)
            packed = None if step.observation is None else to_array(step.observation)
            if packed is not None and packed.nbytes <= _IN_ROW_BYTES and not self._observations.can_hold(packed):
                packed = None  # graphs and sequences of ever new lengths: the row itself keeps this one
            obs_at = None if packed is None else self._append_observation(packed, frame, frame_at, thorough=thorough)
            action = None if step.action is None else self._rows.fit(step.action)
            flags = _step_flags(step) | layout.ROW_ACTION_ELSEWHERE * (action is None and step.action is not None)
            self._rows.append(action, reward, flags, frame_at, obs_at)
            self._step_count += 1
            return replace(
                step,
                observation=None if packed is not None else step.observation,
                render_payload=None,
                frame_ref=None if frame_at is None else self._ref(*frame_at),
                obs_ref=None if obs_at is None else self._ref(*obs_at),
                frame_state=FrameState.KEPT if frame_at is not None else step.frame_state,
            )

    def append_batch(self, batch: StepBatch) -> LandedBatch:
        """Take a batch of rows with its arrays, whose chunks land as they are.

        Raises:
            RuntimeError: the writer was not started.
            SchemaMismatchError: an array's bytes are not what their block says; no row was appended.
            ReplayFileError: the file cannot take it; no row was appended.
        """
        with self._lock:
            self._require_started()
            frames, observations = self._landing.land(batch)
            if len(batch):
                self._rows.extend(batch, frames, observations)
                self._step_count += len(batch)
            return LandedBatch(batch, frames, observations)

    def mark_episode_end(self) -> None:
        """The rows since the last mark are one episode; without any, nothing happens."""
        with self._lock:
            self._require_started()
            self._rows.mark_episode_end(self._step_count)

    def write_full_chunks(self, *, thorough: bool = True) -> None:
        """Write what makes whole chunks, and the rows; the chunk in the making stays in memory.

        Raises:
            ReplayFileError: the disk refused; everything is kept and tried again with the next call.
        """
        self._write(partial=False, thorough=thorough)

    def flush(self, *, thorough: bool = True) -> None:
        """Write everything: after it returns, a reader in another process sees every row.

        Raises:
            RuntimeError: the writer was not started.
            ReplayFileError: the disk refused; everything is kept and tried again with the next call.
        """
        self._write(partial=True, thorough=thorough)

    def close(self) -> None:
        """Flush, write the final attributes, and let go of the run; safe to call twice.

        Raises:
            ReplayFileError: the disk refused; what was flushed before can be read.
        """
        if self._flusher is not None:
            self._flusher.stop()
            self._flusher = None
        with self._lock:
            if self._file is None:
                return
            file = self._file
            try:
                self._rows.mark_episode_end(self._step_count)
                self.flush()
                file.close(total_steps=self._step_count, total_episodes=self._rows.episodes)
            except ReplayFileError:
                file.abandon()
                raise
            finally:
                self._file = None
                self._codec.close()
                if self._run_lock is not None:
                    self._run_lock.release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def _open(self) -> None:
        codec = self._codec = ChunkCodec(self._effort)
        file = ReplayFile(self._run_id, self.path)
        self._frames = ArrayStream(layout.FRAMES, file, codec)
        self._observations = ArrayStream(layout.OBSERVATIONS, file, codec)
        for stream, name in ((self._frames, layout.FRAMES), (self._observations, layout.OBSERVATIONS)):
            shape = self._declared[name]
            if shape is not None and not stream.length:
                stream.declare(np.dtype(np.uint8), tuple(shape))
        self._rows = RowTails(file, codec)
        self._landing = BatchLanding(self._frames, self._observations)
        self._step_count = self._rows_on_disk = self._rows.length
        self._file = file

    def _require_started(self) -> None:
        if self._file is None:
            raise RuntimeError(f"The replay writer of run {self._run_id} was not started. Call start() first.")

    def _append_frame(self, frame: NDArray[Any] | None, *, thorough: bool) -> tuple[str, int, int] | None:
        if frame is None or not frame.size:
            return None
        return (layout.FRAMES, *self._frames.append(frame, thorough=thorough))

    def _append_observation(
        self,
        observation: NDArray[Any],
        frame: NDArray[Any] | None,
        frame_at: tuple[str, int, int] | None,
        *,
        thorough: bool,
    ) -> tuple[str, int, int]:
        # What the agent sees often is the picture: then one copy serves both.
        if frame_at is not None and frame is not None and _same_array(observation, frame):
            return frame_at
        return (layout.OBSERVATIONS, *self._observations.append(observation, thorough=thorough))

    def _ref(self, name: str, variant: int, index: int) -> str:
        return make_frame_ref(self._run_id, layout.variant_name(name, variant), index)  # both parts were checked

    def _is_written(self, name: str, variant: int, index: int) -> bool:
        stream = self._frames if name == layout.FRAMES else self._observations
        return stream.is_written(variant, index)

    def _write_if_due(self, *, thorough: bool) -> None:
        if self._interval_s is not None and time.monotonic() - self._last_flush_s >= self._interval_s:
            self.flush(thorough=thorough)
        elif self._frames.has_whole_chunk or self._observations.has_whole_chunk:
            with writing(self._path):
                self._frames.write(partial=False, thorough=thorough)
                self._observations.write(partial=False, thorough=thorough)

    def _write(self, *, partial: bool, thorough: bool) -> None:
        with self._lock:
            self._require_started()
            assert self._file is not None  # noqa: S101 - for the type checker; the line above raised otherwise
            self._last_flush_s = time.monotonic()
            check_space(self._dir)
            with writing(self.path):
                # Arrays first: a row in the file never points beyond them.
                self._frames.write(partial=partial, thorough=thorough)
                self._observations.write(partial=partial, thorough=thorough)
                self._rows.write()
                self._file.flush()
            self._rows_on_disk = self._step_count - self._rows.count_after_last_written(self._is_written)


def _same_array(observation: NDArray[Any], frame: NDArray[Any]) -> bool:
    if observation is frame:
        return True
    return observation.shape == frame.shape and observation.dtype == frame.dtype and np.array_equal(observation, frame)


def _listless(value: Any) -> Any:
    return np.asarray(value) if isinstance(value, list) else value


def _number(step: StepRecord) -> float:
    try:
        return float(step.reward)  # type: ignore[arg-type]  # what it is not, in an environment that errs, raises
    except (TypeError, ValueError) as error:
        raise SchemaMismatchError(
            f"The reward of step {step.step_index} ({step.reward!r:.40}) is no number."
        ) from error


def _step_flags(step: StepRecord) -> int:
    return (
        layout.ROW_TERMINATED * step.terminated
        | layout.ROW_TRUNCATED * step.truncated
        | layout.ROW_RESET * (step.step_index == 0)
    )

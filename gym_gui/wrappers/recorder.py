"""Recorder: what a wrapper tells of its environments becomes rows, episodes and pictures on their way to a destination.

Everything here runs on the training thread and raises nothing into it, but for what opening is told of.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.clock import utc_now
from gym_gui.core.data_model import EpisodeRollup, EpisodeStatus, FrameState
from gym_gui.core.data_model.batch import (
    FRAME_STATE_SHIFT,
    NO_REWARD,
    OBSERVATION_IS_FRAME,
    TERMINATED,
    TRUNCATED,
)
from gym_gui.core.data_model.episode import ACTED_BY
from gym_gui.core.rewards import REWARD_PARTS, parts_of_reward
from gym_gui.wrappers.array_pen import NO_ROOM
from gym_gui.wrappers.owned_values import frozen_info, owned_value
from gym_gui.wrappers.process_destination import ProcessDestination
from gym_gui.wrappers.said_once import SaidOnce
from gym_gui.wrappers.script_orders import ScriptOrders
from gym_gui.wrappers.sending import open_sending
from gym_gui.wrappers.step_batcher import StepBatcher

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from gym_gui.core.data_model import RunState
    from gym_gui.core.frame_choice import FrameChoice
    from gym_gui.services.batch_destination import BatchDestination, Order
    from gym_gui.services.live_frames import LiveFrameWriter
    from gym_gui.wrappers.observation_keeping import ObservationKeeping
    from gym_gui.wrappers.sender import StreamFacts
    from gym_gui.wrappers.step_batcher import Scalar
    from gym_gui.wrappers.track import Track

_LOGGER = logging.getLogger(__name__)
_KEPT: Final = FrameState.KEPT << FRAME_STATE_SHIFT
_SHOWN: Final = _KEPT | OBSERVATION_IS_FRAME
_SHED: Final = FrameState.SHED << FRAME_STATE_SHIFT
_NAN: Final = float("nan")
# Rows that may wait for the sender (60 bytes each) before the training waits, a little, for it.
_MAX_ROWS: Final = 1_000_000
_CROWDED_S: Final = 0.05


class Recorder:
    """Records one worker's episodes.

    Args:
        destination: Where everything goes; closed with the recorder.
        frames: Which episodes are drawn.
        observations: How observations are kept.
        discrete: Whether actions are integers.
        facts: Of the stream.
        live: Shows the newest picture on this machine; None for nobody, or where another process does.
        on_order: Answers a trainer's orders that the recorder does not know: outcome and detail, or None.

    Attributes:
        discrete: Whether actions are integers.
        is_closed: Whether it takes nothing any more; looked at in every step.
    """

    def __init__(
        self,
        destination: BatchDestination | ProcessDestination,
        *,
        frames: FrameChoice,
        observations: ObservationKeeping,
        discrete: bool,
        facts: StreamFacts,
        live: LiveFrameWriter | None,
        on_order: Callable[[Order], tuple[str, str] | None] | None = None,
    ) -> None:
        self.destination = destination
        self._apart = destination if isinstance(destination, ProcessDestination) else None
        self.said = SaidOnce(_LOGGER)
        self.orders = ScriptOrders(destination, on_order)
        self._choice = frames
        self._keeping = observations
        # Of nearly every training: observations are arrays, and kept whatever is drawn.
        self._keeps_each = observations.keeps and observations.as_arrays and not observations.as_pictures
        self.discrete = discrete
        self._batcher = StepBatcher(discrete=discrete)
        sending = open_sending(self._batcher, destination, facts, live=live, on_order=self.orders.obey)
        self._frame_pen, self._observation_pen = sending.frames, sending.observations
        self._newest, self._sender = sending.newest, sending.thread
        self._way = sending.thread.way
        self._episodes = 0
        self._tracks: list[Track] = []
        self._closing = threading.Lock()
        self._closed = False
        self.is_closed = False
        if self._apart is not None:
            self._apart.on_refused = self._take_nothing
            self.is_closed = self._apart.refused != ""
        self._sender.start()

    @property
    def is_refused(self) -> bool:
        """Whether the world refuses the recording."""
        return self._apart is not None and self._apart.refused != ""

    @property
    def is_lost(self) -> bool:
        """Whether it takes nothing any more because the process that records was ended."""
        return self._apart is not None and self._apart.is_lost

    @property
    def draws_at_all(self) -> bool:
        """Whether any episode's pictures are wanted."""
        return self._choice.every > 0

    def _take_nothing(self) -> None:
        self.is_closed = True

    # Episodes.

    def begin(
        self, track: Track, *, seed: int | None, options: Mapping[str, Any] | None, metadata: Mapping[str, Any]
    ) -> None:
        """An episode of *track* begins; one that is open is abandoned."""
        if track.is_open:
            self.end(track)
        if track.rollup is None:
            self._tracks.append(track)
        elif seed is None:
            # Whoever wants to play it again has to go on from there.
            metadata = {**metadata, "continues": track.episode_id}
        track.number = self._episodes
        self._episodes += 1
        track.episode_id = f"{track.name}ep-{track.count:06d}"
        track.draws = self._choice.draws(track.count)
        track.count += 1
        track.step_index, track.total, track.frames, track.dropped, track.flags = -1, 0.0, 0, 0, 0
        track.actors = []
        track.rollup = EpisodeRollup(
            run_id="",  # the sender knows
            episode_id=track.episode_id,
            episode_index=track.number,
            seed=seed,
            started_at=utc_now(),
            options=None if options is None else owned_value(options),
            metadata={**track.metadata, **metadata},
        )
        track.is_open = True
        self._batcher.begin(track.rollup)

    def begin_midway(self, track: Track, broken: Recorder, before: Track) -> None:
        """What is left of the episode that *broken* recorded as *before*, until its process was ended, is *track*'s."""
        about = {"run_id": broken.destination.run_id, "episode": before.episode_id, "step_index": before.step_index}
        self.begin(track, seed=None, options=None, metadata={"broke_off": about})

    def end(self, track: Track, status: EpisodeStatus | None = None, fault: str | None = None) -> None:
        """*track*'s episode ended: as its last row says, where no status is given."""
        rollup = track.rollup
        if rollup is None or not track.is_open:
            return
        track.is_open = False
        terminated, truncated = bool(track.flags & TERMINATED), bool(track.flags & TRUNCATED)
        if status is None:
            status = EpisodeStatus.COMPLETED if terminated or truncated else EpisodeStatus.ABANDONED
        self._batcher.end(
            EpisodeRollup(
                run_id=rollup.run_id,
                episode_id=rollup.episode_id,
                episode_index=rollup.episode_index,
                seed=rollup.seed,
                started_at=rollup.started_at,
                ended_at=utc_now(),
                steps=max(0, track.step_index),
                total_reward=track.total,
                terminated=terminated,
                truncated=truncated,
                status=status,
                frames=track.frames,
                dropped_frames=track.dropped,
                options=rollup.options,
                metadata={**rollup.metadata, ACTED_BY: track.actors} if track.actors else rollup.metadata,
                fault=fault,
            )
        )

    # Rows.

    def owned_action(self, action: Any) -> Any:
        """*action* as it is recorded, before an environment may write to it."""
        if type(action) is int:
            return action
        if self.discrete:
            try:
                return int(action.item() if isinstance(action, np.ndarray) else action.__index__())
            except (TypeError, ValueError, AttributeError):
                pass
        return owned_value(action)

    def row(  # noqa: C901, PLR0917 - keywords, and calls of parts of it, cost the training thread more
        self,
        track: Track,
        observation: Any,
        picture: NDArray[np.uint8] | None,
        info: Any,
        extra: dict[str, Any] | None = None,
        action: Any = None,
        reward: Any = None,
        flags: int = NO_REWARD,
    ) -> None:
        """Add the next row of *track*'s episode.

        Args:
            track: Whose.
            observation: What the agent sees; copied.
            picture: ``uint8 (H, W, 3)``, copied, or None; the very object of *observation* where it is that.
            info: The environment's.
            extra: What is rare about the step, owned.
            action: As `owned_action` gave it.
            reward: A number, or several objectives, whose sum is recorded beside them; None after reset.
            flags: ``TERMINATED``, ``TRUNCATED``, or ``NO_REWARD`` after reset.
        """
        batcher = self._batcher
        track.step_index = step_index = track.step_index + 1
        if type(reward) is float:
            value = reward
            track.total += value
        else:
            value, extra = self._counted(track, reward, extra)
        track.flags = flags
        frame_number = observation_number = NO_ROOM
        if picture is not None:
            frame_number = self._write_picture(track, picture)
            flags |= _SHED if frame_number < 0 else _SHOWN if observation is picture else _KEPT
        if picture is None and self._keeps_each and type(observation) is np.ndarray:
            observation_number = self._observation_pen.write(observation)
        elif self._keeping.keeps and (picture is None or observation is not picture):
            observation_number = self._write_observation(track, observation)
            if observation_number < 0 and not self._keeping.as_arrays:
                extra = {**(extra or {}), "observation": owned_value(observation)}
        if info:
            batcher.add_info(frozen_info(info))
        if extra is not None:
            batcher.add_extra(extra)
        if self.discrete and type(action) is not int:
            action = self._set_aside(action)
        batcher.add(
            track.number, step_index, action, value, time.time_ns() // 1000, frame_number, observation_number, flags
        )
        if time.monotonic_ns() > self._way.due_ns:
            self._way.give()
        if not batcher.rows & 1023:
            self._look_at_crowd()

    def _set_aside(self, action: Any) -> int:
        """What stands in the column of integers for an action that is none, or for no action."""
        if action is not None:
            self._batcher.add_odd_action(action)
        return 0

    def _write_picture(self, track: Track, picture: NDArray[np.uint8]) -> int:
        number = self._frame_pen.write(picture)
        if number < 0:
            track.dropped += 1
        else:
            track.frames += 1
            self._newest.tell(self._frame_pen, number, track.episode_id, track.step_index, track.total)
        return number

    def _write_observation(self, track: Track, observation: Any) -> int:
        """The observation's number; below 0 where it goes elsewhere, or nowhere."""
        keeping = self._keeping
        if not keeping.as_arrays or observation is None or (keeping.as_pictures and not track.draws):
            return NO_ROOM
        return self._observation_pen.write(
            observation if isinstance(observation, np.ndarray) else np.asarray(observation)
        )

    def log(self, scalars: Sequence[Scalar]) -> None:
        """What a learner logged; any thread."""
        self._batcher.add_scalars(scalars)
        if time.monotonic_ns() > self._way.due_ns:
            self._way.give()

    # Trouble.

    def _look_at_crowd(self) -> None:
        if len(self._batcher) < _MAX_ROWS:
            return
        # Rows are never let go. A disk that refuses them makes a training slow, not wrong.
        self.said.fault("The training waits for its recording", "the destination is slower than the training")
        self._sender.wake()
        time.sleep(_CROWDED_S)

    def _counted(self, track: Track, reward: Any, extra: dict[str, Any] | None) -> tuple[float, dict[str, Any] | None]:
        """A reward that is no float as one, added to the return, and *extra* with its objectives where it has some."""
        if reward is None:
            return _NAN, extra
        parts = parts_of_reward(reward)
        if parts is not None:
            extra = {**(extra or {}), "extra": {REWARD_PARTS: parts}}
            reward = parts.sum()
        try:
            value = float(reward.item() if isinstance(reward, np.ndarray) else reward)
        except (TypeError, ValueError) as fault:
            self.said.fault("A reward is recorded as NaN", fault)
            value = _NAN
        track.total += value
        return value, extra

    # The end.

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until everything recorded so far is on disk; whether it is."""
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        if not self._sender.drain(timeout_s):
            return False
        left_s = None if deadline_s is None else max(0.0, deadline_s - time.monotonic())
        return self.destination.flush(left_s)

    def close(self, state: RunState, reason: str = "", *, timeout_s: float = 10.0) -> None:
        """End what is open, send everything, end the run; safe to call twice, raises nothing."""
        with self._closing:
            if self._closed:
                return
            self._closed = self.is_closed = True
        self.orders.release()
        try:
            for track in self._tracks:
                self.end(track)
            if not self._sender.stop(timeout_s):
                self.said.fault("Not everything was sent", f"it took more than {timeout_s:g} s")
            self.destination.close(state, reason, timeout_s=timeout_s)
        except Exception as fault:  # noqa: BLE001 - the edge of the training loop, which nothing here may end
            self.said.fault("The recording's end failed", fault)

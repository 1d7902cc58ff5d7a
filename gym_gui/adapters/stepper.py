"""Episodes as records: what an adapter answers becomes step records and a rollup. No thread, no telemetry."""

from __future__ import annotations

import platform
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import gym_gui
from gym_gui.core.clock import utc_now
from gym_gui.core.data_model import EpisodeRollup, EpisodeStatus, FrameState, RunRecord, StepRecord
from gym_gui.core.errors import InvariantError
from gym_gui.core.refs import new_run_id
from gym_gui.core.rewards import REWARD_PARTS
from gym_gui.core.sound import SOUND, SOUND_RATE

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from gym_gui.adapters.base import AdapterStep, EnvironmentAdapter


class EpisodeStepper:
    """Plays episodes of one run through one adapter, on the caller's thread.

    A fault of the environment leaves `reset` and `step` as it came; `finish` then gives the rollup of what was before.

    Args:
        adapter: The open environment; the caller closes it.
        run: The run that the records belong to.
        keep_sound: Whether records carry the sound of their steps, where there is any.
    """

    def __init__(self, adapter: EnvironmentAdapter, run: RunRecord, *, keep_sound: bool = True) -> None:
        self._adapter = adapter
        self._keep_sound = keep_sound
        self._run = run
        self._rollup: EpisodeRollup | None = None
        self._next_index = 0
        self._steps = 0
        self._return = 0.0
        self._frames = 0
        self._unusable_before = 0
        self._last: AdapterStep | None = None

    @property
    def rollup(self) -> EpisodeRollup:
        """The running totals of the current episode; the final ones after `finish`.

        Raises:
            InvariantError: no episode was started.
        """
        if self._rollup is None:
            raise InvariantError("No episode was started: reset comes first.")
        if self._rollup.status is not EpisodeStatus.RUNNING:
            return self._rollup
        last = self._last
        return replace(
            self._rollup,
            steps=self._steps,
            total_reward=self._return,
            terminated=last is not None and last.terminated,
            truncated=last is not None and last.truncated,
            frames=self._frames,
            metadata=self._frame_trouble(),
        )

    @property
    def sound(self) -> NDArray[np.uint8] | None:
        """What was heard during the last step, ``uint8 (samples,)``, whether or not it is kept."""
        return None if self._last is None else self._last.sound

    def reset(
        self, *, seed: int, options: Mapping[str, Any] | None = None, episode_index: int | None = None
    ) -> StepRecord:
        """Start an episode; its step 0.

        Args:
            seed: Given to the environment and stored.
            options: Given to the environment and stored.
            episode_index: Place in the run; None counts up.

        Raises:
            EnvironmentRaisedError: the environment raised; `finish` gives the rollup of an episode without steps.
        """
        index = self._next_index if episode_index is None else episode_index
        self._next_index = index + 1
        self._steps, self._return, self._frames, self._last = 0, 0.0, 0, None
        self._unusable_before = self._adapter.unusable_frames
        prefix = "" if self._run.worker_id is None else f"{self._run.worker_id}-"
        self._rollup = EpisodeRollup(
            run_id=self._run.run_id,
            episode_id=f"{prefix}ep-{index:06d}",
            episode_index=index,
            seed=seed,
            started_at=utc_now(),
            worker_id=self._run.worker_id,
            options=None if options is None else dict(options),
        )
        first = self._adapter.reset(seed=seed, options=options)
        record = self._record(first)
        self._rollup = replace(self._rollup, started_at=record.timestamp)
        return record

    def step(self, action: Any) -> StepRecord:
        """Take one action; its record.

        Raises:
            InvalidActionError: the action space does not hold *action*; nothing happened.
            EnvironmentRaisedError: the environment raised; `finish` gives the rollup of what was before.
            InvariantError: no episode is open, or it is done.
        """
        last = self._last
        if last is None or self._rollup is None or self._rollup.status is not EpisodeStatus.RUNNING:
            raise InvariantError("No episode is open: reset comes before step.")
        if last.terminated or last.truncated:
            raise InvariantError(f"Episode {self._rollup.episode_id} is done: reset comes before the next step.")
        result = self._adapter.step(action)
        self._steps += 1
        self._return += result.reward or 0.0
        return self._record(result)

    def finish(self, status: EpisodeStatus | None = None, fault: str | None = None) -> EpisodeRollup:
        """Close the episode; its final rollup. Asked again, the same one.

        Args:
            status: How it ended; None means ``COMPLETED`` where the environment ended it, else ``ABANDONED``.
            fault: One sentence, where the environment raised.

        Raises:
            InvariantError: no episode was started.
        """
        rollup = self.rollup
        if rollup.status is not EpisodeStatus.RUNNING:
            return rollup
        if status is None:
            is_done = rollup.terminated or rollup.truncated
            status = EpisodeStatus.COMPLETED if is_done else EpisodeStatus.ABANDONED
        self._rollup = replace(rollup, status=status, fault=fault, ended_at=utc_now())
        return self._rollup

    def _record(self, result: AdapterStep) -> StepRecord:
        self._last = result
        rollup, run, frame = self._rollup, self._run, result.frame
        if rollup is None:
            raise InvariantError("A step was recorded before its episode.")
        if frame is not None:
            self._frames += 1
        return StepRecord(
            run_id=run.run_id,
            episode_id=rollup.episode_id,
            step_index=self._steps,
            action=result.action,
            observation=result.observation,
            reward=result.reward,
            terminated=result.terminated,
            truncated=result.truncated,
            info=result.info,
            render_payload=frame,
            timestamp=utc_now(),
            worker_id=run.worker_id,
            space_signature=run.space_signature,
            frame_state=FrameState.NONE if frame is None else FrameState.KEPT,
            view=result.view,
            normalization_stats=result.normalization_stats,
            extra=self._extra(result),
        )

    def _extra(self, result: AdapterStep) -> dict[str, Any] | None:
        """What few steps have: their sound, and the objectives of their reward."""
        extra: dict[str, Any] = {}
        if self._keep_sound and result.sound is not None:
            extra[SOUND] = result.sound
        if result.reward_parts is not None:
            extra[REWARD_PARTS] = result.reward_parts
        return extra or None

    def _frame_trouble(self) -> dict[str, Any]:
        count = self._adapter.unusable_frames - self._unusable_before
        return {"unusable_frames": count, "frame_note": self._adapter.frame_note} if count else {}


def make_run_record(
    adapter: EnvironmentAdapter,
    *,
    player: str,
    worker_id: str | None = None,
    keep_sound: bool = True,
    metadata: Mapping[str, Any] | None = None,
) -> RunRecord:
    """The record of a new run in *adapter*'s environment, with a fresh id.

    Args:
        adapter: The open environment.
        player: ``human``, ``random``, or a policy's name.
        worker_id: Which worker records; None for this process.
        keep_sound: Whether its steps carry their sound, where there is any.
        metadata: Anything else worth keeping, JSON values.
    """
    about = adapter.description
    now = utc_now()
    return RunRecord(
        run_id=new_run_id(about.env_id, now),
        env_id=about.env_id,
        created_at=now,
        env_kwargs=about.env_kwargs,
        render_mode=about.render_mode,
        env_spec=about.env_spec,
        player=player,
        action_space=about.action_space,
        observation_space=about.observation_space,
        space_signature=about.space_signature,
        step_rate_hz=about.step_rate_hz,
        versions=about.versions,
        rom_sha256=about.rom_sha256,
        host=f"{platform.node()} ({platform.platform()})",
        app_version=gym_gui.__version__,
        worker_id=worker_id,
        metadata={
            "turn_based": about.turn_based,
            **({"action_meanings": list(about.action_meanings)} if about.action_meanings else {}),
            **({SOUND_RATE: about.sound_rate_hz} if keep_sound and about.sound_rate_hz else {}),
            **adapter.describe_space().run_metadata(),
            **(metadata or {}),
        },
    )

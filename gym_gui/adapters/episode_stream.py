"""The episodes of one sub-environment, one after the other: records, running totals, rollups. No environment in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gym_gui.core.clock import utc_now
from gym_gui.core.data_model import EpisodeRollup, EpisodeStatus, FrameState, StepRecord
from gym_gui.core.errors import InvariantError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from gym_gui.core.data_model import RunRecord


class EpisodeStream:
    """Turns what a sub-environment answered into records.

    Args:
        run: The run that the records belong to.
        name: What its episodes' ids begin with, unique within the run.
    """

    def __init__(self, run: RunRecord, name: str) -> None:
        self._run = run
        self._name = name if run.worker_id is None else f"{run.worker_id}-{name}"
        self._rollup: EpisodeRollup | None = None
        self._last: StepRecord | None = None
        self._steps = 0
        self._return = 0.0
        self._frames = 0
        self._episodes = 0

    @property
    def is_open(self) -> bool:
        """Whether an episode was begun and not finished."""
        return self._rollup is not None and self._rollup.status is EpisodeStatus.RUNNING

    @property
    def last(self) -> StepRecord:
        """The newest record.

        Raises:
            InvariantError: there is none.
        """
        if self._last is None:
            raise InvariantError("No episode was started: reset comes first.")
        return self._last

    @property
    def rollup(self) -> EpisodeRollup:
        """The running totals of the current episode; the final ones once it is finished.

        Raises:
            InvariantError: no episode was begun.
        """
        rollup = self._rollup
        if rollup is None:
            raise InvariantError("No episode was started: reset comes first.")
        if rollup.status is not EpisodeStatus.RUNNING:
            return rollup
        last = self._last
        return replace(
            rollup,
            steps=self._steps,
            total_reward=self._return,
            terminated=last is not None and last.terminated,
            truncated=last is not None and last.truncated,
            frames=self._frames,
        )

    def begin(
        self,
        *,
        episode_index: int,
        seed: int | None,
        options: Mapping[str, Any] | None,
        metadata: Mapping[str, Any],
        when: datetime,
    ) -> EpisodeRollup:
        """Open the next episode; its rollup. `add` brings its step 0."""
        before = self._rollup
        self._rollup = EpisodeRollup(
            run_id=self._run.run_id,
            episode_id=f"{self._name}-ep-{self._episodes:06d}",
            episode_index=episode_index,
            seed=seed,
            started_at=when,
            worker_id=self._run.worker_id,
            options=None if options is None else dict(options),
            # Whoever wants to play it again has to go on from there.
            metadata={**metadata, **({"continues": before.episode_id} if seed is None and before else {})},
        )
        self._episodes += 1
        self._steps, self._return, self._frames, self._last = -1, 0.0, 0, None
        return self._rollup

    def add(
        self,
        *,
        when: datetime,
        observation: Any,
        info: Mapping[str, Any],
        frame: NDArray[np.uint8] | None,
        vector_metadata: Mapping[str, Any] | None,
        normalization_stats: Mapping[str, Any] | None = None,
        action: Any = None,
        reward: float | None = None,
        terminated: bool = False,
        truncated: bool = False,
    ) -> StepRecord:
        """The next record of the open episode, arrays by reference: they must be owned."""
        rollup = self._rollup
        if rollup is None or rollup.status is not EpisodeStatus.RUNNING:
            raise InvariantError("A step was recorded outside an episode.")
        self._steps += 1
        self._return += reward or 0.0
        self._frames += frame is not None
        self._last = StepRecord(
            run_id=rollup.run_id,
            episode_id=rollup.episode_id,
            step_index=self._steps,
            action=action,
            observation=observation,
            reward=reward,
            terminated=terminated,
            truncated=truncated,
            info=info,
            render_payload=frame,
            timestamp=when,
            worker_id=rollup.worker_id,
            space_signature=self._run.space_signature,
            vector_metadata=vector_metadata,
            normalization_stats=normalization_stats,
            frame_state=FrameState.NONE if frame is None else FrameState.KEPT,
        )
        return self._last

    def finish(self, status: EpisodeStatus | None = None, fault: str | None = None) -> EpisodeRollup:
        """Close the episode; its final rollup. Asked again, the same one.

        Args:
            status: How it ended; None means ``COMPLETED`` where the environment ended it, else ``ABANDONED``.
            fault: One sentence, where the environment raised.
        """
        rollup = self.rollup
        if rollup.status is not EpisodeStatus.RUNNING:
            return rollup
        if status is None:
            is_done = rollup.terminated or rollup.truncated
            status = EpisodeStatus.COMPLETED if is_done else EpisodeStatus.ABANDONED
        steps = max(0, rollup.steps)
        self._rollup = replace(rollup, steps=steps, status=status, fault=fault, ended_at=utc_now())
        return self._rollup

"""Steps of payload version 0, one JSON document each, from clients that know nothing newer: upgraded once, here.

They announce no episodes: those are made from their steps.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from gym_gui.core.clock import utc_now
from gym_gui.core.data_model import EpisodeRollup, EpisodeStatus
from gym_gui.core.data_model.batch import NO_REWARD, StepBatch
from gym_gui.core.errors import GymGuiError, TrainerRefusedError
from gym_gui.services.trainer.wire.wire_columns import is_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gym_gui.core.data_model import StepRecord
    from gym_gui.services.telemetry import TelemetryService


class LegacyEpisodes:
    """Records the documents of one stream.

    Args:
        telemetry: The door that they go through.
        run_id: Whose they are, whatever they say.
        worker_id: Likewise.
    """

    def __init__(self, telemetry: TelemetryService, run_id: str, worker_id: str) -> None:
        self._telemetry = telemetry
        self._run_id = run_id
        self._worker_id = worker_id
        self._episodes: dict[str, EpisodeRollup] = {}
        self._begun = 0

    def record(self, seq: int, stream: str, texts: Sequence[str]) -> StepBatch:
        """Record steps, and say what was recorded: their rows without actions or arrays.

        Raises:
            TrainerRefusedError: a step cannot be read; those before it were kept.
        """
        steps: list[StepRecord] = []
        began: list[EpisodeRollup] = []
        ended: list[EpisodeRollup] = []
        for place, text in enumerate(texts):
            try:
                document = msgspec.json.decode(text, type=dict[str, Any])
                document |= {"run_id": self._run_id, "worker_id": self._worker_id}
                self._announce(document, began)
                step = self._telemetry.record_payload(document)
            except (GymGuiError, msgspec.MsgspecError, RecursionError) as error:
                raise TrainerRefusedError(
                    f"Step {place} of batch {seq} of worker {self._worker_id} cannot be read: {error}"
                ) from error
            steps.append(step)
            self._count(step, ended)
        return replace(
            _rows_of(steps),
            run_id=self._run_id,
            worker_id=self._worker_id,
            stream=stream,
            seq=seq,
            began=began,
            ended=ended,
        )

    def _announce(self, document: dict[str, Any], began: list[EpisodeRollup]) -> None:
        """An episode's first step announces it, before the step is recorded."""
        name = document.get("episode_id", document.get("episode"))
        if name is None or str(name) in self._episodes:
            return
        if not is_name(str(name)):
            raise TrainerRefusedError("Its episode has no usable name.")
        rollup = EpisodeRollup(
            run_id=self._run_id,
            episode_id=str(name),
            episode_index=self._begun,
            seed=None,
            started_at=utc_now(),
            worker_id=self._worker_id,
        )
        self._begun += 1
        self._episodes[rollup.episode_id] = rollup
        began.append(rollup)
        self._telemetry.record_episode_start(rollup)

    def _count(self, step: StepRecord, ended: list[EpisodeRollup]) -> None:
        rollup = self._episodes.get(step.episode_id)
        if rollup is None:
            return
        rollup = replace(
            rollup,
            steps=max(rollup.steps, step.step_index),
            total_reward=rollup.total_reward + (step.reward or 0.0),
            terminated=step.terminated,
            truncated=step.truncated,
        )
        if step.done:
            del self._episodes[step.episode_id]
            rollup = replace(rollup, status=EpisodeStatus.COMPLETED, ended_at=step.timestamp)
            self._telemetry.complete_episode(rollup)
            ended.append(rollup)
        else:
            self._episodes[step.episode_id] = rollup


def _rows_of(steps: Sequence[StepRecord]) -> StepBatch:
    episodes = list(dict.fromkeys(step.episode_id for step in steps))
    rows = len(steps)
    return StepBatch(
        run_id="",
        worker_id="",
        stream="",
        seq=0,
        episode_ids=episodes,
        episode=np.array([episodes.index(step.episode_id) for step in steps], np.int32),
        step_index=np.array([step.step_index for step in steps], np.int64),
        actions=np.zeros(rows, np.int64),
        rewards=np.array([0.0 if step.reward is None else step.reward for step in steps], np.float64),
        flags=np.array(
            [step.terminated | step.truncated << 1 | NO_REWARD * (step.reward is None) for step in steps], np.uint8
        ),
        time_us=np.array([int(step.timestamp.timestamp() * 1e6) for step in steps], np.int64),
        payload_version=0,
    )

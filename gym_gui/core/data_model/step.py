"""One step of one agent, attached (it carries arrays) or detached (it carries refs to them)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.clock import utc_now

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

PAYLOAD_VERSION: Final = 1
DEFAULT_AGENT_ID: Final = "agent_0"


class FrameState(IntEnum):
    """What became of the picture of a step; stored in two bits of the row's flags."""

    NONE = 0  # the environment gave none
    KEPT = 1  # it is on its way to disk, or there
    SHED = 2  # let go under pressure, and counted
    LOST = 3  # the disk refused it


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """What happened in one step.

    Step 0 is the state after ``reset``: its action and reward are None. Step k is the result of the k-th action.

    Attributes:
        run_id: The run it belongs to.
        episode_id: The episode it belongs to, unique within the run.
        step_index: 0 for the state after reset, k for the result of the k-th action.
        action: The action exactly as given to the environment: int, float, ndarray, or dict/tuple of these.
        observation: What the agent sees; None once detached (then `obs_ref` points to it).
        reward: Float64 reward of this step.
        terminated: The environment reached an end of its own.
        truncated: The episode was cut from outside (a time limit).
        info: The environment's info dictionary.
        render_payload: The picture: ``uint8 (H, W, 3)`` or a mapping with it under ``"frame"``; None once detached.
        timestamp: When the step was taken, aware, UTC.
        agent_id: Which agent acted.
        render_hint: How a screen may draw the payload; None means as a picture.
        frame_ref: ``h5://run/frames/N`` once the picture is stored.
        obs_ref: ``h5://run/observations/N`` once the observation is stored; equal to `frame_ref` where they are one.
        payload_version: Version of this record's contract.
        worker_id: Which worker produced it; None for this process.
        space_signature: Hash of the run's spaces.
        vector_metadata: Place in a vector environment; None outside one.
        time_step: The environment's own clock, where it has one.
        frame_state: What became of the picture.
        view: What a screen may draw beside the picture or instead of it: the JSON form of a ``GRID``, ``GRAPH`` or
            ``TEXT`` payload of `core.schema`; None where there is only a picture.
        normalization_stats: Running statistics that observation or reward were normalised with; None where not.
        extra: Values by name that have no field here, kept exactly (`core.value_codec`); None where there are none.
    """

    run_id: str
    episode_id: str
    step_index: int
    action: Any = None
    observation: Any = None
    reward: float | None = None
    terminated: bool = False
    truncated: bool = False
    info: Mapping[str, Any] = field(default_factory=dict)
    render_payload: Any = None
    timestamp: datetime = field(default_factory=utc_now)
    agent_id: str = DEFAULT_AGENT_ID
    render_hint: Any = None
    frame_ref: str | None = None
    obs_ref: str | None = None
    payload_version: int = PAYLOAD_VERSION
    worker_id: str | None = None
    space_signature: str | None = None
    vector_metadata: Mapping[str, Any] | None = None
    time_step: int | None = None
    frame_state: FrameState = FrameState.NONE
    view: Mapping[str, Any] | None = None
    normalization_stats: Mapping[str, Any] | None = None
    extra: Mapping[str, Any] | None = None

    @property
    def frame(self) -> NDArray[np.uint8] | None:
        """The attached picture, ``uint8 (H, W, 3)``, or None where the record carries none."""
        payload = self.render_payload
        if payload is None or type(payload) is np.ndarray:  # the hot path: no abstract class is asked
            return payload
        if isinstance(payload, Mapping):
            payload = payload.get("frame")
        return payload if isinstance(payload, np.ndarray) else None

    @property
    def done(self) -> bool:
        """Whether the episode ended with this step."""
        return self.terminated or self.truncated

    @property
    def attached_bytes(self) -> int:
        """Bytes of the arrays that the record carries; an observation that is the frame counts once."""
        frame, observation = self.frame, self.observation
        size = 0 if frame is None else frame.nbytes
        if observation is frame or observation is None:
            return size
        return size + _array_bytes(observation)

    def without_frame(self, state: FrameState) -> StepRecord:
        """The same step with its picture let go, saying why in `frame_state`.

        An observation that is the picture goes with it.
        """
        observation = None if self.observation is self.frame else self.observation
        return replace(self, render_payload=None, observation=observation, frame_state=state)


def _array_bytes(value: Any) -> int:
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, dict):
        return sum(map(_array_bytes, value.values()))
    return sum(map(_array_bytes, value)) if isinstance(value, tuple) else 0

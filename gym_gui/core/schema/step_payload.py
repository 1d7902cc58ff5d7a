"""The step payload, version 1: what one step says between adapter, telemetry, storage, trainer and screen.

A `StepRecord` is the same thing on its way through this process; `to_payload` and `from_payload` lead to and fro.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from operator import index
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.data_model import DEFAULT_AGENT_ID, FrameState, StepRecord
from gym_gui.core.errors import SchemaMismatchError
from gym_gui.core.schema.render_payload import (
    RenderPayload,
    RgbPayload,
    render_from_document,
    render_to_document,
)
from gym_gui.core.schema.versions import CURRENT

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from gym_gui.core.data_model import EpisodeRollup

_VECTOR_FIELDS: Final = frozenset({"autoreset_mode", "vector_index", "batch_size", "reset_mask", "seeds"})


class AutoresetMode(StrEnum):
    """When a vector environment resets a sub-environment whose episode ended."""

    NEXT_STEP = "next_step"  # with the next step, whose action is ignored
    SAME_STEP = "same_step"  # at once; the last observation is in ``final_obs``
    DISABLED = "disabled"  # never; the caller does


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorMetadata:
    """A step's place in a vector environment.

    Attributes:
        autoreset_mode: When an ended episode is followed by the next one.
        vector_index: Which sub-environment, 0-based.
        batch_size: Number of sub-environments.
        reset_mask: Which sub-environments started an episode in this step of the vector; None where none did.
        seeds: On step 0: what each sub-environment was last seeded with, None where it went on with its own
            generator. None on other steps.
        extra: Fields of a newer minor version, kept aside.
    """

    autoreset_mode: AutoresetMode
    vector_index: int
    batch_size: int
    reset_mask: tuple[bool, ...] | None = None
    seeds: tuple[int | None, ...] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeds:
    """What reproduces an episode, together with its actions.

    Attributes:
        environment: Given to ``reset``; None where the environment went on with its own generator.
        actions: Given to whoever drew random actions; None where nobody did or it is not known.
    """

    environment: int | None = None
    actions: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Where an episode branched off another one.

    Attributes:
        parent_run_id: The run of the episode that was continued differently.
        parent_episode_id: That episode.
        parent_step_index: The last step that both share.
    """

    parent_run_id: str
    parent_episode_id: str | None = None
    parent_step_index: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPayload:
    """One step of one agent. Step 0 is the state after ``reset``, step k the result of the k-th action.

    Attributes:
        run_id: The run it belongs to.
        episode_id: The episode it belongs to, unique within the run.
        step_index: 0 for the state after reset, k for the result of the k-th action.
        action: The action exactly as given to the environment; None after reset.
        observation: What the agent sees; None where `obs_ref` points to it.
        reward: Float64 reward of this step; None after reset. The sum of several objectives (`extra`: `reward_parts`).
        terminated: The environment reached an end of its own.
        truncated: The episode was cut from outside.
        info: The environment's info, in JSON's types once it was written.
        render_payload: What a screen draws: a grid, graph or text where the adapter gives one, else the picture.
        frame: The picture itself, ``uint8 (H, W, 3)``, while it travels with the step; None where `frame_ref`
            points to it.
        timestamp: When the step was taken, aware, UTC.
        agent_id: Which agent acted.
        render_hint: How a screen may draw the payload; None leaves it to the screen.
        frame_ref: ``h5://run/frames/N`` once the picture is stored.
        obs_ref: ``h5://run/observations/N`` once the observation is stored; equal to `frame_ref` where they are one.
        frame_state: What became of the picture: ``none``, ``kept``, ``shed`` or ``lost``.
        worker_id: Which worker produced it; None for the application's own process.
        space_signature: Hash of the run's spaces.
        vector_metadata: Place in a vector environment; None outside one.
        normalization_stats: Running statistics that observation or reward were normalised with; None where not.
        seeds: What reproduces the episode.
        lineage: Where the episode branched off another one; None where it did not.
        time_step: The environment's own clock, where it has one.
        payload_version: ``major.minor`` of this contract.
        extra: Values by name that have no field here: a recorder's own, or those of a newer minor version or a legacy
            payload.
    """

    run_id: str
    episode_id: str
    step_index: int
    timestamp: datetime
    action: Any = None
    observation: Any = None
    reward: float | None = None
    terminated: bool = False
    truncated: bool = False
    info: Mapping[str, Any] = field(default_factory=dict)
    render_payload: RenderPayload | None = None
    frame: NDArray[np.uint8] | None = None
    agent_id: str = DEFAULT_AGENT_ID
    render_hint: Any = None
    frame_ref: str | None = None
    obs_ref: str | None = None
    frame_state: FrameState = FrameState.NONE
    worker_id: str | None = None
    space_signature: str | None = None
    vector_metadata: VectorMetadata | None = None
    normalization_stats: Mapping[str, Any] | None = None
    seeds: Seeds | None = None
    lineage: Lineage | None = None
    time_step: int | None = None
    payload_version: str = str(CURRENT)
    extra: Mapping[str, Any] = field(default_factory=dict)


def to_payload(step: StepRecord, rollup: EpisodeRollup | None = None) -> StepPayload:
    """The payload of a record.

    Args:
        step: Attached or detached.
        rollup: Its episode, which knows seeds and lineage.

    Raises:
        SchemaMismatchError: the record's view or vector metadata are not as they must be.
    """
    frame = step.frame
    return StepPayload(
        run_id=step.run_id,
        episode_id=step.episode_id,
        step_index=step.step_index,
        timestamp=step.timestamp,
        action=step.action,
        observation=step.observation,
        reward=step.reward,
        terminated=step.terminated,
        truncated=step.truncated,
        info=step.info,
        render_payload=_render_of(step, frame),
        frame=frame,
        agent_id=step.agent_id,
        render_hint=step.render_hint,
        frame_ref=step.frame_ref,
        obs_ref=step.obs_ref,
        frame_state=step.frame_state,
        worker_id=step.worker_id,
        space_signature=step.space_signature,
        vector_metadata=None if step.vector_metadata is None else vector_from_document(step.vector_metadata),
        normalization_stats=step.normalization_stats,
        seeds=None if rollup is None else _seeds_of(rollup),
        lineage=None if rollup is None else _lineage_of(rollup),
        time_step=step.time_step,
        payload_version=str(CURRENT),
        extra=step.extra or {},
    )


def from_payload(payload: StepPayload) -> StepRecord:
    """The record of a payload; seeds and lineage belong to its episode, and are not in it."""
    view = payload.render_payload
    return StepRecord(
        run_id=payload.run_id,
        episode_id=payload.episode_id,
        step_index=payload.step_index,
        action=payload.action,
        observation=payload.observation,
        reward=payload.reward,
        terminated=payload.terminated,
        truncated=payload.truncated,
        info=payload.info,
        render_payload=payload.frame,
        timestamp=payload.timestamp,
        agent_id=payload.agent_id,
        render_hint=payload.render_hint,
        frame_ref=payload.frame_ref,
        obs_ref=payload.obs_ref,
        payload_version=CURRENT.major,
        worker_id=payload.worker_id,
        space_signature=payload.space_signature,
        vector_metadata=None if payload.vector_metadata is None else vector_to_document(payload.vector_metadata),
        time_step=payload.time_step,
        frame_state=payload.frame_state,
        view=None if view is None or isinstance(view, RgbPayload) else render_to_document(view),
        normalization_stats=payload.normalization_stats,
        extra=dict(payload.extra) if payload.extra else None,
    )


def vector_to_document(metadata: VectorMetadata) -> dict[str, Any]:
    """The JSON form, which `StepRecord.vector_metadata` holds; what is None is left out."""
    document: dict[str, Any] = {
        "autoreset_mode": metadata.autoreset_mode.value,
        "vector_index": metadata.vector_index,
        "batch_size": metadata.batch_size,
    }
    if metadata.reset_mask is not None:
        document["reset_mask"] = list(metadata.reset_mask)
    if metadata.seeds is not None:
        document["seeds"] = list(metadata.seeds)
    return {**document, **metadata.extra}


def vector_from_document(document: Mapping[str, Any]) -> VectorMetadata:
    """The metadata of a JSON form.

    Raises:
        SchemaMismatchError: it is not as it must be.
    """
    try:
        mask, seeds = document.get("reset_mask"), document.get("seeds")
        metadata = VectorMetadata(
            autoreset_mode=AutoresetMode(document["autoreset_mode"]),
            vector_index=index(document["vector_index"]),
            batch_size=index(document["batch_size"]),
            reset_mask=None if mask is None else tuple(bool(one) for one in mask),
            seeds=None if seeds is None else tuple(None if one is None else index(one) for one in seeds),
            extra={key: value for key, value in document.items() if key not in _VECTOR_FIELDS},
        )
    except (KeyError, TypeError, ValueError) as error:
        what = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise SchemaMismatchError(f"Vector metadata are not as they must be: {what}.") from error
    complaint = vector_complaint(metadata)
    if complaint:
        raise SchemaMismatchError(f"Vector metadata are not as they must be: {complaint}.")
    return metadata


def vector_complaint(metadata: VectorMetadata) -> str:
    """What is wrong with *metadata*, as the end of a sentence; empty where nothing is."""
    if not 0 <= metadata.vector_index < metadata.batch_size:
        return f"index {metadata.vector_index} is not one of {metadata.batch_size} sub-environments"
    for name, values in (("reset_mask", metadata.reset_mask), ("seeds", metadata.seeds)):
        if values is not None and len(values) != metadata.batch_size:
            return f"{name} has {len(values)} entries for {metadata.batch_size} sub-environments"
    return ""


def lineage_to_document(lineage: Lineage) -> dict[str, Any]:
    """The JSON form, which an episode keeps under ``lineage`` in its metadata."""
    return {
        "parent_run_id": lineage.parent_run_id,
        "parent_episode_id": lineage.parent_episode_id,
        "parent_step_index": lineage.parent_step_index,
    }


def lineage_from_document(document: Mapping[str, Any]) -> Lineage:
    """The lineage of a JSON form.

    Raises:
        SchemaMismatchError: it names no parent run, or its step is no number.
    """
    try:
        step = document.get("parent_step_index")
        return Lineage(
            parent_run_id=document["parent_run_id"],
            parent_episode_id=document.get("parent_episode_id"),
            parent_step_index=None if step is None else index(step),
        )
    except (KeyError, TypeError) as error:
        raise SchemaMismatchError(f"A lineage is not as it must be: {error}.") from error


def _render_of(step: StepRecord, frame: NDArray[np.uint8] | None) -> RenderPayload | None:
    if step.view is not None:
        return render_from_document(step.view)
    if frame is None and step.frame_ref is None:
        return None
    height, width = (None, None) if frame is None else frame.shape[:2]
    return RgbPayload(frame_ref=step.frame_ref, height=height, width=width)


def _seeds_of(rollup: EpisodeRollup) -> Seeds:
    return Seeds(environment=rollup.seed, actions=rollup.metadata.get("action_seed"))


def _lineage_of(rollup: EpisodeRollup) -> Lineage | None:
    document = rollup.metadata.get("lineage")
    return lineage_from_document(document) if isinstance(document, Mapping) else None

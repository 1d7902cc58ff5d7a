"""Vector environments: each sub-environment becomes an episode stream of its own, in every autoreset mode.

Runs on the thread that steps the vector environment.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import numpy as np

from gym_gui.adapters.actions import make_action_check
from gym_gui.adapters.episode_stream import EpisodeStream
from gym_gui.adapters.foreign import ForeignCode
from gym_gui.adapters.normalization import NormalizationProbe
from gym_gui.adapters.vector_batch import FINAL_INFO, FINAL_OBSERVATION, BatchParts, final_observation
from gym_gui.adapters.vector_pictures import VectorPictures
from gym_gui.core.clock import utc_now
from gym_gui.core.data_model import EpisodeRollup, EpisodeStatus, StepRecord
from gym_gui.core.errors import EnvironmentUnusableError, InvariantError
from gym_gui.core.schema.step_payload import AutoresetMode, VectorMetadata, vector_to_document

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from gymnasium.vector import VectorEnv
    from numpy.typing import NDArray

    from gym_gui.core.data_model import RunRecord

#: What to tell telemetry, in order: a running rollup starts an episode, any other one ends it.
StreamEvents: TypeAlias = list[EpisodeRollup | StepRecord]

_ALE_VECTOR: Final = "AtariVectorEnv"
# Vector environments whose sub-environments are seeded one by one, by the name of their class.
_OWN_GENERATORS: Final = ("SyncVectorEnv", "AsyncVectorEnv", _ALE_VECTOR)
_FINAL: Final = frozenset({FINAL_OBSERVATION, FINAL_INFO})


def autoreset_mode_of(envs: VectorEnv[Any, Any, Any]) -> AutoresetMode:
    """The mode that a vector environment declares.

    Raises:
        EnvironmentUnusableError: it declares none, or one that is not known.
    """
    declared: object = (envs.metadata or {}).get("autoreset_mode")
    text = str(getattr(declared, "value", declared)).replace("_", "").casefold()
    for mode in AutoresetMode:
        if mode.value.replace("_", "") == text:
            return mode
    raise EnvironmentUnusableError(
        f"The vector environment {envs} does not say how it resets its sub-environments.",
        hint='Declare metadata["autoreset_mode"], as Gymnasium\'s own do.',
    )


def _kind_of(envs: VectorEnv[Any, Any, Any]) -> str:
    names = [kind.__name__ for kind in type(envs.unwrapped).__mro__]
    return next((name for name in _OWN_GENERATORS if name in names), names[0])


def seeds_apart(envs: VectorEnv[Any, Any, Any]) -> bool:
    """Whether a number given to ``reset`` counts up from sub-environment to sub-environment."""
    return _kind_of(envs) in _OWN_GENERATORS


class _Seen(NamedTuple):
    """What one sub-environment showed and said."""

    observation: Any
    frame: NDArray[np.uint8] | None
    info: dict[str, Any]


class VectorStepper:
    """Steps a vector environment, and makes of each sub-environment's answers a stream of episodes.

    ``next_step``: the step after an episode's end starts the next one, and its action is ignored. ``same_step``: the
    step that ends an episode brings the first observation of the next; the last one is its ``final_obs``, and there
    is no picture of it where pictures are rendered. ``disabled``: `reset` with a mask starts the next episode.

    Args:
        envs: Gymnasium's ``SyncVectorEnv`` or ``AsyncVectorEnv``, ALE's ``AtariVectorEnv``, or one like them; the
            caller closes it.
        run: The run that the records belong to.
        render: Whether pictures are wanted: from ``render``, or the observation where that is one.

    Raises:
        EnvironmentUnusableError: it does not say how it resets its sub-environments.
    """

    def __init__(self, envs: VectorEnv[Any, Any, Any], run: RunRecord, *, render: bool = True) -> None:
        self._envs = envs
        self._mode = autoreset_mode_of(envs)
        self._count = int(envs.num_envs)
        if int(getattr(envs, "batch_size", self._count)) != self._count:
            raise EnvironmentUnusableError(
                f"{run.env_id} answers for some of its sub-environments at a time, which cannot be recorded.",
                hint="Make it with batch_size=0.",
            )
        self._kind = _kind_of(envs)
        self._parts = BatchParts(envs)
        self._normalization = NormalizationProbe(envs)
        self._stats: dict[str, Any] | None = None
        self._pictures = VectorPictures(envs, run.env_id, wanted=render)
        self._check_action = make_action_check(envs.single_action_space)
        self._streams = [EpisodeStream(run, f"env-{index:03d}") for index in range(self._count)]
        self._ended = np.zeros(self._count, np.bool_)
        self._seeds: list[int | None] = [None] * self._count
        self._next_index = 0
        self._resetting = ForeignCode(run.env_id, "reset")
        self._stepping = ForeignCode(run.env_id, "step")

    @property
    def num_envs(self) -> int:
        """How many sub-environments there are."""
        return self._count

    @property
    def autoreset_mode(self) -> AutoresetMode:
        """When an ended episode is followed by the next one."""
        return self._mode

    @property
    def ended(self) -> NDArray[np.bool_]:
        """``bool (num_envs,)``: whose episode is over and whose next one has not begun."""
        return self._ended.copy()

    def last(self, index: int) -> StepRecord:
        """The newest record of sub-environment *index*."""
        return self._streams[index].last

    def rollup(self, index: int) -> EpisodeRollup:
        """The running totals of the episode of sub-environment *index*."""
        return self._streams[index].rollup

    def batch(self, actions: Sequence[Any]) -> Any:
        """One action for each sub-environment as the batch that `step` takes; None where it will be ignored."""
        return self._parts.batch([self._idle() if one is None else self._check_action(one) for one in actions])

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        mask: NDArray[np.bool_] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> StreamEvents:
        """Start an episode in every sub-environment, or in those of *mask*; what to tell telemetry.

        Args:
            seed: One for each sub-environment; a number counts up from the first one; None goes on with their own
                generators. Where they share one generator it takes the number, and the episodes have no seed of
                their own.
            mask: ``bool (num_envs,)``; None resets all.
            options: Given to the environment and stored.

        Raises:
            EnvironmentRaisedError: the environment raised.
        """
        chosen = np.ones(self._count, np.bool_) if mask is None else np.asarray(mask, np.bool_)
        seeds, shared = self._seeds_of(seed)
        given = {**(options or {}), **({} if mask is None else {"reset_mask": chosen.copy()})}
        with self._resetting:
            observations, infos = self._envs.reset(seed=self._foreign_seeds(seed, seeds, chosen), options=given or None)
            seen = self._parts.observations(observations)
            self._stats = self._normalization.read()
        pictures = self._pictures.of(seen)
        events: StreamEvents = []
        when = utc_now()
        for index in chosen.nonzero()[0].tolist():
            self._seeds[index] = seeds[index]
        for index in chosen.nonzero()[0].tolist():
            if self._streams[index].is_open:
                events.append(self._streams[index].finish())
            now = _Seen(seen[index], pictures[index], self._parts.info(infos, index))
            events += self._begin(index, now, chosen, when, options=options, shared=shared)
        self._ended[chosen] = False
        return events

    def step(self, actions: Any) -> StreamEvents:
        """Take one action in every sub-environment; what to tell telemetry, sub-environment by sub-environment.

        Args:
            actions: The batch, as the vector environment takes it.

        Raises:
            InvalidActionError: the action space does not hold one of them; nothing happened.
            InvariantError: in mode ``disabled``, a sub-environment whose episode ended was not reset.
            EnvironmentRaisedError: the environment raised.
        """
        ended_before = self._ended.copy()
        if self._mode is AutoresetMode.DISABLED and ended_before.any():
            raise InvariantError(f"Sub-environment {int(ended_before.argmax())} is done: reset comes before step.")
        ignored = ended_before if self._mode is AutoresetMode.NEXT_STEP else np.zeros(self._count, np.bool_)
        taken = [
            None if ignored[index] else self._check_action(action)
            for index, action in enumerate(self._parts.actions(actions))
        ]
        with self._stepping:
            observations, rewards, terminated, truncated, infos = self._envs.step(actions)
            seen = self._parts.observations(observations)
            self._stats = self._normalization.read()
        done = np.logical_or(terminated, truncated)
        starting = done if self._mode is AutoresetMode.SAME_STEP else ignored
        for index in starting.nonzero()[0].tolist():
            self._seeds[index] = None
        pictures = self._pictures.of(seen)
        events: StreamEvents = []
        when = utc_now()
        for index in range(self._count):
            told = self._parts.info(infos, index, leave_out=_FINAL)
            now = _Seen(seen[index], pictures[index], told)
            if not ignored[index]:
                outcome = {
                    "action": taken[index],
                    "reward": float(rewards[index]),
                    "terminated": bool(terminated[index]),
                    "truncated": bool(truncated[index]),
                }
                # Where the next episode's start is shown already, the last one's end is told aside.
                shown = self._last_of(infos, index) if starting[index] else now
                events.append(self._add(index, shown, self._metadata(index, starting), when, **outcome))
                if done[index]:
                    events.append(self._streams[index].finish())
            if starting[index]:
                events += self._begin(index, now, starting, when)
        self._ended = np.zeros(self._count, np.bool_) if self._mode is AutoresetMode.SAME_STEP else done.copy()
        return events

    def finish(self, status: EpisodeStatus | None = None, fault: str | None = None) -> list[EpisodeRollup]:
        """Close the episodes that are open; their final rollups.

        Args:
            status: How they ended; None means as the environment says, or ``ABANDONED``.
            fault: One sentence, where the environment raised.
        """
        return [stream.finish(status, fault) for stream in self._streams if stream.is_open]

    def _begin(
        self,
        index: int,
        seen: _Seen,
        starting: NDArray[np.bool_],
        when: datetime,
        *,
        options: Mapping[str, Any] | None = None,
        shared: Mapping[str, Any] | None = None,
    ) -> StreamEvents:
        rollup = self._streams[index].begin(
            episode_index=self._next_index,
            seed=self._seeds[index],
            options=options,
            metadata={
                "vector_index": index,
                "batch_size": self._count,
                "autoreset_mode": self._mode.value,
                **(shared or {}),
            },
            when=when,
        )
        self._next_index += 1
        return [rollup, self._add(index, seen, self._metadata(index, starting, with_seeds=True), when)]

    def _add(self, index: int, seen: _Seen, metadata: Mapping[str, Any], when: datetime, **outcome: Any) -> StepRecord:
        return self._streams[index].add(
            when=when,
            observation=seen.observation,
            info=seen.info,
            frame=seen.frame,
            vector_metadata=metadata,
            normalization_stats=self._stats,
            **outcome,
        )

    def _last_of(self, infos: Mapping[str, Any], index: int) -> _Seen:
        """What the episode saw last that ended in a step which shows the next one's start."""
        value = final_observation(infos, index)
        observation = None if value is None else self._parts.observation(value)
        told = infos.get(FINAL_INFO)
        info = self._parts.info(told, index) if isinstance(told, dict) else {}
        return _Seen(observation, self._pictures.in_observation(observation), info)

    def _metadata(self, index: int, starting: NDArray[np.bool_], *, with_seeds: bool = False) -> dict[str, Any]:
        return vector_to_document(
            VectorMetadata(
                autoreset_mode=self._mode,
                vector_index=index,
                batch_size=self._count,
                reset_mask=tuple(starting.tolist()) if starting.any() else None,
                seeds=tuple(self._seeds) if with_seeds else None,
            )
        )

    def _seeds_of(self, seed: int | Sequence[int | None] | None) -> tuple[list[int | None], dict[str, Any]]:
        """Each sub-environment's own seed, and what the episodes' metadata say where they share one generator."""
        if seed is None:
            return [None] * self._count, {}
        if isinstance(seed, Sequence):
            if len(seed) != self._count:
                raise InvariantError(f"{len(seed)} seeds were given for {self._count} sub-environments.")
            return [None if one is None else int(one) for one in seed], {}
        if self._kind not in _OWN_GENERATORS:
            return [None] * self._count, {"vector_seed": int(seed)}
        return [int(seed) + index for index in range(self._count)], {}

    def _foreign_seeds(
        self, seed: int | Sequence[int | None] | None, seeds: list[int | None], chosen: NDArray[np.bool_]
    ) -> Any:
        if self._kind not in _OWN_GENERATORS:
            return seed  # one generator for all: only its own class knows what it takes
        if self._kind != _ALE_VECTOR:
            return seeds
        # The ALE wants them for the chosen ones only, and -1 for none.
        return np.array([-1 if seeds[index] is None else seeds[index] for index in chosen.nonzero()[0]], np.int64)

    def _idle(self) -> Any:
        sampler = deepcopy(self._envs.single_action_space)
        sampler.seed(0)
        return self._check_action(sampler.sample())

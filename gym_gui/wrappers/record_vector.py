"""RecordTelemetryVector: one line around a vector environment; each sub-environment becomes episodes of one run.

In every autoreset mode: ``next_step``, where the step after an end starts the next episode; ``same_step``, where the
ending step shows the next episode's start and tells the last observation aside; ``disabled``, where a masked ``reset``
does.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from gymnasium.vector import VectorWrapper

from gym_gui.adapters.foreign import one_line
from gym_gui.core.data_model import EpisodeStatus
from gym_gui.core.data_model.batch import NO_REWARD, TERMINATED, TRUNCATED
from gym_gui.core.schema.step_payload import AutoresetMode, VectorMetadata, vector_to_document
from gym_gui.core.typing_compat import override
from gym_gui.wrappers.opening import RecordingOptions
from gym_gui.wrappers.recording_part import Live, RecordingPart

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gymnasium.vector import VectorEnv
    from numpy.typing import NDArray

    from gym_gui.services.batch_destination import Order
    from gym_gui.wrappers.recorder import Recorder

_FINAL: Final = frozenset({"final_obs", "final_info"})


class _Live(Live):
    """What of a wrapper belongs to one process and is never pickled."""

    def __init__(self, envs: VectorEnv[Any, Any, Any], recorder: Recorder) -> None:
        from gym_gui.adapters.normalization import NormalizationProbe  # noqa: PLC0415 - with the first episode
        from gym_gui.adapters.vector import autoreset_mode_of  # noqa: PLC0415 - same
        from gym_gui.adapters.vector_batch import BatchParts  # noqa: PLC0415 - same
        from gym_gui.adapters.vector_pictures import VectorPictures  # noqa: PLC0415 - same
        from gym_gui.wrappers.track import Track  # noqa: PLC0415 - same

        self.mode = autoreset_mode_of(envs)
        about = {"batch_size": envs.num_envs, "autoreset_mode": self.mode.value}
        super().__init__(
            recorder,
            [
                Track(name=f"env-{index:03d}-", metadata={"vector_index": index, **about})
                for index in range(envs.num_envs)
            ],
        )
        self.parts = BatchParts(envs)
        self.pictures = VectorPictures(envs, "The vector environment", wanted=recorder.draws_at_all)
        self.normalization = NormalizationProbe(envs)
        self.ended = np.zeros(envs.num_envs, np.bool_)
        self._make_place = partial(VectorMetadata, autoreset_mode=self.mode, batch_size=envs.num_envs)
        self.may_draw = recorder.draws_at_all

    def first_row(
        self,
        extra: dict[str, Any] | None,
        index: int,
        starting: NDArray[np.bool_],
        seeds: Sequence[int | None] | None = None,
    ) -> dict[str, Any]:
        """What is rare about an episode's first row: *extra*, and its place in the vector, which all its rows share."""
        mask, given = tuple(starting.tolist()), None if seeds is None else tuple(seeds)
        place = self._make_place(vector_index=index, reset_mask=mask, seeds=given)
        return {**(extra or {}), "vector_metadata": vector_to_document(place)}


class RecordTelemetryVector(RecordingPart[_Live], VectorWrapper[Any, Any, Any]):
    """Records every episode of every sub-environment; see `RecordTelemetry`, whose arguments it takes.

    ``every:N`` counts the episodes of each sub-environment by themselves. The wrapper belongs around the vector
    environment that resets itself, beneath wrappers that change what is learnt from (``RecordEpisodeStatistics`` may be
    on either side).

    Args:
        env: The vector environment.
        run: The run's name.
        frames: Whose pictures are kept: ``all``, ``none``, ``every:N`` or ``best``.
        to: ``host:port`` of a trainer.
        observations: Whether observations are kept.
        var_dir: The var folder.
        player: Who acts, as the library shows it.
        metadata: Anything else worth keeping with the run, JSON values.
        env_id: What it is listed as, where it was made without ``gymnasium.make_vec`` and says nothing itself.
        live: Whether windows of this machine are shown the newest picture.
        on_order: Answers a trainer's orders.
        make_destination: Makes the destination from the run's record and spaces.

    Raises:
        ConfigError: *frames* or *observations* is not one of these.
        InvalidRunIdError: *run* cannot name a run.
    """

    def __init__(
        self,
        env: VectorEnv[Any, Any, Any],
        run: str = "training",
        frames: str = "all",
        to: str | None = None,
        *,
        observations: bool | None = None,
        var_dir: str | None = None,
        player: str = "script",
        metadata: Mapping[str, Any] | None = None,
        env_id: str | None = None,
        live: bool = True,
        on_order: Callable[[Order], tuple[str, str] | None] | None = None,
        make_destination: Any = None,
    ) -> None:
        options = RecordingOptions(
            run=run,
            frames=frames,
            to=to,
            observations=observations,
            var_dir=None if var_dir is None else str(var_dir),
            player=player,
            metadata=metadata,
            env_id=env_id,
            live=live,
            on_order=on_order,
            make_destination=make_destination,
        )
        super().__init__(env)
        self._set_up(options)

    @override
    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        live = self._opened()
        given = dict(options or {})  # vector environments take out what they understand
        result: tuple[Any, dict[str, Any]] = self.env.reset(seed=seed, options=options)
        if live is not None:
            self._guarded(self._began, live, result, seed, given)
        return result

    @override
    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        live = self._live
        if live is None or live.recorder.is_closed:
            live = self._going_on()
        if live is None:
            untouched: tuple[Any, Any, Any, Any, dict[str, Any]] = self.env.step(actions)
            return untouched
        if live.recorder.orders.is_paused:
            live.recorder.orders.wait_while_paused()
        taken = self._guarded(self._owned_actions, live, actions)
        try:
            result: tuple[Any, Any, Any, Any, dict[str, Any]] = self.env.step(actions)
        except Exception as fault:
            for track in live.tracks:
                self._guarded(live.recorder.end, track, EpisodeStatus.FAULTED, f"step() raised {one_line(fault)}.")
            raise
        if taken is not None:
            self._guarded(self._stepped, live, taken, result)
        return result

    @override
    def close(self, **kwargs: Any) -> None:
        try:
            super().close(**kwargs)
        finally:
            self.end_recording()

    # What is recorded.

    @override
    def _make_live(self, recorder: Recorder) -> _Live:
        return _Live(self.env, recorder)

    @override
    def _go_on(self, live: _Live, broken: _Live) -> None:
        live.ended = broken.ended
        super()._go_on(live, broken)
        pictures = self._pictures(live, [None] * self.num_envs)
        for index in broken.under_way:
            self._row(live, index, None, pictures[index], {}, None)

    def _began(self, live: _Live, result: Any, seed: Any, options: dict[str, Any]) -> None:
        observations, infos = result
        mask = options.pop("reset_mask", None)
        chosen = np.ones(self.num_envs, np.bool_) if mask is None else np.asarray(mask, np.bool_)
        seeds, shared = self._seeds_of(seed)
        for index in chosen.nonzero()[0].tolist():
            live.recorder.begin(live.tracks[index], seed=seeds[index], options=options or None, metadata=shared)
        seen = list(_iterated(live, observations))
        pictures = self._pictures(live, seen)
        extra = self._stats(live)
        for index in chosen.nonzero()[0].tolist():
            info = live.parts.info(infos, index) if infos else {}
            first = live.first_row(extra, index, chosen, seeds)
            self._row(live, index, seen[index], pictures[index], info, first)
        live.ended[chosen] = False

    def _stepped(self, live: _Live, taken: Sequence[Any], result: Any) -> None:
        observations, rewards, terminated, truncated, infos = result
        if isinstance(rewards, np.ndarray) and rewards.ndim == 1:  # one number each
            rewards = rewards.tolist()
        ended = np.logical_or(terminated, truncated)
        ignored = live.ended if live.mode is AutoresetMode.NEXT_STEP else np.zeros_like(live.ended)
        starting = ended if live.mode is AutoresetMode.SAME_STEP else ignored
        for index in ignored.nonzero()[0].tolist():
            live.recorder.begin(live.tracks[index], seed=None, options=None, metadata={})
        seen = list(_iterated(live, observations))
        pictures = self._pictures(live, seen)
        extra = self._stats(live)
        for index, track in enumerate(live.tracks):
            info = live.parts.info(infos, index, leave_out=_FINAL) if infos else {}
            now = (seen[index], pictures[index], info)
            if not ignored[index] and track.is_open:
                flags = TERMINATED * bool(terminated[index]) | TRUNCATED * bool(truncated[index])
                shown = self._last_of(live, infos, index) if starting[index] else now
                self._row(live, index, *shown, extra, taken[index], rewards[index], flags)
                if flags:
                    live.recorder.end(track)
            if starting[index]:
                if live.mode is AutoresetMode.SAME_STEP:
                    live.recorder.begin(track, seed=None, options=None, metadata={})
                self._row(live, index, *now, live.first_row(extra, index, starting))
        live.ended = np.zeros_like(ended) if live.mode is AutoresetMode.SAME_STEP else ended.copy()

    def _row(  # noqa: PLR0917 - by position, as the recorder takes it
        self,
        live: _Live,
        index: int,
        observation: Any,
        picture: NDArray[np.uint8] | None,
        info: Any,
        extra: dict[str, Any] | None,
        *outcome: Any,
    ) -> None:
        track = live.tracks[index]
        live.recorder.row(
            track, observation, picture if track.draws else None, info, extra, *(outcome or (None, None, NO_REWARD))
        )

    def _pictures(self, live: _Live, seen: Sequence[Any]) -> Sequence[NDArray[np.uint8] | None]:
        if live.may_draw and any(track.draws and track.is_open for track in live.tracks):
            try:
                return live.pictures.of(seen)
            except Exception as fault:  # noqa: BLE001 - the script did not ask for pictures
                self._said.fault("Pictures are missing", fault)
        return (None,) * len(seen)

    def _last_of(self, live: _Live, infos: Mapping[str, Any], index: int) -> tuple[Any, Any, Any]:
        """What the episode saw last that ended in a step which shows the next one's start."""
        from gym_gui.adapters.vector_batch import final_observation  # noqa: PLC0415 - with the first episode

        value = final_observation(infos, index)
        observation = None if value is None else live.parts.observation(value)
        told = infos.get("final_info")
        info = live.parts.info(told, index) if isinstance(told, dict) else {}
        return observation, live.pictures.in_observation(observation), info

    @staticmethod
    def _stats(live: _Live) -> dict[str, Any] | None:
        stats = live.normalization.read()
        return None if stats is None else {"normalization_stats": stats}

    @staticmethod
    def _owned_actions(live: _Live, actions: Any) -> list[Any]:
        if isinstance(actions, np.ndarray) and actions.ndim == 1 and actions.dtype.kind in "iu":
            whole: list[Any] = actions.tolist()
            return whole
        return [live.recorder.owned_action(action) for action in live.parts.actions(actions)]

    def _seeds_of(self, seed: Any) -> tuple[list[int | None], dict[str, Any]]:
        """Each sub-environment's own seed, and what its episode says where they share one generator."""
        from gym_gui.adapters.vector import seeds_apart  # noqa: PLC0415 - with the first episode

        if seed is None:
            return [None] * self.num_envs, {}
        if isinstance(seed, (Sequence, np.ndarray)):
            return [None if one is None else int(one) for one in seed], {}
        if not seeds_apart(self.env):
            return [None] * self.num_envs, {"vector_seed": int(seed)}
        return [int(seed) + index for index in range(self.num_envs)], {}


def _iterated(live: _Live, observations: Any) -> Any:
    # The first axis of an array counts the sub-environments; other batches are taken apart by their space.
    if not isinstance(observations, np.ndarray):
        return live.parts.observations(observations)
    return observations if observations.ndim > 1 else map(live.parts.observation, observations)

"""RecordTelemetry: one line around an environment, and everything that a training loop does in it is recorded.

Beside what it records it changes nothing: no seed, no answer, no exception of the environment's.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs

from gym_gui.adapters.foreign import one_line
from gym_gui.core.data_model import EpisodeStatus
from gym_gui.core.data_model.batch import NO_REWARD, TERMINATED, TRUNCATED
from gym_gui.core.data_model.episode import ACTOR
from gym_gui.core.typing_compat import override
from gym_gui.wrappers.opening import RecordingOptions
from gym_gui.wrappers.pictures import PictureSource
from gym_gui.wrappers.recording_part import Live, RecordingPart

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gym_gui.services.batch_destination import Order
    from gym_gui.wrappers.recorder import Recorder
    from gym_gui.wrappers.track import Track

_ENDS: Final = TERMINATED | TRUNCATED
_NO_OUTCOME: Final = (None, None, NO_REWARD)


class _Live(Live):
    """What of a wrapper belongs to one process and is never pickled."""

    def __init__(self, env: gym.Env[Any, Any], recorder: Recorder) -> None:
        from gym_gui.adapters.normalization import NormalizationProbe  # noqa: PLC0415 - with the first episode
        from gym_gui.adapters.view_source import ViewSource, view_maker_of  # noqa: PLC0415 - same
        from gym_gui.wrappers.track import Track  # noqa: PLC0415 - same

        self.track: Track = Track()
        super().__init__(recorder, [self.track])
        self.pictures = PictureSource(env)
        self.views = ViewSource(partial(view_maker_of, env), type(env.unwrapped).__name__)
        self.normalization = NormalizationProbe(env)
        self.autoreset = _resets_itself(env)


class RecordTelemetry(RecordingPart[_Live], gym.Wrapper[Any, Any, Any, Any], RecordConstructorArgs):
    """Records every episode of an environment, in the style of Gymnasium's ``RecordVideo``.

    Given a vector environment it is a `RecordTelemetryVector`. Nothing is opened before the first ``reset``, so that
    it can be pickled and sent to other processes; a process that was forked records on its own.

    Args:
        env: The environment. Pictures are recorded where it was made with ``render_mode="rgb_array"``. Of the same
            episodes drawings are recorded: grids of toy text and of worlds like MiniGrid's, graphs, and the text of
            ``render_mode="ansi"``.
        run: The run's name: letters, digits, ``.``, ``_``, ``-``. Where it is taken, ``-2`` and so on follow.
        frames: Whose pictures are kept: ``all``, ``none``, ``every:N`` (episodes 0, N, 2N, …) or ``best`` (an episode
            whose return exceeds all before). Others are not even rendered, but for ``best``.
        to: ``host:port`` of a trainer. None records into a var folder of this machine, unless ``GYM_GUI_TRAINER``
            names a trainer.
        observations: Whether observations are kept. None keeps those that are no pictures; pictures follow *frames*.
        var_dir: The var folder; None for what ``GYM_GUI_VAR_DIR`` says, else the default.
        player: Who acts, as the library shows it.
        metadata: Anything else worth keeping with the run, JSON values.
        env_id: What the environment is listed as, where it was made without ``gymnasium.make`` and says nothing itself.
        live: Whether windows of this machine are shown the newest picture.
        on_order: Answers a trainer's orders: outcome and detail, or None for the wrapper's own answer. Called on
            another thread.
        publish_as: Run and worker to be towards a trainer; None for what the process's variables say.
        make_destination: Makes the destination from the run's record and spaces; for tests and other recorders.

    Attributes:
        stop_requested: Whether a trainer asked for the end; a loop may look, none is forced.

    Raises:
        ConfigError: *frames* or *observations* is not one of these.
        InvalidRunIdError: *run* cannot name a run.
    """

    def __new__(cls, env: Any = None, *args: Any, **kwargs: Any) -> Any:
        """A wrapper for a single environment, or the one for vectors."""
        from gymnasium.vector import VectorEnv  # noqa: PLC0415 - loaded with Gymnasium

        if isinstance(env, VectorEnv):
            from gym_gui.wrappers.record_vector import RecordTelemetryVector  # noqa: PLC0415 - imports this module

            return RecordTelemetryVector(env, *args, **kwargs)
        return super().__new__(cls)

    def __init__(
        self,
        env: gym.Env[Any, Any],
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
        publish_as: tuple[str, str] | None = None,
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
            publish_as=publish_as,
            make_destination=make_destination,
        )
        RecordConstructorArgs.__init__(self, run=run, frames=frames, to=to, observations=observations)
        gym.Wrapper.__init__(self, env)
        self._set_up(options)

    # What a training loop calls.

    @override
    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        live = self._opened()
        given = None if options is None else dict(options)  # an environment may take out what it understands
        try:
            result: tuple[Any, dict[str, Any]] = self.env.reset(seed=seed, options=options)
        except Exception as fault:
            if live is not None:
                self._guarded(self._faulted_reset, live, seed, given, fault)
            raise
        if live is not None:
            self._guarded(self._began, live, result, seed, given)
        return result

    @override
    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        live = self._live
        if live is None or live.recorder.is_closed:
            live = self._going_on()
        if live is None:
            untouched: tuple[Any, Any, bool, bool, dict[str, Any]] = self.env.step(action)
            return untouched
        recorder = live.recorder
        if recorder.orders.is_paused:
            recorder.orders.wait_while_paused()
        kind = type(action)
        if kind is int:
            taken = action
        elif kind is np.int64 and recorder.discrete:  # what learners give
            taken = int(action)
        else:
            taken = self._guarded(recorder.owned_action, action)
        try:
            result: tuple[Any, Any, bool, bool, dict[str, Any]] = self.env.step(action)
        except Exception as fault:
            self._guarded(recorder.end, live.track, EpisodeStatus.FAULTED, f"step() raised {one_line(fault)}.")
            raise
        try:
            self._stepped(live, recorder, taken, result)
        except Exception as fault:  # noqa: BLE001 - a recording never ends a training
            self._said.fault("A step is not recorded", fault)
        return result

    @override
    def close(self) -> None:
        try:
            super().close()
        finally:
            self.end_recording()

    # What is recorded.

    @override
    def _make_live(self, recorder: Recorder) -> _Live:
        return _Live(self.env, recorder)

    @override
    def _go_on(self, live: _Live, broken: _Live) -> None:
        super()._go_on(live, broken)
        if live.track.is_open:
            self._row(live, None, {})  # what was seen last is gone; a picture of it can still be had

    def _began(self, live: _Live, result: Any, seed: int | None, options: dict[str, Any] | None) -> None:
        observation, info = result
        live.pictures.restart()
        facts = {} if seed is not None else _generator_of(self.env, is_first=live.track.rollup is None)
        live.recorder.begin(live.track, seed=seed, options=options, metadata=facts)
        self._row(live, observation, info)

    def _stepped(self, live: _Live, recorder: Recorder, taken: Any, result: Any) -> None:
        observation, reward, terminated, truncated, info = result
        track = live.track
        if not track.is_open:
            if live.autoreset:
                recorder.begin(track, seed=None, options=None, metadata={})
                self._row(live, observation, info)
            return  # else a step after the end: nothing that an episode could hold
        flags = (TERMINATED if terminated else 0) | (TRUNCATED if truncated else 0)
        if track.draws or live.normalization.is_needed:
            self._row(live, observation, info, (taken, reward, flags))
        else:  # nearly every step of a training; each call less is a fiftieth of what a step costs
            recorder.row(track, observation, None, info, None, taken, reward, flags)
        if info and type(info) is dict and ACTOR in info:
            track.note_actor(info[ACTOR])
        if flags:
            recorder.end(track)

    def _row(self, live: _Live, observation: Any, info: Any, outcome: tuple[Any, Any, int] = _NO_OUTCOME) -> None:
        picture = live.pictures.of(observation) if live.track.draws else None
        if picture is not None and picture is not observation and live.pictures.same(picture, observation):
            picture = observation
        stats = live.normalization.read()
        extra = None if stats is None else {"normalization_stats": stats}
        if live.track.draws:
            view = live.views.of(observation, is_over=bool(outcome[2] & _ENDS))
            if view is not None:
                extra = {**(extra or {}), "view": view}
        live.recorder.row(live.track, observation, picture, info, extra, *outcome)

    def _faulted_reset(self, live: _Live, seed: int | None, options: Any, fault: Exception) -> None:
        live.recorder.begin(live.track, seed=seed, options=options, metadata={})
        live.recorder.end(live.track, EpisodeStatus.FAULTED, f"reset() raised {one_line(fault)}.")


def _resets_itself(env: Any) -> bool:
    layer: Any = env
    while isinstance(layer, gym.Wrapper):
        if type(layer).__name__ == "Autoreset":
            return True
        layer = layer.env
    return False


def _generator_of(env: gym.Env[Any, Any], *, is_first: bool) -> dict[str, Any]:
    """The seed that an environment drew for itself, where it says one; only a first episode starts from it."""
    drawn = getattr(env.unwrapped, "_np_random_seed", None) if is_first else None
    return {"generator_seed": drawn} if isinstance(drawn, int) and drawn >= 0 else {}

"""RecordTelemetry: one line around an environment, and everything that a training loop does in it is recorded.

Beside what it records it changes nothing: no seed, no answer, no exception of the environment's.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import gymnasium as gym
from gymnasium.utils import RecordConstructorArgs

from gym_gui.adapters.foreign import one_line
from gym_gui.core.data_model import EpisodeStatus, RunState
from gym_gui.core.data_model.batch import NO_REWARD, TERMINATED, TRUNCATED
from gym_gui.core.errors import GymGuiError
from gym_gui.core.typing_compat import override
from gym_gui.wrappers import lifecycle
from gym_gui.wrappers.opening import OpeningAttempts, RecordingOptions, open_recorder
from gym_gui.wrappers.pictures import PictureSource
from gym_gui.wrappers.said_once import SaidOnce

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gym_gui.services.batch_destination import Order
    from gym_gui.wrappers.recorder import Recorder, Track

_LOGGER = logging.getLogger(__name__)
_ENDS: Final = TERMINATED | TRUNCATED


class _Live:
    """What of a wrapper belongs to one process and is never pickled."""

    def __init__(self, env: gym.Env[Any, Any], recorder: Recorder) -> None:
        from gym_gui.adapters.normalization import NormalizationProbe  # noqa: PLC0415 - with the first episode
        from gym_gui.wrappers.recorder import Track  # noqa: PLC0415 - same

        self.recorder = recorder
        self.track: Track = Track()
        self.pictures = PictureSource(env)
        self.normalization = NormalizationProbe(env)
        self.autoreset = _resets_itself(env)


class RecordTelemetry(gym.Wrapper[Any, Any, Any, Any], RecordConstructorArgs):
    """Records every episode of an environment, in the style of Gymnasium's ``RecordVideo``.

    Given a vector environment it is a `RecordTelemetryVector`. Nothing is opened before the first ``reset``, so that
    it can be pickled and sent to other processes; a process that was forked records on its own.

    Args:
        env: The environment. Pictures are recorded where it was made with ``render_mode="rgb_array"``.
        run: The run's name: letters, digits, ``.``, ``_``, ``-``. Where it is taken, ``-2`` and so on follow.
        frames: Whose pictures are kept: ``all``, ``none``, ``every:N`` (episodes 0, N, 2N, …) or ``best`` (an episode
            whose return exceeds all before). Others are not even rendered, but for ``best``.
        to: ``host:port`` of a trainer. None records into a var folder of this machine, unless ``GYM_GUI_TRAINER``
            names a trainer.
        observations: Whether observations are kept. None keeps those that are no pictures; pictures follow *frames*.
        var_dir: The var folder; None for what ``GYM_GUI_VAR_DIR`` says, else the default.
        player: Who acts, as the library shows it.
        metadata: Anything else worth keeping with the run, JSON values.
        live: Whether windows of this machine are shown the newest picture.
        on_order: Answers a trainer's orders: outcome and detail, or None for the wrapper's own answer. Called on
            another thread.
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
        live: bool = True,
        on_order: Callable[[Order], tuple[str, str] | None] | None = None,
        make_destination: Any = None,
    ) -> None:
        self._options = RecordingOptions(
            run=run,
            frames=frames,
            to=to,
            observations=observations,
            var_dir=None if var_dir is None else str(var_dir),
            player=player,
            metadata=metadata,
            live=live,
            on_order=on_order,
            make_destination=make_destination,
        )
        RecordConstructorArgs.__init__(self, run=run, frames=frames, to=to, observations=observations)
        gym.Wrapper.__init__(self, env)
        self._live: _Live | None = None
        self._attempts = OpeningAttempts()
        self._said = SaidOnce(_LOGGER)

    # What a training loop calls.

    @override
    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        live = self._opened()
        try:
            result = self.env.reset(seed=seed, options=options)
        except Exception as fault:
            if live is not None:
                self._guarded(self._faulted_reset, live, seed, options, fault)
            raise
        if live is not None:
            self._guarded(self._began, live, result, seed, options)
        return result

    @override
    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        live = self._live
        if live is None or live.recorder.is_closed:
            return self.env.step(action)
        recorder = live.recorder
        recorder.wait_while_paused()
        taken = self._guarded(recorder.owned_action, action)
        try:
            result = self.env.step(action)
        except Exception as fault:
            self._guarded(recorder.end, live.track, EpisodeStatus.FAULTED, f"step() raised {one_line(fault)}.")
            raise
        try:
            self._stepped(live, taken, result)
        except Exception as fault:  # noqa: BLE001 - a recording never ends a training
            self._said.fault("A step is not recorded", fault)
        return result

    @override
    def close(self) -> None:
        try:
            super().close()
        finally:
            self.end_recording()

    def end_recording(self, state: RunState = RunState.COMPLETED, reason: str = "") -> None:
        """End the run; everything is on disk, or spooled, when this returns. The environment stays open."""
        live, self._live = self._live, None
        if live is not None and not lifecycle.is_foreign(live.recorder):
            live.recorder.close(state, reason)
            lifecycle.closed(live.recorder)

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until everything recorded so far is on disk; whether it is."""
        live = self._live
        return live is None or bool(self._guarded(live.recorder.flush, timeout_s))

    @property
    def run_id(self) -> str | None:
        """What the run is called; None before the first ``reset``."""
        return None if self._live is None else self._live.recorder.destination.run_id

    @property
    def stop_requested(self) -> bool:
        """Whether a trainer asked for the end."""
        return self._live is not None and self._live.recorder.stop_requested

    # What is recorded.

    def _opened(self) -> _Live | None:
        """The recorder, opened at the first call in this process; None where the world refuses it."""
        live = self._live
        if live is not None and not live.recorder.is_closed and not lifecycle.is_foreign(live.recorder):
            return live
        self._live = None
        if not self._attempts.is_due:
            return None
        try:
            self._live = _Live(self.env, open_recorder(self.env, self._options))
        except Exception as fault:  # noqa: BLE001 - a recording that cannot be opened never ends a training
            self._attempts.failed()
            self._said.fault("Nothing is recorded", fault.message if isinstance(fault, GymGuiError) else fault)
        return self._live

    def _began(self, live: _Live, result: Any, seed: int | None, options: dict[str, Any] | None) -> None:
        observation, info = result
        live.pictures.restart()
        facts = {} if seed is not None else _generator_of(self.env, is_first=live.track.rollup is None)
        kept = None if options is None else dict(options)
        live.recorder.begin(live.track, seed=seed, options=kept, metadata=facts)
        self._row(live, observation, info)

    def _stepped(self, live: _Live, taken: Any, result: Any) -> None:
        observation, reward, terminated, truncated, info = result
        track = live.track
        if not track.is_open:
            if not live.autoreset:
                return  # a step after the end: nothing that an episode could hold
            live.recorder.begin(track, seed=None, options=None, metadata={})
            self._row(live, observation, info)
            return
        flags = (TERMINATED if terminated else 0) | (TRUNCATED if truncated else 0)
        self._row(live, observation, info, taken, reward, flags)
        if flags & _ENDS:
            live.recorder.end(track)

    def _row(
        self, live: _Live, observation: Any, info: Any, action: Any = None, reward: Any = None, flags: int = NO_REWARD
    ) -> None:
        picture = live.pictures.of(observation) if live.track.draws else None
        if picture is not None and picture is not observation and live.pictures.same(picture, observation):
            picture = observation
        stats = live.normalization.read()
        extra = None if stats is None else {"normalization_stats": stats}
        live.recorder.row(live.track, observation, picture, info, extra, action, reward, flags)

    def _faulted_reset(self, live: _Live, seed: int | None, options: Any, fault: Exception) -> None:
        live.recorder.begin(live.track, seed=seed, options=options, metadata={})
        live.recorder.end(live.track, EpisodeStatus.FAULTED, f"reset() raised {one_line(fault)}.")

    def _guarded(self, work: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return work(*arguments)
        except Exception as fault:  # noqa: BLE001 - a recording never ends a training
            self._said.fault("A step is not recorded", fault)
            return None

    # Other processes.

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        state["_live"] = None
        state["_said"] = None
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._said = SaidOnce(_LOGGER)

    def __del__(self) -> None:
        # The interpreter may be half gone; at its end `lifecycle` has been here before.
        with suppress(Exception):
            self.end_recording()


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

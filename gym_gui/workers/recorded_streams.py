"""RecordedStreams: a worker's recording: one stream for all environments that it learns in, one for evaluations.

Where a trainer started the process, its variables say so and both go there; else into this machine's var folder, where
evaluations are a run of their own in the same group.
"""

from __future__ import annotations

import logging
import time
from multiprocessing import parent_process
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.typing_compat import override
from gym_gui.services.trainer.config import EVALUATION_SUFFIX
from gym_gui.wrappers import lifecycle
from gym_gui.wrappers.opening import RecordingOptions, open_recorder
from gym_gui.wrappers.record_telemetry import RecordTelemetry
from gym_gui.wrappers.record_vector import RecordTelemetryVector
from gym_gui.wrappers.scalar_log import scalars_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gymnasium import Env
    from gymnasium.vector import VectorEnv

    from gym_gui.core.data_model import RunState
    from gym_gui.services.batch_destination import Order, WorkerDestination
    from gym_gui.workers.place import WorkerPlace
    from gym_gui.wrappers.recorder import Recorder

_LOGGER = logging.getLogger(__name__)
# All recordings together, a little less than a worker has: beyond it, it would be killed with its outcome unsaid.
_END_S: Final = 8.0
_LEAST_END_S: Final = 0.25


class RecordedStreams:
    """The recording of one worker's process.

    Args:
        place: Which run, where.
        seed: Of everything random, to be told with the run.
    """

    def __init__(self, place: WorkerPlace, *, seed: int) -> None:
        self._place = place
        config = place.config
        self._player = config.algorithm or config.worker
        self._metadata: dict[str, object] = {
            "name": config.name or place.run_id,
            "training": config.digest(),
            "seed": seed,
        }
        if place.steps_before:
            self._metadata["steps_before"] = place.steps_before
        self._obey: Callable[[Order], tuple[str, str] | None] | None = None
        self._main: Recorder | None = None
        self._environments = 0
        # A learner's small grey pictures say nothing that the game's own do not.
        self._observations = False if config.atari else None

    def __getstate__(self) -> dict[str, Any]:
        """What goes along with an environment into a process of its own; there it records for itself."""
        return {**self.__dict__, "_main": None, "_obey": None}

    def listen(self, obey: Callable[[Order], tuple[str, str] | None]) -> None:
        """Say who deals with orders; before anything is recorded."""
        self._obey = obey

    def announce(self, env: Env[Any, Any]) -> None:
        """Begin the worker's own stream with what *env* is like; for one whose environments live elsewhere."""
        self.main_recorder(env)

    def training(self, env: Env[Any, Any]) -> Env[Any, Any]:
        """*env* with its training episodes recorded: in the worker's process all of them in one stream."""
        if parent_process() is not None:
            config = self._place.config
            return RecordTelemetry(
                env,
                run=self._place.run_id,
                frames=config.frames,
                observations=self._observations,
                player=self._player,
                metadata=self._metadata,
            )
        name = f"env-{self._environments:03d}-" if self._place.config.num_envs > 1 else ""
        self._environments += 1
        return _OneOfMany(env, self, name=name)

    def training_vector(self, envs: VectorEnv[Any, Any, Any]) -> VectorEnv[Any, Any, Any]:
        """Likewise, of a vector environment."""
        return RecordTelemetryVector(
            envs,
            run=self._place.run_id,
            frames=self._place.config.frames,
            player=self._player,
            metadata=self._metadata,
            on_order=self._obey,
        )

    def evaluation(self, env: Env[Any, Any]) -> Env[Any, Any]:
        """*env* with its episodes recorded as a stream of their own, with all their pictures."""
        return RecordTelemetry(
            env,
            run=self._place.run_id + EVALUATION_SUFFIX,
            frames="all",
            observations=self._observations,
            player=self._player,
            metadata={**self._metadata, "group": self._place.run_id, "evaluation": True},
            on_order=self._obey,
            publish_as=(self._place.run_id, self._place.worker_id + EVALUATION_SUFFIX),
        )

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Keep numbers of the learner, in the worker's own stream."""
        recorder = self._main or lifecycle.newest()
        if recorder is not None:
            recorder.log(scalars_of(step, dict(values)))

    def destinations(self) -> Sequence[WorkerDestination]:
        """The worker's own, once it is open."""
        return () if self._main is None else (self._main.destination,)

    def close(self, state: RunState, reason: str) -> None:
        """End every recording of this process, what a script opened included."""
        deadline_s = time.monotonic() + _END_S
        while (recorder := lifecycle.newest()) is not None:
            # A recorder may take that long twice: to send what it holds, and to hear that it is kept.
            left_s = max(_LEAST_END_S, (deadline_s - time.monotonic()) / 2)
            recorder.close(state, reason, timeout_s=left_s)
            lifecycle.closed(recorder)
        self._main = None

    def main_recorder(self, env: Any) -> Recorder:
        """The worker's own recorder, opened for an environment like *env* where it is not yet.

        Raises:
            EnvironmentFault: the destination cannot be opened.
        """
        if self._main is None:
            self._main = open_recorder(
                env,
                RecordingOptions(
                    run=self._place.run_id,
                    frames=self._place.config.frames,
                    player=self._player,
                    observations=self._observations,
                    metadata=self._metadata,
                    on_order=self._obey,
                ),
                _LOGGER.warning,
            )
        return self._main


class _OneOfMany(RecordTelemetry):
    """One of the environments that a worker's process learns in: a track of the worker's own recorder."""

    def __init__(self, env: Env[Any, Any], streams: RecordedStreams, *, name: str) -> None:
        super().__init__(env)
        self._streams = streams
        self._name = name

    @override
    def _opened(self) -> Any:
        live = self._live
        if live is not None and not live.recorder.is_closed:
            return live
        self._live = None
        if not self._attempts.is_due:
            return None
        try:
            live = self._live = self._make_live(self._streams.main_recorder(self.env))
            live.track.name = self._name
        except Exception as fault:  # noqa: BLE001 - a recording that cannot be opened never ends a training
            self._attempts.failed()
            self._said.fault("Nothing is recorded", fault)
        return self._live

    @override
    def end_recording(self, state: RunState | None = None, reason: str = "") -> None:
        """Let go; the recorder is shared, and ends with the worker."""
        self._live = None

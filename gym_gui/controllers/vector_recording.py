"""Recording several environments side by side: one policy a sub-environment, each with an episode stream of its own.

Runs on the caller's thread, which waits where the disk is slower than the games.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from gym_gui.adapters.catalog import make_adapter
from gym_gui.adapters.generic import GymnasiumAdapter
from gym_gui.adapters.stepper import make_run_record
from gym_gui.adapters.vector import VectorStepper
from gym_gui.adapters.vector_opening import open_vector
from gym_gui.controllers.policies import Policy, make_policy
from gym_gui.controllers.recording import Recording, RecordingRequest, RecordingResult, StepObserver, carry_out
from gym_gui.core.data_model import EpisodeStatus, StepRecord
from gym_gui.core.errors import (
    EnvironmentRaisedError,
    EnvironmentUnusableError,
    InvalidActionError,
    SchemaMismatchError,
)
from gym_gui.core.schema.step_payload import AutoresetMode
from gym_gui.core.typing_compat import override

if TYPE_CHECKING:
    from collections.abc import Callable

    from gym_gui.adapters.vector import StreamEvents
    from gym_gui.core.data_model import EpisodeRollup
    from gym_gui.services.bootstrap import Services


def record_vector(
    services: Services,
    request: RecordingRequest,
    *,
    on_step: StepObserver | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> RecordingResult:
    """Record ``request.num_envs`` environments of one kind; when it returns, everything is on disk.

    It ends after ``request.episodes`` whole episodes of all together (as many as there are environments by default) or
    ``request.steps`` actions of all together; episodes that are open then are kept as *abandoned*, but not those that
    only began with the last step.

    Args:
        services: The running pipeline.
        request: What to record.
        on_step: Called with each attached step, on this thread.
        should_stop: Asked before each step of the vector.

    Raises:
        EnvironmentFault: the environment cannot be opened so often, or nothing at all could be stored.
    """
    number = request.num_envs or 1
    mode = AutoresetMode(request.autoreset_mode)
    # One alone says what the run is about, and whose actions there are.
    adapter = make_adapter(request.env_id, env_kwargs=request.env_kwargs, render=request.render)
    try:
        if request.as_human or not isinstance(adapter, GymnasiumAdapter):
            raise EnvironmentUnusableError(
                f"{request.env_id} cannot be played {number} times by one person.", hint="Leave --as-human out."
            )
        policies = [make_policy(request.policy, adapter.seat()) for _ in range(number)]
        vector = {"num_envs": number, "vectorization": request.vectorization, "autoreset_mode": mode.value}
        run = make_run_record(adapter, player=request.policy, metadata={"vector": vector})
        envs = open_vector(
            request.env_id,
            num_envs=number,
            vectorization=request.vectorization,
            autoreset_mode=mode,
            env_kwargs=request.env_kwargs,
            render=request.render,
        )
        try:
            stepper = VectorStepper(envs, run, render=request.render)
            recording = _SideBySide(services, stepper, policies, request, on_step=on_step, should_stop=should_stop)
            return carry_out(
                services, recording, run, spaces=adapter.spaces, warning=lambda: adapter.description.warning
            )
        finally:
            envs.close()
    finally:
        adapter.close()


class _SideBySide(Recording):
    """Several environments, a step of each at a time."""

    def __init__(
        self,
        services: Services,
        stepper: VectorStepper,
        policies: list[Policy],
        request: RecordingRequest,
        *,
        on_step: StepObserver | None,
        should_stop: Callable[[], bool] | None,
    ) -> None:
        super().__init__(services, request, on_step=on_step, should_stop=should_stop)
        self._stepper = stepper
        self._policies = policies
        self._begun = 0
        self._completed = 0
        # Begun by an automatic reset and not told yet: the vector may end before their first action.
        self._openings: dict[str, list[EpisodeRollup | StepRecord]] = {}

    @override
    def play(self, seed: int) -> None:
        stepper = self._stepper
        wanted = self.request.episodes
        if wanted is None and self.request.steps is None:
            wanted = stepper.num_envs
        status: EpisodeStatus | None = None
        try:
            self._publish(stepper.reset(seed=seed), seed)
            self._tell_openings()
            while not self._has_enough(wanted) and not self.is_over():
                self._step(seed)
        except (EnvironmentRaisedError, InvalidActionError, SchemaMismatchError) as error:
            self.fault, status = str(error), EpisodeStatus.FAULTED
        finally:
            for rollup in stepper.finish(status, self.fault or None):
                if rollup.episode_id not in self._openings:
                    self.complete(rollup)

    def _has_enough(self, episodes: int | None) -> bool:
        # A step of the vector is a step of each: the last one may bring more of both than was asked for.
        if self.request.steps is not None and self.steps_left <= 0:
            return True
        return episodes is not None and self._completed >= episodes

    def _step(self, seed: int) -> None:
        stepper = self._stepper
        ended = stepper.ended
        if ended.any() and stepper.autoreset_mode is AutoresetMode.DISABLED:
            later = count(seed + self._begun)
            seeds = [next(later) if over else None for over in ended]
            self._publish(stepper.reset(seed=seeds, mask=ended), seed)
            self._tell_openings()
            ended[:] = False
        actions = [
            None if over else policy.act(stepper.last(index))
            for index, (policy, over) in enumerate(zip(self._policies, ended, strict=True))
        ]
        try:
            events = stepper.step(stepper.batch(actions))
        except EnvironmentRaisedError:
            self._tell_openings()  # it may have been their first action
            raise
        self._publish(events, seed)

    def _publish(self, events: StreamEvents, seed: int) -> None:
        for event in events:
            if isinstance(event, StepRecord):
                if event.step_index == 0:
                    self._openings[event.episode_id].append(event)
                    continue
                self._tell_opening(event.episode_id)
                self.keep(event)
                self.steps_left -= 1
            elif event.status is EpisodeStatus.RUNNING:
                self._openings[event.episode_id] = [event]
                self._policies[event.metadata["vector_index"]].reset(seed + self._begun)
                self._begun += 1
            else:
                self.complete(event)
                self._completed += 1

    def _tell_openings(self) -> None:
        for episode_id in list(self._openings):
            self._tell_opening(episode_id)

    def _tell_opening(self, episode_id: str) -> None:
        for event in self._openings.pop(episode_id, ()):
            if isinstance(event, StepRecord):
                self.keep(event)
            else:
                self.telemetry.record_episode_start(event)

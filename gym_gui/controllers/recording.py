"""Recording without a window: a policy plays episodes, and everything is kept.

Runs on the caller's thread, which waits where the disk is slower than the game.
"""

from __future__ import annotations

import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from gym_gui.adapters.catalog import make_adapter
from gym_gui.adapters.stepper import EpisodeStepper, make_run_record
from gym_gui.controllers.policies import Policy, make_policy
from gym_gui.core.data_model import EpisodeStatus, RunState, StepRecord
from gym_gui.core.errors import EnvironmentRaisedError, InvalidActionError, SchemaMismatchError, StoreError
from gym_gui.core.typing_compat import override

if TYPE_CHECKING:
    from gym_gui.adapters.multi_agent import MultiAgentStepper
    from gym_gui.core.data_model import EpisodeRollup, RunRecord, RunSummary
    from gym_gui.core.schema.run_spaces import RunSpaces
    from gym_gui.services.bootstrap import Archive, Services

StepObserver: TypeAlias = Callable[[StepRecord], None]
_MAX_SEED = 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRequest:
    """What to record.

    Attributes:
        env_id: The environment.
        env_kwargs: Keyword arguments of ``gymnasium.make``.
        policy: ``random``, ``idle`` or ``bot``.
        episodes: Whole episodes to record; None for no limit of that kind.
        steps: Actions to take over all episodes; None for no limit of that kind.
        seed: Seed of the first episode; the next ones count up from it. None picks one.
        as_human: Open the environment as for a person: Atari at 60 steps a second, no sticky actions.
        render: Whether pictures are recorded.
        num_envs: Record so many environments side by side; None for one alone.
        vectorization: ``sync`` or ``async``; of several.
        autoreset_mode: ``next_step``, ``same_step`` or ``disabled``; of several.
    """

    env_id: str
    env_kwargs: Mapping[str, Any] = field(default_factory=dict)
    policy: str = "random"
    episodes: int | None = None
    steps: int | None = None
    seed: int | None = None
    as_human: bool = False
    render: bool = True
    num_envs: int | None = None
    vectorization: str = "sync"
    autoreset_mode: str = "next_step"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingResult:
    """What was recorded.

    Attributes:
        run_id: The new run.
        env_id: Its environment.
        seed: Seed of the first episode.
        episodes: Episodes begun.
        cut_off: How many of them are not whole: open when the recording ended, or ended by a fault.
        steps: Actions taken.
        frames: Pictures on disk.
        dropped_frames: Pictures that are not.
        size_bytes: Bytes that the run takes on disk.
        wall_s: Seconds from the first reset to the last byte on disk.
        stopped: Whether it was stopped before it was done.
        fault: One sentence where the environment raised or the disk refused; empty otherwise.
        warning: One sentence that a person should read; empty otherwise.
    """

    run_id: str
    env_id: str
    seed: int
    episodes: int
    cut_off: int
    steps: int
    frames: int
    dropped_frames: int
    size_bytes: int
    wall_s: float
    stopped: bool = False
    fault: str = ""
    warning: str = ""


def record(
    services: Services,
    request: RecordingRequest,
    *,
    on_step: StepObserver | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> RecordingResult:
    """Record what *request* asks for; when it returns, everything is on disk.

    Args:
        services: The running pipeline.
        request: What to record.
        on_step: Called with each attached step, on this thread.
        should_stop: Asked before each step.

    What the environment raises, an action that it does not take, and a disk that refuses end the recording and are told
    in the result: what came before is kept.

    Raises:
        EnvironmentFault: the environment cannot be opened, or nothing at all could be stored.
    """
    adapter = make_adapter(request.env_id, env_kwargs=request.env_kwargs, human=request.as_human, render=request.render)
    try:
        policy = make_policy(request.policy, adapter)
        keep_sound = services.settings.keeps_sound
        run = make_run_record(adapter, player=request.policy, keep_sound=keep_sound)
        stepper = EpisodeStepper(adapter, run, keep_sound=keep_sound)
        recording = _OneByOne(services, stepper, policy, request, on_step=on_step, should_stop=should_stop)
        return carry_out(
            services,
            recording,
            run,
            spaces=adapter.spaces,
            warning=lambda: adapter.description.warning or adapter.frame_note,
        )
    finally:
        adapter.close()


def carry_out(
    services: Services, recording: Recording, run: RunRecord, *, spaces: RunSpaces | None, warning: Callable[[], str]
) -> RecordingResult:
    """Play *recording* as *run*; when it returns, everything is on disk.

    Args:
        services: The running pipeline.
        recording: What is played.
        run: Its record.
        spaces: What its steps are checked against.
        warning: Asked at the end: one sentence that a person should read, or nothing.

    Raises:
        StoreError: nothing at all could be stored.
    """
    chosen = recording.request.seed
    seed = chosen if chosen is not None else secrets.randbelow(_MAX_SEED)
    started_s = time.perf_counter()
    services.telemetry.start_run(run, spaces=spaces)
    state = RunState.FAULTED
    try:
        recording.play(seed)
        state = RunState.FAULTED if recording.fault else RunState.COMPLETED
    finally:
        services.telemetry.end_run(run.run_id, state)
    recording.settle()
    summary = _summary(services, run.run_id)
    return RecordingResult(
        run_id=run.run_id,
        env_id=run.env_id,
        seed=seed,
        episodes=summary.episodes,
        cut_off=min(recording.cut_off, summary.episodes),
        steps=summary.steps,
        frames=summary.frames,
        # Where it was chosen that nothing is kept, nothing was dropped.
        dropped_frames=max(summary.dropped_frames, recording.frames - summary.frames) * services.settings.keeps_runs,
        size_bytes=summary.size_bytes,
        wall_s=round(time.perf_counter() - started_s, 3),
        stopped=recording.stopped,
        fault=recording.fault,
        warning=warning(),
    )


def recount(archive: Archive, result: RecordingResult) -> RecordingResult:
    """*result* as it is once the pipeline is closed: what a disk refused to the end is given up only then."""
    summary = next((one for one in archive.store.list_runs() if one.run.run_id == result.run_id), None)
    if summary is None:
        return result
    return replace(
        result,
        episodes=summary.episodes,
        cut_off=min(result.cut_off, summary.episodes),
        steps=summary.steps,
        frames=summary.frames,
        dropped_frames=result.frames + result.dropped_frames - summary.frames,
        size_bytes=summary.size_bytes,
    )


def _summary(services: Services, run_id: str) -> RunSummary:
    summary = next((one for one in services.store.list_runs() if one.run.run_id == run_id), None)
    if summary is None:
        status = services.telemetry.status()
        raise StoreError(f"Nothing of run {run_id} could be stored. {'' if status is None else status.fault}".strip())
    return summary


class Recording(ABC):
    """One run as it is played; knows how it ended.

    Args:
        services: The running pipeline.
        request: What to record.
        on_step: Called with each attached step, on this thread.
        should_stop: Asked before each step.

    Attributes:
        request: What to record.
        steps_left: Actions that may still be taken; negative for no limit.
        frames: Pictures handed to telemetry.
        cut_off: Episodes that did not come to their end.
        stopped: Whether it was asked to stop.
        fault: Why it could not go on.
    """

    def __init__(
        self,
        services: Services,
        request: RecordingRequest,
        *,
        on_step: StepObserver | None,
        should_stop: Callable[[], bool] | None,
    ) -> None:
        self.telemetry = services.telemetry
        self.request = request
        self._on_step = on_step or (lambda _step: None)
        self._should_stop = should_stop or (lambda: False)
        self.steps_left = request.steps if request.steps is not None else -1
        self.frames = 0
        self.cut_off = 0
        self.stopped = False
        self.fault = ""

    @abstractmethod
    def play(self, seed: int) -> None:
        """Play to the end of what was asked for, or to the first fault."""

    def settle(self) -> None:
        """Wait until everything is on disk, or the disk says that it will not be."""
        try:
            self.telemetry.flush()
        except StoreError as error:
            self.fault = self.fault or _for_good(error.message)
        status = self.telemetry.status()
        if status is not None:
            self.fault = self.fault or _for_good(status.fault)

    def keep(self, step: StepRecord) -> None:
        """Hand a step to telemetry."""
        self.frames += step.frame is not None
        self.telemetry.record_step(step)
        self._on_step(step)

    def complete(self, rollup: EpisodeRollup) -> None:
        """Tell telemetry that an episode is over."""
        self.cut_off += rollup.status is not EpisodeStatus.COMPLETED
        self.telemetry.complete_episode(rollup)

    def is_over(self) -> bool:
        """Whether somebody or something stopped it."""
        self.stopped = self.stopped or self._should_stop()
        status = self.telemetry.status()
        if status is not None and status.fault and not self.fault:
            # Nobody is here to make room: to wait for it would look like a hang.
            self.fault = _for_good(status.fault)
        return self.stopped or bool(self.fault)


class EpisodesInTurn(Recording):
    """One episode after the other, each with the seed after that of the one before.

    Args:
        services: The running pipeline.
        stepper: Plays the episodes.
        request: What to record.
        on_step: Called with each attached step.
        should_stop: Asked before each step.
    """

    def __init__(
        self,
        services: Services,
        stepper: EpisodeStepper | MultiAgentStepper,
        request: RecordingRequest,
        *,
        on_step: StepObserver | None,
        should_stop: Callable[[], bool] | None,
    ) -> None:
        super().__init__(services, request, on_step=on_step, should_stop=should_stop)
        self._ending = stepper

    @override
    def play(self, seed: int) -> None:
        episodes = self.request.episodes
        if episodes is None:
            episodes = 1 if self.request.steps is None else -1
        index = 0
        while index != episodes and self.steps_left != 0 and not self.is_over():
            self._play_episode(seed + index)
            index += 1

    def _play_episode(self, seed: int) -> None:
        status: EpisodeStatus | None = None
        try:
            self.take_steps(seed)
        except (EnvironmentRaisedError, InvalidActionError, SchemaMismatchError) as error:
            self.fault, status = str(error), EpisodeStatus.FAULTED
        finally:
            self.complete(self._ending.finish(status, self.fault or None))

    @abstractmethod
    def take_steps(self, seed: int) -> None:
        """Begin an episode and play it to its end, or to that of what was asked for; a fault is raised."""


class _OneByOne(EpisodesInTurn):
    """One environment, one episode after the other."""

    def __init__(
        self,
        services: Services,
        stepper: EpisodeStepper,
        policy: Policy,
        request: RecordingRequest,
        *,
        on_step: StepObserver | None,
        should_stop: Callable[[], bool] | None,
    ) -> None:
        super().__init__(services, stepper, request, on_step=on_step, should_stop=should_stop)
        self._stepper = stepper
        self._policy = policy

    @override
    def take_steps(self, seed: int) -> None:
        step = self._stepper.reset(seed=seed)
        self.telemetry.record_episode_start(self._stepper.rollup)
        self.keep(step)
        self._policy.reset(seed)
        while not step.done and self.steps_left != 0 and not self.is_over():
            step = self._stepper.step(self._policy.act(step))
            self.keep(step)
            self.steps_left -= 1


def _for_good(fault: str) -> str:
    """What storage says to a player, whose game goes on, as it is said where the recording ends."""
    return fault.replace(": recording goes on by itself", "")

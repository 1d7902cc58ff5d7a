"""A player over real recordings, and stand-ins for its screen, its clock and its threads."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

from recordings import Recordings, step_of

from gym_gui.controllers.replay import ReplayController
from gym_gui.controllers.tasks import ImmediateTaskRunner, Ticket

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from gym_gui.controllers.replay_columns import EpisodeColumns
    from gym_gui.controllers.replay_state import ReplayState, StepDetails
    from gym_gui.core.data_model import EpisodeRollup

T = TypeVar("T")


class Screen:
    """A view that remembers what it was told last, and every picture."""

    def __init__(self) -> None:
        self.state: ReplayState | None = None
        self.columns: EpisodeColumns | None = None
        self.frame: NDArray[np.uint8] | None = None
        self.frames: list[int] = []
        self.step: StepDetails | None = None

    def show_state(self, state: ReplayState) -> None:
        self.state = state

    def show_columns(self, columns: EpisodeColumns) -> None:
        self.columns = columns

    def show_frame(self, frame: NDArray[np.uint8] | None) -> None:
        self.frame = frame
        if frame is not None:
            self.frames.append(step_of(frame))

    def show_step(self, details: StepDetails | None) -> None:
        self.step = details


class HeldRunner:
    """Runs a task only when told to, so that a test decides what arrives when."""

    def __init__(self) -> None:
        self.waiting: deque[Callable[[], None]] = deque()

    def submit(
        self,
        work: Callable[[], T],
        on_done: Callable[[T], None] | None = None,
        on_error: Callable[[Exception], None] | None = None,
    ) -> Ticket:
        self.waiting.append(lambda: _done(ImmediateTaskRunner().submit(work, on_done, on_error)))
        return Ticket()

    def run_one(self) -> None:
        self.waiting.popleft()()

    def run_all(self) -> None:
        while self.waiting:
            self.run_one()


def _done(ticket: Ticket) -> None:
    assert not ticket.cancelled


class Clock:
    """A clock that stands until it is told."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class CountingFrames:
    """The real resolver, with a list of what was asked."""

    def __init__(self, recordings: Recordings) -> None:
        self._resolver = recordings.resolver
        self.asked: list[str] = []
        self.batches: list[list[str]] = []

    def require(self, ref: str) -> NDArray[Any]:
        self.asked.append(ref)
        return self._resolver.require(ref)

    def resolve_batch(self, refs: Sequence[str]) -> Sequence[NDArray[Any] | None]:
        self.batches.append(list(refs))
        return self._resolver.resolve_batch(refs)


class Desk:
    """A player over real recordings."""

    def __init__(self, recordings: Recordings, runner: Any = None) -> None:
        self.recordings = recordings
        self.screen = Screen()
        self.clock = Clock()
        self.heard: list[tuple[int, int, int]] = []
        self.frames = CountingFrames(recordings)
        self.player = ReplayController(
            recordings.store,
            self.frames,
            runner or ImmediateTaskRunner(),
            self.screen,
            now_s=self.clock,
            play_sound=lambda samples, rate_hz: self.heard.append((samples[0], len(samples), rate_hz)),
        )

    def open(self, rollup: EpisodeRollup, position: int = 0) -> ReplayController:
        self.player.open(rollup.run_id, rollup.episode_id, position=position)
        return self.player

    def advance(self, seconds: float) -> float | None:
        self.clock.now_s += seconds
        return self.player.tick(self.clock.now_s)

    @property
    def shown(self) -> int:
        assert self.screen.frame is not None
        return step_of(self.screen.frame)

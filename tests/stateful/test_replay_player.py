"""The player under any order of wishes, ticks and late answers: what is shown in the end is what was asked last."""

from __future__ import annotations

import tempfile
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
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

SHED = frozenset({7, 8, 30})
LENGTHS = (40, 12)


class PlayerMachine(RuleBasedStateMachine):
    """Drives a player whose tasks run only when a rule says so; it is its own view and its own frame source."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.recordings = Recordings(Path(self._folder.name))
        self.episodes: list[EpisodeRollup] = []
        for steps in LENGTHS:
            self.episodes.append(self.recordings.record(steps, shed=SHED))
            self.recordings.finish(self.episodes[-1].run_id)
        self.tasks: deque[Callable[[], None]] = deque()
        self.now_s = 0.0
        self.frame: NDArray[np.uint8] | None = None
        self.player = ReplayController(self.recordings.store, self, self, self, now_s=lambda: self.now_s)

    def teardown(self) -> None:
        self.recordings.close()
        self._folder.cleanup()

    # The task runner.

    def submit(
        self,
        work: Callable[[], T],
        on_done: Callable[[T], None] | None = None,
        on_error: Callable[[Exception], None] | None = None,
    ) -> Ticket:
        ticket = Ticket()

        def run() -> None:
            assert not ImmediateTaskRunner().submit(work, on_done, on_error).cancelled

        self.tasks.append(run)
        return ticket

    # The frame source.

    def require(self, ref: str) -> NDArray[Any]:
        return self.recordings.resolver.require(ref)

    def resolve_batch(self, refs: Sequence[str]) -> Sequence[NDArray[Any] | None]:
        return self.recordings.resolver.resolve_batch(list(refs))

    # The view.

    def show_state(self, state: ReplayState) -> None:
        assert 0 <= state.position <= state.last

    def show_columns(self, columns: EpisodeColumns) -> None:
        assert len(columns.shown) == len(columns)

    def show_frame(self, frame: NDArray[np.uint8] | None) -> None:
        self.frame = frame

    def show_step(self, details: StepDetails | None) -> None:
        if details is not None:
            assert details.position == self.player.state.position

    # What a person does, and what time does.

    @initialize()
    def start(self) -> None:
        self.open_episode(0)

    @rule(which=st.integers(0, 1))
    def open_episode(self, which: int) -> None:
        rollup = self.episodes[which]
        self.player.open(rollup.run_id, rollup.episode_id)

    @rule(position=st.integers(-5, 60))
    def seek(self, position: int) -> None:
        self.player.seek(position)

    @rule(rows=st.sampled_from([-10, -1, 1, 10]))
    def step(self, rows: int) -> None:
        self.player.step(rows)

    @rule(direction=st.sampled_from([-1, 0, 1]))
    def shuttle(self, direction: int) -> None:
        self.player.shuttle(direction)

    @rule()
    def toggle(self) -> None:
        self.player.toggle()

    @rule(loop=st.booleans())
    def set_loop(self, loop: bool) -> None:
        self.player.set_loop(loop)

    @rule(speed=st.sampled_from([0.1, 1.0, 16.0]))
    def set_speed(self, speed: float) -> None:
        self.player.set_speed(speed)

    @rule(seconds=st.sampled_from([0.0, 0.016, 0.3, 5.0]))
    def time_passes(self, seconds: float) -> None:
        self.now_s += seconds
        due_s = self.player.tick(self.now_s)
        assert due_s is None or due_s >= 0

    @rule()
    def one_answer_comes(self) -> None:
        if self.tasks:
            self.tasks.popleft()()

    @rule()
    def everything_comes_to_rest(self) -> None:
        while self.tasks:
            self.tasks.popleft()()
        state = self.player.state
        assert not state.loading
        assert state.length in {steps + 1 for steps in LENGTHS}
        assert self.frame is not None
        kept = max(row for row in range(state.position + 1) if row not in SHED)
        assert step_of(self.frame) == kept
        assert bool(state.message) == (kept != state.position)


TestPlayer = PlayerMachine.TestCase
TestPlayer.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)

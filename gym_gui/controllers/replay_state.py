"""What the player shows, frozen; and the face that shows it, as a Protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from gym_gui.core.data_model.run import KEPT_ELSEWHERE
from gym_gui.core.sound import sound_rate_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from gym_gui.controllers.replay_columns import AgentStep, EpisodeColumns
    from gym_gui.controllers.row_matter import RowMatter
    from gym_gui.core.data_model import EpisodeRollup, RunRecord, StepRecord

SPEEDS: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
SLOWEST: Final = SPEEDS[0]
FASTEST: Final = SPEEDS[-1]
RECORDED_WITHOUT_STEPS: Final = "This run was recorded without its steps: only what its episodes came to was kept."
NO_STEP_KEPT: Final = "No step of this episode was kept, only what it came to."


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayState:
    """Everything about the player but the picture and the rows.

    Attributes:
        run: The run of the open episode; None before one is open.
        episode: The open episode's rollup.
        position: The row the playhead stands on, 0-based.
        length: Rows of the episode: actions + 1; 0 before one is open.
        loaded: Rows that have been read so far.
        step_index: Step index of the row; equal to `position` unless rows were lost.
        playing: Whether time moves the playhead.
        direction: 1 forward, -1 backward.
        speed: Multiple of the run's own rate, 0.1 to 16.
        loop: Whether playing goes round at the end.
        loading: Whether rows are still being read.
        live: Whether the episode is still being recorded.
        message: One sentence where the picture is not the step's own; empty otherwise.
        missing: Whether there is no picture to show at all, so that `message` stands in its place.
        fault: One sentence where the episode could not be opened; empty otherwise.
    """

    run: RunRecord | None = None
    episode: EpisodeRollup | None = None
    position: int = 0
    length: int = 0
    loaded: int = 0
    step_index: int = 0
    playing: bool = False
    direction: int = 1
    speed: float = 1.0
    loop: bool = False
    loading: bool = False
    live: bool = False
    message: str = ""
    missing: bool = False
    fault: str = ""

    @property
    def has_sound(self) -> bool:
        """Whether the run was recorded with its sound."""
        return self.run is not None and sound_rate_of(self.run.metadata) is not None

    @property
    def why_empty(self) -> str:
        """One sentence where the episode has no steps to show, and will have none; empty otherwise."""
        if self.run is None or self.episode is None or self.loading or self.length or self.fault:
            return ""
        told = self.run.metadata.get(KEPT_ELSEWHERE)
        if isinstance(told, Mapping) and told.get("backend") == "none":
            return RECORDED_WITHOUT_STEPS
        return "" if self.live else NO_STEP_KEPT

    @property
    def last(self) -> int:
        """The last row's position; 0 where there is none."""
        return max(0, self.length - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDetails:
    """What the inspector tells about one row.

    Attributes:
        position: The row.
        step_index: Its step index.
        action: The action as text; empty after reset.
        action_name: What the action means, where that is known; empty otherwise.
        action_parts: What each number of a continuous action steers, and the number; empty where not known.
        reward: Of this step; None after reset.
        total_reward: Return up to and with this step.
        terminated: The environment ended the episode here.
        truncated: A limit ended it here.
        timestamp: When the step was taken, aware, UTC.
        frame_ref: ``h5://`` text of its own picture, or None.
        frame_size: Width and height of that picture, pixels; None while it was not read.
        note: Why there is no picture of its own; empty where there is.
        info: The environment's info; None while it is being read.
        matter: All that the row carries, of the first of `agents` where there are several; None while it is being read.
        agents: What each of several agents did, by name; empty where there is one only.
    """

    position: int
    step_index: int
    action: str
    action_name: str
    action_parts: tuple[tuple[str, str], ...]
    reward: float | None
    total_reward: float
    terminated: bool
    truncated: bool
    timestamp: datetime
    frame_ref: str | None
    frame_size: tuple[int, int] | None = None
    note: str
    info: Mapping[str, Any] | None
    matter: RowMatter | None = None
    agents: tuple[AgentStep, ...] = ()


class ReplayView(Protocol):
    """The face of a `ReplayController`; all calls come on the thread that the task runner answers on."""

    def show_state(self, state: ReplayState) -> None:
        """Something other than rows and picture changed."""

    def show_columns(self, columns: EpisodeColumns) -> None:
        """Rows arrived."""

    def show_frame(self, frame: NDArray[np.uint8] | None) -> None:
        """The picture to show now, ``uint8 (H, W, 3)``, read only; None for none."""

    def show_step(self, details: StepDetails | None) -> None:
        """The facts of the row under the playhead; None before there is one."""


class RowSource(Protocol):
    """Where runs and rows come from; each method may take long and is called in tasks only."""

    def get_run(self, run_id: str) -> RunRecord:
        """The run's record."""

    def get_episode(self, run_id: str, episode: str | int | None = None) -> EpisodeRollup:
        """The episode of this id or index; None: the last."""

    def load_steps(self, run_id: str, episode_id: str, *, start: int = 0, stop: int | None = None) -> list[StepRecord]:
        """Detached records from step *start* up to, not with, *stop*."""


class FrameSource(Protocol):
    """Where pictures come from; thread-safe, called in tasks only."""

    def require(self, ref: str) -> NDArray[Any]:
        """The array of *ref*; raises `FrameNotFoundError` with the reason."""

    def resolve_batch(self, refs: Sequence[str]) -> Sequence[NDArray[Any] | None]:
        """The arrays of *refs*, None where one cannot be had."""

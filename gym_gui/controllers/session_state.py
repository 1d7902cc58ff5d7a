"""Where a game stands: one frozen snapshot that a view compares with the one before."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gym_gui.adapters.controls import Binding


class Phase(StrEnum):
    """What the session is doing."""

    IDLE = "idle"
    LOADING = "loading"
    PLAYING = "playing"
    PAUSED = "paused"
    EPISODE_OVER = "episode-over"
    FAULTED = "faulted"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionState:
    """One game at one instant.

    Attributes:
        phase: What the session is doing.
        env_id: The game; empty when idle.
        run_id: The run being recorded; empty until the first reset succeeded.
        episode_index: 0-based.
        episode_id: The episode's id.
        seed: The seed that this episode was reset with.
        step: Actions taken in this episode.
        total_reward: The return so far, float64.
        elapsed_s: Seconds played in this episode; pauses do not count, and a single step counts as one period.
        speed: 0.25 to 4.
        true_hz: Steps a second over the last second, measured; 0 where nothing moves.
        target_hz: Steps a second asked for: the game's rate times the speed.
        late_frames: Frames of this game that came more than half a period late, or not at all.
        recording: Whether what happens is being recorded.
        turn_based: One key press is one step.
        terminated: The episode was ended by the game.
        truncated: The episode was ended by a limit.
        waiting: The episode is over, and the next one begins with a key press only.
        message: One sentence for the player; empty when there is nothing to say.
        hint: What the player can do about it.
        bindings: The keys of this game.
        has_sound: Whether this game can be heard.
        unanswered_s: Whole seconds that the environment has not answered for; 0 while it does.
    """

    phase: Phase = Phase.IDLE
    env_id: str = ""
    run_id: str = ""
    episode_index: int = 0
    episode_id: str = ""
    seed: int | None = None
    step: int = 0
    total_reward: float = 0.0
    elapsed_s: float = 0.0
    speed: float = 1.0
    true_hz: float = 0.0
    target_hz: float = 0.0
    late_frames: int = 0
    recording: bool = False
    turn_based: bool = False
    terminated: bool = False
    truncated: bool = False
    waiting: bool = False
    message: str = ""
    hint: str = ""
    bindings: tuple[Binding, ...] = ()
    has_sound: bool = False
    unanswered_s: int = 0

    @property
    def paused(self) -> bool:
        """Whether time stands still because the player asked for it."""
        return self.phase is Phase.PAUSED

    @property
    def in_game(self) -> bool:
        """Whether there is a picture to look at."""
        return self.phase in {Phase.PLAYING, Phase.PAUSED, Phase.EPISODE_OVER}

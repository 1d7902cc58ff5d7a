"""Who acts when no person does: a random policy, one that does nothing, and small bots for two games.

A policy sees what an agent would see; it is not a learner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from gym_gui.core.errors import EnvironmentFault

if TYPE_CHECKING:
    from gym_gui.adapters.base import EnvironmentAdapter
    from gym_gui.core.data_model import StepRecord


class Policy(Protocol):
    """Chooses actions."""

    def reset(self, seed: int) -> None:
        """A new episode begins; the same seed and steps give the same actions."""

    def act(self, last: StepRecord) -> Any:
        """The action that follows *last*."""


class RandomPolicy:
    """Uniform actions from the action space, seeded with the episode's seed."""

    def __init__(self, adapter: EnvironmentAdapter) -> None:
        self._adapter = adapter

    def reset(self, seed: int) -> None:
        """Seed the generator."""
        self._adapter.seed_actions(seed)

    def act(self, last: StepRecord) -> Any:  # noqa: ARG002 - it looks at nothing
        """A sample."""
        return self._adapter.sample_action()


class IdlePolicy:
    """What a person does who presses nothing; a game that waits for a key gets random actions instead."""

    def __init__(self, adapter: EnvironmentAdapter) -> None:
        self._adapter = adapter

    def reset(self, seed: int) -> None:
        """Seed the generator."""
        self._adapter.seed_actions(seed)

    def act(self, last: StepRecord) -> Any:  # noqa: ARG002 - it looks at nothing
        """The idle action."""
        action = self._adapter.controls.action_for(frozenset())
        return self._adapter.sample_action() if action is None else action


class BreakoutBot:
    """Follows the ball: reads it and the paddle from the picture, 210x160 RGB."""

    # Rows between the bricks and the paddle, and the paddle's own; red is the ball's and the paddle's colour.
    _FIELD: Final = slice(93, 189)
    _PADDLE: Final = slice(189, 193)
    _WALLS: Final = slice(8, 152)
    _RED: Final = 200

    def __init__(self, adapter: EnvironmentAdapter) -> None:
        self._controls = adapter.controls
        self._step = 0

    def reset(self, seed: int) -> None:  # noqa: ARG002 - it plays by sight
        """Serve again."""
        self._step = 0

    def act(self, last: StepRecord) -> Any:
        """Move under the ball; fire where there is none."""
        self._step += 1
        frame = last.frame
        if frame is None:
            return self._controls.action_for(frozenset({"space"}))
        ball = _columns(frame[self._FIELD, self._WALLS], self._RED)
        paddle = _columns(frame[self._PADDLE, self._WALLS], self._RED)
        if ball is None:
            return self._controls.action_for(frozenset({"space"} if self._step % 4 == 0 else set()))
        offset = ball - (paddle if paddle is not None else ball)
        held = {"right"} if offset > 3 else {"left"} if offset < -3 else set()  # noqa: PLR2004 - half a paddle
        return self._controls.action_for(frozenset(held))


class CarRacingBot:
    """Steers towards the road ahead in the 96x96 observation, at a speed it can hold."""

    _AHEAD: Final = slice(40, 62)
    _CAR_COLUMN: Final = 48

    def __init__(self, adapter: EnvironmentAdapter) -> None:
        self._controls = adapter.controls
        self._step = 0

    def reset(self, seed: int) -> None:  # noqa: ARG002 - it drives by sight
        """A new track."""
        self._step = 0

    def act(self, last: StepRecord) -> Any:
        """Keys as a careful driver would press them."""
        self._step += 1
        seen = last.observation
        held = {"up"} if self._step % 3 == 0 or self._step < 60 else set()  # noqa: PLR2004 - rolling start
        if isinstance(seen, np.ndarray) and seen.ndim == 3:  # noqa: PLR2004 - rows, columns, channels
            ahead = seen[self._AHEAD].astype(np.int16)
            # Grass is green; the road is grey, its channels alike.
            road = np.abs(ahead[..., 1] - ahead[..., 0]) < 20  # noqa: PLR2004 - of 255
            if road.any():
                offset = float(np.nonzero(road)[1].mean()) - self._CAR_COLUMN
                held |= {"right"} if offset > 2 else {"left"} if offset < -2 else set()  # noqa: PLR2004 - pixels
        return self._controls.action_for(frozenset(held))


_BOTS: Final = {"Breakout": BreakoutBot, "CarRacing": CarRacingBot}
POLICIES: Final = ("random", "idle", "bot")


def make_policy(name: str, adapter: EnvironmentAdapter) -> Policy:
    """The policy of that name for an open environment.

    Raises:
        EnvironmentFault: there is no such policy, or no bot for that game.
    """
    if name == "random":
        return RandomPolicy(adapter)
    if name == "idle":
        return IdlePolicy(adapter)
    env_id = adapter.description.env_id
    for game, bot in _BOTS.items():
        if name == "bot" and game in env_id:
            return bot(adapter)
    raise EnvironmentFault(
        f"There is no policy {name!r} for {env_id}.",
        hint=f"Use random or idle; bots play {' and '.join(_BOTS)}.",
    )


def _columns(pixels: Any, red: int) -> float | None:
    # The ball and the paddle are (200, 72, 72).
    found = np.nonzero((pixels[..., 0] == red) & (pixels[..., 1] < red // 2))[1]
    return float(found.mean()) if len(found) else None

"""Environments of strangers, as `visiting_envs:Id`: odd spaces, and every way to fail. Gymnasium and NumPy only."""

from __future__ import annotations

import threading
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces


class Visitor(gymnasium.Env[Any, Any]):
    """Twelve steps of a seeded walk: each action pushes it, noise does the rest; the others change one thing."""

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 25}  # noqa: RUF012 - Gymnasium's own
    observation_space: spaces.Space[Any] = spaces.Box(-np.inf, np.inf, (3,), np.float64)
    action_space: spaces.Space[Any] = spaces.Discrete(3)
    length: ClassVar[int] = 12

    def __init__(self, *, render_mode: str | None = None, scale: float = 1.0) -> None:
        self.render_mode = render_mode
        self.scale = scale
        self.count = 0
        self.place = 0.0

    def observe(self) -> Any:
        return np.array([self.count, self.place, self.scale], dtype=np.float64)

    def push(self, action: Any) -> float:
        return float(action)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed, options=options)
        self.count, self.place = 0, float(self.np_random.random())
        return self.observe(), {}

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        self.count += 1
        # A third of a number in [0, 1) has no short float32: only a float64 keeps it.
        self.place += self.scale * (self.push(action) + float(self.np_random.random())) / 3
        return self.observe(), self.place, self.count >= self.length, False, {"count": self.count}

    def render(self) -> Any:
        picture = np.zeros((12, 16, 3), dtype=np.uint8)
        picture[self.count % 12] = (self.count % 256, int(self.place * 1000) % 256, 200)
        return picture


class DictObservation(Visitor):
    observation_space = spaces.Dict(
        near=spaces.Box(0, 255, (4, 4), np.uint8), far=spaces.Box(-np.inf, np.inf, (2,), np.float32)
    )

    def observe(self) -> Any:
        return {
            "near": np.full((4, 4), self.count, dtype=np.uint8),
            "far": np.array([self.place, self.count], dtype=np.float32),
        }


class MultiDiscreteAction(Visitor):
    action_space = spaces.MultiDiscrete([3, 5, 2])

    def push(self, action: Any) -> float:
        assert action.dtype == self.action_space.dtype
        return float(action @ np.array([1.0, 0.1, 0.01]))


class DictAction(Visitor):
    action_space = spaces.Dict(move=spaces.Box(-1, 1, (2,), np.float32), jump=spaces.Discrete(4))

    def push(self, action: Any) -> float:
        assert action["move"].dtype == np.float32
        return float(action["move"].astype(np.float64).sum()) + int(action["jump"])


class TupleAction(Visitor):
    action_space = spaces.Tuple((spaces.Discrete(3), spaces.Box(-1, 1, (), np.float64), spaces.MultiBinary(3)))

    def push(self, action: Any) -> float:
        which, how_far, bits = action
        return int(which) + float(how_far) + 0.1 * int(bits.sum())


class RaisesInReset(Visitor):
    """The first episode is well, the second does not begin."""

    episodes = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        self.episodes += 1
        if self.episodes > 1:
            raise RuntimeError("the second world is missing")
        return super().reset(seed=seed, options=options)


class RaisesInStep(Visitor):
    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if self.count == 5:
            raise ValueError("the bridge is out")
        return super().step(action)


class RaisesOddWords(Visitor):
    """What it says no file takes as it is: a zero byte, half of a surrogate pair."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if self.count == 5:
            raise ValueError("the \ud800 bridge\0 is out")
        return super().step(action)


class RaisesInRender(Visitor):
    def render(self) -> Any:
        if self.count == 5:
            raise OSError("the paint is dry")
        return super().render()


class NoPicture(Visitor):
    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - Gymnasium's own
    render = gymnasium.Env.render


class ChangesShape(Visitor):
    def render(self) -> Any:
        picture = super().render()
        return picture if self.count < 6 else np.repeat(picture, 2, axis=0)


class ChangesDtype(Visitor):
    def observe(self) -> Any:
        observation = super().observe()
        return observation if self.count < 6 else observation.astype(np.float32)


class _Words(spaces.Discrete):
    def sample(self, *_: Any, **__: Any) -> Any:
        return "left"


class WordAction(Visitor):
    """Its space draws an action that is no number."""

    action_space = _Words(3)


class Endless(Visitor):
    """Says how far it is, and never ends."""

    length: ClassVar[int] = 10**9

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        answer = super().step(action)
        print("step", self.count, flush=True)  # noqa: T201 - the test waits for it
        return answer


class EndlessScreen(Visitor):
    """The agent sees the picture, as in an Atari game; says how far it is, and never ends."""

    observation_space = spaces.Box(0, 255, (12, 16, 3), np.uint8)
    length: ClassVar[int] = 10**9

    def observe(self) -> Any:
        return self.render()

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        answer = super().step(action)
        print("step", self.count, flush=True)  # noqa: T201 - the test waits for it
        return answer


class Bulky(Visitor):
    """Pictures that do not compress fill a small disk, at the pace of a real game."""

    length: ClassVar[int] = 10**9

    def render(self) -> Any:
        threading.Event().wait(0.004)
        return self.np_random.integers(0, 256, (60, 60, 3), dtype=np.uint8)


class Paced(Visitor):
    """At the pace of a real game, and so no load for what is tested beside it."""

    length: ClassVar[int] = 50

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        threading.Event().wait(0.004)
        return super().step(action)


class Objectives(Visitor):
    """Rewards of two objectives, as those of mo-gymnasium."""

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        observation, reward, *rest = super().step(action)
        return observation, np.array([reward, -0.5], dtype=np.float32), *rest


class Undrawable(Visitor):
    """Its pictures are broken, and nothing else is."""

    def render(self) -> Any:
        raise RuntimeError("no pencil")


class Greeting(spaces.Space[str]):
    """A space of a stranger's own, as MiniGrid's missions are."""

    def sample(self, *_: Any, **__: Any) -> str:
        return "good day"

    def contains(self, x: Any) -> bool:
        return isinstance(x, str)


class Greeted(Visitor):
    """A part of the observation has a space that nobody else knows."""

    observation_space = spaces.Dict(
        place=spaces.Box(-np.inf, np.inf, (1,), np.float64), said=Greeting(dtype=str), both=spaces.Discrete(99)
    )

    def observe(self) -> Any:
        return {"place": np.array([self.place]), "said": f"good day {self.count}", "both": self.count}


for _kind in Visitor.__subclasses__():
    if f"{_kind.__name__}-v0" not in gymnasium.registry:
        gymnasium.register(f"{_kind.__name__}-v0", entry_point=f"{__name__}:{_kind.__name__}")

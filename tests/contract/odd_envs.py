"""Environments that misbehave, or behave in ways that ours do not: what a stranger might bring."""

from __future__ import annotations

from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces


class PlainEnv(gymnasium.Env[Any, Any]):
    """A counter with a picture; the others change one thing about it."""

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 25}  # noqa: RUF012 - Gymnasium's own
    length: ClassVar[int] = 12

    def __init__(self, *, render_mode: str | None = None, scale: float = 1.0) -> None:
        self.render_mode = render_mode
        self.scale = scale
        self.observation_space: spaces.Space[Any] = spaces.Box(-np.inf, np.inf, (3,), np.float64)
        self.action_space: spaces.Space[Any] = spaces.Discrete(3)
        self.count = 0
        self.noise = 0.0

    def observe(self) -> Any:
        return np.array([self.count, self.noise, self.scale], dtype=np.float64)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed, options=options)
        self.count, self.noise = 0, float(self.np_random.random())
        return self.observe(), {"options": options}

    def step(self, action: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        del action
        self.count += 1
        self.noise = float(self.np_random.random())
        return self.observe(), self.noise * self.scale, self.count >= self.length, False, {"count": self.count}

    def picture(self) -> np.ndarray[Any, Any]:
        picture = np.zeros((8, 10, 3), dtype=np.uint8)
        picture[self.count % 8] = (self.count, 100, 200)
        return picture

    def render(self) -> Any:
        return self.picture()


class DictObservationEnv(PlainEnv):
    """Observations in a dictionary, with a tuple inside."""

    def __init__(self, *, render_mode: str | None = None) -> None:
        super().__init__(render_mode=render_mode)
        self.buffer = np.zeros((4, 4), dtype=np.uint8)
        self.observation_space = spaces.Dict(
            image=spaces.Box(0, 255, (4, 4), np.uint8), pair=spaces.Tuple((spaces.Discrete(100), spaces.Text(9)))
        )

    def observe(self) -> Any:
        self.buffer[:] = self.count
        return {"image": self.buffer, "pair": (self.count, f"n{self.count}")}


class MultiDiscreteEnv(PlainEnv):
    """Several choices at once."""

    def __init__(self, *, render_mode: str | None = None) -> None:
        super().__init__(render_mode=render_mode)
        self.action_space = spaces.MultiDiscrete([3, 4, 2])


class DictActionEnv(PlainEnv):
    """An action of named parts, which it writes into."""

    def __init__(self, *, render_mode: str | None = None) -> None:
        super().__init__(render_mode=render_mode)
        self.action_space = spaces.Dict(
            move=spaces.Box(-1, 1, (2,), np.float32),
            fire=spaces.Discrete(2, start=5),
            more=spaces.Tuple((spaces.MultiBinary(3), spaces.Discrete(4))),
        )

    def step(self, action: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        given = float(action["move"].sum()) + action["fire"]
        action["move"][:] = 99.0
        result = super().step(action)
        return (result[0], given, *result[2:])


class NoPictureEnv(PlainEnv):
    """Declares no mode, takes no mode, has no render."""

    metadata: dict[str, Any] = {}  # noqa: RUF012 - Gymnasium's own
    render = gymnasium.Env.render

    def __init__(self) -> None:
        super().__init__()


class StrictModeEnv(PlainEnv):
    """Asserts its render mode as Gymnasium's own template does, and has none that draws."""

    metadata: dict[str, Any] = {"render_modes": ["human", "ansi"], "render_fps": 4}  # noqa: RUF012 - Gymnasium's own

    def __init__(self, *, render_mode: str | None = None) -> None:
        assert render_mode is None or render_mode in self.metadata["render_modes"]
        super().__init__(render_mode=render_mode)

    def render(self) -> Any:
        return None if self.render_mode is None else "text"


class UndeclaredPictureEnv(PlainEnv):
    """Draws, and forgot to say so."""

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - Gymnasium's own


class BufferReuseEnv(PlainEnv):
    """Gives the same arrays at each step and writes into them later."""

    def __init__(self, *, render_mode: str | None = None) -> None:
        super().__init__(render_mode=render_mode)
        self.action_space = spaces.Box(-1, 1, (2,), np.float32)
        self.state, self.screen, self.extra = np.zeros(3), np.zeros((6, 7, 3), np.uint8), np.zeros(2)

    def observe(self) -> Any:
        self.state[:] = super().observe()
        return self.state

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        self.extra[:] = 0
        return super().reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        reward = float(action[0])
        action *= 0
        result = super().step(action)
        self.extra += 1
        return (result[0], reward, *result[2:4], {"extra": self.extra, "nested": [{"again": self.extra}]})

    def render(self) -> Any:
        self.screen[:] = self.count
        return self.screen


class ScreenObservationEnv(PlainEnv):
    """Its observation is its picture, as for most Atari wrappers."""

    def __init__(self, *, render_mode: str | None = None) -> None:
        super().__init__(render_mode=render_mode)
        self.observation_space = spaces.Box(0, 255, (8, 10, 3), np.uint8)

    def observe(self) -> Any:
        return self.picture()


class OpponentEnv(PlainEnv):
    """Draws an opponent's moves from its own action space."""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        self.action_space.seed(seed)
        return super().reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        result = super().step(action)
        return (result[0], float(self.action_space.sample()), *result[2:])


class OneScreenWrapper(gymnasium.ObservationWrapper[Any, Any, Any], gymnasium.utils.RecordConstructorArgs):
    """Copies each observation into the same array."""

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        gymnasium.utils.RecordConstructorArgs.__init__(self)
        super().__init__(env)
        self.screen = np.zeros(env.observation_space.shape or (), np.uint8)

    def observation(self, observation: Any) -> Any:
        self.screen[:] = observation
        return self.screen


class UnrewardedEnv(PlainEnv):
    """Its rewards are no numbers."""

    def step(self, action: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        result = super().step(action)
        return (result[0], float("nan"), *result[2:])


class RaisingEnv(PlainEnv):
    """Raises *error* in *phase*, at step *at*."""

    def __init__(
        self, *, render_mode: str | None = None, phase: str = "step", at: int = 3, error: str = "RuntimeError"
    ) -> None:
        super().__init__(render_mode=render_mode)
        self.phase, self.at, self.error = phase, at, error
        self._raise_in("make", 0)

    def _raise_in(self, phase: str, count: int) -> None:
        if phase == self.phase and count >= self.at:
            kinds: dict[str, type[BaseException]] = {
                "RuntimeError": RuntimeError,
                "SystemExit": SystemExit,
                "KeyboardInterrupt": KeyboardInterrupt,
            }
            raise kinds[self.error](f"broken in {phase}")

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        self._raise_in("reset", 0)
        return super().reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        self._raise_in("step", self.count + 1)
        return super().step(action)

    def render(self) -> Any:
        self._raise_in("render", self.count)
        return super().render()

    def close(self) -> None:
        self._raise_in("close", self.count)


class ScriptedEnv(PlainEnv):
    """Answers step and render with whatever the class attributes say."""

    answer: ClassVar[Any] = None
    pictures: ClassVar[list[Any]] = []

    def step(self, action: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        result = super().step(action)
        return result if self.answer is None else self.answer

    def render(self) -> Any:
        return self.pictures[min(self.count, len(self.pictures) - 1)] if self.pictures else super().render()


_CLASSES: tuple[Any, ...] = (
    PlainEnv,
    DictObservationEnv,
    MultiDiscreteEnv,
    DictActionEnv,
    NoPictureEnv,
    StrictModeEnv,
    UndeclaredPictureEnv,
    BufferReuseEnv,
    ScreenObservationEnv,
    OpponentEnv,
    UnrewardedEnv,
    RaisingEnv,
    ScriptedEnv,
)
for _kind in _CLASSES:
    _id = f"odd/{_kind.__name__.removesuffix('Env')}-v0"
    if _id not in gymnasium.registry:
        gymnasium.register(_id, entry_point=_kind)
if "odd/WrappedPong-v0" not in gymnasium.registry:
    gymnasium.register(
        "odd/WrappedPong-v0",
        entry_point="ale_py.env:AtariEnv",
        kwargs={"game": "pong"},
        additional_wrappers=(
            gymnasium.envs.registration.WrapperSpec("OneScreen", f"{__name__}:OneScreenWrapper", kwargs={}),
        ),
    )

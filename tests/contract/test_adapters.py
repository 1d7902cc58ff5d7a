"""Every adapter keeps the contract, on the games people play and on environments that no one here wrote."""

from __future__ import annotations

from typing import Any, ClassVar

from contract import odd_envs, shaped_envs  # noqa: F401 - importing them registers their environments
from needs import needs_box2d

from gym_gui.testing.adapter_contract import AdapterContract


class TestBreakout(AdapterContract):
    env_id = "ALE/Breakout-v5"
    steps = 300


class TestBreakoutForAPerson(AdapterContract):
    env_id = "ALE/Breakout-v5"
    human = True
    steps = 120


class TestMsPacman(AdapterContract):
    env_id = "ALE/MsPacman-v5"
    steps = 300


class TestAtariMemory(AdapterContract):
    env_id = "ALE/Pong-v5"
    env_kwargs: ClassVar[dict[str, Any]] = {"obs_type": "ram"}


class TestAtariGrey(AdapterContract):
    env_id = "ALE/Pong-v5"
    env_kwargs: ClassVar[dict[str, Any]] = {"obs_type": "grayscale", "full_action_space": True}


class TestAtariSound(AdapterContract):
    env_id = "ALE/Pong-v5"
    env_kwargs: ClassVar[dict[str, Any]] = {"sound_obs": True, "frameskip": 1}


class TestAtariContinuous(AdapterContract):
    env_id = "ALE/Pong-v5"
    env_kwargs: ClassVar[dict[str, Any]] = {"continuous": True}


class TestOldAtari(AdapterContract):
    env_id = "BreakoutNoFrameskip-v4"


@needs_box2d
class TestCarRacing(AdapterContract):
    env_id = "CarRacing-v3"
    steps = 8


@needs_box2d
class TestCarRacingDiscrete(AdapterContract):
    env_id = "CarRacing-v3"
    env_kwargs: ClassVar[dict[str, Any]] = {"continuous": False}
    steps = 4


@needs_box2d
class TestLunarLander(AdapterContract):
    env_id = "LunarLander-v3"
    steps = 300


@needs_box2d
class TestLunarLanderContinuous(AdapterContract):
    env_id = "LunarLander-v3"
    env_kwargs: ClassVar[dict[str, Any]] = {"continuous": True, "gravity": -8.0}


@needs_box2d
class TestBipedalWalker(AdapterContract):
    env_id = "BipedalWalker-v3"


class TestCartPole(AdapterContract):
    env_id = "CartPole-v1"


class TestMountainCar(AdapterContract):
    env_id = "MountainCar-v0"


class TestMountainCarContinuous(AdapterContract):
    env_id = "MountainCarContinuous-v0"


class TestPendulum(AdapterContract):
    env_id = "Pendulum-v1"


class TestAcrobot(AdapterContract):
    env_id = "Acrobot-v1"


class TestFrozenLake(AdapterContract):
    env_id = "FrozenLake-v1"
    steps = 300


class TestTaxi(AdapterContract):
    env_id = "Taxi-v4"


class TestCliffWalking(AdapterContract):
    env_id = "CliffWalking-v1"


class TestBlackjack(AdapterContract):
    env_id = "Blackjack-v1"


class TestPlain(AdapterContract):
    env_id = "odd/Plain-v0"
    env_kwargs: ClassVar[dict[str, Any]] = {"scale": 2.5, "max_episode_steps": 5}


class TestModuleInFront(AdapterContract):
    env_id = "contract.odd_envs:odd/Plain-v0"


class TestDictObservation(AdapterContract):
    env_id = "odd/DictObservation-v0"


class TestMultiDiscrete(AdapterContract):
    env_id = "odd/MultiDiscrete-v0"


class TestDictAction(AdapterContract):
    env_id = "odd/DictAction-v0"


class TestNoPicture(AdapterContract):
    env_id = "odd/NoPicture-v0"
    draws = False


class TestStrictMode(AdapterContract):
    env_id = "odd/StrictMode-v0"
    draws = False


class TestUndeclaredPicture(AdapterContract):
    env_id = "odd/UndeclaredPicture-v0"


class TestBufferReuse(AdapterContract):
    env_id = "odd/BufferReuse-v0"


class TestScreenObservation(AdapterContract):
    env_id = "odd/ScreenObservation-v0"


class TestOpponent(AdapterContract):
    env_id = "odd/Opponent-v0"


class TestWrappedAtari(AdapterContract):
    env_id = "odd/WrappedPong-v0"


class TestGraph(AdapterContract):
    env_id = "shaped/SmallGraph-v0"
    draws = False


class TestRoom(AdapterContract):
    env_id = "shaped/Room-v0"
    draws = False


class TestMood(AdapterContract):
    env_id = "shaped/Mood-v0"
    draws = False

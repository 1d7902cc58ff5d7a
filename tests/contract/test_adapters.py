"""Every adapter keeps the contract, on the games people play and on environments that no one here wrote."""

from __future__ import annotations

from typing import Any, ClassVar

from contract import odd_envs  # noqa: F401 - importing it registers its environments
from contract.adapter_contract import EnvironmentAdapterContract


class TestBreakout(EnvironmentAdapterContract):
    env_id = "ALE/Breakout-v5"
    steps = 300


class TestBreakoutForAPerson(EnvironmentAdapterContract):
    env_id = "ALE/Breakout-v5"
    human = True
    steps = 120


class TestMsPacman(EnvironmentAdapterContract):
    env_id = "ALE/MsPacman-v5"
    steps = 300


class TestAtariMemory(EnvironmentAdapterContract):
    env_id = "ALE/Pong-v5"
    env_kwargs: ClassVar[dict[str, Any]] = {"obs_type": "ram"}


class TestAtariGrey(EnvironmentAdapterContract):
    env_id = "ALE/Pong-v5"
    env_kwargs: ClassVar[dict[str, Any]] = {"obs_type": "grayscale", "full_action_space": True}


class TestAtariSound(EnvironmentAdapterContract):
    env_id = "ALE/Pong-v5"
    env_kwargs: ClassVar[dict[str, Any]] = {"sound_obs": True, "frameskip": 1}


class TestAtariContinuous(EnvironmentAdapterContract):
    env_id = "ALE/Pong-v5"
    env_kwargs: ClassVar[dict[str, Any]] = {"continuous": True}


class TestOldAtari(EnvironmentAdapterContract):
    env_id = "BreakoutNoFrameskip-v4"


class TestCarRacing(EnvironmentAdapterContract):
    env_id = "CarRacing-v3"
    steps = 8


class TestCarRacingDiscrete(EnvironmentAdapterContract):
    env_id = "CarRacing-v3"
    env_kwargs: ClassVar[dict[str, Any]] = {"continuous": False}
    steps = 4


class TestLunarLander(EnvironmentAdapterContract):
    env_id = "LunarLander-v3"
    steps = 300


class TestLunarLanderContinuous(EnvironmentAdapterContract):
    env_id = "LunarLander-v3"
    env_kwargs: ClassVar[dict[str, Any]] = {"continuous": True, "gravity": -8.0}


class TestBipedalWalker(EnvironmentAdapterContract):
    env_id = "BipedalWalker-v3"


class TestCartPole(EnvironmentAdapterContract):
    env_id = "CartPole-v1"


class TestMountainCar(EnvironmentAdapterContract):
    env_id = "MountainCar-v0"


class TestMountainCarContinuous(EnvironmentAdapterContract):
    env_id = "MountainCarContinuous-v0"


class TestPendulum(EnvironmentAdapterContract):
    env_id = "Pendulum-v1"


class TestAcrobot(EnvironmentAdapterContract):
    env_id = "Acrobot-v1"


class TestFrozenLake(EnvironmentAdapterContract):
    env_id = "FrozenLake-v1"
    steps = 300


class TestTaxi(EnvironmentAdapterContract):
    env_id = "Taxi-v4"


class TestCliffWalking(EnvironmentAdapterContract):
    env_id = "CliffWalking-v1"


class TestBlackjack(EnvironmentAdapterContract):
    env_id = "Blackjack-v1"


class TestPlain(EnvironmentAdapterContract):
    env_id = "odd/Plain-v0"
    env_kwargs: ClassVar[dict[str, Any]] = {"scale": 2.5, "max_episode_steps": 5}


class TestModuleInFront(EnvironmentAdapterContract):
    env_id = "contract.odd_envs:odd/Plain-v0"


class TestDictObservation(EnvironmentAdapterContract):
    env_id = "odd/DictObservation-v0"


class TestMultiDiscrete(EnvironmentAdapterContract):
    env_id = "odd/MultiDiscrete-v0"


class TestDictAction(EnvironmentAdapterContract):
    env_id = "odd/DictAction-v0"


class TestNoPicture(EnvironmentAdapterContract):
    env_id = "odd/NoPicture-v0"
    draws = False


class TestStrictMode(EnvironmentAdapterContract):
    env_id = "odd/StrictMode-v0"
    draws = False


class TestUndeclaredPicture(EnvironmentAdapterContract):
    env_id = "odd/UndeclaredPicture-v0"


class TestBufferReuse(EnvironmentAdapterContract):
    env_id = "odd/BufferReuse-v0"


class TestScreenObservation(EnvironmentAdapterContract):
    env_id = "odd/ScreenObservation-v0"


class TestOpponent(EnvironmentAdapterContract):
    env_id = "odd/Opponent-v0"


class TestWrappedAtari(EnvironmentAdapterContract):
    env_id = "odd/WrappedPong-v0"

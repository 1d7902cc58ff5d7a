"""Keys to actions, family by family."""

from __future__ import annotations

import string
from dataclasses import dataclass
from enum import IntEnum
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
import pytest
from contract.odd_envs import PlainEnv
from gymnasium import spaces
from needs import needs_box2d

from gym_gui.adapters.catalog import make_adapter
from gym_gui.adapters.controls.atari import atari_scheme
from gym_gui.adapters.controls.generic import generic_scheme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gym_gui.adapters.controls import ControlScheme

ALL_18 = ["NOOP", "FIRE"]
ALL_18 += ["UP", "RIGHT", "LEFT", "DOWN", "UPRIGHT", "UPLEFT", "DOWNRIGHT", "DOWNLEFT"]
ALL_18 += [f"{way}FIRE" for way in ALL_18[2:]]
BREAKOUT = ["NOOP", "FIRE", "RIGHT", "LEFT"]
PACMAN = ["NOOP", "UP", "RIGHT", "LEFT", "DOWN", "UPRIGHT", "UPLEFT", "DOWNRIGHT", "DOWNLEFT"]


@pytest.fixture
def scheme_of() -> Iterator[Callable[..., ControlScheme]]:
    adapters = []

    def open_scheme(env_id: str, **kwargs: Any) -> ControlScheme:
        adapters.append(make_adapter(env_id, env_kwargs=kwargs, human=True))
        return adapters[-1].controls

    yield open_scheme
    for adapter in adapters:
        adapter.close()


def held(*keys: str) -> frozenset[str]:
    return frozenset(keys)


@pytest.mark.parametrize(
    ("meanings", "keys", "meaning"),
    [
        (ALL_18, (), "NOOP"),
        (ALL_18, ("left", "space"), "LEFTFIRE"),
        (ALL_18, ("a", "w", "space"), "UPLEFTFIRE"),
        (ALL_18, ("left", "right"), "NOOP"),
        (ALL_18, ("left", "right", "space", "down"), "DOWNFIRE"),
        (BREAKOUT, ("space",), "FIRE"),
        (BREAKOUT, ("left", "space"), "LEFT"),
        (BREAKOUT, ("up",), "NOOP"),
        (BREAKOUT, ("up", "right"), "RIGHT"),
        (BREAKOUT, ("up", "space"), "FIRE"),
        (PACMAN, ("space",), "NOOP"),
        (PACMAN, ("up", "left", "space"), "UPLEFT"),
        (["NOOP", "UPFIRE"], ("up", "left"), "NOOP"),
        (["FIRE", "NOOP"], (), "NOOP"),
    ],
)
def test_that_the_joystick_gives_the_nearest_action(meanings: list[str], keys: tuple[str, ...], meaning: str) -> None:
    assert meanings[atari_scheme(meanings).action_for(held(*keys))] == meaning


def test_that_the_joystick_lists_what_the_game_has() -> None:
    assert [binding.label for binding in atari_scheme(BREAKOUT).bindings] == ["Left", "Right", "Fire"]
    assert len(atari_scheme(ALL_18).bindings) == 5


def test_that_a_real_game_is_obeyed(scheme_of: Callable[..., ControlScheme]) -> None:
    meanings = ALL_18
    scheme = scheme_of("ALE/Breakout-v5")
    assert meanings[scheme.action_for(held("left", "space"))] == "LEFTFIRE"
    polar = scheme_of("ALE/Pong-v5", continuous=True).action_for(held("up", "left", "space"))
    assert polar.tolist() == np.array([1, 3 * np.pi / 4, 1], np.float32).tolist()


@needs_box2d
def test_that_a_car_steers_and_accelerates_at_once(scheme_of: Callable[..., ControlScheme]) -> None:
    action = scheme_of("CarRacing-v3").action_for(held("left", "up"))
    assert action.dtype == np.float32
    assert action.tolist() == [-1.0, 1.0, 0.0]
    brake = scheme_of("CarRacing-v3").action_for(held("d", "space"))
    assert brake.tolist() == np.array([1, 0, 0.8], np.float32).tolist()
    discrete = scheme_of("CarRacing-v3", continuous=False)
    assert [discrete.action_for(held(key)) for key in ("f13", "right", "left", "up", "down")] == [0, 1, 2, 3, 4]


@needs_box2d
def test_that_keys_move_things_the_way_they_say() -> None:
    position, angle = 0, 4  # the lander's angle grows to the left
    for env_id, key, value, way in (
        ("LunarLander-v3", "left", angle, 1),
        ("LunarLander-v3", "right", angle, -1),
        ("CartPole-v1", "left", position, -1),
        ("CartPole-v1", "right", position, 1),
        ("MountainCar-v0", "left", position, -1),
        ("MountainCarContinuous-v0", "right", position, 1),
    ):
        adapter = make_adapter(env_id, human=True, render=False)
        start = adapter.reset(seed=3).observation[value]
        for _ in range(20):
            step = adapter.step(adapter.controls.action_for(held(key)))
            if step.terminated:
                break
        adapter.close()
        assert np.sign(step.observation[value] - start) == way, (env_id, key)


def test_that_a_cart_without_keys_is_pushed_both_ways_by_turns(scheme_of: Callable[..., ControlScheme]) -> None:
    scheme = scheme_of("CartPole-v1")
    pushes = [scheme.action_for(held()) for _ in range(10)]
    assert sorted(pushes) == [0] * 5 + [1] * 5
    assert pushes[::2] == pushes[:1] * 5


def test_that_toy_text_waits_and_walks(scheme_of: Callable[..., ControlScheme]) -> None:
    lake = scheme_of("FrozenLake-v1")
    assert lake.action_for(held()) is None
    assert lake.action_for(held("x")) is None
    assert [lake.action_for(held(key)) for key in ("left", "down", "right", "up", "a", "s", "d", "w")] == [
        0, 1, 2, 3, 0, 1, 2, 3,
    ]  # fmt: skip
    taxi = scheme_of("Taxi-v4")
    assert [taxi.action_for(held(key)) for key in ("down", "up", "right", "left", "p", "d")] == [0, 1, 2, 3, 4, 5]
    cliff = scheme_of("CliffWalking-v1")
    assert [cliff.action_for(held(key)) for key in ("up", "right", "down", "left")] == [0, 1, 2, 3]
    cards = scheme_of("Blackjack-v1")
    assert [cards.action_for(held(key)) for key in ("s", "h")] == [0, 1]


def generic(space: spaces.Space[Any], *, turn_based: bool = False, **attributes: Any) -> ControlScheme:
    env = PlainEnv()
    env.action_space = space
    for name, value in attributes.items():
        setattr(env, name, value)
    return generic_scheme(env, turn_based=turn_based)


def test_that_unknown_discrete_actions_have_digits() -> None:
    scheme = generic(spaces.Discrete(4, start=2))
    assert [binding.keys for binding in scheme.bindings] == [("0",), ("1",), ("2",), ("3",)]
    assert scheme.action_for(held("3")) == 5
    assert scheme.action_for(held()) == 2
    assert generic(spaces.Discrete(4), turn_based=True).action_for(held()) is None


def test_that_named_actions_show_their_names_and_rest_at_noop() -> None:
    scheme = generic(spaces.Discrete(3), get_action_meanings=lambda: ["JUMP", "NOOP", "TURN_LEFT"])
    assert [binding.label for binding in scheme.bindings] == ["Jump", "Noop", "Turn left"]
    assert [scheme.action_for(held(*keys)) for keys in ((), ("space",), ("left",))] == [1, 0, 2]


class Moves(IntEnum):
    """As MiniGrid names its actions."""

    left = 0
    right = 1
    forward = 2
    pickup = 3
    toggle = 4


@dataclass
class Buttons:
    """As Tetris does."""

    move_left: int = 0
    hard_drop: int = 1
    no_op: int = 2


@pytest.mark.parametrize(
    ("attributes", "labels", "idle"),
    [
        ({"actions": Moves}, ["Left", "Right", "Forward", "Pickup", "Toggle"], None),
        ({"actions": Buttons()}, ["Move left", "Hard drop", "No op"], 2),
        ({"action_names": ["Up", "DOWN"]}, ["Up", "Down"], None),
        ({"ACTIONS": {"LANE_LEFT": 0, "IDLE": 1}}, ["Lane left", "Idle"], 1),
        ({"action_type": SimpleNamespace(actions={0: "SLOWER", 1: "FASTER"})}, ["Slower", "Faster"], None),
        ({"actions": [[0, 1], [1, 0]]}, ["Action 0", "Action 1"], None),
        ({"actions": {"a": 0, "b": 2}}, ["Action 0", "Action 1"], None),
    ],
)
def test_that_names_are_found_wherever_an_environment_keeps_them(
    attributes: dict[str, Any], labels: list[str], idle: int | None
) -> None:
    scheme = generic(spaces.Discrete(len(labels)), **attributes)
    assert [binding.label for binding in scheme.bindings] == labels
    assert scheme.action_for(held()) == (idle or 0)
    assert [scheme.action_for(held(str(digit))) for digit in range(len(labels))] == list(range(len(labels)))


def test_that_words_of_ways_have_the_arrows_beside_their_digits() -> None:
    scheme = generic(spaces.Discrete(5), turn_based=True, actions=Moves)
    keys = ("left", "right", "up", "3", "space", "down")
    assert [scheme.action_for(held(key)) for key in keys] == [0, 1, 2, 3, 4, None]
    twice = generic(spaces.Discrete(3), action_names=["TURN_LEFT", "strafeLeft", "LEFT"])
    assert [binding.keys for binding in twice.bindings] == [("left", "0"), ("1",), ("2",)]


def test_that_numbers_have_pairs_of_keys() -> None:
    space = spaces.Box(np.array([-2, 0.5, -np.inf], np.float32), np.array([3, 1, np.inf], np.float32))
    scheme = generic(space)
    assert scheme.action_for(held()).tolist() == [0, 0.5, 0]
    assert scheme.action_for(held("right", "up", "a")).tolist() == [3, 1, -1]
    assert scheme.action_for(held("left", "right")).tolist() == [0, 0.5, 0]
    assert scheme.action_for(held("left")).dtype == np.float32


def test_that_an_environments_own_keys_come_first() -> None:
    own = {"w": 1, ("a",): 2, ("a", "w"): 3, (" ",): 4, (ord("x"),): 5, (1073741904,): 6, (): 7}
    scheme = generic(spaces.Discrete(30), get_keys_to_action=lambda: own)
    assert [scheme.action_for(held(key)) for key in ("w", "a", "space", "x", "left", "q")] == [1, 2, 4, 5, 6, 7]
    assert scheme.action_for(held("a", "w", "q")) == 3
    assert all(key in {*string.ascii_lowercase, "space", "left"} for b in scheme.bindings for key in b.keys)


@pytest.mark.parametrize(
    "space",
    [
        spaces.Discrete(11),
        spaces.Box(-1, 1, (5,), np.float32),
        spaces.Box(-1, 1, (2, 2), np.float32),
        spaces.MultiDiscrete([3, 3], start=[1, 1]),
        spaces.MultiBinary(3),
        spaces.Dict(a=spaces.Discrete(2), b=spaces.Box(1, 2, (1,))),
        spaces.Tuple((spaces.Discrete(2), spaces.MultiBinary(2))),
    ],
)
def test_that_other_spaces_can_only_be_watched(space: spaces.Space[Any]) -> None:
    scheme = generic(space)
    assert scheme.bindings == ()
    assert scheme.action_for(held("a")) in space


def test_that_broken_descriptions_of_keys_are_passed_over() -> None:
    def broken() -> None:
        raise RuntimeError

    scheme = generic(spaces.Discrete(2), get_keys_to_action=broken, get_action_meanings=broken)
    assert scheme.action_for(held("1")) == 1


def test_that_mountain_car_plays_as_gymnasium_says() -> None:
    env = gymnasium.make("MountainCar-v0")
    adapter = make_adapter("MountainCar-v0", human=True)
    of_the_game = generic_scheme(env, turn_based=False)
    for keys in (held(), held("left"), held("right"), held("left", "right")):
        assert adapter.controls.action_for(keys) == of_the_game.action_for(keys)
    adapter.close()
    env.close()

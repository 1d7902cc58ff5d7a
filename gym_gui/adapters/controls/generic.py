"""Keys for an environment that no one has drawn a map for: its own map, digits, or a pair of keys for each number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.adapters.action_words import action_words, idle_place
from gym_gui.adapters.controls.scheme import Binding, ControlScheme
from gym_gui.adapters.controls.toy_text import ChoiceScheme
from gym_gui.core.typing_compat import override

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gymnasium import Env
    from gymnasium.spaces import Box, Discrete
    from numpy.typing import NDArray

_MAX_DIGITS: Final = 10
# The last part of an action's word ("turn_left", "LANE_RIGHT", "toggle"), and the key that goes with it.
_TRIED: Final[Mapping[str, frozenset[str]]] = {
    "left": frozenset({"left", "west"}),
    "right": frozenset({"right", "east"}),
    "up": frozenset({"up", "north", "forward", "forwards", "faster", "accelerate"}),
    "down": frozenset({"down", "south", "back", "backward", "backwards", "slower", "brake"}),
    "space": frozenset({"fire", "shoot", "jump", "flap", "toggle", "interact", "use", "attack"}),
}
_PADS: Final = {"left": "dpad_left", "right": "dpad_right", "up": "dpad_up", "down": "dpad_down", "space": "a"}
_MAX_DIMENSIONS: Final = 4
# More, less, for each dimension.
_PAIRS: Final = ((("right",), ("left",)), (("up",), ("down",)), (("d",), ("a",)), (("w",), ("s",)))
# pygame's key codes that are no characters, of version 2 and (in MountainCar still) of version 1.
_PYGAME_KEYS: Final = {1073741903: "right", 1073741904: "left", 1073741905: "down", 1073741906: "up"} | {
    275: "right",
    276: "left",
    274: "down",
    273: "up",
}
_NAMED_KEYS: Final = {" ": "space", "\r": "enter", "\n": "enter", "\t": "tab"}
_UNICODE_END: Final = 0x110000


def generic_scheme(env: Env[Any, Any], *, turn_based: bool) -> ControlScheme:
    """The best keys that can be told from the environment itself.

    Its own ``get_keys_to_action`` where it has one; digits for up to ten discrete actions, with arrows and the space
    bar for those whose words say so; pairs of keys for a Box of up to four numbers; otherwise no bindings: a person can
    only watch. The idle action is the one that the environment calls so (``NOOP``, ``IDLE``, …), else its first; zeros,
    or what the bounds leave of them, for a Box.
    """
    from gymnasium import spaces  # noqa: PLC0415 - loaded with the environment

    space = env.action_space
    own = _own_keys(env)
    idle = None if turn_based else _idle_action(env)
    if own:
        return _ComboScheme(own, idle, action_words(env))
    if isinstance(space, spaces.Discrete) and space.n <= _MAX_DIGITS:
        return _digits(env, space, idle)
    if isinstance(space, spaces.Box) and len(space.shape) == 1 and space.shape[0] <= _MAX_DIMENSIONS:
        return _BoxScheme(space)
    return _WatchScheme(idle)


def _idle_action(env: Env[Any, Any]) -> Any:
    from gymnasium import spaces  # noqa: PLC0415 - loaded with the environment

    space = env.action_space
    if isinstance(space, spaces.Discrete):
        return int(space.start) + (idle_place(action_words(env)) or 0)
    return idle_value(space)


def idle_value(space: Any) -> Any:
    """The quiet value of any space: its first choice, zeros within the bounds, and so on through its parts.

    Where nothing is quieter than anything else (a graph, a space of a stranger's class) it is one of the space's own,
    the same each time.
    """
    from gymnasium import spaces  # noqa: PLC0415 - loaded with the environment

    if isinstance(space, spaces.Dict):
        return {key: idle_value(part) for key, part in space.spaces.items()}
    if isinstance(space, spaces.Tuple):
        return tuple(idle_value(part) for part in space.spaces)
    if isinstance(space, spaces.OneOf):
        return np.int64(0), idle_value(space.spaces[0])
    if isinstance(space, spaces.Sequence) and not space.stack:
        return ()
    return _idle_leaf(space)


def _idle_leaf(space: Any) -> Any:
    from gymnasium import spaces  # noqa: PLC0415 - loaded with the environment

    if isinstance(space, spaces.Box):
        return np.asarray(np.clip(np.zeros(space.shape, dtype=space.dtype), space.low, space.high))
    if isinstance(space, spaces.MultiDiscrete):
        return np.array(space.start, dtype=space.dtype)
    if isinstance(space, spaces.MultiBinary):
        return np.zeros(space.shape, dtype=space.dtype)
    if isinstance(space, spaces.Discrete):
        return int(space.start)
    if isinstance(space, spaces.Text):
        return space.character_list[0] * space.min_length
    same_each_time = deepcopy(space)
    same_each_time.seed(0)
    return same_each_time.sample()


def _own_keys(env: Env[Any, Any]) -> dict[frozenset[str], Any]:
    """The environment's own map as sets of key names; empty where it has none or one that cannot be read."""
    ask = getattr(env.unwrapped, "get_keys_to_action", None)
    try:
        given = ask() if callable(ask) else None
        if not isinstance(given, Mapping):
            return {}
        keys = {
            frozenset(map(_key_name, combo if isinstance(combo, (tuple, str, list)) else (combo,))): action
            for combo, action in given.items()
        }
    except Exception:  # noqa: BLE001 - foreign code that only describes keys; without it there are digits
        return {}
    return {combo: action for combo, action in keys.items() if "" not in combo}


def _key_name(key: object) -> str:
    if isinstance(key, (int, np.integer)):
        code = int(key)
        key = _PYGAME_KEYS.get(code) or (chr(code) if 0 <= code < _UNICODE_END else "")
    text = str(key)
    return _NAMED_KEYS.get(text, text.lower())


def _digits(env: Env[Any, Any], space: Discrete, idle: int | None) -> ControlScheme:
    words = action_words(env)
    count, start = int(space.n), int(space.start)
    if len(words) != count:
        words = tuple(f"Action {start + index}" for index in range(count))
    return _IdleChoiceScheme([(one, start + index) for index, one in enumerate(_bindings(words))], idle)


def _bindings(words: Sequence[str]) -> Iterator[Binding]:
    """A digit for each word, and the key that a person tries first where the word says a way, or what a button does."""
    taken: set[str] = set()
    for index, word in enumerate(words):
        parts = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", word).lower())
        key = next((key for key, tried in _TRIED.items() if key not in taken and not tried.isdisjoint(parts[-1:])), "")
        taken.add(key)
        label = word.replace("_", " ").capitalize()
        yield Binding((key, str(index)), label, _PADS[key]) if key else Binding((str(index),), label)


def _label(action: Any, meanings: Sequence[str]) -> str:
    if isinstance(action, (int, np.integer)) and 0 <= int(action) < len(meanings):
        return meanings[int(action)].replace("_", " ").capitalize()
    return f"Action {action}"


class _IdleChoiceScheme(ChoiceScheme):
    """Choices with an action for no key; None for it where the world waits."""

    def __init__(self, choices: Sequence[tuple[Binding, int]], idle: int | None) -> None:
        super().__init__(choices)
        self._idle = idle

    @override
    def action_for(self, held: frozenset[str]) -> int | None:
        chosen = super().action_for(held)
        return self._idle if chosen is None else chosen


class _ComboScheme(ControlScheme):
    """An environment's own combinations: the largest one that is held counts."""

    def __init__(self, actions: Mapping[frozenset[str], Any], idle: Any, meanings: Sequence[str]) -> None:
        self._idle = actions.get(frozenset(), idle)
        combos = sorted((combo for combo in actions if combo), key=len, reverse=True)
        self._combos = tuple((combo, actions[combo]) for combo in combos)
        # A combination of keys that each stand in the list already needs no line of its own.
        single = {key for combo in combos if len(combo) == 1 for key in combo}
        self._bindings = tuple(
            Binding((" + ".join(sorted(combo)),), _label(action, meanings))
            for combo, action in reversed(self._combos)
            if len(combo) == 1 or not combo <= single
        )

    @property
    @override
    def bindings(self) -> Sequence[Binding]:
        return self._bindings

    @override
    def action_for(self, held: frozenset[str]) -> Any:
        for combo, action in self._combos:
            if combo <= held:
                return action
        return self._idle


class _BoxScheme(ControlScheme):
    """A pair of keys for each number: held, it goes to its bound, or to 1 or -1 where it has none."""

    def __init__(self, space: Box) -> None:
        reach = np.ones(space.shape, dtype=np.float64)
        self._more = np.where(np.isfinite(space.high), space.high, reach).astype(space.dtype)
        self._less = np.where(np.isfinite(space.low), space.low, -reach).astype(space.dtype)
        self._idle: NDArray[Any] = np.asarray(idle_value(space), dtype=space.dtype)
        self._pairs = _PAIRS[: space.shape[0]]

    @property
    @override
    def bindings(self) -> Sequence[Binding]:
        return tuple(
            Binding(keys, f"Number {index + 1} {way}")
            for index, (more, less) in enumerate(self._pairs)
            for keys, way in ((more, "up"), (less, "down"))
        )

    @override
    def action_for(self, held: frozenset[str]) -> NDArray[Any]:
        action = self._idle.copy()
        for index, (more, less) in enumerate(self._pairs):
            up, down = not held.isdisjoint(more), not held.isdisjoint(less)
            if up != down:
                action[index] = self._more[index] if up else self._less[index]
        return action


class _WatchScheme(ControlScheme):
    """No keys: a person can watch what the idle action does."""

    def __init__(self, idle: Any) -> None:
        self._idle = idle

    @property
    @override
    def bindings(self) -> Sequence[Binding]:
        return ()

    @override
    def action_for(self, held: frozenset[str]) -> Any:
        return self._idle

"""Words for discrete actions: what an environment calls them, wherever it says so, and which of them does nothing."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from gymnasium import Env

# Where environments keep an enumeration, a mapping or a list of their actions, the likeliest first.
_PLACES: Final = (
    "action_names",
    "action_meanings",
    "ACTION_MEANING",
    "ACTION_NAMES",
    "action_enum",
    "actions",  # MiniGrid
    "Actions",
    "ACTIONS",
)
_IN_MODULE: Final = ("Actions", "ACTIONS")  # FlappyBird
_MOST: Final = 64
_IDLE: Final = frozenset(
    {"noop", "nop", "idle", "none", "nothing", "donothing", "noaction", "stay", "still", "wait", "pass", "rest"}
)


def action_words(env: Env[Any, Any]) -> tuple[str, ...]:
    """A word for each discrete action, the space's first action first; empty where the environment has none."""
    try:
        tell = getattr(env.unwrapped, "get_action_meanings", None)
        told = tell() if callable(tell) else ()
        if told:
            return tuple(told) if all(isinstance(word, str) for word in told) else ()
        return _found_words(env)
    except Exception:  # noqa: BLE001 - the environment's own code; words are not worth a fault
        return ()


def idle_place(words: tuple[str, ...]) -> int | None:
    """The place of the word that says that nothing is done; None where there is none."""
    plain = [re.sub(r"[^a-z]", "", word.lower()) for word in words]
    return next((place for place, word in enumerate(plain) if word in _IDLE), None)


def _found_words(env: Env[Any, Any]) -> tuple[str, ...]:
    from gymnasium.spaces import Discrete  # noqa: PLC0415 - loaded with the environment

    space = env.action_space
    if not isinstance(space, Discrete) or space.n > _MOST:
        return ()
    numbers = range(int(space.start), int(space.start + space.n))
    return next(filter(None, (_in_order(one, numbers) for one in _candidates(env.unwrapped))), ())


def _candidates(env: Any) -> Iterator[Any]:
    for name in _PLACES:
        yield getattr(env, name, None)
    yield getattr(getattr(env, "action_type", None), "actions", None)  # highway-env
    module = sys.modules.get(type(env).__module__)
    for name in _IN_MODULE:
        yield getattr(module, name, None)


def _in_order(found: Any, numbers: range) -> tuple[str, ...]:
    """The words of *numbers*, where *found* names exactly these."""
    if isinstance(found, (list, tuple)) and not hasattr(found, "_fields"):
        whole = len(found) == len(numbers) and all(isinstance(one, str) for one in found)
        return tuple(found) if whole else ()
    named: dict[Any, Any] = {}
    for key, value in _pairs(found):
        word, number = (value, key) if isinstance(value, str) else (key, value)
        if isinstance(word, str) and not isinstance(number, (str, float, bool)):
            named[number] = word
    return tuple(named[number] for number in numbers) if set(named) == set(numbers) else ()


def _pairs(found: Any) -> list[tuple[Any, Any]]:
    if isinstance(found, type) and issubclass(found, Enum):
        return [(name, member.value) for name, member in found.__members__.items()]
    if isinstance(found, Mapping):
        return list(found.items())
    if hasattr(found, "_asdict"):
        return list(found._asdict().items())
    return list(vars(found).items()) if hasattr(found, "__dict__") and not isinstance(found, type) else []

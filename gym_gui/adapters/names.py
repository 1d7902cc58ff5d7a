"""How a person calls an environment and its family."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gym_gui.adapters.describe import entry_point_module
from gym_gui.adapters.registry import ATARI_MODULE, gym_family

if TYPE_CHECKING:
    from gymnasium.envs.registration import EnvSpec

_WORDS: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+[a-z]\d+|\d+d(?![a-z])|\d+[A-Z]?(?![a-z])|\d+")
# Names that were run together by their registration.
_SPECIAL: Final = {"Jamesbond": "James Bond", "Riverraid": "River Raid", "Qbert": "Q*bert", "Et": "E.T."}
_FAMILIES: Final = {
    "box2d": "Box2D",
    "classic_control": "Classic control",
    "toy_text": "Toy text",
    "mujoco": "MuJoCo",
    "phys2d": "Phys2D (jax)",
    "tabular": "Tabular (jax)",
}
_NAMESPACES: Final = {"ALE": "Atari"}


def human_name(spec: EnvSpec) -> str:
    """``ALE/MontezumaRevenge-v5`` -> ``Montezuma Revenge``; ``FrozenLake8x8-v1`` -> ``Frozen Lake 8x8``."""
    return name_in_words(spec.name)


def name_in_words(name: str) -> str:
    """The words that *name*, an id without namespace and version, was run together from; itself where it has others."""
    found = _WORDS.findall(name)
    if sum(map(len, found)) != sum(sign.isalnum() for sign in name):
        return name  # letters that are none of ours
    words = [word.upper() if word[0].isdigit() and word.endswith("d") else word for word in found]
    return _SPECIAL.get(name) or " ".join(words) or name


def family_title(spec: EnvSpec) -> str:
    """The heading that a catalogue lists it under."""
    if spec.namespace is None and entry_point_module(spec) == ATARI_MODULE:
        return "Atari (old ids)"
    if spec.namespace in _NAMESPACES:
        return _NAMESPACES[spec.namespace]
    family = gym_family(spec)
    if family is not None:
        return _FAMILIES.get(family) or family.replace("_", " ").capitalize()
    title = spec.namespace or entry_point_module(spec) or "other"
    if title.startswith("_"):
        title = "other"
    return title if title != title.lower() else title.replace("_", " ").capitalize()

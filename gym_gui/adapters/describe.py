"""What a run must know of its environment to be trusted later: spaces, signature, versions, ROM, spec."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from gymnasium import Env, spaces
    from gymnasium.envs.registration import EnvSpec

_SPACE_TEXT_MAX: Final = 2_000
# What a package is called where its module has another name; asking all installed distributions takes 100 ms.
_DISTRIBUTIONS: Final = {
    "ale_py": ("ale-py",),
    "Box2D": ("box2d", "box2d-py"),
    "pygame": ("pygame-ce", "pygame"),
    "gymnasium": ("gymnasium",),
    "numpy": ("numpy",),
}


def space_text(space: spaces.Space[Any]) -> str:
    """The space as one line of text, for people; bounds that differ by element are abbreviated as numpy does."""
    text = " ".join(repr(space).split())
    return text if len(text) <= _SPACE_TEXT_MAX else f"{text[:_SPACE_TEXT_MAX]}…"


def action_meanings(env: Env[Any, Any]) -> tuple[str, ...]:
    """The environment's own words for its discrete actions; empty where it has none."""
    tell = getattr(env.unwrapped, "get_action_meanings", None)
    try:
        meanings = tell() if callable(tell) else ()
    except Exception:  # noqa: BLE001 - the environment's own code; words are not worth a fault
        return ()
    return tuple(meanings) if all(isinstance(word, str) for word in meanings) else ()


def space_signature(observation_space: spaces.Space[Any], action_space: spaces.Space[Any]) -> str:
    """Sha256 (hex) over both spaces with all their bounds; the same in every process and on every machine."""
    facts = {"observation": _space_facts(observation_space), "action": _space_facts(action_space)}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _space_facts(space: spaces.Space[Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {"type": type(space).__name__}
    if space.shape is not None:
        facts["shape"] = [int(size) for size in space.shape]
    if space.dtype is not None:
        facts["dtype"] = np.dtype(space.dtype).str
    for name in ("n", "start", "nvec", "low", "high"):
        value = getattr(space, name, None)
        if isinstance(value, np.ndarray):
            # Little-endian, so that the hash does not depend on the machine.
            little = np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("<"))
            facts[name] = hashlib.sha256(little.tobytes()).hexdigest()
        elif value is not None:
            facts[name] = str(value)
    parts: Any = getattr(space, "spaces", None)
    if hasattr(parts, "items"):
        facts["parts"] = [[str(key), _space_facts(part)] for key, part in parts.items()]
    elif isinstance(parts, (tuple, list)):
        facts["parts"] = [_space_facts(part) for part in parts]
    elif facts.keys().isdisjoint({"n", "nvec", "low"}):  # Text, Sequence, Graph, a stranger's: its text says the rest
        facts["text"] = repr(space)
    return facts


def spec_json(env: Env[Any, Any]) -> str | None:
    """The ``EnvSpec`` as JSON text; None where there is none or it holds what JSON cannot say."""
    try:
        return None if env.spec is None else env.spec.to_json()
    except Exception:  # noqa: BLE001 - foreign keyword values raise anything when written; the run lives without it
        return None


def package_versions(modules: Iterable[str]) -> dict[str, str]:
    """Package -> version for Python, Gymnasium, numpy and *modules* (import names), as far as they say one."""
    versions = {"python": platform.python_version()}
    for module in ("gymnasium", "numpy", *modules):
        found = _package_version(module)
        if found is not None:
            versions[found[0]] = found[1]
    return versions


@lru_cache(maxsize=64)
def _package_version(module: str) -> tuple[str, str] | None:
    candidates = _DISTRIBUTIONS.get(module, (module, module.replace("_", "-")))
    for name in candidates:
        try:
            return name, importlib.metadata.version(name)
        except (importlib.metadata.PackageNotFoundError, ValueError):
            continue
    version = getattr(sys.modules.get(module), "__version__", None)
    return (module, version) if isinstance(version, str) else None


def entry_point_module(spec: EnvSpec | None) -> str | None:
    """Top-level import name of the package that an environment's class comes from; None where it is unknown."""
    entry_point = getattr(spec, "entry_point", None)
    if isinstance(entry_point, str):
        return entry_point.partition(":")[0].partition(".")[0]
    module = getattr(entry_point, "__module__", None)
    return module.partition(".")[0] if isinstance(module, str) else None


@lru_cache(maxsize=256)
def file_sha256(path: Path) -> str | None:
    """Sha256 (hex) of a file's bytes; None where it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None

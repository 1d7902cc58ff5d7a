"""What a run must know of its environment to be trusted later: spaces, versions, ROM, spec."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.spaces import SpaceDescription, SpaceSerializer, signature_of_forms, space_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from gymnasium import spaces
    from gymnasium.envs.registration import EnvSpec

_DEFAULT_RATE_HZ: Final = 30.0
_MAX_RATE_HZ: Final = 1_000.0
# What a package is called where its module has another name; asking all installed distributions takes 100 ms.
_DISTRIBUTIONS: Final = {
    "ale_py": ("ale-py",),
    "Box2D": ("box2d", "box2d-py"),
    "pygame": ("pygame-ce", "pygame"),
    "gymnasium": ("gymnasium",),
    "numpy": ("numpy",),
}


def describe_spaces(observation_space: spaces.Space[Any], action_space: spaces.Space[Any]) -> SpaceDescription:
    """Both spaces of an environment as data; one that is not Gymnasium's own is described as far as it can be."""
    observation, action = SpaceSerializer.describe(observation_space), SpaceSerializer.describe(action_space)
    return SpaceDescription(
        observation=observation,
        action=action,
        signature=signature_of_forms(observation, action),
        observation_text=space_text(observation_space),
        action_text=space_text(action_space),
    )


def spec_json(spec: EnvSpec | None) -> str | None:
    """The ``EnvSpec`` as JSON text; None where there is none or it holds what JSON cannot say."""
    try:
        return None if spec is None else spec.to_json()
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


def declared_rate_hz(env: object) -> float:
    """Steps a second in real time: the metadata's ``render_fps``, 30 where it says nothing sensible."""
    metadata = getattr(env, "metadata", None)
    rate = metadata.get("render_fps") if isinstance(metadata, Mapping) else None
    if isinstance(rate, (int, float, np.number)) and 0 < rate <= _MAX_RATE_HZ:
        return float(rate)
    return _DEFAULT_RATE_HZ


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

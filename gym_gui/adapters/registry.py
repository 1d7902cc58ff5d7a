"""Environment ids: which exist, what a mistyped one may have meant, and whether their packages are here."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import re
import sys
import threading
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gym_gui.adapters.describe import entry_point_module
from gym_gui.adapters.foreign import one_line
from gym_gui.core.errors import EnvironmentUnusableError, UnknownEnvironmentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gymnasium.envs.registration import EnvSpec

ATARI_MODULE: Final = "ale_py"
_GYM_ENVS: Final = "gymnasium.envs."
# What a family of Gymnasium's own needs beyond Gymnasium: import name -> what the user knows it by.
_NEEDS: Final = {
    "box2d": (("Box2D", "box2d"), ("pygame", "pygame-ce")),
    "classic_control": (("pygame", "pygame-ce"),),
    "toy_text": (("pygame", "pygame-ce"),),
    "mujoco": (("mujoco", "mujoco"),),
    "phys2d": (("jax", "jax"),),
    "tabular": (("jax", "jax"),),
}
_VERSION: Final = re.compile(r"-v\d+$")
_OFFERED: Final = 3
_CUTOFF: Final = 0.6
_SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class ResolvedEnvironment:
    """An id that leads to a registered environment.

    Attributes:
        make_id: What ``gymnasium.make`` takes: the full id, with the module in front where one was given.
        spec: The registered specification.
    """

    make_id: str
    spec: EnvSpec


# Warning filters belong to the process: two threads that change and restore them by turns would leave them changed.
_FILTERS_LOCK: Final = threading.RLock()


@contextmanager
def quiet_imports() -> Iterator[None]:
    """Import and make foreign things without their warnings: a deprecation there is not the player's business."""
    with _FILTERS_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def registered_specs() -> dict[str, EnvSpec]:
    """Every registered specification by id, Atari's included where ale-py is installed."""
    with quiet_imports():
        import gymnasium  # noqa: PLC0415 - 0.4 s, paid where environments are listed or opened

        if importlib.util.find_spec(ATARI_MODULE) is not None:
            import ale_py  # noqa: PLC0415 - importing it registers its games

            ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)
    return dict(gymnasium.registry)


def resolve(env_id: str) -> ResolvedEnvironment:
    """The environment that *env_id* names: ``Id-v1``, ``Id`` (its newest version) or ``module:Id-v1``.

    Raises:
        UnknownEnvironmentError: nothing of that id is registered; near matches are offered.
        EnvironmentUnusableError: the module in front cannot be imported.
    """
    module, _, name = env_id.rpartition(":")
    if module:
        import_named(module, env_id)
    specs = registered_specs()
    spec = specs.get(name) or _newest_version(name, specs)
    if spec is None:
        raise _unknown(env_id, module, name, specs)
    return ResolvedEnvironment(f"{module}:{spec.id}" if module else spec.id, spec)


def import_named(module: str, env_id: str) -> None:
    """Import the module that stands in front of *env_id*, from the current folder too.

    Raises:
        EnvironmentUnusableError: it cannot be imported.
    """
    # A console script does not look into the working directory, where a user's own module usually is.
    cwd = str(Path.cwd())
    if cwd not in sys.path and "" not in sys.path:
        sys.path.append(cwd)
    try:
        with quiet_imports():
            importlib.import_module(module)
    except (Exception, SystemExit) as fault:
        raise EnvironmentUnusableError(
            f"{env_id} cannot be opened: importing {module} failed with {one_line(fault)}.",
            hint=_import_hint(module, fault),
        ) from fault


def _import_hint(module: str, fault: BaseException) -> str:
    missing = fault.name if isinstance(fault, ModuleNotFoundError) else None
    if missing is None:
        return f"{module} is there; this is what its own code says."
    if module == missing or module.startswith(f"{missing}."):
        return f"Check that {module} is installed or lies in the current folder."
    return f"{module} is there, and needs {missing}, which is not installed."


def _newest_version(name: str, specs: dict[str, EnvSpec]) -> EnvSpec | None:
    if _VERSION.search(name):
        return None
    versions = [spec for spec in specs.values() if _VERSION.sub("", spec.id) == name and not is_old_atari(spec)]
    return max(versions, key=lambda spec: spec.version or 0, default=None)


def _unknown(env_id: str, module: str, name: str, specs: dict[str, EnvSpec]) -> UnknownEnvironmentError:
    left_out = superseded_ids(specs)
    offered = [spec for spec in specs.values() if spec.id not in left_out]
    # Who names a module means one of its own, however the rest is spelt.
    own = [spec for spec in offered if module and entry_point_module(spec) == module.partition(".")[0]]
    # First those that the named module itself defines: those of its neighbours are there by chance.
    own.sort(key=lambda spec: _defining_module(spec) != module)
    near = [f"{module}:{own_id}" for own_id in near_matches(name, own) or [spec.id for spec in own[:_OFFERED]]]
    near = near or near_matches(name, offered)
    shown = env_id if len(env_id) <= _SHOWN else f"{env_id[:_SHOWN]}…"
    hint = f"Did you mean {' or '.join(near)}?" if near else "`gym-gui games` lists every environment of this machine."
    return UnknownEnvironmentError(f"There is no environment {shown!r}.", hint=hint)


def _defining_module(spec: EnvSpec) -> str | None:
    entry_point = spec.entry_point
    return entry_point.partition(":")[0] if isinstance(entry_point, str) else getattr(entry_point, "__module__", None)


def near_matches(name: str, specs: list[EnvSpec]) -> list[str]:
    """Up to three ids that *name* may have meant, best first; case, version and namespace do not matter."""
    wanted = _bare(name)
    by_bare: dict[str, list[str]] = {}
    for spec in specs:
        by_bare.setdefault(_bare(spec.id), []).append(spec.id)
    if not wanted:
        return []
    exact = [wanted] if wanted in by_bare else []
    within = sorted((bare for bare in by_bare if wanted in bare or (len(bare) > _OFFERED and bare in wanted)), key=len)
    close = difflib.get_close_matches(wanted, by_bare, n=_OFFERED, cutoff=_CUTOFF)
    # A near spelling beats a name that merely contains what was typed, unless it starts with it.
    started = [bare for bare in within if bare.startswith(wanted)]
    ordered = dict.fromkeys((*exact, *started, *close, *within))
    return [env_id for bare in ordered for env_id in by_bare[bare]][:_OFFERED]


def _bare(env_id: str) -> str:
    name = _VERSION.sub("", env_id[:_SHOWN].strip()).rsplit("/", 1)[-1]
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def is_old_atari(spec: EnvSpec) -> bool:
    """Whether it is one of the ids from before ``ALE/``: ``Breakout-v4``, ``BreakoutNoFrameskip-v4``."""
    return spec.namespace is None and entry_point_module(spec) == ATARI_MODULE


def superseded_ids(specs: dict[str, EnvSpec]) -> frozenset[str]:
    """The ids that a default list leaves out: old Atari ids, compatibility shims, all but the newest version."""
    newest: dict[tuple[str | None, str], int] = {}
    for spec in specs.values():
        key = (spec.namespace, spec.name)
        newest[key] = max(newest.get(key, 0), spec.version or 0)
    return frozenset(
        env_id
        for env_id, spec in specs.items()
        if is_old_atari(spec)
        or is_shim(spec)
        or (spec.version is not None and spec.version < newest[spec.namespace, spec.name])
    )


def is_shim(spec: EnvSpec) -> bool:
    """Whether it is no environment but an adapter for those of OpenAI Gym."""
    return spec.name.startswith("GymV") and spec.name.endswith("Environment")


def gym_family(spec: EnvSpec) -> str | None:
    """The folder of ``gymnasium.envs`` that it comes from: ``box2d``, ``mujoco``, …; None for anyone else's."""
    entry_point = spec.entry_point
    if isinstance(entry_point, str) and entry_point.startswith(_GYM_ENVS):
        return entry_point.removeprefix(_GYM_ENVS).partition(".")[0]
    if getattr(entry_point, "__name__", "") == "_raise_mujoco_py_error":
        return "mujoco"
    return None


def missing_requirement(spec: EnvSpec) -> str:
    """Why it cannot be opened here, as the end of a sentence; empty where nothing is known to be missing."""
    if callable(spec.entry_point):
        is_gone = getattr(spec.entry_point, "__name__", "") == "_raise_mujoco_py_error"
        return "needs mujoco-py, which Gymnasium no longer supports" if is_gone else ""
    if spec.entry_point is None:
        return "exists only as a vector environment"
    family = gym_family(spec)
    for module, package in _NEEDS.get(family or "", ()):
        if not _is_installed(module):
            return f"needs the package {package}"
    own = entry_point_module(spec)
    return f"needs the package {own}" if own and not _is_installed(own) else ""


def install_hint(missing: str) -> str:
    """What to do about *missing*, such as ``needs the package mujoco``, with the command; empty where nothing helps."""
    return f"Install it with: pip install {missing.rsplit(' ', 1)[-1]}" if "package" in missing else ""


@lru_cache(maxsize=256)
def _is_installed(module: str) -> bool:
    if module in sys.modules:
        return True
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False

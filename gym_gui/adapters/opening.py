"""Opening an environment: the keyword checks, the choice of a render mode, and one clear sentence when it fails."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.adapters.foreign import one_line
from gym_gui.adapters.frames import FrameNormaliser
from gym_gui.adapters.ownership import owned
from gym_gui.adapters.registry import install_hint, missing_requirement, quiet_imports
from gym_gui.adapters.sdl import keep_sdl_silent
from gym_gui.core.errors import EnvironmentUnusableError

if TYPE_CHECKING:
    from gymnasium import Env

    from gym_gui.adapters.registry import ResolvedEnvironment

RGB_ARRAY: Final = "rgb_array"
ANSI: Final = "ansi"
_UNEXPECTED: Final = re.compile(r"unexpected keyword argument '(\w+)'")


@dataclass(frozen=True, slots=True)
class OpenedEnvironment:
    """An environment that was made.

    Attributes:
        env: The environment as ``gymnasium.make`` wraps it.
        render_mode: ``rgb_array`` where ``render`` gives pictures; None otherwise.
    """

    env: Env[Any, Any]
    render_mode: str | None


def checked_kwargs(env_id: str, env_kwargs: Mapping[str, Any] | None) -> dict[str, Any]:
    """*env_kwargs* as a dict of JSON values, numpy scalars as Python's; ``render_mode`` is ours to choose.

    Raises:
        EnvironmentUnusableError: a value that a run could not store, or another render mode.
    """
    kwargs: dict[str, Any] = {}
    for key, value in (env_kwargs or {}).items():
        if key == "render_mode":
            if value not in {RGB_ARRAY, None}:
                raise EnvironmentUnusableError(
                    f"{env_id} cannot be opened with render_mode={value!r}: it is recorded through rgb_array.",
                    hint="Leave render_mode out.",
                )
            continue
        plain = value.item() if isinstance(value, np.generic) else owned(value)
        try:
            json.dumps(plain, allow_nan=False)
        except (TypeError, ValueError) as fault:
            raise EnvironmentUnusableError(
                f"The option {key} of {env_id} cannot be stored with the run: {one_line(fault)}.",
                hint="Options are numbers, texts, true, false, null, and lists or dictionaries of these.",
            ) from fault
        kwargs[str(key)] = plain
    return kwargs


def open_environment(
    resolved: ResolvedEnvironment, make_kwargs: Mapping[str, Any], *, render: bool
) -> OpenedEnvironment:
    """Make the environment with ``rgb_array`` where it can, else with ``ansi``, else silent; never with a window.

    Raises:
        EnvironmentUnusableError: a package is missing, a keyword is wrong, or its constructor raised.
    """
    env_id = resolved.make_id
    missing = missing_requirement(resolved.spec)
    if missing:
        raise EnvironmentUnusableError(f"{env_id} {missing}.", hint=install_hint(missing))
    keep_sdl_silent()
    if not render:
        return OpenedEnvironment(_make(env_id, make_kwargs, None), None)
    mode: str | None = RGB_ARRAY
    try:
        env = _make(env_id, make_kwargs, mode)
    except EnvironmentUnusableError as fault:
        if _is_declared(resolved) and "render" not in str(fault.__cause__):
            raise
        mode = None  # its constructor knows no render_mode, or not this one
        env = _make(env_id, make_kwargs, mode)
    if RGB_ARRAY in _declared_modes(env) and mode == RGB_ARRAY:
        return OpenedEnvironment(env, RGB_ARRAY)
    if _draws(env, env_id, make_kwargs, mode):
        return OpenedEnvironment(env, RGB_ARRAY)
    return OpenedEnvironment(_told_in_text(env, env_id, make_kwargs), None)


def _told_in_text(env: Env[Any, Any], env_id: str, make_kwargs: Mapping[str, Any]) -> Env[Any, Any]:
    """The environment made anew to write what it does not draw, where it says that it does; else *env* itself."""
    if ANSI not in _declared_modes(env):
        return env
    try:
        made = _make(env_id, make_kwargs, ANSI)
    except EnvironmentUnusableError:
        return env  # it says so, and cannot
    close_quietly(env)
    return made


def _is_declared(resolved: ResolvedEnvironment) -> bool:
    """Whether the class itself says that it draws, so that its constructor failed for another reason."""
    from gymnasium.envs.registration import load_env_creator  # noqa: PLC0415 - loaded with Gymnasium

    entry_point = resolved.spec.entry_point
    try:
        creator = load_env_creator(entry_point) if isinstance(entry_point, str) else entry_point
    except (Exception, SystemExit):  # noqa: BLE001 - a foreign module that cannot be imported declares nothing
        return False
    return RGB_ARRAY in _declared_modes(creator)


def _declared_modes(env: object) -> frozenset[str]:
    """The render modes that an environment or its class declares; empty where it declares none, or nonsense."""
    metadata = getattr(env, "metadata", None)
    modes = metadata.get("render_modes") if isinstance(metadata, Mapping) else None
    return frozenset(map(str, modes)) if isinstance(modes, (list, tuple, set, frozenset)) else frozenset()


def _draws(env: Env[Any, Any], env_id: str, make_kwargs: Mapping[str, Any], mode: str | None) -> bool:
    """Whether an environment that does not say so draws all the same; tried on a twin that is thrown away."""
    from gymnasium import Env  # noqa: PLC0415 - 0.4 s, paid when an environment is opened

    if type(env.unwrapped).render is Env.render:
        return False
    twin: Env[Any, Any] | None = None
    try:
        twin = _make(env_id, make_kwargs, mode)
        with quiet_imports():
            twin.reset(seed=0)
            return FrameNormaliser().normalise(twin.render()) is not None
    except (Exception, SystemExit):  # noqa: BLE001 - foreign code; whatever it raises, it gave no picture
        return False
    finally:
        if twin is not None:
            close_quietly(twin)


def close_quietly(env: Any) -> None:
    """Close an environment of any kind, where it can be closed; what its ``close`` raises helps nobody any more."""
    try:
        with quiet_imports():
            env.close()
    except (Exception, SystemExit):  # noqa: BLE001, S110 - foreign code at the end of its life
        pass


def _make(env_id: str, make_kwargs: Mapping[str, Any], mode: str | None) -> Env[Any, Any]:
    import gymnasium  # noqa: PLC0415 - 0.4 s, paid when an environment is opened

    options = {"disable_env_checker": True, **make_kwargs}
    if mode is not None:
        options["render_mode"] = mode
    try:
        with quiet_imports():
            return gymnasium.make(env_id, **options)
    except KeyboardInterrupt:
        raise
    except BaseException as fault:
        raise _unusable(env_id, make_kwargs, fault) from fault


def _unusable(env_id: str, make_kwargs: Mapping[str, Any], fault: BaseException) -> EnvironmentUnusableError:
    keyword = _UNEXPECTED.search(str(fault)) if isinstance(fault, TypeError) else None
    if keyword is not None and keyword[1] in make_kwargs:
        return EnvironmentUnusableError(
            f"{env_id} has no option {keyword[1]!r}.", hint="Leave it out or check its spelling."
        )
    if isinstance(fault, ModuleNotFoundError) and fault.name:
        package = fault.name.partition(".")[0]
        return EnvironmentUnusableError(
            f"{env_id} needs the package {package}.", hint=install_hint(f"package {package}")
        )
    given = f" with {', '.join(f'{key}={value!r}' for key, value in make_kwargs.items())}" if make_kwargs else ""
    return EnvironmentUnusableError(f"{env_id} could not be opened{given}: {one_line(fault)}.")

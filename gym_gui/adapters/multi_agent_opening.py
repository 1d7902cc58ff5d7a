"""Worlds of several agents by name: ``module:factory``, where the factory makes one of either interface."""

from __future__ import annotations

import inspect
import re
import sys
from typing import TYPE_CHECKING, Any, Final

from gym_gui.adapters.foreign import one_line
from gym_gui.adapters.multi_agent import check_parallel
from gym_gui.adapters.opening import RGB_ARRAY, checked_kwargs
from gym_gui.adapters.registry import import_named, quiet_imports, registered_specs
from gym_gui.adapters.sdl import keep_sdl_silent
from gym_gui.core.errors import EnvironmentUnusableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gym_gui.adapters.multi_agent import ParallelEnvironment

# What a class of the parallel interface has; a Gymnasium environment's spaces are no methods.
_METHODS: Final = ("reset", "step", "observation_space", "action_space")
_NO_RENDER_MODE: Final = re.compile(r"unexpected keyword argument 'render_mode'|takes no (keyword )?arguments")


def find_factory(env_id: str) -> Callable[..., Any] | None:
    """What makes the world of several agents that *env_id* names; None where it names no such thing.

    ``module:name`` does where nothing of that name is registered with Gymnasium, and the module has a function or a
    class with the parallel interface of that name: ``pettingzoo.butterfly.pistonball_v6:parallel_env``.

    Raises:
        EnvironmentUnusableError: the module cannot be imported.
    """
    module, _, name = env_id.rpartition(":")
    if not module or not name.isidentifier():
        return None
    import_named(module, env_id)
    if name in registered_specs():
        return None
    factory: Any = getattr(sys.modules[module], name, None)
    if inspect.isclass(factory):
        return factory if all(callable(getattr(factory, method, None)) for method in _METHODS) else None
    return factory if inspect.isroutine(factory) else None


def open_parallel(env_id: str, env_kwargs: Mapping[str, Any] | None = None, *, render: bool) -> ParallelEnvironment:
    """The world that *env_id* names, with ``render_mode="rgb_array"`` where pictures are wanted and it takes one.

    Raises:
        EnvironmentUnusableError: it names no world of several agents, or that one cannot be made with *env_kwargs*.
    """
    factory = find_factory(env_id)
    if factory is None:
        raise EnvironmentUnusableError(
            f"{env_id} names no world of several agents.", hint="Name a function or a class: module:parallel_env."
        )
    kwargs = checked_kwargs(env_id, env_kwargs)
    keep_sdl_silent()
    env: Any
    try:
        with quiet_imports():
            env = _made(factory, kwargs, render=render)
    except (Exception, SystemExit) as fault:
        raise EnvironmentUnusableError(f"{env_id} could not be opened: {one_line(fault)}.") from fault
    check_parallel(env, env_id)
    made: ParallelEnvironment = env
    return made


def _made(factory: Callable[..., Any], kwargs: dict[str, Any], *, render: bool) -> Any:
    if not render:
        return factory(**kwargs)
    try:
        return factory(render_mode=RGB_ARRAY, **kwargs)
    except TypeError as fault:
        if not _NO_RENDER_MODE.search(str(fault)):
            raise
    return factory(**kwargs)

"""Opening a vector environment of any registered id: the same environment several times, side by side."""

from __future__ import annotations

import multiprocessing
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gym_gui.adapters.catalog import make_adapter
from gym_gui.adapters.foreign import one_line
from gym_gui.adapters.generic import GymnasiumAdapter
from gym_gui.adapters.registry import quiet_imports
from gym_gui.core.errors import EnvironmentUnusableError
from gym_gui.core.schema.step_payload import AutoresetMode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gymnasium import Env
    from gymnasium.vector import VectorEnv


@dataclass(frozen=True, slots=True)
class _SubEnvironment:
    """Makes one sub-environment, in this process or in a worker's."""

    env_id: str
    env_kwargs: Mapping[str, Any] = field(default_factory=dict)
    render: bool = True

    def __call__(self) -> Env[Any, Any]:
        if multiprocessing.parent_process() is not None:
            # Ctrl+C reaches every process of the terminal; the recording one ends the others in order.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        adapter = make_adapter(self.env_id, env_kwargs=self.env_kwargs, render=self.render)
        if not isinstance(adapter, GymnasiumAdapter):
            adapter.close()
            raise EnvironmentUnusableError(f"{self.env_id} cannot be one of several: it is no Gymnasium environment.")
        return adapter.surrender()


def open_vector(
    env_id: str,
    *,
    num_envs: int,
    vectorization: str = "sync",
    autoreset_mode: AutoresetMode = AutoresetMode.NEXT_STEP,
    env_kwargs: Mapping[str, Any] | None = None,
    render: bool = True,
) -> VectorEnv[Any, Any, Any]:
    """*num_envs* environments of one id as one vector environment; the caller closes it.

    Args:
        env_id: As for ``make_adapter``.
        num_envs: How many.
        vectorization: ``sync``, one after the other on this thread, or ``async``, each in a process of its own.
        autoreset_mode: When an ended episode is followed by the next one.
        env_kwargs: Keyword arguments of ``gymnasium.make`` beyond ``render_mode``; JSON values.
        render: Whether pictures are wanted.

    Raises:
        UnknownEnvironmentError: no such id; near matches are offered.
        EnvironmentUnusableError: it cannot be made here, or not several times.
    """
    from gymnasium.vector import AutoresetMode as GymnasiumMode  # noqa: PLC0415 - 0.4 s, paid where one is opened

    from gym_gui.adapters.vector_exact import ExactSyncVectorEnv, open_async  # noqa: PLC0415 - same

    makers = [_SubEnvironment(env_id, dict(env_kwargs or {}), render)] * num_envs
    mode = GymnasiumMode[autoreset_mode.name]
    try:
        with quiet_imports():
            if vectorization == "async":
                return open_async(makers, mode)
            return ExactSyncVectorEnv(makers, autoreset_mode=mode)
    except EnvironmentUnusableError:
        raise
    except Exception as fault:
        raise EnvironmentUnusableError(
            f"{env_id} cannot be opened {num_envs} times side by side: {one_line(fault)}."
        ) from fault

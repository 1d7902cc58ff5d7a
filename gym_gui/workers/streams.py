"""Streams: the recording as a worker needs it: environments wrapped, numbers logged, orders heard, one end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gymnasium import Env
    from gymnasium.vector import VectorEnv

    from gym_gui.core.data_model import RunState
    from gym_gui.services.batch_destination import Order, WorkerDestination


class Streams(Protocol):
    """Where a worker's steps and numbers go."""

    def listen(self, obey: Callable[[Order], tuple[str, str] | None]) -> None:
        """Say who deals with orders, on whatever thread they come; before anything is recorded."""

    def announce(self, env: Env[Any, Any]) -> None:
        """Begin the worker's own stream; for a worker whose environments live in other processes, all like *env*."""

    def training(self, env: Env[Any, Any]) -> Env[Any, Any]:
        """*env* with its training episodes recorded; may be called in a process of the environment's own."""

    def training_vector(self, envs: VectorEnv[Any, Any, Any]) -> VectorEnv[Any, Any, Any]:
        """Likewise, of environments side by side."""

    def evaluation(self, env: Env[Any, Any]) -> Env[Any, Any]:
        """*env* with its episodes recorded as a stream of their own, with all their pictures."""

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Keep numbers of the learner."""

    def destinations(self) -> Sequence[WorkerDestination]:
        """Those that orders may come from, now."""

    def close(self, state: RunState, reason: str) -> None:
        """Hand everything on, and say how the worker ended; safe to call twice."""

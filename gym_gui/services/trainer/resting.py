"""A dispatcher that starts nothing: for a trainer that only records."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from gym_gui.core.errors import RunNotFoundError, TrainerRefusedError


class RestingDispatcher:
    """Refuses."""

    def start(self) -> None: ...
    def close(self, cancel_runs: bool) -> None: ...
    def submit(self, *_: Any, **__: Any) -> Any:
        raise TrainerRefusedError("This trainer starts no runs.")

    cancel = pause = resume = archive = purge = submit

    def status(self) -> Any:
        return SimpleNamespace(running=0, waiting=0, capacity=0, gpus=(), alerts=())


class RestingStore:
    def get(self, run_id: str) -> Any:
        raise RunNotFoundError(f"There is no run {run_id}.")

    transitions = get

    def list(self, *_: Any, **__: Any) -> Any:
        return []

    def close(self) -> None: ...

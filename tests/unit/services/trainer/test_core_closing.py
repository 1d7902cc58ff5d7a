"""A trainer that ends tells the registry how far each ended run had come, though its clock is just telling it."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, cast

from trainer_rig import make_batch, run_record

from gym_gui.config.settings import load_settings
from gym_gui.core.data_model import RunState
from gym_gui.services.bootstrap import open_services
from gym_gui.services.trainer.config import TrainingConfig
from gym_gui.services.trainer.daemon.core import TrainerCore
from gym_gui.services.trainer.registry.memory_store import MemoryRunStore
from gym_gui.services.trainer.states import TrainingState

if TYPE_CHECKING:
    from pathlib import Path

    from gym_gui.services.bootstrap import Services
    from gym_gui.services.trainer.daemon.dispatching import Dispatching
    from gym_gui.services.trainer.run_store import RunProgress

RUNS = ("first", "second", "third")


class SlowDispatcher:
    """Writes progress to the registry; the first time it takes as long as the test wants."""

    def __init__(self, store: MemoryRunStore) -> None:
        self._store = store
        self.asked, self.goes_on = threading.Event(), threading.Event()

    def progressed(self, run_id: str, progress: RunProgress) -> None:
        self.asked.set()
        self.goes_on.wait(20)
        self._store.set_progress(run_id, progress)

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was not expected")


def recorded(services: Services, store: MemoryRunStore) -> None:
    """Runs that ended, of which the registry knows no step."""
    for run_id in RUNS:
        store.add(run_id, TrainingConfig(env_id="CartPole-v1", name=run_id, seed=len(run_id)))
        for state in (TrainingState.DISPATCHING, TrainingState.RUNNING, TrainingState.COMPLETED):
            store.move(run_id, state, "so it goes")
        services.telemetry.start_run(run_record(run_id))
        services.telemetry.record_batch(make_batch(1, run_id=run_id, stream=run_id))
        services.telemetry.end_run(run_id, RunState.COMPLETED)
    services.telemetry.flush(20)


async def end_while_telling(services: Services, store: MemoryRunStore, dispatcher: SlowDispatcher) -> None:
    core = TrainerCore(services, store, cast("Dispatching", dispatcher))
    await core.in_thread(dispatcher.asked.wait, 20)
    closing = asyncio.create_task(core.close())
    await asyncio.sleep(0)  # it has begun
    dispatcher.goes_on.set()
    await closing


def test_that_a_trainer_that_ends_tells_the_registry_of_every_ended_run(var_dir: Path) -> None:
    store = MemoryRunStore()
    with open_services(load_settings(var_dir), record={"backend": "split"}) as services:
        recorded(services, store)
        asyncio.run(end_while_telling(services, store, SlowDispatcher(store)))
    assert {run_id: store.get(run_id).progress.steps for run_id in RUNS} == dict.fromkeys(RUNS, 49)

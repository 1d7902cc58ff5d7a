"""Between a run's attempts: what a dead worker left open is ended, and no progress is told before all is counted."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest
from trainer_rig import make_batch, run_record, until

from gym_gui.config.settings import load_settings
from gym_gui.core.data_model import EpisodeStatus, RunState
from gym_gui.services.bootstrap import open_services
from gym_gui.services.trainer.config import TrainingConfig
from gym_gui.services.trainer.daemon.core import TrainerCore
from gym_gui.services.trainer.daemon.progress import ProgressBook
from gym_gui.services.trainer.daemon.run_shelf import RunShelf
from gym_gui.services.trainer.proto import trainer_pb2 as pb
from gym_gui.services.trainer.registry.memory_store import MemoryRunStore
from gym_gui.services.trainer.run_store import RunProgress
from gym_gui.services.trainer.states import TrainingState
from gym_gui.services.trainer.wire.batch_wire import batch_to_wire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gym_gui.services.bootstrap import Services
    from gym_gui.services.trainer.daemon.dispatching import Dispatching

RUN = "a-run"


class DeafDispatcher:
    """Takes every word, and does nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_args, **_words: None


@pytest.fixture
def services(var_dir: Path) -> Iterator[Services]:
    with open_services(load_settings(var_dir), record={"backend": "split"}) as opened:
        yield opened


@pytest.fixture
def store() -> MemoryRunStore:
    made = MemoryRunStore()
    made.add(RUN, TrainingConfig(env_id="CartPole-v1", restarts=1))
    for state in (TrainingState.DISPATCHING, TrainingState.RUNNING):
        made.move(RUN, state, "so it goes")
    return made


async def begin_attempt(core: TrainerCore, stream: str) -> None:
    """A worker of the run registers, and is in the middle of an episode."""
    request = pb.RegisterWorkerRequest(run=RUN, worker_id="w0", stream=stream, session=stream, host="h")
    _, opened = await core.enrol(request, trusted=True)
    whole = make_batch(1, run_id=RUN, stream=stream)
    flags = whole.flags.copy()
    flags[-1] = 0
    batch = replace(whole, worker_id="w0", ended=(), flags=flags)
    core.take(opened, pb.PublishRequest(run_id=RUN, worker_id="w0", stream=stream, batch=batch_to_wire(batch)))


def statuses(services: Services) -> list[EpisodeStatus]:
    services.telemetry.flush(20)
    return [one.rollup.status for one in services.library.list_episodes(RUN)]


@pytest.mark.parametrize("is_quick", [True, False], ids=["the next attempt comes at once", "nobody comes"])
def test_that_what_a_dead_worker_left_open_is_interrupted_before_the_next_attempt(
    services: Services, store: MemoryRunStore, is_quick: bool
) -> None:
    async def live() -> None:
        core = TrainerCore(services, store, cast("Dispatching", DeafDispatcher()))
        await begin_attempt(core, "first")
        assert await core.in_thread(statuses, services) == [EpisodeStatus.RUNNING]
        core.changed(store.move(RUN, TrainingState.PENDING, "Its worker was killed."))
        await asyncio.sleep(0)  # the loop has heard of it
        if is_quick:
            await begin_attempt(core, "second")
            expected = [EpisodeStatus.INTERRUPTED, EpisodeStatus.RUNNING]
        else:
            expected = [EpisodeStatus.INTERRUPTED]
        await core.in_thread(until, lambda: statuses(services) == expected, "the end of the episode")
        assert services.library.get_summary(RUN).state is RunState.RUNNING
        await core.close()

    asyncio.run(live())


def test_that_progress_stays_what_the_registry_knows_until_what_was_recorded_is_counted(
    services: Services, store: MemoryRunStore
) -> None:
    services.telemetry.start_run(run_record(RUN))
    services.telemetry.record_batch(make_batch(1, run_id=RUN))
    services.telemetry.flush(20)
    store.set_progress(RUN, RunProgress(steps=40, episodes=1))
    book = ProgressBook()
    shelf = RunShelf(store, services.library, book)
    assert (book.begin(RUN), book.begin(RUN)) == (True, False)
    book.add(make_batch(2, run_id=RUN), 0)
    assert (shelf.get(RUN).progress.steps, book.take_changed(), book.all()) == (40, {}, {})
    book.add_recorded(RUN, services.library.list_episodes(RUN))
    assert shelf.get(RUN).progress.steps == book.take_changed()[RUN].steps == 49 + 49

"""TrainerCore: the daemon's parts, wired together, and the clock that keeps them going."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

import numpy as np

from gym_gui.core.clock import utc_now
from gym_gui.core.data_model import RunState
from gym_gui.core.errors import EnvironmentFault, RunNotFoundError, TrainerRefusedError
from gym_gui.services.trainer.daemon.enrolment import Enrolment
from gym_gui.services.trainer.daemon.ingest import Ingest
from gym_gui.services.trainer.daemon.live_board import LiveBoard
from gym_gui.services.trainer.daemon.machine import Machine
from gym_gui.services.trainer.daemon.progress import ProgressBook, recorded_progress
from gym_gui.services.trainer.daemon.run_desk import RunDesk
from gym_gui.services.trainer.judging import RunJudge
from gym_gui.services.trainer.states import RECORDED_AS, TrainingState

if TYPE_CHECKING:
    from collections.abc import Callable

    from gym_gui.core.data_model import EpisodeSummary
    from gym_gui.core.data_model.batch import ScalarColumns, StepBatch
    from gym_gui.services.bootstrap import Services
    from gym_gui.services.trainer.daemon.dispatching import Dispatching
    from gym_gui.services.trainer.daemon.enrolment import EnrolledWorker
    from gym_gui.services.trainer.daemon.ingest import WorkerStream
    from gym_gui.services.trainer.proto import trainer_pb2 as pb
    from gym_gui.services.trainer.run_store import RunStore, TrainingRun

_LOGGER = logging.getLogger(__name__)
_Args = ParamSpec("_Args")
_Answer = TypeVar("_Answer")

# How late a worker may hear that its batch is on disk; the sink itself takes ten times as long.
_SETTLE_S: Final = 0.01
_IDLE_S: Final = 0.05
PROGRESS_S: Final = 0.25
_LOOK_S: Final = 1.0
_SAVE_S: Final = 30.0
_LAST_MOMENTS: Final = timedelta(seconds=10)
_THREADS: Final = 8


class RunMailbox:
    """The newest word on each run for one watcher: as much as there are runs, however slow it is."""

    def __init__(self) -> None:
        self._newest: dict[str, TrainingRun] = {}
        self._ready = asyncio.Event()

    def put(self, run: TrainingRun) -> None:
        """A run changed."""
        self._newest[run.run_id] = run
        self._ready.set()

    async def take(self) -> list[TrainingRun]:
        """What changed since the last time, once something did."""
        await self._ready.wait()
        self._ready.clear()
        taken, self._newest = list(self._newest.values()), {}
        return taken


class TrainerCore:
    """Everything that the calls share.

    Args:
        services: The pipeline on the daemon's var folder.
        store: Remembers the trainer's runs.
        dispatcher: Starts and watches them.
    """

    def __init__(self, services: Services, store: RunStore, dispatcher: Dispatching) -> None:
        self.services = services
        self.started_at = utc_now()
        self.machine = Machine(services.paths.root)
        self.book = ProgressBook()
        self.board = LiveBoard()
        self.runs = RunDesk(dispatcher, store, services.library, self.book)
        self.enrolment = Enrolment(services.telemetry, self._metadata_of, self.runs)
        self.runs.enrolment = self.enrolment
        self.ingest = Ingest(services.telemetry, services.sink, self._on_batch)
        self.watchers: set[RunMailbox] = set()
        self.judge = RunJudge()
        self.stopping = asyncio.Event()
        self.cancel_runs = False
        self._finite: dict[str, dict[str, bool]] = {}
        self._untold: set[str] = set()  # runs that changed, of which viewers do not know yet
        # Runs that are over, of which the registry is yet to be told all that is on disk.
        ended_last = _ended_last(store)
        self._over = {run.run_id for run in ended_last}
        # Of those: runs of which a batch came after the end of their recording.
        self._late: set[str] = set()
        self._told_failed: set[str] = set()
        # Runs that are over, and whose workers' last words are still coming in.
        self._ending: dict[str, RunState] = {}
        # Runs of ours that go on after a worker's death: what it left open is to be ended.
        self._bereaved: set[str] = set()
        # Recordings that the last trainer's death cut off: their runs say how they really ended, now or later.
        self._cut_off = set(services.recovered_runs)
        for run in ended_last:
            self._end_recording(run.run_id, RECORDED_AS[run.state])
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="trainer-call")
        self._loop = asyncio.get_running_loop()
        self._clock = asyncio.create_task(self._keep_time())
        self._tasks = [asyncio.create_task(self._settle())]

    async def in_thread(self, function: Callable[_Args, _Answer], *args: _Args.args, **kwargs: _Args.kwargs) -> _Answer:
        """What *function* answers, without holding up the event loop."""
        return await self._loop.run_in_executor(self._threads, lambda: function(*args, **kwargs))

    async def enrol(self, request: pb.RegisterWorkerRequest, *, trusted: bool) -> tuple[EnrolledWorker, WorkerStream]:
        """Let a worker in; its run is counted on from what was recorded of it.

        Raises:
            EnvironmentFault: what it says of itself cannot be.
        """
        worker = self.enrolment.enrol(request, trusted=trusted)
        if trusted and worker.run_id in self._bereaved:
            self._interrupt_episodes(worker.run_id)  # before anything of the next attempt
        if self.book.begin(worker.run_id):  # now: batches may pass while the database is asked
            try:
                before = await self.in_thread(self.runs.steps_before, worker.run_id)
                recorded = await self.in_thread(self._recorded_episodes, worker.run_id)
            except BaseException:
                self.book.end(worker.run_id)  # the next one to come has it counted
                raise
            self.book.add_recorded(worker.run_id, recorded, before)
        names = (worker.run_id, worker.worker_id, worker.stream)
        durable_seq = await self.in_thread(self.services.store.durable_seq, *names)
        return worker, self.ingest.open(*names, durable_seq=durable_seq)

    def take(self, stream: WorkerStream, request: pb.PublishRequest) -> None:
        """Take over what a worker sent; what is refused counts as done, for it will not come again.

        Raises:
            EnvironmentFault: it is not as it must be; nothing of it was kept.
        """
        body = request.WhichOneof("body")
        size_bytes = request.ByteSize()
        stream.dropped_frames = request.dropped_frames
        try:
            if body == "batch":
                self.ingest.take(stream, request.batch, size_bytes)
            elif body == "legacy":
                self.ingest.take_legacy(stream, request.legacy, size_bytes)
            elif body == "end":
                self.end_worker(stream, _run_state(request.end.state), request.end.reason[:1_000], request.end.seq)
        except EnvironmentFault:
            self.ingest.refuse(stream, seq_of(request), size_bytes)
            raise

    def end_worker(self, stream: WorkerStream, state: RunState, reason: str, seq: int) -> None:
        """A worker says how it ended."""
        stream.ended = state
        self.ingest.note_end(stream, seq)
        worker = self.enrolment.worker(stream.run_id, stream.worker_id)
        if worker is not None and worker.stream == stream.stream:
            self.enrolment.end(worker, state, reason)
            if stream.run_id not in self.enrolment.runs():
                self.forget(stream.run_id)
        self._spawn(self.in_thread(self.runs.ended, stream.run_id, stream.worker_id, state, reason))

    def drops(self) -> dict[str, int]:
        """What was let go since the daemon began, by cause."""
        sink = self.services.sink.status()
        at_workers = sum(progress.dropped_frames for progress in self.book.all().values())
        return {
            "frames-at-workers": at_workers,
            "frames-shed": sink.shed_frames,
            "frames-lost": sink.lost_frames,
            "steps-lost": sink.lost_steps,
            "batches-refused": self.ingest.refused,
            "viewer-updates": sum(viewer.dropped for viewer in self.board.viewers),
        }

    def changed(self, run: TrainingRun) -> None:
        """A run of the dispatcher changed; any thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(self._tell_watchers, run)

    async def close(self) -> None:
        """Let what was taken over reach the disk, and stop the clock."""
        self.judge.close()  # a call that waits for it holds a thread
        # First of all, for what it is in the middle of telling the registry is told below.
        self._clock.cancel()
        await asyncio.gather(self._clock, return_exceptions=True)
        for run_id, state in self._ending.items():
            self.enrolment.end_run(run_id, state)
        with contextlib.suppress(TimeoutError):  # a disk that stays full holds nobody back; workers send again
            await asyncio.wait_for(self.ingest.settled(), _SAVE_S)
            await self._tell_ended()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._threads.shutdown()

    # Inside.

    def _metadata_of(self, run_id: str) -> Any:
        return self.services.library.get_run(run_id).metadata

    def _on_batch(self, stream: WorkerStream, batch: StepBatch) -> None:
        if batch.run_id in self.enrolment.runs():
            self.book.add(batch, stream.dropped_frames)
        else:  # it was under way when its worker was gone
            self._over.add(batch.run_id)
            self._late.add(batch.run_id)
        if batch.scalars is not None:
            self._note_scalars(batch.run_id, batch.scalars)
        self.board.offer(batch)

    def _recorded_episodes(self, run_id: str) -> list[EpisodeSummary]:
        try:
            return self.services.library.list_episodes(run_id)
        except RunNotFoundError:
            return []

    async def _settle(self) -> None:
        while True:
            self.ingest.settle()
            await asyncio.sleep(_IDLE_S if self.ingest.is_idle else _SETTLE_S)

    async def _keep_time(self) -> None:
        since_look_s = 0.0
        while True:
            await asyncio.sleep(PROGRESS_S)
            since_look_s += PROGRESS_S
            try:
                await self._tell_progress()
                if since_look_s >= _LOOK_S:
                    since_look_s = 0.0
                    self._look_around()
            except EnvironmentFault as error:
                _LOGGER.error("The trainer's clock met a fault: %s", error)  # noqa: TRY400 - the world's fault
            except Exception:
                _LOGGER.exception("The trainer's clock met a fault of ours")

    def _note_scalars(self, run_id: str, scalars: ScalarColumns) -> None:
        finite = self._finite.setdefault(run_id, {})
        for place, is_finite in zip(scalars.name.tolist(), np.isfinite(scalars.value).tolist(), strict=True):
            finite[scalars.names[place]] = is_finite

    def _end_what_was_left(self) -> None:
        for run_id, state in list(self._ending.items()):
            self._end_recording(run_id, state)
        for run_id in tuple(self._bereaved):
            if not any(worker.is_speaking for worker in self.enrolment.workers(run_id)):
                self._interrupt_episodes(run_id)

    async def _tell_progress(self) -> None:
        self._end_what_was_left()
        noted, self._finite = self._finite, {}
        for run_id, finite in noted.items():
            ours = await self.in_thread(self.runs.is_ours, run_id)
            for name, is_finite in finite.items():
                self.runs.dispatcher.scalar_seen(run_id, name, finite=is_finite, published=not ours)
        changed = self.book.take_changed()
        for run_id, progress in changed.items():
            if await self.in_thread(self.runs.is_ours, run_id):
                await self.in_thread(self.runs.dispatcher.progressed, run_id, progress)
        untold, self._untold = self._untold | changed.keys(), set()
        for run_id in untold if self.watchers else ():
            try:
                self._tell_watchers(await self.in_thread(self.runs.get, run_id))
            except RunNotFoundError:
                # A script's run is known by its recording, whose first row is on its way to the disk.
                if run_id in self.enrolment.runs():
                    self._untold.add(run_id)
        await self._tell_ended()

    async def _tell_ended(self) -> None:
        """Let the registry know all that is on disk of runs that are over: the last of it comes after their end."""
        over, self._over = self._over, set()
        late, self._late = self._late, set()
        for run_id in over - set(self.enrolment.runs()):
            try:
                if run_id in late:
                    await self._end_again(run_id)
                if not await self.in_thread(self.runs.is_ours, run_id):
                    await self._tell_script_ended(run_id)
                    continue
                run = await self.in_thread(self._final_progress, run_id)
            except (EnvironmentFault, asyncio.CancelledError):
                self._over |= over
                self._late |= late
                raise
            for watcher in self.watchers:
                watcher.put(run)

    async def _tell_script_ended(self, run_id: str) -> None:
        """Let viewers know that a script's run is over; its recording says so once the last row is on disk."""
        run = await self.in_thread(self._script_run, run_id)
        if run is None:
            return
        if run.state.is_active:
            self._over.add(run_id)
            return
        self.runs.dispatcher.script_over(run_id)
        if run.state is TrainingState.FAILED and run_id not in self._told_failed:
            self._told_failed.add(run_id)  # what comes late ends it once more
            self.runs.dispatcher.script_failed(run)
        for watcher in self.watchers:
            watcher.put(run)

    def _script_run(self, run_id: str) -> TrainingRun | None:
        """A script's run, which is known by its recording; None where nothing of it was recorded."""
        with contextlib.suppress(RunNotFoundError):
            return self.runs.get(run_id)
        self.services.telemetry.flush(_SAVE_S)  # a short one may be over before its first row is on disk
        with contextlib.suppress(RunNotFoundError):
            return self.runs.get(run_id)
        return None

    async def _end_again(self, run_id: str) -> None:
        """End the episodes that a batch began after its run's end; the run stays what it was."""
        await self.in_thread(self.services.telemetry.flush, _SAVE_S)
        state = (await self.in_thread(self.services.library.get_summary, run_id)).state
        self.services.telemetry.end_run(run_id, RunState.INTERRUPTED if state is RunState.RUNNING else state)

    def _final_progress(self, run_id: str) -> TrainingRun:
        self.services.telemetry.flush(_SAVE_S)
        run = self.runs.get(run_id)
        found, told = recorded_progress(self._recorded_episodes(run_id), run.steps_before), run.progress
        if found.steps != told.steps or found.episodes != told.episodes:
            progress = replace(
                found, steps_per_s=told.steps_per_s, last_step_at=told.last_step_at or found.last_step_at
            )
            self.runs.dispatcher.progressed(run_id, progress)
        return self.runs.get(run_id)

    def _look_around(self) -> None:
        before = set(self.enrolment.runs())
        for worker in self.enrolment.look_around():
            _LOGGER.info("worker %s of run %s was not heard of any more", worker.worker_id, worker.run_id)
            stream = self.ingest.find(worker.run_id, worker.worker_id, worker.stream)
            if stream is not None:
                self.ingest.forget(stream)
        for run_id in before - set(self.enrolment.runs()):
            self.forget(run_id)

    def forget(self, run_id: str) -> None:
        """A run is over: nothing of it is kept in memory but what is under way."""
        for stream in self.ingest.streams():
            if stream.run_id == run_id:
                self.ingest.forget(stream)
        self._bereaved.discard(run_id)
        self.book.end(run_id)
        self.board.forget(run_id)
        self._over.add(run_id)

    def _tell_watchers(self, run: TrainingRun) -> None:
        if not run.state.is_active:
            self._end_recording(run.run_id, RECORDED_AS[run.state])
            self._over.add(run.run_id)
        elif run.state is TrainingState.PENDING and run.run_id in self.enrolment.runs():
            self._bereaved.add(run.run_id)
        for watcher in self.watchers:
            watcher.put(run)

    def _interrupt_episodes(self, run_id: str) -> None:
        self._bereaved.discard(run_id)
        self.services.telemetry.interrupt_episodes(run_id)

    def _end_recording(self, run_id: str, state: RunState) -> None:
        """A run of ours is over: so is its recording, once what its workers sent before was read."""
        if not self.runs.is_ours(run_id):
            self._ending.pop(run_id, None)
        elif run_id not in self.enrolment.runs():
            self._ending.pop(run_id, None)
            if run_id in self._cut_off:
                # Its worker had nothing left to say to this trainer: whom it told of its end was killed.
                self._cut_off.remove(run_id)
                self.services.telemetry.end_run(run_id, state)
        elif any(worker.is_speaking for worker in self.enrolment.workers(run_id)):
            self._ending[run_id] = state
        else:
            self._ending.pop(run_id, None)
            self.enrolment.end_run(run_id, state)
            self.forget(run_id)

    def _spawn(self, coroutine: Any) -> None:
        task = self._loop.create_task(coroutine)
        self._tasks.append(task)
        task.add_done_callback(self._tasks.remove)


def _ended_last(store: RunStore) -> list[TrainingRun]:
    """Runs that ended in the last moments of an earlier trainer, which may not have told the registry all of them."""
    ended = [(run.ended_at, run) for run in store.list(RECORDED_AS.keys()) if run.ended_at is not None]
    newest = max((at for at, _ in ended), default=None)
    return [run for at, run in ended if newest is not None and newest - at < _LAST_MOMENTS]


def seq_of(request: pb.PublishRequest) -> int:
    """The number of a message in its stream; 0 for none."""
    return request.batch.seq or request.legacy.seq or request.end.seq


def _run_state(text: str) -> RunState:
    try:
        return RunState(text)
    except ValueError:
        raise TrainerRefusedError(f"{text[:40]!r} is no state that a worker can end in.") from None

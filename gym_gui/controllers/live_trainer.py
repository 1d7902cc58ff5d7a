"""TrainerRuns: a trainer's runs as a `LiveSource`, and what it takes orders for.

Any thread. One thread of its own follows how runs change, so that listing a thousand of them asks nobody; one more
follows pictures where the trainer is on another machine.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import numpy as np

from gym_gui.controllers.live_feed import RemotePictures
from gym_gui.controllers.live_source import (
    UNKNOWN_ALGORITHM,
    LiveHealth,
    LivePicture,
    LiveRun,
    LiveWorker,
    LogPart,
    Moment,
)
from gym_gui.core.data_model import EpisodeTable, ScalarColumns
from gym_gui.core.errors import EnvironmentFault, RunNotFoundError
from gym_gui.core.refs import run_name_of
from gym_gui.services.trainer.states import Retention

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from gym_gui.controllers.live_source import LiveSource, TrainerOrders
    from gym_gui.core.data_model import RunRecord
    from gym_gui.services.trainer.client.client import TrainerClient
    from gym_gui.services.trainer.client.client_live import RunWatch
    from gym_gui.services.trainer.config import TrainingConfig
    from gym_gui.services.trainer.run_store import RunTransition, TrainingRun

_LOG_BYTES: Final = 1 << 20
_CLOSE_S: Final = 5.0


class TrainerRuns:
    """One trainer.

    Args:
        client: Asks it.
        recordings: Who knows what was recorded: the window's own folder, or the trainer's through the client.
        remote: Whether pictures have to come through the client.
    """

    def __init__(self, client: TrainerClient, recordings: LiveSource, *, remote: bool) -> None:
        self._client = client
        self._recordings = recordings
        self._remote = remote
        self._lock = threading.Lock()
        self._runs: dict[str, TrainingRun] | None = None
        self._fault: EnvironmentFault | None = None
        self._watch: RunWatch | None = None
        self._thread: threading.Thread | None = None
        self._pictures = RemotePictures(client)
        self._closed = False

    @property
    def source(self) -> LiveSource:
        """What it tells."""
        return self

    @property
    def orders(self) -> TrainerOrders:
        """What it takes orders for."""
        return _Orders(self._client, remote=self._remote)

    @property
    def address(self) -> str:
        """Where it is."""
        return self._client.address

    def list_runs(self) -> Sequence[LiveRun]:
        """Every run that it knows, newest first; from memory, but for the first time.

        Raises:
            TrainerUnavailableError: it went away.
        """
        with self._lock:
            if self._fault is not None:
                raise self._fault
            runs = self._runs
        if runs is None:
            listed = self._client.list_runs(archived=True)
            with self._lock:
                self._runs = runs = {run.run_id: run for run in listed}
            self._follow()
        with self._lock:
            found = [live_run_of(run) for run in runs.values() if run.retention is not Retention.PURGED]
        return sorted(found, key=lambda run: run.created_at, reverse=True)

    def get_record(self, run_id: str) -> RunRecord | None:
        """What was recorded of the run."""
        return self._recordings.get_record(run_id)

    def transitions(self, run_id: str) -> Sequence[RunTransition]:
        """Every change of its state."""
        return self._client.transitions(run_id)

    def load_episode_table(self, run_id: str, *, after_key: int = 0) -> EpisodeTable:
        """Episodes that ended; none of a run that has not begun."""
        try:
            return self._recordings.load_episode_table(run_id, after_key=after_key)
        except RunNotFoundError:
            return EpisodeTable(next_key=after_key)

    def load_scalars(self, run_id: str, *, after_row: int = 0) -> tuple[ScalarColumns, int]:
        """What the learner logged; nothing of a run that has not begun."""
        try:
            return self._recordings.load_scalars(run_id, after_row=after_row)
        except RunNotFoundError:
            return _no_scalars(), after_row

    def find_moment(self, run_id: str, time_us: int) -> Moment | None:
        """What was under way at an instant."""
        return self._recordings.find_moment(run_id, time_us)

    def pictures(self, run_id: str, seen: Mapping[str, int]) -> Sequence[LivePicture]:
        """The newest picture of each worker."""
        if not self._remote:
            return self._recordings.pictures(run_id, seen)
        return self._pictures.newer(run_id, seen)

    def read_log(self, run_id: str, offset: int) -> LogPart:
        """What its workers wrote from *offset* on."""
        data = bytearray()
        for part in self._client.read_log(run_id, offset=offset):
            data += part
            if len(data) >= _LOG_BYTES:
                break
        return LogPart(data=bytes(data), offset=offset + len(data))

    def health(self) -> LiveHealth:
        """How the trainer and its machine stand."""
        status, own = self._client.status(), None if self._remote else self._recordings.health()
        return LiveHealth(
            host=status.host,
            cpu_percent=status.cpu_percent,
            cores=0 if own is None else own.cores,
            memory_used_bytes=status.memory_total_bytes - status.memory_free_bytes,
            memory_total_bytes=status.memory_total_bytes,
            trainer_bytes=status.memory_bytes,
            disk_free_bytes=status.disk_free_bytes,
            disk_total_bytes=None if own is None else own.disk_total_bytes,
            gpus=status.gpus,
            queues=status.queues,
            workers=status.workers,
            drops=status.drops,
            running=status.running,
            waiting=status.waiting,
            capacity=status.capacity,
            alerts=status.alerts,
            fault=status.sink_fault,
        )

    def close(self) -> None:
        """Let go of it; it goes on by itself."""
        with self._lock:
            self._closed = True
            watch, thread = self._watch, self._thread
        if watch is not None:
            watch.close()
        self._pictures.close()
        if thread is not None and thread is not threading.current_thread():
            thread.join(_CLOSE_S)
        self._client.close()

    # Inside.

    def _follow(self) -> None:
        with self._lock:
            if self._closed or self._thread is not None:
                return
            self._watch = self._client.watch_runs()
            self._thread = threading.Thread(target=self._take, args=(self._watch,), name="live-runs", daemon=True)
            self._thread.start()

    def _take(self, watch: RunWatch) -> None:
        try:
            for run, _ in watch:
                with self._lock:
                    if self._runs is not None:
                        self._runs[run.run_id] = run
        except EnvironmentFault as fault:
            with self._lock:
                self._fault = fault


class _Orders:
    """Orders, their answers left out."""

    def __init__(self, client: TrainerClient, *, remote: bool) -> None:
        self._client = client
        self._remote = remote

    def submit(self, config: TrainingConfig, *, resume_from: str | None = None) -> str:
        # What a machine of its own can begin, this one's judge does not know.
        return self._client.submit(config, resume_from=resume_from, judge=self._remote).run_id

    def cancel(self, run_id: str, reason: str) -> None:
        self._client.cancel(run_id, reason)

    def pause(self, run_id: str, reason: str) -> None:
        self._client.pause(run_id, reason)

    def resume(self, run_id: str, reason: str) -> None:
        self._client.resume(run_id, reason)

    def archive(self, run_id: str, reason: str) -> None:
        self._client.archive(run_id, reason)

    def unarchive(self, run_id: str, reason: str) -> None:
        self._client.unarchive(run_id, reason)

    def order(self, run_id: str, kind: str, detail: Mapping[str, Any]) -> None:
        self._client.order(run_id, kind, detail)


def _no_scalars() -> ScalarColumns:
    none = np.empty(0, np.int64)
    return ScalarColumns(names=(), name=none.astype(np.int32), step=none, time_us=none, value=none.astype(np.float64))


def live_run_of(run: TrainingRun) -> LiveRun:
    """A run of a trainer as a line of the live screens."""
    config, progress = run.config, run.progress
    return LiveRun(
        run_id=run.run_id,
        name=config.name or run_name_of(run.run_id),
        state=run.state,
        reason=run.reason,
        env_id=config.env_id,
        algorithm=config.algorithm or (config.worker if config.worker != "script" else UNKNOWN_ALGORITHM),
        created_at=run.created_at,
        started_at=run.started_at,
        ended_at=run.ended_at,
        progress=progress,
        total_steps=config.total_steps,
        steps_before=run.steps_before,
        host=run.host,
        gpus=run.gpus,
        workers=tuple(
            LiveWorker(worker_id=one.worker_id, host=one.host, pid=one.pid, heard_at=one.heartbeat_at)
            for one in run.workers
        ),
        # A script's run that came by itself has no digest: it takes no orders, and there is nothing to start again.
        config=config if run.digest else None,
        frames=config.frames if run.digest else "",
        attempt=run.attempt,
        restarts=run.restarts,
        archived=run.retention is not Retention.NONE,
        purged=run.retention is Retention.PURGED,
        managed=bool(run.digest),
    )

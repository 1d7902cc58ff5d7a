"""TrainerClient: the trainer for everybody who knows no protobuf: plain values in, plain values out. Any thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import grpc
import msgspec

from gym_gui.core.clock import from_iso
from gym_gui.core.closing import Closing
from gym_gui.core.data_model import RunSummary
from gym_gui.core.errors import RunNotFoundError
from gym_gui.core.typing_compat import override
from gym_gui.services.trainer.client.channel import make_stub, open_channel
from gym_gui.services.trainer.client.client_live import LiveStream, RunWatch
from gym_gui.services.trainer.judging import PATIENCE_S
from gym_gui.services.trainer.proto import trainer_pb2 as pb
from gym_gui.services.trainer.status import (
    AlertStatus,
    GpuStatus,
    QueueStatus,
    TrainerHello,
    TrainerStatus,
    WorkerStatus,
)
from gym_gui.services.trainer.wire.documents import of_text
from gym_gui.services.trainer.wire.faults import error_of
from gym_gui.services.trainer.wire.protocol import APPLICATION, CAPABILITIES, check_protocol, own_protocol
from gym_gui.services.trainer.wire.run_wire import run_of_wire, transitions_of_wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from os import PathLike

    from gym_gui.core.data_model import RunRecord
    from gym_gui.services.trainer.config import TrainingConfig
    from gym_gui.services.trainer.run_store import RunTransition, TrainingRun
    from gym_gui.services.trainer.states import TrainingState

_ANSWER_S: Final = 10.0
_PURGE_S: Final = 120.0


class TrainerClient(Closing):
    """Asks one trainer.

    Args:
        address: ``host:port``.
        token: What a trainer on another machine wants to be shown.
        ca: File of the certificate to trust; None for no TLS.

    Every method raises `TrainerUnavailableError` where no trainer answers or lets us in, and what the trainer itself
    raised where it refused: `RunNotFoundError`, `DuplicateRunError`, `RunTransitionError`, `ConfigError`,
    `TrainerRefusedError`.

    Raises:
        ConfigError: the certificate cannot be read, or the token would travel in the open.
    """

    def __init__(self, address: str, *, token: str | None = None, ca: str | PathLike[str] | None = None) -> None:
        self.address = address
        self._channel = open_channel(address, token=token, ca=ca)
        self._stub = make_stub(self._channel)

    def hello(self, *, timeout_s: float = _ANSWER_S) -> TrainerHello:
        """Who is there, and what we can do together.

        Raises:
            TrainerRefusedError: it speaks another major version of the contract.
        """
        request = pb.HelloRequest(protocol=own_protocol(), application=APPLICATION, capabilities=CAPABILITIES)
        reply = self.ask(self._stub.Hello, request, timeout_s)
        check_protocol(reply.protocol, f"The trainer at {self.address}")
        return TrainerHello(
            application=reply.application,
            protocol=(reply.protocol.major, reply.protocol.minor),
            capabilities=tuple(reply.capabilities),
            var_dir_id=reply.var_dir_id,
            payload_versions=tuple(reply.payload_versions),
            enforces_schema=reply.enforces_schema,
        )

    # Runs.

    def submit(
        self,
        config: TrainingConfig,
        *,
        run_id: str | None = None,
        resume_from: str | None = None,
        judge: bool = False,
        reason: str = "",
    ) -> TrainingRun:
        """A new run.

        Args:
            config: What it is.
            run_id: Chosen here, so that a call whose answer was lost submits once; None lets the trainer choose.
            resume_from: The run whose newest checkpoint it goes on from.
            judge: Have the trainer find out first whether it could begin on its machine: whoever submits elsewhere does
                not know.
            reason: Why, in a person's words.

        Raises:
            DuplicateRunError: a run of the same settings is active.
            ConfigError: it could not begin there.
        """
        request = pb.SubmitRunRequest(
            config_json=config.to_json(),
            run_id=run_id or "",
            resume_from=resume_from or "",
            judge=judge,
            reason=reason,
        )
        timeout_s = _ANSWER_S + PATIENCE_S if judge else _ANSWER_S
        return run_of_wire(self.ask(self._stub.SubmitRun, request, timeout_s).run)

    def cancel(self, run_id: str, reason: str = "") -> TrainingRun:
        """End a run."""
        return self._order(self._stub.CancelRun, run_id, reason)

    def pause(self, run_id: str, reason: str = "") -> TrainingRun:
        """Let a run wait between two steps."""
        return self._order(self._stub.PauseRun, run_id, reason)

    def resume(self, run_id: str, reason: str = "") -> TrainingRun:
        """Let it go on."""
        return self._order(self._stub.ResumeRun, run_id, reason)

    def archive(self, run_id: str, reason: str = "") -> TrainingRun:
        """Put an ended run away, its data kept."""
        return self._order(self._stub.ArchiveRun, run_id, reason)

    def unarchive(self, run_id: str, reason: str = "") -> TrainingRun:
        """Take a run out of the archive again."""
        return self._order(self._stub.UnarchiveRun, run_id, reason)

    def purge(self, run_id: str) -> list[str]:
        """Delete an archived run's data; what was removed, in words."""
        return list(self.ask(self._stub.PurgeRun, pb.RunRequest(run_id=run_id), _PURGE_S).removed)

    def get(self, run_id: str) -> TrainingRun:
        """One run."""
        return self._order(self._stub.GetRun, run_id, "")

    def transitions(self, run_id: str) -> list[RunTransition]:
        """Every change of its state, oldest first."""
        return transitions_of_wire(self.ask(self._stub.GetRun, pb.RunRequest(run_id=run_id)).run.transitions)

    def list_runs(self, states: Sequence[TrainingState] = (), archived: bool = False) -> list[TrainingRun]:
        """Runs of these states, or all, newest first."""
        found: list[TrainingRun] = []
        has_more = True
        while has_more:
            after = found[-1].run_id if found else ""
            request = pb.ListRunsRequest(
                states=[state.value for state in states], include_archived=archived, after_run_id=after
            )
            reply = self.ask(self._stub.ListRuns, request)
            found += map(run_of_wire, reply.runs)
            has_more = reply.has_more and bool(reply.runs)
        return found

    def watch_runs(self, run_ids: Sequence[str] = ()) -> RunWatch:
        """Every run as it is, then each change: pairs of a run and whether it was there at the beginning."""
        return RunWatch(self._stub.WatchRuns(pb.WatchRunsRequest(run_ids=run_ids)), self.address)

    def read_log(self, run_id: str, *, worker_id: str = "", offset: int = 0, follow: bool = False) -> Iterator[bytes]:
        """What its workers wrote from *offset* bytes on; with *follow*, until the run is over."""
        request = pb.ReadLogRequest(run_id=run_id, worker_id=worker_id, offset=offset, follow=follow)
        for chunk in self.stream(self._stub.ReadLog, request):
            yield chunk.data

    def get_record(self, run_id: str) -> RunRecord | None:
        """What a run's recording says of it; None where there is none."""
        try:
            return self.get_recording(run_id).run
        except RunNotFoundError:
            return None

    def get_recording(self, run_id: str) -> RunSummary:
        """A run's recording as a list shows it.

        Raises:
            RunNotFoundError: there is none of that id.
        """
        reply = self.ask(self._stub.ListRecordings, pb.ListRecordingsRequest(run_id=run_id or "?"))
        if not reply.summary_json:
            raise RunNotFoundError(f"There is no run {run_id}.")
        return of_text(RunSummary, reply.summary_json[0], "A run")

    def order(self, run_id: str, kind: str, detail: Mapping[str, Any] | None = None, *, worker_id: str = "") -> None:
        """Ask a run's worker: ``checkpoint``, ``evaluate``, ``take-control``, ``act``, ``hand-back``."""
        text = msgspec.json.encode(dict(detail or {})).decode()
        self.ask(self._stub.Order, pb.OrderRequest(run_id=run_id, worker_id=worker_id, kind=kind, detail_json=text))

    # Looking.

    def subscribe(
        self,
        run_ids: Sequence[str] = (),
        *,
        frames: bool = False,
        steps: bool = False,
        episodes: bool = False,
        scalars: bool = False,
        max_frames_per_s: int = 0,
        buffer: int = 0,
    ) -> LiveStream:
        """What happens from now on; `LiveStream.close` ends it. What comes too fast is let go, and counted.

        Args:
            run_ids: Of these runs; empty for all.
            frames: The newest picture of each worker.
            steps: Every batch, without arrays.
            episodes: What began and ended.
            scalars: What learners log.
            max_frames_per_s: Of each worker; 0 for 60.
            buffer: Updates that may wait; 0 for 256.
        """
        request = pb.SubscribeRequest(
            run_ids=run_ids,
            frames=frames,
            steps=steps,
            episodes=episodes,
            scalars=scalars,
            max_frames_per_s=max_frames_per_s,
            buffer=buffer,
        )
        return LiveStream(self._stub.Subscribe(request), self.address)

    # The daemon.

    def status(self) -> TrainerStatus:
        """How everything stands."""
        reply = self.ask(self._stub.Status, pb.StatusRequest())
        return _status_of(reply)

    def shutdown(self, *, cancel_runs: bool = False) -> None:
        """End the daemon; runs go on, and are adopted by the next one, unless they are to be cancelled."""
        self.ask(self._stub.Shutdown, pb.ShutdownRequest(cancel_runs=cancel_runs))

    @override
    def close(self) -> None:
        self._channel.close()

    # For what stands on it.

    @property
    def stub(self) -> Any:
        """The calls themselves, for `RemoteLibrary`."""
        return self._stub

    def ask(self, call: Callable[..., Any], request: Any, timeout_s: float = _ANSWER_S) -> Any:
        """The answer to a call; its refusal raised as what it is."""
        try:
            return call(request, timeout=timeout_s)
        except grpc.RpcError as failure:
            raise error_of(failure, self.address) from failure

    def stream(self, call: Callable[..., Any], request: Any) -> Iterator[Any]:
        """The answers to a call, likewise; leaving the loop early ends the call."""
        answers = call(request)
        try:
            yield from answers
        except grpc.RpcError as failure:
            raise error_of(failure, self.address) from failure
        finally:
            answers.cancel()

    def _order(self, call: Callable[..., Any], run_id: str, reason: str) -> TrainingRun:
        return run_of_wire(self.ask(call, pb.RunRequest(run_id=run_id, reason=reason)).run)


def _status_of(reply: pb.StatusReply) -> TrainerStatus:
    return TrainerStatus(
        application=reply.application,
        pid=reply.pid,
        host=reply.host,
        started_at=from_iso(reply.started_at or None),
        var_dir=reply.var_dir,
        cpu_percent=reply.cpu_percent,
        memory_bytes=reply.memory_bytes,
        memory_total_bytes=reply.memory_total_bytes,
        memory_free_bytes=reply.memory_free_bytes,
        disk_free_bytes=reply.disk_free_bytes,
        gpus=tuple(
            GpuStatus(
                index=one.index,
                name=one.name,
                memory_total_bytes=one.memory_total_bytes,
                memory_used_bytes=one.memory_used_bytes,
                utilization_percent=one.utilization_percent,
                run_id=one.run_id,
            )
            for one in reply.gpus
        ),
        queues=tuple(
            QueueStatus(run_id=q.run_id, depth=q.depth, size_bytes=q.bytes, lag_s=q.lag_s) for q in reply.queues
        ),
        workers=tuple(
            WorkerStatus(
                run_id=one.run_id,
                worker_id=one.worker_id,
                host=one.host,
                pid=one.pid,
                phase=one.phase,
                silent_s=one.silent_s,
                late=one.late,
                starved=one.starved,
                spooled_bytes=one.spooled_bytes,
            )
            for one in reply.workers
        ),
        running=reply.running,
        waiting=reply.waiting,
        capacity=reply.capacity,
        alerts=tuple(
            AlertStatus(
                run_id=one.run_id,
                kind=one.kind,
                sentence=one.sentence,
                since=from_iso(one.since or None),
                active=one.active,
            )
            for one in reply.alerts
        ),
        sink_fault=reply.sink_fault,
        drops=dict(reply.drops),
    )

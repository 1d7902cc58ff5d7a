"""TrainerServicer: every call of the contract; the daemon's own here, the rest in its parts."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from gym_gui.core.clock import to_iso
from gym_gui.services.telemetry_schema import SchemaMode
from gym_gui.services.trainer.daemon.run_desk import HOST
from gym_gui.services.trainer.daemon.servicer_looking import LookCalls
from gym_gui.services.trainer.daemon.servicer_runs import RunCalls
from gym_gui.services.trainer.daemon.servicer_workers import WorkerCalls
from gym_gui.services.trainer.proto import trainer_pb2 as pb
from gym_gui.services.trainer.wire.protocol import (
    APPLICATION,
    MAX_MESSAGE_BYTES,
    PAYLOAD_VERSIONS,
    check_protocol,
    own_protocol,
    shared,
)

if TYPE_CHECKING:
    from pathlib import Path

    from gym_gui.services.trainer.daemon.core import TrainerCore


class TrainerServicer(RunCalls, WorkerCalls, LookCalls):
    """All calls.

    Args:
        core: The daemon's parts.
        scripts_dir: Where scripts of remote clients may lie; None for nowhere.
        pid: Of the daemon.
    """

    def __init__(self, core: TrainerCore, scripts_dir: Path | None, pid: int) -> None:
        RunCalls.__init__(self, core, scripts_dir)
        self._core = core
        self._pid = pid
        root = str(core.services.paths.root.resolve())
        self._var_dir_id = hashlib.sha256(f"{HOST}:{root}".encode()).hexdigest()[:32]

    async def Hello(self, request: pb.HelloRequest, _context: Any) -> pb.HelloReply:  # noqa: N802 - gRPC's name
        """Who is there, and what both can do."""
        check_protocol(request.protocol, request.application[:80] or "The client")
        mode = self._core.services.telemetry.schema_mode
        return pb.HelloReply(
            protocol=own_protocol(),
            application=APPLICATION,
            capabilities=shared(request.capabilities),
            var_dir_id=self._var_dir_id,
            max_message_bytes=MAX_MESSAGE_BYTES,
            payload_versions=PAYLOAD_VERSIONS,
            enforces_schema=mode is SchemaMode.STRICT,
        )

    async def Status(self, _request: pb.StatusRequest, _context: Any) -> pb.StatusReply:  # noqa: N802 - gRPC's name
        """How everything stands."""
        core = self._core
        machine = await core.in_thread(core.machine.look)
        dispatch = await core.in_thread(core.runs.dispatcher.status)
        sink = core.services.sink.status()
        starved = {(one.run_id, one.worker_id) for one in core.ingest.streams() if one.starved}
        return pb.StatusReply(
            application=APPLICATION,
            pid=self._pid,
            host=HOST,
            started_at=to_iso(core.started_at) or "",
            var_dir=str(core.services.paths.root),
            cpu_percent=machine.cpu_percent,
            memory_bytes=machine.memory_bytes,
            memory_total_bytes=machine.memory_total_bytes,
            memory_free_bytes=machine.memory_free_bytes,
            disk_free_bytes=machine.disk_free_bytes,
            gpus=map(_gpu, dispatch.gpus),
            queues=(
                pb.Queue(run_id=run_id, depth=facts.depth, bytes=facts.size_bytes, lag_s=facts.lag_s)
                for run_id, facts in core.ingest.queues().items()
            ),
            running=dispatch.running,
            waiting=dispatch.waiting,
            capacity=dispatch.capacity,
            alerts=map(_alert, dispatch.alerts),
            sink_fault=sink.fault,
            drops=core.drops(),
            workers=(
                pb.WorkerState(
                    run_id=worker.run_id,
                    worker_id=worker.worker_id,
                    host=worker.host,
                    pid=worker.pid,
                    phase=worker.phase,
                    silent_s=worker.silent_s,
                    late=worker.is_late,
                    starved=(worker.run_id, worker.worker_id) in starved,
                    spooled_bytes=worker.spooled_bytes,
                )
                for worker in core.enrolment.workers()
                if worker.ended is None
            ),
        )

    async def Shutdown(self, request: pb.ShutdownRequest, _context: Any) -> pb.ShutdownReply:  # noqa: N802 - gRPC's
        """End the daemon; runs go on unless they are to be cancelled."""
        self._core.cancel_runs = request.cancel_runs
        self._core.stopping.set()
        return pb.ShutdownReply()


def _gpu(gpu: Any) -> pb.Gpu:
    return pb.Gpu(
        index=gpu.index,
        name=gpu.name,
        memory_total_bytes=gpu.memory_total_bytes,
        memory_used_bytes=gpu.memory_used_bytes,
        utilization_percent=gpu.utilization_percent,
        run_id=gpu.run_id or "",
    )


def _alert(alert: Any) -> pb.Alert:
    return pb.Alert(
        run_id=alert.run_id or "",
        kind=alert.kind,
        sentence=alert.sentence,
        since=to_iso(alert.since) or "",
        active=alert.active,
    )

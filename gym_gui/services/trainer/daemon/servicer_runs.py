"""The calls about runs: submit, order, list, watch, read logs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import msgspec

from gym_gui.core.errors import ConfigError, RunNotFoundError
from gym_gui.core.refs import check_run_id
from gym_gui.services.trainer.config import TrainingConfig
from gym_gui.services.trainer.daemon.core import RunMailbox
from gym_gui.services.trainer.daemon.log_files import LogFollower
from gym_gui.services.trainer.proto import trainer_pb2 as pb
from gym_gui.services.trainer.security import check_script, is_local_peer
from gym_gui.services.trainer.states import TrainingState
from gym_gui.services.trainer.wire.run_wire import run_to_wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from gym_gui.services.trainer.daemon.core import TrainerCore
    from gym_gui.services.trainer.run_store import TrainingRun

_ORDERS: Final = ("checkpoint", "evaluate", "take-control", "act", "hand-back")
_MAX_LISTED: Final = 1_000
_MAX_CONFIG: Final = 256 * 1024
_MAX_REASON: Final = 1_000
_INTERVAL_MS: Final = 250
_FOLLOW_S: Final = 0.2
# Those that `check_fit` knows; any other is refused by whoever would start it, and by its own name.
_JUDGED: Final = ("random", "sb3", "script")


class RunCalls:
    """The part of the servicer that is about runs.

    Args:
        core: The daemon's parts.
        scripts_dir: Where scripts of remote clients may lie; None for nowhere.
    """

    def __init__(self, core: TrainerCore, scripts_dir: Path | None) -> None:
        self._core = core
        self._scripts_dir = scripts_dir

    async def SubmitRun(self, request: pb.SubmitRunRequest, context: Any) -> pb.RunReply:  # noqa: N802 - gRPC's name
        """A new run."""
        if len(request.config_json) > _MAX_CONFIG:
            raise ConfigError(f"The run's settings have {len(request.config_json):,} characters, which is no setting.")
        config = TrainingConfig.from_json(request.config_json)
        run_id = check_run_id(request.run_id) if request.run_id else None
        if config.script:
            local = is_local_peer(context.peer())
            await self._core.in_thread(check_script, config.script, self._scripts_dir, local=local)
        if request.resume_from:
            check_run_id(request.resume_from)
        # A cluster's machines have environments of their own.
        if request.judge and config.worker in _JUDGED and config.launcher == "local":
            misfit = await self._core.in_thread(self._core.judge.misfit_of, config)
            if misfit:
                raise ConfigError(misfit)
        run = await self._core.in_thread(
            self._core.runs.submit,
            config,
            run_id=run_id,
            resume_from=request.resume_from or None,
            reason=request.reason[:_MAX_REASON],
        )
        return await self._reply(run)

    async def CancelRun(self, request: pb.RunRequest, _context: Any) -> pb.RunReply:  # noqa: N802 - gRPC's name
        """End a run."""
        return await self._order(request, "cancel", self._core.runs.dispatcher.cancel)

    async def PauseRun(self, request: pb.RunRequest, _context: Any) -> pb.RunReply:  # noqa: N802 - gRPC's name
        """Let a run wait."""
        return await self._order(request, "pause", self._core.runs.dispatcher.pause)

    async def ResumeRun(self, request: pb.RunRequest, _context: Any) -> pb.RunReply:  # noqa: N802 - gRPC's name
        """Let it go on."""
        return await self._order(request, "resume", self._core.runs.dispatcher.resume)

    async def ArchiveRun(self, request: pb.RunRequest, _context: Any) -> pb.RunReply:  # noqa: N802 - gRPC's name
        """Put an ended run away."""
        return await self._order(request, "archive", self._core.runs.dispatcher.archive)

    async def UnarchiveRun(self, request: pb.RunRequest, _context: Any) -> pb.RunReply:  # noqa: N802 - gRPC's name
        """Take a run out of the archive again."""
        return await self._order(request, "unarchive", self._core.runs.dispatcher.unarchive)

    async def PurgeRun(self, request: pb.RunRequest, _context: Any) -> pb.PurgeReply:  # noqa: N802 - gRPC's name
        """Delete an archived run's data."""
        await self._core.in_thread(self._core.runs.require_ours, check_run_id(request.run_id), "purge")
        removed = await self._core.in_thread(
            self._core.runs.dispatcher.purge, request.run_id, request.reason or "Purged."
        )
        return pb.PurgeReply(removed=removed)

    async def Order(self, request: pb.OrderRequest, _context: Any) -> pb.OrderReply:  # noqa: N802 - gRPC's name
        """Ask a run's worker for something."""
        run_id = check_run_id(request.run_id)
        if request.kind not in _ORDERS:
            raise ConfigError(f"{request.kind[:40]!r} is no order.", hint=f"There are {', '.join(_ORDERS)}.")
        try:
            detail = msgspec.json.decode(request.detail_json or "{}", type=dict[str, Any])
        except msgspec.MsgspecError as error:
            raise ConfigError(f"The order's detail cannot be read: {error}.") from error
        await self._core.in_thread(self._core.runs.require_ours, run_id, f"{request.kind} in")
        order = await self._core.in_thread(self._core.runs.dispatcher.order, run_id, request.kind, detail)
        return pb.OrderReply(order_id=order.order_id)

    async def GetRun(self, request: pb.RunRequest, _context: Any) -> pb.RunReply:  # noqa: N802 - gRPC's name
        """One run."""
        return await self._reply(await self._core.in_thread(self._core.runs.get, check_run_id(request.run_id)))

    async def ListRuns(self, request: pb.ListRunsRequest, _context: Any) -> pb.ListRunsReply:  # noqa: N802 - gRPC's
        """Runs, newest first."""
        states = tuple(_state(text) for text in request.states)
        limit = min(request.limit or _MAX_LISTED, _MAX_LISTED)
        runs, has_more = await self._core.in_thread(
            self._core.runs.list, states, archived=request.include_archived, after=request.after_run_id, limit=limit
        )
        return pb.ListRunsReply(runs=map(self._message, runs), has_more=has_more)

    async def WatchRuns(  # noqa: N802 - gRPC's name
        self, request: pb.WatchRunsRequest, _context: Any
    ) -> AsyncIterator[pb.RunChange]:
        """Every run as it is, then each change; a run that changes often comes once an interval, the newest counts."""
        core = self._core
        wanted = set(request.run_ids)
        changes = RunMailbox()
        core.watchers.add(changes)
        try:
            runs, _ = await core.in_thread(core.runs.list, (), archived=False, after="", limit=_MAX_LISTED)
            for run in runs:
                if not wanted or run.run_id in wanted:
                    yield pb.RunChange(run=self._message(run), snapshot=True)
            yield pb.RunChange(snapshot=True)  # that was all
            while True:
                for run in await changes.take():
                    if not wanted or run.run_id in wanted:
                        yield pb.RunChange(run=self._message(run))
                await asyncio.sleep((request.interval_ms or _INTERVAL_MS) / 1_000)
        finally:
            core.watchers.discard(changes)

    async def ReadLog(  # noqa: N802 - gRPC's name
        self, request: pb.ReadLogRequest, _context: Any
    ) -> AsyncIterator[pb.LogChunk]:
        """What a run's workers wrote, from an offset on; with *follow*, until the run is over."""
        core = self._core
        run_id = check_run_id(request.run_id)
        await core.in_thread(core.runs.get, run_id)
        folder = core.services.paths.trainer_runs_dir / run_id
        follower = LogFollower(folder, request.worker_id, request.offset)
        while True:
            over = not request.follow or await self._is_over(run_id)
            chunks = await core.in_thread(follower.read)
            for worker_id, offset, data in chunks:
                yield pb.LogChunk(worker_id=worker_id, offset=offset, data=data)
            if not chunks:
                if over:
                    return
                await asyncio.sleep(_FOLLOW_S)

    async def _is_over(self, run_id: str) -> bool:
        try:
            run = await self._core.in_thread(self._core.runs.get, run_id)
        except RunNotFoundError:
            return True
        return not run.state.is_active

    async def _order(self, request: pb.RunRequest, what: str, give: Callable[[str, str], TrainingRun]) -> pb.RunReply:
        run_id = check_run_id(request.run_id)
        await self._core.in_thread(self._core.runs.require_ours, run_id, what)
        reason = request.reason[:_MAX_REASON] or f"Asked to {what}."
        return await self._reply(await self._core.in_thread(give, run_id, reason))

    async def _reply(self, run: TrainingRun) -> pb.RunReply:
        transitions = await self._core.in_thread(self._core.runs.transitions, run.run_id)
        return pb.RunReply(run=self._message(run, transitions))

    def _message(self, run: TrainingRun, transitions: Any = ()) -> pb.Run:
        starved = [one.worker_id for one in self._core.ingest.streams() if one.run_id == run.run_id and one.starved]
        return run_to_wire(run, transitions, starved=starved)


def _state(text: str) -> TrainingState:
    try:
        return TrainingState(text)
    except ValueError:
        raise ConfigError(f"{text[:40]!r} is no state of a run.") from None

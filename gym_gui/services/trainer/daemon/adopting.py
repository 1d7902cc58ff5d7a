"""What workers of this machine spooled for the trainer of their own folder and cannot deliver: taken in by it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from gym_gui.core.data_model import RunState
from gym_gui.core.errors import EnvironmentFault
from gym_gui.services.trainer.client.channel import is_loopback
from gym_gui.services.trainer.client.delivery import messages_of, registration_of
from gym_gui.services.trainer.client.spool import orphans

if TYPE_CHECKING:
    from pathlib import Path

    from gym_gui.services.trainer.client.spool import SpoolFile
    from gym_gui.services.trainer.daemon.core import TrainerCore

_LOGGER = logging.getLogger(__name__)
# A worker that was killed while its trainer lives leaves its file behind at any time.
_EVERY_S: Final = 2.0


async def keep_adopting(core: TrainerCore) -> None:
    """Take in at once and from then on now and then what lies there, until cancelled."""
    left_alone: set[Path] = set()
    while True:
        try:
            await _adopt_spools(core, left_alone)
        except Exception:
            _LOGGER.exception("What was spooled could not be looked at")
        await asyncio.sleep(_EVERY_S)


async def _adopt_spools(core: TrainerCore, left_alone: set[Path]) -> None:
    """Take in every spool file of the var folder that was for this machine and whose owner is dead.

    What was for another machine is left to whoever publishes there next, and what cannot be taken in to a person: both
    are looked at once, so that nobody who wants them finds them held by us.
    """
    for spool in await core.in_thread(list, orphans(core.services.paths.spool_dir, left_alone)):
        try:
            if not is_loopback(str(spool.about.get("address", ""))) or not await _adopt(core, spool):
                left_alone.add(spool.path)
        except EnvironmentFault as error:
            left_alone.add(spool.path)
            _LOGGER.warning("What was spooled for run %s cannot be taken in: %s", spool.about.get("run"), error)
        finally:
            spool.close()


async def _adopt(core: TrainerCore, spool: SpoolFile) -> bool:
    request = registration_of(spool)
    if request is None:
        return False
    request.worker_token = ""
    worker, stream = await core.enrol(request, trusted=False)
    worker.connected += 1
    try:
        for message in messages_of(spool, worker.run_id, worker.worker_id, worker.stream):
            try:
                core.take(stream, message)
            except EnvironmentFault as error:
                _LOGGER.warning("A spooled batch of run %s was refused: %s", worker.run_id, error)
            await core.ingest.room_for(stream)
            await asyncio.sleep(0)  # a file may be long, and others have calls under way
        await core.ingest.settled()
    finally:
        worker.connected -= 1
    if worker.ended is None:
        core.end_worker(stream, RunState.INTERRUPTED, "Its process died.", 0)
    spool.remove()
    return True

"""What workers of this machine spooled for the trainer of their own folder, taken in when it starts."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from gym_gui.core.data_model import RunState
from gym_gui.core.errors import EnvironmentFault
from gym_gui.services.trainer.client.channel import is_loopback
from gym_gui.services.trainer.client.delivery import messages_of, registration_of
from gym_gui.services.trainer.client.spool import orphans

if TYPE_CHECKING:
    from gym_gui.services.trainer.client.spool import SpoolFile
    from gym_gui.services.trainer.daemon.core import TrainerCore

_LOGGER = logging.getLogger(__name__)


async def adopt_spools(core: TrainerCore) -> int:
    """Take in every spool file of the var folder that was for this machine and whose owner is dead; how many.

    What was for another machine is left to whoever publishes there next.
    """
    count = 0
    for spool in await core.in_thread(list, orphans(core.services.paths.spool_dir)):
        try:
            if is_loopback(str(spool.about.get("address", ""))):
                count += await _adopt(core, spool)
        except EnvironmentFault as error:
            _LOGGER.warning("What was spooled for run %s cannot be taken in: %s", spool.about.get("run"), error)
        finally:
            spool.close()
    return count


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
        await core.ingest.settled()
    finally:
        worker.connected -= 1
    if worker.ended is None:
        core.end_worker(stream, RunState.INTERRUPTED, "Its process died.", 0)
    spool.remove()
    return True

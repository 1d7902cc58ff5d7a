"""Where a worker's batches go, opened in the process that makes them: a var folder's sink, or a trainer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from gym_gui.core.data_model import RunRecord
    from gym_gui.core.schema.run_spaces import RunSpaces
    from gym_gui.services.batch_destination import BatchDestination
    from gym_gui.wrappers.recording_words import TrainerAim


def open_destination(
    place: Path | TrainerAim,
    run: str,
    *,
    session: str,
    make_run: Callable[[str, str], tuple[RunRecord, RunSpaces]],
    on_behalf_of: int | None = None,
) -> BatchDestination:
    """A destination of one worker.

    Args:
        place: A var folder, or a trainer.
        run: What the run is to be called in a folder; a trainer's aim says it itself.
        session: Which execution of a script records.
        make_run: Makes the record of the run, from its id and its group's.
        on_behalf_of: The process that works, where it is not this one.

    Raises:
        EnvironmentFault: it cannot be opened.
    """
    if isinstance(place, Path):
        from gym_gui.wrappers.local_destination import LocalDestination  # noqa: PLC0415 - storage

        return LocalDestination(place, run, session=session, make_run=make_run)
    from gym_gui.services.trainer.client.publisher import TrainerPublisher  # noqa: PLC0415 - gRPC, for trainers only

    record, spaces = make_run(place.run_id, place.run_id)
    return TrainerPublisher(
        place.address,
        record,
        spaces=spaces,
        session=session,
        worker_id=place.worker_id,
        worker_token=place.worker_token,
        token=place.token,
        ca=place.ca,
        spool_dir=place.spool_dir,
        on_behalf_of=on_behalf_of,
    )

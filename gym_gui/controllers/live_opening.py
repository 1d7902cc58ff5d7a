"""A `LiveDesk` on a var folder: its recordings, its live pictures, and its trainer, found or started when asked."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from gym_gui.controllers.live_desk import LiveDesk
from gym_gui.controllers.live_recorded import RecordedRuns
from gym_gui.core import variables

if TYPE_CHECKING:
    from gym_gui.controllers.live_desk import TrainerSource
    from gym_gui.controllers.live_remote import RemoteRecordings
    from gym_gui.services.bootstrap import Archive
    from gym_gui.services.library_reader import LibraryReader
    from gym_gui.services.trainer.client.client import TrainerClient
    from gym_gui.services.trainer.client.remote_library import RemoteLibrary


def open_desk(archive: Archive) -> LiveDesk:
    """The desk of an open archive; nothing is looked for before it is asked."""
    from gym_gui.services.library_reader import LibraryReader  # noqa: PLC0415 - loaded by whoever opened the archive

    if isinstance(archive.library, LibraryReader):
        return _on_this_machine(archive, archive.library)
    from gym_gui.controllers.live_remote import RemoteRecordings  # noqa: PLC0415 - as above

    # Any other library is a trainer's.
    recordings = RemoteRecordings(cast("RemoteLibrary", archive.library))
    remote = partial(_elsewhere, archive, recordings, os.environ.get(variables.TRAINER))
    return LiveDesk(recordings, find=remote, start=remote)


def _on_this_machine(archive: Archive, library: LibraryReader) -> LiveDesk:
    from gym_gui.services.live_frames import LiveFrames  # noqa: PLC0415 - only where runs are watched
    from gym_gui.services.trainer.judging import RunJudge  # noqa: PLC0415 - same

    paths = archive.paths
    recorded = RecordedRuns(library, LiveFrames(paths.live_dir), paths.root, paths.trainer_runs_dir)

    def local(client: TrainerClient) -> TrainerSource:
        from gym_gui.controllers.live_trainer import TrainerRuns  # noqa: PLC0415 - with grpc, in a task

        return TrainerRuns(client, recorded, remote=False)

    def find() -> TrainerSource | None:
        # What costs nothing first: most folders have no trainer, and grpc takes a third of a second to load.
        if not paths.daemon_lock.exists():
            return None
        from gym_gui.services.trainer.client.discovery import client_of, find_trainer  # noqa: PLC0415 - grpc, see above

        found = find_trainer(paths)
        return None if found is None else local(client_of(paths, found))

    def start() -> TrainerSource:
        from gym_gui.services.trainer.client.discovery import ensure_trainer  # noqa: PLC0415 - grpc, see above

        return local(ensure_trainer(paths))

    return LiveDesk(recorded, find=find, start=start, judge=RunJudge())


def _elsewhere(archive: Archive, recordings: RemoteRecordings, address: str | None) -> TrainerSource:
    from gym_gui.controllers.live_trainer import TrainerRuns  # noqa: PLC0415 - grpc, see above
    from gym_gui.services.trainer.client.discovery import connect  # noqa: PLC0415 - grpc, see above

    token, certificate = os.environ.get(variables.TOKEN_FILE), os.environ.get(variables.CERTIFICATE)
    client = connect(
        archive.paths,
        address,
        token_file=Path(token) if token else None,
        ca=Path(certificate) if certificate else None,
    )
    return TrainerRuns(client, recordings, remote=True)

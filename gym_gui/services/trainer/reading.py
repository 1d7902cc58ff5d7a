"""Reading of runs without starting anything: from the folder's trainer where one runs, else from its registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from gym_gui.core.closing import Closing
from gym_gui.core.errors import RunNotFoundError, TrainerSilentError, TrainerUnavailableError
from gym_gui.core.typing_compat import override
from gym_gui.services.bootstrap import open_archive
from gym_gui.services.trainer.client.discovery import client_of, find_trainer
from gym_gui.services.trainer.daemon.log_files import LogFollower
from gym_gui.services.trainer.daemon.progress import ProgressBook
from gym_gui.services.trainer.daemon.run_shelf import RunShelf
from gym_gui.services.trainer.registry.opening_store import open_run_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gym_gui.config.settings import Settings
    from gym_gui.core.data_model import RunRecord
    from gym_gui.services.trainer.run_store import RunTransition, TrainingRun
    from gym_gui.services.trainer.states import TrainingState

_ALL = 1_000_000


class RunReader(Protocol):
    """Tells of runs: a `TrainerClient`, or `FolderRuns`."""

    def get(self, run_id: str) -> TrainingRun:
        """One run; raises `RunNotFoundError`."""

    def list_runs(self, states: Sequence[TrainingState] = (), archived: bool = False) -> list[TrainingRun]:
        """Runs of these states, or all, newest first."""

    def transitions(self, run_id: str) -> list[RunTransition]:
        """Every change of a run's state, oldest first."""

    def read_log(self, run_id: str, *, worker_id: str = "", offset: int = 0, follow: bool = False) -> Iterator[bytes]:
        """What its workers wrote."""

    def get_record(self, run_id: str) -> RunRecord | None:
        """What its recording says of it; None where there is none."""

    def close(self) -> None:
        """Let go of it."""


class FolderRuns(Closing):
    """The runs of a folder that no trainer has: as they were when the last one ended.

    Args:
        settings: Which folder; it may be one that can only be read.

    Raises:
        VarDirError: there is no such folder.
        StoreError: registry or database cannot be read.
        StoreVersionError: a newer application wrote them.
    """

    def __init__(self, settings: Settings) -> None:
        self._archive = open_archive(settings)
        self._paths = settings.paths
        try:
            self._store = open_run_store(settings.paths, settings.trainer.registry_url, read_only=True)
        except BaseException:
            self._archive.close()
            raise
        self._shelf = RunShelf(self._store, self._archive.library, ProgressBook())

    def get(self, run_id: str) -> TrainingRun:
        """One run.

        Raises:
            RunNotFoundError: there is none of that id.
        """
        return self._shelf.get(run_id)

    def list_runs(self, states: Sequence[TrainingState] = (), archived: bool = False) -> list[TrainingRun]:
        """Runs of these states, or all, newest first."""
        return list(self._shelf.list(states, archived=archived, after="", limit=_ALL)[0])

    def transitions(self, run_id: str) -> list[RunTransition]:
        """Every change of its state, oldest first.

        Raises:
            RunNotFoundError: there is none of that id.
        """
        return list(self._shelf.transitions(run_id))

    def read_log(self, run_id: str, *, worker_id: str = "", offset: int = 0, follow: bool = False) -> Iterator[bytes]:
        """What its workers wrote; *follow* changes nothing, since no trainer says when a run is over.

        Raises:
            RunNotFoundError: there is none of that id.
        """
        del follow
        follower = LogFollower(self._paths.trainer_runs_dir / self.get(run_id).run_id, worker_id, offset)
        while parts := follower.read():
            for _, _, data in parts:
                yield data

    def get_record(self, run_id: str) -> RunRecord | None:
        """What its recording says of it; None where there is none."""
        try:
            return self._archive.library.get_run(run_id)
        except RunNotFoundError:
            return None

    @override
    def close(self) -> None:
        self._store.close()
        self._archive.close()


def open_reader(settings: Settings) -> RunReader:
    """Who tells of the runs of a folder; nothing is started for it.

    Raises:
        TrainerSilentError: its trainer is there, and does not answer in time.
        VarDirError: there is no such folder.
        StoreError: registry or database cannot be read.
        StoreVersionError: a newer application wrote them.
    """
    found = find_trainer(settings.paths)
    if found is None:
        return FolderRuns(settings)
    client = client_of(settings.paths, found)
    try:
        client.hello()
    except TrainerSilentError:
        client.close()
        raise
    except TrainerUnavailableError:
        # Where nothing can be written nobody can tell whether the trainer that is named there still lives.
        client.close()
        return FolderRuns(settings)
    except BaseException:
        client.close()
        raise
    return client

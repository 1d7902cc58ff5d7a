"""A var folder as an object: its runs, its episodes, and SQL over their rows. Reads only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gym_gui.config.paths import default_var_dir
from gym_gui.config.settings import load_settings
from gym_gui.core.closing import Closing
from gym_gui.core.errors import RunNotFoundError
from gym_gui.core.typing_compat import override
from gym_gui.notebook.episode import Episode
from gym_gui.notebook.run import Run, episode_table
from gym_gui.notebook.tables import Table
from gym_gui.recording.queries import Answer, ask
from gym_gui.services.bootstrap import Archive, open_archive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    from gym_gui.recording.contract import RecordingReader


def open_library(var_dir: str | PathLike[str] | None = None) -> Library:
    """Open what was recorded.

    Args:
        var_dir: The var folder; the one that the window uses where it is None.

    Raises:
        VarDirError: there is no such folder.
        StoreError: its database is foreign, damaged or locked.
    """
    folder = default_var_dir() if var_dir is None else Path(var_dir).expanduser()
    return Library(open_archive(replace(load_settings(folder, lenient=True), var_dir=folder)))


class Library(Closing):
    """Runs by id (``library["run-id"]``), as a table (``library.runs``), and SQL; a context manager.

    Args:
        archive: What was recorded; closed with the library.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._reader: RecordingReader = archive.library

    @property
    def runs(self) -> Table[Run]:
        """Every run, newest first."""
        found = [Run(self._reader, summary) for summary in self._reader.list_runs()]
        return Table(
            found,
            {
                "run": lambda one: one.run_id,
                "environment": lambda one: one.env_id,
                "player": lambda one: one.record.player,
                "episodes": lambda one: f"{one.summary.episodes:,}",
                "steps": lambda one: f"{one.summary.steps:,}",
                "state": lambda one: one.summary.state.value,
            },
            "run",
        )

    @property
    def episodes(self) -> Table[Episode]:
        """Every episode of every run, newest first."""
        return episode_table([Episode(self._reader, summary) for summary in self._reader.list_episodes()])

    def __iter__(self) -> Iterator[Run]:
        """Every run, newest first."""
        return iter(self.runs)

    def __len__(self) -> int:
        """How many runs there are."""
        return len(self.runs)

    def __getitem__(self, run_id: str) -> Run:
        """One run; raises `RunNotFoundError`."""
        found = next((one for one in self.runs if one.run_id == run_id), None)
        if found is None:
            raise RunNotFoundError(f"There is no run {run_id}.", hint="`library.runs` shows what there is.")
        return found

    def frame(self, ref: str) -> Any:
        """The array behind an ``h5://`` ref; raises `FrameNotFoundError`."""
        return self._reader.require(ref)

    def sql(self, query: str, parameters: tuple[Any, ...] = ()) -> Answer:
        """Ask the telemetry database; nothing can be changed.

        The tables are ``runs``, ``episodes``, ``agents`` and ``steps``; the view ``step_refs`` has a row for each step
        with ``run_id``, ``episode_id``, ``reward``, ``frame_ref`` and more. Steps that another backend keeps
        (``record=parquet``, ``hdf5``, ``sqlite``) are in files of their own, and not here; their runs and episodes are.

        Raises:
            StoreError: the query is wrong, or wants to write.
        """
        return ask(self._archive.settings.paths.telemetry_db, query, parameters)

    @override
    def close(self) -> None:
        self._archive.close()

    def __repr__(self) -> str:
        return f"<Library of {len(self.runs):,} runs in {self._archive.settings.paths.root}>"

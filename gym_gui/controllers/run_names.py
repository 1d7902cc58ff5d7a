"""Which run is meant: by its id, or by the name that a person gave it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.errors import RunNotFoundError

if TYPE_CHECKING:
    from gym_gui.recording.contract import RecordingReader


def run_named(library: RecordingReader, text: str) -> str:
    """The id of the run of that id, or of the newest one of that name.

    A trainer names a run of a script, and the script names it too: ids begin with the trainer's name for it.

    Raises:
        RunNotFoundError: there is neither.
    """
    try:
        return library.get_run(text).run_id
    except RunNotFoundError:
        for one in library.list_runs():
            about = one.run.metadata
            names = (about.get("name"), one.run.run_id.rpartition("-")[0])
            # A run's evaluations bear its name, too: they are called by their id.
            if text in names and not about.get("evaluation"):
                return one.run.run_id
        raise

"""Which run is meant: by its id, or by the name that a person gave it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.errors import RunNotFoundError

if TYPE_CHECKING:
    from gym_gui.recording.contract import RecordingReader


def run_named(library: RecordingReader, text: str) -> str:
    """The id of the run of that id, or of the newest one of that name.

    Raises:
        RunNotFoundError: there is neither.
    """
    try:
        return library.get_run(text).run_id
    except RunNotFoundError:
        for one in library.list_runs():
            about = one.run.metadata
            # A run's evaluations bear its name, too: they are called by their id.
            if about.get("name") == text and not about.get("evaluation"):
                return one.run.run_id
        raise

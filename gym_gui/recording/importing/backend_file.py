"""What a recorder of any backend, or an export to HDF5 or SQLite, wrote: back to attached steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gym_gui.core.errors import EnvironmentFault, ExportError
from gym_gui.recording.export.attach import attached
from gym_gui.recording.export.source import ExportSource
from gym_gui.recording.opening import open_recording

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gym_gui.core.data_model import EpisodeRollup, StepRecord

_PAGE_STEPS: Final = 4_096


class BackendImport:
    """One recording with one run.

    Args:
        path: Its file or folder.
        kind: What its backend is called.

    Raises:
        ExportError: it is none of ours, holds no run or several, or is damaged.
    """

    def __init__(self, path: Path, kind: str) -> None:
        self.format = kind
        self.notes: list[str] = []
        self._path = path
        try:
            self._reader = open_recording(path)
        except EnvironmentFault as error:
            raise ExportError(f"{path} cannot be imported. {error.message}", hint=error.hint) from error
        try:
            runs = self._reader.list_runs()
            if len(runs) != 1:
                what = "no run" if not runs else f"{len(runs)} runs"
                raise ExportError(f"{path} holds {what}; a file with one can be imported.")  # noqa: TRY301 - closed below as all are
            self.run = runs[0].run
            self.state = runs[0].state
            self.episodes = [one.rollup for one in self._reader.list_episodes(self.run.run_id)]
        except BaseException:
            self._reader.close()
            raise
        self.rows = sum(episode.steps + 1 for episode in self.episodes)
        self._source = ExportSource(self._reader, self._reader)

    def close(self) -> None:
        """Let go of the file; safe to call twice."""
        self._reader.close()

    def steps(self, episode: EpisodeRollup) -> Iterator[StepRecord]:
        """The attached steps of an episode, in order.

        Raises:
            ExportError: the file is damaged.
        """
        try:
            start, end = 0, episode.steps + 1
            while start < end:
                stop = start + _PAGE_STEPS
                records = self._reader.load_steps(episode.run_id, episode.episode_id, start=start, stop=stop)
                for group in attached(self._source, records):
                    yield from group
                start = stop
        except EnvironmentFault as error:
            raise ExportError(f"{self._path} cannot be read. {error.message}", hint=error.hint) from error

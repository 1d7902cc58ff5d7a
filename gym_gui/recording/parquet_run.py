"""Writes the files of a run in Parquet: an episode's journal becomes a table of steps and a file of pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from gym_gui.core.data_model import EpisodeStatus, RunState
from gym_gui.core.typing_compat import override
from gym_gui.recording.documents import episode_document, episode_of_document, run_document, run_of_document
from gym_gui.recording.journal_rows import FRAMES, OBSERVATIONS
from gym_gui.recording.journaled_backend import RunFiles
from gym_gui.recording.parquet_files import DOCUMENT_KEY, FORMAT_VERSION, read_document, write_table
from gym_gui.recording.parquet_tables import write_arrays, write_trajectory
from gym_gui.recording.parquet_unify import unify

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    import pyarrow as pa

    from gym_gui.core.data_model import EpisodeRollup, RunRecord
    from gym_gui.recording.journal_episode import JournalEpisode
    from gym_gui.recording.parquet_files import Compression, RunFolder
    from gym_gui.recording.value_kinds import Kind


class ParquetRun(RunFiles):
    """One run's folder.

    Args:
        run: The run; of one that is there, its own record holds.
        folder: Where.
        compression: Of every column.
        declared: Columns that a program declared, with their kinds.
    """

    def __init__(
        self, run: RunRecord, folder: RunFolder, compression: Compression, declared: Mapping[str, Kind] | None = None
    ) -> None:
        self.folder = folder
        self._declared = {} if declared is None else declared
        self._compression = compression
        there = self._told()
        super().__init__(there[0] if there else run)
        folder.make()

    @override
    def ordinals(self) -> dict[str, int]:
        return {self._summary(ordinal)["episode_id"]: ordinal for ordinal in self.folder.finished()}

    @override
    def journals(self) -> list[tuple[Path, int]]:
        return self.folder.journals()

    @override
    def journal_path(self, ordinal: int) -> Path:
        return self.folder.journal(ordinal)

    @override
    def standing(self) -> tuple[RunState, datetime | None]:
        told = self._told()
        return (RunState.RUNNING, None) if told is None else told[1:]

    @override
    def write_run(self, state: RunState, ended_at: datetime | None) -> None:
        document = run_document(self.run, state, ended_at)
        write_table(self.folder.of_run("metadata"), _one_row({**document, "format": FORMAT_VERSION}), self._compression)
        if state is RunState.RUNNING:
            self.folder.of_run("statistics").unlink(missing_ok=True)

    @override
    def finish_run(self, state: RunState, ended_at: datetime) -> None:
        finished = self.folder.finished()
        unify([self.folder.of_episode("trajectory", ordinal) for ordinal in finished], self._compression)
        summaries = [self._summary(ordinal) for ordinal in finished]
        write_table(self.folder.of_run("statistics"), statistics_of(summaries), self._compression)
        self.write_run(state, ended_at)

    @override
    def finish_episode(self, journal: JournalEpisode, rollup: EpisodeRollup) -> None:
        ordinal = journal.ordinal
        sizes = [self._write_arrays(journal, stream) for stream in (FRAMES, OBSERVATIONS)]
        path = self.folder.of_episode("trajectory", ordinal)
        write_trajectory(path, journal, self.run, rollup, compression=self._compression, declared=self._declared)
        document = {
            **episode_document(rollup),
            "ordinal": ordinal,
            "size_bytes": path.stat().st_size + sum(sizes),
            "format": FORMAT_VERSION,
        }
        # Last: an episode whose summary is there has all its files.
        write_table(self.folder.of_episode("summary", ordinal), _one_row(document), self._compression)

    @override
    def unfinish(self, ordinal: int) -> EpisodeRollup:
        from gym_gui.recording.parquet_episode import ParquetEpisode  # noqa: PLC0415 - rare
        from gym_gui.recording.rewriting import write_journal  # noqa: PLC0415 - rare

        episode = ParquetEpisode(self.folder, ordinal, self._summary(ordinal))
        rollup = episode.rollup
        try:
            write_journal(self.folder.journal(ordinal), episode, self.run)
        finally:
            episode.close()
        for kind in ("summary", "trajectory", "frames", "observations"):
            self.folder.of_episode(kind, ordinal).unlink(missing_ok=True)
        return rollup

    def _told(self) -> tuple[RunRecord, RunState, datetime | None] | None:
        path = self.folder.of_run("metadata")
        return run_of_document(msgspec.json.decode(read_document(path))) if path.exists() else None

    def _summary(self, ordinal: int) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.json.decode(read_document(self.folder.of_episode("summary", ordinal)))
        return found

    def _write_arrays(self, journal: JournalEpisode, stream: str) -> int:
        """The side file of a stream of arrays, where there are any; its bytes."""
        path = self.folder.of_episode(stream, journal.ordinal)
        if not journal.count_of(stream):
            path.unlink(missing_ok=True)
            return 0
        rows = _rows_of_arrays(journal, stream)
        write_arrays(path, _items(journal, stream), rows, self._compression)
        return path.stat().st_size


def statistics_of(summaries: Sequence[Mapping[str, Any]]) -> pa.Table:
    """The one row of a run's statistics; the file carries every episode's summary, too."""
    rollups = [episode_of_document(one) for one in summaries]
    returns = [one.total_reward for one in rollups]
    lengths = [one.steps for one in rollups]
    numbers = {
        "episodes": len(rollups),
        "steps": sum(lengths),
        "frames": sum(one.frames for one in rollups),
        "dropped_frames": sum(one.dropped_frames for one in rollups),
        "completed_episodes": sum(one.status is EpisodeStatus.COMPLETED for one in rollups),
        "mean_return": float(np.mean(returns)) if returns else None,
        "min_return": min(returns, default=None),
        "max_return": max(returns, default=None),
        "mean_length": float(np.mean(lengths)) if lengths else None,
        "size_bytes": sum(int(one["size_bytes"]) for one in summaries),
    }
    return _one_row(numbers, document={"format": FORMAT_VERSION, "episodes": list(summaries)})


def _one_row(values: Mapping[str, Any], *, document: Mapping[str, Any] | None = None) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415 - as above

    table = pa.table({name: _cell(name, value) for name, value in values.items()})
    return table.replace_schema_metadata({DOCUMENT_KEY: msgspec.json.encode(values if document is None else document)})


def _cell(name: str, value: Any) -> pa.Array:
    import pyarrow as pa  # noqa: PLC0415 - as above

    types = {"seed": pa.int64(), "total_reward": pa.float64(), "worker_id": pa.string(), "fault": pa.string()}
    if name.endswith("_at"):
        return pa.array([value], pa.string()).cast(pa.timestamp("us", "UTC"))
    if name == "total_reward":
        return pa.array([float(value)])
    if isinstance(value, str) and name == "seed":
        return pa.array([value])  # beyond 64 bits
    wanted = types.get(name, pa.string() if value is None else None)
    if name in {"mean_return", "min_return", "max_return", "mean_length"}:
        wanted = pa.float64()
    return pa.array([value], wanted) if wanted is not None else pa.array([value])


def _items(journal: JournalEpisode, stream: str) -> Iterator[np.ndarray[Any, Any]]:
    for chunk in journal.chunks(stream):
        yield from chunk.decode()


def _rows_of_arrays(journal: JournalEpisode, stream: str) -> Iterator[tuple[int, str]]:
    for rows in journal.rows():
        for row in rows:
            if (row.frame if stream == FRAMES else row.array) is not None:
                yield row.step_index, row.agent_id

"""Parquet files that `gym-gui export` wrote, back to steps: every type and every bit as it was recorded."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.core.data_model import FrameState, RunState, StepRecord
from gym_gui.core.errors import ExportError
from gym_gui.core.info_codec import decode_info
from gym_gui.core.packing import from_array
from gym_gui.core.value_codec import decode_value
from gym_gui.recording.export.arrow_values import leaves_of_arrow
from gym_gui.recording.export.documents import episode_of_document, run_of_document
from gym_gui.recording.export.parquet_rows import METADATA_KEY, VERSION
from gym_gui.recording.export.value_forms import Form, packed_dtype, put_together
from gym_gui.telemetry.step_rows import decode_rare

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from gym_gui.core.data_model import EpisodeRollup

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STATES: Final = {state.name.lower(): state for state in FrameState}
_BATCH_ROWS: Final = 1_024
_BATCH_WITH_FRAMES: Final = 64


def is_export(path: Path) -> bool:
    """Whether a file, or the first one of a folder, says that an export wrote it."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - 0.2 s, only where it is read

    first = min(path.glob("*.parquet")) if path.is_dir() else path
    try:
        return METADATA_KEY in (pq.read_schema(first).metadata or {})
    except (OSError, ValueError):  # cut short: said when it is opened
        return False


class ParquetImport:
    """One file, or a folder with one file an episode.

    Args:
        path: The file or folder.

    Raises:
        ExportError: it is no Parquet file, none of ours, or damaged.
    """

    format = "parquet"

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq  # noqa: PLC0415 - 0.2 s, only where it is read

        paths = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
        self.notes: list[str] = []
        self.episodes: list[EpisodeRollup] = []
        self.rows = 0
        self._path = path
        self._files: list[Any] = []
        self._of_episode: dict[str, tuple[_File, dict[str, Any]]] = {}
        try:
            for one in paths:
                file = pq.ParquetFile(one)
                self._files.append(file)
                document = self._document(file)
                opened = _File(file)
                self.run = run_of_document(document["run"])
                self.state = RunState(document["state"])
                self.rows += file.metadata.num_rows
                for episode in map(episode_of_document, document["episodes"]):
                    self.episodes.append(episode)
                    self._of_episode[episode.episode_id] = (opened, document)
        except (OSError, KeyError, TypeError, ValueError) as error:  # Arrow's own errors are among these
            self.close()
            if isinstance(error, ExportError):
                raise
            raise self._damaged(error) from error
        if not all("frame" in file.schema_arrow.names for file in self._files):
            self.notes.append("The file holds no pictures; the run is imported without.")

    def close(self) -> None:
        """Let go of the files; safe to call twice."""
        for file in self._files:
            file.close()

    def steps(self, episode: EpisodeRollup) -> Iterator[StepRecord]:
        """The attached steps of an episode, in order.

        Raises:
            ExportError: the file is damaged.
        """
        file, document = self._of_episode[episode.episode_id]
        try:
            for batch in file.batches(episode):
                yield from _Batch(batch, document).steps(episode)
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise self._damaged(error) from error

    def _document(self, file: Any) -> dict[str, Any]:
        stored = (file.schema_arrow.metadata or {}).get(METADATA_KEY)
        if stored is None:
            raise ExportError(
                f"{self._path} was not written by gym_gui, so it cannot be imported.",
                hint="Its metadata has no entry of the name gym_gui.",
            )
        document: dict[str, Any] = json.loads(stored)
        if document["version"] > VERSION:
            raise ExportError(
                f"{self._path} was written by a newer version of gym_gui (format {document['version']}).",
                hint="Update this one to import it.",
            )
        return document

    def _damaged(self, error: Exception) -> ExportError:
        return ExportError(f"{self._path} cannot be read: {error}.", hint="The file is damaged or cut short.")


class _File:
    """One Parquet file, and where each episode's rows are in it; what Arrow answers slowly is asked once.

    A row group holds rows of one episode, and its statistics say of which.
    """

    def __init__(self, file: Any) -> None:
        self._file = file
        names = file.schema_arrow.names
        self._batch_rows = _BATCH_WITH_FRAMES if "frame" in names else _BATCH_ROWS
        self._groups: dict[str, list[int]] = {}
        self._untold: list[int] = []
        column, metadata = names.index("episode_id"), file.metadata
        for group in range(metadata.num_row_groups):
            told = metadata.row_group(group).column(column).statistics
            if told is None or not told.has_min_max:
                self._untold.append(group)
            else:
                self._groups.setdefault(told.min, []).append(group)

    def batches(self, episode: EpisodeRollup) -> Iterator[Any]:
        """The batches that may hold the episode's rows, in order."""
        for group in sorted([*self._groups.get(episode.episode_id, ()), *self._untold]):
            yield from self._file.iter_batches(batch_size=self._batch_rows, row_groups=[group])


class _Batch:
    """Some rows, column by column."""

    def __init__(self, batch: Any, document: Mapping[str, Any]) -> None:
        self._batch = batch
        self._rows = batch.num_rows
        self._names = set(batch.schema.names)
        self._raw_observations = bool(document.get("observation_raw"))
        self._actions = self._values("action", document.get("action"))
        self._observations = self._observation_values(document.get("observation"))

    def steps(self, episode: EpisodeRollup) -> Iterator[StepRecord]:
        """The rows as attached steps."""
        names = ("step", "agent_id", "reward", "terminated", "truncated", "frame_state", "info_json")
        columns = [self._list(name) for name in (*names, "episode_id")]
        is_frame, rares = self._list("observation_is_frame"), self._list("rare")
        times = self._batch.column("time").cast("int64").to_pylist()
        for row, values in enumerate(zip(*columns, strict=True)):
            step, agent_id, reward, terminated, truncated, state, info, episode_id = values
            if episode_id != episode.episode_id:
                continue
            frame = self._frame(row)
            rare = decode_rare(rares[row])
            observation = frame if is_frame[row] else self._observations(row)
            if observation is None:
                observation = rare.get("observation")
            yield StepRecord(
                run_id=episode.run_id,
                episode_id=episode.episode_id,
                step_index=step,
                action=self._actions(row),
                observation=observation,
                reward=reward,
                terminated=terminated,
                truncated=truncated,
                info=decode_info(info),
                render_payload=frame,
                timestamp=_EPOCH + timedelta(microseconds=times[row]),
                agent_id=agent_id,
                worker_id=episode.worker_id,
                frame_state=_STATES[state],
                **{name: value for name, value in rare.items() if name != "observation"},
            )

    def _list(self, name: str) -> list[Any]:
        found: list[Any] = self._batch.column(name).to_pylist() if name in self._names else [None] * self._rows
        return found

    def _values(self, name: str, document: dict[str, Any] | None) -> Any:
        """A function from a row to its value."""
        if name not in self._names:
            return lambda _row: None
        if document is None:
            codes = self._list(f"{name}_code")
            return lambda row: decode_value(codes[row])
        form = Form.from_json(document)
        column = self._batch.column(name)
        leaves = leaves_of_arrow(form, column)
        present = np.asarray(column.is_valid().to_numpy(zero_copy_only=False), np.bool_)
        return lambda row: put_together(form, leaves, row) if present[row] else None

    def _observation_values(self, document: dict[str, Any] | None) -> Any:
        if not self._raw_observations or document is None:
            return self._values("observation", document)
        form = Form.from_json(document)
        column, dtype = self._batch.column("observation"), packed_dtype(form)
        if dtype is None:  # parts without a dtype, which stand in the rows themselves
            return lambda _row: None

        def raw(row: int) -> Any:
            data = column[row].as_py()
            return None if data is None else from_array(np.frombuffer(data, dtype.base).reshape(form.shape).copy())

        return raw

    def _frame(self, row: int) -> Any:
        if "frame" not in self._names:
            return None
        data = self._batch.column("frame")[row].as_py()
        if data is None:
            return None
        height, width = (self._batch.column(name)[row].as_py() for name in ("frame_height", "frame_width"))
        return np.frombuffer(data, np.uint8).reshape(height, width, 3).copy()

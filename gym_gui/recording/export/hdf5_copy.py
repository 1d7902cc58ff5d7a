"""HDF5: the run copied into a recording of one file; episodes without pictures go from columns to datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gym_gui.core.data_model import EpisodeStatus, FrameState
from gym_gui.core.info_codec import decode_info
from gym_gui.core.packing import from_array, to_array
from gym_gui.core.value_codec import decode_value, encode_value
from gym_gui.recording.config import RecorderConfig
from gym_gui.recording.export.backend_copy import write_copy
from gym_gui.recording.hdf5 import HDF5Backend
from gym_gui.recording.hdf5_rows import RowBlock
from gym_gui.recording.journal_rows import (
    FRAME_STATE_SHIFT,
    INLINE_BYTES,
    OBSERVATION_IS_ARRAY,
    TERMINATED,
    TRUNCATED,
    is_large,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from gym_gui.core.data_model import EpisodeRollup
    from gym_gui.recording.contract import RecordingBackend
    from gym_gui.recording.export.job import ExportJob
    from gym_gui.telemetry.step_columns import StepColumns


def write_hdf5(job: ExportJob, path: Path) -> None:
    """Write the selection as one HDF5 file."""
    options = job.options
    config = RecorderConfig(
        backend="hdf5", path=path, compression=options.compression, compression_level=options.compression_level
    )
    write_copy(job, path, config, _copy_columns)


def _copy_columns(job: ExportJob, backend: RecordingBackend, episode: EpisodeRollup) -> bool:
    assert isinstance(backend, HDF5Backend)  # noqa: S101 - for the type checker
    rows = _PageRows(job, episode)
    if not rows.is_bare():
        return False
    backend.write_bare_episode(episode, rows)
    job.rows += rows.row_count
    job.progress.advance(rows.row_count)
    return True


class _PageRows:
    """The rows of an episode as HDF5 columns: what the recorder's own way makes of the same steps, without a step."""

    def __init__(self, job: ExportJob, episode: EpisodeRollup) -> None:
        self._job = job
        self._episode = episode
        self._frames = job.options.frames is not False
        self.row_count = sum(map(len, self._pages()))

    def is_bare(self) -> bool:
        """Whether there is nothing but rows: no pictures, no large observations, and an end."""
        ended = self._episode.status is not EpisodeStatus.RUNNING
        return ended and self.row_count > 0 and all(map(self._is_bare, self._pages()))

    def blocks(self) -> Iterator[RowBlock]:
        for page in self._pages():
            self._job.progress.advance(0)
            yield self._block(page)

    def _pages(self) -> Iterator[StepColumns]:
        return self._job.source.episode_pages(self._job.selection, self._episode)

    def _is_bare(self, page: StepColumns) -> bool:
        known = self._episode.worker_id, self._job.selection.run.space_signature
        if known != (page.worker_id, page.space_signature) or (self._frames and any(page.frame_refs)):
            return False
        own = [ref for ref in page.obs_refs if ref is not None]
        if own and not set(own).isdisjoint(page.frame_refs):
            return False
        # A dataset holds one dtype and shape: its first item speaks for all.
        firsts = list({ref.rpartition("/")[0]: ref for ref in own}.values())
        if any(one is not None and one.nbytes > INLINE_BYTES for one in self._job.source.arrays(firsts)):
            return False
        return not any(is_large(page.rare(row).get("observation")) for row, one in enumerate(page.extras) if one)

    def _block(self, page: StepColumns) -> RowBlock:
        count = len(page)
        rare = [None if one is None else decode_value(one) for one in page.extras]
        observations, is_array = self._observations(page, rare)
        states = page.frame_states.astype(np.int64)
        states[states == FrameState.KEPT] = FrameState.LOST
        flags = page.terminated * TERMINATED | page.truncated * TRUNCATED | is_array * OBSERVATION_IS_ARRAY
        if self._frames:
            flags |= states << FRAME_STATE_SHIFT
        return RowBlock(
            page.agent_ids,
            {
                "step_index": page.step_index,
                "rewards": page.rewards,
                "terminated": page.terminated,
                "truncated": page.truncated,
                "timestamps": page.time_us,
                "flags": flags,
                "frame_index": np.full(count, -1),
                "observation_index": np.full(count, -1),
            },
            page.has_reward,
            {
                "actions": [decode_value(one) for one in page.actions],
                "observations": observations,
                "info": [None if one is None else decode_info(one) or None for one in page.infos],
                "extra": [one or None for one in rare],
            },
        )

    def _observations(
        self, page: StepColumns, rare: Sequence[dict[str, Any] | None]
    ) -> tuple[Sequence[Any], np.ndarray[Any, np.dtype[np.bool_]]]:
        """The observations that stand in the rows, taken out of *rare* where they were there; which are arrays."""
        items = self._job.source.one_array(page.obs_refs)
        if items is not None and items.dtype.names is None:
            return [np.asarray(one) for one in items], np.ones(len(page), np.bool_)
        found: list[Any] = []
        is_array: list[bool] = []
        for stored, extra in zip(self._job.source.arrays(page.obs_refs), rare, strict=True):
            told = None if extra is None else extra.pop("observation", None)
            value = told if stored is None else from_array(np.asarray(stored))
            is_array.append(value is not None and to_array(value) is not None)
            found.append(decode_value(encode_value(np.asarray(value) if isinstance(value, np.generic) else value)))
        return found, np.array(is_array, np.bool_)

"""A Minari data set in its own layout (HDF5), written row by row: `minari.load_dataset` takes it as one of its own.

Pictures that are not the observation are left out: Minari has no place for them. Beside what Minari reads, each episode
has a group ``gym_gui`` with times and states of pictures, so that an import gives the same steps again.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from typing import TYPE_CHECKING, Any, Final

import h5py
import numpy as np

from gym_gui.core.data_model import FrameState
from gym_gui.core.errors import ExportError
from gym_gui.core.packing import from_array
from gym_gui.recording.export.csv_rows import rare_names
from gym_gui.recording.export.documents import episode_document, json_text, run_document
from gym_gui.recording.export.minari_spaces import space_text, spaces_of
from gym_gui.recording.export.minari_values import FAST_GZIP, create, info_arrays, misfit_key, write_leaves
from gym_gui.recording.export.table import (
    ValueKind,
    action_column,
    learn_shape,
    observation_column,
    own_observation_refs,
)
from gym_gui.recording.export.value_forms import packed_columns, take_apart
from gym_gui.recording.patient_file import patient_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from gym_gui.core.data_model import EpisodeRollup, RunRecord
    from gym_gui.recording.export.job import ExportJob
    from gym_gui.recording.export.table import TableShape
    from gym_gui.recording.export.value_forms import Form
    from gym_gui.telemetry.step_columns import StepColumns

# Minari's own pattern of a name with its version; a namespace is a folder above it.
_DATASET_NAME: Final = re.compile(r"[-_\w]+-v\d+")
_RESERVE_BYTES: Final = 2 * 1024 * 1024
# Of a row without its observation: action, reward, flags, time, and its share of the infos.
_ROW_BYTES: Final = 256
_STRING: Final = h5py.string_dtype("utf-8")


def write_minari(job: ExportJob, path: Path) -> None:
    """Write the selection as the data set *path*, a folder.

    Raises:
        ExportError: there are several agents, actions differ in form, or no episode has what Minari needs.
    """
    _refuse_several_agents(job.selection.run)
    dataset_id = dataset_id_of(job.target)
    shape = learn_shape(job.source, job.selection, wide=True)
    _refuse_values(job.selection.run, shape)
    job.progress.begin(shape.rows)
    data = path / "data"
    data.mkdir(parents=True)
    require_room(data, shape.rows * _ROW_BYTES)  # rather now than after minutes
    writer = _DatasetWriter(job, shape.action, shape.observation, pictures=shape.pictures_seen)
    with patient_file(data / "main_data.hdf5", "w", track_order=True) as file:
        for episode in job.selection.episodes:
            writer.add(file, episode)
    if not writer.episodes:
        raise ExportError(
            f"No episode of run {job.selection.run.run_id} has an observation at every step, which Minari needs.",
            hint="Export it as parquet, hdf5 or sqlite.",
        )
    _write_metadata(job, data, dataset_id, writer)
    if shape.frames and not shape.pictures_seen:
        job.note(f"{shape.frames:,} pictures are not the observation, and Minari has no place for others.")
    left = rare_names(job) if shape.extras else []
    if left:
        job.note(f"Minari has no place for: {', '.join(left)}.")
    root = job.target.parent if "/" not in dataset_id else job.target.parents[dataset_id.count("/")]
    job.note(f'Load it with MINARI_DATASETS_PATH="{root}" and minari.load_dataset("{dataset_id}").')


def _refuse_several_agents(run: RunRecord) -> None:
    agents = run.metadata.get("agents")
    if isinstance(agents, list) and len(agents) > 1:
        raise ExportError(
            f"Minari knows one agent only, and run {run.run_id} has several: {', '.join(map(str, agents))}.",
            hint="Export it as parquet, hdf5 or sqlite.",
        )


def _refuse_values(run: RunRecord, shape: TableShape) -> None:
    hint = "Export it as parquet, hdf5 or sqlite."
    if shape.action.mixed or shape.observation.mixed or (shape.pictures_seen and shape.observation.form is not None):
        what = "actions" if shape.action.mixed else "observations"
        raise ExportError(
            f"The {what} of run {run.run_id} differ in form, or parts of them have none (None, an empty dict or tuple, "
            "numbers of an odd type), which Minari cannot hold.",
            hint=hint,
        )
    for what, kind in (("actions", shape.action), ("observations", shape.observation)):
        key = None if kind.form is None else misfit_key(kind.form)
        if key is not None:
            raise ExportError(
                f"The {what} of run {run.run_id} have the key {key!r}, which cannot be a name in Minari's files.",
                hint=hint,
            )


def require_room(folder: Path, size_bytes: int) -> None:
    """Make sure that so much more fits on the disk: HDF5 does not survive one that is full when it closes a file.

    Raises:
        OSError: it does not (``ENOSPC``).
    """
    if shutil.disk_usage(folder).free < size_bytes + _RESERVE_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def dataset_folder(target: Path, env_id: str) -> Path:
    """Where the data set goes: *target* if that is a name with a version, else a folder of the game's name in it."""
    if _DATASET_NAME.fullmatch(target.name):
        return target
    name = re.sub(r"-v\d+\Z", "", env_id.rsplit(":", 1)[-1].rsplit("/", 1)[-1])
    return target / f"{re.sub(r'[^-_a-zA-Z0-9]+', '-', name).strip('-').lower() or 'run'}-v0"


def dataset_id_of(target: Path) -> str:
    """What the data set is called: the folder's name, with the folders between it and ``MINARI_DATASETS_PATH``."""
    root = os.environ.get("MINARI_DATASETS_PATH")
    if root and target.is_relative_to(root):
        return target.relative_to(root).as_posix()
    return target.name


class _DatasetWriter:
    """Writes episodes one after the other and counts them."""

    def __init__(self, job: ExportJob, action: ValueKind, observation: ValueKind, *, pictures: bool) -> None:
        self._job = job
        self._action = action
        self._observation = observation
        self._pictures = pictures
        self._compression = job.options.compression or "gzip", job.options.compression_level or FAST_GZIP
        self.episodes: list[EpisodeRollup] = []
        self.steps = 0
        self.sample: tuple[Any, Any] = (None, None)

    @property
    def observation_form(self) -> Form | None:
        """What observations are."""
        return self._observation.form

    @property
    def action_form(self) -> Form | None:
        """What actions are."""
        return self._action.form

    def add(self, file: h5py.File, episode: EpisodeRollup) -> None:
        """Add an episode, or say why it cannot be."""
        found = self._job.source.episode_pages(self._job.selection, episode)
        pages = [_of_agent(page, episode.agent_id) for page in found]
        rows = sum(map(len, pages))
        reason = self._why_not(pages, rows)
        if reason:
            self._job.note(f"Episode {episode.episode_index} is left out: {reason}.")
            self._job.progress.advance(rows)
            return
        group = file.create_group(f"episode_{len(self.episodes)}", track_order=True)
        group.attrs["id"] = len(self.episodes)
        group.attrs["total_steps"] = rows - 1
        if episode.seed is not None:
            small = -(2**63) <= episode.seed < 2**63
            group.attrs["seed"] = episode.seed if small else str(episode.seed)
        if episode.options is not None:
            group.attrs["options/json"] = json_text(episode.options)
        self._write_columns(group, pages, rows)
        self.episodes.append(episode)
        self.steps += rows - 1
        self._job.rows += rows

    def _why_not(self, pages: list[StepColumns], rows: int) -> str:
        if rows < 2:  # noqa: PLR2004 - a state and a step
            return "it has no step"
        steps = np.concatenate([page.step_index for page in pages])
        if not np.array_equal(steps, np.arange(steps[0], steps[0] + rows)):
            return "some of its steps were lost"
        for page in pages:
            inline = [one is not None and "observation" in page.rare(row) for row, one in enumerate(page.extras)]
            if any(ref is None and not given for ref, given in zip(page.obs_refs, inline, strict=True)):
                return "it has steps without an observation"
        return ""

    def _write_columns(self, group: h5py.Group, pages: list[StepColumns], rows: int) -> None:
        written = 0
        for page in pages:
            self._write_observations(group, page, written, rows)
            actions = action_column(page, self._action)
            if self._action.form is not None:
                # The first row of an episode has no action: it is the state after reset.
                leaves = [leaf[1:] if written == 0 else leaf for leaf in actions.leaves]
                write_leaves(group, "actions", self._action.form, leaves, place=(max(0, written - 1), rows - 1))
            written += len(page)
            self._job.progress.advance(len(page))
        for name, values in (
            ("rewards", np.concatenate([page.rewards for page in pages])),
            ("terminations", np.concatenate([page.terminated for page in pages])),
            ("truncations", np.concatenate([page.truncated for page in pages])),
        ):
            group.create_dataset(name, data=values[1:])
        left = info_arrays(group.create_group("infos", track_order=True), pages)
        if left:
            self._job.note(f"Infos that not every step has alike are JSON text in info_json only: {', '.join(left)}.")
        own = group.create_group("gym_gui")
        own.create_dataset("time_us", data=np.concatenate([page.time_us for page in pages]))
        states = np.concatenate([page.frame_states for page in pages])
        if not self._pictures:
            states = np.where(states == FrameState.KEPT, np.uint8(FrameState.NONE), states)
        own.create_dataset("frame_state", data=states)
        own.create_dataset("reset_reward", data=pages[0].rewards[:1] if pages[0].has_reward[0] else np.empty(0))
        own.attrs["first_step"] = int(pages[0].step_index[0])

    def _write_observations(self, group: h5py.Group, page: StepColumns, written: int, rows: int) -> None:
        form = self._observation.form
        if not self._pictures and form is not None and not self._observation.is_large:
            found = observation_column(self._job.source, page, self._observation)
            write_leaves(group, "observations", form, found.leaves, place=(written, rows))
            return
        refs = list(page.obs_refs) if self._pictures else own_observation_refs(page)
        for start, arrays in self._job.source.frame_groups(refs):
            values = _values_of(page, start, arrays)
            whole = all(one is not None for one in arrays)  # else they stand in the rows themselves: text is among them
            if self._pictures or form is None:
                items = np.stack(values)
                dataset = create(group, "observations", items, rows, self._compression)
                dataset[written + start : written + start + len(items)] = items
            else:
                leaves = packed_columns(form, np.stack(values)) if whole else take_apart(form, values)
                place = written + start, rows
                write_leaves(group, "observations", form, leaves, place=place, compression=self._compression)
            self._job.frames += len(values) * self._pictures


def _values_of(page: StepColumns, start: int, arrays: Sequence[NDArray[Any] | None]) -> list[Any]:
    """The observations of the rows from *start* on: as they are stored, or as they stand in the row.

    Raises:
        ExportError: one is neither here nor there.
    """
    if all(one is not None for one in arrays):
        return list(arrays)
    values = []
    for row, stored in enumerate(arrays, start):
        value = page.rare(row).get("observation") if stored is None else from_array(np.asarray(stored))
        if value is None:
            step = int(page.step_index[row])
            raise ExportError(f"The observation of step {step:,} of episode {page.episode_id} cannot be read.")
        values.append(value)
    return values


def _of_agent(page: StepColumns, agent_id: str) -> StepColumns:
    mine = [row for row, one in enumerate(page.agent_ids) if one == agent_id]
    return page if len(mine) == len(page) else page.take(mine)


def _write_metadata(job: ExportJob, data: Path, dataset_id: str, writer: _DatasetWriter) -> None:
    import minari  # noqa: PLC0415 - one second, only where a data set is written

    run = job.selection.run
    observation_space, action_space, env_spec = spaces_of(job, data / "main_data.hdf5")
    if env_spec is None:
        job.note(
            "The run does not say how its environment is made (it was registered with a class, say): Minari's "
            "recover_environment() cannot make it."
        )
    size_bytes = sum(one.stat().st_size for one in data.iterdir())
    known = {name: version for name, version in run.versions.items() if name not in {"python", "numpy"}}
    metadata = {
        "dataset_id": dataset_id,
        "total_episodes": len(writer.episodes),
        "total_steps": writer.steps,
        "data_format": "hdf5",
        "jpeg_encoding": False,
        "observation_space": space_text(observation_space),
        "action_space": space_text(action_space),
        **({} if env_spec is None else {"env_spec": env_spec}),
        "algorithm_name": run.player,
        "minari_version": minari.__version__,
        "dataset_size": round(size_bytes / 1e6, 1),
        "requirements": [f"{name}=={version}" for name, version in known.items()],
        "description": f"Exported by gym_gui from run {run.run_id}.",
        "gym_gui": {
            "run": run_document(run),
            "state": job.selection.state,
            "episodes": [episode_document(episode) for episode in writer.episodes],
            "action": writer.action_form and writer.action_form.to_json(),
            "observation": writer.observation_form and writer.observation_form.to_json(),
            "observation_is_frame": writer.observation_form is None,
        },
    }
    (data / "metadata.json").write_text(json.dumps(metadata), encoding="utf-8")

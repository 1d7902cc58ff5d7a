"""A Minari data set back to steps: one of ours with every type as it was recorded, any other as far as Minari tells."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import h5py
import numpy as np

from gym_gui.core.clock import utc_now
from gym_gui.core.data_model import EpisodeRollup, EpisodeStatus, FrameState, RunRecord, RunState, StepRecord
from gym_gui.core.errors import ExportError
from gym_gui.core.info_codec import decode_info, to_plain
from gym_gui.core.refs import new_run_id
from gym_gui.recording.export.documents import episode_of_document, run_of_document
from gym_gui.recording.export.minari_values import INFO_JSON
from gym_gui.recording.export.value_forms import Form
from gym_gui.recording.importing.minari_folder import minari_data_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PICTURE_NDIM: Final = 3
_Own: TypeAlias = "Mapping[str, Any] | None"  # what an export of ours wrote into the metadata


class MinariImport:
    """One data set.

    Args:
        path: Its folder, its ``data`` folder or its HDF5 file.

    Raises:
        ExportError: it is no data set, or damaged.
    """

    format = "minari"

    def __init__(self, path: Path) -> None:
        import minari  # noqa: PLC0415 - one second, only where one is read

        self._path = path
        folder = minari_data_folder(path)
        self.notes: list[str] = []
        if folder is None:
            raise ExportError(f"{path} is no Minari data set.", hint="It has no metadata.json of Minari's.")
        try:
            self._dataset = minari.MinariDataset(folder)
            metadata = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))
            self._file = folder / "main_data.hdf5"
            self._own = metadata.get("gym_gui")
            self.rows = int(metadata["total_steps"]) + int(metadata["total_episodes"])
            self._metadatas = list(self._dataset.storage.get_episode_metadata(self._dataset.episode_indices))
            if self._own is None:
                self.state = RunState.COMPLETED
                self.run = self._foreign_run(metadata)
                self.episodes = [self._foreign_episode(place) for place in range(len(self._metadatas))]
            else:
                self.state = RunState(self._own["state"])
                self.run = run_of_document(self._own["run"])
                self.episodes = list(map(episode_of_document, self._own["episodes"]))
        except (OSError, KeyError, TypeError, ValueError, AssertionError) as error:  # Minari asserts
            raise ExportError(f"{path} cannot be read: {error}.", hint="The data set is damaged.") from error
        self._place = {episode.episode_id: place for place, episode in enumerate(self.episodes)}

    def close(self) -> None:
        """Nothing is held open."""

    def steps(self, episode: EpisodeRollup) -> Iterator[StepRecord]:
        """The attached steps of an episode, in order.

        Raises:
            ExportError: the file is damaged.
        """
        place = self._place[episode.episode_id]
        try:
            data = self._dataset[place]
            yield from _Episode(episode, data, self._kept_beside(place), self._own).steps()
        except (OSError, KeyError, TypeError, ValueError, AssertionError) as error:
            raise ExportError(f"{self._path} cannot be read: {error}.", hint="The data set is damaged.") from error

    def _kept_beside(self, place: int) -> dict[str, Any]:
        if self._own is None:
            return {}
        with h5py.File(self._file, "r") as file:
            group = file[f"episode_{place}/gym_gui"]
            return {**{name: group[name][()] for name in group}, "first_step": int(group.attrs["first_step"])}

    def _foreign_run(self, metadata: Mapping[str, Any]) -> RunRecord:
        now, spec = utc_now(), self._dataset.env_spec
        env_id = str(metadata["dataset_id"]) if spec is None else str(spec.id)
        kwargs = {} if spec is None else {name: value for name, value in spec.kwargs.items() if name != "render_mode"}
        return RunRecord(
            run_id=new_run_id(env_id, now),
            env_id=env_id,
            created_at=now,
            env_kwargs=to_plain(kwargs),
            env_spec=metadata.get("env_spec"),
            player=str(metadata.get("algorithm_name") or "unknown"),
            action_space=str(self._dataset.action_space),
            observation_space=str(self._dataset.observation_space),
            metadata={"minari_dataset_id": metadata["dataset_id"]},
        )

    def _foreign_episode(self, place: int) -> EpisodeRollup:
        seed = self._metadatas[place].get("seed")
        data = self._dataset[place]
        rewards = np.asarray(data.rewards, np.float64)
        terminated, truncated = bool(data.terminations[-1]), bool(data.truncations[-1])
        return EpisodeRollup(
            run_id=self.run.run_id,
            episode_id=f"ep-{place:06d}",
            episode_index=place,
            seed=None if seed is None else int(seed),
            started_at=self.run.created_at,
            ended_at=self.run.created_at,
            steps=len(rewards),
            total_reward=float(rewards.sum()),
            terminated=terminated,
            truncated=truncated,
            status=EpisodeStatus.COMPLETED if terminated or truncated else EpisodeStatus.ABANDONED,
        )


class _Episode:
    """The steps of one episode."""

    def __init__(self, episode: EpisodeRollup, data: Any, beside: Mapping[str, Any], own: _Own) -> None:
        self._episode = episode
        self._data = data
        self._beside = beside
        forms = own or {}
        self._action = Form.from_json(forms["action"]) if forms.get("action") else None
        self._observation = Form.from_json(forms["observation"]) if forms.get("observation") else None
        self._pictures = forms["observation_is_frame"] if own is not None else _looks_like_pictures(data.observations)
        infos = data.infos or {}
        self._texts = infos.get(INFO_JSON)
        self._infos = {} if self._texts is not None else infos

    def steps(self) -> Iterator[StepRecord]:
        """Row by row; the first is the state after reset."""
        data, episode, beside = self._data, self._episode, self._beside
        first, times = int(beside.get("first_step", 0)), beside.get("time_us")
        states = beside.get("frame_state")
        for row in range(len(data.rewards) + 1):
            observation = _item(data.observations, row, self._observation)
            frame = observation if self._pictures else None
            yield StepRecord(
                run_id=episode.run_id,
                episode_id=episode.episode_id,
                step_index=first + row,
                action=_item(data.actions, row - 1, self._action) if row else None,
                observation=observation,
                reward=float(data.rewards[row - 1]) if row else self._reset_reward(),
                terminated=bool(data.terminations[row - 1]) if row else False,
                truncated=bool(data.truncations[row - 1]) if row else False,
                info=self._info(row),
                render_payload=frame,
                timestamp=episode.started_at if times is None else _EPOCH + timedelta(microseconds=int(times[row])),
                agent_id=episode.agent_id,
                worker_id=episode.worker_id,
                frame_state=FrameState.NONE if states is None else FrameState(int(states[row])),
            )

    def _reset_reward(self) -> float | None:
        kept = self._beside.get("reset_reward")
        return float(kept[0]) if kept is not None and len(kept) else None

    def _info(self, row: int) -> dict[str, Any]:
        if self._texts is not None:
            return decode_info(_text(self._texts[row]))
        found = {key: _info_item(values, row) for key, values in self._infos.items()}
        return {key: value for key, value in found.items() if value is not None}


def _item(values: Any, row: int, form: Form | None) -> Any:
    """One value out of Minari's dicts, tuples and arrays of many; of *form* where one is known."""
    if isinstance(values, dict):
        # HDF5 gives keys in its own order; the form knows theirs.
        names = [str(name) for name in form.names] if form is not None else list(values)
        parts = form.parts if form is not None else (None,) * len(names)
        keys = form.names if form is not None else tuple(names)
        return {key: _item(values[name], row, part) for key, name, part in zip(keys, names, parts, strict=True)}
    if isinstance(values, tuple):
        parts = form.parts if form is not None else (None,) * len(values)
        items = [_item(value, row, part) for value, part in zip(values, parts, strict=True)]
        return items if form is not None and form.kind == "list" else tuple(items)
    value = values[row]
    if form is not None and form.kind in {"int", "float", "bool"}:
        return value.item()
    if form is None and isinstance(value, np.integer):
        return int(value)
    return _text(value) if isinstance(value, bytes) else np.array(value) if isinstance(value, np.ndarray) else value


def _info_item(values: Any, row: int) -> Any:
    if isinstance(values, dict):
        return {key: _info_item(value, row) for key, value in values.items()}
    value = values[row] if row < len(values) else None
    return _text(value) if isinstance(value, bytes) else value


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _looks_like_pictures(observations: Any) -> bool:
    return (
        isinstance(observations, np.ndarray)
        and observations.dtype == np.uint8
        and observations.ndim == _PICTURE_NDIM + 1
        and observations.shape[-1] == _PICTURE_NDIM
    )

"""Observations of several parts, a camera's picture among them, out and back in: too much for a cell of a table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import minari
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from exports import RUN, differences, frame_of, record, step
from gymnasium.envs.registration import EnvSpec

from gym_gui.config.settings import Settings
from gym_gui.controllers.exporting import import_into_folder
from gym_gui.core.errors import ExportError
from gym_gui.recording.export import export_run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

SIDE = 32


def camera_and_state(index: int) -> dict[str, Any]:
    """A picture with the numbers of a robot, in all more than a cell holds."""
    parts = {"speed": np.float32(index / 3), "joints": (np.arange(5) * index / 7, np.int64(-index))}
    return {"camera": frame_of(index, (SIDE, SIDE, 3)), **parts}


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A var folder with a run of two episodes, of camera and state."""
    steps = [step(index, observation=camera_and_state(index), render_payload=frame_of(index)) for index in range(9)]
    record(tmp_path / "var", [steps, steps[:4]])
    return tmp_path / "var"


@pytest.mark.parametrize("options", [{"frames": True}, {"frames": True, "format": "parquet", "partitioned": True}])
def test_that_camera_and_state_come_back_from_parquet(recorded: Path, tmp_path: Path, options: dict[str, Any]) -> None:
    name = "folder" if "partitioned" in options else "out.parquet"
    path = export_run(recorded, RUN, tmp_path / name, **options).output
    assert import_into_folder(Settings(var_dir=tmp_path / "there"), path).rows == 13
    assert differences(recorded, RUN, tmp_path / "there", RUN) == []


def test_that_a_parquet_file_says_how_its_composite_observations_are_read(recorded: Path, tmp_path: Path) -> None:
    path = export_run(recorded, RUN, tmp_path / "out.parquet", frames=True).output
    told = json.loads(pq.read_schema(path).metadata[b"gym_gui"])["observation_dtype"]
    item = np.frombuffer(pd.read_parquet(path).observation[5], _dtype(told))[0]
    assert np.array_equal(item["camera"], frame_of(5, (SIDE, SIDE, 3)))
    assert item["joints"]["1"] == -5


def _dtype(told: list[Any]) -> np.dtype[Any]:
    fields = [(name, _dtype(kind) if isinstance(kind, list) else kind, *map(tuple, rest)) for name, kind, *rest in told]
    return np.dtype(fields)


def test_that_a_structured_type_with_gaps_comes_back_from_parquet(tmp_path: Path) -> None:
    dtype = np.dtype([("flag", "u1"), ("values", "f8", (1_100,))], align=True)
    seen = [np.zeros((), dtype) for _ in range(4)]
    for index, one in enumerate(seen):
        one["flag"], one["values"] = index, np.arange(1_100) / 3
    record(tmp_path / "var", [[step(index, observation=one) for index, one in enumerate(seen)]])
    path = export_run(tmp_path / "var", RUN, tmp_path / "out.parquet", frames=True).output
    import_into_folder(Settings(var_dir=tmp_path / "there"), path)
    assert differences(tmp_path / "var", RUN, tmp_path / "there", RUN) == []


def test_that_camera_and_state_are_groups_that_minari_reads(
    recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = export_run(recorded, RUN, tmp_path / "robot-v0", format="minari").output
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    seen = minari.load_dataset("robot-v0")[0].observations
    assert np.array_equal(seen["camera"][5], frame_of(5, (SIDE, SIDE, 3)))
    assert seen["joints"][1].tolist() == [-index for index in range(9)]
    import_into_folder(Settings(var_dir=tmp_path / "there"), path)
    ignoring = {"frames", "frame_state", "frame_ref"}  # Minari has no place for pictures beside the observation
    assert differences(recorded, RUN, tmp_path / "there", RUN, ignoring=ignoring) == []


def test_that_camera_and_words_are_exported_to_minari(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = [(frame_of(index, (SIDE, SIDE, 3)), f"day {index}") for index in range(20)]
    record(tmp_path / "var", [[step(index, observation=one) for index, one in enumerate(words)]])
    path = export_run(tmp_path / "var", RUN, tmp_path / "told-v0", format="minari").output
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    pictures, texts = minari.load_dataset("told-v0")[0].observations
    assert list(texts) == [text for _, text in words]
    assert np.array_equal(pictures, np.stack([picture for picture, _ in words]))
    import_into_folder(Settings(var_dir=tmp_path / "there"), path)
    assert differences(tmp_path / "var", RUN, tmp_path / "there", RUN) == []


@pytest.mark.parametrize(
    "seen",
    [
        lambda index: np.array([index / 3, np.nan], np.float16),
        lambda index: np.float16(index / 3),
        lambda _: np.zeros(0, np.float32),
        lambda index: {"none": np.zeros(0, np.uint8), "half": np.float16(index), "camera": frame_of(index, (64, 9, 3))},
    ],
    ids=["halves", "half", "empty", "parts"],
)
def test_that_half_floats_and_empty_arrays_are_exported_to_minari(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seen: Any
) -> None:
    steps = [step(index, observation=seen(index), action=seen(index) if index else None) for index in range(4)]
    record(tmp_path / "var", [steps])
    path = export_run(tmp_path / "var", RUN, tmp_path / "odd-v0", format="minari").output
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    assert len(minari.load_dataset("odd-v0")[0].rewards) == 3
    import_into_folder(Settings(var_dir=tmp_path / "there"), path)
    assert differences(tmp_path / "var", RUN, tmp_path / "there", RUN) == []


@pytest.mark.parametrize("key", ["a/b", "", ".", "/"])
def test_that_keys_that_are_no_names_in_hdf5_are_refused(tmp_path: Path, key: str) -> None:
    value = {"fine": ({key: np.int64(1)}, np.int64(2))}
    record(tmp_path / "seen", [[step(0, observation=value), step(1, observation=value)]])
    record(tmp_path / "done", [[step(0, observation=1), step(1, observation=1, action=value)]])
    for folder, what in (("seen", "observations"), ("done", "actions")):
        with pytest.raises(ExportError, match=f"The {what} of run {RUN} have the key {key!r}, which cannot be a name"):
            export_run(tmp_path / folder, RUN, tmp_path / "name-v0", format="minari")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["done", "seen"]


def test_that_a_space_that_minari_cannot_read_again_is_refused(tmp_path: Path) -> None:
    nothing = np.zeros((0, 3), np.float32)
    record(tmp_path / "var", [[step(0, observation=nothing), step(1, observation=nothing)]])
    with pytest.raises(ExportError, match="Minari cannot read the space"):
        export_run(tmp_path / "var", RUN, tmp_path / "name-v0", format="minari")
    assert [path.name for path in tmp_path.iterdir()] == ["var"]


def test_that_parts_without_a_form_are_told(tmp_path: Path) -> None:
    seen = {"fine": 1, "nothing": ()}
    record(tmp_path / "var", [[step(0, observation=seen), step(1, observation=seen)]])
    with pytest.raises(ExportError, match="or parts of them have none"):
        export_run(tmp_path / "var", RUN, tmp_path / "name-v0", format="minari")


@pytest.mark.parametrize("spec", [None, EnvSpec("CartPole-v1", "gymnasium.envs.classic_control:CartPoleEnv").to_json()])
def test_that_an_environment_that_minari_cannot_make_is_told(tmp_path: Path, spec: str | None) -> None:
    seen = np.zeros(4, np.float32)
    record(tmp_path / "var", [[step(0, observation=seen), step(1, observation=seen, action=1)]], env_spec=spec)
    notes = export_run(tmp_path / "var", RUN, tmp_path / "name-v0", format="minari").notes
    assert any("recover_environment" in note for note in notes) is (spec is None)

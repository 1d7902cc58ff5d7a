"""Tables as other people's tools read them: csv, pandas, DuckDB, Polars, JSON."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
from exports import RUN, frame_of, record, step

from gym_gui.recording import RecorderFactory
from gym_gui.recording.export import FORMATS, export_run

REWARDS = [None, 0.1, -0.0, float("nan"), 1e-320, float("inf"), 2 / 3]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A var folder with a run of two agents: odd rewards, text that wants quotes, actions of two parts."""
    steps = [
        step(
            index,
            agent_id=agent,
            reward=REWARDS[index],
            action={"steer": np.float32(0.1) * np.ones(2, np.float32), "gear": index} if index else None,
            observation=np.arange(3, dtype=np.float32) / 3,
            info={"lives": index, "said": 'a "word",\r\nnext', "odd": [1, 2] if index else None, "won": index == 6},
            terminated=index == 6,
            render_payload=frame_of(index),
        )
        for index in range(7)
        for agent in ("agent_0", "b")
    ]
    record(tmp_path / "var", [steps, steps])
    return tmp_path


def rewards_of(values: Any) -> list[bytes]:
    """Every bit of some rewards."""
    return [np.float64(value).tobytes() for value in values]


def test_that_csv_is_rfc_4180_and_keeps_every_bit_of_a_number(home: Path) -> None:
    result = export_run(home / "var", RUN, home / "out.csv", episodes=[1])
    text = (home / "out.csv").read_bytes().decode()
    assert text.count("\r\n") == 1 + 14 + 14  # a header, fourteen rows, and a line break in a cell of each
    assert "\n" not in text.replace("\r\n", "")
    with (home / "out.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert (result.rows, len(rows)) == (14, 14)
    assert rows[0]["reward"] == rows[0]["action.gear"] == ""
    assert rewards_of(float(row["reward"]) for row in rows[2::2]) == rewards_of(REWARDS[1:])
    assert rows[2]["info.said"] == 'a "word",\r\nnext'
    assert (rows[2]["agent_id"], rows[3]["agent_id"]) == ("agent_0", "b")
    assert (rows[-1]["terminated"], rows[-1]["info.won"], rows[2]["info.odd"]) == ("true", "true", "[1,2]")
    assert np.float32(rows[2]["action.steer.1"]) == np.float32(0.1)
    assert [float(rows[0][f"observation.{place}"]) for place in range(3)] == (np.arange(3, dtype="f4") / 3).tolist()
    table = pd.read_csv(home / "out.csv")
    assert rewards_of(table.reward[2::2]) == rewards_of(REWARDS[1:])
    assert table.terminated.dtype == bool
    assert any("14 pictures" in note for note in result.notes)


@pytest.mark.parametrize("lines", [False, True])
def test_that_json_is_json_and_keeps_every_bit(home: Path, *, lines: bool) -> None:
    export_run(home / "var", RUN, home / "out.json", lines=lines)
    text = (home / "out.json").read_text(encoding="utf-8")

    def refuse(constant: str) -> None:
        raise AssertionError(constant)  # NaN is no JSON

    if lines:
        documents = [json.loads(line, parse_constant=refuse) for line in text.splitlines()]
        assert [one["type"] for one in documents] == ["run", *(["episode", *["step"] * 14] * 2)]
        rows = documents[2:16]
    else:
        document = json.loads(text, parse_constant=refuse)
        assert document["run"]["run_id"] == RUN
        assert [one["seed"] for one in document["episodes"]] == [7, 8]
        rows = document["episodes"][0]["step_rows"]
    assert rewards_of(float(row["reward"]) for row in rows[2::2]) == rewards_of(REWARDS[1:])
    assert rows[0]["reward"] is rows[0]["action"] is None
    assert rows[2]["action"]["gear"] == 1
    assert rows[2]["info"]["odd"] == [1, 2]


@pytest.mark.parametrize("lines", [False, True])
def test_that_json_keeps_what_few_steps_have(tmp_path: Path, *, lines: bool) -> None:
    view = {"kind": "text", "text": "S F\nF G"}
    statistics = {"observation": {"mean": np.array([0.5, float("nan")]), "count": 3}}
    seen = [step(0), step(1, view=view), step(2, normalization_stats=statistics)]
    record(tmp_path / "var", [seen])
    result = export_run(tmp_path / "var", RUN, tmp_path / "out.json", lines=lines)
    text = (tmp_path / "out.json").read_text(encoding="utf-8")
    rows = (
        [json.loads(line) for line in text.splitlines()][2:] if lines else json.loads(text)["episodes"][0]["step_rows"]
    )
    assert [row["view"] for row in rows] == [None, view, None]
    assert rows[2]["normalization_stats"]["observation"] == {"mean": [0.5, "NaN"], "count": 3}
    assert not result.notes
    assert any("view" in note for note in export_run(tmp_path / "var", RUN, tmp_path / "out.csv").notes)


def test_that_parquet_opens_in_pandas_duckdb_and_polars_with_one_call(home: Path) -> None:
    path = export_run(home / "var", RUN, home / "out.parquet").output
    frame = pd.read_parquet(path)
    assert frame.shape[0] == 28
    assert rewards_of(frame.reward[2:14:2]) == rewards_of(REWARDS[1:])
    assert frame.action[2]["gear"] == 1
    table_of = duckdb.read_parquet(str(path)).filter("agent_id = 'b'")
    gear, lives, seen = table_of.aggregate("max(action.gear), max(info.lives), sum(observation[2])").fetchall()[0]
    assert (gear, lives) == (6, 6)
    assert math.isclose(seen, 14 / 3, rel_tol=1e-6)
    table = pl.read_parquet(path)
    assert table.schema["observation"] == pl.Array(pl.Float32, 3)
    assert table.schema["reward"] == pl.Float64
    assert table["time"].dtype == pl.Datetime("us", "UTC")


def test_that_parquet_says_where_it_comes_from(home: Path) -> None:
    path = export_run(home / "var", RUN, home / "out.parquet", frames=True, compression="gzip").output
    told = json.loads(pq.read_schema(path).metadata[b"gym_gui"])
    assert told["run"]["versions"] == {"numpy": np.__version__}
    assert [one["seed"] for one in told["episodes"]] == [7, 8]
    column = pq.ParquetFile(path).metadata.row_group(0).column(4)
    assert column.compression == "GZIP"


def test_that_pictures_in_parquet_are_the_pictures(home: Path) -> None:
    path = export_run(home / "var", RUN, home / "out.parquet", frames=True).output
    rows = pd.read_parquet(path)
    for index in (0, 5):
        row = rows.iloc[2 * index]
        found = np.frombuffer(row.frame, np.uint8).reshape(row.frame_height, row.frame_width, 3)
        assert np.array_equal(found, frame_of(index))


def test_that_a_partitioned_folder_is_one_table(home: Path) -> None:
    folder = export_run(home / "var", RUN, home / "parts", format="parquet", partitioned=True).output
    assert sorted(one.name for one in folder.iterdir()) == ["episode-000000.parquet", "episode-000001.parquet"]
    assert len(pd.read_parquet(folder)) == 28
    assert duckdb.read_parquet(f"{folder}/*.parquet").aggregate("count(DISTINCT seed)").fetchall() == [(2,)]
    assert len(pl.read_parquet(folder)) == 28


def test_that_pages_of_a_long_episode_are_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gym_gui.recording.export.source.PAGE_STEPS", 7)
    # The form of actions shows only in the last page.
    record(tmp_path / "var", [[step(index, action=None if index < 20 else 1.5) for index in range(23)]])
    for name in ("csv", "json", "parquet"):
        assert export_run(tmp_path / "var", RUN, tmp_path / f"out.{name}").rows == 23
    table = pd.read_csv(tmp_path / "out.csv")
    assert table.step.tolist() == list(range(23))
    assert table.action.dropna().tolist() == [1.5] * 3
    assert pd.read_parquet(tmp_path / "out.parquet").action.dropna().tolist() == [1.5] * 3


def test_that_the_table_of_formats_names_every_format() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
    listed = {line.split("|")[1].split()[0] for line in text.splitlines() if line.startswith("| ")}
    assert {one.name for one in FORMATS} <= listed
    assert "failed" not in text


def test_that_a_programs_own_fields_are_columns(tmp_path: Path) -> None:
    recorder = RecorderFactory.create_recorder({"backend": "sqlite", "output_dir": str(tmp_path / "out")})
    for index in range(3):
        step = {"position": (1.0, 2.0), "concentration": 0.5 + index, "reward": 1.0, "agent_1": {"speed": index}}
        recorder.record_step(step, index, episode_id=1)
    for name in ("csv", "json", "parquet"):
        assert recorder.export_data(str(tmp_path / f"a.{name}"), format=name)
    recorder.close()
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["position.1"], row["concentration"], row["agent_1.speed"]) for row in rows] == [
        ("2.0", "0.5", "0"),
        ("2.0", "1.5", "1"),
        ("2.0", "2.5", "2"),
    ]
    document = json.loads((tmp_path / "a.json").read_text())
    assert document["episodes"][0]["step_rows"][2]["extra"]["agent_1"] == {"speed": 2}
    assert pd.read_parquet(tmp_path / "a.parquet")["concentration"].tolist() == [0.5, 1.5, 2.5]


def test_that_csv_columns_of_one_name_are_told_apart(tmp_path: Path) -> None:
    values = {"a.b": 1.5, "a": {"b": 2.5}}
    record(
        tmp_path / "var", [[step(0, observation=values), step(1, observation=values, action={"a.b": 3, "a": {"b": 4}})]]
    )
    result = export_run(tmp_path / "var", RUN, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert [rows[1][f"observation.a.b{end}"] for end in ("", "#2")] == ["1.5", "2.5"]
    assert [rows[1][f"action.a.b{end}"] for end in ("", "#2")] == ["3", "4"]
    (note,) = [one for one in result.notes if "#2" in one]
    assert note == "Columns whose name another one has already are called action.a.b#2, observation.a.b#2."

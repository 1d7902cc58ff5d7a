"""Parquet recordings: their layout, their types, what other programs read of them, and the seed's own methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from synthetic import START, episode_of, final_of, frame_of, observation_of, run_of, step_of

from gym_gui.core.data_model import RunState
from gym_gui.core.errors import ConfigError, SchemaMismatchError
from gym_gui.core.info_codec import decode_info, encode_info
from gym_gui.recording import RecorderFactory
from gym_gui.recording.config import RecorderConfig
from gym_gui.recording.parquet import ParquetBackend, ParquetReader, ParquetRecorder
from gym_gui.testing.recorder_contract import same

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gym_gui.core.data_model import StepRecord


def recorded(folder: Path, *episodes: list[StepRecord], **config: Any) -> Path:
    """A run of whole episodes; the folder of its episodes."""
    with ParquetBackend(RecorderConfig(backend="parquet", path=folder, **config)) as backend:
        backend.begin_run(run_of("run"))
        for index, steps in enumerate(episodes):
            backend.begin_episode(episode_of("run", index))
            backend.write_steps(steps)
            backend.end_episode(final_of("run", index, steps=len(steps) - 1))
        backend.end_run("run", RunState.COMPLETED, START)
    return folder / "runs" / "run" / "episodes"


def steps(episode: int, count: int, **fields: Any) -> list[StepRecord]:
    """So many steps."""
    return [step_of("run", episode, index, index, **fields) for index in range(count)]


def test_that_the_files_stand_where_the_layout_says(tmp_path: Path) -> None:
    episodes = recorded(tmp_path, steps(0, 3), steps(1, 4))
    assert sorted(path.name for path in episodes.iterdir()) == [
        "episode_summary_ep_000001.parquet",
        "episode_summary_ep_000002.parquet",
        "frames_ep_000001.parquet",
        "frames_ep_000002.parquet",
        "trajectory_ep_000001.parquet",
        "trajectory_ep_000002.parquet",
    ]
    assert sorted(path.name for path in episodes.parent.iterdir() if path.is_file()) == [
        "run_metadata.parquet",
        "run_statistics.parquet",
    ]
    (metadata,) = pq.read_table(episodes.parent / "run_metadata.parquet").to_pylist()
    assert (metadata["run_id"], metadata["env_id"], metadata["state"]) == ("run", "Synthetic-v0", "completed")
    (statistics,) = pq.read_table(episodes.parent / "run_statistics.parquet").to_pylist()
    assert (statistics["episodes"], statistics["steps"], statistics["mean_length"]) == (2, 5, 2.5)
    (summary,) = pq.read_table(episodes / "episode_summary_ep_000002.parquet").to_pylist()
    assert (summary["episode_id"], summary["steps"], summary["seed"]) == ("e0001", 3, 1)


def test_that_other_names_for_the_files_are_kept_to(tmp_path: Path) -> None:
    patterns = {"trajectory": "steps-{episode_id:03d}.parquet", "metadata": "run.parquet"}
    episodes = recorded(tmp_path, steps(0, 3), options={"file_patterns": patterns})
    assert (episodes / "steps-001.parquet").exists()
    assert (episodes.parent / "run.parquet").exists()
    with ParquetReader(tmp_path) as reader:
        assert len(reader.load_steps("run", "e0000")) == 3


@pytest.mark.parametrize(
    "patterns", [{"other": "x"}, {"trajectory": "no-number.parquet"}, {"metadata": "../run.parquet"}]
)
def test_that_names_that_cannot_be_are_refused(tmp_path: Path, patterns: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        ParquetBackend(RecorderConfig(backend="parquet", path=tmp_path, options={"file_patterns": patterns}))


@pytest.mark.parametrize("name", ["zstd", "snappy", "gzip", "lz4", "brotli", "none"])
def test_that_every_compression_of_the_seed_is_used(tmp_path: Path, name: str) -> None:
    episodes = recorded(tmp_path, steps(0, 3), compression=name)
    column = pq.read_metadata(episodes / "trajectory_ep_000001.parquet").row_group(0).column(3)
    assert column.compression.lower().removeprefix("un") in {name, "compressed", f"{name}_raw"}
    with ParquetReader(tmp_path) as reader:
        found = reader.load_steps("run", "e0000")
        assert np.array_equal(reader.require(found[2].frame_ref or ""), frame_of(2))


def test_that_a_compression_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no level 15 of gzip\. It has 1 to 9"):
        ParquetBackend(RecorderConfig(backend="parquet", path=tmp_path, compression="gzip", compression_level=15))
    with pytest.raises(ConfigError, match="snappy has no levels"):
        ParquetBackend(RecorderConfig(backend="parquet", path=tmp_path, compression="snappy", compression_level=5))
    with pytest.raises(ConfigError, match="zip"):
        ParquetBackend(RecorderConfig(backend="parquet", path=tmp_path, compression="zip"))


def test_that_columns_have_the_types_of_what_was_recorded(tmp_path: Path) -> None:
    episodes = recorded(tmp_path, steps(0, 3, info={"lives": 3, "where": "here"}))
    schema = pq.read_schema(episodes / "trajectory_ep_000001.parquet")
    assert str(schema.field("action").type) == "int64"
    assert str(schema.field("reward").type) == "double"
    assert str(schema.field("observation").type) == "fixed_size_list<element: float>[4]"
    assert str(schema.field("info").type) == "struct<lives: int64, where: string>"
    assert str(schema.field("agent_id").type).startswith("dictionary<values=string")
    assert str(schema.field("timestamp").type) == "timestamp[us, tz=UTC]"
    assert "action_exact" not in schema.names


def test_that_one_call_of_every_program_reads_a_run(tmp_path: Path) -> None:
    episodes = recorded(tmp_path, steps(0, 5), steps(1, 4))
    every = f"{episodes}/trajectory_ep_*.parquet"
    frame = pd.read_parquet(episodes / "trajectory_ep_000001.parquet")
    assert frame["reward"].tolist()[1:] == [0.25, 0.5, 0.75, 1.0]
    assert np.stack(list(frame["observation"])).tolist() == [observation_of(n).tolist() for n in range(5)]
    assert len(pd.read_parquet(sorted(episodes.glob("trajectory_ep_*.parquet")))) == 9
    assert pl.read_parquet(every)["step_index"].to_list() == [0, 1, 2, 3, 4, 0, 1, 2, 3]
    found = duckdb.sql(f"SELECT episode_id, count(*), sum(reward) FROM '{every}' GROUP BY 1 ORDER BY 1")  # noqa: S608 - a path of the test
    assert found.fetchall() == [("e0000", 5, 2.5), ("e0001", 4, 1.5)]
    assert ds.dataset(sorted(map(str, episodes.glob("trajectory_ep_*.parquet")))).count_rows() == 9
    pictures = duckdb.sql(f"SELECT data, shape FROM '{episodes}/frames_ep_000002.parquet'").fetchall()  # noqa: S608 - same
    data, shape = pictures[3]
    assert np.array_equal(np.frombuffer(data, np.uint8).reshape(shape), frame_of(3))


def test_that_a_column_more_and_a_wider_type_leave_older_files_readable_together(tmp_path: Path) -> None:
    first = [step_of("run", 0, n, n, extra={"data": {"speed": n}}) for n in range(3)]
    later = [step_of("run", 1, n, n, extra={"data": {"speed": n / 2, "height": 1.5}}) for n in range(3)]
    episodes = recorded(tmp_path, first, later)
    every = f"{episodes}/trajectory_ep_*.parquet"
    query = f"SELECT speed, height FROM read_parquet('{every}', union_by_name=true) ORDER BY episode_id, step_index"  # noqa: S608 - a path of the test
    assert duckdb.sql(query).fetchall() == [(0, None), (1, None), (2, None), (0, 1.5), (0.5, 1.5), (1, 1.5)]
    with ParquetReader(tmp_path) as reader:
        table = reader.to_table("run")
        assert table.column("speed").to_pylist() == [0, 1, 2, 0, 0.5, 1]
        assert table.column("height").to_pylist() == [None, None, None, 1.5, 1.5, 1.5]
        found = [one.extra for index in range(2) for one in reader.load_steps("run", f"e000{index}")]
    assert found == [one.extra for one in [*first, *later]]
    assert [type(one["data"]["speed"]) for one in found if one] == [int] * 3 + [float] * 3


def test_that_one_field_that_does_not_fit_takes_no_other_from_its_column(tmp_path: Path) -> None:
    def odd(n: int) -> dict[str, Any]:
        return {"speed": n, "note": None if n % 2 else b"a"}

    infos = [{"lives": 3, "left": None if n % 2 else 1.5} for n in range(4)]
    steps = [step_of("run", 0, n, n, info=infos[n], extra={"has": 1, "data": odd(n)}) for n in range(4)]
    (path,) = recorded(tmp_path, steps).glob("trajectory_ep_*.parquet")
    table = pq.read_table(path)
    assert table.column("info").to_pylist() == infos
    assert table.column("speed").to_pylist() == [0, 1, 2, 3]
    with ParquetReader(tmp_path) as reader:
        found = reader.load_steps("run", "e0000")
    assert [one.info for one in found] == infos
    assert [one.extra for one in found] == [one.extra for one in steps]


def test_that_types_with_nothing_in_common_leave_files_readable_together(tmp_path: Path) -> None:
    seen: list[Any] = [(1, np.ones(2, np.float16)), (0, np.int64(3)), (2, "text")]
    runs = [[step_of("run", number, n, n, observation=one) for n in range(2)] for number, one in enumerate(seen)]
    episodes = recorded(tmp_path, *runs)
    files = sorted(episodes.glob("trajectory_ep_*.parquet"))
    assert len({pq.read_schema(path).remove_metadata() for path in files}) == 1
    assert pl.read_parquet(files)["step_index"].to_list() == [0, 1] * 3
    with ParquetReader(tmp_path) as reader:
        assert reader.to_table("run").column("observation").null_count == 4


def test_that_files_of_a_run_that_goes_on_are_one_table(tmp_path: Path) -> None:
    with ParquetBackend(RecorderConfig(backend="parquet", path=tmp_path)) as backend:
        backend.begin_run(run_of("run"))
        for index, one in enumerate([1, "text", 2.5]):
            backend.begin_episode(episode_of("run", index))
            backend.write_steps([step_of("run", index, 1, 1, action=one)])
            backend.end_episode(final_of("run", index, steps=1))
        backend.finish_now()
        with ParquetReader(tmp_path) as reader:
            assert reader.to_table("run").column("action").to_pylist() == [1, None, 2.5]


def test_that_equal_pictures_cost_next_to_nothing(tmp_path: Path) -> None:
    still = np.random.default_rng(1).integers(0, 255, (72, 96, 3), np.uint8)
    one = recorded(tmp_path / "one", steps(0, 2, render_payload=still))
    many = recorded(tmp_path / "many", steps(0, 64, render_payload=still))
    sizes = [(folder / "frames_ep_000001.parquet").stat().st_size for folder in (one, many)]
    assert sizes[1] < 6 * sizes[0]


def test_that_the_recorder_takes_declared_columns_and_batches(tmp_path: Path) -> None:
    recorder = RecorderFactory.create_recorder(
        {"backend": "parquet", "output_dir": str(tmp_path), "run_id": "run", "compression": "snappy"}
    )
    assert isinstance(recorder, ParquetRecorder)
    with recorder:
        recorder.create_table({"position_x": "float32", "note": "string", "hits": "int16"})
        batch = [{"position_x": 0.1 * n, "reward": float(n), "hits": n} for n in range(4)]
        assert recorder.write_batch(batch) == 4
        with pytest.raises(SchemaMismatchError, match="hits of step 9"):
            recorder.record_step({"hits": 70_000}, 9)
        recorder.record_episode({"total_steps": 4, "total_reward": 6.0}, 0)
        recorder.flush_buffer()
        table = pq.read_table(next(tmp_path.rglob("trajectory_ep_000001.parquet")))
    assert [str(table.schema.field(name).type) for name in ("position_x", "note", "hits")] == [
        "float",
        "string",
        "int16",
    ]
    assert table.column("hits").to_pylist() == [0, 1, 2, 3]
    assert table.column("note").null_count == 4


@pytest.mark.parametrize("schema", [{"x": "complex128"}, {"x": "no-such-type"}, {"reward": "float32"}])
def test_that_a_column_that_cannot_be_declared_is_refused(tmp_path: Path, schema: dict[str, str]) -> None:
    recorder = ParquetRecorder({"backend": "parquet", "output_dir": str(tmp_path)})
    with recorder, pytest.raises(SchemaMismatchError):
        recorder.create_table(schema)
    assert not list(tmp_path.iterdir())


def _nested(levels: int, make: Callable[[Any], Any]) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = make(value)
    return value


NESTED: dict[str, Callable[[int], Any]] = {
    "lists": lambda levels: _nested(levels, lambda one: [one]),
    "dicts": lambda levels: _nested(levels, lambda one: {"in": one}),
    "tuples": lambda levels: _nested(levels, lambda one: (one,)),
    "lists of dicts": lambda levels: _nested(levels, lambda one: [{"in": one}]),
    "axes": lambda levels: np.ones((1,) * min(levels, 60), np.float32) if levels < 33 else np.ones((1,) * 32),
}


@pytest.mark.parametrize("levels", [20, 31, 32, 60])
@pytest.mark.parametrize("kind", NESTED)
def test_that_what_is_nested_deeper_than_a_schema_can_be_is_read_again(tmp_path: Path, kind: str, levels: int) -> None:
    odd = NESTED[kind](levels)
    info = {
        "lives": 2,
        "odd": odd.tolist() if isinstance(odd, np.ndarray) else decode_info(encode_info({"_": odd}))["_"],
    }
    first = [
        *steps(0, 3),
        step_of("run", 0, 3, 3, info=info, action={"odd": odd}, observation=("text", odd), render_payload=None),
    ]
    recorded(tmp_path, first, steps(1, 3))
    with ParquetReader(tmp_path) as reader:
        *before, last = reader.load_steps("run", "e0000")
        assert [step.step_index for step in before] == [0, 1, 2]
        assert same(last.info, info)
        assert same(last.action, {"odd": odd})
        assert same(last.observation, ("text", odd))
        assert reader.to_table("run").num_rows == 7

"""From any form of configuration to the right recorder, and a sentence for everything that is wrong."""

from __future__ import annotations

import builtins
import importlib.util
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from omegaconf import OmegaConf

from gym_gui.config.schema import BACKENDS
from gym_gui.config.settings import load_settings
from gym_gui.core.errors import ConfigError, FormatUnavailableError
from gym_gui.recording import (
    BaseRecorder,
    BufferConfig,
    NullRecorder,
    RecorderConfig,
    RecorderFactory,
    SplitRecorder,
    SQLiteRecorder,
    registry,
)
from gym_gui.recording.config_forms import config_of

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.mark.parametrize(
    ("backend", "kind"), [("none", NullRecorder), ("sqlite", SQLiteRecorder), ("split", SplitRecorder)]
)
def test_that_a_name_makes_its_recorder_and_nothing_else(tmp_path: Path, backend: str, kind: type) -> None:
    with RecorderFactory.create_recorder({"backend": backend, "output_dir": str(tmp_path / "out")}) as recorder:
        assert type(recorder) is kind
    assert not (tmp_path / "out").exists(), "nothing was recorded"


def test_that_the_flat_form_is_understood() -> None:
    config = config_of({"backend": "sqlite", "output_dir": "./data", "buffer_size": 500, "compression": "zstd"})
    assert (config.backend, config.output_dir, config.buffer.max_records) == ("sqlite", Path("data"), 500)
    assert config.compression == "zstd"


def test_that_the_target_form_is_understood() -> None:
    form = {
        "_target_": "gym_gui.recording.backends.SQLiteRecorder",
        "recording": {"full": True, "step_interval": 2, "include_observations": False},
        "storage": {
            "database_path": "./data/simulation.db",
            "batch_size": 100,
            "transaction_mode": "immediate",
            "compression": {"algorithm": "zstd", "level": None},
        },
        "performance": {
            "connection_timeout": 30.0,
            "journal_mode": "WAL",
            "synchronous": "NORMAL",
            "cache_size": 2000,
            "buffer": {"max_records": 200, "max_memory_mb": 50, "flush_interval_seconds": 30.0},
            "async_io": {"enabled": True, "worker_threads": 2, "queue_size": 100},
        },
    }
    for source in (form, OmegaConf.create(form), {"backend": "sqlite", **form}):
        config = config_of(source)
        assert (config.backend, config.path) == ("sqlite", Path("data/simulation.db"))
        assert (config.step_interval, config.include_observations, config.compression) == (2, False, "zstd")
        assert (config.buffer.max_records, config.buffer.max_memory_mb) == (200, 50.0)
        assert config.buffer.flush_interval_seconds == 30.0
        assert config.options["cache_size"] == 2000


def test_that_a_null_recorder_counts_its_calls_when_it_is_told_to() -> None:
    form = {
        "_target_": "x.NullRecorder",
        "debug": {"enabled": False, "count_calls": True},
        "performance": {"optimization_level": "maximum"},
    }
    recorder = RecorderFactory.create_recorder(form)
    assert isinstance(recorder, NullRecorder)
    recorder.record_step({"reward": "anything"}, 0)
    recorder.record_step({}, 1, episode_id=2, more=1)
    recorder.record_episode({}, 0)
    assert not recorder.export_data("x")
    assert recorder.get_call_count() == {"record_step": 2, "record_episode": 1, "export_data": 1}
    silent = RecorderFactory.create_recorder({"backend": "none"})
    assert isinstance(silent, NullRecorder)
    silent.record_step({"reward": "anything"}, 0)
    assert silent.get_call_count() == {}
    assert not silent.is_recording()
    silent.flush()
    silent.close()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"backend": "parket"}, "Did you mean 'parquet'"),
        ({"backend": "qqq"}, "There are split, parquet"),
        ({"_target_": "a.b.SQLRecorder"}, "Did you mean 'SQLiteRecorder'"),
        ({"backend": "sqlite", "output_dri": "x"}, "Did you mean 'output_dir'"),
        ({"backend": "sqlite", "storage": {"databse_path": "x"}}, "Did you mean 'database_path'"),
        ({"backend": "sqlite", "buffer": {"max_recrods": 3}}, "Did you mean 'max_records'"),
        ({"backend": "sqlite", "buffer_size": "many"}, "cannot be 'many'"),
        ({"backend": "sqlite", "buffer_size": 2.5}, "cannot be 2.5"),
        ({"backend": "sqlite", "buffer_size": 0}, "must be 1 or more"),
        ({"backend": "sqlite", "full": "perhaps"}, "cannot be 'perhaps'"),
        ({"backend": "sqlite", "compression": "lzma"}, "cannot compress with 'lzma'"),
        ({"backend": "sqlite", "journal_mode": "memory; DROP TABLE steps"}, "journal_mode cannot be"),
        ({"backend": "sqlite", "cache_size": "1; DROP"}, "cache_size cannot be"),
        ("sqlite", "configured by a mapping"),
    ],
    ids=str,
)
def test_that_a_wrong_configuration_is_said_with_what_would_be_right(source: Any, said: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        RecorderFactory.create_recorder(source)
    assert said in str(refusal.value)


def test_that_available_says_which_can_be_used_and_why_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {name for name, why in RecorderFactory.available().items() if not why} >= {"split", "sqlite", "none"}
    find = importlib.util.find_spec
    monkeypatch.setattr(registry, "find_spec", lambda name: None if name == "pyarrow" else find(name))
    assert RecorderFactory.available()["parquet"] == "the package pyarrow is not installed"
    with pytest.raises(FormatUnavailableError, match="formats") as refusal:
        RecorderFactory.create_recorder({"backend": "parquet"})
    assert isinstance(refusal.value, ImportError)


class _Foreign(BaseRecorder):
    """Another package's recorder."""


def test_that_another_packages_recorder_is_found_by_its_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [
        EntryPoint("foreign", f"{__name__}:_Foreign", registry.ENTRY_POINT_GROUP),
        EntryPoint("broken", "no_such_package:X", registry.ENTRY_POINT_GROUP),
        EntryPoint("raising", "raises:X", registry.ENTRY_POINT_GROUP),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda *, group: points if group == "gym_gui.recorders" else [])
    monkeypatch.setattr(EntryPoint, "load", _load)
    assert RecorderFactory.available()["foreign"] == ""
    assert "no_such_package" in RecorderFactory.available()["broken"]
    assert "raises:X cannot be loaded (its own fault)" in RecorderFactory.available()["raising"]
    for name in ("broken", "raising"):
        with pytest.raises(FormatUnavailableError, match=f"The recorder {name} cannot be used"):
            RecorderFactory.create_recorder({"backend": name})
    with RecorderFactory.create_recorder({"backend": "foreign", "its_own": 1}) as recorder:
        assert type(recorder) is _Foreign
        assert recorder.config.options == {"its_own": 1}
    with pytest.raises(ConfigError, match="Did you mean 'foreign'"):
        RecorderFactory.create_recorder({"backend": "foriegn"})
    with pytest.raises(ConfigError, match="dictionaries of steps only"):
        RecorderFactory.create_backend(RecorderConfig(backend="foreign"))


def _load(point: EntryPoint) -> Any:
    # Tests are no package that could be imported by name.
    if point.name == "raising":
        raise RuntimeError("its own fault")
    return _Foreign if point.name == "foreign" else builtins.__import__(point.module)


def test_that_a_configuration_names_what_it_was_given(tmp_path: Path) -> None:
    values: Mapping[str, Any] = {"env_id": "ALE/Pong-v5", "metadata": {"experiment": "a"}, "run_id": "mine"}
    with RecorderFactory.create_recorder({"backend": "sqlite", "output_dir": tmp_path, **values}) as recorder:
        assert isinstance(recorder, SQLiteRecorder)
        recorder.record_step({"reward": 1.0}, 0)
        recorder.flush()
        (run,) = recorder.execute_query("SELECT run_id, env_id, metadata FROM runs")
    assert run == {"run_id": "mine", "env_id": "ALE/Pong-v5", "metadata": '{"experiment":"a"}'}


@pytest.mark.parametrize("option", BACKENDS)
def test_that_every_option_of_the_settings_makes_its_recorder(var_dir: Path, option: str) -> None:
    changes = [f"record={option}", "record.buffer.max_records=77"] if option != "none" else ["record=none"]
    settings = load_settings(var_dir, changes)
    config = config_of(settings.record_node)
    assert config.backend == option
    assert config.buffer.max_records == (77 if option != "none" else BufferConfig().max_records)
    RecorderFactory.create_backend(config).close()

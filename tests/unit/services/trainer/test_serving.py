"""What the settings of the trainer come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gym_gui.config.paths import VarPaths
from gym_gui.config.schema import TrainerConfig
from gym_gui.core.errors import ConfigError
from gym_gui.services.trainer.daemon.serving import limits_of
from gym_gui.services.trainer.dispatch.dispatch_facts import DispatchLimits
from gym_gui.services.trainer.dispatch.limits import cpu_capacity, memory_fault, threads_for
from gym_gui.services.trainer.registry.opening_store import open_run_store
from gym_gui.services.trainer.registry.registry import RunRegistry

if TYPE_CHECKING:
    from pathlib import Path


def test_that_settings_that_nobody_chose_are_the_dispatcher_s_own_but_for_the_cores() -> None:
    usual, limits = DispatchLimits(), limits_of(TrainerConfig())
    assert limits.max_runs == max(1, round(cpu_capacity()))
    names = [name for name in DispatchLimits.__dataclass_fields__ if name != "max_runs"]
    assert [getattr(limits, name) for name in names] == [getattr(usual, name) for name in names]
    assert limits_of(TrainerConfig(max_runs=7, log_mb=1)).log_bytes == 1_000_000
    assert limits_of(TrainerConfig(max_runs=7)).max_runs == 7


def test_that_the_registry_is_the_one_that_the_settings_name(var_dir: Path) -> None:
    store = open_run_store(VarPaths(var_dir))
    assert isinstance(store, RunRegistry)
    store.close()
    pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed")
    other = open_run_store(VarPaths(var_dir), f"sqlite:///{var_dir / 'other.sqlite'}")
    assert not other.list()
    other.close()
    assert (var_dir / "other.sqlite").is_file()
    with pytest.raises(ConfigError):
        open_run_store(VarPaths(var_dir), "nonsense")


def test_that_limits_are_told_in_numbers() -> None:
    assert memory_fault(10**9, 0) == ""
    assert memory_fault(50 * 2**20, 50) == ""
    assert memory_fault(51 * 2**20, 50) == "Its processes use 51 MB of memory; 50 MB are allowed."
    assert [threads_for(cpus) for cpus in (0.0, 0.5, 1.0, 3.9)] == [1, 1, 1, 3]

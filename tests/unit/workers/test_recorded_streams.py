"""A worker's recordings end within what a worker has to end, however slow everything is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from gym_gui.core.data_model import RunState
from gym_gui.services.trainer.config import TrainingConfig
from gym_gui.services.trainer.dispatch.dispatch_facts import DispatchLimits
from gym_gui.workers import recorded_streams
from gym_gui.workers.place import WorkerPlace
from gym_gui.workers.recorded_streams import RecordedStreams
from gym_gui.wrappers import lifecycle

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


class Slow:
    """A recorder that takes all the time that it is given, twice: to send, and to hear that it is kept."""

    is_closed = False

    def __init__(self, clock: SimpleNamespace) -> None:
        self._clock = clock

    def close(self, _state: RunState, _reason: str, *, timeout_s: float) -> None:
        """Take it."""
        self._clock.now_s += 2 * timeout_s


def test_that_slow_recordings_end_before_their_worker_would_be_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = place_of(tmp_path)
    clock = SimpleNamespace(now_s=100.0)
    monkeypatch.setattr(recorded_streams, "time", SimpleNamespace(monotonic=lambda: clock.now_s))
    slow: list[Any] = [Slow(clock) for _ in range(3)]
    for recorder in slow:
        lifecycle.opened(recorder)
    RecordedStreams(place, seed=1).close(RunState.COMPLETED, "It was asked to stop.")
    assert lifecycle.newest() is None
    assert clock.now_s - 100.0 < DispatchLimits().stop_grace_s


def place_of(run_dir: Path, resume_from: Path | None = None) -> WorkerPlace:
    (run_dir / "checkpoints").mkdir(parents=True, exist_ok=True)
    (run_dir / "config.json").write_text(TrainingConfig(env_id="CartPole-v1").to_json(), encoding="utf-8")
    variables = {"GYM_GUI_RUN_ID": "a-run", "GYM_GUI_RUN_DIR": str(run_dir)}
    if resume_from is not None:
        resume_from.parent.mkdir(parents=True, exist_ok=True)
        resume_from.touch()
        variables["GYM_GUI_RESUME_FROM"] = str(resume_from)
    return WorkerPlace.from_variables(variables)


def test_that_a_worker_knows_how_far_another_run_s_checkpoint_had_come(tmp_path: Path) -> None:
    assert place_of(tmp_path, tmp_path / "other" / "step-000000012000.zip").steps_before == 12_000
    # Its own is of a life before this one, whose steps are recorded in this run.
    assert place_of(tmp_path, tmp_path / "checkpoints" / "step-000000000300.zip").steps_before == 0
    assert place_of(tmp_path, tmp_path / "other" / "of-a-script.pt").steps_before == 0
    assert place_of(tmp_path).steps_before == 0

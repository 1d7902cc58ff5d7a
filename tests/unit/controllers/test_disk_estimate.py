"""How long the disk lasts: believable while a game runs, from past runs otherwise, silent before anything is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gym_gui.controllers.disk_estimate import DiskEstimate, past_rate
from gym_gui.controllers.session_state import Phase, SessionState
from gym_gui.controllers.tasks import ImmediateTaskRunner
from gym_gui.core.clock import utc_now
from gym_gui.core.data_model import RunRecord, RunState, RunSummary
from gym_gui.telemetry.sizes import ROW_BYTES

PLAYING = SessionState(phase=Phase.PLAYING, env_id="Fake-v0", run_id="run", target_hz=60.0, recording=True)


def run_of(steps: int, size_bytes: int, rate_hz: float = 60.0, *, turn_based: bool = False) -> RunSummary:
    record = RunRecord(
        run_id="old", env_id="X", created_at=utc_now(), step_rate_hz=rate_hz, metadata={"turn_based": turn_based}
    )
    return RunSummary(
        run=record,
        state=RunState.COMPLETED,
        ended_at=None,
        episodes=1,
        steps=steps,
        frames=steps,
        dropped_frames=0,
        size_bytes=size_bytes,
    )


class Disk:
    """A disk that fills as a test says."""

    def __init__(self, past: list[RunSummary]) -> None:
        self.now = 0.0
        self.size = 0
        self.looks = 0
        self.estimate = DiskEstimate(
            ImmediateTaskRunner(), list_runs=lambda: past, file_bytes=self.file_bytes, clock=lambda: self.now
        )

    def file_bytes(self, _run_id: str) -> int:
        self.looks += 1
        return self.size

    def play(self, seconds: float, bytes_per_step: int, state: SessionState = PLAYING) -> float | None:
        """Play on from where it stands, and what is then said."""
        first = round(self.now * 4)
        for quarter in range(first, first + round(seconds * 4) + 1):
            self.now = quarter / 4
            self.size = round(self.now * 60 * bytes_per_step)
            said = self.estimate.follow(state, round(self.now * 60))
        return said


def test_that_nothing_is_said_before_anything_is_known() -> None:
    disk = Disk([])
    assert disk.estimate.follow(SessionState(), 0) is None
    assert disk.play(5.0, 1000) is None


def test_that_a_game_is_measured_once_it_has_run_for_a_while() -> None:
    disk = Disk([run_of(6000, 6000 * 50)])
    assert disk.play(5.0, 1000) == pytest.approx(50 * 60)
    assert disk.play(10.0, 1000) == pytest.approx((1000 + ROW_BYTES) * 60)
    assert disk.looks <= 9, "the disk is looked at every two seconds"
    assert disk.play(0.0, 1000, replace(PLAYING, target_hz=120.0)) == pytest.approx((1000 + ROW_BYTES) * 120)


def test_that_a_game_that_goes_turn_by_turn_has_no_rate_of_its_own() -> None:
    disk = Disk([run_of(6000, 6000 * 50)])
    assert disk.play(20.0, 1000, replace(PLAYING, turn_based=True)) == pytest.approx(50 * 60)


def test_that_past_runs_weigh_as_much_as_their_steps() -> None:
    assert past_rate([run_of(9000, 9000 * 100), run_of(1000, 1000 * 1100)]) == pytest.approx(200 * 60)
    assert past_rate([run_of(3000, 3000 * 100, 30.0)]) == pytest.approx(100 * 30)


@pytest.mark.parametrize("runs", [[], [run_of(3, 60_000)], [run_of(0, 500)], [run_of(9000, 900_000, turn_based=True)]])
def test_that_too_little_says_nothing(runs: list[RunSummary]) -> None:
    assert past_rate(runs) is None

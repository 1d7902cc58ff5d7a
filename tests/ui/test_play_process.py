"""The window as a process of its own: it starts on a game by the command line, and ends well when it is told to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from gym_gui.config.settings import Settings
from gym_gui.core.data_model import EpisodeStatus, EpisodeSummary, RunState
from gym_gui.services.bootstrap import open_archive

if TYPE_CHECKING:
    from pathlib import Path

TIMEOUT_S = 30.0
LOOK_S = 0.1


def recorded(var_dir: Path) -> list[EpisodeSummary]:
    with open_archive(Settings(var_dir=var_dir)) as archive:
        return archive.store.list_episodes()


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_that_a_window_that_is_told_to_end_completes_its_game(var_dir: Path, number: signal.Signals) -> None:
    var_dir.mkdir()
    command = [sys.executable, "-m", "gym_gui", "play", "CartPole-v1", "--seed", "7", "--var-dir", str(var_dir)]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as window:
        deadline = time.monotonic() + TIMEOUT_S
        while not recorded(var_dir):
            assert time.monotonic() < deadline, "no game was recorded"
            with pytest.raises(subprocess.TimeoutExpired):
                window.wait(LOOK_S)
        window.send_signal(number)
        assert window.wait(TIMEOUT_S) == 0
    episodes = recorded(var_dir)
    assert episodes[-1].rollup.seed == 7
    assert {episode.rollup.status for episode in episodes} <= {EpisodeStatus.ABANDONED, EpisodeStatus.COMPLETED}
    with open_archive(Settings(var_dir=var_dir)) as archive:
        assert [run.state for run in archive.store.list_runs()] == [RunState.COMPLETED]

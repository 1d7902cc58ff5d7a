"""A script that records to a trainer: with one, without one, and with one that comes late."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from small_envs import Counting
from synthetic import frame_of
from trainer_rig import TrainerProcess, until

import gym_gui
from gym_gui.core import variables as names
from gym_gui.core.data_model import RunState
from gym_gui.services.trainer.client.remote_library import RemoteLibrary
from gym_gui.services.trainer.states import TrainingState
from gym_gui.wrappers import RecordTelemetry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import LogExpectations

    from gym_gui.services.trainer.client.client import TrainerClient

TESTS = Path(__file__).parents[1]


def play(env: Any, episodes: int) -> None:
    for number in range(episodes):
        env.reset(seed=number)
        for _ in range(5):
            env.step(1)


def check(library: RemoteLibrary, run_id: str, *, workers: int, episodes: int) -> None:
    run = until(
        lambda: next(
            (one for one in library.list_runs() if one.run.run_id == run_id and one.state is RunState.COMPLETED), None
        ),
        "the run's end",
    )
    assert (run.episodes, run.steps) == (workers * episodes, workers * episodes * 5)
    rollups = [summary.rollup for summary in library.list_episodes(run_id)]
    assert len({rollup.worker_id for rollup in rollups}) == workers
    for rollup in rollups:
        rows = library.load_steps(run_id, rollup.episode_id)
        assert [row.reward for row in rows] == [None, 1, 2, 3, 4, 5]
        assert np.array_equal(library.require(rows[4].frame_ref or ""), frame_of(4))


def test_that_a_script_streams_to_a_trainer(var_dir: Path) -> None:
    with TrainerProcess(var_dir) as trainer:
        env = RecordTelemetry(Counting(), run="far", to=trainer.address)
        play(env, 3)
        gym_gui.log(4, loss=0.5)
        env.close()
        stopped = RecordTelemetry(Counting(), run="stopped", to=trainer.address)
        play(stopped, 1)
        with pytest.raises(KeyboardInterrupt), contextlib.closing(stopped):
            raise KeyboardInterrupt
        with RemoteLibrary(trainer.client()) as library:
            check(library, "far", workers=1, episodes=3)
            scalars, _ = library.load_scalars("far")
            assert scalars.value.tolist() == [0.5]
        with trainer.client() as client:
            ended = until(
                lambda: [run for run in client.list_runs() if run.state is TrainingState.CANCELLED], "its end"
            )
            assert [(run.run_id, run.reason) for run in ended] == [("stopped", "It was stopped with Ctrl+C.")]


class _Hook(BaseHTTPRequestHandler):
    """Keeps what is posted."""

    told: list[tuple[str, str, str]]

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.told.append((told["kind"], told["run_id"], told["sentence"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing is printed."""


@pytest.fixture
def hook() -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    class Hook(_Hook):
        told: list[tuple[str, str, str]] = []  # noqa: RUF012 - one class a test

    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook", Hook.told
        server.shutdown()
        thread.join()


def test_that_the_webhook_hears_of_a_script_that_failed(
    var_dir: Path, monkeypatch: pytest.MonkeyPatch, hook: tuple[str, list[tuple[str, str, str]]]
) -> None:
    url, told = hook
    monkeypatch.setenv("GYM_GUI_WEBHOOK_URL", url)
    with TrainerProcess(var_dir) as trainer:
        well = RecordTelemetry(Counting(), run="well", to=trainer.address)
        play(well, 1)
        well.close()
        failing = RecordTelemetry(Counting(), run="failing", to=trainer.address)
        play(failing, 1)
        with pytest.raises(ValueError, match="no"), contextlib.closing(failing):
            raise ValueError("no")
        until(lambda: told, "the alert")
    assert told == [("failed", "failing", "Run failing failed: ValueError: no")]


def test_that_a_script_s_number_that_is_none_is_told_and_passes_with_its_run(var_dir: Path) -> None:
    def nan_alerts(client: TrainerClient) -> list[tuple[str, bool]]:
        return [(one.run_id, one.active) for one in client.status().alerts if one.kind == "nan"]

    with TrainerProcess(var_dir) as trainer, trainer.client() as client:
        env = RecordTelemetry(Counting(), run="sick", to=trainer.address)
        env.reset()
        env.step(1)
        gym_gui.log(1, loss=float("nan"))
        assert until(lambda: nan_alerts(client) == [("sick", True)], "the alert")
        looks = threading.Event()
        looks.wait(2.5)  # the trainer looks again each second
        assert nan_alerts(client) == [("sick", True)]
        env.close()
        assert until(lambda: nan_alerts(client) == [("sick", False)], "its end")


def test_that_executions_of_one_name_are_runs_of_their_own(var_dir: Path) -> None:
    with TrainerProcess(var_dir) as trainer:
        code = (
            "import sys, gym_gui\nfrom small_envs import Counting\n"
            "env = gym_gui.RecordTelemetry(Counting(), run='again', to=sys.argv[1])\n"
            "env.reset()\nfor _ in range(5):\n    env.step(1)\nenv.close()\n"
        )
        variables = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])}
        variables.pop(names.SESSION, None)  # this process's own
        for _ in range(2):
            subprocess.run([sys.executable, "-c", code, trainer.address], check=True, env=variables, timeout=60)
        with trainer.client() as client:
            found = until(
                lambda: len(runs := [one for one in client.list_runs() if one.ended_at is not None]) == 2 and runs,
                "both ends",
            )
            assert {(one.run_id, one.progress.steps, one.progress.mean_return) for one in found} == {
                ("again", 5, 15.0),
                ("again-2", 5, 15.0),
            }
            records = [client.get_record(one) for one in ("again", "again-2")]
            assert [record and record.metadata["group"] for record in records] == ["again", "again-2"]


def test_that_processes_of_one_script_are_workers_of_one_run(var_dir: Path) -> None:
    code = (
        "import sys\nfrom functools import partial\nimport gymnasium as gym\nimport numpy as np\n"
        "import gym_gui\nfrom small_envs import Counting\n"
        "def make():\n    return gym_gui.RecordTelemetry(Counting(), run='far', to=sys.argv[1])\n"
        "if __name__ == '__main__':\n"
        "    envs = gym.vector.AsyncVectorEnv([make] * 2, context='spawn', shared_memory=False,\n"
        "                                     autoreset_mode=gym.vector.AutoresetMode.DISABLED)\n"
        "    for number in range(2):\n"
        "        envs.reset(seed=number)\n"
        "        for _ in range(5):\n            envs.step(np.ones(2, int))\n"
        "    envs.close()\n"
    )
    script = var_dir.parent / "script.py"
    script.write_text(code, encoding="utf-8")
    with TrainerProcess(var_dir) as trainer:
        done = subprocess.run(
            [sys.executable, str(script), trainer.address],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        with RemoteLibrary(trainer.client()) as library:
            check(library, "far", workers=2, episodes=2)


def test_that_a_script_without_its_trainer_spools_and_the_trainer_gets_it_later(
    var_dir: Path, monkeypatch: pytest.MonkeyPatch, expect_log: LogExpectations
) -> None:
    expect_log(logging.WARNING, "No trainer answers at .* everything is kept in .*spool")
    with TrainerProcess(var_dir) as trainer:
        address = trainer.address
        trainer.kill()
        monkeypatch.setenv("GYM_GUI_TRAINER", address)
        env = RecordTelemetry(Counting(), run="late")
        play(env, 2)
        assert env.flush(20)
        assert any(path.stat().st_size for path in (var_dir / "spool").rglob("*") if path.is_file())
        trainer.again()
        play(env, 1)
        with RemoteLibrary(trainer.client()) as library:
            until(lambda: sum(run.steps for run in library.list_runs()) == 15, "what was spooled")
            env.close()
            check(library, "late", workers=1, episodes=3)

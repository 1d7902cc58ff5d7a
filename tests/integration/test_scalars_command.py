"""What a learner logged: on the command line and in Python."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner
from synthetic import START, run_of

import gym_gui
from gym_gui.cli.main import gym_gui_command
from gym_gui.config.settings import Settings
from gym_gui.core.data_model import RunState, ScalarColumns, StepBatch
from gym_gui.services.bootstrap import open_services

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def logged(var_dir: Path) -> Path:
    """A folder with a run whose learner logged a loss and an entropy."""
    with open_services(Settings(var_dir=var_dir)) as services:
        services.telemetry.start_run(run_of("ppo"))
        for seq in (1, 2):
            scalars = ScalarColumns(
                names=["loss", "entropy"],
                name=np.array([0, 1, 0], np.int32),
                step=np.array([10, 10, 20]) * seq,
                time_us=np.array([1, 2, 3]) * seq,
                value=np.array([1.5, float("nan"), 0.5]),
            )
            services.telemetry.record_batch(
                StepBatch(run_id="ppo", worker_id="w0", stream="life", seq=seq, scalars=scalars)
            )
        services.telemetry.end_run("ppo", RunState.COMPLETED)
    assert START.tzinfo is not None
    return var_dir


def test_that_scalars_are_listed_with_their_last_values(logged: Path) -> None:
    done = CliRunner().invoke(gym_gui_command, ["scalars", "ppo", "--var-dir", str(logged)])
    assert done.exit_code == 0
    (line,) = [line for line in done.output.splitlines() if "loss" in line]
    assert line.split() == ["loss", "4", "40", "0.5", "0.5", "1.5"]


def test_that_scalars_as_json_are_one_document(logged: Path) -> None:
    done = CliRunner().invoke(gym_gui_command, ["scalars", "ppo", "entropy", "--json", "--var-dir", str(logged)])
    (metric,) = json.loads(done.output)
    assert metric["name"] == "entropy"
    assert [(point["step"], point["value"]) for point in metric["points"]] == [(10, None), (20, None)]


def test_that_an_unknown_metric_is_told_with_those_there_are(logged: Path) -> None:
    done = CliRunner().invoke(gym_gui_command, ["scalars", "ppo", "los", "--var-dir", str(logged)])
    assert done.exit_code == 1
    assert "has no metric 'los'. It logged entropy, loss." in done.output


def test_that_a_run_has_its_curves_in_python(logged: Path) -> None:
    with gym_gui.open_library(logged) as library:
        curves = library["ppo"].scalars()
        assert list(curves) == ["entropy", "loss"]
        assert curves["loss"].step.tolist() == [10, 20, 20, 40]
        assert curves["loss"].value.tolist() == [1.5, 0.5, 1.5, 0.5]
        assert repr(curves["loss"]) == "<ScalarCurve loss: 4 points, 0.5 at step 40>"


def test_that_a_run_answers_to_the_name_that_its_trainer_gave_it(logged: Path) -> None:
    with open_services(Settings(var_dir=logged)) as services:
        # A script that says run="curve", started as curvy.
        services.telemetry.start_run(run_of("curvy-3c352a", metadata={"name": "curve", "group": "curve"}))
        services.telemetry.end_run("curvy-3c352a", RunState.COMPLETED)
    for name in ("curvy-3c352a", "curvy", "curve"):
        done = CliRunner().invoke(gym_gui_command, ["scalars", name, "loss", "--var-dir", str(logged)])
        assert "Run curvy-3c352a has no metric 'loss'" in " ".join(done.output.split())
    done = CliRunner().invoke(gym_gui_command, ["scalars", "curvy-3c35", "--var-dir", str(logged)])
    assert str(done.exception).startswith("There is no run 'curvy-3c35' here.")


def test_that_a_run_without_scalars_names_those_of_its_group_that_have_some(logged: Path) -> None:
    with open_services(Settings(var_dir=logged)) as services:
        for run_id, group in (("env", "ppo"), ("env.w2", "ppo"), ("other", "other")):
            services.telemetry.start_run(run_of(run_id, metadata={"group": group}))
            services.telemetry.end_run(run_id, RunState.COMPLETED)
    told = "Nothing was logged in env itself, but in ppo of its group: `gym-gui scalars ppo`."
    done = CliRunner().invoke(gym_gui_command, ["scalars", "env", "--var-dir", str(logged)])
    assert (done.exit_code, done.output.strip()) == (0, told)
    done = CliRunner().invoke(gym_gui_command, ["scalars", "env", "--json", "--var-dir", str(logged)])
    assert (done.exit_code, done.stdout.strip(), done.stderr.strip()) == (0, "[]", told)
    done = CliRunner().invoke(gym_gui_command, ["scalars", "env", "loss", "--var-dir", str(logged)])
    assert (done.exit_code, told in " ".join(done.output.split())) == (1, True)
    done = CliRunner().invoke(gym_gui_command, ["scalars", "other", "--var-dir", str(logged)])
    assert done.output.startswith("Nothing was logged. ")

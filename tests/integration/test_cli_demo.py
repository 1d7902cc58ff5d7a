"""`gym-gui demo` proves what it says, and would say so if it did not hold."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from integration.command_line import ROOT, Answer, answer, gym_gui
from needs import HAS_BOX2D, NO_BOX2D
from PIL import Image

from gym_gui.config.settings import Settings
from gym_gui.controllers.demo import DemoGame, RecordedGame, prove_game, record_game
from gym_gui.controllers.recording import RecordingRequest
from gym_gui.services.bootstrap import open_archive, open_services

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Answer]:
    """A var folder, and what the demo said of it."""
    if not HAS_BOX2D:
        pytest.skip(NO_BOX2D)
    var_dir = tmp_path_factory.mktemp("demo") / "var"
    return var_dir, gym_gui("demo", "--json", var_dir=var_dir)


@pytest.mark.alone  # the demo promises a time
def test_that_the_demo_holds_without_a_display(told: tuple[Path, Answer]) -> None:
    var_dir, found = told
    assert found.code == 0, found.stderr
    document = found.document
    assert (document["ok"], document["faults"], document["var_dir"]) == (True, [], str(var_dir))
    assert document["wall_s"] < 60
    breakout, racing = document["games"]
    assert (breakout["env_id"], breakout["steps"]) == ("ALE/Breakout-v5", 600)
    assert (racing["env_id"], racing["steps"]) == ("CarRacing-v3", 150)
    for game in document["games"]:
        assert game["frames_recorded"] == game["frames_read_back_equal"] == game["frames_played_again_equal"]
        assert game["frames_recorded"] == game["frames"] == game["steps"] + game["episodes"]
        assert game["return"] > 0, "a bot that does not play proves little"
        assert Path(game["replay_file"]).is_file()


def test_that_the_demo_draws_its_screens(told: tuple[Path, Answer]) -> None:
    pictures = told[1].document["pictures"]
    for name in ("play", "replay", "live"):
        with Image.open(pictures[name]) as picture:
            assert picture.format == "PNG"
            assert picture.size >= (1024, 700)
            colours = picture.convert("RGB").getcolors(maxcolors=1 << 20)
            assert colours is not None
            found = {colour for _, colour in colours}
        # The paddle and the ball, and one row of bricks: a game is on the screen.
        assert {(200, 72, 72), (66, 72, 200)} <= found, f"no Breakout in {name}"
    assert Path(pictures["play"]).read_bytes() != Path(pictures["replay"]).read_bytes()


def test_that_what_was_played_in_the_window_comes_out_the_same_when_played_again(told: tuple[Path, Answer]) -> None:
    window = told[1].document["window"]
    assert window["frames_recorded"] == window["frames_played_again_equal"] >= 200
    assert window["true_hz"] > 0


def test_that_what_the_demo_recorded_can_be_looked_at(told: tuple[Path, Answer]) -> None:
    var_dir, found = told
    runs = {run["run_id"]: run for run in answer("runs", var_dir=var_dir)}
    document = found.document
    of_window = {document["window"]["run_id"], document["window"]["live_run_id"]}
    assert {game["run_id"] for game in document["games"]} | of_window == runs.keys()
    assert runs[document["window"]["run_id"]]["player"] == "human"
    assert all(run["state"] == "completed" for run in runs.values())


def test_that_the_demo_says_where_everything_is(tmp_path: Path) -> None:
    var_dir = tmp_path / "var"
    found = gym_gui("demo", var_dir=var_dir)
    assert found.code == 0, found.stderr
    for run in answer("runs", var_dir=var_dir):
        assert run["run_id"] in found.stdout
    assert "601 of 601 frames read back from disk equal what was recorded." in found.stdout
    assert "601 of 601 are the same when played again from seed and actions." in found.stdout
    for path in (*(var_dir / "demo" / f"{name}.png" for name in ("play", "replay", "live")), var_dir / "telemetry"):
        assert str(path) in found.stdout
    assert "gym-gui replay " in found.stdout


def test_that_a_window_that_cannot_be_drawn_is_told_of_and_the_rest_is_proven(var_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "PySide6").mkdir()
    (tmp_path / "PySide6" / "__init__.py").write_text(
        "raise ImportError('libEGL.so.1: cannot open shared object file')"
    )
    path = os.pathsep.join((str(tmp_path), str(ROOT)))
    found = gym_gui("demo", "--json", var_dir=var_dir, cwd=None, PYTHONPATH=path)
    assert found.code == 1
    assert found.sentence == (
        "gym-gui: The window could not be drawn (exit code 1): ImportError: libEGL.so.1: cannot open shared object "
        "file. `gym-gui doctor` names what is missing."
    )
    document = found.document
    assert (document["ok"], document["pictures"]) == (False, None)
    assert document["games"][0]["frames_read_back_equal"] == 601


# That a difference is found: the same steps in this process, with something changed in between.


@pytest.fixture
def recorded(var_dir: Path) -> Iterator[tuple[Settings, RecordedGame]]:
    """A short game that was recorded, with its pipeline closed."""
    settings = Settings(var_dir=var_dir)
    request = RecordingRequest(env_id="ALE/Breakout-v5", policy="bot", steps=40, seed=3, as_human=True)
    with open_services(settings) as services:
        game = record_game(services, DemoGame(name="Breakout", request=request))
    yield settings, game
    shutil.rmtree(var_dir)


def proof_of(settings: Settings, game: RecordedGame) -> Any:
    with open_archive(settings) as archive:
        return prove_game(archive, game)


def test_that_an_untouched_recording_is_proven(recorded: tuple[Settings, RecordedGame]) -> None:
    proof = proof_of(*recorded)
    assert proof.holds
    assert (proof.recorded, proof.read_equal, proof.replayed_equal, proof.faults) == (41, 41, 41, [])


def test_that_one_frame_that_differs_is_found_and_named(recorded: tuple[Settings, RecordedGame]) -> None:
    settings, game = recorded
    changed = replace(game, digests={**game.digests, ("ep-000000", 17): b"another picture"})
    proof = proof_of(settings, changed)
    assert not proof.holds
    assert (proof.read_equal, proof.replayed_equal) == (40, 40)
    run_id = game.result.run_id
    assert proof.faults == [
        f"Step 17 of ep-000000 of run {run_id} differs when read back from disk.",
        f"Step 17 of ep-000000 of run {run_id} differs when played again from seed and actions.",
    ]


def test_that_frames_that_are_gone_are_found(recorded: tuple[Settings, RecordedGame]) -> None:
    settings, game = recorded
    (settings.paths.replay_dir / f"{game.result.run_id}.h5").unlink()
    proof = proof_of(settings, game)
    assert not proof.holds
    assert (proof.read_equal, proof.replayed_equal) == (0, 41)
    assert proof.faults == [
        f"Step 0 of ep-000000 of run {game.result.run_id} is missing when read back from disk.",
    ]


def test_that_a_row_that_is_missing_is_found(recorded: tuple[Settings, RecordedGame]) -> None:
    settings, game = recorded
    longer = replace(game, digests={**game.digests, ("ep-000000", 41): b"one more"})
    proof = proof_of(settings, longer)
    assert not proof.holds
    assert proof.faults == ["42 frames were recorded and 41 are on disk."]

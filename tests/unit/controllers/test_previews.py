"""Pictures of games: made by a real child process, one by one, never while a game is played, never twice in vain."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
from needs import needs_box2d

from gym_gui.controllers.preview_worker import draw_game
from gym_gui.controllers.previews import PreviewMaker, preview_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TIMEOUT_S = 20.0
# A child that draws by writing the id into the file; it refuses ids with "bad" and dies of ids with "crash".
CHILD = """
import json, sys
from pathlib import Path
for line in sys.stdin:
    request = json.loads(line)
    if "crash" in request["env_id"]:
        sys.exit(1)
    error = "cannot be drawn" if "bad" in request["env_id"] else ""
    if not error:
        Path(request["file"]).write_text(request["env_id"])
    print(json.dumps({"error": error}), flush=True)
"""


class Desk:
    def __init__(self, folder: Path, *command: str) -> None:
        self.made: list[tuple[str, Path]] = []
        self._changed = threading.Condition()
        self.maker = PreviewMaker(folder, self._on_made, command=command or (sys.executable, "-c", CHILD))

    def _on_made(self) -> None:
        with self._changed:
            self.made += self.maker.take_made()
            self._changed.notify_all()

    def wait_for(self, count: int) -> list[str]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.made) >= count, TIMEOUT_S), self.made
        return [env_id for env_id, _ in self.made]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "thumbnails")
    yield desk
    desk.maker.close()


def test_that_pictures_are_made_in_the_order_asked(desk: Desk) -> None:
    desk.maker.ask(["ALE/Pong-v5", "Taxi-v4"])
    assert desk.wait_for(2) == ["ALE/Pong-v5", "Taxi-v4"]
    assert desk.made[0][1].read_text() == "ALE/Pong-v5"
    assert desk.maker.existing("Taxi-v4") == desk.made[1][1]


def test_that_a_game_that_cannot_be_drawn_is_not_tried_again(tmp_path: Path, desk: Desk) -> None:
    desk.maker.ask(["bad-v0", "crash-v0", "Taxi-v4"])
    assert desk.wait_for(1) == ["Taxi-v4"]
    desk.maker.close()
    again = Desk(tmp_path / "thumbnails", sys.executable, "-c", "raise SystemExit('must not be started for these')")
    again.maker.ask(["bad-v0", "crash-v0", "Taxi-v4"])
    assert again.wait_for(1) == ["Taxi-v4"]
    again.maker.close()


def test_that_nothing_is_begun_while_a_game_is_played(desk: Desk) -> None:
    desk.maker.rest(resting=True)
    desk.maker.ask(["Taxi-v4"])
    assert desk.maker._child is None
    desk.maker.rest(resting=False)
    assert desk.wait_for(1) == ["Taxi-v4"]


def test_that_ids_that_look_alike_do_not_share_a_file(tmp_path: Path) -> None:
    files = {preview_file(tmp_path, env_id) for env_id in ("a/b-v0", "a-b-v0", "A/B-v0", "../../a-b-v0")}
    assert len(files) == 4
    assert all(file.parent == tmp_path for file in files)


@needs_box2d
@pytest.mark.slow
def test_that_the_real_child_draws_real_games(tmp_path: Path) -> None:
    from PIL import Image  # noqa: PLC0415 - 0.1 s, for this test

    desk = Desk(tmp_path, sys.executable, "-m", "gym_gui.controllers.preview_worker")
    desk.maker.ask(["ALE/Breakout-v5", "no-such-game-v0", "CarRacing-v3"])
    assert desk.wait_for(2) == ["ALE/Breakout-v5", "CarRacing-v3"]
    desk.maker.close()
    with Image.open(desk.made[0][1]) as picture:
        assert picture.size == (160, 210)
        assert len(picture.getcolors(1 << 16) or []) > 4
    with Image.open(desk.made[1][1]) as picture:
        assert picture.width == 480


def test_that_sprites_of_an_atari_that_flicker_are_both_in_its_picture() -> None:
    picture = draw_game("ALE/Asteroids-v5")
    # The ship is drawn in one frame and the rocks in the next: in half of them all but score and ship is black.
    assert picture.shape == (210, 160, 3)
    field = picture[20:190].max(axis=2) > 0
    assert np.count_nonzero(field) > 400, "the rocks"
    assert np.count_nonzero(field[70:110, 70:100]) > 0, "the ship"


def test_that_the_child_ends_in_the_middle_of_a_game_when_its_window_was_killed(tmp_path: Path) -> None:
    (tmp_path / "endless.py").write_text(
        "import time\n"
        "import gymnasium as gym\n"
        "class Endless(gym.Env):\n"
        "    observation_space = action_space = gym.spaces.Discrete(2)\n"
        "    def reset(self, **options):\n"
        "        print('begun', flush=True)\n"
        "        time.sleep(600)\n"
        "gym.register('Endless-v0', entry_point=Endless)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-m", "gym_gui.controllers.preview_worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,  # where what games print goes
        cwd=tmp_path,
    ) as child:
        assert child.stdin is not None
        assert child.stderr is not None
        child.stdin.write(b'{"env_id": "endless:Endless-v0", "file": "none.png"}\n')
        child.stdin.flush()
        assert b"begun\n" in iter(child.stderr.readline, b"")
        child.stdin.close()
        assert child.wait(TIMEOUT_S) == 0

"""Pictures of the real window, taken without a display: the proof that the screens work, for `gym-gui demo`.

Runs a whole window on the calling thread, which must be the process's main one, and closes it.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from gym_gui.core.errors import EnvironmentUnusableError
from gym_gui.ui.application import make_window
from gym_gui.ui.screens.play import PlayScreen
from gym_gui.ui.screens.replay_screen import ReplayScreen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gym_gui.config.settings import Settings
    from gym_gui.ui.main_window import MainWindow

SIZE: Final = (1440, 900)
# Long enough that a ball is served and the rate has been measured.
PLAY_STEPS: Final = 150
_TIMEOUT_S: Final = 20.0
_POLL_MS: Final = 10
_KEYS: Final = frozenset({"space", "right", "up"})


def take_pictures(settings: Settings, out_dir: Path, run_id: str, episode: str | int | None) -> list[Path]:
    """PNG files of the Play screen in a game and of the Replay screen on an episode.

    Args:
        settings: The var folder must not be open for recording in this process.
        out_dir: Where the files go; made if need be.
        run_id: The run whose game is played, and which is replayed.
        episode: Its episode, by id or index; None for the last.

    Raises:
        EnvironmentUnusableError: a screen did not come up within 20 s.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    out_dir.mkdir(parents=True, exist_ok=True)
    window = make_window(settings)
    try:
        window.resize(*SIZE)
        window.show()
        window.open()
        _wait_until(lambda: window.context is not None, "the window")
        return [_take_play(window, out_dir, run_id), _take_replay(window, out_dir, run_id, episode)]
    finally:
        window.close()
        window.deleteLater()
        QApplication.processEvents()


def _take_play(window: MainWindow, out_dir: Path, run_id: str) -> Path:
    assert window.context is not None  # noqa: S101 - the caller waited for it
    session, store = window.context.session, window.context.services.store
    run = store.get_run(run_id)
    window.show_screen("play")
    screen = window.made_screen("play")
    assert isinstance(screen, PlayScreen)  # noqa: S101 - the registry says so
    session.start(run.env_id, env_kwargs=run.env_kwargs)
    _wait_until(lambda: session.state.in_game, f"{run.env_id}")
    session.set_held_keys(_KEYS)
    _wait_until(lambda: session.state.step >= PLAY_STEPS or session.state.turn_based, f"{run.env_id}")
    picture = _save(window, out_dir / "play.png")
    session.stop()
    return picture


def _take_replay(window: MainWindow, out_dir: Path, run_id: str, episode: str | int | None) -> Path:
    window.show_screen("replay")
    screen = window.made_screen("replay")
    assert isinstance(screen, ReplayScreen)  # noqa: S101 - the registry says so
    screen.open_episode(run_id, episode)
    player = screen.player.controller
    _wait_until(
        lambda: player.state.fault != "" or (player.state.length > 0 and not player.state.loading), "the player"
    )
    player.seek(player.state.length // 2)
    _pause(500)
    return _save(window, out_dir / "replay.png")


def _save(window: MainWindow, file: Path) -> Path:
    QApplication.processEvents()
    if not window.grab().save(str(file), "PNG"):
        raise EnvironmentUnusableError(f"The picture cannot be written: {file}")
    return file


def _wait_until(ready: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _TIMEOUT_S
    while not ready():
        if time.monotonic() > deadline:
            raise EnvironmentUnusableError(f"{what} did not come up within {_TIMEOUT_S:g} s.")
        _pause(_POLL_MS)


def _pause(duration_ms: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(duration_ms, loop.quit)
    loop.exec()

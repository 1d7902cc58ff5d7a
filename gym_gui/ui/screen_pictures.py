"""Pictures of the real window: a bot plays at its keys, an episode is opened, a script is watched; each saved as PNG.

Qt thread. Works without a display: Qt draws into memory.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from PySide6.QtCore import QEvent, QEventLoop, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

from gym_gui.config.settings import load_settings
from gym_gui.controllers.bots import BreakoutPlayer
from gym_gui.controllers.screen_pictures import PictureRequest, ScreenPictures
from gym_gui.controllers.session_state import Phase
from gym_gui.controllers.start_request import StartRequest
from gym_gui.core.errors import EnvironmentFault
from gym_gui.telemetry.events import StepRecorded
from gym_gui.telemetry.run_bus import Latest
from gym_gui.ui.application import begin, make_window

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from gym_gui.controllers.session_state import SessionState
    from gym_gui.services.bootstrap import Services
    from gym_gui.ui.main_window import MainWindow

_PLAY_STEPS: Final = 240
_WATCHED_PICTURES: Final = 30
_TIMEOUT_S: Final = 20.0
_LOOK_MS: Final = 5
_SIZE: Final = (1280, 820)
_KEYS: Final = {"space": Qt.Key.Key_Space, "left": Qt.Key.Key_Left, "right": Qt.Key.Key_Right}


def render_screens(request: PictureRequest) -> ScreenPictures:
    """Play Breakout in the window for some seconds, open an episode in it, watch a script, and save the screens.

    Raises:
        EnvironmentFault: a screen did not come, or its picture cannot be written.
    """
    window = make_window(load_settings(Path(request.var_dir), request.overrides))
    window.resize(*_SIZE)
    try:
        window.show()
        window.activateWindow()
        window.open()
        _wait(lambda: window.context is not None, "the window", "open its recordings")
        play, replay, live = (Path(request.folder) / f"{name}.png" for name in ("play", "replay", "live"))
        played = _play(window, play)
        _replay(window, request, replay)
        live_run_id = _watch(window, request, live)
    finally:
        window.close()
        window.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    return ScreenPictures(
        play=str(play),
        replay=str(replay),
        live=str(live),
        live_run_id=live_run_id,
        played_run_id=played.run_id,
        true_hz=round(played.true_hz, 2),
        late_frames=played.late_frames,
    )


def main() -> int:
    """Draw what the first argument asks for, as JSON, and answer with JSON."""
    request = msgspec.json.decode(sys.argv[1], type=PictureRequest)
    try:
        pictures = render_screens(request)
    except EnvironmentFault as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(msgspec.json.encode(pictures).decode())
    return 0


def _play(window: MainWindow, path: Path) -> SessionState:
    recorder = None if window.context is None else window.context.recorder
    if recorder is None:
        raise EnvironmentFault("The window closed, or its folder can only be read: no game can be played in it.")
    session = recorder.session
    begin(window, StartRequest(kind="play", env_id="ALE/Breakout-v5"))
    keyboard = _Keyboard(window, recorder.services)
    try:
        _wait(
            lambda: session.state.phase is Phase.FAULTED or session.state.step >= _PLAY_STEPS,
            "the game",
            f"play {_PLAY_STEPS} steps",
        )
        state = session.state
        if state.phase is Phase.FAULTED:
            raise EnvironmentFault(f"The game could not be played in the window: {state.message}", hint=state.hint)
        # A picture that was painted, not one that is on its way.
        QApplication.processEvents()
        _save(window, path)
    finally:
        keyboard.close()
    session.stop()
    return state


def _replay(window: MainWindow, request: PictureRequest, path: Path) -> None:
    from gym_gui.ui.screens.replay_screen import ReplayScreen  # noqa: PLC0415 - the window makes it at the first visit

    begin(window, StartRequest(kind="replay", run_id=request.run_id, episode=request.episode_id))
    screen = window.made_screen("replay")
    if not isinstance(screen, ReplayScreen):
        raise EnvironmentFault("The window has no replay screen.")
    player = screen.player
    _wait(lambda: bool(player.controller.state.fault) or _is_read(screen), "the episode", "be read")
    if player.controller.state.fault:
        raise EnvironmentFault(player.controller.state.fault)
    player.controller.seek(request.position)
    painted = player.stage.picture
    count = painted.painted_frames

    def is_shown() -> bool:
        state = player.controller.state
        facts = player.inspector.facts()
        is_told = facts.get("Step") == f"{state.step_index:,}"
        return state.position == request.position and painted.painted_frames > count and is_told

    _wait(is_shown, "the replay", f"show row {request.position}")
    _save(window, path)


def _watch(window: MainWindow, request: PictureRequest, path: Path) -> str:
    """Let a script play, watch it, and save the page; its run."""
    command = [sys.executable, "-m", "gym_gui.controllers.demo_script", request.var_dir]
    # Where nothing fails, leaving the block ends its input, upon which it ends by itself, and waits for that.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as script:  # noqa: S603 - our own
        try:
            return _watched(window, path)
        except BaseException:
            script.kill()
            raise


def _watched(window: MainWindow, path: Path) -> str:
    from gym_gui.controllers.demo_script import RUN  # noqa: PLC0415 - only here
    from gym_gui.ui.screens.live_screen import LiveScreen  # noqa: PLC0415 - the window makes it at the first visit

    window.show_screen("live")
    screen = window.made_screen("live")
    if not isinstance(screen, LiveScreen):
        raise EnvironmentFault("The window has no live screen.")

    def run_id() -> str:
        active = (run for run in screen.controller.state.runs if run.state.is_active)
        return next((run.run_id for run in active if run.run_id.startswith(RUN)), "")

    _wait(lambda: bool(run_id()), "the script's run", "be listed")
    found = run_id()
    screen.runs_page.table.choose(found)
    screen.show_page(screen.watch_page)
    wall = screen.watch_page.wall
    _wait(lambda: wall.painted_pictures >= _WATCHED_PICTURES, "the script", f"show {_WATCHED_PICTURES} pictures")
    _save(window, path)
    return found


def _is_read(screen: QWidget) -> bool:
    from gym_gui.ui.screens.replay_screen import ReplayScreen  # noqa: PLC0415 - see above

    if not isinstance(screen, ReplayScreen):
        return False
    state = screen.player.controller.state
    return bool(state.length) and not state.loading and screen.player.stage.picture.image is not None


class _Keyboard:
    """Presses the window's keys as `BreakoutPlayer` would."""

    def __init__(self, window: MainWindow, services: Services) -> None:
        self._window = window
        self._player = BreakoutPlayer()
        self._held: frozenset[str] = frozenset()
        self._pictures = services.bus.subscribe("keyboard", Latest())
        self._timer = QTimer(window)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._look)
        self._timer.start(_LOOK_MS)

    def close(self) -> None:
        """Let go of everything."""
        self._timer.stop()
        self._pictures.close()
        self._hold(frozenset())

    def _look(self) -> None:
        for event in self._pictures.poll():
            if isinstance(event, StepRecorded) and event.step.frame is not None:
                self._hold(self._player.keys_for(event.step.frame))

    def _hold(self, keys: frozenset[str]) -> None:
        focused = QApplication.focusWidget()
        target = self._window if focused is None else focused
        for key in self._held - keys:
            self._send(target, QEvent.Type.KeyRelease, key)
        for key in keys - self._held:
            self._send(target, QEvent.Type.KeyPress, key)
        self._held = keys

    def _send(self, target: QWidget, kind: QEvent.Type, key: str) -> None:
        QApplication.sendEvent(target, QKeyEvent(kind, _KEYS[key], Qt.KeyboardModifier.NoModifier))


def _wait(done: Callable[[], bool], who: str, what: str) -> None:
    """Let the window live until *done*."""
    loop, timer = QEventLoop(), QTimer()
    deadline_s = time.monotonic() + _TIMEOUT_S
    timer.timeout.connect(lambda: loop.quit() if done() or time.monotonic() > deadline_s else None)
    timer.start(_LOOK_MS)
    loop.exec()
    timer.stop()
    if not done():
        raise EnvironmentFault(f"For its picture {who} had to {what}, and did not within {_TIMEOUT_S:.0f} s.")


def _save(window: MainWindow, path: Path) -> None:
    if not window.grab().save(str(path), "PNG"):
        raise EnvironmentFault("The picture of the window cannot be written.", hint=f"File: {path}")


if __name__ == "__main__":
    sys.exit(main())

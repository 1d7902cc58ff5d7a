"""The whole window on a var folder of the test's own, and an environment that fails on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gym_gui.config.schema import UiConfig
from gym_gui.config.settings import Settings
from gym_gui.services.bootstrap import open_services
from gym_gui.telemetry.overflow import ShedFrames
from gym_gui.ui.main_window import MainWindow
from gym_gui.ui.theme import Theme

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

BRITTLE_STEPS = 5
WAIT_MS = 15_000


@pytest.fixture
def window(qtbot: QtBot, qapp: QApplication, var_dir: Path) -> Iterator[MainWindow]:
    """A window that is shown and whose services are open."""
    settings = Settings(var_dir=var_dir, ui=UiConfig(theme="dark"))
    theme = Theme(qapp, settings.ui.theme)
    window = MainWindow(settings, theme, lambda: open_services(settings, overflow=ShedFrames()), make_pictures=False)
    window.resize(1024, 700)
    window.show()
    window.open()
    qtbot.waitUntil(lambda: window.context is not None, timeout=WAIT_MS)
    yield window
    window.close()
    window.deleteLater()
    theme.deleteLater()


@pytest.fixture
def brittle_env() -> Iterator[str]:
    """The id of an environment that raises in its sixth step."""
    import gymnasium  # noqa: PLC0415 - 0.4 s, for the tests that need it

    class Brittle(gymnasium.Env[Any, Any]):
        metadata = {"render_modes": ["rgb_array"], "render_fps": 30}  # noqa: RUF012 - Gymnasium's own form

        def __init__(self, render_mode: str | None = None) -> None:
            self.render_mode = render_mode
            self.action_space = gymnasium.spaces.Discrete(3)
            self.observation_space = gymnasium.spaces.Discrete(100)
            self.count = 0

        def reset(
            self, *, seed: int | None = None, options: dict[str, Any] | None = None
        ) -> tuple[int, dict[str, Any]]:
            super().reset(seed=seed, options=options)
            self.count = 0
            return 0, {}

        def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:  # noqa: ARG002 - its contract
            if self.count == BRITTLE_STEPS:
                raise ValueError("the tyre burst")
            self.count += 1
            return self.count, 1.0, False, False, {}

        def render(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
            return np.full((60, 80, 3), 40 * self.count, np.uint8)

    def make_brittle(**kwargs: Any) -> Brittle:
        return Brittle(**kwargs)

    gymnasium.register("Brittle-v0", make_brittle, order_enforce=False, disable_env_checker=True)
    yield "Brittle-v0"
    del gymnasium.registry["Brittle-v0"]


@pytest.fixture
def blind_env() -> Iterator[str]:
    """The id of an environment that draws nothing."""
    import gymnasium  # noqa: PLC0415 - as above

    class Blind(gymnasium.Env[Any, Any]):
        metadata = {"render_modes": []}  # noqa: RUF012 - Gymnasium's own form

        def __init__(self) -> None:
            self.action_space = gymnasium.spaces.Discrete(3)
            self.observation_space = gymnasium.spaces.Discrete(1_000_000)
            self.count = 0

        def reset(
            self, *, seed: int | None = None, options: dict[str, Any] | None = None
        ) -> tuple[int, dict[str, Any]]:
            super().reset(seed=seed, options=options)
            self.count = 0
            return 0, {}

        def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:  # noqa: ARG002 - its contract
            self.count += 1
            return self.count, 1.0, False, False, {}

    def make_blind(**_: Any) -> Blind:
        return Blind()

    gymnasium.register("Blind-v0", make_blind, order_enforce=False, disable_env_checker=True)
    yield "Blind-v0"
    del gymnasium.registry["Blind-v0"]

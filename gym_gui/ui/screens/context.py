"""What every screen may use, handed in by the window; a screen reaches for nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gym_gui.ui.view_choices import ViewChoices

if TYPE_CHECKING:
    from collections.abc import Callable

    from gym_gui.config.settings import Settings
    from gym_gui.controllers.live_desk import LiveDesk
    from gym_gui.controllers.session import SessionController
    from gym_gui.controllers.sound_output import SoundOutput
    from gym_gui.controllers.views import TaskRunner
    from gym_gui.services.bootstrap import Archive, Services
    from gym_gui.ui.bridge import BusPump
    from gym_gui.ui.live_attention import LiveAttention
    from gym_gui.ui.theme import Theme


@dataclass(frozen=True, slots=True)
class Recorder:
    """What playing needs.

    Attributes:
        services: The running pipeline.
        session: The game that is played.
    """

    services: Services
    session: SessionController


@dataclass(frozen=True, slots=True)
class LiveParts:
    """What watching training needs.

    Attributes:
        desk: Every run.
        attention: What wants a look.
    """

    desk: LiveDesk
    attention: LiveAttention


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenContext:
    """What a screen may use.

    Attributes:
        archive: What was recorded.
        recorder: Plays and records; None where the folder can only be read.
        runner: Work off the Qt thread.
        pump: Events and wake-ups onto the Qt thread.
        theme: The look in force.
        settings: Gives what the user chose, as it is now.
        change_settings: Apply changed settings, and store them where the folder can be written.
        notify: Show a toast with this sentence.
        open_screen: Go to the screen of this name.
        open_episode: Open a run's episode in the player, at the row of a step.
        live: The runs, and what of them wants attention.
        sound: The loudspeaker; muted as the settings say.
        make_pictures: Whether the catalogue has pictures of games made, by a process of its own.
        view_choices: What a person wants to see of each environment, its picture or its payload.
    """

    archive: Archive
    recorder: Recorder | None
    runner: TaskRunner
    pump: BusPump
    theme: Theme
    settings: Callable[[], Settings]
    change_settings: Callable[[Settings], None]
    notify: Callable[[str], None]
    open_screen: Callable[[str], None]
    open_episode: Callable[[str, str, int], None]
    live: LiveParts
    sound: SoundOutput
    make_pictures: bool = True
    view_choices: ViewChoices = field(default_factory=ViewChoices)

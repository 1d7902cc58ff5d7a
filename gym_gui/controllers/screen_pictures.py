"""What a picture of the window shows, and what comes of it; paths are texts, for it crosses to another process."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRequest:
    """What to draw.

    Attributes:
        var_dir: The var folder that the window works in.
        folder: Where ``play.png``, ``replay.png`` and ``live.png`` go; it exists.
        run_id: The run to replay.
        episode_id: Its episode.
        position: The row to stand on.
        overrides: ``KEY=VALUE`` words that the window obeys.
    """

    var_dir: str
    folder: str
    run_id: str
    episode_id: str
    position: int
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenPictures:
    """What was drawn.

    Attributes:
        play: The play screen, a PNG.
        replay: The player, a PNG.
        live: The Watch page with a script at work, a PNG.
        live_run_id: The script's run.
        played_run_id: The run that playing for the picture made.
        true_hz: Steps a second that the window measured while it was played.
        late_frames: Frames of it that came late.
    """

    play: str
    replay: str
    live: str
    live_run_id: str
    played_run_id: str
    true_hz: float
    late_frames: int

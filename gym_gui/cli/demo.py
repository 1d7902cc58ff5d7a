"""`gym-gui demo`: the main job, proven on this machine in under a minute, with no display."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from gym_gui.cli.face import command_context
from gym_gui.cli.options import (
    foreign_output_aside,
    json_option,
    overrides_argument,
    print_json,
    say,
    settings_for,
    var_dir_option,
)
from gym_gui.controllers.screen_pictures import PictureRequest
from gym_gui.core.errors import EnvironmentFault

if TYPE_CHECKING:
    from gym_gui.config.settings import Settings
    from gym_gui.controllers.demo import GameProof, RecordedGame
    from gym_gui.controllers.screen_pictures import ScreenPictures


@dataclass(frozen=True, slots=True)
class _Outcome:
    games: list[tuple[RecordedGame, GameProof]]
    pictures: ScreenPictures | None
    played: GameProof | None
    faults: list[str]
    wall_s: float


@click.command()
@overrides_argument
@json_option
@var_dir_option
def demo(*, overrides: tuple[str, ...], as_json: bool, var_dir: str | None) -> int:
    """Show that it all works here, in under a minute; needs no display.

    Bots play Breakout and CarRacing, with no display. Every frame is then read back from disk and compared with what
    was recorded, both games are played again from their stored seeds and actions, and the window is drawn into three
    PNG files: the play screen with a game running, the replay screen with an episode open, and the live screen
    watching a script that plays.
    """
    settings = settings_for(var_dir, overrides)
    started_s = time.perf_counter()
    with foreign_output_aside():
        games = _prove_games(settings)
        faults = [fault for _, proof in games for fault in proof.faults]
        pictures: ScreenPictures | None = None
        played: GameProof | None = None
        try:
            _note("Playing in the window, drawn in memory…")
            pictures = _draw(settings, games[0][0])
            played = _prove_played(settings, pictures.played_run_id)
            faults += played.faults
        except EnvironmentFault as error:
            faults.append(str(error))
    _note("")
    outcome = _Outcome(games, pictures, played, faults, round(time.perf_counter() - started_s, 1))
    if as_json:
        print_json(_document(settings, outcome))
    else:
        _tell(settings, outcome)
    for fault in faults:
        say(f"gym-gui: {fault}", err=True)
    return 1 if faults else 0


def _prove_games(settings: Settings) -> list[tuple[RecordedGame, GameProof]]:
    from gym_gui.controllers.demo import games_here, prove_game, record_game  # noqa: PLC0415 - Gymnasium and h5py, a second
    from gym_gui.services.bootstrap import open_archive, open_services  # noqa: PLC0415 - same

    recorded: list[RecordedGame] = []
    with open_services(settings) as services:
        for game in games_here():
            _note(f"A bot plays {game.name}…")
            recorded.append(record_game(services, game))
    _note("Reading every frame back, and playing every game again…")
    # Closed and opened again: what is compared is what another process would find.
    with open_archive(settings) as archive:
        return [(game, prove_game(archive, game)) for game in recorded]


def _prove_played(settings: Settings, run_id: str) -> GameProof:
    from gym_gui.controllers.demo import prove_played  # noqa: PLC0415 - loaded by now
    from gym_gui.services.bootstrap import open_archive  # noqa: PLC0415 - same

    with open_archive(settings) as archive:
        return prove_played(archive, run_id)


def _note(text: str) -> None:
    """What is going on, for a person who waits; on standard error, and gone when the answer comes."""
    if sys.stderr.isatty():
        click.echo(f"\r{text:<70}\r", nl=False, err=True)


def _draw(settings: Settings, game: RecordedGame) -> ScreenPictures:
    folder = settings.paths.demo_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentFault(
            f"The folder for the demo's pictures cannot be made: {error.strerror or error}.", hint=f"Folder: {folder}"
        ) from error
    episode_id, _ = min(game.digests)
    position = sum(1 for one, _ in game.digests if one == episode_id) * 2 // 3
    request = PictureRequest(
        var_dir=str(settings.var_dir),
        folder=str(folder),
        run_id=game.result.run_id,
        episode_id=episode_id,
        position=position,
        overrides=settings.words,
    )
    return command_context().window.render_screens(request)


def _tell(settings: Settings, outcome: _Outcome) -> None:
    for game, proof in outcome.games:
        result, total = game.result, proof.recorded
        click.echo(
            f"{game.name}: a bot played {result.steps:,} steps (return {proof.total_reward:,.6g}), "
            f"recorded in {result.wall_s:.1f} s, {result.dropped_frames} frames dropped."
        )
        click.echo(f"  {proof.read_equal:,} of {total:,} frames read back from disk equal what was recorded.")
        click.echo(f"  {proof.replayed_equal:,} of {total:,} are the same when played again from seed and actions.")
        click.echo(f"  Run    {result.run_id}")
        click.echo(f"  File   {_kept_in(settings, result.run_id)}")
    pictures = outcome.pictures
    if pictures is not None and outcome.played is not None:
        played = outcome.played
        click.echo(
            f"Window: a bot at its keys played Breakout at {pictures.true_hz:.1f} Hz, "
            f"{pictures.late_frames} frames late."
        )
        click.echo(
            f"  {played.replayed_equal:,} of {played.recorded:,} frames are the same when played again, key by key."
        )
        click.echo(f"  Play screen    {pictures.play}")
        click.echo(f"  Replay screen  {pictures.replay}")
        click.echo(f"  Watch page     {pictures.live}")
        click.echo(f"  Runs           {pictures.played_run_id}, {pictures.live_run_id}")
    first = outcome.games[0][0].result.run_id
    click.echo(f"Rows of all runs: {settings.paths.telemetry_db}")
    say(f"Look further:  gym-gui replay {first}")
    say(f"               gym-gui steps {first} 0")
    if settings.options["record"] == "split":  # other backends number their pictures by episode
        say(f"               gym-gui frame h5://{first}/frames/300 -o frame.png")
    verdict = "Something differs" if outcome.faults else "All is as it should be"
    click.echo(f"{verdict}; {outcome.wall_s:.1f} s in total.")


def _kept_in(settings: Settings, run_id: str) -> str:
    """The file of a run's pictures, or the folder where another backend keeps the run."""
    if settings.options["record"] == "split":
        return f"{settings.paths.replay_dir / run_id}.h5"
    return str(settings.paths.recordings_dir / run_id)


def _document(settings: Settings, outcome: _Outcome) -> dict[str, Any]:
    pictures = outcome.pictures
    return {
        "ok": not outcome.faults,
        "faults": outcome.faults,
        "wall_s": outcome.wall_s,
        "var_dir": str(settings.var_dir),
        "database": str(settings.paths.telemetry_db),
        "games": [
            {
                **asdict(game.result),
                "return": proof.total_reward,
                "frames_recorded": proof.recorded,
                "frames_read_back_equal": proof.read_equal,
                "frames_played_again_equal": proof.replayed_equal,
                "replay_file": _kept_in(settings, game.result.run_id),
            }
            for game, proof in outcome.games
        ],
        "pictures": None
        if pictures is None
        else {
            "play": pictures.play,
            "replay": pictures.replay,
            "live": pictures.live,
        },
        "window": None
        if pictures is None or outcome.played is None
        else {
            "run_id": pictures.played_run_id,
            "live_run_id": pictures.live_run_id,
            "true_hz": pictures.true_hz,
            "late_frames": pictures.late_frames,
            "frames_recorded": outcome.played.recorded,
            "frames_played_again_equal": outcome.played.replayed_equal,
        },
    }

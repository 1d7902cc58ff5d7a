"""`gym-gui record`: a policy plays, everything is kept, and the answer says what there is now."""

from __future__ import annotations

import json
import signal
import sys
import time
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import click

from gym_gui.cli.options import (
    foreign_output_aside,
    json_option,
    overrides_argument,
    print_json,
    say,
    settings_for,
    var_dir_option,
)
from gym_gui.controllers.display import has_display
from gym_gui.controllers.game_options import game_kwargs
from gym_gui.core.sizes import size_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from gym_gui.config.settings import Settings
    from gym_gui.controllers.recording import RecordingRequest, RecordingResult
    from gym_gui.core.data_model import StepRecord


def _vector_options(command: Callable[..., int]) -> Callable[..., int]:
    """The options of several environments side by side, which `RecordingRequest` takes by these names."""
    for option in (
        click.option(
            "--autoreset",
            "autoreset_mode",
            type=click.Choice(("next_step", "same_step", "disabled")),
            default="next_step",
            show_default=True,
            help="When the next episode of an environment begins; with 'disabled' each one gets its own seed.",
        ),
        click.option(
            "--vectorization",
            type=click.Choice(("sync", "async")),
            default="sync",
            show_default=True,
            help="Step them one after the other, or each in a process.",
        ),
        click.option(
            "--num-envs",
            type=click.IntRange(min=1),
            metavar="N",
            help="Record N environments side by side, each on its own.",
        ),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("env_id")
@overrides_argument
@click.option(
    "--policy",
    type=click.Choice(("random", "idle", "bot")),
    default="random",
    show_default=True,
    help="Who plays; there are bots for Breakout and CarRacing.",
)
@click.option("--episodes", type=click.IntRange(min=1), metavar="N", help="Whole episodes to record.")
@click.option(
    "--steps", type=click.IntRange(min=1), metavar="N", help="Actions to take, over as many episodes as that needs."
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="N",
    help="Seed of the first episode; the next ones count up from it. Without it, a random one is picked and stored.",
)
@click.option(
    "--kwargs",
    "-k",
    "pairs",
    multiple=True,
    metavar="NAME=VALUE",
    help="Passed to gymnasium.make; VALUE is JSON or text.",
)
@click.option(
    "--as-human", is_flag=True, help="Open the game as for a person: Atari at 60 steps a second, no sticky actions."
)
@click.option("--no-frames", is_flag=True, help="Record no pictures.")
@_vector_options
@click.option("--strict", is_flag=True, help="End the recording at the first step that does not keep the schema.")
@json_option
@var_dir_option
def record(
    *,
    env_id: str,
    overrides: tuple[str, ...],
    policy: str,
    episodes: int | None,
    steps: int | None,
    seed: int | None,
    pairs: tuple[str, ...],
    as_human: bool,
    no_frames: bool,
    strict: bool,
    as_json: bool,
    var_dir: str | None,
    **side_by_side: Any,
) -> int:
    """Let a policy play ENV_ID, and record everything.

    ENV_ID is a Gymnasium id such as ALE/Breakout-v5, or module:EnvId; `gym-gui games` lists them. module:factory is
    a function or class that makes a world of several agents with PettingZoo's parallel or AEC interface. Without
    --episodes and --steps, one episode is recorded. Ctrl+C ends the recording; what came before is kept.

    KEY=VALUE overrides a setting for this recording: record=parquet record.compression=zstd; `gym-gui config show`
    lists them.
    """
    from gym_gui.adapters.multi_agent_opening import find_factory  # noqa: PLC0415 - h5py and Gymnasium, one second
    from gym_gui.adapters.registry import resolve  # noqa: PLC0415 - same
    from gym_gui.controllers.recording import RecordingRequest  # noqa: PLC0415 - same

    settings = settings_for(var_dir, overrides)
    request = RecordingRequest(
        env_id=env_id,
        env_kwargs=parse_kwargs(pairs),
        policy=policy,
        episodes=episodes,
        steps=steps,
        seed=seed,
        as_human=as_human,
        render=not no_frames,
        **side_by_side,
    )
    with foreign_output_aside():
        shared = find_factory(env_id) is not None
        if not shared:
            resolve(env_id)  # before anything is made in the var folder
        if as_human and not shared:
            request = replace(request, env_kwargs={**game_kwargs(env_id, settings.game), **request.env_kwargs})
    result = _record(settings, request, strict=strict, shared=shared)
    if as_json:
        print_json(asdict(result))
    else:
        _tell(result)
    reason = result.fault or ("Stopped before it was done." if result.stopped else "")
    if reason:
        if " raised in render: " in reason and not no_frames:
            reason += " --no-frames records it without pictures."
        say(f"gym-gui: {reason} What came before is kept.", err=True)
    return 1 if reason else 0


def _record(settings: Settings, request: RecordingRequest, *, strict: bool, shared: bool) -> RecordingResult:
    """Record *request*; *shared*: it is a world of several agents."""
    from gym_gui.controllers.multi_agent_recording import record_multi_agent  # noqa: PLC0415 - as above
    from gym_gui.controllers.recording import record as record_one  # noqa: PLC0415 - as above
    from gym_gui.controllers.recording import recount  # noqa: PLC0415 - as above
    from gym_gui.controllers.vector_recording import record_vector  # noqa: PLC0415 - as above
    from gym_gui.services.bootstrap import open_archive, open_services  # noqa: PLC0415 - as above

    with open_services(settings) as services:
        if strict:
            services.telemetry.check_strictly()
        progress = _Progress(total=request.steps)
        interrupts = _Interrupts()
        try:
            with foreign_output_aside():
                record_run = record_one if request.num_envs is None else record_vector
                if shared:
                    record_run = record_multi_agent
                result = record_run(services, request, on_step=progress.step, should_stop=interrupts.seen)
        finally:
            interrupts.restore()
            progress.end()
    if result.fault:
        with open_archive(settings) as archive:
            result = recount(archive, result)
    return result


def parse_kwargs(pairs: tuple[str, ...]) -> dict[str, Any]:
    """``name=value`` texts as keyword arguments; a value that is no JSON is a text.

    Raises:
        click.UsageError: a pair has no ``=``.
    """
    kwargs: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name.isidentifier():
            raise click.UsageError(f"{pair!r} is not NAME=VALUE, for example -k frameskip=1.")
        try:
            kwargs[name] = json.loads(text)
        except ValueError:
            kwargs[name] = text
    return kwargs


def _tell(result: RecordingResult) -> None:
    if result.warning:
        say(f"gym-gui: {result.warning}", err=True)
    rate = result.steps / result.wall_s if result.wall_s else 0.0
    whole = result.episodes - result.cut_off
    episodes = f"{whole:,} {'whole ' * bool(result.cut_off)}episode{'s' * (whole != 1)}"
    click.echo(
        f"Recorded {episodes}{f', {result.cut_off:,} cut off' * bool(result.cut_off)}, {result.steps:,} steps, "
        f"{result.frames:,} frames of {result.env_id} in {result.wall_s:.1f} s "
        f"({rate:,.0f} steps/s, {size_text(result.size_bytes)}, {result.dropped_frames} frames dropped)."
    )
    click.echo(f"Run {result.run_id}")
    say(f"Look at it:  gym-gui {'replay' if has_display() else 'episodes'} {result.run_id}")


class _Interrupts:
    """The first Ctrl+C, kill or closing of the terminal ends the recording in order, the second one at once."""

    def __init__(self) -> None:
        self._seen = False
        numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
        # What is ignored stays so: `nohup` means it.
        self._before = {
            number: signal.signal(number, self._take)
            for number in numbers
            if signal.getsignal(number) is not signal.SIG_IGN
        }

    def seen(self) -> bool:
        return self._seen

    def restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _take(self, _number: int, _frame: object) -> None:
        self._seen = True
        self.restore()


class _Progress:
    """A line on standard error that says how far it is, where a person can see it."""

    def __init__(self, *, total: int | None) -> None:
        self._total = total
        self._shown = sys.stderr.isatty()
        self._count = 0
        self._episodes = 0
        self._next_s = time.monotonic() + 0.5
        self._started_s = time.monotonic()

    def step(self, step: StepRecord) -> None:
        self._episodes += step.step_index == 0
        self._count += step.step_index > 0
        now_s = time.monotonic()
        if not self._shown or now_s < self._next_s:
            return
        self._next_s = now_s + 0.5
        of_total = f" of {self._total:,}" if self._total else ""
        rate = self._count / (now_s - self._started_s)
        click.echo(
            f"\r{self._count:,}{of_total} steps, episode {self._episodes}, {rate:,.0f} steps/s   ", nl=False, err=True
        )

    def end(self) -> None:
        if self._shown and self._next_s - self._started_s > 0.5:  # noqa: PLR2004 - something was shown
            click.echo("\r" + " " * 60 + "\r", nl=False, err=True)

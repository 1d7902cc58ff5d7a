"""`gym-gui runs | episodes | steps`: what was recorded, as tables or JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from gym_gui.cli.options import (
    json_option,
    print_json,
    print_table,
    say,
    var_dir_option,
    without_empty_columns,
)
from gym_gui.cli.reading import opened_archive, opened_library, recording_option
from gym_gui.controllers.library_entry import ending_of
from gym_gui.controllers.run_names import run_named
from gym_gui.core.clock import to_iso
from gym_gui.core.data_model import RunState
from gym_gui.core.info_codec import to_plain
from gym_gui.core.sizes import size_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from gym_gui.core.data_model import EpisodeSummary, RunSummary, StepRecord

_CELL_CHARACTERS: Final = 60


@click.command()
@recording_option
@json_option
@var_dir_option
def runs(*, recording: str | None, as_json: bool, var_dir: str | None) -> None:
    """List what was recorded, newest first."""
    why_empty = ""
    if recording is None:
        with opened_archive(var_dir) as archive:
            found = archive.library.list_runs()
            why_empty = "" if found else archive.why_empty()
    else:
        with opened_library(recording, var_dir) as library:
            found = library.list_runs()
    if as_json:
        print_json([_run_document(summary) for summary in found])
        return
    if why_empty:
        say(f"No runs. {why_empty}")
        return
    if not found:
        say("No runs yet. `gym-gui play ALE/Breakout-v5` or `gym-gui record ALE/Breakout-v5` makes one.")
        return
    columns, rows = without_empty_columns(
        ("RUN", "GAME", "PLAYER", "EPISODES", "STEPS", "SIZE", "WHEN", "STATE", "DROPPED"),
        [
            (
                one.run.run_id,
                one.run.env_id,
                one.run.player,
                f"{one.episodes:,}",
                f"{one.steps:,}",
                size_text(one.size_bytes),
                f"{one.run.created_at.astimezone():%Y-%m-%d %H:%M}",
                "recording" if one.state is RunState.RUNNING else one.state.value,  # the window's word
                f"{one.dropped_frames:,}",
            )
            for one in found
        ],
        where={"STATE": "completed", "DROPPED": "0"},
    )
    print_table(columns, rows, numbers=("EPISODES", "STEPS", "SIZE", "DROPPED"))


@click.command()
@click.argument("run_id")
@recording_option
@json_option
@var_dir_option
def episodes(*, run_id: str, recording: str | None, as_json: bool, var_dir: str | None) -> None:
    """List the episodes of RUN_ID, which is a run's id or the name that it was given.

    # is an episode's place among those of its worker: where several workers, attempts or evaluations counted their own,
    other commands ask for the id of the EPISODE.
    """
    with opened_library(recording, var_dir) as library:
        found = library.list_episodes(run_named(library, run_id))
    if as_json:
        print_json([_episode_document(summary) for summary in found])
        return
    is_shared = len({one.rollup.worker_id for one in found}) > 1  # each worker counts its own episodes
    columns, rows = without_empty_columns(
        ("#", "WORKER", "EPISODE", "SEED", "STEPS", "RETURN", "SIZE", "END", "DROPPED"),
        [
            (
                str(one.rollup.episode_index),
                one.rollup.worker_id or "" if is_shared else "",
                one.rollup.episode_id,
                "" if one.rollup.seed is None else str(one.rollup.seed),
                f"{one.rollup.steps:,}",
                f"{one.rollup.total_reward:,.6g}",
                size_text(one.size_bytes),
                ending_of(one.rollup).lower(),  # the window's words
                f"{one.rollup.dropped_frames:,}",
            )
            for one in found
        ],
        where={"WORKER": "", "DROPPED": "0"},
    )
    print_table(columns, rows, numbers=("#", "SEED", "STEPS", "RETURN", "SIZE", "DROPPED"))


@click.command()
@click.argument("run_id")
@click.argument("episode")
@click.option(
    "--from", "start", type=click.IntRange(min=0), metavar="N", default=0, show_default=True, help="First step to list."
)
@click.option("--to", "stop", type=click.IntRange(min=0), metavar="N", help="First step not to list.")
@recording_option
@json_option
@var_dir_option
def steps(
    *,
    run_id: str,
    episode: str,
    start: int,
    stop: int | None,
    recording: str | None,
    as_json: bool,
    var_dir: str | None,
) -> None:
    """List the steps of EPISODE (its # or id) of RUN_ID (its id or name).

    A # that several episodes have is refused; their ids are named.

    Step 0 is the state after reset: it has no action and no reward. Step k is the result of the k-th action.

    With --json, what JSON has no number for in rewards, actions and observations is the text NaN, Infinity or
    -Infinity; an observation that is kept with its step, not in an array file, is told as "observation"; a grid, graph
    or text that draws the step is its "view".
    """
    if stop is not None and stop <= start:
        raise click.BadParameter(f"{stop} does not lie beyond --from {start}.", param_hint="--to")
    with opened_library(recording, var_dir) as library:
        run_id = run_named(library, run_id)
        rollup = library.get_episode(run_id, parse_episode(episode))
        found = library.load_steps(run_id, rollup.episode_id, start=start, stop=stop)
    if as_json:
        from gym_gui.recording.export.documents import json_value  # noqa: PLC0415 - only where there is something to print

        print_json([_step_document(step, json_value) for step in found])
        return
    if not found:
        say(f"There is no step from {start:,} on: the episode has {rollup.steps:,} steps.")
        return
    is_shared = len({step.agent_id for step in found}) > 1
    columns, rows = without_empty_columns(
        ("STEP", "AGENT", "ACTION", "REWARD", "FRAME", "END", "INFO"),
        [
            (
                f"{step.step_index:,}",
                _short(step.agent_id) if is_shared else "",
                "" if step.action is None else _short(to_plain(step.action)),
                "" if step.reward is None else f"{step.reward:g}",
                _place_of_frame(step),
                "terminated" if step.terminated else "truncated" if step.truncated else "",
                _short(", ".join(f"{key}={value}" for key, value in step.info.items())),
            )
            for step in found
        ],
        where={"AGENT": "", "END": "", "INFO": ""},
    )
    print_table(columns, rows, numbers=("STEP", "REWARD"))
    if found[0].frame_ref:
        say(f"Save a frame:  gym-gui frame {found[0].frame_ref} -o frame.png")


def parse_episode(text: str) -> str | int:
    """An episode as written on the command line: digits are an index, the rest an id."""
    return int(text) if text.isascii() and text.isdigit() else text


def _place_of_frame(step: StepRecord) -> str:
    # Without the run, which is the same in every row.
    return step.frame_ref.partition(f"{step.run_id}/")[2] if step.frame_ref else step.frame_state.name.lower()


def _short(value: Any) -> str:
    text = " ".join(f"{value}".split())
    return text if len(text) <= _CELL_CHARACTERS else f"{text[:_CELL_CHARACTERS]}…"


def _run_document(summary: RunSummary) -> dict[str, Any]:
    run = summary.run
    return {
        "run_id": run.run_id,
        "env_id": run.env_id,
        "env_kwargs": dict(run.env_kwargs),
        "created_at": to_iso(run.created_at),
        "ended_at": to_iso(summary.ended_at),
        "state": summary.state.value,
        "player": run.player,
        "episodes": summary.episodes,
        "steps": summary.steps,
        "frames": summary.frames,
        "dropped_frames": summary.dropped_frames,
        "size_bytes": summary.size_bytes,
        "step_rate_hz": run.step_rate_hz,
        "render_mode": run.render_mode,
        "env_spec": run.env_spec,
        "action_space": run.action_space,
        "observation_space": run.observation_space,
        "space_signature": run.space_signature,
        "versions": dict(run.versions),
        "rom_sha256": run.rom_sha256,
        "host": run.host,
        "app_version": run.app_version,
        "payload_version": run.payload_version,
        "metadata": dict(run.metadata),
    }


def _episode_document(summary: EpisodeSummary) -> dict[str, Any]:
    rollup = summary.rollup
    return {
        "episode_id": rollup.episode_id,
        "index": rollup.episode_index,
        "agent_id": rollup.agent_id,
        "worker_id": rollup.worker_id,
        "seed": rollup.seed,
        "options": rollup.options,
        "steps": rollup.steps,
        "return": rollup.total_reward,
        "terminated": rollup.terminated,
        "truncated": rollup.truncated,
        "status": rollup.status.value,
        "fault": rollup.fault,
        "frames": rollup.frames,
        "dropped_frames": rollup.dropped_frames,
        "started_at": to_iso(rollup.started_at),
        "ended_at": to_iso(rollup.ended_at),
        "size_bytes": summary.size_bytes,
        "metadata": dict(rollup.metadata),
    }


def _step_document(step: StepRecord, exactly: Callable[[Any], Any]) -> dict[str, Any]:
    """A step as JSON values, as an export to JSON has them; an observation is told where no array file holds it."""
    seen = {} if step.observation is None else {"observation": exactly(step.observation)}
    if step.view is not None:
        seen["view"] = dict(step.view)
    return {
        "step_index": step.step_index,
        "agent_id": step.agent_id,
        "action": exactly(step.action),
        "reward": exactly(step.reward),
        "terminated": step.terminated,
        "truncated": step.truncated,
        "frame_ref": step.frame_ref,
        "obs_ref": step.obs_ref,
        **seen,
        "frame_state": step.frame_state.name.lower(),
        "timestamp": to_iso(step.timestamp),
        "info": dict(step.info),
    }

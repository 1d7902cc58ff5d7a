"""How the commands of training show a run: as a line of a table, as a page, as JSON."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import msgspec

from gym_gui.controllers.live_runs import EVALUATING, is_evaluating, speed_of, whole_percent
from gym_gui.core.clock import to_iso, utc_now
from gym_gui.services.trainer.states import Retention, TrainingState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gym_gui.services.trainer.run_store import RunTransition, TrainingRun

COLUMNS: Final = ("RUN", "WHAT", "STATE", "STEPS", "DONE", "RETURN", "STEPS/S", "LAST STEP", "WHY")
NUMBERS: Final = ("STEPS", "DONE", "RETURN", "STEPS/S", "LAST STEP")
_PUT_AWAY: Final = {Retention.RETAINED: "archived", Retention.PURGED: "purged"}
_BARS: Final = "▁▂▃▄▅▆▇█"
_SUMMED_BELOW: Final = 1e290
_MINUTE_S: Final = 60
_HOUR_S: Final = 3_600
_DAY_S: Final = 86_400
_REASON_CHARACTERS: Final = 60


def table_row(run: TrainingRun) -> tuple[str, ...]:
    """The cells of a run, in the order of `COLUMNS`."""
    progress = run.progress
    share = share_done(run)
    reason = run.reason if not run.state.is_active else ""
    return (
        run.run_id,
        what_of(run),
        state_of(run),
        steps_of(run),
        "" if share is None else f"{whole_percent(share)}%",
        number(progress.mean_return),
        speed(run),
        age(progress.last_step_at),
        reason if len(reason) <= _REASON_CHARACTERS else f"{reason[:_REASON_CHARACTERS]}…",
    )


def what_of(run: TrainingRun) -> str:
    """What is trained, in a few letters: ``PPO CartPole-v1``."""
    config = run.config
    if config.worker == "script":
        # One that came by itself has told its environment, not its file.
        return config.script.replace("\\", "/").rpartition("/")[2] or f"script {config.env_id}".strip()
    return f"{config.algorithm or config.worker} {config.env_id}"


def steps_of(run: TrainingRun) -> str:
    """Steps taken; empty where that went with its recording."""
    return "" if _is_forgotten(run) else f"{run.progress.steps:,}"


def took(run: TrainingRun) -> str:
    """How long it ran, or runs by now, in the unit that suits; empty of a run that has not begun."""
    if run.started_at is None:
        return ""
    return _duration(((run.ended_at or utc_now()) - run.started_at).total_seconds())


def state_of(run: TrainingRun) -> str:
    """Where it stands, one word."""
    return _PUT_AWAY.get(run.retention) or run.state.value


def share_done(run: TrainingRun) -> float | None:
    """How much of its steps is done, 0 to 1; None where nobody knows."""
    if _is_forgotten(run):
        return None
    if run.state is TrainingState.COMPLETED:
        return 1.0
    total = run.config.total_steps
    return None if total <= 0 or run.config.worker == "script" else min(1.0, run.progress.steps / total)


def _is_forgotten(run: TrainingRun) -> bool:
    """Whether how far it came went with its recording."""
    return run.retention is Retention.PURGED and run.progress.steps == 0


def sparkline(values: Sequence[float], width: int) -> str:
    """*values*, oldest first, as a line of at most *width* bars; each bar the mean of its share."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite or width < 1:
        return ""
    peak = max(map(abs, finite))
    if peak > _SUMMED_BELOW:  # only the shape is drawn, and great values have no finite sum
        finite = [value / peak for value in finite]
    count = min(width, len(finite))
    edges = [round(place * len(finite) / count) for place in range(count + 1)]
    means = [sum(finite[start:stop]) / (stop - start) for start, stop in pairwise(edges)]
    low, high = min(means), max(means)
    if high == low:
        return _BARS[0] * count
    return "".join(_BARS[round((mean - low) / (high - low) * (len(_BARS) - 1))] for mean in means)


def age(at: datetime | None) -> str:
    """How long ago, in the unit that suits."""
    if at is None:
        return ""
    return _duration((utc_now() - at).total_seconds())


def _duration(seconds: float) -> str:
    seconds = max(0.0, seconds)
    for unit, length in (("d", _DAY_S), ("h", _HOUR_S), ("min", _MINUTE_S)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def speed(run: TrainingRun) -> str:
    """Steps a second now, or what is done instead; empty of a run that takes none."""
    if is_evaluating(run):
        return EVALUATING
    found = speed_of(run)
    return "" if found is None else number(found)


def number(value: float) -> str:
    """A number for a person; empty where there is none."""
    return f"{value:,.4g}" if math.isfinite(value) else ""


def run_document(run: TrainingRun, transitions: Sequence[RunTransition] | None = None) -> dict[str, Any]:
    """A run as JSON has it."""
    progress = run.progress
    document: dict[str, Any] = {
        "run_id": run.run_id,
        "name": run.config.name,
        "state": run.state.value,
        "reason": run.reason,
        "retention": run.retention.value,
        "attempt": run.attempt,
        "digest": run.digest,
        "created_at": to_iso(run.created_at),
        "started_at": to_iso(run.started_at),
        "ended_at": to_iso(run.ended_at),
        "resumed_from": run.resumed_from,
        "steps_before": run.steps_before,
        "restarts": run.restarts,
        "host": run.host,
        "gpus": list(run.gpus),
        "workers": [{"worker_id": one.worker_id, "host": one.host, "pid": one.pid} for one in run.workers],
        "progress": {
            "steps": progress.steps,
            "total_steps": run.config.total_steps,
            "episodes": progress.episodes,
            "mean_return": progress.mean_return,
            "steps_per_s": progress.steps_per_s,
            "last_step_at": to_iso(progress.last_step_at),
            "frames": progress.frames,
            "dropped_frames": progress.dropped_frames,
        },
        "config": msgspec.to_builtins(run.config),
    }
    if transitions is not None:
        document["transitions"] = [
            {
                "from": None if one.before is None else one.before.value,
                "to": one.after.value,
                "at": to_iso(one.at),
                "reason": one.reason,
            }
            for one in transitions
        ]
    return document

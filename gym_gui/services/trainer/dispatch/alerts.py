"""Alerts: rules that tell when a person should look; each is raised once, and cleared when it has passed."""

from __future__ import annotations

import math
import shutil
import threading
import time
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from gym_gui.core.clock import utc_now
from gym_gui.services.trainer.dispatch.dispatch_facts import Alert
from gym_gui.services.trainer.dispatch.run_folder import WORKER_ID
from gym_gui.services.trainer.states import TrainingState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path

    from gym_gui.services.trainer.dispatch.active_run import ActiveRun
    from gym_gui.services.trainer.dispatch.dispatch_facts import DispatchLimits
    from gym_gui.services.trainer.run_store import RunProgress, TrainingRun

NO_PROGRESS: Final = "no-progress"
NAN: Final = "nan"
RETURN_COLLAPSED: Final = "return-collapsed"
HEARTBEAT_LATE: Final = "heartbeat-late"
DISK_LOW: Final = "disk-low"
FAILED: Final = "failed"
# A run that learns goes up and down; a collapse is the loss of most of what it had gained, and of something to lose.
_COLLAPSED_SHARE: Final = 0.6
_RECOVERED_SHARE: Final = 0.4
_EPISODES_OF_MEAN: Final = 100  # which `RunProgress.mean_return` is of
_LEAST_GAIN: Final = 0.1
# In standard errors of the mean. Of many thousand episodes the best mean of what learns nothing lies several above it.
_CLEAR_GAIN: Final = 12.0
_LEAST_LOOKS: Final = 20  # before them nobody knows how much the mean wavers
_NEVER_LEARNS: Final = "random"
_LATE_SHARE: Final = 0.5
_REMEMBERED: Final = 100


@dataclass(slots=True)
class _Returns:
    """How the mean return of a run went: its best, and what it had gained by then."""

    best: float = -math.inf
    gain: float = 0.0  # 0 where it may be chance
    lowest: float = math.inf
    episodes: int = 0
    mean: float = 0.0
    looks: int = 0
    falls: int = 0
    wavering: float = 0.0  # of each fall an estimate of the mean's variance, summed up

    def add(self, episodes: int, mean: float) -> None:
        """The newest mean, after so many episodes."""
        fresh = min(episodes - self.episodes, _EPISODES_OF_MEAN)
        if self.episodes and fresh > 0:
            self.looks += 1
            if mean < self.mean:  # what learns rises, and that is no chance
                self.falls += 1
                # By chance a mean of which `fresh` of 100 are exchanged moves by 2 * fresh / 100 of its variance.
                self.wavering += (mean - self.mean) ** 2 * _EPISODES_OF_MEAN / (2 * fresh)
        self.episodes, self.mean = episodes, mean
        self.lowest = min(self.lowest, mean)
        if mean > self.best:
            self.best = mean
            self.gain = self._clear_gain()

    def _clear_gain(self) -> float:
        if self.looks < _LEAST_LOOKS:
            return 0.0
        gain, error = self.best - self.lowest, math.sqrt(self.wavering / max(1, self.falls))
        return gain if gain > max(_LEAST_GAIN * max(1.0, abs(self.best)), _CLEAR_GAIN * error) else 0.0


@dataclass(slots=True)
class _History:
    """What the rules remember of a run."""

    stepped: tuple[int, datetime | None] = (-1, None)  # training steps, and when it last stepped at all
    moved_at: float = 0.0
    returns: _Returns = field(default_factory=_Returns)


class AlertBook:
    """What is the matter, and what was.

    Args:
        limits: From when something is the matter.
        root: The folder whose disk is watched.
        on_alert: Hears of each as it is raised or cleared, outside the lock.
    """

    def __init__(self, limits: DispatchLimits, root: Path, on_alert: Callable[[Alert], None]) -> None:
        self._limits = limits
        self._root = root
        self._on_alert = on_alert
        self._lock = threading.Lock()
        self._active: dict[tuple[str, str, str], Alert] = {}
        self._passed: deque[Alert] = deque(maxlen=_REMEMBERED)
        self._histories: dict[str, _History] = {}
        self._published: set[str] = set()  # runs of scripts, which nobody here watches over

    def alerts(self) -> tuple[Alert, ...]:
        """Active ones first, then the newest of those that have passed."""
        with self._lock:
            return (*self._active.values(), *reversed(self._passed))

    def look(self, active_runs: list[ActiveRun]) -> None:
        """One round over all rules; the dispatcher calls it once a second."""
        now = time.monotonic()
        found: dict[tuple[str, str, str], str] = {}
        for active in active_runs:
            run_id = active.run.run_id
            history = self._histories.setdefault(run_id, _History(moved_at=now))
            for kind, sentence in self._matters(active, history, now):
                found[kind, run_id, ""] = sentence
        self._look_at_disk(found)
        alive = {active.run.run_id for active in active_runs}
        self._histories = {run_id: one for run_id, one in self._histories.items() if run_id in alive}
        self._settle(found, alive)

    def script_over(self, run_id: str) -> None:
        """A run is over that a script published: what was the matter with it is cleared by the next look."""
        with self._lock:
            self._published.discard(run_id)

    def scalar_seen(self, run_id: str, name: str, *, finite: bool, published: bool = False) -> None:
        """The newest value of a scalar came; one that is no number is the matter until a number comes."""
        key = (NAN, run_id, name)
        with self._lock:
            if published:
                self._published.add(run_id)
            if finite == (key not in self._active):
                return
        self._change(key, "" if finite else f"The scalar {name} of run {run_id} is not a number.")

    def run_failed(self, run: TrainingRun) -> None:
        """A run was put to failed: told once, and kept by the run itself."""
        name = run.run_id if run.config.name in {"", run.run_id} else f"{run.config.name} ({run.run_id})"
        sentence = f"Run {name} failed: {run.reason}"
        self._on_alert(Alert(kind=FAILED, run_id=run.run_id, sentence=sentence, since=run.ended_at or utc_now()))

    def _matters(self, active: ActiveRun, history: _History, now: float) -> Iterable[tuple[str, str]]:
        run_id, progress = active.run.run_id, active.latest
        if active.run.state is not TrainingState.RUNNING:
            history.moved_at = now
            return
        heard_at = active.last_heard(WORKER_ID)
        if heard_at is not None and now - heard_at > active.late_after_s * _LATE_SHARE:
            yield HEARTBEAT_LATE, f"The worker of run {run_id} has not been heard of for a while."
        # An evaluation, or a person who plays it, takes steps that train nothing.
        stepped = history.stepped if progress is None else (progress.steps, progress.last_step_at)
        if stepped != history.stepped:
            history.stepped, history.moved_at = stepped, now
        if now - history.moved_at > self._limits.no_progress_s:
            yield NO_PROGRESS, f"Run {run_id} has taken no step for {self._limits.no_progress_s:g} s."
        if progress is not None and progress.episodes:
            yield from self._return_matters(active.run, progress, history.returns)

    def _return_matters(self, run: TrainingRun, progress: RunProgress, returns: _Returns) -> Iterable[tuple[str, str]]:
        run_id, mean = run.run_id, progress.mean_return
        if not math.isfinite(mean):
            yield NAN, f"The return of run {run_id} is not a number."
            return
        if progress.episodes < _EPISODES_OF_MEAN or run.config.worker == _NEVER_LEARNS:
            return
        returns.add(progress.episodes, mean)
        gain = returns.gain
        with self._lock:
            is_down = (RETURN_COLLAPSED, run_id, "") in self._active
        if gain and returns.best - mean > gain * (_RECOVERED_SHARE if is_down else _COLLAPSED_SHARE):
            yield RETURN_COLLAPSED, f"The return of run {run_id} fell from {returns.best:g} to {mean:g}."

    def _look_at_disk(self, found: dict[tuple[str, str, str], str]) -> None:
        try:
            free_mb = shutil.disk_usage(self._root).free // 1_000_000
        except OSError:
            return
        if free_mb < self._limits.disk_low_mb:
            found[DISK_LOW, "", ""] = f"Only {free_mb:,} MB are free where recordings are kept."

    def _settle(self, found: dict[tuple[str, str, str], str], alive: set[str]) -> None:
        with self._lock:
            raised = [key for key in found if key not in self._active]
            cleared = [
                key
                for key in self._active
                # A scalar's is cleared by its next value, or by the end of its run.
                if key not in found and (not key[2] or key[1] not in alive | self._published)
            ]
        for key in cleared:
            self._change(key, "")
        for key in raised:
            self._change(key, found[key])

    def _change(self, key: tuple[str, str, str], sentence: str) -> None:
        with self._lock:
            if sentence:
                if key in self._active:
                    return
                alert = Alert(kind=key[0], run_id=key[1], sentence=sentence, since=utc_now())
                self._active[key] = alert
            else:
                was = self._active.pop(key, None)
                if was is None:
                    return
                alert = replace(was, active=False)
                self._passed.append(alert)
        self._on_alert(alert)

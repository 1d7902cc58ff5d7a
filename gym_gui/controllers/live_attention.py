"""What wants attention: alerts of the trainer, runs that failed, runs that say nothing, a disk that fills up.

`AttentionController` lives on the thread that its task runner answers on. What was there when the window opened is no
news; what was looked at is none any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

from gym_gui.controllers.live_runs import LinkState, age_s, run_labels
from gym_gui.core.clock import utc_now
from gym_gui.core.sizes import size_text
from gym_gui.services.trainer.states import TrainingState
from gym_gui.services.trainer.status import AlertStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gym_gui.controllers.live_runs import TrainerLink
    from gym_gui.controllers.live_source import LiveHealth, LiveRun
    from gym_gui.controllers.views import TaskRunner

# A run of a script that has not stepped for so long is stuck, or its process has died.
SILENT_S: Final = 120.0
LOW_DISK_BYTES: Final = 2 * 10**9
_MOST_NEWS: Final = 3
# What failed longer ago is history, not an alert.
_RECENT: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AttentionState:
    """How everything stands.

    Attributes:
        health: Machine and trainer; None before the first answer.
        alerts: What is wrong now, newest first.
        runs: The runs that were asked about.
        link: How the trainer stands.
        unseen: Alerts that nobody has looked at.
        fault: One sentence where nobody answered.
    """

    health: LiveHealth | None = None
    alerts: tuple[AlertStatus, ...] = ()
    runs: Sequence[LiveRun] = ()
    link: TrainerLink | None = None
    unseen: tuple[AlertStatus, ...] = ()
    fault: str = ""


class AttentionView(Protocol):
    """The face of an `AttentionController`."""

    def show_attention(self, state: AttentionState) -> None:
        """Something changed."""

    def notify_alerts(self, alerts: Sequence[AlertStatus]) -> None:
        """These are new: tell the person, wherever they look."""


class HealthDesk(Protocol):
    """Who is asked; in tasks only."""

    @property
    def link(self) -> TrainerLink:
        """How the trainer stands."""

    def list_runs(self) -> Sequence[LiveRun]:
        """Every run."""

    def health(self) -> LiveHealth:
        """How machine and trainer stand."""


def alert_key(alert: AlertStatus) -> tuple[str, str, str]:
    """What tells an alert from others: the same trouble, begun again, is another one."""
    return alert.run_id, alert.kind, "" if alert.since is None else alert.since.isoformat()


def own_alerts(runs: Sequence[LiveRun], health: LiveHealth) -> list[AlertStatus]:
    """What the window sees by itself, without a trainer that watches."""
    alerts = []
    now, labels = utc_now(), run_labels(runs)
    for run in runs:
        if run.archived:
            continue
        if run.state is TrainingState.FAILED and (run.ended_at is None or now - run.ended_at < _RECENT):
            sentence = f"{labels[run.run_id]} failed. {run.reason}".strip()
            alerts.append(
                AlertStatus(run_id=run.run_id, kind="failed", sentence=sentence, since=run.ended_at, active=True)
            )
        elif run.state is TrainingState.RUNNING and not run.managed and age_s(run, now) > SILENT_S:
            silent_min = round(age_s(run, now) / 60)
            sentence = f"{labels[run.run_id]} has not stepped for {silent_min} min. Its process may be stuck or gone."
            last = run.progress.last_step_at
            alerts.append(
                AlertStatus(run_id=run.run_id, kind="no-progress", sentence=sentence, since=last, active=True)
            )
    free = health.disk_free_bytes
    if free is not None and free < LOW_DISK_BYTES:
        sentence = f"Only {size_text(free)} are free where recordings go. Remove recordings, or move the folder."
        alerts.append(AlertStatus(run_id="", kind="disk-low", sentence=sentence, since=None, active=True))
    return alerts


class AttentionController:
    """Asks now and then, and tells what is new.

    Args:
        desk: Who is asked.
        runner: Where it is asked.
        view: What shows the answer.
    """

    def __init__(self, desk: HealthDesk, runner: TaskRunner, view: AttentionView) -> None:
        self._desk = desk
        self._runner = runner
        self._view = view
        self._state = AttentionState()
        self._seen: set[tuple[str, str, str]] | None = None  # None: nothing was there to be seen yet
        self._asking = False
        self._looking = False

    @property
    def state(self) -> AttentionState:
        """How everything stands."""
        return self._state

    def poll(self) -> None:
        """Ask once more, unless an answer is on its way."""
        if not self._asking:
            self._asking = True
            self._runner.submit(self._ask, self._arrived, self._failed)

    def look(self, *, looking: bool) -> None:
        """A person looks at the live screens, or stopped: what they see is news no more."""
        self._looking = looking
        if looking:
            self._see()
            self._view.show_attention(self._state)

    def _ask(self) -> AttentionState:
        runs, health = self._desk.list_runs(), self._desk.health()
        told = [alert for alert in health.alerts if alert.active]
        known = {(alert.run_id, alert.kind) for alert in told}
        own = [alert for alert in own_alerts(runs, health) if (alert.run_id, alert.kind) not in known]
        if self._desk.link.state is LinkState.LOST:
            lost = AlertStatus(
                run_id="", kind="trainer-lost", sentence=self._desk.link.sentence, since=None, active=True
            )
            own.append(lost)
        alerts = sorted((*told, *own), key=lambda alert: alert.since.timestamp() if alert.since else 1e12, reverse=True)
        return AttentionState(health=health, alerts=tuple(alerts), runs=runs, link=self._desk.link)

    def _arrived(self, state: AttentionState) -> None:
        self._asking = False
        keys = {alert_key(alert) for alert in state.alerts}
        if self._seen is None:
            self._seen = keys
        before = {alert_key(alert) for alert in self._state.alerts}
        unseen = tuple(alert for alert in state.alerts if alert_key(alert) not in self._seen)
        fresh = [alert for alert in unseen if alert_key(alert) not in before]
        self._state = AttentionState(
            health=state.health, alerts=state.alerts, runs=state.runs, link=state.link, unseen=unseen
        )
        if fresh:
            self._view.notify_alerts(fresh[:_MOST_NEWS])
        if self._looking:
            self._see()
        self._view.show_attention(self._state)

    def _failed(self, error: Exception) -> None:
        self._asking = False
        known = self._state
        self._state = AttentionState(
            health=known.health,
            alerts=known.alerts,
            runs=known.runs,
            link=known.link,
            unseen=known.unseen,
            fault=str(error) or type(error).__name__,
        )
        self._view.show_attention(self._state)

    def _see(self) -> None:
        known = self._state
        seen = self._seen if self._seen is not None else set()
        self._seen = seen | {alert_key(alert) for alert in known.alerts}
        self._state = AttentionState(
            health=known.health, alerts=known.alerts, runs=known.runs, link=known.link, fault=known.fault
        )

"""Health: the machine, the trainer, what is under way to the disk, who works, and what wants attention.

Qt thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from gym_gui.controllers.live_runs import LinkState, run_labels
from gym_gui.core.clock import utc_now
from gym_gui.core.data_model.episode_table import is_evaluation_worker
from gym_gui.core.sizes import size_text
from gym_gui.core.typing_compat import override
from gym_gui.services.trainer.states import TrainingState
from gym_gui.ui import theme as tokens
from gym_gui.ui.screens.live_runs_model import is_stale
from gym_gui.ui.texts import breakable, duration_text, when_text
from gym_gui.ui.widgets.basics import make_label, set_state
from gym_gui.ui.widgets.fact_grid import Fact, FactGrid
from gym_gui.ui.widgets.meter import Meter
from gym_gui.ui.widgets.plain_table import PlainRow, PlainTable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from PySide6.QtGui import QResizeEvent

    from gym_gui.controllers.live_attention import AttentionState
    from gym_gui.controllers.live_source import LiveHealth, LiveRun, LiveWorker
    from gym_gui.services.trainer.status import AlertStatus, WorkerStatus
    from gym_gui.ui.theme import Theme

_WIDE: Final = 860  # from here on two columns stand side by side
_TRAINING: Final = "training"
_AT_WORK: Final = frozenset({TrainingState.DISPATCHING, TrainingState.RUNNING})
_LAGGING_S: Final = 2.0
_BUSY: Final = ("busy", "at its limit")
_UNKNOWN: Final = "Unknown while no trainer answers."
ALERT_TITLES: Final = {
    "failed": "Failed",
    "no-progress": "No progress",
    "nan": "Not a number",
    "return-collapsed": "Return collapsed",
    "heartbeat-late": "Heartbeat late",
    "disk-low": "Disk low",
    "trainer-lost": "Trainer lost",
}
_GRAVE: Final = frozenset({"failed", "nan", "disk-low", "trainer-lost"})


def alert_look(alert: AlertStatus) -> tuple[str, str]:
    """Icon and role of an alert."""
    return ("alert-octagon", "bad") if alert.kind in _GRAVE else ("alert", "warn")


class _Card(QFrame):
    """A titled part of the page."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setProperty("card", "true")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(tokens.SPACE_16, tokens.SPACE_12, tokens.SPACE_16, tokens.SPACE_12)
        self.column.setSpacing(tokens.SPACE_8)
        self.column.addWidget(make_label(title, "title"))
        self.note = make_label("", "muted", wrap=True)
        self.note.hide()
        self.column.addWidget(self.note)

    def say(self, text: str) -> None:
        self.note.setText(text)
        self.note.setVisible(bool(text))


class LiveHealthPage(QScrollArea):
    """Cards and tables.

    Args:
        theme: The look.
        notify: Told what was copied.
    """

    run_requested = Signal(str)

    def __init__(self, theme: Theme, notify: Callable[[str], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cpu = Meter(theme, "CPU", _BUSY)
        self.memory = Meter(theme, "Memory")
        self.disk = Meter(theme, "Disk")
        self.gpus: list[Meter] = []
        self._theme = theme
        self._trainer_facts = FactGrid(theme, notify)
        self._drop_facts = FactGrid(theme, notify)
        self.alerts = PlainTable(theme, "Alerts", ("Alert", "What", "Since"), wide=1, wraps=True)
        self.queues = PlainTable(
            theme, "Recording", ("Run", "Waiting", "Size", "Lag", "Let go"), right=frozenset({1, 2, 3, 4})
        )
        self.workers = PlainTable(
            theme, "Workers", ("Worker", "Run", "Host", "Process", "Heard"), right=frozenset({3, 4}), wide=1
        )
        self._machine, self._trainer = _Card("Machine"), _Card("Trainer")
        self._alert_card, self._queue_card, self._worker_card = _Card("Alerts"), _Card("Recording"), _Card("Workers")
        self._drop_card = _Card("Let go")
        self._build()
        for table in (self.alerts, self.queues, self.workers):
            table.opened.connect(self.run_requested)

    def show_attention(self, state: AttentionState) -> None:
        """Show how everything stands."""
        self._show_alerts(state)
        health = state.health
        if health is None:
            self._machine.say(state.fault or "Asking…")
            return
        self._machine.say(state.fault)
        self._show_machine(health)
        self._show_trainer(state, health)
        lost = _is_lost(state)
        self._show_queues(health, state.runs, lost=lost)
        self._show_workers(health, state.runs, lost=lost)
        drops = [Fact(cause, f"{count:,}", state="warn") for cause, count in sorted(health.drops.items()) if count]
        self._drop_facts.set_facts(drops)
        self._drop_card.say("" if drops else _UNKNOWN if lost else "Nothing was let go.")

    # Inside.

    def _show_alerts(self, state: AttentionState) -> None:
        rows = []
        for alert in state.alerts:
            icon, role = alert_look(alert)
            since = "" if alert.since is None else when_text(alert.since)
            texts = (ALERT_TITLES.get(alert.kind, alert.kind), alert.sentence, since)
            rows.append(PlainRow(texts, icon, role, alert.run_id, breakable(alert.sentence)))
        self.alerts.show_rows(rows)
        self.alerts.setVisible(bool(rows))
        self.alerts.updateGeometry()
        self._alert_card.say("" if rows else "Nothing is wrong.")

    def _show_machine(self, health: LiveHealth) -> None:
        cpu = health.cpu_percent
        cores = f" of {health.cores} cores" if health.cores else ""
        self.cpu.show_share(None if cpu is None else cpu / 100, "" if cpu is None else f"{cpu:.0f} %{cores}")
        _show_bytes(self.memory, health.memory_used_bytes, health.memory_total_bytes)
        total, free = health.disk_total_bytes, health.disk_free_bytes
        if total is None and free is not None:
            self.disk.show_share(None, f"{size_text(free)} free")
        else:
            used = None if total is None or free is None else total - free
            _show_bytes(self.disk, used, total, free=free)
        while len(self.gpus) < len(health.gpus):
            meter = Meter(self._theme, f"GPU {len(self.gpus)}", _BUSY)
            self.gpus.append(meter)
            self._machine.column.addWidget(meter)
        for place, meter in enumerate(self.gpus):
            meter.setVisible(place < len(health.gpus))
        for meter, gpu in zip(self.gpus, health.gpus, strict=False):
            memory = f"{size_text(gpu.memory_used_bytes)} of {size_text(gpu.memory_total_bytes)}"
            meter.show_share(gpu.utilization_percent / 100, f"{gpu.utilization_percent:.0f} % · {memory}")
            meter.setToolTip(f"{gpu.name}\n{gpu.run_id or 'free'}")

    def _show_trainer(self, state: AttentionState, health: LiveHealth) -> None:
        link = state.link
        words = {
            LinkState.CONNECTED: ("Connected", "good"),
            LinkState.STARTING: ("Starting", "warn"),
            LinkState.LOST: ("Not reached", "bad"),
            LinkState.NONE: ("Not running", ""),
        }
        word, role = words[LinkState.NONE if link is None else link.state]
        facts = [Fact("State", word, state=role), Fact("Host", health.host)]
        if link is not None and link.state is LinkState.CONNECTED:
            facts.append(Fact("Slots", f"{health.running} of {health.capacity} taken"))
            facts.append(Fact("Waiting", _runs_text(health.waiting)))
        elif _is_lost(state):
            # The health that is told now is this machine's own: it knows nothing of the trainer's runs.
            active = sum(run.managed and run.state in _AT_WORK for run in state.runs)
            facts.append(Fact("Running", "unknown", state="warn"))
            facts.append(Fact("When last heard", f"{_runs_text(active)} running"))
        else:
            facts.append(Fact("Running", _runs_text(health.running)))
        if health.trainer_bytes:
            facts.append(Fact("Its memory", size_text(health.trainer_bytes)))
        if not health.gpus:
            facts.append(Fact("GPUs", "none"))
        self._trainer_facts.set_facts(facts)
        fault = health.fault or ("" if link is None or link.state is LinkState.CONNECTED else link.sentence)
        self._trainer.say(fault)
        set_state(self._trainer.note, "bad" if health.fault else "")

    def _show_queues(self, health: LiveHealth, runs: Sequence[LiveRun], *, lost: bool) -> None:
        by_id, labels = {run.run_id: run for run in runs}, run_labels(runs)
        waiting = {queue.run_id: queue for queue in health.queues}
        dropping = {run.run_id for run in runs if run.state.is_active and run.progress.dropped_frames}
        rows = []
        for run_id in dict.fromkeys([*waiting, *sorted(dropping)]):
            run, queue = by_id.get(run_id), waiting.get(run_id)
            lags = queue is not None and queue.lag_s > _LAGGING_S
            dropped = 0 if run is None else run.progress.dropped_frames
            texts = (
                labels.get(run_id, run_id),
                f"{queue.depth:,} batches" if queue else "",
                size_text(queue.size_bytes) if queue else "",
                (f"{duration_text(queue.lag_s)}{' late' if lags else ''}") if queue else "",
                f"{dropped:,}" if dropped else "",
            )
            icon, role = ("alert", "warn") if lags or dropped else ("check-circle-outline", "good")
            rows.append(PlainRow(texts, icon, role, run_id))
        self.queues.show_rows(rows)
        self.queues.setVisible(bool(rows))
        self.queues.updateGeometry()
        self._queue_card.say("" if rows else _UNKNOWN if lost else "Nothing waits to be written.")

    def _show_workers(self, health: LiveHealth, runs: Sequence[LiveRun], *, lost: bool) -> None:
        names = run_labels(runs)
        rows = [
            PlainRow(
                (
                    f"{one.worker_id} · {_word_of(one)}",
                    names.get(one.run_id, one.run_id),
                    one.host,
                    str(one.pid or ""),
                    f"{duration_text(one.silent_s)} ago",
                ),
                "alert" if one.late or one.starved else "check-circle-outline",
                "bad" if one.late else "warn" if one.starved else "good",
                one.run_id,
            )
            for one in health.workers
        ]
        known = {(one.run_id, one.worker_id) for one in health.workers}
        for run in runs:
            if run.state is TrainingState.RUNNING:
                rows += [_worker_row(run, names[run.run_id], one, lost=lost and run.managed) for one in run.workers
                         if (run.run_id, one.worker_id) not in known]  # fmt: skip
        self.workers.show_rows(rows)
        self.workers.setVisible(bool(rows))
        self.workers.updateGeometry()
        self._worker_card.say("" if rows else _UNKNOWN if lost else "Nobody works.")

    def _build(self) -> None:
        for meter in (self.cpu, self.memory, self.disk):
            self._machine.column.addWidget(meter)
        self._trainer.column.addWidget(self._trainer_facts)
        self._drop_card.column.addWidget(self._drop_facts)
        for card, table in (
            (self._alert_card, self.alerts),
            (self._queue_card, self.queues),
            (self._worker_card, self.workers),
        ):
            card.column.addWidget(table)
            table.hide()
        left, right = QVBoxLayout(), QVBoxLayout()
        for column, cards in (
            (left, (self._machine, self._trainer, self._drop_card)),
            (right, (self._alert_card, self._queue_card, self._worker_card)),
        ):
            column.setSpacing(tokens.SPACE_12)
            for card in cards:
                column.addWidget(card)
            column.addStretch(1)
        body = QWidget()
        outer = QHBoxLayout(body)
        outer.setContentsMargins(tokens.SPACE_24, tokens.SPACE_4, tokens.SPACE_24, tokens.SPACE_16)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._row.setSpacing(tokens.SPACE_12)
        self._row.addLayout(left, 2)
        self._row.addLayout(right, 3)
        outer.addLayout(self._row)
        self.setWidget(body)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.width() >= _WIDE
        self._row.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.BottomToTop)


def _word_of(worker: WorkerStatus) -> str:
    if worker.late:
        return "late"
    if worker.starved:
        return "told to wait"
    # The process beats for the worker that learns and for the one that judges; only the first trains.
    judges = worker.phase == _TRAINING and is_evaluation_worker(worker.worker_id)
    return "evaluation" if judges else worker.phase or "well"


def _is_lost(state: AttentionState) -> bool:
    """Whether a trainer was there and does not answer: what it last said may be so no more."""
    return state.link is not None and state.link.state is LinkState.LOST


def _runs_text(count: int) -> str:
    return f"{count} run{'' if count == 1 else 's'}"


def _worker_row(run: LiveRun, name: str, worker: LiveWorker, *, lost: bool) -> PlainRow:
    if lost:
        word, icon, role = "unknown", "help-circle-outline", "text_muted"
    elif is_stale(run):
        word, icon, role = "silent", "alert", "warn"
    else:
        word, icon, role = "well", "check-circle-outline", "good"
    heard = "" if worker.heard_at is None else f"{duration_text(_since_s(worker.heard_at))} ago"
    texts = (f"{worker.worker_id} · {word}", name, worker.host, str(worker.pid or ""), heard)
    return PlainRow(texts, icon, role, run.run_id, _UNKNOWN if lost else "")


def _since_s(moment: datetime) -> float:
    return max(0.0, (utc_now() - moment).total_seconds())


def _show_bytes(meter: Meter, used: int | None, total: int | None, *, free: int | None = None) -> None:
    if used is None or not total:
        meter.show_share(None, "unknown")
        return
    text = f"{size_text(free)} free" if free is not None else f"{size_text(used)} of {size_text(total)}"
    meter.show_share(used / total, text)

"""The honest pipeline in one line: rate, late, dropped, oldest unsaved step, disk; a sentence when it is not well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from gym_gui.controllers.session_state import Phase, SessionState
from gym_gui.core.typing_compat import override
from gym_gui.ui import theme as tokens
from gym_gui.ui.recording_words import record_words
from gym_gui.ui.widgets.basics import make_label, set_state

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent

    from gym_gui.telemetry.sink_status import SinkStatus
    from gym_gui.ui.theme import Theme

_GIGABYTE: Final = 1e9
_TEN: Final = 10.0  # from here on a decimal says nothing more
# Older than this, a step that is not yet on disk deserves a look: the sink promises a quarter of a second.
UNSAVED_WARN_S: Final = 2.0
LOW_DISK_HOURS: Final = 2.0
# Where nobody knows how fast the disk fills, so little of it is low all the same.
LOW_DISK_BYTES: Final = 1e9


@dataclass(frozen=True, slots=True)
class StatusLine:
    """What the bar says: its parts from left to right, the state it is in, and the sentence that explains."""

    record: str
    record_state: str
    facts: str = ""
    facts_state: str = ""
    sentence: str = ""
    disk: str = ""
    disk_state: str = ""


OPENING: Final = StatusLine("Opening…", "")
NOT_OPEN: Final = StatusLine("● Nothing can be recorded", "bad")


def describe_status(
    session: SessionState, pipeline: SinkStatus | None, bytes_per_s: float | None, *, address: str = ""
) -> StatusLine:
    """The words for this state of the pipeline; pure, so that every case can be tested.

    Args:
        session: The game.
        pipeline: What the sink says; None where nobody saves.
        bytes_per_s: How fast recording fills the disk; None where that is not known.
        address: Where the trainer is whose recordings are shown; empty for this machine's folder.
    """
    playing = session.in_game
    if pipeline is None:
        return _only_read(address)
    fault = bool(pipeline.fault)
    record, record_state = record_words(session, fault=fault) if playing or fault else ("Ready", "")
    lost = pipeline.shed_frames + pipeline.lost_frames + pipeline.lost_steps
    parts = []
    if session.phase is Phase.PLAYING and session.true_hz and not session.turn_based:
        parts.append(f"{session.true_hz:.1f} Hz")
    if playing:
        parts += [f"late {session.late_frames}", f"dropped {lost}", f"unsaved {pipeline.oldest_unsaved_s:.1f} s"]
    elif lost:
        parts.append(f"dropped {lost}")
    slow = pipeline.oldest_unsaved_s > UNSAVED_WARN_S
    sentence = pipeline.fault or pipeline.notice
    if not sentence and slow:
        sentence = "The disk is slow: recording lags behind the game."
    elif not sentence and pipeline.lost_steps:
        sentence = f"The disk refused for a while: {pipeline.lost_steps:,} steps are missing."
    elif not sentence and pipeline.lost_frames:
        sentence = "The disk refused for a while: some pictures are missing, every step was kept."
    elif not sentence and lost:
        sentence = "The disk could not keep up: some pictures were let go, every step was kept."
    free = pipeline.disk_free_bytes
    disk, low = f"disk {_size_text(free)}", free < LOW_DISK_BYTES
    if bytes_per_s:
        hours = free / bytes_per_s / 3600
        disk, low = f"{disk} ≈ {_hours_text(hours)}", hours < LOW_DISK_HOURS
    return StatusLine(
        record=record,
        record_state=record_state,
        facts=" · ".join(parts),
        facts_state="warn" if lost or slow else "",
        sentence=sentence,
        disk=disk if free else "",
        disk_state="warn" if low else "",
    )


def _only_read(address: str) -> StatusLine:
    if address:
        return StatusLine(f"Trainer {address}", "", facts="Its recordings; nothing is recorded by this window.")
    return StatusLine("○ Recording is off", "warn", sentence="This folder can only be read.")


def _size_text(size_bytes: int) -> str:
    gigabytes = size_bytes / _GIGABYTE
    return f"{gigabytes:,.0f} GB" if gigabytes >= _TEN else f"{gigabytes:.1f} GB"


def _hours_text(hours: float) -> str:
    return f"{hours:,.0f} h" if hours >= _TEN else f"{hours:.1f} h"


class StatusBar(QFrame):
    """Shows a `StatusLine`; a click asks for the details."""

    clicked = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("bar", "true")
        self.setFixedHeight(tokens.HIT_AREA)
        self._theme = theme
        self._line: StatusLine | None = None
        self._record = make_label("", "caption")
        self._facts = make_label("", "caption")
        self._sentence = make_label("", "caption")
        self._disk = make_label("", "caption")
        for label in (self._record, self._facts, self._sentence, self._disk):
            label.setFont(theme.font(tokens.CAPTION_PX))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        row = QHBoxLayout(self)
        row.setContentsMargins(tokens.SPACE_12, 0, tokens.SPACE_12, 0)
        row.setSpacing(tokens.SPACE_16)
        row.addWidget(self._record)
        row.addWidget(self._facts)
        row.addWidget(self._sentence, 1)
        row.addWidget(self._disk, 0, Qt.AlignmentFlag.AlignRight)

    def show_line(self, line: StatusLine) -> None:
        """Show these words; equal lines cost nothing."""
        if line == self._line:
            return
        self._line = line
        for label, text, state in (
            (self._record, line.record, line.record_state),
            (self._facts, line.facts, line.facts_state),
            (self._sentence, line.sentence, "bad" if line.record_state == "bad" else "warn"),
            (self._disk, line.disk, line.disk_state),
        ):
            label.setText(text)
            set_state(label, state)
        self.setToolTip("" if line in {OPENING, NOT_OPEN} else line.sentence or "Click for the details")

    @property
    def line(self) -> StatusLine | None:
        """What is shown."""
        return self._line

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.clicked.emit()

"""What stands below a worker's picture: who acts, where its episode is, and how old the picture is. Qt thread."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter

from gym_gui.ui import theme as tokens
from gym_gui.ui.texts import duration_text, number_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gym_gui.controllers.live_source import LivePicture
    from gym_gui.ui.theme import Theme

CAPTION_HEIGHT: Final = 20
# A worker that showed none for so long shows an old one.
STALE_PICTURE_S: Final = 5.0
_RIGHT: Final = Qt.TextElideMode.ElideRight


def picture_facts(picture: LivePicture) -> str:
    """Where its episode is: ``step 12 · return 3.5``, without a return that nobody knows."""
    facts = f"step {picture.step_index:,}"
    if math.isfinite(picture.episode_return):
        facts += f" · return {number_text(round(picture.episode_return, 2))}"
    return facts


def age_words(age_s: float) -> str:
    """``no picture for 12 s``; nothing of a picture that is new."""
    return f"no picture for {duration_text(age_s)}" if age_s >= STALE_PICTURE_S else ""


def paint_caption(
    painter: QPainter,
    theme: Theme,
    box: QRectF,
    *,
    name: str,
    facts: str,
    age: str,
    warns: bool,
    pace: Sequence[str] = (),
) -> None:
    """Paint the line: the name at the left, the age or else the facts at the right, as far as there is room.

    Args:
        painter: Paints it.
        theme: The look.
        box: Where.
        name: Of the worker, and who acts.
        facts: Where the picture's episode is.
        age: For how long there was no picture; empty where it is new.
        warns: Whether the name is to be noticed.
        pace: Why there was none and when the next one comes, in ever fewer words: nothing to be warned of. In place of
            the age where there is one.
    """
    box = box.adjusted(tokens.SPACE_4, 0, -tokens.SPACE_4, 0)
    metrics, middle = QFontMetrics(painter.font()), Qt.AlignmentFlag.AlignVCenter
    if age and pace:
        texts, ink = (f"{facts} · {pace[0]}", *pace), "overlay_muted"
    elif age:
        texts, ink = (f"{facts} · {age}", age), "overlay_warn"
    else:
        texts, ink = (facts,), "overlay_muted"
    least = metrics.horizontalAdvance(name[:4]) + tokens.SPACE_8
    told = next((text for text in texts if box.width() - metrics.horizontalAdvance(text) >= least), "")
    room = box.width() - metrics.horizontalAdvance(told) - (tokens.SPACE_8 if told else 0)
    painter.setPen(QColor(theme.color("overlay_warn" if warns else "overlay_text")))
    painter.drawText(box, Qt.AlignmentFlag.AlignLeft | middle, metrics.elidedText(name, _RIGHT, int(room)))
    if told:
        painter.setPen(theme.color(ink))
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | middle, told)

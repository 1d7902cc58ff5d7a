"""Where the banner of the Live screen stands: in the head's line where that is wide, else on a line of its own.

Qt thread. Its room is there before it is, so that nothing below moves under the mouse when an alert comes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtWidgets import QHBoxLayout

from gym_gui.ui import theme as tokens

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from gym_gui.ui.widgets.messages import Banner

# A narrower line has no room for a sentence beside its buttons.
_ONE_LINE: Final = 1_150
_ALL_ROOM: Final = 1_000


class BannerRoom:
    """Moves the banner between two lines as the screen becomes wider and narrower.

    Args:
        banner: An inline one.
        head: The line that it stands in where there is room.
        after: What it stands behind there.
    """

    def __init__(self, banner: Banner, head: QHBoxLayout, after: QWidget) -> None:
        self._banner, self._head, self._after = banner, head, after
        self.own_line = QHBoxLayout()
        self._is_beside: bool | None = None
        self.fit(_ONE_LINE)

    def fit(self, width: int) -> None:
        """The screen has *width* pixels."""
        is_beside = width >= _ONE_LINE
        if is_beside is self._is_beside:
            return
        self._is_beside = is_beside
        self._head.removeWidget(self._banner)
        self.own_line.removeWidget(self._banner)
        if is_beside:
            self._head.insertWidget(self._head.indexOf(self._after) + 1, self._banner, _ALL_ROOM)
            self.own_line.setContentsMargins(0, 0, 0, 0)
        else:
            self.own_line.addWidget(self._banner)
            self.own_line.setContentsMargins(tokens.SPACE_24, 0, tokens.SPACE_16, tokens.SPACE_8)

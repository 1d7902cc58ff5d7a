"""How the library's columns share the table's width: numbers stand whole, names take what is left and are cut."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from gym_gui.controllers.library_index import Column
from gym_gui.ui import theme as tokens
from gym_gui.ui.screens.library_model import COLUMNS, TEXT, TITLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PySide6.QtGui import QFontMetrics

    from gym_gui.controllers.library_entry import EpisodeEntry

LEAST: Final = {Column.GAME: 80, Column.PLAYER: 64}
SAMPLE: Final = 100  # lines that are measured; of the rest, those with the greatest and least numbers
_MEASURED: Final = 8
_CELL_PADDING: Final = tokens.SPACE_8 + tokens.SPACE_12
_ICON: Final = tokens.ICON_SMALL + tokens.SPACE_8
_ARROW: Final = " ↓"


def measure(entries: Sequence[EpisodeEntry], body: QFontMetrics, caption: QFontMetrics) -> dict[Column, int]:
    """The width in which each column's title and texts stand whole, logical pixels.

    Args:
        entries: The lines.
        body: Metrics of the cells' font.
        caption: Metrics of the titles' font.
    """
    lines = [*islice(entries, SAMPLE), *_extremes(entries)]
    widths: dict[Column, int] = {}
    for column in COLUMNS:
        texts = {TEXT[column](entry) for entry in lines}
        # Digits are equally wide: among many texts, only the longest can be the widest, letters or not.
        longest = sorted(texts, key=len, reverse=True)[:_MEASURED]
        widest = max((body.horizontalAdvance(text) for text in longest), default=0)
        cell = widest + _CELL_PADDING + (_ICON if column is Column.ENDED else 0)
        title = caption.horizontalAdvance(TITLES[column] + _ARROW) + 2 * tokens.SPACE_8
        widths[column] = max(cell, title)
    return widths


def share(room: int, wanted: Mapping[Column, int]) -> dict[Column, int]:
    """Widths that add up to *room* wherever the names can give or take as much.

    Args:
        room: Logical pixels for all columns.
        wanted: What `measure` said.
    """
    spare = room - sum(width for column, width in wanted.items() if column not in LEAST)
    game, player = (max(wanted[column], LEAST[column]) for column in (Column.GAME, Column.PLAYER))
    beyond = max(0, spare - game - player)
    # The player is cut first: which game it was tells more.
    game = max(LEAST[Column.GAME], min(game + beyond // 2, spare - LEAST[Column.PLAYER]))
    return {**wanted, Column.GAME: game, Column.PLAYER: max(LEAST[Column.PLAYER], spare - game)}


def _extremes(entries: Sequence[EpisodeEntry]) -> list[EpisodeEntry]:
    if len(entries) <= SAMPLE:
        return []
    keys = (
        lambda entry: entry.rollup.episode_index,
        lambda entry: entry.rollup.seed or 0,
        lambda entry: entry.rollup.steps,
        lambda entry: entry.rollup.total_reward,
        lambda entry: entry.summary.size_bytes,
    )
    return [pick(entries, key=key) for key in keys for pick in (min, max)]

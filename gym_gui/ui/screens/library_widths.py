"""How the library's columns share the table's width: names take what numbers leave, and are cut before they are."""

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

# Which columns give way, in this order, and how far: "random" stands whole. Tips tell seeds and endings whole, and so
# they are copied.
LEAST: Final = {Column.PLAYER: 76, Column.GAME: 80, Column.SEED: 56, Column.ENDED: 72}
SAMPLE: Final = 100  # lines that are measured; of the rest, those with the greatest and least numbers
_NAMES: Final = (Column.GAME, Column.PLAYER)
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
    """Widths that add up to *room* wherever the columns that give way can give or take as much.

    Args:
        room: Logical pixels for all columns.
        wanted: What `measure` said.
    """
    widths = dict(wanted)
    for column in _NAMES:
        widths[column] = max(wanted[column], LEAST[column])
    beyond = room - sum(widths.values())
    if beyond > 0:
        widths[Column.GAME] += beyond // 2
        widths[Column.PLAYER] += beyond - beyond // 2
    for column, least in LEAST.items():
        given = min(max(0, -beyond), max(0, widths[column] - least))
        widths[column] -= given
        beyond += given
    return widths


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

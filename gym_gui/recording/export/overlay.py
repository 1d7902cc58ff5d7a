"""A line of facts under a picture, where it hides nothing: episode, step, action, reward, return."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gym_gui.core.data_model import RunRecord
    from gym_gui.recording.export.pictures import Picture

# Narrower than this, no line of facts can be read; the picture is enlarged by a whole number.
READABLE_WIDTH: Final = 400
_TEXT_PX: Final = 15
_LINE_PX: Final = 22
_MARGIN_PX: Final = 8
_PADDING_PX: Final = 4
_NAME_PX: Final = 58
_LEVELS: Final = 3
_GROUND: Final = (18, 20, 24)
_INK: Final = (235, 238, 242)
_FAINT: Final = (150, 156, 166)
_GAIN: Final = (120, 214, 140)
_LOSS: Final = (240, 120, 110)
_SHOWN_NUMBERS: Final = 4


def readable_scale(width: int) -> int:
    """The whole number that makes a picture of this width wide enough for a line of facts."""
    return max(1, -(-READABLE_WIDTH // width))


class Overlay:
    """Draws the line.

    Args:
        run: Names of actions come from its metadata.
    """

    def __init__(self, run: RunRecord) -> None:
        told = run.metadata.get("action_meanings")
        self._names = [str(name) for name in told] if isinstance(told, list) else []

    @staticmethod
    def height(width: int) -> int:
        """Pixels that the lines take under a picture of this width."""
        del width
        return 2 * (_LINE_PX + _PADDING_PX)

    def line(self, picture: Picture, width: int) -> NDArray[np.uint8]:
        """The lines, ``uint8 (height, width, 3)``."""
        reward = picture.reward
        tint = _FAINT if not reward else _GAIN if reward > 0 else _LOSS
        ground = np.full((self.height(width), width, 3), _GROUND, np.uint8)
        facts = (
            ("step", f"{picture.step:,}", _INK),
            ("reward", "-" if reward is None else f"{reward:+g}" if reward else "0", tint),
            ("action", self._action(picture.action), _INK),
            ("return", f"{picture.total:,.6g}", _INK),
        )
        for place, (name, value, ink) in enumerate(facts):
            top, left = _PADDING_PX + _LINE_PX * (place // 2), _MARGIN_PX + width // 2 * (place % 2)
            _lay(ground, (top, left), _text(name), _FAINT)
            _lay(ground, (top, left + _NAME_PX), _text(value), ink)
        return ground

    def _action(self, action: Any) -> str:
        if action is None:
            return "-"
        if isinstance(action, int) and not isinstance(action, bool):
            known = 0 <= action < len(self._names)
            return f"{action} {self._names[action].replace('_', ' ').lower()}" if known else str(action)
        return _short(action)


def _short(action: Any) -> str:
    if isinstance(action, dict):
        return "  ".join(f"{key} {_short(value)}" for key, value in action.items())
    if isinstance(action, (np.ndarray, tuple, list)):
        flat = list(np.ravel(action)) if isinstance(action, np.ndarray) else list(action)
        return " ".join(map(_short, flat[:_SHOWN_NUMBERS])) + (" …" if len(flat) > _SHOWN_NUMBERS else "")
    return f"{action:+.2f}" if isinstance(action, (float, np.floating)) else str(action)


def _lay(ground: NDArray[np.uint8], place: tuple[int, int], mask: NDArray[np.uint8], ink: tuple[int, int, int]) -> None:
    """Lay ink on the ground where the mask says so; few levels, so that a GIF's palette has room for them."""
    top, left = place
    room = ground[top : top + mask.shape[0], left : left + mask.shape[1]]
    part = mask[: room.shape[0], : room.shape[1], None].astype(np.uint16)
    room[:] = (room * (_LEVELS - part) + np.array(ink, np.uint16) * part) // _LEVELS


@lru_cache(maxsize=256)
def _text(text: str) -> NDArray[np.uint8]:
    """How much ink each pixel of a text takes, 0 to `_LEVELS`, ``uint8 (H, W)``."""
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415 - only where a line is drawn

    font = ImageFont.load_default(_TEXT_PX)
    image = Image.new("L", (max(1, round(font.getlength(text))), _LINE_PX), 0)
    ImageDraw.Draw(image).text((0, (_LINE_PX - _TEXT_PX) // 2 - 1), text, font=font, fill=255)
    levels: NDArray[np.uint8] = (np.asarray(image).astype(np.uint16) * _LEVELS // 255).astype(np.uint8)
    return levels

"""ViewSource: the drawing of each step, of an environment whose attributes are not ours to trust."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from gym_gui.adapters.foreign import one_line
from gym_gui.adapters.opening import ANSI
from gym_gui.adapters.toy_text_views import toy_text_view_maker
from gym_gui.adapters.views import make_view_maker, text_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from gymnasium import Env

    from gym_gui.adapters.views import View, ViewMaker

_LOGGER = logging.getLogger(__name__)


class ViewSource:
    """Draws steps; a drawing is not worth an environment, so the first one that fails is the last that is tried.

    Args:
        make: Makes the maker; None where there is nothing to draw.
        name: Of the environment, for the log.
    """

    def __init__(self, make: Callable[[], ViewMaker | None], name: str) -> None:
        self._name = name
        # Made with the first step: worlds place their agents in reset, not when they are made.
        self._make: Callable[[], ViewMaker | None] | None = make
        self._maker: ViewMaker | None = None

    def of(self, observation: Any, *, is_over: bool) -> View | None:
        """The payload of a step; None where there is nothing to draw."""
        try:
            if self._make is not None:
                make, self._make = self._make, None
                self._maker = make()
            return None if self._maker is None else self._maker(observation, is_over)
        except Exception as fault:  # noqa: BLE001 - foreign attributes
            _LOGGER.info("%s is shown without a view: %s", self._name, one_line(fault))
            self._maker = None
            return None


def view_maker_of(env: Env[Any, Any]) -> ViewMaker | None:
    """The maker for any environment: its family's, or what `drawn_or_written` finds."""
    return toy_text_view_maker(env) or drawn_or_written(env)


def drawn_or_written(env: Env[Any, Any]) -> ViewMaker | None:
    """The maker for an environment of no family: what can be drawn, the text of ``render_mode="ansi"``, or None."""
    found = make_view_maker(env)
    if found is None and env.render_mode == ANSI:
        return lambda *_: _text_of(env.render())
    return found


def _text_of(rendered: Any) -> View | None:
    return text_view(rendered) if isinstance(rendered, str) else None

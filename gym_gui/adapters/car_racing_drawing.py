"""CarRacing's drawing, pixel for pixel, in half the time.

It draws its scene twice a step, once to be observed and once to be seen, in Python, with the interpreter held; on a
slow machine that alone takes longer than a step may. Both drawings show the same world, so the second one starts from
a copy of the first one's road; and of the 700 polygons of the world most are far from the screen and drawn by nobody.
"""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gymnasium import Env

# Beyond what rounding can do to a corner's place, in pixels.
_MARGIN: Final = 2.0


def hasten_drawing(env: Env[Any, Any]) -> None:
    """Let *env*, a Gymnasium ``CarRacing``, draw the same sooner; one that is built otherwise stays as it is."""
    game: Any = env.unwrapped
    module = sys.modules[type(game).__module__]
    bounds: list[Any] = [getattr(module, name, None) for name in ("WINDOW_W", "WINDOW_H", "MAX_SHAPE_DIM")]
    names = ("_render_road", "_draw_colored_polygon", "bg_color", "grass_color")
    if all(isinstance(bound, (int, float)) for bound in bounds) and all(hasattr(game, name) for name in names):
        game._draw_colored_polygon = _Horizon(game._draw_colored_polygon, *bounds)  # noqa: SLF001 - no public way
        game._render_road = _RoadMemory(game, game._render_road)  # noqa: SLF001 - as above


class _Horizon:
    """Stands in for the method that draws one polygon if a corner of it is on the screen or near it."""

    def __init__(self, draw: Callable[..., None], width: float, height: float, beyond: float) -> None:
        self._draw = draw
        self._width, self._height, self._beyond = width, height, beyond + _MARGIN
        self._angle, self._cos, self._sin = 0.0, 1.0, 0.0

    def __call__(  # noqa: PLR0917 - the method's own signature
        self,
        surface: Any,
        poly: Sequence[tuple[float, float]],
        color: Any,
        zoom: float,
        translation: tuple[float, float],
        angle: float,
        clip: bool = True,
    ) -> None:
        if clip:
            if angle != self._angle:
                self._angle, self._cos, self._sin = angle, math.cos(angle), math.sin(angle)
            x, y = poly[0]
            # No corner is farther from the first one than the sides to it are long.
            reach = self._beyond + zoom * max([abs(one[0] - x) + abs(one[1] - y) for one in poly])
            left = (x * self._cos - y * self._sin) * zoom + translation[0]
            top = (x * self._sin + y * self._cos) * zoom + translation[1]
            if not (-reach <= left <= self._width + reach and -reach <= top <= self._height + reach):
                return
        self._draw(surface, poly, color, zoom, translation, angle, clip)


class _RoadMemory:
    """Stands in for the method that draws road and grass on ``game.surf``."""

    def __init__(self, game: Any, draw: Callable[[float, tuple[float, float], float], None]) -> None:
        self._game = game
        self._draw = draw
        self._world: tuple[Any, ...] = ()
        # Held, not only named by its id: a list made later could take the same place.
        self._road: Any = None
        self._picture: Any = None

    def __call__(self, zoom: float, translation: tuple[float, float], angle: float) -> None:
        game = self._game
        # Each step advances the time, and each reset makes a new road.
        world = (game.t, zoom, translation, angle, game.bg_color.tobytes(), game.grass_color.tobytes())
        if self._picture is not None and self._road is game.road_poly and self._world == world:
            game.surf.blit(self._picture, (0, 0))
            return
        self._draw(zoom, translation, angle)
        self._world, self._road, self._picture = world, game.road_poly, game.surf.copy()

"""CarRacing's drawing, pixel for pixel, in a fraction of the time.

It draws its scene twice a step, once to be observed and once to be seen, in Python, with the interpreter held; on a
slow machine that alone takes longer than a step may. Of the 700 polygons of the world most are far from the screen and
drawn by nobody: which are not, NumPy says for all at once. Both drawings show the same world, so the second one goes on
where the first one ended: it covers the car with itself.
"""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.adapters.reused_surfaces import reuse_surfaces

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from gymnasium import Env
    from numpy.typing import NDArray

# Beyond what rounding and soft edges can do to a corner's place, in pixels.
_MARGIN: Final = 4.0
_BOUNDS: Final = ("WINDOW_W", "WINDOW_H", "PLAYFIELD", "GRASS_DIM")
_PARTS: Final = ("_render_road", "_render", "_draw_colored_polygon", "_create_image_array", "bg_color", "grass_color")
# In world units, from the edge of the playfield: within it no edge of it is on the screen.
_FIELD_MARGIN: Final = 2.0
_Polygon = list[tuple[float, float]]


def hasten_drawing(env: Env[Any, Any]) -> None:
    """Let *env*, a Gymnasium ``CarRacing``, draw the same sooner; one that is built otherwise stays as it is."""
    game: Any = env.unwrapped
    module = sys.modules[type(game).__module__]
    bounds: list[Any] = [getattr(module, name, None) for name in _BOUNDS]
    is_known = all(isinstance(bound, (int, float)) for bound in bounds) and hasattr(module, "pygame")
    if is_known and all(hasattr(game, name) for name in _PARTS):
        game._render_road = _Road(game, *bounds)  # noqa: SLF001 - no public way
        game._create_image_array = _Pictures(module.pygame)  # noqa: SLF001 - as above
        reuse_surfaces(game, "_render", module.pygame)


class _Road:
    """Stands in for the method that draws road and grass on ``game.surf``."""

    def __init__(self, game: Any, width: float, height: float, playfield: float, grass: float) -> None:
        self._game = game
        self._size = np.array([width, height], np.float64)
        self._playfield = playfield
        self._grass = _grass_of(grass)
        self._grass_corners = _corners_of(self._grass)
        # Held, not only named by its id: a list made later could take the same place.
        self._road: Any = None
        self._road_length = 0
        self._corners = self._grass_corners
        self._world: tuple[Any, ...] = ()
        self._surface: Any = None

    def __call__(self, zoom: float, translation: tuple[float, float], angle: float) -> None:
        game = self._game
        self._know_road(game.road_poly)
        # Each step advances the time, and each reset makes a new road.
        world = (game.t, zoom, translation, angle, game.bg_color.tobytes(), game.grass_color.tobytes())
        if world == self._world:
            # The first drawing of a step leaves out what the wheels leave on the ground and nothing else, all of it is
            # opaque, and the car comes last. Once only: what the second one has on the ground may not be the third's.
            surface, self._surface = self._surface, None
            if surface is not None:
                game.surf = surface
                return
        else:
            self._world, self._surface = world, game.surf
        self._draw(zoom, translation, angle)

    def _know_road(self, road: Sequence[tuple[Any, Any]]) -> None:
        if road is self._road and len(road) == self._road_length:
            return
        self._road, self._road_length = road, len(road)
        self._world, self._surface = (), None
        polygons = _corners_of([[(corner[0], corner[1]) for corner in polygon] for polygon, _ in road])
        self._corners = np.concatenate([self._grass_corners, polygons])

    def _draw(self, zoom: float, translation: tuple[float, float], angle: float) -> None:
        game, draw = self._game, self._game._draw_colored_polygon  # noqa: SLF001 - the method's own
        edge, sine, cosine = self._playfield, math.sin(angle), math.cos(angle)
        turn = np.array([[cosine, sine], [-sine, cosine]]) * zoom
        if self._sees_field_only(zoom, translation, sine, cosine):
            game.surf.fill([int(part) for part in game.bg_color])
        else:
            field = [(edge, edge), (edge, -edge), (-edge, -edge), (-edge, edge)]
            draw(game.surf, field, game.bg_color, zoom, translation, angle, clip=False)
        places = self._corners @ turn + translation
        low, high = places.min(axis=1), places.max(axis=1)
        is_seen = ((high >= -_MARGIN) & (low <= self._size + _MARGIN)).all(axis=1)
        for place in np.flatnonzero(is_seen).tolist():
            if place < len(self._grass):
                draw(game.surf, self._grass[place], game.grass_color, zoom, translation, angle)
                continue
            polygon, color = game.road_poly[place - len(self._grass)]
            corners = [(corner[0], corner[1]) for corner in polygon]
            draw(game.surf, corners, [int(part) for part in color], zoom, translation, angle)

    def _sees_field_only(self, zoom: float, translation: tuple[float, float], sine: float, cosine: float) -> bool:
        """Whether the whole screen shows ground within the playfield, whose colour then fills it."""
        (width, height), edge = self._size.tolist(), self._playfield - _FIELD_MARGIN
        for left, top in ((0, 0), (width, 0), (0, height), (width, height)):
            x, y = (left - translation[0]) / zoom, (top - translation[1]) / zoom
            if abs(x * cosine + y * sine) > edge or abs(y * cosine - x * sine) > edge:
                return False
        return True


def _grass_of(size: float) -> list[_Polygon]:
    """The patches of grass, in their order."""
    places = range(-20, 20, 2)
    return [
        [
            (size * x + size, size * y + 0),
            (size * x + 0, size * y + 0),
            (size * x + 0, size * y + size),
            (size * x + size, size * y + size),
        ]
        for x in places
        for y in places
    ]


def _corners_of(polygons: Sequence[_Polygon]) -> NDArray[np.float64]:
    """``float64 (polygons, 4, 2)``; every polygon of this world has four corners."""
    return np.array(polygons, np.float64).reshape(-1, 4, 2)


class _Pictures:
    """Stands in for the method that makes an array of the screen."""

    def __init__(self, pygame: ModuleType) -> None:
        self._pygame = pygame
        self._scaled: dict[tuple[int, int], Any] = {}

    def __call__(self, screen: Any, size: tuple[int, int]) -> NDArray[np.uint8]:
        """``uint8 (height, width, 3)``, the caller's own."""
        scaled = self._scaled.get(size)
        if scaled is None or scaled.get_masks() != screen.get_masks():
            scaled = self._scaled[size] = self._pygame.transform.smoothscale(screen, size)
        else:
            self._pygame.transform.smoothscale(screen, size, scaled)
        pixels = bytearray(self._pygame.image.tobytes(scaled, "RGB"))
        return np.frombuffer(pixels, np.uint8).reshape(size[1], size[0], 3)

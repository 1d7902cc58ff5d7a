"""Pygame for one function that makes large surfaces in every frame: it gets the same memory again.

A surface of a thousand by eight hundred pixels is 3 MB, and memory that a process touches for the first time costs
more than what is drawn on it.
"""

from __future__ import annotations

from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType


def reuse_surfaces(game: Any, method: str, pygame: ModuleType) -> None:
    """Let *method* of *game* run as it is written, with a pygame that gives its surfaces and fonts again.

    What a call made may be looked at until the next but one. A method that is no plain function stays as it is.
    """
    function = getattr(type(game), method, None)
    if isinstance(function, FunctionType) and function.__globals__.get("pygame") is pygame and not function.__closure__:
        names = {**function.__globals__, "pygame": _Pygame(pygame)}
        again = FunctionType(function.__code__, names, function.__name__, function.__defaults__)
        again.__kwdefaults__ = function.__kwdefaults__
        setattr(game, method, MethodType(again, game))


class _Pygame:
    """Stands in for the module."""

    def __init__(self, pygame: ModuleType) -> None:
        self._pygame = pygame
        self._surfaces: dict[tuple[int, int], list[Any]] = {}
        self.transform = _Transform(pygame)
        self.font = _Fonts(pygame)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pygame, name)

    def Surface(self, size: tuple[int, int], *others: Any, **named: Any) -> Any:  # noqa: N802 - pygame's own name
        """A black surface; two of a size take turns."""
        if others or named:
            return self._pygame.Surface(size, *others, **named)
        known = self._surfaces.setdefault(size, [])
        if len(known) < 2:  # noqa: PLR2004 - the one before may still be looked at
            known.append(self._pygame.Surface(size))
            return known[-1]
        known.append(known.pop(0))
        known[-1].fill(0)
        return known[-1]


class _Transform:
    """Stands in for ``pygame.transform``."""

    def __init__(self, pygame: ModuleType) -> None:
        self._pygame = pygame
        self._flipped: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pygame.transform, name)

    def flip(self, surface: Any, flip_x: bool, flip_y: bool) -> Any:
        """The surface turned upside down, in the same memory each time."""
        made = self._flipped
        if flip_x or not flip_y or surface is made:
            return self._pygame.transform.flip(surface, flip_x, flip_y)
        if made is None or (made.get_size(), made.get_masks()) != (surface.get_size(), surface.get_masks()):
            made = self._flipped = self._pygame.transform.flip(surface, flip_x, flip_y)
            return made
        pixels = self._pygame.surfarray.pixels2d
        pixels(made)[:] = pixels(surface)[:, ::-1]
        return made


class _Fonts:
    """Stands in for ``pygame.font``."""

    def __init__(self, pygame: ModuleType) -> None:
        self._pygame = pygame
        self._made: dict[tuple[Any, ...], _Font] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pygame.font, name)

    def Font(self, *which: Any) -> Any:  # noqa: N802 - pygame's own name
        """A font, read once."""
        if which not in self._made:
            self._made[which] = _Font(self._pygame, which)
        return self._made[which]


class _Font:
    def __init__(self, pygame: ModuleType, which: tuple[Any, ...]) -> None:
        self._pygame = pygame
        self._which = which
        self._font = pygame.font.Font(*which)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._font, name)

    def render(self, *text: Any, **named: Any) -> Any:
        """The text as a surface."""
        try:
            return self._font.render(*text, **named)
        except self._pygame.error:  # somebody ended pygame in between, and its fonts with it
            self._font = self._pygame.font.Font(*self._which)
            return self._font.render(*text, **named)

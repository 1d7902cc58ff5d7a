"""Which episodes keep their pictures: ``all``, ``none``, ``every:N``, ``best``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from gym_gui.core.errors import ConfigError

_EVERY: Final = re.compile(r"every:([1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True)
class FrameChoice:
    """Which episodes keep their pictures.

    Attributes:
        text: As it was written.
        every: Episodes 0, N, 2N, … are drawn; 0 draws none.
        best: An episode keeps its pictures only where its return is the best so far, which its end tells.
    """

    text: str
    every: int
    best: bool = False

    @classmethod
    def parse(cls, text: str) -> FrameChoice:
        """The choice that *text* names.

        Raises:
            ConfigError: it names none.
        """
        if text in {"all", "best"}:
            return cls(text, 1, best=text == "best")
        if text == "none":
            return cls(text, 0)
        match = _EVERY.fullmatch(str(text))
        if match is None:
            raise ConfigError(
                f"frames={text!r} is not known.", hint='Write "all", "none", "every:10" (with any number) or "best".'
            )
        return cls(text, int(match[1]))

    def draws(self, episode_index: int) -> bool:
        """Whether pictures of that episode are wanted."""
        return self.every > 0 and episode_index % self.every == 0

"""The control scheme: which keys exist, what they mean, and what a set of held keys does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Binding:
    """One control as a person reads it.

    Attributes:
        keys: Key names, any of which does it: ``"left"``, ``"a"``, ``"space"``. Lower case; arrows are ``up``,
            ``down``, ``left``, ``right``; letters and digits are themselves.
        label: What it does, in one or two words: ``Left``, ``Fire``, ``Steer left``.
        pad: The gamepad control that does it: ``dpad_left``, ``a``, ``trigger_right``; empty for none.
    """

    keys: tuple[str, ...]
    label: str
    pad: str = ""


class ControlScheme(ABC):
    """Maps the set of held keys to one action; pure, so the session thread may ask it at any rate."""

    @property
    @abstractmethod
    def bindings(self) -> Sequence[Binding]:
        """Every control, in the order a help overlay lists them; empty where a person cannot play by keys."""

    @abstractmethod
    def action_for(self, held: frozenset[str]) -> Any:
        """The action of these held keys; the idle action where none of them means anything.

        For a turn-based game, None where the keys mean nothing: then no step is taken.
        """

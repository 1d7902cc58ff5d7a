"""The two spaces of a run, handed over with its start so that its steps can be checked against them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpaces:
    """What an environment's actions and observations are drawn from.

    Attributes:
        action: The action space of one environment (of one sub-environment of a vector); None where it is not known.
        observation: The same for observations.
        by_agent: Agent -> its own spaces, where agents differ.
        in_turns: Whether one agent acts in a step, so that the others have rows without an action.
    """

    action: Any = None
    observation: Any = None
    by_agent: dict[str, RunSpaces] | None = None
    in_turns: bool = False

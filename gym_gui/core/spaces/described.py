"""The spaces of a run as its metadata describe them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gym_gui.core.errors import SchemaMismatchError
from gym_gui.core.schema.run_spaces import RunSpaces
from gym_gui.core.spaces.serializer import SpaceSerializer


def described_spaces(metadata: Mapping[str, Any]) -> RunSpaces | None:
    """The spaces that a run's metadata describe, each agent's own where it has ``agents``; None where they do not."""
    forms = metadata.get("spaces")
    if not isinstance(forms, Mapping) or not forms:
        return None
    found: dict[str, Any] = {}
    for name in ("action", "observation"):
        try:
            found[name] = SpaceSerializer.from_json(forms[name]) if name in forms else None
        except SchemaMismatchError:
            found[name] = None  # a class that is not Gymnasium's own: its values cannot be judged here
    agents = metadata.get("agents")
    if not isinstance(agents, list):
        return RunSpaces(**found)
    parts = {name: getattr(space, "spaces", None) or {} for name, space in found.items()}
    by_agent = {
        agent: RunSpaces(action=parts["action"].get(agent), observation=parts["observation"].get(agent))
        for agent in agents
    }
    return RunSpaces(by_agent=by_agent, in_turns=metadata.get("in_turns") is True)

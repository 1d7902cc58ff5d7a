"""Graphs as their space has them: recordings keep a ``GraphInstance`` as a tuple, which no graph space contains."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from gymnasium.spaces import Space

Restorer: TypeAlias = Callable[[Any], Any]
_PARTS: Final = 3  # nodes, edges, links


def graph_restorer(space: Space[Any] | None) -> Restorer | None:
    """What makes the graphs in a value of *space* graphs again; None where there are none, as nearly always.

    A value that is not of the space's form is given back as it is.
    """
    if space is None:
        return None
    from gymnasium import spaces  # noqa: PLC0415 - 0.4 s; whoever has a space has paid it

    found: Restorer | None = None
    if isinstance(space, spaces.Graph):
        found = _graph
    elif isinstance(space, spaces.Dict):
        named = {key: restore for key, part in space.spaces.items() if (restore := graph_restorer(part)) is not None}
        found = _of_dict(named) if named else None
    elif isinstance(space, (spaces.Tuple, spaces.OneOf)):
        placed = [graph_restorer(part) for part in space.spaces]
        of_parts = _of_tuple if isinstance(space, spaces.Tuple) else _of_choice
        found = of_parts(placed) if any(placed) else None
    elif isinstance(space, spaces.Sequence) and not space.stack:
        each = graph_restorer(space.feature_space)
        found = None if each is None else _of_sequence(each)
    return found


def _graph(value: Any) -> Any:
    from gymnasium.spaces import GraphInstance  # noqa: PLC0415 - loaded with the space

    return GraphInstance(*value) if type(value) is tuple and len(value) == _PARTS else value


def _of_sequence(each: Restorer) -> Restorer:
    return lambda value: tuple(map(each, value)) if type(value) is tuple else value


def _of_dict(named: dict[str, Restorer]) -> Restorer:
    def restore(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {key: named[key](one) if key in named else one for key, one in value.items()}

    return restore


def _of_tuple(placed: list[Restorer | None]) -> Restorer:
    def restore(value: Any) -> Any:
        if type(value) is not tuple or len(value) != len(placed):
            return value
        return tuple(one if part is None else part(one) for part, one in zip(placed, value, strict=True))

    return restore


def _of_choice(chosen: list[Restorer | None]) -> Restorer:
    def restore(value: Any) -> Any:
        if type(value) is not tuple or len(value) != 2 or not 0 <= int(value[0]) < len(chosen):  # noqa: PLR2004 - which, what
            return value
        part = chosen[int(value[0])]
        return value if part is None else (value[0], part(value[1]))

    return restore

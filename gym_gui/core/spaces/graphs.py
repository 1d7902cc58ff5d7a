"""Recorded values of spaces that hold graphs, in the types that these spaces sample.

Recordings know tuples only; which of them were a ``GraphInstance`` is what the run's space says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gym_gui.core.data_model import StepRecord

Restorer: TypeAlias = Callable[[Any], Any]
"""Gives a recorded value back as its space samples it; what is not as the space says stays what it is."""

_GRAPH_PARTS: Final = len(("nodes", "edges", "edge_links"))


class RunGraphs:
    """Makes graphs in a run's recorded actions and observations graphs again.

    Args:
        metadata: The run's, which describe its spaces, each agent's own where it has ``agents``.
    """

    def __init__(self, metadata: Mapping[str, Any]) -> None:
        forms = metadata.get("spaces")
        self._alone = not isinstance(metadata.get("agents"), list)
        self._of = {name: self._restorers(forms, name) for name in ("action", "observation")}

    def of_action(self, agent_id: str) -> Restorer | None:
        """What restores an agent's actions; None where there are no graphs in them, as nearly always."""
        return self._of["action"].get("" if self._alone else agent_id)

    def of_observation(self, agent_id: str) -> Restorer | None:
        """What restores an agent's observations; None where there are no graphs in them."""
        return self._of["observation"].get("" if self._alone else agent_id)

    def restored(self, step: StepRecord) -> StepRecord:
        """*step* itself, or with graphs where its row holds any."""
        action, observation = self.of_action(step.agent_id), self.of_observation(step.agent_id)
        if action is not None and step.action is not None:
            step = replace(step, action=action(step.action))
        if observation is not None and step.observation is not None:
            step = replace(step, observation=observation(step.observation))
        return step

    def _restorers(self, forms: Any, name: str) -> dict[str, Restorer]:
        form = forms.get(name) if isinstance(forms, Mapping) else None
        if not isinstance(form, Mapping):
            return {}
        by_agent = {"": form} if self._alone else dict(form.get("spaces", ()))
        found = {agent: graph_restorer(own) for agent, own in by_agent.items()}
        return {agent: restorer for agent, restorer in found.items() if restorer is not None}


def graph_restorer(form: Any) -> Restorer | None:
    """What makes the graphs in a value of the space of that JSON form graphs again; None where there are none."""
    return _restorer(form) if _holds_graph(form) else None


def _holds_graph(form: Any) -> bool:
    if not isinstance(form, Mapping):
        return False
    return form.get("type") == "Graph" or any(map(_holds_graph, _parts_of(form)))


def _parts_of(form: Mapping[str, Any]) -> list[Any]:
    parts = form.get("spaces", [])
    inner = [part[1] for part in parts] if form.get("type") == "Dict" else list(parts)
    return [*inner, form.get("space"), form.get("base")]


def _restorer(form: Any) -> Restorer:
    """The restorer of single values."""
    make = _SINGLE.get(form.get("type")) if isinstance(form, Mapping) else None
    return _as_it_is if make is None else make(form)


def _of_batch(form: Any) -> Restorer:
    """The restorer of several values as Gymnasium stacks them: parts are stacked, what has no array form is a tuple."""
    make = _STACKED.get(form.get("type")) if isinstance(form, Mapping) else None
    return _as_it_is if make is None else make(form)


def _as_it_is(value: Any) -> Any:
    return value


def _as_array(value: Any) -> Any:
    # A packed field without dimensions is read as a NumPy scalar, which a Box never samples.
    return np.asarray(value) if isinstance(value, np.generic) else value


def _graphs(nodes: Restorer, edges: Restorer) -> Restorer:
    def restore(value: Any) -> Any:
        if type(value) is not tuple or len(value) != _GRAPH_PARTS:
            return value
        from gymnasium.spaces import GraphInstance  # noqa: PLC0415 - 0.4 s; only where there are graphs

        return GraphInstance(nodes(value[0]), edges(value[1]), value[2])

    return restore


def _dicts(parts: Mapping[Any, Restorer]) -> Restorer:
    def restore(value: Any) -> Any:
        if type(value) is not dict:
            return value
        return {key: parts.get(key, _as_it_is)(one) for key, one in value.items()}

    return restore


def _tuples(parts: Sequence[Restorer]) -> Restorer:
    def restore(value: Any) -> Any:
        if type(value) is not tuple or len(value) != len(parts):
            return value
        return tuple(part(one) for part, one in zip(parts, value, strict=True))

    return restore


def _items(item: Restorer) -> Restorer:
    return lambda value: tuple(map(item, value)) if type(value) is tuple else value


def _choices(parts: Sequence[Restorer]) -> Restorer:
    def restore(value: Any) -> Any:
        is_choice = type(value) is tuple and bool(value) and isinstance(value[0], (int, np.integer))
        if not is_choice or not 0 <= value[0] < len(parts):
            return value
        return (value[0], *map(parts[int(value[0])], value[1:]))

    return restore


# By the type of a space; an opaque one is of a class that may derive from one of Gymnasium's.
_SINGLE: Final[Mapping[str | None, Callable[[Any], Restorer]]] = {
    "Box": lambda form: _as_it_is if form["shape"] else _as_array,
    "Graph": lambda form: _graphs(_of_batch(form["nodes"]), _of_batch(form["edges"])),
    "Dict": lambda form: _dicts({key: _restorer(part) for key, part in form["spaces"]}),
    "Tuple": lambda form: _tuples([_restorer(part) for part in form["spaces"]]),
    "OneOf": lambda form: _choices([_restorer(part) for part in form["spaces"]]),
    "Sequence": lambda form: _of_batch(form["space"]) if form["stack"] else _items(_restorer(form["space"])),
    "Opaque": lambda form: _restorer(form.get("base")),
}
_STACKED: Final[Mapping[str | None, Callable[[Any], Restorer]]] = {
    "Graph": lambda form: _items(_restorer(form)),
    "Dict": lambda form: _dicts({key: _of_batch(part) for key, part in form["spaces"]}),
    "Tuple": lambda form: _tuples([_of_batch(part) for part in form["spaces"]]),
    "OneOf": lambda form: _items(_restorer(form)),
    "Sequence": lambda form: _items(_restorer(form)),
    "Opaque": lambda form: _of_batch(form.get("base")),
}

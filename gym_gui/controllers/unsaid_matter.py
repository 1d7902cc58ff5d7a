"""What an episode's rows leave unsaid, because the run or the episode says it for all of them.

A training process writes as little as it can for each row: its place in a vector stands in the episode's metadata, and
a graph that it observed is its own picture.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.errors import SchemaMismatchError
from gym_gui.core.spaces import SpaceSerializer
from gym_gui.core.spaces.graphs import RunGraphs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gym_gui.core.data_model import EpisodeRollup, RunRecord, StepRecord

_OF_A_VECTOR: Final = ("autoreset_mode", "vector_index", "batch_size")


class UnsaidMatter:
    """Completes the rows of one episode. Made and used on a task's thread: spaces of graphs load Gymnasium.

    Args:
        run: Its run.
        episode: The episode.
    """

    def __init__(self, run: RunRecord, episode: EpisodeRollup) -> None:
        self._vector = _vector_of(episode.metadata)
        self._graphs, self._space = RunGraphs(run.metadata), _graph_space_of(run.metadata)

    def completed(self, record: StepRecord) -> StepRecord:
        """*record*, with its place in a vector and the graph that it shows, where it says neither itself."""
        if record.vector_metadata is None and self._vector is not None:
            record = replace(record, vector_metadata=self._vector)
        if record.view is None and self._space is not None and record.observation is not None:
            record = replace(record, view=self._graph_of(record))
        return record

    def _graph_of(self, record: StepRecord) -> dict[str, Any] | None:
        from gym_gui.adapters.views import graph_view  # noqa: PLC0415 - Gymnasium; only where graphs are observed

        observed = self._graphs.restored(record).observation
        return graph_view(self._space, observed) if hasattr(observed, "edge_links") else None


def _vector_of(metadata: Mapping[str, Any]) -> dict[str, Any] | None:
    return {name: metadata[name] for name in _OF_A_VECTOR} if all(name in metadata for name in _OF_A_VECTOR) else None


def _graph_space_of(metadata: Mapping[str, Any]) -> Any:
    """The space of a run whose single agent observes graphs and nothing else; None for all others."""
    forms = metadata.get("spaces")
    form = forms.get("observation") if isinstance(forms, dict) else None
    if not isinstance(form, dict) or form.get("type") != "Graph":
        return None
    try:
        return SpaceSerializer.from_json(form)
    except SchemaMismatchError:
        return None

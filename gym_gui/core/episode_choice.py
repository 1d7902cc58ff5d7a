"""Which episode of a run an index means: workers, attempts and evaluations of one run each count their own from 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gym_gui.core.errors import AmbiguousEpisodeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gym_gui.core.data_model import EpisodeRollup

_NAMED: Final = 5


def check_unambiguous(index: int, found: Sequence[EpisodeRollup]) -> None:
    """Let the episodes of one run that have an index pass, where there is at most one.

    Raises:
        AmbiguousEpisodeError: there are several; their ids are named.
    """
    if len(found) > 1:
        ids = ", ".join(rollup.episode_id for rollup in found[:_NAMED])
        more = f" and {len(found) - _NAMED:,} more" if len(found) > _NAMED else ""
        raise AmbiguousEpisodeError(
            f"Run {found[0].run_id} has {len(found):,} episodes of index {index}: {ids}{more}.",
            hint="Its workers, attempts or evaluations each count their own: name the one you mean by its id.",
        )

"""What a click on a curve's point opens: its own episode, or the nearest one that has pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gym_gui.controllers.live_source import Moment

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gym_gui.controllers.run_curves import EpisodeFacts


def nearest(places: NDArray[np.int64], place: int) -> int:
    """The one of the growing *places* that is nearest to *place*; *place* itself where there are none."""
    if not len(places):
        return place
    after = int(np.searchsorted(places, place))
    near = places[max(0, after - 1) : after + 1].tolist()
    return int(min(near, key=lambda one: abs(one - place)))


def pictured_instead(moment: Moment, facts: EpisodeFacts) -> tuple[Moment, str]:
    """A moment's episode, or the end of the one nearest to it that has pictures; and what is said of that."""
    try:
        place = facts.ids.index((moment.run_id, moment.episode_id))
    except ValueError:  # it is going on, and shows what it has
        return moment, ""
    there = nearest(np.flatnonzero(facts.pictured), place)
    if there == place:
        return moment, ""
    return Moment(*facts.ids[there], int(facts.steps[there])), told_instead(there - place)


def told_instead(episodes: int) -> str:
    """That another episode is opened, so many after the one that was picked; empty for that one itself."""
    if not episodes:
        return ""
    count, where = abs(episodes), "later" if episodes > 0 else "earlier"
    return (
        "No pictures were kept of that episode. This is the nearest one that has some, "
        f"{count:,} episode{'' if count == 1 else 's'} {where}."
    )

"""Which episodes and steps are meant: ``1,5-9`` to rollups, checked against what the run has."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gym_gui.core.episode_choice import check_unambiguous
from gym_gui.core.errors import EpisodeNotFoundError, ExportError, ExportRequestError

if TYPE_CHECKING:
    from gym_gui.core.data_model import EpisodeRollup, RunRecord
    from gym_gui.recording.export.readers import RowReader
    from gym_gui.recording.export.request import ExportRequest

_MAX_RANGE: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is exported.

    Attributes:
        run: The run.
        state: How the run ended, as `RunState` spells it.
        episodes: In the order of the run.
        start: First step of each.
        stop: First step not taken; None: to the end.
        whole: Whether it is every step of the episodes.
    """

    run: RunRecord
    state: str
    episodes: tuple[EpisodeRollup, ...]
    start: int
    stop: int | None

    @property
    def whole(self) -> bool:
        """Whether it is every step of its episodes."""
        return self.start == 0 and self.stop is None

    def rows_of(self, episode: EpisodeRollup) -> int:
        """Rows of one agent that an episode should have in this range."""
        end = episode.steps + 1 if self.stop is None else min(self.stop, episode.steps + 1)
        return max(0, end - self.start)


def parse_episodes(text: str) -> tuple[int | str, ...]:
    """The episodes that a text such as ``1,5-9`` or ``0,my-episode`` names.

    Raises:
        ExportRequestError: a part of it names none.
    """
    found: list[int | str] = []
    for part in (one.strip() for one in text.split(",")):
        first, dash, last = part.partition("-")
        if part.isascii() and part.isdigit():
            found.append(int(part))
        elif dash and part.isascii() and part.replace("-", "").isdigit():
            if not first or not last.isdigit() or int(last) < int(first) or int(last) - int(first) > _MAX_RANGE:
                raise ExportRequestError(f"{part!r} is no range of episodes.", hint="Write it as 5-9.")
            found.extend(range(int(first), int(last) + 1))
        elif part:
            found.append(part)
        else:
            raise ExportRequestError(
                f"{text!r} names no episodes.", hint="Write them as 1,5-9: indices, ranges, or ids."
            )
    return tuple(dict.fromkeys(found))


def stems(selection: Selection, digits: int) -> dict[str, str]:
    """A file's name for each episode by its id: ``episode-0003``, ``episode-0003-2`` for the next of that index."""
    used: Counter[int] = Counter()
    found: dict[str, str] = {}
    for episode in selection.episodes:
        used[episode.episode_index] += 1
        more = f"-{used[episode.episode_index]}" if used[episode.episode_index] > 1 else ""
        found[episode.episode_id] = f"episode-{episode.episode_index:0{digits}d}{more}"
    return found


def select(rows: RowReader, request: ExportRequest) -> Selection:
    """What *request* means in this recording.

    Raises:
        RunNotFoundError: there is no such run.
        EpisodeNotFoundError: the run has not all of the episodes.
        AmbiguousEpisodeError: several have one of the indices.
        ExportError: the run has nothing, or nothing so far on.
    """
    run = rows.get_run(request.run_id)
    listed = [summary.rollup for summary in rows.list_episodes(run.run_id)]
    if not listed:
        raise ExportError(f"Run {run.run_id} has no episodes yet.", hint="Export it once it has.")
    chosen = listed if request.episodes is None else _chosen(run.run_id, listed, request.episodes)
    if not chosen:
        raise ExportError("No episode is chosen.", hint="Name some, or leave `episodes` out for all.")
    longest = max(episode.steps for episode in chosen)
    if request.start > longest:
        raise ExportError(
            f"There is no step {request.start:,}: the longest of these episodes has {longest:,} steps.",
            hint=f"`gym-gui episodes {run.run_id}` lists them.",
        )
    state = next((one.state.value for one in rows.list_runs() if one.run.run_id == run.run_id), "completed")
    return Selection(run=run, state=state, episodes=tuple(chosen), start=request.start, stop=request.stop)


def _chosen(run_id: str, listed: list[EpisodeRollup], wanted: tuple[int | str, ...]) -> list[EpisodeRollup]:
    known = {episode.episode_id for episode in listed} | {episode.episode_index for episode in listed}
    missing = [one for one in wanted if one not in known]
    if missing:
        names = ", ".join(map(str, missing[:5])) + ("…" if len(missing) > 5 else "")  # noqa: PLR2004 - a line's worth
        raise EpisodeNotFoundError(
            f"Run {run_id} has no episode{'s' * (len(missing) > 1)} {names}: it has {len(listed):,}, from "
            f"{listed[0].episode_index} to {listed[-1].episode_index}.",
            hint=f"`gym-gui episodes {run_id}` lists them.",
        )
    by_index: defaultdict[int, list[EpisodeRollup]] = defaultdict(list)
    for episode in listed:
        by_index[episode.episode_index].append(episode)
    for index in (one for one in wanted if isinstance(one, int)):
        check_unambiguous(index, by_index[index])
    return [episode for episode in listed if episode.episode_id in wanted or episode.episode_index in wanted]

"""Which picture and which facts belong to a row, and how they reach the view.

Lives on the thread that the task runner answers on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gym_gui.controllers.action_names import action_name, action_parts, action_text
from gym_gui.controllers.frame_fetcher import FrameFetcher
from gym_gui.controllers.replay_columns import TERMINATED, TRUNCATED, why_no_picture
from gym_gui.controllers.replay_state import StepDetails
from gym_gui.core.data_model import FrameState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from gym_gui.controllers.episode_loader import EpisodeLoader
    from gym_gui.controllers.replay_columns import EpisodeColumns
    from gym_gui.controllers.replay_state import FrameSource, ReplayView
    from gym_gui.controllers.views import TaskRunner
    from gym_gui.core.data_model import RunRecord

NOTHING_DRAWN: Final = "This environment draws no picture; its rows, rewards and info are all here."


class RowPresenter:
    """Brings the picture and the facts of one row to the view; only the row asked for last counts.

    Args:
        frames: Pictures, asked in tasks.
        runner: Where those tasks run.
        loader: Knows the environment's infos.
        view: What shows them.
        on_message: Told the sentence about the picture (empty: it is the row's own) and whether there is none.
    """

    def __init__(
        self,
        frames: FrameSource,
        runner: TaskRunner,
        loader: EpisodeLoader,
        view: ReplayView,
        on_message: Callable[[str, bool], None],
    ) -> None:
        self._fetcher = FrameFetcher(frames, runner, self._picture_answered)
        self._loader = loader
        self._view = view
        self._on_message = on_message
        self._run: RunRecord | None = None
        self._columns: EpisodeColumns | None = None
        self._position = 0
        self._note = ""
        self._presenting = False
        self._ahead: Sequence[int] = ()
        # Dataset -> width and height: its pictures are all of one size.
        self._sizes: dict[str, tuple[int, int]] = {}

    def forget(self) -> None:
        """Drop the row, every picture, and what is on its way."""
        self._fetcher.forget()
        self._run = self._columns = None
        self._sizes.clear()
        self._view.show_frame(None)
        self._view.show_step(None)

    def present(self, run: RunRecord, columns: EpisodeColumns, position: int, ahead: Sequence[int]) -> None:
        """Show a row that is loaded.

        Args:
            run: Its run.
            columns: The rows.
            position: The row.
            ahead: Rows that will be asked for next, nearest first.
        """
        self._run, self._columns, self._position = run, columns, position
        self._ahead = ahead
        self._presenting = True
        shown = int(columns.shown[position])
        if shown < 0:
            self._note = _why_none(run, columns, position)
            self._view.show_frame(None)
            self._on_message(self._note, True)
        else:
            self._note = "" if shown == position else _why_older(columns, position, shown)
            ref = columns.frame_ref(shown)
            if ref is not None:
                self._fetcher.want(ref, [text for row in ahead if (text := columns.frame_ref(row)) is not None])
        self._presenting = False
        self.present_facts()

    def present_facts(self) -> None:
        """Show what is known about the row now; its info follows where it must be read."""
        columns, row = self._columns, self._position
        if columns is None or self._run is None:
            return
        action = columns.actions[row]
        flags = int(columns.flags[row])
        step_index = int(columns.steps[row])
        reward = float(columns.rewards[row])
        matter = self._loader.matter(step_index, ask=not self._fetcher.waiting)
        self._view.show_step(
            StepDetails(
                position=row,
                step_index=step_index,
                action=action_text(action),
                action_name=action_name(self._run, action),
                action_parts=action_parts(self._run, action),
                reward=None if action is None and step_index == 0 else reward,
                total_reward=float(columns.returns[row]),
                terminated=bool(flags & TERMINATED),
                truncated=bool(flags & TRUNCATED),
                timestamp=columns.timestamp(row),
                frame_ref=columns.frame_ref(row),
                frame_size=self._sizes.get(_dataset_of(columns.frame_ref(row))),
                note=self._note,
                info=None if matter is None else matter.info,
                matter=matter,
                agents=columns.agents[row],
            )
        )
        if matter is not None and matter.payload is not None and self._ahead:
            # What is drawn from it must not be late where the next page begins.
            self._loader.read_ahead(int(columns.steps[min(self._ahead[-1], len(columns) - 1)]))

    def _picture_answered(self, ref: str, frame: NDArray[Any] | None, message: str) -> None:
        if frame is not None:
            height, width = frame.shape[:2]
            self._sizes[_dataset_of(ref)] = (width, height)
        self._view.show_frame(frame)
        self._on_message(message if frame is None else self._note, frame is None)
        if not self._presenting:
            self.present_facts()  # the info was left until now: nothing may hold the picture up


def _dataset_of(ref: str | None) -> str:
    return "" if ref is None else ref.rpartition("/")[0]


def _why_none(run: RunRecord, columns: EpisodeColumns, position: int) -> str:
    if run.render_mode is None:
        return NOTHING_DRAWN
    return why_no_picture(FrameState(int(columns.frame_states[position])))


def _why_older(columns: EpisodeColumns, position: int, shown: int) -> str:
    why = why_no_picture(FrameState(int(columns.frame_states[position])))
    return f"{why} Shown: step {int(columns.steps[shown]):,}."

"""The player: where the playhead stands, how it moves, and which picture belongs there.

`ReplayController` lives on the thread that its task runner answers on, in the window Qt's, and never waits.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from gym_gui.controllers.episode_loader import EpisodeLoader
from gym_gui.controllers.playback_clock import BACKWARD, FORWARD, PlaybackClock
from gym_gui.controllers.replay_columns import EpisodeColumns, empty_columns
from gym_gui.controllers.replay_state import (
    FASTEST,
    SLOWEST,
    SPEEDS,
    FrameSource,
    ReplayState,
    ReplayView,
    RowSource,
)
from gym_gui.controllers.row_presenter import RowPresenter
from gym_gui.core.data_model import EpisodeStatus
from gym_gui.core.sound import keeps_time, sound_rate_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gym_gui.controllers.views import TaskRunner
    from gym_gui.core.data_model import EpisodeRollup, RunRecord

AHEAD_PLAYING: Final = 16
AHEAD_STEPPING: Final = 8
HEARD_ROWS: Final = 6
SHOWN_HZ: Final = 75.0  # a screen shows no more; faster playing skips rows between


class ReplayController:
    """Plays one recorded episode.

    Args:
        rows: Runs, episodes and rows; asked in tasks only.
        frames: Pictures; asked in tasks only.
        runner: Where tasks run and which thread they answer on.
        view: What shows it all.
        now_s: A monotonic clock, in seconds.
        play_sound: Given the samples of each row that is played in time, and their rate in Hz; must return at once.
    """

    def __init__(
        self,
        rows: RowSource,
        frames: FrameSource,
        runner: TaskRunner,
        view: ReplayView,
        *,
        now_s: Callable[[], float] = time.perf_counter,
        play_sound: Callable[[bytes, int], None] = lambda _samples, _rate_hz: None,
    ) -> None:
        self._view = view
        self._play_sound = play_sound
        self._now_s = now_s
        self._loader = EpisodeLoader(rows, runner, self)
        self._presenter = RowPresenter(frames, runner, self._loader, view, self._picture_told)
        self._clock = PlaybackClock()
        self._columns = empty_columns()
        self._state = ReplayState()
        self._chosen_speed = 1.0
        self._wanted_position = 0
        self._scrubbing = False

    @property
    def state(self) -> ReplayState:
        """Where the player stands now."""
        return self._state

    @property
    def columns(self) -> EpisodeColumns:
        """The rows that were read so far."""
        return self._columns

    def open(self, run_id: str, episode: str | int | None = None, *, position: int = 0) -> None:
        """Show an episode from *position* on; None: the run's last. What was open is forgotten at once.

        It plays at the run's own rate, however fast the one before was played; looping stays as it was.
        """
        self._chosen_speed = 1.0
        self.close()
        self._wanted_position = position
        self._change(loading=True)
        self._loader.open(run_id, episode)

    def close(self) -> None:
        """Forget the episode, its pictures, and every answer that is on its way."""
        self._loader.close()
        self._columns = empty_columns()
        self._scrubbing = False
        self._state = ReplayState(speed=self._chosen_speed, loop=self._state.loop)
        self._presenter.forget()
        self._view.show_columns(self._columns)
        self._view.show_state(self._state)

    def refresh(self) -> None:
        """Look for new rows of an episode that is still being recorded."""
        if self._state.live:
            self._loader.refresh()

    def seek(self, position: int) -> None:
        """Put the playhead on a row; beyond the ends it stops there. Playing goes on from it."""
        self._move(position)
        self._anchor()

    def seek_step(self, step_index: int) -> None:
        """Put the playhead on the row of this step, as a person types it."""
        self.seek(self._columns.position_of(step_index) if len(self._columns) else step_index)

    def step(self, rows: int) -> None:
        """Pause, and move by *rows*."""
        self.pause()
        self._move(self._state.position + rows)

    def home(self) -> None:
        """Go to the first row."""
        self.seek(0)

    def end(self) -> None:
        """Go to the last row."""
        self.seek(self._state.last)

    def seek_event(self, direction: int) -> None:
        """Go to the next life lost or end (1), or to the one before (-1); stay where there is none."""
        rows = self._columns.event_rows()
        beyond = rows[rows > self._state.position] if direction == FORWARD else rows[rows < self._state.position]
        if len(beyond):
            self.seek(int(beyond[0] if direction == FORWARD else beyond[-1]))

    def begin_scrub(self) -> None:
        """The user holds the playhead: time does not move it until `end_scrub`."""
        self._scrubbing = True

    def end_scrub(self) -> None:
        """The user let the playhead go: playing goes on from here."""
        self._scrubbing = False
        self._anchor()

    def play(self, direction: int = FORWARD, *, again: bool = True) -> None:
        """Let time move the playhead.

        Args:
            direction: Which way.
            again: At the end that it moves towards, start again from the other.
        """
        if not self._state.length:
            return
        at_end = self._state.position == (self._state.last if direction == FORWARD else 0)
        if again and at_end and not self._state.live:
            self._move(0 if direction == FORWARD else self._state.last)
        self._change(playing=True, direction=direction)
        self._anchor()

    def pause(self) -> None:
        """Let the playhead stand; what plays next plays forward, unless it says otherwise."""
        if self._state.playing:
            self._change(playing=False, direction=FORWARD)

    def toggle(self) -> None:
        """Play forward, or pause."""
        if self._state.playing:
            self.pause()
        else:
            self.play()

    def reverse(self) -> None:
        """Play backwards; where it plays backwards already, forwards."""
        playing_back = self._state.playing and self._state.direction == BACKWARD
        self.play(FORWARD if playing_back else BACKWARD)

    def set_speed(self, speed: float) -> None:
        """Play at this multiple of the run's rate, bounded to 0.1-16."""
        self._chosen_speed = min(FASTEST, max(SLOWEST, speed))
        self._change(speed=self._chosen_speed)
        self._anchor()

    def faster(self) -> None:
        """The next higher of `SPEEDS`."""
        self.set_speed(next((speed for speed in SPEEDS if speed > self._state.speed), FASTEST))

    def slower(self) -> None:
        """The next lower of `SPEEDS`."""
        self.set_speed(next((speed for speed in reversed(SPEEDS) if speed < self._state.speed), SLOWEST))

    def set_loop(self, loop: bool) -> None:
        """Whether playing goes round at the end."""
        self._change(loop=loop)

    def shuttle(self, direction: int) -> None:
        """J (-1) and L (+1): play that way; again doubles the speed, the other way starts at 1x; K (0) pauses.

        Pausing brings the speed back that was chosen.
        """
        if direction == 0:
            self.pause()
            self._change(speed=self._chosen_speed)
            return
        again = self._state.playing and self._state.direction == direction
        self._change(speed=min(FASTEST, self._state.speed * 2) if again else 1.0)
        self.play(direction, again=False)

    def tick(self, now_s: float) -> float | None:
        """Stand where playing is due at *now_s*; the seconds until the next row is due, None when paused."""
        state = self._state
        if not state.playing or self._scrubbing:
            return None
        due = self._clock.position_at(now_s)
        target = due % state.length if state.loop else min(max(due, 0), state.last)
        if target != state.position:
            self._let_hear(state.position + 1, target + 1)
            self._move(target)
        forward = state.direction == FORWARD
        waits_for_rows = forward and state.live
        if target == (state.last if forward else 0) and not state.loop and not waits_for_rows:
            self.pause()
            return None
        return max(0.0, self._clock.due_s(due, rows=self._stride) - now_s)

    def episode_opened(self, run: RunRecord, episode: EpisodeRollup) -> None:
        """Part of `LoaderListener`: the episode exists."""
        self._change(run=run, episode=episode, live=episode.status is EpisodeStatus.RUNNING)

    def rows_loaded(self, episode: EpisodeRollup, columns: EpisodeColumns, *, complete: bool) -> None:
        """Part of `LoaderListener`: rows arrived."""
        before = self._state
        is_completed = self._is_completed(columns, before.position)
        self._columns = columns
        loaded = len(columns)
        self._change(
            episode=episode,
            loaded=loaded,
            length=loaded if complete else max(loaded, episode.steps + 1),
            live=episode.status is EpisodeStatus.RUNNING,
            loading=not complete,
        )
        self._view.show_columns(columns)
        if complete and not loaded:
            why = self._state.why_empty
            self._change(message=why, missing=bool(why))
        elif before.length == 0:
            self._move(self._wanted_position)
        elif before.position >= before.loaded or before.position > self._state.last or is_completed:
            self._move(before.position)  # it waited for these rows, or they are not there
        if before.length != self._state.length and not before.live:
            self._anchor()  # a live episode's clock runs on, so that the playhead stays with the newest row

    def info_loaded(self) -> None:
        """Part of `LoaderListener`: the facts can be completed."""
        self._presenter.present_facts()

    def loading_failed(self, message: str) -> None:
        """Part of `LoaderListener`: say so where the episode would have been; what was read stays."""
        self._change(loading=False, fault=message, length=self._state.loaded)
        if self._state.position > self._state.last:
            self._move(self._state.last)

    def _is_completed(self, columns: EpisodeColumns, position: int) -> bool:
        """Whether more agents of the step at *position* are in *columns* than are shown."""
        shown = self._columns.agents
        return position < len(shown) and len(columns.agents[position]) > len(shown[position])

    @property
    def _rate_hz(self) -> float:
        run = self._state.run
        return self._state.speed * (run.step_rate_hz if run is not None and run.step_rate_hz > 0 else 1.0)

    @property
    def _stride(self) -> int:
        """Rows from one tick to the next: more than one where rows come faster than a screen shows them."""
        return max(1, math.ceil(self._rate_hz / SHOWN_HZ))

    def _move(self, position: int) -> None:
        before = self._state
        target = min(max(position, 0), before.last)
        known = target < before.loaded
        step_index = int(self._columns.steps[target]) if known else target
        self._state = replace(before, position=target, step_index=step_index)
        if known and before.run is not None:
            self._presenter.present(before.run, self._columns, target, self._ahead(before.position, target))
        self._view.show_state(self._state)

    def _let_hear(self, start: int, stop: int) -> None:
        """The sound of rows that time went over: forward and at the run's own rate, else it would be another sound."""
        run, state = self._state.run, self._state
        rate_hz = None if run is None else sound_rate_of(run.metadata)
        if run is None or rate_hz is None or state.speed != 1.0 or state.direction != FORWARD:
            return
        # After a hold-up only the newest: what is late is let go.
        for row in range(max(start, stop - HEARD_ROWS), min(stop, state.loaded)):
            samples = self._columns.sounds[row]
            if samples is not None and keeps_time(len(samples), rate_hz, run.step_rate_hz):
                self._play_sound(samples, rate_hz)

    def _ahead(self, origin: int, target: int) -> Sequence[int]:
        """The rows to read ahead: along the way of playing or stepping, none after a jump."""
        state = self._state
        if state.playing:
            way, count = state.direction * self._stride, AHEAD_PLAYING
        elif abs(target - origin) == 1:
            way, count = target - origin, AHEAD_STEPPING
        else:
            return ()
        rows = range(target + way, target + way * (count + 1), way)
        return [row % state.length if state.loop else row for row in rows if state.loop or 0 <= row < state.loaded]

    def _anchor(self) -> None:
        if self._state.playing:
            self._clock.start(self._now_s(), self._state.position, self._state.direction * self._rate_hz)

    def _picture_told(self, message: str, missing: bool) -> None:
        self._change(message=message, missing=missing)

    def _change(self, **changes: Any) -> None:
        changed = replace(self._state, **changes)
        if changed != self._state:
            self._state = changed
            self._view.show_state(changed)

"""RecordingPart: what the wrappers of one environment and of a vector share: a recorder that comes and goes."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from gym_gui.core.data_model import RunState
from gym_gui.core.errors import GymGuiError
from gym_gui.wrappers import lifecycle
from gym_gui.wrappers.ending import ending_by
from gym_gui.wrappers.opening import OpeningAttempts, RecordingOptions, open_recorder
from gym_gui.wrappers.said_once import SaidOnce

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gym_gui.wrappers.recorder import Recorder
    from gym_gui.wrappers.track import Track

_LOGGER = logging.getLogger(__name__)
_OF_A_PROCESS: Final = ("_live", "_broken", "_said", "_attempts")


class Live:
    """What of a wrapper belongs to one process and is never pickled.

    Args:
        recorder: The recorder.
        tracks: One for each environment.

    Attributes:
        under_way: Places of the tracks whose episodes were under way when the process that recorded them was ended.
    """

    def __init__(self, recorder: Recorder, tracks: Sequence[Track]) -> None:
        self.recorder = recorder
        self.tracks = tracks
        self.under_way: tuple[int, ...] = ()


LiveT = TypeVar("LiveT", bound=Live)


class RecordingPart(Generic[LiveT]):
    """A wrapper's own recorder: opened when the first episode begins, ended with the wrapper or the process."""

    env: Any

    def _set_up(self, options: RecordingOptions) -> None:
        self._options = options
        self._start_afresh()

    def _start_afresh(self) -> None:
        self._live: LiveT | None = None
        # What was under way when the process that recorded it was ended.
        self._broken: LiveT | None = None
        self._attempts = OpeningAttempts()
        self._said = SaidOnce(_LOGGER)

    def _make_live(self, recorder: Recorder) -> LiveT:
        raise NotImplementedError

    def _go_on(self, live: LiveT, broken: LiveT) -> None:
        """Begin with *live* what is left of the episodes that *broken* recorded."""
        for place in broken.under_way:
            live.recorder.begin_midway(live.tracks[place], broken.recorder, broken.tracks[place])

    @property
    def run_id(self) -> str | None:
        """What the run is called; None before the first ``reset``."""
        return None if self._live is None else self._live.recorder.destination.run_id

    @property
    def stop_requested(self) -> bool:
        """Whether a trainer asked for the end; a loop may look, none is forced."""
        return self._live is not None and self._live.recorder.orders.stop_requested

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until everything recorded so far is on disk, or spooled; whether it is."""
        live = self._live
        return live is None or bool(self._guarded(live.recorder.flush, timeout_s))

    def end_recording(self, state: RunState | None = None, reason: str = "") -> None:
        """End the run; everything is on disk, or spooled, when this returns. The environment stays open.

        Args:
            state: How it ended; None for completed, or as the exception says that is on its way while this is called.
            reason: Why.
        """
        if state is None:
            state, reason = ending_by(sys.exc_info()[1])
        live, self._live, self._broken = self._live, None, None
        if live is not None and not lifecycle.is_foreign(live.recorder):
            live.recorder.close(state, reason)
            lifecycle.closed(live.recorder)

    def _opened(self) -> LiveT | None:
        """The recorder, opened at the first call in this process; None where the world refuses it."""
        live = self._live
        if live is not None and not live.recorder.is_closed and not lifecycle.is_foreign(live.recorder):
            return live
        self._live = None
        if live is not None and live.recorder.is_refused:
            self._let_go(live)
            if live.recorder.is_lost:
                self._attempts.lost()
            else:
                self._attempts.failed()
        if not self._attempts.is_due:
            return None
        try:
            recorder = open_recorder(self.env, self._options, self._lost)
            try:
                self._live = self._make_live(recorder)
            except BaseException:
                recorder.close(RunState.FAULTED, "its environment cannot be recorded")
                lifecycle.closed(recorder)
                raise
            self._broken = None
        except Exception as fault:  # noqa: BLE001 - a recording that cannot be opened never ends a training
            self._attempts.failed()
            self._said.fault("Nothing is recorded", fault.message if isinstance(fault, GymGuiError) else fault)
        return self._live

    def _going_on(self) -> LiveT | None:
        """The recorder in the midst of episodes: a new one where the last one's process was ended; None for none."""
        live = self._live
        if live is not None and live.recorder.is_lost and not lifecycle.is_foreign(live.recorder):
            live.under_way = tuple(place for place, track in enumerate(live.tracks) if track.is_open)
            self._broken = live
        broken = self._broken
        if broken is None:
            return None
        opened = self._opened()
        if opened is not None:
            self._guarded(self._go_on, opened, broken)
        return opened

    @staticmethod
    def _let_go(live: LiveT) -> None:
        """Let go of a recording that the world refused."""
        if not lifecycle.is_foreign(live.recorder):
            live.recorder.close(RunState.FAULTED, "it could not be recorded")
            lifecycle.closed(live.recorder)

    def _lost(self, sentence: str) -> None:
        # Each time: a second process that was ended has lost something, too.
        _LOGGER.warning("What was not on disk yet is lost, and the recording goes on in a new process: %s", sentence)

    def _guarded(self, work: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return work(*arguments)
        except Exception as fault:  # noqa: BLE001 - a recording never ends a training
            self._said.fault("A step is not recorded", fault)
            return None

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in _OF_A_PROCESS}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start_afresh()

    def __del__(self) -> None:
        try:  # noqa: SIM105 - at the interpreter's end `suppress` may be gone already
            self.end_recording(RunState.COMPLETED)
        except Exception:  # noqa: BLE001, S110 - half an interpreter raises anything; `lifecycle` was here before
            pass

"""ScalarRun: what a learner logs, in a run of its own: where its environments live in other processes, or nowhere."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from gym_gui.core.closing import Closing
from gym_gui.core.data_model import RunState
from gym_gui.core.errors import GymGuiError
from gym_gui.core.typing_compat import override
from gym_gui.wrappers import lifecycle
from gym_gui.wrappers.opening import RecordingOptions, open_scalar_recorder
from gym_gui.wrappers.said_once import SaidOnce
from gym_gui.wrappers.scalar_log import scalars_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gym_gui.wrappers.recorder import Recorder
    from gym_gui.wrappers.step_batcher import Scalar

_LOGGER = logging.getLogger(__name__)


class ScalarRun(Closing):
    """A run of scalars, opened when the first one comes. Never raises into a training loop.

    Recorded into a var folder it is a run beside those of the environments, in their group; with a trainer it is one
    more worker of their run.

    Args:
        run: The run's name, as for `RecordTelemetry`.
        to: ``host:port`` of a trainer; None as for `RecordTelemetry`.
        var_dir: The var folder.
        metadata: Anything else worth keeping with the run, JSON values.
        make_destination: Makes the destination from the run's record and spaces.

    Raises:
        InvalidRunIdError: *run* cannot name a run.
    """

    def __init__(
        self,
        run: str = "training",
        to: str | None = None,
        *,
        var_dir: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        make_destination: Any = None,
    ) -> None:
        self._options = RecordingOptions(
            run=run,
            frames="none",
            to=to,
            var_dir=None if var_dir is None else str(var_dir),
            player="learner",
            metadata=metadata,
            make_destination=make_destination,
        )
        self._recorder: Recorder | None = None
        self._said = SaidOnce(_LOGGER)

    @property
    def run_id(self) -> str | None:
        """What the run is called; None before the first scalar."""
        return None if self._recorder is None else self._recorder.destination.run_id

    def log(self, step: int, values: Mapping[str, Any]) -> None:
        """Log numbers by their names, at the learner's own step."""
        self.add(scalars_of(int(step), dict(values)))

    def add(self, scalars: Sequence[Scalar]) -> bool:
        """Log name, step, microseconds since 1970 and value; whether somebody takes them."""
        recorder = self._recorder
        if recorder is None or recorder.is_refused:
            self.close()
            try:
                recorder = self._recorder = open_scalar_recorder(self._options, self._lost)
            except Exception as fault:  # noqa: BLE001 - a recording never ends a training
                self._said.fault("Scalars are let go", fault.message if isinstance(fault, GymGuiError) else fault)
                return False
        recorder.log(scalars)
        return True

    def _lost(self, sentence: str) -> None:
        self._said.fault("Scalars that were not on disk yet are lost", sentence)

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until everything logged so far is on disk, or spooled; whether it is."""
        return self._recorder is None or self._recorder.flush(timeout_s)

    @override
    def close(self) -> None:
        """End the run."""
        recorder, self._recorder = self._recorder, None
        if recorder is not None and not lifecycle.is_foreign(recorder):
            recorder.close(RunState.COMPLETED)
            lifecycle.closed(recorder)

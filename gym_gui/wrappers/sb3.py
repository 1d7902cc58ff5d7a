"""TelemetryCallback: what Stable-Baselines3 logs, beside the steps that it was learnt from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import KVWriter

from gym_gui.core.typing_compat import override
from gym_gui.wrappers import lifecycle
from gym_gui.wrappers.scalar_log import scalars_of
from gym_gui.wrappers.scalar_run import ScalarRun

if TYPE_CHECKING:
    from collections.abc import Mapping


class TelemetryCallback(BaseCallback):  # type: ignore[misc]  # SB3 is looked at by no type checker here
    """Logs every number that Stable-Baselines3 writes: ``rollout/ep_rew_mean``, ``train/loss``, ``time/fps`` and so on.

    Beside a `RecordTelemetry` of this process the numbers go into its run. Where the environments live in other
    processes (``SubprocVecEnv``) they go into a run of their own beside theirs, in the same group, or with a trainer
    into the same run.

    Args:
        run: That run's name.
        to: ``host:port`` of a trainer; None as for `RecordTelemetry`.
        var_dir: The var folder; None as for `RecordTelemetry`.
        verbose: As for every callback of Stable-Baselines3.

    Raises:
        InvalidRunIdError: *run* cannot name a run.
    """

    def __init__(
        self, run: str = "training", to: str | None = None, *, var_dir: str | None = None, verbose: int = 0
    ) -> None:
        super().__init__(verbose)
        self._scalar_run = ScalarRun(run, to, var_dir=var_dir)
        self._writer: _LoggerOutput | None = None

    @override
    def _on_training_start(self) -> None:
        # One more output of the same logger: every dump arrives as it is, however often the algorithm dumps.
        self._writer = _LoggerOutput(self._scalar_run)
        self.logger.output_formats.append(self._writer)

    @override
    def _on_step(self) -> bool:
        return True

    @override
    def _on_training_end(self) -> None:
        if self._writer is not None and self._writer in self.logger.output_formats:
            # The last update's numbers are recorded by SB3 and never dumped.
            self._writer.write(dict(self.logger.name_to_value), {}, self.num_timesteps)
            self.logger.output_formats.remove(self._writer)
        self._writer = None
        self._scalar_run.close()


class _LoggerOutput(KVWriter):  # type: ignore[misc]  # as above
    """An output of Stable-Baselines3's logger."""

    def __init__(self, scalar_run: ScalarRun) -> None:
        self._scalar_run = scalar_run

    @override
    def write(self, key_values: Mapping[str, Any], key_excluded: Mapping[str, tuple[str, ...]], step: int = 0) -> None:
        numbers = {name: value for name, value in key_values.items() if _is_number(value)}
        if not numbers:
            return
        if lifecycle.newest() is not None:
            lifecycle.log(scalars_of(step, numbers))
        else:
            self._scalar_run.log(step, numbers)

    @override
    def close(self) -> None:
        """The callback closes the run."""


def _is_number(value: Any) -> bool:
    if isinstance(value, (str, bytes)):
        return False
    return isinstance(value, (int, float)) or getattr(value, "size", 2) == 1 or getattr(value, "ndim", 1) == 0

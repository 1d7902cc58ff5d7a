"""What goes along with a learner of Stable-Baselines3: orders, checkpoints, evaluations, and its numbers."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import KVWriter, Logger

from gym_gui.core.typing_compat import override
from gym_gui.workers import replay_memory
from gym_gui.workers.desk import SAVING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gym_gui.services.batch_destination import Order
    from gym_gui.services.trainer.config import TrainingConfig
    from gym_gui.workers.checkpoints import Checkpoints
    from gym_gui.workers.control import HumanControl
    from gym_gui.workers.desk import OrderDesk
    from gym_gui.workers.evaluation import Evaluation
    from gym_gui.workers.streams import Streams

_SAID_EVERY_S: Final = 5.0


class ScalarWriter(KVWriter):  # type: ignore[misc]  # Stable-Baselines3 ships no types
    """Hands every number that the learner logs to the recording, and says now and then on standard output how it goes.

    Args:
        streams: The recording.
        total_steps: Of the whole training.
    """

    def __init__(self, streams: Streams, total_steps: int) -> None:
        self._streams = streams
        self._total = total_steps
        self._say_at = 0.0

    @override
    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        numbers = {
            name: float(value)
            for name, value in key_values.items()
            if isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
        }
        # The step itself, and counts of the log's own lines, are no curves.
        for name in ("time/total_timesteps", "time/iterations", "time/episodes"):
            numbers.pop(name, None)
        self._streams.log(step, numbers)
        if time.monotonic() >= self._say_at:
            self._say_at = time.monotonic() + _SAID_EVERY_S
            told = (f"{name.rpartition('/')[2]} {value:.4g}" for name, value in numbers.items() if math.isfinite(value))
            print(f"{step:,} of {self._total:,} steps: {', '.join(told)}", flush=True)  # noqa: T201 - the run's log

    @override
    def close(self) -> None:
        """Nothing of its own is open."""


class TrainingCompanion(BaseCallback):  # type: ignore[misc]  # Stable-Baselines3 ships no types
    """Looks at the orders after each step, saves and evaluates when it is time.

    Args:
        config: How often.
        desk: Where orders come in.
        checkpoints: Where to save.
        evaluation: Makes the evaluation; called once, when the first one is due.
        control: A person's hand, which an evaluation obeys.
        streams: Where the results go.
    """

    def __init__(
        self,
        config: TrainingConfig,
        *,
        desk: OrderDesk,
        checkpoints: Checkpoints,
        evaluation: Callable[[], Evaluation],
        control: HumanControl,
        streams: Streams,
    ) -> None:
        super().__init__()
        self._config = config
        self._desk = desk
        self._checkpoints = checkpoints
        self._open_evaluation = evaluation
        self._evaluation: Evaluation | None = None
        self._streams = streams
        self._saved_at = self._evaluated_at = 0
        self._must_save = self._must_evaluate = False
        self._control = control
        desk.deal_with({"checkpoint": self._on_checkpoint, "evaluate": self._on_evaluate, **control.deals()})

    @override
    def _on_training_start(self) -> None:
        self._saved_at = self._evaluated_at = self.num_timesteps
        self._desk.steps = self.num_timesteps

    @override
    def _on_step(self) -> bool:
        self._desk.look(steps=self.num_timesteps)
        if self._must_save or self._is_due(self._config.checkpoint.every_steps, self._saved_at):
            self.save()
        if self._must_evaluate or self._is_due(self._config.evaluation.every_steps, self._evaluated_at):
            self.evaluate()
        if self._control.is_taken:
            self._evaluation_now().play_with_human(self._choose)
        return True

    @override
    def _on_training_end(self) -> None:
        # The numbers of the last update, which no rollout follows.
        self.logger.dump(self.num_timesteps)
        if self._config.evaluation.every_steps and self._evaluated_at != self.num_timesteps:
            self.evaluate()

    def save(self) -> Path:
        """Save a checkpoint now; its path.

        Raises:
            OSError: the disk refuses.
        """
        before, self._desk.phase = self._desk.phase, SAVING
        learner = self.model
        memory = getattr(learner, "replay_buffer", None)
        with_memory = self._config.checkpoint.replay_memory and memory is not None and replay_memory.can_save(memory)
        try:
            path = self._checkpoints.save(
                learner.num_timesteps,
                learner.save,
                (lambda path: replay_memory.save(memory, path)) if with_memory else None,
            )
        finally:
            self._desk.phase = before
        self._saved_at, self._must_save = learner.num_timesteps, False
        return path

    def evaluate(self) -> None:
        """Play the fixed seeds now, log what came out, and keep the learner where it is the best so far.

        Raises:
            Stopped: the worker was asked to stop meanwhile.
        """
        self._evaluated_at, self._must_evaluate = self.num_timesteps, False
        result = self._evaluation_now().run(self._choose)
        self._streams.log(self.num_timesteps, result.to_scalars())
        is_best = self._checkpoints.save_if_best(self.num_timesteps, result.mean_return, self.model.save)
        print(  # noqa: T201 - the run's log
            f"{self.num_timesteps:,} steps: evaluated, mean return {result.mean_return:.4g} of "
            f"{len(result.returns)} episodes{', the best so far' if is_best else ''}",
            flush=True,
        )

    def close(self) -> None:
        """Close the environment of evaluations."""
        if self._evaluation is not None:
            self._evaluation.close()

    def _is_due(self, every: int, last: int) -> bool:
        return every > 0 and self.num_timesteps - last >= every

    def _evaluation_now(self) -> Evaluation:
        if self._evaluation is None:
            self._evaluation = self._open_evaluation()
        return self._evaluation

    def _choose(self, observation: Any) -> Any:
        action, _ = self.model.predict(observation, deterministic=self._config.evaluation.deterministic)
        return int(action) if np.ndim(action) == 0 else action

    def _on_checkpoint(self, _order: Order) -> str:
        self._must_save = True
        return "It is saved after this step."

    def _on_evaluate(self, _order: Order) -> str:
        self._must_evaluate = True
        return "It begins after this step."


def scalar_logger(streams: Streams, total_steps: int) -> Any:
    """A logger for `BaseAlgorithm.set_logger` that hands every number to the recording."""
    return Logger(folder=None, output_formats=[ScalarWriter(streams, total_steps)])

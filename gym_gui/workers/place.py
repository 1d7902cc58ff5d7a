"""WorkerPlace: what a worker process is told by whoever started it, in environment variables and ``config.json``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gym_gui.core.errors import WorkerError
from gym_gui.core.variables import RESUME_FROM, RUN_DIR, RUN_ID, WORKER_ID
from gym_gui.services.trainer.config import TrainingConfig
from gym_gui.services.trainer.dispatch.run_folder import steps_of

if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIG_FILE: Final = "config.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPlace:
    """Where a worker stands.

    Attributes:
        run_id: The run.
        worker_id: Who it is within the run.
        run_dir: The run's own folder, which has ``config.json``.
        config: What the run is.
        resume_from: The checkpoint to go on from; None to begin.
    """

    run_id: str
    worker_id: str
    run_dir: Path
    config: TrainingConfig
    resume_from: Path | None = None

    @classmethod
    def from_variables(cls, variables: Mapping[str, str]) -> WorkerPlace:
        """The place that *variables* of the process describe.

        Raises:
            WorkerError: a variable is missing, or the run's folder or the checkpoint is not there.
            ConfigError: ``config.json`` says what no run can be.
        """
        missing = [name for name in (RUN_ID, RUN_DIR) if not variables.get(name)]
        if missing:
            raise WorkerError(
                f"A training worker needs the variable {' and '.join(missing)}.",
                hint="The trainer starts workers by itself: `gym-gui train start`.",
            )
        run_dir = Path(variables[RUN_DIR])
        try:
            text = (run_dir / CONFIG_FILE).read_text(encoding="utf-8")
        except OSError as error:
            raise WorkerError(f"The run's {CONFIG_FILE} cannot be read: {error.strerror}. Folder: {run_dir}") from error
        resume = variables.get(RESUME_FROM)
        if resume and not Path(resume).is_file():
            raise WorkerError(f"The checkpoint to go on from is not there: {resume}")
        return cls(
            run_id=variables[RUN_ID],
            worker_id=variables.get(WORKER_ID) or "w0",
            run_dir=run_dir,
            config=TrainingConfig.from_json(text),
            resume_from=Path(resume) if resume else None,
        )

    @property
    def steps_before(self) -> int:
        """Steps of training of another run's checkpoint that it goes on from; 0 where it began by itself."""
        if self.resume_from is None or self.resume_from.parent == self.checkpoints_dir:
            return 0
        return steps_of(self.resume_from)

    @property
    def checkpoints_dir(self) -> Path:
        """Where checkpoints are kept."""
        return self.run_dir / "checkpoints"

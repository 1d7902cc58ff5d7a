"""Submitting: what a run must be to be taken, and what it is called."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Final

from gym_gui.core.errors import ConfigError, RunNotFoundError, TrainerRefusedError
from gym_gui.services.trainer.config import LAUNCHERS, WORKERS
from gym_gui.services.trainer.dispatch.claiming import local_needs
from gym_gui.services.trainer.dispatch.run_folder import RunFolder
from gym_gui.services.trainer.value_ranges import check_values

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from gym_gui.config.paths import VarPaths
    from gym_gui.services.trainer.config import TrainingConfig
    from gym_gui.services.trainer.run_store import RunStore, TrainingRun

_UNFIT: Final = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST: Final = 60


def check_config(config: TrainingConfig, *, launchers: Collection[str], cpus: float, gpus: int) -> None:
    """Let a configuration pass that this trainer can do something with.

    Args:
        config: The run's.
        launchers: Names of those that there are.
        cpus: Cores that runs may count for.
        gpus: GPUs that there are.

    Raises:
        TrainerRefusedError: it could never run here.
    """
    if config.worker not in WORKERS:
        raise TrainerRefusedError(f"There is no worker {config.worker!r}.", hint=f"One of {', '.join(WORKERS)}.")
    try:
        check_values(config)
    except ConfigError as error:
        raise TrainerRefusedError(error.message, hint=error.hint) from error
    if config.launcher not in launchers:
        known = config.launcher in LAUNCHERS
        raise TrainerRefusedError(
            f"This trainer has no launcher {config.launcher!r}.",
            hint="Install it with `pip install 'gym-gui[cluster]'`." if known else f"One of {', '.join(launchers)}.",
        )
    wanted_cpus, wanted_gpus = local_needs(config)
    if wanted_cpus > cpus + 1e-9:
        raise TrainerRefusedError(f"The run counts for {wanted_cpus:g} cores; this machine gives runs {cpus:g}.")
    if wanted_gpus > gpus:
        raise TrainerRefusedError(f"The run wants {wanted_gpus} GPUs; this machine has {gpus}.")


def require_checkpoint(store: RunStore, paths: VarPaths, run_id: str) -> Path:
    """What a new run goes on from: the newest checkpoint of the run *run_id*.

    Raises:
        RunNotFoundError: there is no such run.
        TrainerRefusedError: it left no checkpoint here.
    """
    store.get(run_id)
    checkpoint = RunFolder(paths, run_id).newest_checkpoint()
    if checkpoint is None:
        raise TrainerRefusedError(
            f"Run {run_id} has no checkpoint to go on from.",
            hint="Checkpoints are kept where checkpoint.every_steps says so, and at a run's end.",
        )
    return checkpoint


def same_run(store: RunStore, run_id: str, config: TrainingConfig) -> TrainingRun | None:
    """The run of that id where the call was made before; None where the id is free.

    Raises:
        TrainerRefusedError: another run has it.
    """
    try:
        run = store.get(run_id)
    except RunNotFoundError:
        return None
    if run.digest != config.digest():
        raise TrainerRefusedError(f"There is another run {run_id} already.", hint="Choose another name.")
    return run


def new_run_id(config: TrainingConfig) -> str:
    """A name that tells people something, and that no other run has."""
    what = config.name or "-".join(word for word in (config.env_id, config.algorithm.lower() or config.worker) if word)
    stem = _UNFIT.sub("-", what).strip("-.")[:_LONGEST] or "run"
    return f"{stem}-{secrets.token_hex(3)}"

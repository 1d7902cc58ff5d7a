"""One worker's session: recording opened, work done, recording closed, outcome told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gym_gui.core.data_model import RunState
from gym_gui.core.errors import ConfigError, EnvironmentFault
from gym_gui.services.trainer.disk_room import SENTENCE, was_full
from gym_gui.workers.checkpoints import Checkpoints
from gym_gui.workers.desk import OrderDesk
from gym_gui.workers.outcome import CANCELLED, COMPLETED, FAILED, Outcome
from gym_gui.workers.seeding import seed_everything
from gym_gui.workers.stopping import Stopped, StopRequest
from gym_gui.workers.work import Workplace, WorkResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from gym_gui.services.trainer.config import TrainingConfig
    from gym_gui.workers.place import WorkerPlace
    from gym_gui.workers.streams import Streams

_SHOWN: Final = 500
_RECORDED: Final = {
    COMPLETED: RunState.COMPLETED,
    FAILED: RunState.FAULTED,
    CANCELLED: RunState.CANCELLED,
}


def work(place: WorkerPlace, streams: Streams | None = None, stop: StopRequest | None = None) -> Outcome:
    """Do what the place's configuration says; how it ended. Never raises for what environment or learner do.

    Args:
        place: Which run, where.
        streams: The recording; closed at the end. None for the one that the process's variables say.
        stop: Made by whoever wants it to end; None for one that hears SIGTERM.

    Raises:
        ConfigError: the configuration cannot be worked on.
    """
    config = place.config
    if streams is None:
        from gym_gui.wrappers import recording_link  # noqa: PLC0415 - with the streams

        recording_link.start_early()
    do = _kind_of_work(config)
    if stop is None:
        stop = StopRequest()
        stop.listen(at_once=config.worker == "script")
    seed = seed_everything(config.seed)
    if streams is None:
        from gym_gui.workers.recorded_streams import RecordedStreams  # noqa: PLC0415 - Gymnasium and storage

        streams = RecordedStreams(place, seed=seed)
    desk = OrderDesk(streams.destinations, stop)
    streams.listen(desk.obey)
    workplace = Workplace(place=place, streams=streams, desk=desk, stop=stop, seed=seed)
    try:
        outcome = _outcome_of(do(workplace), config, stop)
    except Stopped as stopped:  # before there was anything to save
        outcome = Outcome(CANCELLED, str(stopped), desk.steps)
    except EnvironmentFault as fault:
        outcome = Outcome(FAILED, str(fault), desk.steps)
        # Here, not later: with the fault a script's variables go, and an environment that goes ends its recording well.
        streams.close(RunState.FAULTED, outcome.reason)
    except Exception as error:  # noqa: BLE001 - the edge to other people's code: the outcome says it, and the log has all
        import traceback  # noqa: PLC0415 - only where something failed

        traceback.print_exc()
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        if was_full(error, place.run_dir):
            reason = f"{SENTENCE} ({reason})"
        outcome = Outcome(FAILED, reason[:_SHOWN], desk.steps)
        streams.close(RunState.FAULTED, outcome.reason)
    if outcome.checkpoint is None:
        newest = Checkpoints(place.checkpoints_dir, keep=config.checkpoint.keep).newest
        outcome = Outcome(outcome.state, outcome.reason, outcome.steps, None if newest is None else str(newest))
    streams.close(_RECORDED[outcome.state], outcome.reason)
    return outcome


def _outcome_of(result: WorkResult, config: TrainingConfig, stop: StopRequest) -> Outcome:
    checkpoint = None if result.checkpoint is None else str(result.checkpoint)
    if result.was_stopped:
        return Outcome(CANCELLED, stop.reason, result.steps, checkpoint)
    told = "The script ended." if config.worker == "script" else f"All {result.steps:,} steps are done."
    return Outcome(COMPLETED, told, result.steps, checkpoint)


def _kind_of_work(config: TrainingConfig) -> Callable[[Workplace], WorkResult]:
    """Each kind of work is imported where it is done: a script pays for no learner."""
    if config.worker == "sb3":
        from gym_gui.workers.sb3 import train  # noqa: PLC0415 - heavy

        return train
    if config.worker == "random":
        from gym_gui.workers.random_policy import play  # noqa: PLC0415 - Gymnasium

        return play
    if config.worker == "script":
        from gym_gui.workers.script import run_script  # noqa: PLC0415 - nothing else is needed

        return run_script
    raise ConfigError(f"There is no kind of worker {config.worker!r}.", hint="Choose random, sb3 or script.")

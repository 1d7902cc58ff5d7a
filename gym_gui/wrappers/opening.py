"""Opening a recorder for what a script made: the run's record, its destination, its live picture."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gym_gui.config.paths import VarPaths, default_var_dir
from gym_gui.core.errors import ConfigError
from gym_gui.core.frame_choice import FrameChoice
from gym_gui.core.refs import check_run_id
from gym_gui.wrappers import lifecycle, session
from gym_gui.wrappers.observation_keeping import ObservationKeeping
from gym_gui.wrappers.run_facts import learner_record_of, run_record_of, spaces_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gym_gui.core.data_model import RunRecord
    from gym_gui.core.schema.run_spaces import RunSpaces
    from gym_gui.services.batch_destination import BatchDestination, Order
    from gym_gui.services.live_frames import LiveFrameWriter
    from gym_gui.wrappers.local_destination import LocalDestination
    from gym_gui.wrappers.local_process import LocalProcessDestination
    from gym_gui.wrappers.recorder import Recorder

_RETRY_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingOptions:
    """What a script says of its recording; pickles.

    Attributes:
        run: The run's name.
        frames: Which episodes keep their pictures.
        to: ``host:port`` of a trainer; None for what ``GYM_GUI_TRAINER`` says, else a var folder of this machine.
        observations: Whether observations are kept; None keeps what is no picture.
        var_dir: The var folder; None for what ``GYM_GUI_VAR_DIR`` says, else the default.
        player: Who acts.
        metadata: Anything else worth keeping with the run, JSON values.
        live: Whether the newest picture is shown to windows of this machine.
        on_order: Answers a trainer's orders: outcome and detail, or None for the recorder's own answer.
        make_destination: Makes the destination from the run's record; None for the one that the rest says.
    """

    run: str
    frames: str = "all"
    to: str | None = None
    observations: bool | None = None
    var_dir: str | None = None
    player: str = "script"
    metadata: Mapping[str, Any] | None = None
    live: bool = True
    on_order: Callable[[Order], tuple[str, str] | None] | None = None
    make_destination: Callable[[RunRecord, RunSpaces], BatchDestination] | None = None

    def __post_init__(self) -> None:
        check_run_id(self.run)
        FrameChoice.parse(self.frames)
        if self.observations not in {None, True, False}:
            raise ConfigError(f"observations={self.observations!r} is not known.", hint="Write True, False or None.")

    @property
    def trainer(self) -> str | None:
        """The trainer's address; None where the run goes into a var folder."""
        return self.to or os.environ.get(session.TRAINER_VARIABLE) or None

    @property
    def folder(self) -> Path:
        """The var folder."""
        return default_var_dir() if self.var_dir is None else Path(self.var_dir).expanduser().absolute()


class OpeningAttempts:
    """When to try again what the world refused."""

    def __init__(self) -> None:
        self._next_s = 0.0

    @property
    def is_due(self) -> bool:
        """Whether enough time has passed."""
        return time.monotonic() >= self._next_s

    def failed(self) -> None:
        """Not again at once."""
        self._next_s = time.monotonic() + _RETRY_S


def open_recorder(env: Any, options: RecordingOptions) -> Recorder:
    """A recorder for *env*, a single or a vector environment.

    Raises:
        EnvironmentFault: the destination cannot be opened.
    """
    from gym_gui.wrappers.recorder import Recorder  # noqa: PLC0415 - with HDF5, when the first episode begins

    choice = FrameChoice.parse(options.frames)
    observation_space, action_space = spaces_of(env)
    destination, record = _destination_of(env, options)
    recorder = Recorder(
        destination,
        frames=choice,
        observations=ObservationKeeping.of(observation_space, options.observations),
        discrete=type(action_space).__name__ == "Discrete",
        space_signature=record.space_signature,
        shared=options.trainer is not None,
        live=_live_of(destination, options) if options.live and choice.every else None,
        on_order=options.on_order,
    )
    lifecycle.opened(recorder)
    return recorder


def open_scalar_recorder(options: RecordingOptions) -> Recorder:
    """A recorder of what a learner logs, without an environment.

    Raises:
        EnvironmentFault: the destination cannot be opened.
    """
    from gym_gui.wrappers.recorder import Recorder  # noqa: PLC0415 - as above

    destination, record = _destination_of(None, options)
    recorder = Recorder(
        destination,
        frames=FrameChoice.parse("none"),
        observations=ObservationKeeping(keeps=False, as_arrays=False, as_pictures=False),
        discrete=True,
        space_signature=record.space_signature,
        shared=options.trainer is not None,
        live=None,
    )
    lifecycle.opened(recorder)
    return recorder


def _destination_of(env: Any, options: RecordingOptions) -> tuple[BatchDestination, RunRecord]:
    own_session = session.session_id()

    def make_run(run_id: str, group: str) -> tuple[RunRecord, RunSpaces]:
        about = {"name": options.run, "group": group, "session": own_session, "frames": options.frames}
        about |= dict(options.metadata or {})
        if env is None:
            return learner_record_of(run_id=run_id, player=options.player, metadata=about)
        return run_record_of(env, run_id=run_id, player=options.player, metadata=about)

    if options.make_destination is not None:
        record, spaces = make_run(options.run, options.run)
        return options.make_destination(record, spaces), record
    if options.trainer is None:
        local = _local_kind()(options.folder, options.run, session=own_session, make_run=make_run)
        return local, local.run
    from gym_gui.services.trainer.client.publisher import TrainerPublisher  # noqa: PLC0415 - gRPC, for trainers only

    run_id = os.environ.get(session.RUN_VARIABLE) or options.run
    record, spaces = make_run(run_id, run_id)
    token_file, ca_file = os.environ.get(session.TOKEN_FILE_VARIABLE), os.environ.get(session.CA_VARIABLE)
    publisher = TrainerPublisher(
        options.trainer,
        record,
        spaces=spaces,
        session=own_session,
        worker_id=session.own_worker_id(lifecycle.ordinal()),
        worker_token=os.environ.get(session.WORKER_TOKEN_VARIABLE),
        token=Path(token_file).read_text(encoding="utf-8").strip() if token_file else None,
        ca=Path(ca_file) if ca_file else None,
        spool_dir=VarPaths(options.folder).spool_dir,
    )
    return publisher, record


def _local_kind() -> type[LocalDestination | LocalProcessDestination]:
    # Storage is imported where it is used; a process that was forked while it was open cannot use it.
    if lifecycle.was_forked_while_recording():
        from gym_gui.wrappers.local_process import LocalProcessDestination  # noqa: PLC0415 - as above

        return LocalProcessDestination
    from gym_gui.wrappers.local_destination import LocalDestination  # noqa: PLC0415 - as above

    return LocalDestination


def _live_of(destination: BatchDestination, options: RecordingOptions) -> LiveFrameWriter | None:
    given = os.environ.get(session.LIVE_VARIABLE)
    if given is None and options.trainer is not None and options.make_destination is None:
        return None  # a trainer elsewhere: its windows see chunks
    from gym_gui.services.live_frames import LiveFrameWriter  # noqa: PLC0415 - only where pictures are shown

    folder = Path(given) if given else VarPaths(options.folder).live_dir
    # A trainer that has not answered yet has named nobody.
    return LiveFrameWriter(folder, destination.run_id, destination.worker_id or f"p{os.getpid()}")

"""Opening a recorder for what a script made: the run's record, its destination, its live picture."""

from __future__ import annotations

import logging
import os
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gym_gui.config.paths import VarPaths, default_var_dir
from gym_gui.core import variables
from gym_gui.core.errors import ConfigError
from gym_gui.core.frame_choice import FrameChoice
from gym_gui.core.refs import check_run_id
from gym_gui.wrappers import lifecycle, recording_link, session
from gym_gui.wrappers.destinations import open_destination
from gym_gui.wrappers.ending import ending_by
from gym_gui.wrappers.observation_keeping import ObservationKeeping
from gym_gui.wrappers.recording_words import ChannelFacts, TrainerAim
from gym_gui.wrappers.run_facts import learner_record_of, portable_spaces, run_record_of, spaces_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gym_gui.core.data_model import RunRecord
    from gym_gui.core.schema.run_spaces import RunSpaces
    from gym_gui.services.batch_destination import BatchDestination, Order
    from gym_gui.services.live_frames import LiveFrameWriter
    from gym_gui.wrappers.process_destination import ProcessDestination
    from gym_gui.wrappers.recorder import Recorder

_LOGGER = logging.getLogger(__name__)
_RETRY_S: Final = 5.0
# Each takes a second or two to start, while the training waits: whoever ends them all does not end the training, too.
_REPLACED_AT_ONCE: Final = 4
_REPLACED_IN_S: Final = 60.0


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
        env_id: What the environment is listed as, where it does not say so itself.
        live: Whether the newest picture is shown to windows of this machine.
        on_order: Answers a trainer's orders: outcome and detail, or None for the recorder's own answer.
        publish_as: Run and worker to be towards a trainer; None for what the process's variables say.
        make_destination: Makes the destination from the run's record; None for the one that the rest says.
    """

    run: str
    frames: str = "all"
    to: str | None = None
    observations: bool | None = None
    var_dir: str | None = None
    player: str = "script"
    metadata: Mapping[str, Any] | None = None
    env_id: str | None = None
    live: bool = True
    on_order: Callable[[Order], tuple[str, str] | None] | None = None
    publish_as: tuple[str, str] | None = None
    make_destination: Callable[[RunRecord, RunSpaces], BatchDestination] | None = None

    def __post_init__(self) -> None:
        check_run_id(self.run)
        FrameChoice.parse(self.frames)
        if not (self.observations is None or isinstance(self.observations, bool)):
            raise ConfigError(f"observations={self.observations!r} is not known.", hint="Write True, False or None.")

    @property
    def trainer(self) -> str | None:
        """The trainer's address; None where the run goes into a var folder."""
        return self.to or os.environ.get(variables.TRAINER) or None

    @property
    def folder(self) -> Path:
        """The var folder."""
        return default_var_dir() if self.var_dir is None else Path(self.var_dir).expanduser().absolute()


class OpeningAttempts:
    """When to try again what the world refused."""

    def __init__(self) -> None:
        self._next_s = 0.0
        self._lost_s: deque[float] = deque(maxlen=_REPLACED_AT_ONCE)

    @property
    def is_due(self) -> bool:
        """Whether enough time has passed."""
        return time.monotonic() >= self._next_s

    def failed(self) -> None:
        """Not again at once."""
        self._next_s = time.monotonic() + _RETRY_S

    def lost(self) -> None:
        """The process that records was ended: again at once, unless that happens again and again."""
        now_s = time.monotonic()
        if len(self._lost_s) == _REPLACED_AT_ONCE and now_s - self._lost_s[0] < _REPLACED_IN_S:
            _LOGGER.warning("The process that records is ended again and again: nothing is recorded for %g s", _RETRY_S)
            self.failed()
        self._lost_s.append(now_s)


def open_recorder(env: Any, options: RecordingOptions, on_lost: Callable[[str], None]) -> Recorder:
    """A recorder for *env*, a single or a vector environment.

    Args:
        env: The environment.
        options: What the script says.
        on_lost: Told in one sentence, on another thread, why nothing is recorded any more.

    Raises:
        EnvironmentFault: the destination cannot be opened.
    """
    observation_space, action_space = spaces_of(env)
    choice = FrameChoice.parse(options.frames)
    keeping = ObservationKeeping.of(observation_space, options.observations)
    discrete = type(action_space).__name__ == "Discrete"
    return _opened(env, options, choice, keeping, discrete=discrete, on_lost=on_lost)


def open_scalar_recorder(options: RecordingOptions, on_lost: Callable[[str], None]) -> Recorder:
    """A recorder of what a learner logs, without an environment; see `open_recorder`.

    Raises:
        EnvironmentFault: the destination cannot be opened.
    """
    keeping = ObservationKeeping(keeps=False, as_arrays=False, as_pictures=False)
    return _opened(None, options, FrameChoice.parse("none"), keeping, discrete=True, on_lost=on_lost)


def _opened(
    env: Any,
    options: RecordingOptions,
    choice: FrameChoice,
    keeping: ObservationKeeping,
    *,
    discrete: bool,
    on_lost: Callable[[str], None],
) -> Recorder:
    from gym_gui.wrappers.recorder import Recorder  # noqa: PLC0415 - with NumPy's and HDF5's, when the first episode begins
    from gym_gui.wrappers.sender import StreamFacts  # noqa: PLC0415 - as above

    make_run = _run_maker(env, options)
    aim = None if options.make_destination is not None else _aim_of(options)
    wished = options.run if aim is None else aim.run_id
    record, spaces = make_run(wished, wished)
    facts = StreamFacts(
        stream=session.new_stream(),
        space_signature=record.space_signature,
        shared=options.trainer is not None,
        holds=choice.best,
    )
    live_dir = _live_dir_of(options) if options.live and choice.every else None
    destination: BatchDestination | ProcessDestination
    live = None
    if options.make_destination is None and recording_link.is_possible():
        from gym_gui.wrappers.process_destination import ProcessDestination  # noqa: PLC0415 - as above

        def make_facts(place: int) -> ChannelFacts:
            return ChannelFacts(
                record=record,
                spaces=portable_spaces(spaces),
                session=session.session_id(),
                stream=facts,
                pid=os.getpid(),
                place=place,
                target=aim or options.folder,
                chose_group="group" in (options.metadata or {}),
                live_dir=live_dir,
                variables={name: value for name, value in os.environ.items() if name.startswith("GYM_GUI_")},
            )

        destination = ProcessDestination(make_facts, on_lost)
    elif options.make_destination is not None:
        destination = options.make_destination(record, spaces)
        live = _live_of(destination, live_dir)
    else:
        target = aim or options.folder
        destination = open_destination(target, wished, session=session.session_id(), make_run=make_run)
        live = _live_of(destination, live_dir)
    return _begun(
        destination,
        lambda: Recorder(
            destination,
            frames=choice,
            observations=keeping,
            discrete=discrete,
            facts=facts,
            live=live,
            on_order=options.on_order,
        ),
    )


def _begun(destination: BatchDestination | ProcessDestination, make: Callable[[], Recorder]) -> Recorder:
    try:
        recorder = make()
        lifecycle.opened(recorder)
    except BaseException as fault:  # Ctrl+C, which ends a run that begins like any other
        destination.close(*ending_by(fault))
        raise
    return recorder


def _run_maker(env: Any, options: RecordingOptions) -> Callable[[str, str], tuple[RunRecord, RunSpaces]]:
    """Makes the record of a run in *env*, from its id and its group's; None is a learner without one."""

    def make_run(run_id: str, group: str) -> tuple[RunRecord, RunSpaces]:
        about = {"name": options.run, "group": group, "session": session.session_id(), "frames": options.frames}
        about |= dict(options.metadata or {})
        if env is None:
            return learner_record_of(run_id=run_id, player=options.player, metadata=about)
        return run_record_of(env, run_id=run_id, player=options.player, metadata=about, env_id=options.env_id)

    return make_run


def _aim_of(options: RecordingOptions) -> TrainerAim | None:
    """The trainer, and who this process is there; None for a var folder."""
    if options.trainer is None:
        return None
    token_file, ca_file = os.environ.get(variables.TOKEN_FILE), os.environ.get(variables.CERTIFICATE)
    run_id, worker_id = options.publish_as or (
        os.environ.get(variables.RUN_ID) or options.run,
        session.own_worker_id(lifecycle.ordinal()),
    )
    return TrainerAim(
        address=options.trainer,
        run_id=run_id,
        worker_id=worker_id,
        worker_token=os.environ.get(variables.WORKER_TOKEN),
        token=Path(token_file).read_text(encoding="utf-8").strip() if token_file else None,
        ca=Path(ca_file) if ca_file else None,
        spool_dir=VarPaths(options.folder).spool_dir,
    )


def _live_dir_of(options: RecordingOptions) -> Path | None:
    given = os.environ.get(variables.LIVE_DIR)
    if given is None and options.trainer is not None and options.make_destination is None:
        return None  # a trainer elsewhere: its windows see chunks
    return Path(given) if given else VarPaths(options.folder).live_dir


def _live_of(destination: BatchDestination, folder: Path | None) -> LiveFrameWriter | None:
    if folder is None:
        return None
    from gym_gui.services.live_frames import LiveFrameWriter  # noqa: PLC0415 - only where pictures are shown

    # A trainer that has not answered yet has named nobody.
    return LiveFrameWriter(folder, destination.run_id, destination.worker_id or f"p{os.getpid()}")

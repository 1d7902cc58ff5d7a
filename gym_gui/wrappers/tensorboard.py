"""`follow`: TensorBoard's event files as a source of scalars: what any framework writes there is recorded, too."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.closing import Closing
from gym_gui.core.typing_compat import override
from gym_gui.wrappers.said_once import SaidOnce
from gym_gui.wrappers.scalar_run import ScalarRun

if TYPE_CHECKING:
    from gym_gui.wrappers.step_batcher import Scalar

_LOGGER = logging.getLogger(__name__)
_EVENT_FILES: Final = "**/*tfevents*"
_LOOK_S: Final = 1.0
_MICROSECONDS: Final = 1_000_000
_STOP_S: Final = 10.0
# Beside the event files: what was recorded of them, so that the next start goes on from there.
_MARK: Final = ".gym-gui-followed.json"


class Follower(Closing):
    """Follows a folder of event files until it is closed. Made by `follow`.

    Args:
        folder: Where TensorBoard's writers write.
        scalar_run: Where the scalars go; closed with the follower.
        look_s: Seconds between two looks.
    """

    def __init__(self, folder: Path, scalar_run: ScalarRun, look_s: float) -> None:
        self.scalar_run = scalar_run
        self._folder = folder
        self._look_s = look_s
        self._files: dict[str, _EventFile] = {}
        self._held: list[Scalar] = []  # read, and not taken yet; until then no more is read
        self._done = _read_mark(folder)
        self._said = SaidOnce(_LOGGER)
        self._looking = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tensorboard-follower", daemon=True)
        self._thread.start()

    def look(self) -> int:
        """Record what has been written since the last look; how many scalars that was. Any thread."""
        taken = 0
        with self._looking:
            for _ in range(2):  # what nobody took the last time, and what is new
                found = self._held = self._held or self._new_scalars()
                if not found or not self.scalar_run.add(found):
                    break
                self._held = []
                taken += len(found)
                # Only what is on disk is called done: a scalar may come twice to us, never to the recording.
                if self.scalar_run.flush(_STOP_S):
                    self._write_mark()
        return taken

    @override
    def close(self) -> None:
        """Look once more, and end."""
        if self._stop.is_set():
            return
        self._stop.set()
        self._thread.join()
        self._guarded_look()
        self.scalar_run.close()

    def _run(self) -> None:
        while not self._stop.wait(self._look_s):
            self._guarded_look()

    def _guarded_look(self) -> None:
        try:
            self.look()
        except Exception as fault:  # noqa: BLE001 - the edge of the thread; a file that cannot be read ends nothing
            self._said.fault("Event files are not followed", fault)

    def _new_scalars(self) -> list[Scalar]:
        found: list[Scalar] = []
        for path in sorted(one for one in self._folder.glob(_EVENT_FILES) if one.is_file()):
            name = path.relative_to(self._folder).as_posix()
            try:
                file = self._files.get(name)
                if file is None:
                    file = self._files[name] = _EventFile(path, prefix=_prefix(name), skip=self._done.get(name, 0))
                found += file.new_scalars()
            except Exception as fault:  # noqa: BLE001 - whatever a reader of other people's files raises; the others are read
                self._said.fault(f"The event file {name} is not followed", fault)
        return found

    def _write_mark(self) -> None:
        self._done.update({name: file.events for name, file in self._files.items()})
        fresh = self._folder / f"{_MARK}.next"
        fresh.write_text(json.dumps(self._done, indent=1), encoding="utf-8")
        fresh.replace(self._folder / _MARK)


def follow(
    folder: str | Path,
    run: str = "training",
    to: str | None = None,
    *,
    var_dir: str | None = None,
    look_s: float = _LOOK_S,
) -> Follower:
    """Follow TensorBoard's event files below *folder* in the background; close what comes back to end it.

    Files that appear later are followed, too. A scalar of a file in a subfolder is called ``subfolder/name``. What was
    recorded is noted beside the files, so that following a folder again records nothing twice.

    Args:
        folder: Where TensorBoard's writers write; it may still be missing.
        run: The run's name, as for `RecordTelemetry`.
        to: ``host:port`` of a trainer; None as for `RecordTelemetry`.
        var_dir: The var folder; None as for `RecordTelemetry`.
        look_s: Seconds between two looks.

    Raises:
        InvalidRunIdError: *run* cannot name a run.
        ImportError: the package ``tensorboard`` is not installed.
    """
    import tensorboard  # noqa: F401, PLC0415 - said at once, not by a thread

    folder = Path(folder).expanduser()
    about = {"tensorboard": str(folder.absolute())}
    return Follower(folder, ScalarRun(run, to, var_dir=var_dir, metadata=about), look_s)


class _EventFile:
    """One event file, read on from where it was left.

    Attributes:
        events: Events read so far.
    """

    def __init__(self, path: Path, *, prefix: str, skip: int) -> None:
        from tensorboard.backend.event_processing.event_file_loader import EventFileLoader  # noqa: PLC0415 - 0.3 s

        self.events = 0
        self._prefix = prefix
        self._skip = skip
        self._loader = EventFileLoader(str(path))

    def new_scalars(self) -> list[Scalar]:
        """Scalars that were written since the last call."""
        found: list[Scalar] = []
        for event in self._loader.Load():
            self.events += 1
            if self.events > self._skip:
                time_us = round(event.wall_time * _MICROSECONDS)
                for value in event.summary.value:
                    number = _number_of(value)
                    if number is not None:
                        found.append((self._prefix + value.tag, event.step, time_us, number))
        return found


def _number_of(value: Any) -> float | None:
    """The number that a summary's value holds; None where it is a picture, a histogram, a text."""
    if value.WhichOneof("value") == "simple_value":
        return float(value.simple_value)
    if value.WhichOneof("value") != "tensor":
        return None
    from tensorboard.util.tensor_util import make_ndarray  # noqa: PLC0415 - loaded with the loader

    array = make_ndarray(value.tensor)
    return float(array.item()) if array.size == 1 and array.dtype.kind in "fiub" else None


def _prefix(name: str) -> str:
    parent = Path(name).parent.as_posix()
    return "" if parent == "." else f"{parent}/"


def _read_mark(folder: Path) -> dict[str, int]:
    try:
        read = json.loads((folder / _MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): int(count) for name, count in read.items()} if isinstance(read, dict) else {}

"""Names that point into storage: run ids and frame refs, checked wherever they come in."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gym_gui.core.errors import InvalidFrameRefError, InvalidRunIdError

if TYPE_CHECKING:
    from datetime import datetime

FRAME_REF_SCHEME: Final = "h5"
FRAMES_DATASET: Final = "frames"
OBSERVATIONS_DATASET: Final = "observations"

_LONGEST = 128
_RUN_ID = re.compile(rf"(?!\.+\Z)[A-Za-z0-9._-]{{1,{_LONGEST}}}")
# A variant, frames.1, holds what came after a shape or dtype changed in mid-run.
_FRAME_REF = re.compile(
    r"h5://(?P<run_id>(?!\.+/)[A-Za-z0-9._-]{1,128})/(?P<dataset>[a-z][a-z0-9_]{0,63}(?:\.[0-9]{1,4})?)"
    r"/(?P<index>[0-9]{1,18})"
)
_MADE_AT = re.compile(r"\d{8}-\d{6}-\d{6}-(?=.)")
_FACTORIES: Final = frozenset({"env", "parallel_env", "raw_env"})
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class FrameRef:
    """Where one array of a run lies: run, dataset of its replay file, index along the first axis."""

    run_id: str
    dataset: str
    index: int

    @classmethod
    def parse(cls, text: str) -> FrameRef | None:
        """The ref that *text* spells, or None where it is not exactly ``h5://run/dataset/index``."""
        match = _FRAME_REF.fullmatch(text)
        if match is None:
            return None
        return cls(match["run_id"], match["dataset"], int(match["index"]))

    @classmethod
    def require(cls, text: str) -> FrameRef:
        """Like `parse`, but a text that is no ref raises.

        Raises:
            InvalidFrameRefError: *text* is not of the form ``h5://run/dataset/index``.
        """
        ref = cls.parse(text)
        if ref is None:
            raise InvalidFrameRefError(
                f"{_shorten(text)} is not a frame reference.",
                hint="Write it as h5://RUN/frames/INDEX, for example h5://my-run/frames/123.",
            )
        return ref

    def to_uri(self) -> str:
        """The text form, which `parse` reads back."""
        return f"{FRAME_REF_SCHEME}://{self.run_id}/{self.dataset}/{self.index}"


def make_frame_ref(run_id: str, dataset: str, index: int) -> str:
    """The ``h5://`` text for an array.

    Raises:
        InvalidFrameRefError: the parts do not make a ref that could be parsed back.
    """
    text = f"{FRAME_REF_SCHEME}://{run_id}/{dataset}/{index}"
    if _FRAME_REF.fullmatch(text) is None:
        FrameRef.require(text)
    return text


def is_run_id(text: object) -> bool:
    """Whether *text* is 1-128 letters, digits, ``.``, ``_``, ``-``, and not only dots."""
    return isinstance(text, str) and _RUN_ID.fullmatch(text) is not None


def check_run_id(text: str) -> str:
    """*text* itself, if it can name a run.

    Raises:
        InvalidRunIdError: it cannot, so it must never become part of a path.
    """
    if not is_run_id(text):
        raise InvalidRunIdError(
            f"{_shorten(text)} is not a run id.",
            hint="A run id has 1 to 128 letters, digits, '.', '_' or '-', and is not only dots.",
        )
    return text


def run_id_with(run_id: str, suffix: str) -> str:
    """A run id with something behind it; cut before, so that it remains one."""
    return f"{run_id[: _LONGEST - len(suffix)]}{suffix}"


def numbered_run_id(run_id: str, number: int) -> str:
    """The *number*-th run of a name: ``name``, ``name-2``, and so on."""
    return run_id if number == 1 else run_id_with(run_id, f"-{number}")


def new_run_id(env_id: str, now: datetime) -> str:
    """A run id that sorts by time and says the game: ``20261122-081530-123456-breakout-7f3a``."""
    module, _, game = env_id.rpartition(":")
    if module and game in _FACTORIES:  # PettingZoo's say nothing, their modules do
        game = module.rpartition(".")[2]
    name = re.sub(r"[^a-z0-9]+", "-", game.rsplit("/", 1)[-1].lower()).strip("-")[:40]
    return f"{now:%Y%m%d-%H%M%S-%f}-{name or 'env'}-{secrets.token_hex(2)}"


def run_name_of(run_id: str) -> str:
    """What a run that nobody named is called: its id without the time, which every list shows beside it."""
    made_at = _MADE_AT.match(run_id)
    return run_id if made_at is None else run_id[made_at.end() :]


def _shorten(text: object) -> str:
    shown = repr(text)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}… ({len(str(text))} characters)"

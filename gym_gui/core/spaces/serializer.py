"""Every Gymnasium space to JSON and back, equal to the original, with a signature that is the same everywhere."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

from gym_gui.core.errors import SchemaMismatchError
from gym_gui.core.spaces.mould import Mould
from gym_gui.core.spaces.reading import read
from gym_gui.core.spaces.writing import Form, write

if TYPE_CHECKING:
    from gymnasium import spaces

_CACHED_TEXT_BYTES: Final = 64 * 1024


class SpaceSerializer:
    """Spaces as JSON objects. Stateless but for a cache of what was parsed; any thread.

    A form is small and readable: ``{"type": "Discrete", "n": 4, "start": 0, "dtype": "int64"}``. A ``Dict`` keeps its
    order as a list of pairs; bounds that are all equal are one number, a few are a list, many are little-endian bytes
    in base64. What ``==`` ignores is kept too: dtype, order of keys and characters, infinite bounds of integers. The
    random generator is not: a space that comes back samples from a fresh one.
    """

    @staticmethod
    def to_json(space: spaces.Space[Any]) -> Form:
        """JSON values only, a new object at each call.

        Raises:
            SchemaMismatchError: the space, or one in it, is of a class that is not Gymnasium's own (a subclass of
                one of Gymnasium's included), or holds what JSON cannot say exactly.
        """
        try:
            return write(space, opaque=False)
        except RecursionError as fault:
            raise SchemaMismatchError("The space holds itself, or is nested too deeply to be written.") from fault

    @staticmethod
    def from_json(form: Form) -> spaces.Space[Any]:
        """A new space equal to the one that `to_json` wrote.

        A form that was read before is not parsed again: the space made then is copied, and bounds of more than 1 KiB
        are shared by such copies, read-only.

        Raises:
            SchemaMismatchError: *form* describes no space of Gymnasium's.
        """
        try:
            text = msgspec.json.encode(form)
            if len(text) > _CACHED_TEXT_BYTES:
                return read(form)
            return _mould(text).cast()
        except RecursionError as fault:
            raise SchemaMismatchError("The description of the space is nested too deeply to be read.") from fault
        except (TypeError, msgspec.MsgspecError, UnicodeEncodeError) as fault:
            raise SchemaMismatchError(f"{form!r:.80} describes no space: it is no JSON.") from fault

    @staticmethod
    def describe(space: spaces.Space[Any]) -> Form:
        """Like `to_json`, but never fails on a class that is not Gymnasium's own.

        Such a one becomes ``{"type": "Opaque", "class": "module.Name", …}`` with its shape, dtype and text, and the
        form of the Gymnasium class it derives from as ``base``. `from_json` refuses it.
        """
        return write(space, opaque=True)

    @staticmethod
    def signature(space: spaces.Space[Any]) -> str:
        """Sha256 (hex) of the canonical JSON of `describe`: the same in every process and on every machine."""
        return _hash(write(space, opaque=True))

    @staticmethod
    def pair_signature(observation_space: spaces.Space[Any], action_space: spaces.Space[Any]) -> str:
        """The signature of both spaces of an environment together: what a run stores."""
        return signature_of_forms(write(observation_space, opaque=True), write(action_space, opaque=True))


def signature_of_forms(observation: Form, action: Form) -> str:
    """The signature that `SpaceSerializer.pair_signature` gives, from forms that are at hand."""
    return _hash({"action": action, "observation": observation})


def _hash(form: Form) -> str:
    text = json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=256)
def _mould(text: bytes) -> Mould:
    return Mould(read(msgspec.json.decode(text)))

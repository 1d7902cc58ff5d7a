"""Any value in JSON without losing a bit: as JSON says it where JSON is exact, else as tagged bytes of `value_codec`.

``{"$exact": "<base64>"}`` holds msgpack with three extension types: arrays, tuples and numpy scalars.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from gym_gui.core.errors import InvalidActionError, SchemaMismatchError
from gym_gui.core.value_codec import decode_value, encode_value

EXACT_KEY: Final = "$exact"
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1


def to_exact(value: Any) -> Any:
    """*value* in JSON's types; `from_exact` gives the same value back, dtype, shape and bits included.

    A numpy integer comes back as a Python one, as everywhere in the product.

    Raises:
        InvalidActionError: *value* holds something that is no number, array, text or container of these.
    """
    if value is None or type(value) is bool or type(value) is str:
        return value
    if type(value) is int and INT64_MIN <= value <= INT64_MAX:
        return value
    if type(value) is float and math.isfinite(value):
        return value
    stored = encode_value(value)
    return {EXACT_KEY: base64.b64encode(stored).decode()} if isinstance(stored, bytes) else stored


def from_exact(document: Any) -> Any:
    """The value that `to_exact` wrote; lists and objects of a foreign writer are taken as they are.

    Raises:
        SchemaMismatchError: the tagged bytes are damaged.
    """
    if not isinstance(document, Mapping) or set(document) != {EXACT_KEY}:
        return document
    try:
        return decode_value(base64.b64decode(document[EXACT_KEY], validate=True))
    except (TypeError, ValueError, binascii.Error, msgspec.MsgspecError, InvalidActionError) as error:
        raise SchemaMismatchError(f"A value under {EXACT_KEY} is damaged: {error}.") from error

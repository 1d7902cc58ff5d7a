"""An environment's info dictionary to JSON text that SQL can query, and back; nothing in it can stop a recording."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import numpy as np

# Beyond this an array is bytes for machines, not numbers for people.
_LISTED_ITEMS: Final = 256
# Deeper than any info that a person wrote; a container that holds itself ends here.
_MAX_DEPTH: Final = 16
_MAX_TEXT: Final = 2_000


def encode_info(info: Mapping[str, Any] | None) -> str | None:
    """JSON text of *info*, or None where it is empty.

    Arrays up to 256 items become lists, larger ones an object with ``dtype``, ``shape`` and ``base64``; what has no
    JSON form becomes its ``repr``. Numbers that JSON does not know (nan, inf) become null.
    """
    if not info:
        return None
    try:
        return _encoder.encode(info).decode()
    except Exception:  # noqa: BLE001 - an environment's objects may raise anything at all when they are looked at
        return _encoder.encode(_plain(info, depth=0)).decode()


def decode_info(text: str | None) -> dict[str, Any]:
    """The dictionary that `encode_info` wrote, in JSON's types."""
    return {} if text is None else _decoder.decode(text)


def to_plain(value: Any) -> Any:
    """*value* in JSON's types, exact for numbers: what a command prints for an action, an observation or an info."""
    return msgspec.to_builtins(value, enc_hook=_encode_hook, str_keys=True)


def _encode_hook(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        if value.size <= _LISTED_ITEMS and not value.dtype.hasobject:
            return value.tolist()
        return {
            "dtype": value.dtype.str,
            "shape": list(value.shape),
            "base64": base64.b64encode(np.ascontiguousarray(value).tobytes()).decode(),
        }
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return dict(value)
    return _text(value)


def _plain(value: Any, *, depth: int) -> Any:
    # The slow way round: keys that are no text, containers that hold themselves, objects that raise.
    if depth > _MAX_DEPTH:
        return "…"
    try:
        if isinstance(value, Mapping):
            return {_text(key): _plain(one, depth=depth + 1) for key, one in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [_plain(one, depth=depth + 1) for one in value]
        if isinstance(value, str) or (isinstance(value, int) and not -(2**63) <= value < 2**64):
            return _text(value)
        _encoder.encode(value)
    except Exception:  # noqa: BLE001 - as above
        return _text(value)
    return value


def _text(value: Any) -> str:
    """*value* as text that UTF-8 can hold, cut where it is long, whatever its own `repr` does."""
    try:
        text = value if isinstance(value, str) else repr(value)[:_MAX_TEXT]
    except Exception:  # noqa: BLE001 - as above
        text = f"<{type(value).__name__}>"
    return text.encode("utf-8", "backslashreplace").decode()


_encoder: Final = msgspec.json.Encoder(enc_hook=_encode_hook)
_decoder: Final = msgspec.json.Decoder(dict)

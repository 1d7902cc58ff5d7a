"""An environment's info dictionary to JSON text that SQL can query, and back; nothing in it can stop a recording."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np

#: Beyond this an array is bytes for machines, not numbers for people.
LISTED_ITEMS: Final = 256
# Deeper than any info that a person wrote; a container that holds itself ends here.
_MAX_DEPTH: Final = 16
# What is plain may go deeper, yet not so deep that whatever reads it later runs out of stack.
_MAX_PLAIN_DEPTH: Final = 100
_LEAVES: Final = frozenset({int, float, bool, str, bytes, type(None), np.ndarray, np.float64, np.float32, np.int64})
_TEXT: Final = frozenset({str})
_MAX_TEXT: Final = 2_000


def encode_info(info: Mapping[str, Any] | None) -> str | None:
    """JSON text of *info*, or None where it is empty.

    Arrays up to 256 items become lists, larger ones an object with ``dtype``, ``shape`` and ``base64``; what has no
    JSON form becomes its ``repr``. Numbers that JSON does not know (nan, inf) become null. Of keys that would be the
    same text, the one that is text keeps it, and the others tell their type: ``1 (int)``. What is nested deeper than
    100 levels becomes ``"…"``.
    """
    if not info:
        return None
    try:
        if like_key(info) is not None:
            info = _plain(info, depth=0)
        encoded = _encoder.encode(info)
        if _depth(encoded) > _MAX_PLAIN_DEPTH:
            encoded = _encoder.encode(_plain(_decoder.decode(encoded), depth=_MAX_DEPTH - _MAX_PLAIN_DEPTH))
        return encoded.decode()
    except Exception:  # noqa: BLE001 - an environment's objects may raise anything at all when they are looked at
        return _encoder.encode(_plain(info, depth=0)).decode()


def decode_info(text: str | None) -> dict[str, Any]:
    """The dictionary that `encode_info` wrote, in JSON's types."""
    return {} if text is None else _decoder.decode(text)


def like_key(value: Any) -> str | None:
    """The text that two keys of a dictionary somewhere in *value* become, such as ``1`` and ``"1"``; None as a rule."""
    if type(value) in _LEAVES:
        return None
    if type(value) is dict and _TEXT.issuperset(map(type, value)) and _LEAVES.issuperset(map(type, value.values())):
        return None  # as nearly every info is, and every step has one
    found = None
    parts: Iterable[Any] = ()
    if isinstance(value, Mapping):
        parts = value.values()
        if any(type(key) is not str for key in value):
            counted = Counter(map(_text, value))
            found = next((text for text, count in counted.items() if count > 1), None)
    elif isinstance(value, (list, tuple)):
        parts = value
    return next((one for one in map(like_key, parts) if one is not None), None) if found is None else found


def to_plain(value: Any) -> Any:
    """*value* in JSON's types, exact for numbers: what a command prints for an action, an observation or an info."""
    return msgspec.to_builtins(value, enc_hook=_encode_hook, str_keys=True)


def _encode_hook(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        if value.size <= LISTED_ITEMS or value.dtype.hasobject:  # the bytes of objects are addresses
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
        if isinstance(value, np.ndarray) and value.dtype.hasobject:
            value = value.tolist()
        if isinstance(value, Mapping):
            names = _names(list(value))
            return {name: _plain(one, depth=depth + 1) for name, one in zip(names, value.values(), strict=True)}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [_plain(one, depth=depth + 1) for one in value]
        odd = isinstance(value, int) and type(value) is not int and not -(2**63) <= value < 2**64
        if isinstance(value, str) or odd:
            return _text(value)
        _encoder.encode(value)
    except Exception:  # noqa: BLE001 - as above
        return _text(value)
    return value


def _names(keys: Sequence[Any]) -> list[str]:
    """A text of its own for each key: a text keeps itself, another one tells its type where its text is taken."""
    texts = [_text(key) for key in keys]
    taken = {text for text, key in zip(texts, keys, strict=True) if isinstance(key, str) and text == key}
    names = []
    for text, key in zip(texts, keys, strict=True):
        name, number = text, 1
        if not (isinstance(key, str) and text == key):
            while name in taken:
                name = f"{text} ({type(key).__name__})" + (f" #{number}" if number > 1 else "")
                number += 1
            taken.add(name)
        names.append(name)
    return names


def _depth(encoded: bytes) -> int:
    """How deep JSON is nested, or more: brackets in texts count, too."""
    if encoded.count(b"[") + encoded.count(b"{") <= _MAX_PLAIN_DEPTH:
        return 0
    signs = np.frombuffer(encoded, np.uint8) | 0x20  # so that [ is {, and ] is }
    return int(np.cumsum((signs == ord("{")).astype(np.int32) - (signs == ord("}"))).max())


def _text(value: Any) -> str:
    """*value* as text that UTF-8 can hold, cut where it is long, whatever its own `repr` does."""
    try:
        text = value if isinstance(value, str) else repr(value)[:_MAX_TEXT]
    except Exception:  # noqa: BLE001 - as above
        text = f"<{type(value).__name__}>"
    return text.encode("utf-8", "backslashreplace").decode()


_encoder: Final = msgspec.json.Encoder(enc_hook=_encode_hook)
_decoder: Final = msgspec.json.Decoder(dict)

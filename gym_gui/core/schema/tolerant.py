"""A document of which some field cannot be read: the rest is read, and what cannot be is kept aside by name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.errors import SchemaMismatchError
from gym_gui.core.schema.json_form import from_document
from gym_gui.core.schema.legacy import storable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gym_gui.core.schema.step_payload import StepPayload

#: Behind the name of a field in `StepPayload.extra`: what it held, and nobody could read.
UNREAD: Final = "_unread"
# Which step it is, and in what version: without these there is no step.
_IDENTITY: Final = frozenset(
    {"payload_version", "run_id", "episode_id", "episode", "step_index", "step", "step_number", "timestamp", "time"}
)


def from_document_tolerantly(document: Mapping[str, Any]) -> tuple[StepPayload, dict[str, str]]:
    """The payload of a document of any readable version, and what is wrong with the fields that cannot be read.

    Such a field is as if it had not been given; its value is kept in the payload's ``extra``, behind `UNREAD`.

    Raises:
        SchemaMismatchError: a newer major version, or it does not say which step it is.
    """
    try:
        return from_document(document), {}
    except SchemaMismatchError:
        identity = {name: value for name, value in document.items() if name in _IDENTITY}
        from_document(identity)  # raises where the trouble lies there
    read, faults = dict(identity), {}
    for name in document.keys() - identity.keys():
        try:
            from_document({**identity, name: document[name]})
        except SchemaMismatchError as error:
            faults[name] = error.message.rstrip(".")
        else:
            read[name] = document[name]
    payload = from_document(read)
    aside = {f"{name}{UNREAD}": storable(document[name]) for name in faults}
    return replace(payload, extra={**payload.extra, **aside}), faults

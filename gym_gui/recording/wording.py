"""Faults of the pieces that a recording is made of, said as the recording's."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from gym_gui.core.errors import EnvironmentFault, InvalidActionError, RecordingError, SchemaMismatchError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def recording_errors() -> Iterator[None]:
    """What the store and the replay writer say of the world becomes a `RecordingError`; a step's own fault stays.

    Raises:
        RecordingError: the disk refused.
        SchemaMismatchError: a step has no form in the format.
    """
    try:
        yield
    except InvalidActionError as error:
        raise SchemaMismatchError(error.message, hint=error.hint) from error
    except (SchemaMismatchError, RecordingError):
        raise
    except EnvironmentFault as error:
        message = error.message.replace("The telemetry database", "The recording")
        raise RecordingError(message, hint=error.hint) from error
    except OSError as error:
        where = f"File: {error.filename}" if error.filename else ""
        raise RecordingError(f"The recording cannot be written: {error.strerror or error}.", hint=where) from error

"""Every error that the product raises, in two branches: the world's faults and our own.

A message says what happened, to which run, episode or step, and what to do; paths come last. Leaves also inherit the
standard type that a caller would catch.
"""

from __future__ import annotations


class GymGuiError(Exception):
    """Base of everything that this package raises on purpose.

    Args:
        message: One sentence: what, which, where.
        hint: One sentence: what the user can do about it; empty where there is nothing to do.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class EnvironmentFault(GymGuiError):  # noqa: N818 - the branch's name is a word of the architecture
    """The world is at fault: a full disk, a purged file, bad input. Shown to the user with its hint."""


class RequestError(EnvironmentFault, ValueError):
    """What was asked for means nothing, whatever is installed or stored: commands answer with wrong usage's code."""


class InvariantError(GymGuiError):
    """We are at fault: logged with its trace and shown as a crash."""


class InvalidRunIdError(RequestError):
    """A run id that is no file name of ours."""


class InvalidFrameRefError(RequestError):
    """A text that is not of the form ``h5://run/dataset/index``."""


class FrameNotFoundError(EnvironmentFault, LookupError):
    """A well-formed ref that leads to nothing.

    Args:
        message: What was looked for.
        reason: One of ``no-file``, ``no-dataset``, ``out-of-range``, ``not-recorded``, ``unreadable``.
        hint: What the user can do about it.
    """

    def __init__(self, message: str, *, reason: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


class RunNotFoundError(EnvironmentFault, LookupError):
    """No run of that id in this var folder."""


class EpisodeNotFoundError(EnvironmentFault, LookupError):
    """No episode of that id or index in the run."""


class AmbiguousEpisodeError(EnvironmentFault, LookupError):
    """Several episodes of the run have that index: of several workers, attempts or evaluations."""


class ReplayFileError(EnvironmentFault, OSError):
    """A replay file is missing, truncated, foreign, or cannot be written."""


class StoreError(EnvironmentFault, OSError):
    """The telemetry database is missing, foreign, locked, or cannot be written."""


class StoreVersionError(EnvironmentFault, OSError):
    """The telemetry database was written by a newer application."""


class RecordingError(EnvironmentFault, OSError):
    """A recording of some backend is missing, foreign, damaged, or cannot be written."""


class ConfigError(RequestError):
    """A configuration names something that does not exist, or gives it a value that it cannot take."""


class FormatUnavailableError(EnvironmentFault, ImportError):
    """A format needs a package that is not installed; the message names the one command that installs it."""


class ExportError(EnvironmentFault, OSError):
    """An export or an import could not be done; nothing half-done was left behind."""


class ExportRequestError(ExportError, RequestError):
    """An export was asked for with words that mean nothing: an unknown format, an option that it does not know."""


class VarDirError(EnvironmentFault, OSError):
    """The var folder cannot be created or written."""


class SchemaMismatchError(EnvironmentFault, ValueError):
    """A value does not have the shape or dtype that the run declared."""


class InvalidActionError(EnvironmentFault, ValueError):
    """An action that the environment's action space does not hold, or that cannot be stored exactly."""


class UnknownEnvironmentError(RequestError, LookupError):
    """No registered environment of that id, a word that means nothing here; the message offers near matches."""


class EnvironmentUnusableError(EnvironmentFault, RuntimeError):
    """The environment exists but cannot be made here: a missing package, a bad keyword, no ``rgb_array`` mode."""


class EnvironmentRaisedError(EnvironmentFault, RuntimeError):
    """The environment's own code raised in ``reset``, ``step`` or ``render``.

    Args:
        message: What was being done, with the original exception's type and text.
        phase: ``make``, ``reset``, ``step``, ``render`` or ``close``.
    """

    def __init__(self, message: str, *, phase: str) -> None:
        super().__init__(message)
        self.phase = phase


class RunTransitionError(EnvironmentFault, ValueError):
    """A training run was asked to become what it cannot become from where it stands."""


class DuplicateRunError(EnvironmentFault, ValueError):
    """A training run of the same configuration is active.

    Args:
        message: Which one.
        run_id: Its id.
        hint: What the user can do about it.
    """

    def __init__(self, message: str, *, run_id: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.run_id = run_id


class TrainerUnavailableError(EnvironmentFault, ConnectionError):
    """No trainer answers at that address, or it does not let us in."""


class TrainerSilentError(TrainerUnavailableError):
    """A trainer has not answered in time: it is busy, or nothing gets through to it. It may well be there."""


class TrainerRefusedError(EnvironmentFault, ValueError):
    """The trainer answered that it will not do what was asked."""


class WorkerError(EnvironmentFault, RuntimeError):
    """A training worker could not be started, or ended by a fault of its own."""


class BusClosedError(InvariantError, RuntimeError):
    """Something was published or awaited after the bus was closed."""

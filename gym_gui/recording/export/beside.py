"""Write beside and rename: what is at the target is the old thing or the whole new one, never half of it."""

from __future__ import annotations

import errno
import re
import secrets
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from gym_gui.core.errors import ExportError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PARTIAL: Final = ".partial"
# All that an export puts into a folder: pictures, Parquet files, a data set of Minari's.
_OURS: Final = re.compile(r"episode-\d+(-\d+)?(-step-\d+)?\.(png|parquet)|data/(main_data\.hdf5|metadata\.json)")
_REASONS: Final = {
    errno.ENOSPC: "there is no space left on the disk",
    errno.EDQUOT: "the disk quota is used up",
    errno.EACCES: "that is not permitted",
    errno.EPERM: "that is not permitted",
    errno.EROFS: "the disk can only be read",
    errno.ENAMETOOLONG: "the name is too long",
    errno.EFBIG: "the file grew beyond what is allowed",
}


def check_target(target: Path, *, overwrite: bool) -> None:
    """Whether something can be written there.

    Raises:
        ExportError: there is something already and it may not be replaced, or no folder to write it in.
    """
    try:
        target.exists()
    except OSError as error:  # too long a name, say
        raise refused(target, error) from error
    if not target.parent.is_dir():
        raise ExportError(f"There is no folder {target.parent}.", hint="Make it first, or choose another path.")
    if not target.name:
        raise ExportError(f"{target} is no name for a file.", hint="Choose another path.")
    if target.exists() or target.is_symlink():
        if not overwrite:
            raise ExportError(f"{target} is there already.", hint="--force replaces it.")
        if target.is_dir() and not _is_ours(target):
            raise ExportError(
                f"The folder {target} holds other things, and is not replaced.", hint="Choose another path."
            )


@contextmanager
def written_beside(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """A path beside *target* to write a file or folder at; it takes the target's place when the block ends well.

    Raises:
        ExportError: the target is taken, or the disk refused; nothing was left behind.
    """
    check_target(target, overwrite=overwrite)
    # The ending stays: libraries choose their container by it.
    beside = target.with_name(f".{_cut(target.stem)}-{secrets.token_hex(3)}{PARTIAL}{target.suffix}")
    try:
        yield beside
        _take_place(beside, target)
    except OSError as error:
        if isinstance(error, ExportError):
            raise
        raise refused(target, error) from error
    finally:
        _remove(beside)


def refused(target: Path, error: OSError) -> ExportError:
    """The sentence for a disk that refused."""
    reason = _REASONS.get(error.errno or 0) or (error.strerror or str(error)).lower()
    return ExportError(f"The export could not be written: {reason}.", hint=f"Nothing was left behind. Path: {target}")


def _cut(name: str) -> str:
    """So much of a name that more of it fits behind; a disk counts bytes, not letters."""
    return name.encode("utf-8", "surrogateescape")[:60].decode("utf-8", "ignore")


def _take_place(beside: Path, target: Path) -> None:
    if not beside.is_dir() and not target.is_dir():
        beside.replace(target)
        return
    if not target.exists():
        beside.rename(target)
        return
    aside = target.with_name(f".{_cut(target.name)}-{secrets.token_hex(3)}{PARTIAL}")
    target.rename(aside)
    try:
        beside.rename(target)
    except OSError:
        aside.rename(target)
        raise
    _remove(aside)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _is_ours(folder: Path) -> bool:
    files = (one.relative_to(folder).as_posix() for one in folder.rglob("*") if not one.is_dir())
    return all(_OURS.fullmatch(name) for name in files)

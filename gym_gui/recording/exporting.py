"""A recorder's own export: what it recorded so far, by the same exporter that every face uses."""

from __future__ import annotations

import logging
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gym_gui.recording.contract import RecordingReader

_LOGGER = logging.getLogger(__name__)


def export_recording(
    open_reader: Callable[[], RecordingReader],
    run_id: str,
    output_path: str,
    format: str,  # noqa: A002 - the seed's own word
    *,
    episodes: Sequence[str] | None,
    options: Mapping[str, Any],
) -> bool:
    """Write a run, or some of its episodes; what is at *output_path* is replaced.

    Args:
        open_reader: Opens what was recorded.
        run_id: The run.
        output_path: The file or folder to write; its folder is made.
        format: Name of a format.
        episodes: Ids; None for all.
        options: As the caller gave them; what means nothing to the format is said in the log and left out.

    Raises:
        ExportError: it cannot be done; nothing was left behind.
        FormatUnavailableError: the format's package is not installed.
    """
    from gym_gui.recording.export import export_run, find_format  # noqa: PLC0415 - only who exports pays for it

    chosen = find_format(format)
    taken: dict[str, Any] = {}
    for name, value in options.items():
        if value is None:
            continue
        fits = value in chosen.compressions if name == "compression" else name in chosen.options
        if fits:
            taken[name] = value
        else:
            _LOGGER.warning("An export to %s has no %s=%r; it is written without.", chosen.title, name, value)
    path = Path(output_path).expanduser()
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(open_reader()) as reader:
        result = export_run(reader, run_id, path, format=chosen.name, episodes=episodes, overwrite=True, **taken)
    for note in result.notes:
        _LOGGER.info("export to %s: %s", path, note)
    return True

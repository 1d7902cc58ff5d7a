"""Pictures of games for the catalogue: made one by one in a child process of low priority, kept as PNG files.

`PreviewMaker` may be called from any thread; its own thread only waits for the child.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import subprocess
import sys
from collections import deque
from threading import Condition, Thread
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

_log = logging.getLogger(__name__)

_CLOSE_TIMEOUT_S: Final = 3.0
# Changed when the way to draw pictures changes, so that those in a cache are made anew.
_EDITION: Final = "2:"


def preview_file(folder: Path, env_id: str) -> Path:
    """Where the picture of *env_id* is kept; different ids never share a file."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", env_id).strip("-")[:60].lower()
    digest = hashlib.sha256(f"{_EDITION}{env_id}".encode()).hexdigest()[:8]
    return folder / f"{name}-{digest}.png"


class PreviewMaker:
    """Makes the pictures that are asked for, unless a game is being played.

    Args:
        folder: Where the PNG files go.
        on_made: Told that `take_made` has something; on any thread, so it must only set a flag or send a signal.
        command: The child process; tests may give another.
    """

    def __init__(
        self,
        folder: Path,
        on_made: Callable[[], None] = lambda: None,
        *,
        command: tuple[str, ...] = (sys.executable, "-m", "gym_gui.controllers.preview_worker"),
    ) -> None:
        self._folder = folder
        self._on_made = on_made
        self._command = command
        self._wanted: deque[str] = deque()
        self._made: deque[tuple[str, Path]] = deque()
        self._changed = Condition()
        self._resting = False
        self._closing = False
        self._thread: Thread | None = None
        self._child: subprocess.Popen[str] | None = None

    def existing(self, env_id: str) -> Path | None:
        """The picture of *env_id*, if it was made before. Reads the disk."""
        file = preview_file(self._folder, env_id)
        return file if file.is_file() else None

    def ask(self, env_ids: Iterable[str]) -> None:
        """Make these pictures, in this order; what was tried in vain before is left alone."""
        with self._changed:
            known = set(self._wanted)
            self._wanted.extend(env_id for env_id in env_ids if env_id not in known)
            if self._wanted and self._thread is None and not self._closing:
                self._thread = Thread(target=self._run, name="previews", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def rest(self, *, resting: bool) -> None:
        """Begin no picture while *resting*: the machine belongs to the game that is played."""
        with self._changed:
            self._resting = resting
            self._changed.notify_all()

    def take_made(self) -> list[tuple[str, Path]]:
        """The pictures made since the last call: environment id and file."""
        made = []
        while self._made:
            made.append(self._made.popleft())
        return made

    def close(self) -> None:
        """End the child and the thread; safe to call twice."""
        with self._changed:
            self._closing = True
            self._wanted.clear()
            self._changed.notify_all()
            child = self._child
        if child is not None:
            child.kill()
        if self._thread is not None:
            self._thread.join(_CLOSE_TIMEOUT_S)

    # --- the preview thread -----------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while True:
                with self._changed:
                    while not self._closing and (self._resting or not self._wanted):
                        self._changed.wait()
                    if self._closing:
                        return
                    env_id = self._wanted.popleft()
                self._make(env_id)
        except Exception:  # noqa: BLE001 - see below
            # The thread's edge: without pictures the catalogue still works, but the log must say why.
            _log.exception("No more pictures of games can be made.")
        finally:
            self._end_child()

    def _make(self, env_id: str) -> None:
        file = preview_file(self._folder, env_id)
        refused = file.with_suffix(".none")
        if file.is_file():
            self._report(env_id, file)
            return
        if refused.is_file():
            return
        reason = self._ask_child(env_id, file)
        if self._closing:
            return
        if reason is None:
            self._report(env_id, file)
        else:
            _log.info("No picture of %s: %s", env_id, reason)
            refused.write_text(reason + "\n", encoding="utf-8")

    def _report(self, env_id: str, file: Path) -> None:
        self._made.append((env_id, file))
        self._on_made()

    def _ask_child(self, env_id: str, file: Path) -> str | None:
        child = self._child
        if child is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            child = subprocess.Popen(  # noqa: S603 - our own module, with our own interpreter
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
            with self._changed:
                self._child = child
        assert child.stdin is not None  # noqa: S101 - both pipes were asked for above
        assert child.stdout is not None  # noqa: S101 - same
        try:
            child.stdin.write(json.dumps({"env_id": env_id, "file": str(file)}) + "\n")
            child.stdin.flush()
            answer = child.stdout.readline()
        except OSError:
            answer = ""
        if not answer:
            # Reaped here: the next game must find no child rather than one that has only just died.
            self._end_child()
            return "the process that draws it ended"
        reason: str = json.loads(answer)["error"]
        return reason or None

    def _end_child(self) -> None:
        with self._changed:
            child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    try:
                        pipe.close()
                    except OSError:
                        _log.debug("The preview process's pipe was already broken.")

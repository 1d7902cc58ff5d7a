"""Runs `gym-gui` in processes that are forked from one that has loaded what every command loads.

Each command is a process with its own arguments, environment, folder, output and exit code, as from a shell; only the
loading of Python, NumPy, HDF5 and Gymnasium, most of what a short command costs, is done once for all of them.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import weakref
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST: Final = 1 << 20
# What is read while Python or a library starts is the server's; these are read by each command.
_PER_COMMAND: Final = ("GYM_GUI_", "PYTEST_", "PWD")


class CommandServer:
    """The process that is forked.

    Args:
        variables: Its environment; commands whose own differs in more than our variables do not fit it.
    """

    def __init__(self, variables: dict[str, str]) -> None:
        self._started_with = _of_the_start(variables)
        self._talk, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(theirs.fileno())], env=variables, pass_fds=[theirs.fileno()]
            )
        weakref.finalize(self, _end, self._process, self._talk)

    def fits(self, variables: dict[str, str]) -> bool:
        """Whether a command with that environment can be forked from it."""
        return _of_the_start(variables) == self._started_with

    def run(self, words: list[str], variables: dict[str, str], cwd: Path, timeout_s: float) -> tuple[int, str, str]:
        """Exit code, standard output and standard error of one command.

        Raises:
            TimeoutExpired: it took longer.
        """
        with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
            request = json.dumps({"words": words, "variables": variables, "cwd": str(cwd)}).encode()
            socket.send_fds(self._talk, [request], [stdout.fileno(), stderr.fileno()])
            pid = int(self._talk.recv(64))
            self._talk.settimeout(timeout_s)
            try:
                code = int(self._talk.recv(64))
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                self._talk.settimeout(None)
                self._talk.recv(64)
                raise subprocess.TimeoutExpired(words, timeout_s) from None
            self._talk.settimeout(None)
            stdout.seek(0)
            stderr.seek(0)
            return code, stdout.read().decode(), stderr.read().decode()


def _of_the_start(variables: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if not name.startswith(_PER_COMMAND)}


def _end(process: subprocess.Popen[bytes], talk: socket.socket) -> None:
    talk.close()
    process.wait()


def _load() -> None:
    """What nearly every command loads; nothing of it starts a thread or reads the environment of a command."""
    import gymnasium  # noqa: F401, PLC0415 - in the server's process alone
    import h5py  # noqa: F401, PLC0415 - same

    import gym_gui.adapters.names  # noqa: PLC0415 - same
    import gym_gui.app  # noqa: PLC0415 - same
    import gym_gui.cli.library  # noqa: PLC0415 - same
    import gym_gui.cli.main  # noqa: PLC0415 - same
    import gym_gui.cli.record  # noqa: PLC0415 - same
    import gym_gui.services.bootstrap  # noqa: F401, PLC0415 - same


def _serve(talk: socket.socket) -> dict[str, Any] | None:
    """Fork for each request; the request in the child, None in the server once nobody asks any more."""
    while True:
        request, descriptors, _, _ = socket.recv_fds(talk, _LONGEST, 2)
        if not request:
            return None
        pid = os.fork()
        if not pid:
            talk.close()
            for place, descriptor in enumerate(descriptors, 1):
                os.dup2(descriptor, place)
                os.close(descriptor)
            found: dict[str, Any] = json.loads(request)
            return found
        for descriptor in descriptors:
            os.close(descriptor)
        talk.send(str(pid).encode())
        talk.send(str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])).encode())


def _become(asked: dict[str, Any]) -> None:
    """Make this process what `python -m gym_gui WORDS` is in that folder, with that environment."""
    os.environ.clear()
    os.environ.update(asked["variables"])
    os.chdir(asked["cwd"])
    spec = importlib.util.find_spec("gym_gui.__main__")
    assert spec is not None
    sys.argv = [str(spec.origin), *asked["words"]]
    sys.path.insert(0, asked["cwd"])
    # What a command starts with multiprocessing looks here for what to import.
    main = sys.modules["__main__"]
    main.__spec__, main.__file__ = spec, spec.origin


if __name__ == "__main__":
    _load()
    _asked = _serve(socket.socket(fileno=int(sys.argv[1])))
    if _asked is not None:
        from gym_gui.app import main as _main

        _become(_asked)
        sys.exit(_main())

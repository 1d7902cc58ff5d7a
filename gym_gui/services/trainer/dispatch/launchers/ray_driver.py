"""The process that stands for a worker on a Ray cluster: ``python -m ...ray_driver COMMAND``, in the run's folder.

It asks Ray for the run's cores, GPUs and memory, starts the command there with the run's variables, prints what it
prints, hands SIGTERM on, brings its outcome and checkpoints home, and ends as it ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from gym_gui.core.errors import GymGuiError
from gym_gui.core.variables import CERTIFICATE, RESUME_FROM, RUN_DIR, TOKEN_FILE, TRAINER
from gym_gui.services.trainer.config import TrainingConfig
from gym_gui.services.trainer.dispatch.launchers.ray_node import NodeJob, NodeWorker

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONTRACT: Final = ("GYM_GUI_", "OMP_NUM_THREADS", "PYTHONUNBUFFERED")
_FILES: Final = (TOKEN_FILE, CERTIFICATE, RESUME_FROM)
_READ_S: Final = 0.5
_SAY_EVERY_S: Final = 30.0
_LOCAL_STORE_BYTES: Final = 100_000_000
_STOPPED: Final = 3
_ANSWER_S: Final = 5.0
_MB: Final = 1024 * 1024


def main(command: list[str]) -> int:
    """Run *command* on the cluster; its exit code."""
    run_dir = Path(os.environ[RUN_DIR])
    config = TrainingConfig.from_json((run_dir / "config.json").read_text(encoding="utf-8"))
    unanswered = _unanswered(str(config.launcher_options.get("address", "")))
    if unanswered:
        _bring_home(run_dir / "outcome.json", json.dumps({"state": "failed", "reason": unanswered}).encode())
        _say(unanswered)
        return 1
    import ray  # noqa: PLC0415 - an extra, and a second to import
    from ray.exceptions import RayError  # noqa: PLC0415 - same

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        _connect(ray, config)
        signal.signal(signal.SIGTERM, lambda *_: stop.set())  # Ray has put its own there
        try:
            return _Driver(ray, run_dir, stop).run(config, command)
        finally:
            ray.shutdown()
    except (RayError, GymGuiError, ConnectionError, OSError) as error:
        _say(f"Ray: {str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__}")
        return 1


class _Driver:
    """One run of one command.

    Args:
        ray: The module.
        run_dir: The run's folder here.
        stop: Set when it is to end.
    """

    def __init__(self, ray: Any, run_dir: Path, stop: threading.Event) -> None:
        self._ray = ray
        self._run_dir = run_dir
        self._stop = stop

    def run(self, config: TrainingConfig, command: list[str]) -> int:
        """From asking for a place to the exit code."""
        proof = self._run_dir / f".shared-{secrets.token_hex(8)}"
        proof.touch()
        try:
            node = self._node(config, _job(self._run_dir, command, proof.name, config))
            if not self._started(node):
                return _STOPPED
            code = self._followed(node)
            for name, data in self._ray.get(node.results.remote()).items():
                _bring_home(self._run_dir / name, data)
            return code
        finally:
            proof.unlink(missing_ok=True)

    def _node(self, config: TrainingConfig, job: NodeJob) -> Any:
        needs = config.resources
        options: dict[str, Any] = {"num_cpus": needs.cpus, "num_gpus": needs.gpus, "max_concurrency": 4}
        if needs.memory_mb:
            options["memory"] = needs.memory_mb * _MB
        return self._ray.remote(NodeWorker).options(**options).remote(job)

    def _started(self, node: Any) -> bool:
        begun, said_at = node.start.remote(), 0.0
        while not self._stop.is_set():
            ready, _ = self._ray.wait([begun], timeout=_READ_S)
            if ready:
                _say(f"Ray: the worker runs on {self._ray.get(begun)}.")
                return True
            if time.monotonic() - said_at > _SAY_EVERY_S:
                said_at = time.monotonic()
                _say("Ray: the run waits for a place on the cluster.")
        self._ray.kill(node)
        return False

    def _followed(self, node: Any) -> int:
        was_told = False
        while True:
            if self._stop.is_set() and not was_told:
                was_told = True
                self._ray.get(node.stop.remote())
            data, code = self._ray.get(node.read.remote(_READ_S))
            if data:
                sys.stdout.buffer.write(data)
                sys.stdout.buffer.flush()
            elif code is not None:
                return int(code) if code >= 0 else 128 - code


def _unanswered(address: str) -> str:
    """What to tell where nobody listens at *address*; Ray itself would wait for minutes. Empty where somebody does."""
    try:
        parts = urlsplit(f"//{address.rpartition('://')[2]}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return f"The address {address} of the Ray cluster is none; give launcher_options.address as host:port."
    if host is None or port is None:
        return ""  # Ray looks for it: `auto`, say
    try:
        socket.create_connection((host, port), timeout=_ANSWER_S).close()
    except OSError as error:
        why = error.strerror or str(error)
        return f"No Ray cluster answers at {address} ({why}); start it, or correct launcher_options.address."
    return ""


def _connect(ray: Any, config: TrainingConfig) -> None:
    address = str(config.launcher_options.get("address", ""))
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    if address:
        ray.init(address=address, **quiet)
        return
    # A Ray of this run's own, no larger than the run: it ends with the driver.
    cores = max(1, round(config.resources.cpus + 0.499))
    ray.init(
        address="local",
        num_cpus=cores,
        num_gpus=config.resources.gpus,
        object_store_memory=_LOCAL_STORE_BYTES,
        include_dashboard=False,
        **quiet,
    )


def _job(run_dir: Path, command: list[str], proof: str, config: TrainingConfig) -> NodeJob:
    variables = {name: value for name, value in os.environ.items() if name.startswith(_CONTRACT)}
    if config.launcher_options.get("trainer"):  # how the nodes reach it, where that is another address than here
        variables[TRAINER] = str(config.launcher_options["trainer"])
    return NodeJob(
        command=tuple(command),
        python=sys.executable,
        variables=variables,
        run_dir=str(run_dir),
        proof=proof,
        config=(run_dir / "config.json").read_bytes(),
        files=_carried(variables),
    )


def _carried(variables: Mapping[str, str]) -> dict[str, tuple[str, bytes]]:
    # Another machine has not these files: what they hold goes along.
    carried = {}
    for name in _FILES:
        if variables.get(name):
            path = Path(variables[name])
            carried[name] = (path.name, path.read_bytes())
    return carried


def _bring_home(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def _say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A trainer that lives is reached, however slow the machine is, and nobody is sent to one that does not."""

from __future__ import annotations

import os
import signal
import socket
import threading
from typing import TYPE_CHECKING

from integration.command_line import gym_gui
from trainer_rig import TrainerProcess

from gym_gui.config.paths import VarPaths
from gym_gui.services.trainer.client.discovery import TrainerAddress, await_end, ensure_trainer, find_trainer
from gym_gui.services.trainer.daemon.certificate import make_certificate
from gym_gui.services.trainer.daemon.daemon import DaemonFile

if TYPE_CHECKING:
    from pathlib import Path


def test_that_a_trainer_that_is_slow_to_speak_is_waited_for(var_dir: Path) -> None:
    with TrainerProcess(var_dir) as trainer, trainer.client() as client:
        # Halted, it is what a trainer on a loaded machine is for a moment: the connection stands, no word comes.
        os.kill(trainer.pid, signal.SIGSTOP)
        goes_on = threading.Timer(1.0, os.kill, (trainer.pid, signal.SIGCONT))
        goes_on.start()
        try:
            assert client.hello().protocol == (1, 0)
        finally:
            goes_on.join()


def test_that_nobody_is_sent_to_where_a_killed_trainer_was(var_dir: Path) -> None:
    with TrainerProcess(var_dir) as trainer:
        trainer.kill()
        assert trainer.paths.daemon_file.exists()
        assert find_trainer(trainer.paths) is None
        starting = DaemonFile(trainer.paths.daemon_lock, trainer.paths.daemon_file)
        assert find_trainer(trainer.paths) is None  # the next one has the folder, and listens nowhere yet
        starting.close()
        with ensure_trainer(trainer.paths) as client:
            assert client.hello().protocol == (1, 0)
            client.shutdown()
        assert await_end(trainer.paths)


def test_that_those_who_look_for_a_trainer_are_not_taken_for_one(var_dir: Path) -> None:
    paths = VarPaths(var_dir)
    file = DaemonFile(paths.daemon_lock, paths.daemon_file)
    file.tell("127.0.0.1:1", "127.0.0.1:1")
    told = paths.daemon_file.read_bytes()
    file.close()
    paths.daemon_file.write_bytes(told)  # as a killed one leaves it
    found: list[TrainerAddress | None] = []

    def look() -> None:
        found.extend(find_trainer(paths) for _ in range(500))

    lookers = [threading.Thread(target=look) for _ in range(4)]
    for looker in lookers:
        looker.start()
    for looker in lookers:
        looker.join()
    assert found == [None] * 2_000


def test_that_those_who_look_keep_no_trainer_from_starting(var_dir: Path) -> None:
    paths = VarPaths(var_dir)
    paths.root.mkdir(exist_ok=True)
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            find_trainer(paths)

    lookers = [threading.Thread(target=look) for _ in range(2)]
    for looker in lookers:
        looker.start()
    started = 0
    try:
        for _ in range(300):
            DaemonFile(paths.daemon_lock, paths.daemon_file).close()
            started += 1
    finally:
        over.set()
        for looker in lookers:
            looker.join()
    assert started == 300


def test_that_a_port_that_another_has_is_told_in_one_sentence(var_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        found = gym_gui("trainer", "serve", "--listen", address, var_dir=var_dir)
    assert (found.code, found.stdout) == (2, "")
    assert found.stderr.splitlines() == [found.sentence]
    assert found.sentence.startswith(f"gym-gui: The trainer cannot listen at {address}. Is the port taken?")


def test_that_a_file_of_tls_that_cannot_be_used_is_named(var_dir: Path, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, [])
    absent, blank = tmp_path / "absent.pem", tmp_path / "blank.pem"
    blank.touch()
    for chosen, told in (
        ((absent, absent), f"The key of TLS cannot be read: No such file or directory. File: {absent}."),
        ((absent, key), f"The certificate of TLS cannot be read: No such file or directory. File: {absent}."),
        ((certificate, absent), f"The key of TLS cannot be read: No such file or directory. File: {absent}."),
        ((blank, key), "The certificate and its key cannot be used"),
    ):
        options = [part for pair in zip(("--tls-cert", "--tls-key"), map(str, chosen), strict=True) for part in pair]
        found = gym_gui("trainer", "serve", "--listen", "127.0.0.1:0", *options, var_dir=var_dir)
        assert (found.code, told in found.sentence) == (2, True), found.stderr


def test_that_a_port_that_cannot_be_is_told() -> None:
    for command in (("trainer", "status"), ("train", "list")):
        found = gym_gui(*command, "--trainer", "localhost:99999")
        assert (found.code, found.stdout) == (2, "")
        assert found.sentence == "gym-gui: There is no port 99999. Ports go up to 65535."


def test_that_the_command_that_brings_a_trainer_back_names_no_port_that_may_be_taken(var_dir: Path) -> None:
    with TrainerProcess(var_dir) as trainer:
        trainer.kill()
        found = gym_gui("trainer", "status", var_dir=var_dir)
        assert (found.code, "`gym-gui trainer serve --listen 127.0.0.1:0`" in found.sentence) == (1, True)
        found = gym_gui("trainer", "status", "--trainer", trainer.address)
        assert f"`gym-gui trainer serve --listen {trainer.address}`" in found.sentence

"""Who asks a trainer in vain is told why: absent, busy, of another kind, or behind TLS; and told nothing else."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from integration.command_line import Answer, gym_gui
from trainer_rig import TrainerProcess

from gym_gui.core.errors import TrainerSilentError
from gym_gui.services.trainer.client.client import TrainerClient
from gym_gui.services.trainer.daemon.certificate import make_certificate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def asked(address: str, *words: str) -> Answer:
    return gym_gui("trainer", "status", "--trainer", address, *words)


def assert_told(found: Answer, *parts: str) -> None:
    """One line, which holds every one of *parts*; nothing of gRPC's own beside it."""
    assert (found.code, found.stdout) == (1, ""), found
    assert len(found.stderr.strip().splitlines()) == 1, found.stderr
    for part in parts:
        assert part in found.stderr, found.stderr


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The port of a trainer behind TLS, and the folder of its certificate."""
    folder = tmp_path_factory.mktemp("guarded")
    certificate, key = make_certificate(folder / "keys", ["localhost"])
    options = ("--tls-cert", str(certificate), "--tls-key", str(key))
    with TrainerProcess(folder / "var", *options, listen="0.0.0.0:0") as trainer:
        yield trainer.address.rpartition(":")[2], certificate


def test_that_a_trainer_behind_tls_is_said_to_want_it(guarded: tuple[str, Path]) -> None:
    assert_told(
        asked(f"localhost:{guarded[0]}"), "wants TLS. Give its certificate with --ca and its token with --token-file"
    )


def test_that_another_certificate_is_said_to_be_the_wrong_one(guarded: tuple[str, Path], tmp_path: Path) -> None:
    other, _ = make_certificate(tmp_path / "other", ["localhost"])
    assert_told(asked(f"localhost:{guarded[0]}", "--ca", str(other)), "shows a certificate that is not trusted here")


def test_that_a_name_that_is_not_in_the_certificate_is_said(guarded: tuple[str, Path]) -> None:
    assert_told(asked(f"127.0.0.2:{guarded[0]}", "--ca", str(guarded[1])), "for other names than that")


def test_that_the_right_certificate_without_a_token_asks_for_the_token(guarded: tuple[str, Path]) -> None:
    assert_told(asked(f"localhost:{guarded[0]}", "--ca", str(guarded[1])), "does not let us in", "--token-file")


def test_that_a_certificate_for_a_trainer_without_tls_is_said_to_be_too_much(
    guarded: tuple[str, Path], var_dir: Path
) -> None:
    with TrainerProcess(var_dir) as trainer:
        assert_told(asked(trainer.address, "--ca", str(guarded[1])), "speaks no TLS", "Leave --ca")


def test_that_nobody_something_else_and_no_address_are_told_apart() -> None:
    assert_told(asked("127.0.0.1:1"), "No trainer answers at 127.0.0.1:1: connection refused.", "Start one with")
    assert_told(asked("nowhere.invalid:47017"), "there is no host of that name")
    assert_told(asked("localhost"), "Write host:port.")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        other = threading.Thread(target=_be_a_web_server, args=(listener,))
        other.start()
        assert_told(asked(f"127.0.0.1:{listener.getsockname()[1]}"), "is no trainer. Check the address.")
        other.join()


def _be_a_web_server(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot hold a process up")
def test_that_a_busy_trainer_is_waited_for_and_is_never_called_absent(var_dir: Path) -> None:
    with TrainerProcess(var_dir) as trainer, trainer.client() as known:
        known.hello()
        os.kill(trainer.pid, signal.SIGSTOP)
        try:
            with pytest.raises(TrainerSilentError, match="has not answered in time"):
                known.hello(timeout_s=0.5)
            with TrainerClient(trainer.address) as stranger, pytest.raises(TrainerSilentError, match="in time"):
                stranger.hello(timeout_s=0.5)
            # It greets late, as one does whose machine is loaded, and is heard all the same.
            goes_on = threading.Timer(0.7, os.kill, (trainer.pid, signal.SIGCONT))
            goes_on.start()
            with TrainerClient(trainer.address) as late:
                assert late.hello().protocol[0] == 1
            goes_on.join()
        finally:
            os.kill(trainer.pid, signal.SIGCONT)

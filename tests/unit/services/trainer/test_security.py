"""Nothing beyond this machine without TLS and a token; no path of a client is trusted; calls are counted."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from gym_gui.config.paths import VarPaths
from gym_gui.core.errors import ConfigError, TrainerRefusedError, VarDirError
from gym_gui.services.trainer.client.channel import open_channel
from gym_gui.services.trainer.daemon.admission import CallBuckets
from gym_gui.services.trainer.daemon.certificate import make_certificate
from gym_gui.services.trainer.security import (
    ListenAddress,
    check_listen,
    check_script,
    is_local_peer,
    make_token,
    read_token,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:80", "127.0.0.1", 80),
        ("[::1]:0", "::1", 0),
        (":9", "127.0.0.1", 9),
        ("box.lan:47017", "box.lan", 47017),
    ],
)
def test_that_addresses_are_read(text: str, host: str, port: int) -> None:
    assert ListenAddress.parse(text) == ListenAddress(host, port)


@pytest.mark.parametrize("text", ["", "box", "box:", "box:-1", "box:x", "box:٣"])
def test_that_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="no address"):
        ListenAddress.parse(text)


@pytest.mark.parametrize("port", ["65536", "99999", "9" * 5_000], ids=["one more", "five digits", "5,000 digits"])
def test_that_a_port_that_cannot_be_is_refused_in_a_short_sentence(port: str) -> None:
    for ask in (ListenAddress.parse, open_channel):
        with pytest.raises(ConfigError, match=f"There is no port {port[:20]}\\.") as refusal:
            ask(f"box:{port}")
        assert len(str(refusal.value)) < 100


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.8", "::1", "localhost"])
def test_that_this_machine_is_let_in_without_questions(host: str) -> None:
    check_listen(ListenAddress(host, 0), has_tls=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "2001:db8::1", "box.lan", "localhost.evil.com"])  # noqa: S104 - refused
def test_that_others_are_not_without_tls(host: str) -> None:
    with pytest.raises(ConfigError, match="without TLS"):
        check_listen(ListenAddress(host, 0), has_tls=False)
    check_listen(ListenAddress(host, 0), has_tls=True)


def test_that_a_token_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    paths = VarPaths(tmp_path)
    token = make_token(paths)
    assert len(token) > 30
    assert make_token(paths) == token
    assert stat.S_IMODE(paths.token_file.stat().st_mode) == 0o600


def test_that_a_token_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("secret")
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="by others"):
        read_token(file)


def test_that_a_key_is_not_written_over(tmp_path: Path) -> None:
    _, key = make_certificate(tmp_path, ["box.lan", "gpu.lan"])
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    with pytest.raises(VarDirError, match="there already"):
        make_certificate(tmp_path, ["box.lan"])


def test_that_a_token_never_travels_in_the_open() -> None:
    with pytest.raises(ConfigError, match="in the open"):
        open_channel("box.lan:1", token="secret")  # noqa: S106 - no secret
    with pytest.raises(ConfigError, match="in the open"):
        open_channel("127.evil.com:1", token="secret")  # noqa: S106 - no secret


@pytest.mark.parametrize(
    ("peer", "local"),
    [
        ("ipv4:127.0.0.1:5", True),
        ("ipv6:%5B::1%5D:5", True),
        ("ipv6:[::1]:5", True),
        ("unix:/tmp/x", True),
        ("ipv4:gpu.lan:5", False),
        ("ipv6:[2001:db8::1]:5", False),
        ("", False),
    ],
)
def test_that_peers_are_told_apart(peer: str, local: bool) -> None:
    assert is_local_peer(peer) is local


def script(folder: Path, mode: int = 0o644) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "train.py"
    path.write_text("pass")
    path.chmod(mode)
    return path


def test_that_a_script_of_ones_own_is_run(tmp_path: Path) -> None:
    path = script(tmp_path / "own")
    assert check_script(str(path), None, local=True) == path


def test_that_a_script_that_others_can_write_is_not_run(tmp_path: Path) -> None:
    with pytest.raises(TrainerRefusedError, match="by others"):
        check_script(str(script(tmp_path / "own", 0o666)), None, local=True)


def test_that_remote_clients_have_scripts_of_one_folder_only(tmp_path: Path) -> None:
    inside, outside = script(tmp_path / "in"), script(tmp_path / "out")
    assert check_script(str(inside), tmp_path / "in", local=False) == inside
    (tmp_path / "in" / "link.py").symlink_to(outside)
    for text in (outside, tmp_path / "in" / ".." / "out" / "train.py", tmp_path / "in" / "link.py"):
        with pytest.raises(TrainerRefusedError, match="not in the folder"):
            check_script(str(text), tmp_path / "in", local=False)
    with pytest.raises(TrainerRefusedError, match="not in the folder"):
        check_script(str(inside), None, local=False)


@pytest.mark.parametrize("text", ["/nowhere.py", "", "\0", "x" * 9_999])
def test_that_a_script_that_is_not_there_is_refused(text: str) -> None:
    with pytest.raises(TrainerRefusedError, match=r"no script|no file"):
        check_script(text, None, local=True)


def test_that_a_peer_that_calls_too_often_waits_and_others_do_not() -> None:
    buckets = CallBuckets(per_s=10, burst=5)
    assert [buckets.admits("a", 0.0) for _ in range(7)] == [True] * 5 + [False] * 2
    assert buckets.admits("b", 0.0)
    assert [buckets.admits("a", 0.25) for _ in range(3)] == [True, True, False]
    assert buckets.refused == 3

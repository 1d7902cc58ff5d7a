"""Spool files keep messages in order, through kills and half-written ends, and belong to one process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from disks import SmallDisk, small_disk

from gym_gui.services.trainer.client.outbox import Outbox
from gym_gui.services.trainer.client.spool import SpoolError, SpoolFile, orphans

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["small_disk"]  # pytest finds a fixture by its name


def spool(folder: Path, *messages: bytes, name: str = "one") -> SpoolFile:
    file = SpoolFile.create(folder, name, {"address": "127.0.0.1:1"}, b"registration")
    for message in messages:
        file.append(message)
    return file


def test_that_messages_are_read_back_in_order(tmp_path: Path) -> None:
    spool(tmp_path, b"a", b"", b"c" * 100_000).close()
    (found,) = orphans(tmp_path)
    assert found.about == {"address": "127.0.0.1:1"}
    assert found.registration == b"registration"
    assert list(found.messages()) == [b"a", b"", b"c" * 100_000]
    found.remove()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("cut", [1, 4, 7, 9])
def test_that_a_half_written_end_is_not_there(tmp_path: Path, cut: int) -> None:
    file = spool(tmp_path, b"whole", b"torn")
    path = file.path
    file.close()
    path.write_bytes(path.read_bytes()[:-cut])
    (found,) = orphans(tmp_path)
    assert list(found.messages()) == [b"whole"]
    found.close()


def test_that_damage_ends_a_file_and_does_not_go_unseen(tmp_path: Path) -> None:
    file = spool(tmp_path, b"whole", b"damaged", b"after")
    path = file.path
    file.close()
    path.write_bytes(path.read_bytes().replace(b"damaged", b"Damaged"))
    (found,) = orphans(tmp_path)
    assert list(found.messages()) == [b"whole"]
    found.close()


def test_that_a_file_whose_owner_lives_is_left_alone(tmp_path: Path) -> None:
    file = spool(tmp_path, b"mine")
    assert list(orphans(tmp_path)) == []
    file.close()


@pytest.mark.parametrize(
    "data", [b"", b"something else", b"gym-gui spool 1\n", b"gym-gui spool 1\n\xff\xff\xff\xff1234"]
)
def test_that_what_is_no_spool_file_is_left_alone(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "odd.spool").write_bytes(data)
    assert list(orphans(tmp_path)) == []
    assert (tmp_path / "odd.spool").read_bytes() == data


def test_that_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SpoolError, match="Nothing can be spooled"):
        spool(tmp_path / "file" / "folder")


def outbox(folder: Path) -> Outbox:
    return Outbox(lambda: SpoolFile.create(folder, "one", {}, b""))


def take(box: Outbox, allowance: int = 1_000) -> bytes | None:
    with box.changed:
        found = box.take(allowance)
    return None if found is None else found[1]


def test_that_an_outbox_gives_in_order_from_memory_and_disk(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    box.put(1, b"one")
    box.put(2, b"two")
    assert box.spool()
    box.put(3, b"three")
    assert [take(box), take(box), take(box), take(box)] == [b"one", b"two", b"three", None]
    assert box.memory_bytes == 5
    box.arrived(3)
    assert (len(box), box.memory_bytes, box.spooled_bytes) == (0, 0, 0)
    box.close()
    assert list(tmp_path.iterdir()) == []


def test_that_what_was_under_way_is_sent_again_in_order(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    for seq in range(1, 5):
        box.put(seq, bytes([seq]))
    assert [take(box), take(box), take(box)] == [b"\1", b"\2", b"\3"]
    box.arrived(1)
    box.take_back()
    assert [take(box), take(box), take(box)] == [b"\2", b"\3", b"\4"]
    box.close()


def test_that_credit_holds_messages_back_but_never_the_only_one(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    box.put(1, b"x" * 100)
    box.put(2, b"y" * 100)
    assert take(box, 0) == b"x" * 100
    assert take(box, 99) is None
    assert take(box, 100) == b"y" * 100
    box.close()


def test_that_an_outbox_whose_disk_refuses_keeps_everything_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    box = outbox(tmp_path / "file")
    box.put(1, b"one")
    assert not box.spool()
    assert "Nothing can be spooled" in box.fault
    assert take(box) == b"one"
    box.close()


def test_that_a_full_disk_refuses_and_spoils_nothing(small_disk: SmallDisk) -> None:
    file = spool(small_disk.path, b"before")
    small_disk.fill(leave_bytes=8192)
    for _ in range(3):
        with pytest.raises(SpoolError, match="No space left"):
            file.append(b"x" * 1_000_000)
        assert list(file.messages()) == [b"before"]
    small_disk.free()
    at, length = file.append(b"after" * 100_000)
    assert file.read(at, length) == b"after" * 100_000
    file.close()
    (found,) = orphans(small_disk.path)
    assert list(found.messages()) == [b"before", b"after" * 100_000]
    found.close()

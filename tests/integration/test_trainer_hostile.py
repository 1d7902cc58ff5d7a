"""Workers that mean harm, or are broken: a message of a gigabyte, noise on the port, chunks that are not what they say.

Each is refused or counted, the trainer's memory stays what it was, and the next worker is recorded.
"""

from __future__ import annotations

import contextlib
import random
import socket
import struct
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import grpc
import psutil
import pytest
from trainer_rig import TrainerProcess, make_batch, publisher

from gym_gui.core.data_model import RunState
from gym_gui.core.errors import FrameNotFoundError
from gym_gui.services.trainer.client.channel import make_stub, open_channel
from gym_gui.services.trainer.client.publisher_link import PUBLISH
from gym_gui.services.trainer.client.remote_library import RemoteLibrary
from gym_gui.services.trainer.proto import trainer_pb2 as pb
from gym_gui.services.trainer.wire.batch_wire import batch_to_wire

if TYPE_CHECKING:
    from collections.abc import Iterator

GIB = 1024**3
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
NOISE_SEED = 4


@pytest.fixture(scope="module")
def trainer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrainerProcess]:
    with TrainerProcess(tmp_path_factory.mktemp("var")) as process:
        yield process


def memory_bytes(trainer: TrainerProcess) -> int:
    return int(psutil.Process(trainer.pid).memory_info().rss)


def assert_records(trainer: TrainerProcess, run_id: str) -> None:
    """The next worker suffers nothing."""
    worker = publisher(trainer.address, trainer.paths.spool_dir, run_id=run_id, session=run_id)
    worker.put(make_batch(1))
    assert worker.flush(20)
    assert worker.status().durable_seq == 1
    worker.close(RunState.COMPLETED)


@pytest.mark.slow
def test_that_a_message_of_a_gigabyte_ends_the_call_and_nothing_else(trainer: TrainerProcess) -> None:
    before = memory_bytes(trainer)
    channel = grpc.insecure_channel(trainer.address, [("grpc.max_send_message_length", -1)])
    make_stub(channel).RegisterWorker(pb.RegisterWorkerRequest(run="huge", session="h", stream="s"))
    publish = channel.stream_stream(PUBLISH, request_serializer=None, response_deserializer=None)
    with pytest.raises(grpc.RpcError) as refused:
        list(publish(iter([bytes(GIB)])))
    channel.close()
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert memory_bytes(trainer) < before + GIB // 8  # its announced length was enough
    assert_records(trainer, "after-huge")


def test_that_noise_on_the_port_harms_nobody(trainer: TrainerProcess) -> None:
    chance = random.Random(NOISE_SEED)  # noqa: S311 - noise, no secret
    before = memory_bytes(trainer)
    noises = [b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00" + bytes(512), bytes(100_000)]
    noises += [chance.randbytes(chance.randrange(1, 100_000)) for _ in range(40)]
    # HTTP/2 that goes wrong after its beginning: frames of any kind, with lengths that are lies.
    noises += [
        PREFACE
        + b"".join(
            struct.pack(">I", chance.randrange(2**24))[1:]
            + chance.randbytes(6)
            + chance.randbytes(chance.randrange(99))
            for _ in range(20)
        )
        for _ in range(40)
    ]
    host, port = trainer.address.split(":")
    worker = publisher(trainer.address, trainer.paths.spool_dir, run_id="beside", session="beside")
    silent = [socket.create_connection((host, int(port))) for _ in range(50)]  # who never say a word
    for seq, noise in enumerate(noises, 1):
        worker.put(make_batch(seq))
        with socket.create_connection((host, int(port))) as connection, contextlib.suppress(OSError):
            connection.sendall(noise)
    assert worker.flush(20)
    assert worker.status().durable_seq == len(noises)
    worker.close(RunState.COMPLETED)
    for connection in silent:
        connection.close()
    assert_records(trainer, "after-noise")
    assert memory_bytes(trainer) < before + GIB // 8


def test_that_chunks_that_are_not_what_they_say_cost_only_their_own_pictures(trainer: TrainerProcess) -> None:
    worker = publisher(trainer.address, trainer.paths.spool_dir, run_id="lies", session="lies")
    honest = make_batch(1, rows=16, run_id="lies", frames=True)
    # A frame's header is true, what follows is noise: it is not unpacked on its way in.
    damaged = honest.blocks[0].data[:12] + random.Random(NOISE_SEED).randbytes(200)  # noqa: S311 - as above
    worker.put(replace(honest, blocks=[replace(honest.blocks[0], data=damaged), honest.blocks[1]]))
    worker.put(make_batch(2, rows=16, run_id="lies", frames=True))
    assert worker.flush(20)
    assert worker.status().durable_seq == 2
    worker.close(RunState.COMPLETED)
    with RemoteLibrary(trainer.client()) as library:
        first, second = (library.load_steps("lies", f"s-e{number}") for number in (1, 2))
        with pytest.raises(FrameNotFoundError):
            library.require(first[0].frame_ref or "")
        assert [library.require(step.frame_ref or "")[0, 0, 0] for step in first[8:]] == list(range(8, 16))
        assert [library.require(step.frame_ref or "")[0, 0, 0] for step in second] == list(range(16, 32))


@pytest.mark.parametrize(
    "lie",
    [
        {"dtype": "|O"},
        {"dtype": "<f8"},
        {"item_shape": [84, 84, 4]},
        {"item_shape": [2**20, 2**20]},
        {"count": 2**31},
        {"first": 3},
        {"chunk_items": 1},
        {"kind": "codec"},
        {"data": b""},
    ],
    ids=lambda lie: "-".join(f"{name}-{value}" for name, value in lie.items())[:40],
)
def test_that_an_array_that_lies_about_itself_is_refused(trainer: TrainerProcess, lie: dict[str, object]) -> None:
    channel = open_channel(trainer.address)
    stub = make_stub(channel)
    registered = stub.RegisterWorker(pb.RegisterWorkerRequest(run="arrays", session="a", stream=str(lie)))
    names = {"run_id": registered.run_id, "worker_id": registered.worker_id, "stream": str(lie)}
    message = batch_to_wire(make_batch(1, rows=16, frames=True))
    told = {name: getattr(message.blocks[0], name) for name in ("kind", "first", "count", "dtype", "chunk_items")}
    told |= {"item_shape": list(message.blocks[0].item_shape), "data": message.blocks[0].data, "compressed": True}
    message.blocks[0].CopyFrom(pb.ArrayBlock(**told | lie))
    requests = [pb.PublishRequest(**names, batch=one) for one in (message, batch_to_wire(make_batch(2)))]
    replies = list(stub.Publish(iter(requests)))
    channel.close()
    assert [reply.refused_seq for reply in replies if reply.refused] == [1]
    assert replies[-1].durable_seq == 2


@pytest.mark.parametrize("text", ["nonsense", "[1]", "[" * 100_000], ids=["nonsense", "a-list", "endless"])
def test_that_spaces_that_are_no_document_are_refused(trainer: TrainerProcess, text: str) -> None:
    channel = open_channel(trainer.address)
    request = pb.RegisterWorkerRequest(run=f"none-{len(text)}", stream="s", spaces_json=text)
    with pytest.raises(grpc.RpcError) as refused:
        make_stub(channel).RegisterWorker(request)
    channel.close()
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    "text", ['{"action": {"type": "Box"}}', '{"action": 1}', "{}"], ids=["half-a-box", "a-number", "empty"]
)
def test_that_steps_of_a_run_whose_spaces_are_none_are_kept(trainer: TrainerProcess, text: str) -> None:
    channel = open_channel(trainer.address)
    stub = make_stub(channel)
    registered = stub.RegisterWorker(pb.RegisterWorkerRequest(run=f"odd-{len(text)}", stream="s", spaces_json=text))
    names = {"run_id": registered.run_id, "worker_id": registered.worker_id, "stream": "s"}
    bodies: list[dict[str, Any]] = [{"batch": batch_to_wire(make_batch(1))}, {"end": pb.RunEnd(state="completed")}]
    replies = list(stub.Publish(iter([pb.PublishRequest(**names, **body) for body in bodies])))
    channel.close()
    assert replies[-1].durable_seq == 1
    with RemoteLibrary(trainer.client()) as library:
        assert len(library.load_steps(registered.run_id, "s-e1")) == 50
        assert len(library.list_runs()) > 0

"""Strangers, garbage, floods and other versions at a real trainer's door: each is refused, and nobody else suffers."""

from __future__ import annotations

import contextlib
import stat
import subprocess
from typing import TYPE_CHECKING, Any

import grpc
import msgspec
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from trainer_rig import TrainerProcess, make_batch, publisher, until

from gym_gui.core.data_model import RunState
from gym_gui.core.errors import ConfigError, RunNotFoundError, TrainerRefusedError, TrainerUnavailableError
from gym_gui.services.trainer.client.channel import make_stub, open_channel
from gym_gui.services.trainer.client.client import TrainerClient
from gym_gui.services.trainer.client.remote_library import RemoteLibrary
from gym_gui.services.trainer.config import TrainingConfig
from gym_gui.services.trainer.daemon.certificate import make_certificate
from gym_gui.services.trainer.proto import trainer_pb2 as pb
from gym_gui.services.trainer.wire.batch_wire import batch_to_wire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def trainer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrainerProcess]:
    with TrainerProcess(tmp_path_factory.mktemp("var")) as process:
        yield process


@contextlib.contextmanager
def calls(trainer: TrainerProcess) -> Iterator[object]:
    channel = open_channel(trainer.address)
    try:
        yield make_stub(channel)
    finally:
        channel.close()


def still_records(trainer: TrainerProcess, run_id: str) -> bool:
    worker = publisher(trainer.address, trainer.paths.spool_dir, run_id=run_id, session=run_id)
    worker.put(make_batch(1))
    saved = worker.flush(20) and worker.status().durable_seq == 1
    worker.close(RunState.COMPLETED)
    return saved


def register(stub: object, run_id: str, **more: Any) -> pb.RegisterWorkerReply:
    request = pb.RegisterWorkerRequest(run=run_id, session=run_id, stream="s", host="h", pid=1, **more)
    return stub.RegisterWorker(request)  # type: ignore[attr-defined, no-any-return]  # generated calls have no types


def publish(stub: object, registered: pb.RegisterWorkerReply, *bodies: dict[str, object]) -> list[pb.PublishReply]:
    names = {"run_id": registered.run_id, "worker_id": registered.worker_id, "stream": "s"}
    requests = [pb.PublishRequest(**names, **body) for body in bodies]  # type: ignore[arg-type]  # likewise
    return list(stub.Publish(iter(requests)))  # type: ignore[attr-defined]  # likewise


def test_that_a_run_that_could_not_begin_on_the_trainer_s_machine_is_refused_as_on_one_s_own(
    trainer: TrainerProcess,
) -> None:
    with trainer.client() as client:
        with pytest.raises(ConfigError, match=r"no environment 'CartPol-v1'\. Did you mean CartPole-v1"):
            client.submit(TrainingConfig(worker="random", env_id="CartPol-v1"), judge=True)
        assert not client.list_runs()
        # Neither made here nor judged: what a script is, it finds out itself.
        with pytest.raises(TrainerRefusedError, match="no worker 'magic'"):
            client.submit(TrainingConfig(worker="magic", env_id="CartPol-v1"), judge=True)


def test_that_a_batch_of_garbage_is_refused_and_the_next_one_taken(trainer: TrainerProcess) -> None:
    bad = batch_to_wire(make_batch(1))
    bad.rewards = b"garbage"
    with calls(trainer) as stub:
        replies = publish(stub, register(stub, "garbage"), {"batch": bad}, {"batch": batch_to_wire(make_batch(2))})
    assert [reply.refused_seq for reply in replies if reply.refused] == [1]
    assert any("bytes of rewards" in reply.refused for reply in replies)
    assert replies[-1].durable_seq == 2
    with RemoteLibrary(trainer.client()) as library:
        assert [one.rollup.episode_id for one in library.list_episodes("garbage")] == ["s-e2"]


def test_that_a_worker_nobody_registered_is_refused(trainer: TrainerProcess) -> None:
    with calls(trainer) as stub, pytest.raises(grpc.RpcError) as refused:
        publish(stub, pb.RegisterWorkerReply(run_id="ghost", worker_id="w0"), {"batch": batch_to_wire(make_batch(1))})
    assert "not registered" in (refused.value.details() or "")


@pytest.mark.parametrize("run_id", ["../../etc/passwd", "a/b", "x" * 200, "a\x00b", ".."])
def test_that_a_run_whose_name_is_no_name_is_refused(trainer: TrainerProcess, run_id: str) -> None:
    with calls(trainer) as stub, pytest.raises(grpc.RpcError) as refused:
        register(stub, run_id)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_that_the_same_name_from_another_script_is_another_run(trainer: TrainerProcess) -> None:
    first = publisher(trainer.address, trainer.paths.spool_dir, run_id="twice", session="one")
    same = publisher(trainer.address, trainer.paths.spool_dir, run_id="twice", session="one")
    other = publisher(trainer.address, trainer.paths.spool_dir, run_id="twice", session="two")
    names = [(one.run_id, one.worker_id) for one in (first, same, other)]
    for one in (first, same, other):
        one.close(RunState.COMPLETED)
    assert names == [("twice", "w0"), ("twice", "w1"), ("twice-2", "w0")]


def test_that_a_client_that_knows_only_payload_0_is_recorded(trainer: TrainerProcess) -> None:
    steps = [
        msgspec.json.encode(
            {"run_id": "x", "episode_id": "e", "step": k, "action": 1 if k else None, "reward": k * 0.5, "done": k == 3}
        ).decode()
        for k in range(4)
    ]
    with calls(trainer) as stub:
        registered = register(stub, "old-client")
        assert list(registered.capabilities) == ["payload-v0"]
        replies = publish(
            stub,
            registered,
            {"legacy": pb.LegacySteps(seq=1, step_json=steps[:2])},
            {"legacy": pb.LegacySteps(seq=2, step_json=steps[2:])},
            {"end": pb.RunEnd(state="completed")},
        )
    assert replies[-1].durable_seq == 2
    with RemoteLibrary(trainer.client()) as library:
        (episode,) = library.list_episodes("old-client")
        found = library.load_steps("old-client", "e")
        until(lambda: library.list_runs()[0].state is not RunState.RUNNING, "the end of the run")
    assert (episode.rollup.steps, episode.rollup.total_reward) == (3, 3.0)
    assert [step.reward for step in found] == [None, 0.5, 1.0, 1.5]
    assert [step.run_id for step in found] == ["old-client"] * 4


def test_that_a_newer_major_version_is_refused_and_a_newer_minor_is_not(trainer: TrainerProcess) -> None:
    with calls(trainer) as stub:
        with pytest.raises(grpc.RpcError) as refused:
            stub.Hello(pb.HelloRequest(protocol=pb.Protocol(major=2)))  # type: ignore[attr-defined]  # as above
        assert "version 2.0" in (refused.value.details() or "")
        newer = pb.HelloRequest(protocol=pb.Protocol(major=1, minor=99), capabilities=["batches", "telepathy"])
        reply = stub.Hello(newer)  # type: ignore[attr-defined]  # as above
        assert list(reply.capabilities) == ["batches"]
        with pytest.raises(grpc.RpcError):
            register(stub, "newer", protocol=pb.Protocol(major=2))
        # What we do not know yet, a newer client's field 1000, is passed over.
        known = pb.RegisterWorkerRequest(run="newer", session="n", stream="s").SerializeToString() + b"\xc2\x3e\x03abc"
        call = grpc.insecure_channel(trainer.address)
        raw = call.unary_unary("/gym_gui.trainer.v1.Trainer/RegisterWorker", bytes, pb.RegisterWorkerReply.FromString)
        assert raw(known).run_id == "newer"
        call.close()


def test_that_a_trainer_that_lacks_a_call_is_told_to_be_older(trainer: TrainerProcess) -> None:
    channel = open_channel(trainer.address)
    call = channel.unary_unary("/gym_gui.trainer.v1.Trainer/Teleport", bytes, bytes)
    with trainer.client() as client, pytest.raises(TrainerRefusedError, match="does not know how to do that"):
        client.ask(call, b"")
    channel.close()


def test_that_health_and_reflection_answer(trainer: TrainerProcess) -> None:
    channel = grpc.insecure_channel(trainer.address)
    health = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=""))
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    (answer,) = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([asked]))
    channel.close()
    assert health.status == health_pb2.HealthCheckResponse.SERVING
    assert "gym_gui.trainer.v1.Trainer" in {one.name for one in answer.list_services_response.service}


def test_that_errors_are_raised_at_the_client_as_what_they_are(trainer: TrainerProcess) -> None:
    with trainer.client() as client:
        with pytest.raises(RunNotFoundError, match="nobody"):
            client.get("nobody")
        with pytest.raises(TrainerRefusedError, match="no script"):
            client.submit(TrainingConfig(worker="script", script="/nowhere/train.py"))
    with TrainerClient("127.0.0.1:1") as client, pytest.raises(TrainerUnavailableError, match="No trainer answers"):
        client.hello()


def test_that_a_second_trainer_says_who_has_the_folder(trainer: TrainerProcess) -> None:
    second = subprocess.run(TrainerProcess(trainer.paths.root).command, capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert second.stderr.startswith(f"gym-gui: A trainer has this folder already: process {trainer.pid} on ")
    assert second.stderr.count("\n") == 1


def test_that_beyond_this_machine_there_is_no_trainer_without_tls(tmp_path: Path) -> None:
    refused = TrainerProcess(tmp_path, listen="0.0.0.0:0")
    told = subprocess.run(refused.command, capture_output=True, text=True, check=False)
    assert told.returncode == 2
    assert "without TLS" in told.stderr


def test_that_with_tls_only_the_token_opens(tmp_path: Path) -> None:
    var_dir = tmp_path / "var"
    certificate, key = make_certificate(tmp_path / "keys", ["localhost"])
    options = ("--tls-cert", str(certificate), "--tls-key", str(key))
    with TrainerProcess(var_dir, *options, listen="0.0.0.0:0") as remote:
        token_file = remote.paths.token_file
        assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
        token = token_file.read_text().strip()
        address = f"localhost:{remote.address.rpartition(':')[2]}"
        with TrainerClient(address, token=token, ca=certificate) as client:
            assert client.hello().protocol == (1, 0)
        with (
            TrainerClient(address, token="wrong", ca=certificate) as client,  # noqa: S106 - it is
            pytest.raises(TrainerUnavailableError, match="does not let us in"),
        ):
            client.status()
        with (
            TrainerClient(address, ca=certificate) as client,
            pytest.raises(TrainerUnavailableError, match="let us in"),
        ):
            client.status()
        with TrainerClient(address) as client, pytest.raises(TrainerUnavailableError):
            client.status()
        worker = publisher(address, tmp_path / "spool", token=token, ca=certificate)
        worker.put(make_batch(1))
        assert worker.flush(20)
        assert worker.status().durable_seq == 1
        worker.close(RunState.COMPLETED)
        own = subprocess.run([*remote.command[:6], "status", "--json"], capture_output=True, text=True, check=False)
        assert own.returncode == 0, own.stderr

"""What both sides of the contract can do, and what they agree on; this is where old meets new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import gym_gui
from gym_gui.core.data_model import PAYLOAD_VERSION
from gym_gui.core.errors import TrainerRefusedError
from gym_gui.services.trainer.proto import trainer_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterable

MAJOR: Final = 1
MINOR: Final = 0
APPLICATION: Final = f"gym-gui {gym_gui.__version__}"
# Steps as packed columns; arrays as chunks that land as they are; steps of payload versions 0 and 1; credits; orders
# with heartbeats or by the control stream; what a learner logs.
CAPABILITIES: Final = (
    "batches",
    "chunks",
    "control",
    "credits",
    "payload-v0",
    "payload-v1",
    "run-end-seq",
    "scalars",
)
PAYLOAD_VERSIONS: Final = tuple(range(PAYLOAD_VERSION + 1))
# A client that says nothing is one of before capabilities: it sends steps one by one.
_SILENT: Final = ("payload-v0",)

MAX_MESSAGE_BYTES: Final = 32 * 1024 * 1024
HEARTBEAT_MS: Final = 1_000


def own_protocol() -> pb.Protocol:
    """What we speak."""
    return pb.Protocol(major=MAJOR, minor=MINOR)


def check_protocol(protocol: pb.Protocol, who: str) -> None:
    """Let a peer's version pass; an unset one is 1.0, and a newer minor one only adds.

    Raises:
        TrainerRefusedError: its major version is not ours.
    """
    major = protocol.major or MAJOR
    if major != MAJOR:
        newer, older = ("It", "this program") if major > MAJOR else ("This program", "it")
        raise TrainerRefusedError(
            f"{who} speaks version {major}.{protocol.minor} of the trainer's contract, and this one {MAJOR}.{MINOR}.",
            hint=f"{newer} is newer: update {older}.",
        )


def shared(capabilities: Iterable[str]) -> tuple[str, ...]:
    """What a peer and we can both do."""
    theirs = set(capabilities) or set(_SILENT)
    return tuple(one for one in CAPABILITIES if one in theirs)

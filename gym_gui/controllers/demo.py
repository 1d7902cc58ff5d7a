"""The main job, proven: bots play, every frame is read back and compared, and the games are played again.

Runs on the caller's thread.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gym_gui.adapters.catalog import make_adapter
from gym_gui.controllers.recording import RecordingRequest, RecordingResult, record
from gym_gui.core.errors import EnvironmentFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from gym_gui.core.data_model import EpisodeRollup, StepRecord
    from gym_gui.services.bootstrap import Archive, Services

_BATCH: Final = 64
_BOX2D: Final = "Box2D"  # the import name


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoGame:
    """What a bot plays for the demo.

    Attributes:
        name: What a person calls it.
        request: What to record.
        needs: A module without which it cannot be played.
    """

    name: str
    request: RecordingRequest
    needs: str | None = None


GAMES: Final = (
    DemoGame(
        name="Breakout",
        request=RecordingRequest(env_id="ALE/Breakout-v5", policy="bot", steps=600, seed=1, as_human=True),
    ),
    DemoGame(
        name="CarRacing",
        request=RecordingRequest(env_id="CarRacing-v3", policy="bot", steps=150, seed=1),
        needs=_BOX2D,
    ),
)


@dataclass(frozen=True, slots=True)
class RecordedGame:
    """A run with a digest of each frame as it was when it was recorded.

    Attributes:
        name: What a person calls the game.
        result: What was recorded.
        digests: (episode id, step index) -> digest of the frame.
    """

    name: str
    result: RecordingResult
    digests: dict[tuple[str, int], bytes]


@dataclass(slots=True, kw_only=True)
class GameProof:
    """How a recorded game stands up.

    Attributes:
        recorded: Frames at the time of recording.
        read_equal: Frames read back from disk through their rows' refs that equal the recorded ones.
        replayed_equal: Frames that come out the same when the game is played again from seed and actions.
        total_reward: The return over all episodes.
        faults: One sentence for each kind of difference, with the first place; empty where all is equal.
    """

    recorded: int
    read_equal: int = 0
    replayed_equal: int = 0
    total_reward: float = 0.0
    faults: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing differs."""
        return not self.faults and self.recorded == self.read_equal == self.replayed_equal


def games_here() -> list[DemoGame]:
    """The demo's games that this machine can play: Box2D has no packages for every Python."""
    return [game for game in GAMES if game.needs is None or find_spec(game.needs) is not None]


def frame_digest(frame: NDArray[Any]) -> bytes:
    """Digest over dtype, shape and every byte of an array."""
    head = f"{frame.dtype.str}{frame.shape}".encode()
    return hashlib.blake2b(head + np.ascontiguousarray(frame).tobytes(), digest_size=16).digest()


def record_game(services: Services, game: DemoGame, should_stop: Callable[[], bool] | None = None) -> RecordedGame:
    """Let the bot play, and keep a digest of each frame as the screen would have shown it.

    Raises:
        EnvironmentFault: the game cannot be opened, it failed, was stopped, or the disk refuses.
    """
    digests: dict[tuple[str, int], bytes] = {}

    def keep(step: StepRecord) -> None:
        if step.frame is not None:
            digests[step.episode_id, step.step_index] = frame_digest(step.frame)

    result = record(services, game.request, on_step=keep, should_stop=should_stop)
    if result.fault or result.stopped:
        raise EnvironmentFault(result.fault or "The demo was stopped.")
    return RecordedGame(game.name, result, digests)


def prove_game(archive: Archive, game: RecordedGame) -> GameProof:
    """Compare what is on disk, and what playing again gives, with what was recorded.

    Raises:
        EnvironmentFault: the rows cannot be read, or the game cannot be opened again.
    """
    return _prove(archive, game.result.run_id, game.digests)


def prove_played(archive: Archive, run_id: str) -> GameProof:
    """Compare what is on disk of a run that was played in the window with what playing it again gives.

    Raises:
        EnvironmentFault: the rows cannot be read, or the game cannot be opened again.
    """
    digests: dict[tuple[str, int], bytes] = {}
    for summary in archive.library.list_episodes(run_id):
        steps = archive.library.load_steps(run_id, summary.rollup.episode_id)
        kept = [step for step in steps if step.frame_ref is not None]
        for step, frame in _stored_frames(archive, kept):
            digests[step.episode_id, step.step_index] = b"" if frame is None else frame_digest(frame)
    return _prove(archive, run_id, digests)


def _prove(archive: Archive, run_id: str, digests: dict[tuple[str, int], bytes]) -> GameProof:
    proof = GameProof(recorded=len(digests))
    run = archive.library.get_run(run_id)
    adapter = make_adapter(run.env_id, env_kwargs=run.env_kwargs)
    try:
        for summary in reversed(archive.library.list_episodes(run_id)):
            rollup = summary.rollup
            steps = archive.library.load_steps(run_id, rollup.episode_id)
            proof.total_reward += rollup.total_reward
            read = _Comparison(proof, "read back from disk", digests, rollup)
            for step, frame in _stored_frames(archive, steps):
                proof.read_equal += read.is_equal(step, frame)
            again = _Comparison(proof, "played again from seed and actions", digests, rollup)
            for step in steps:
                result = adapter.reset(seed=rollup.seed or 0) if step.action is None else adapter.step(step.action)
                is_same = again.is_equal(step, result.frame)
                proof.replayed_equal += is_same and again.is_same_outcome(
                    step, (result.reward, result.terminated, result.truncated)
                )
    finally:
        adapter.close()
    _count(proof)
    return proof


class _Comparison:
    """Compares the frames of one episode with their digests, and says of the first difference where it is."""

    def __init__(
        self, proof: GameProof, way: str, digests: dict[tuple[str, int], bytes], rollup: EpisodeRollup
    ) -> None:
        self._proof = proof
        self._way = way
        self._digests = digests
        self._episode_id = rollup.episode_id
        self._has_differed = False

    def is_equal(self, step: StepRecord, frame: NDArray[Any] | None) -> bool:
        wanted = self._digests.get((self._episode_id, step.step_index))
        if frame is None or wanted != frame_digest(frame):
            self._tell("is missing" if frame is None else "differs", step)
            return False
        return True

    def is_same_outcome(self, step: StepRecord, outcome: tuple[float | None, bool, bool]) -> bool:
        if outcome != (step.reward, step.terminated, step.truncated):
            self._tell("has another reward or end", step)
            return False
        return True

    def _tell(self, what: str, step: StepRecord) -> None:
        if not self._has_differed:
            self._has_differed = True
            self._proof.faults.append(
                f"Step {step.step_index} of {self._episode_id} of run {step.run_id} {what} when {self._way}."
            )


def _stored_frames(archive: Archive, steps: list[StepRecord]) -> Iterator[tuple[StepRecord, NDArray[Any] | None]]:
    for begin in range(0, len(steps), _BATCH):
        batch = steps[begin : begin + _BATCH]
        yield from zip(batch, archive.library.resolve_batch([step.frame_ref or "" for step in batch]), strict=True)


def _count(proof: GameProof) -> None:
    if proof.read_equal != proof.recorded and not proof.faults:
        proof.faults.append(f"{proof.recorded} frames were recorded and {proof.read_equal} are on disk.")

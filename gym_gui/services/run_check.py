"""RunCheck: what the steps of one run are held to, and what was found; counted, and logged once a cause.

The steps of one worker come from one thread.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from gym_gui.core.data_model import PAYLOAD_VERSION, StepRecord
from gym_gui.core.errors import SchemaMismatchError
from gym_gui.core.info_codec import like_key
from gym_gui.core.log_codes import LOG_SCHEMA_LEGACY, LOG_SCHEMA_NEWER_MINOR
from gym_gui.core.schema import CURRENT, AutoresetMode, SchemaVersion, render_from_document, vector_from_document
from gym_gui.core.schema.mismatch import MismatchCause, SchemaCounts
from gym_gui.core.value_codec import decode_value
from gym_gui.services.batch_checks import action_strays, observation_strays
from gym_gui.services.space_checks import SpaceCheck, compile_check
from gym_gui.services.view_checks import ViewCheck, quick_check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gym_gui.core.data_model import StepBatch
    from gym_gui.core.schema.run_spaces import RunSpaces

_LOGGER = logging.getLogger(__name__)

_KEPT_VIEWS: Final = 4
_KEPT_EPISODES: Final = 64
_MODES: Final = frozenset(mode.value for mode in AutoresetMode)
_UNREAD_CAUSES: Final = {"vector_metadata": MismatchCause.VECTOR, "render_payload": MismatchCause.RENDER}


class RunCheck:
    """The checks of one run, and what they found.

    Args:
        run_id: The run.
    """

    __slots__ = (
        "_action_checks", "_agents", "_autoreset_mode", "_in_turns", "_mismatches", "_observation_checks", "_run_id",
        "_said", "_signature", "_steps", "_taken", "_there", "_views",
    )  # fmt: skip

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._signature: str | None = None
        self._action_checks: dict[str, SpaceCheck] = {}
        self._observation_checks: dict[str, SpaceCheck] = {}
        self._agents = self._in_turns = False
        self._autoreset_mode: object = None
        self._taken = SchemaCounts()
        self._steps: Counter[tuple[str | None, int | str]] = Counter()
        self._mismatches: Counter[tuple[str, str, str]] = Counter()
        self._said: set[object] = set()
        self._views: dict[str, list[ViewCheck]] = {}
        self._there: dict[str, set[str]] = {}  # episode -> the agents that act in it

    def know(self, signature: str | None, spaces: RunSpaces | None) -> None:
        """Take over what the run says of itself."""
        self._signature = signature
        self._action_checks, self._observation_checks = {}, {}
        if spaces is None:
            return
        for agent, one in {"": spaces, **(spaces.by_agent or {})}.items():
            if one.action is not None:
                self._action_checks[agent] = compile_check(one.action)
            if one.observation is not None:
                self._observation_checks[agent] = compile_check(one.observation)
        self._agents, self._in_turns = bool(spaces.by_agent), spaces.in_turns

    def tell_version(self, version: SchemaVersion) -> None:
        """Say once that the run sends another version than today's."""
        if version != CURRENT and version not in self._said:
            self._said.add(version)
            code = LOG_SCHEMA_LEGACY if version < CURRENT else LOG_SCHEMA_NEWER_MINOR
            code.log(_LOGGER, f"Run {self._run_id} sends steps of schema version {version}.")

    def check(self, step: StepRecord, version: str | None, *, log: bool) -> tuple[MismatchCause, str] | None:
        """Count *step*; the first thing that is wrong with it, None where nothing is.

        Args:
            step: The step.
            version: The schema version that it came in; None means what the record says.
            log: Whether the first of each cause is logged; what is raised is not.
        """
        try:
            self._steps[step.worker_id, step.payload_version if version is None else version] += 1
        except TypeError:  # no text, no number: what it is does not matter
            self._steps[str(step.worker_id), _text(None)] += 1
        first = None
        for cause, detail in self._faults(step):
            self._mismatches[_name(step.worker_id), _text(version or step.payload_version), cause.key] += 1
            if log:
                self._tell(cause, detail, f"step {step.step_index} of episode {step.episode_id}")
            first = first or (cause, detail)
        return first

    def count_unread(self, step: StepRecord, version: str, fields: Mapping[str, tuple[object, str]]) -> None:
        """Count fields of *step* that could not be read.

        Args:
            step: What could be read of it; `check` counts the step itself.
            version: The schema version that it came in.
            fields: Each by its name: what it held, and what is wrong with that.
        """
        for name, (value, detail) in sorted(fields.items()):
            cause = _UNREAD_CAUSES.get(name, MismatchCause.FIELD)
            if cause is MismatchCause.VECTOR and isinstance(value, Mapping) and not _is_mode(value):
                cause = MismatchCause.AUTORESET_MODE
            self._mismatches[_name(step.worker_id), _text(version), cause.key] += 1
            self._tell(cause, detail, f"step {step.step_index} of episode {step.episode_id}")

    def check_batch(self, batch: StepBatch, *, log: bool) -> tuple[MismatchCause, str] | None:
        """Count the rows of *batch*; the first thing that is wrong with them, None where nothing is."""
        if not len(batch):
            return None
        self._steps[batch.worker_id, batch.payload_version] += len(batch)
        first = None
        for cause, detail, count in self._batch_faults(batch):
            self._mismatches[batch.worker_id, _text(batch.payload_version), cause.key] += count
            if log:
                self._tell(cause, detail, f"batch {batch.seq} of worker {batch.worker_id}")
            first = first or (cause, detail)
        return first

    def _batch_faults(self, batch: StepBatch) -> Iterator[tuple[MismatchCause, str, int]]:
        rows = len(batch)
        if batch.payload_version != PAYLOAD_VERSION:
            yield MismatchCause.VERSION, f"{batch.payload_version} where {PAYLOAD_VERSION} is known", rows
        if self._signature is not None and batch.space_signature not in {None, self._signature}:
            yield (
                MismatchCause.SIGNATURE,
                f"{str(batch.space_signature)[:12]}… where the run has {self._signature[:12]}…",
                rows,
            )
        if not self._agents:  # several agents have spaces of their own: their rows are not of one kind
            yield from self._batch_strays(batch)
        extras = Counter(extra for extra in batch.extras or () if extra is not None)
        for extra, count in extras.most_common(_KEPT_VIEWS):
            rare = decode_value(extra)
            if isinstance(rare, Mapping) and rare.get("vector_metadata") is not None:
                for cause, detail in self._vector_faults(rare["vector_metadata"]):
                    yield cause, detail, count

    def _batch_strays(self, batch: StepBatch) -> Iterator[tuple[MismatchCause, str, int]]:
        check = self._action_checks.get("")
        if check is not None:
            strays, wrong = action_strays(batch, check)
            if wrong:
                yield MismatchCause.ACTION, wrong, len(strays)
        check = self._observation_checks.get("")
        if check is not None:
            count, wrong = observation_strays(batch, check)
            if wrong:
                yield MismatchCause.OBSERVATION, wrong, count

    def counts(self) -> SchemaCounts:
        """What was counted so far; the copies are made in one go, so another thread may be counting."""
        steps: Counter[tuple[str, str]] = Counter()
        for (worker, version), count in self._steps.copy().items():
            steps[_name(worker), _text(version)] += count
        return SchemaCounts(dict(steps), dict(self._mismatches.copy()))

    def take(self) -> SchemaCounts:
        """What was counted since the last call."""
        before, self._taken = self._taken, self.counts()
        return self._taken.without(before)

    def _faults(self, step: StepRecord) -> Iterator[tuple[MismatchCause, str]]:
        # The order of the checks is that of a step's fields; each costs well below a microsecond where all is well.
        wrong = _field_fault(step)
        if wrong:
            yield MismatchCause.FIELD, wrong
        if step.payload_version != PAYLOAD_VERSION:
            yield MismatchCause.VERSION, f"{step.payload_version} where {PAYLOAD_VERSION} is known"
        if self._action_checks or self._observation_checks:
            yield from self._strays(step, step.agent_id if self._agents else "")
        signature = step.space_signature
        if signature is not None and signature != self._signature and self._signature is not None:
            yield MismatchCause.SIGNATURE, f"{str(signature)[:12]}… where the run has {self._signature[:12]}…"
        if step.vector_metadata is not None:
            yield from self._vector_faults(step.vector_metadata)
        if step.view is not None:
            wrong = self._view_fault(step.view)
            if wrong:
                yield MismatchCause.RENDER, wrong
        if step.info:
            yield from _info_faults(step.info)

    def _strays(self, step: StepRecord, agent: str) -> Iterator[tuple[MismatchCause, str]]:
        """What is outside its space."""
        check = self._action_checks.get(agent)
        is_first = self._agents and self._comes_in(step)
        waits = step.action is None and (is_first or self._in_turns)
        if check is not None and step.step_index and not waits:
            wrong = "it has no action" if step.action is None else check(step.action)
            if wrong:
                yield MismatchCause.ACTION, wrong
        check = self._observation_checks.get(agent)
        if check is not None and step.observation is not None:
            wrong = check(step.observation)
            if wrong:
                yield MismatchCause.OBSERVATION, wrong

    def _comes_in(self, step: StepRecord) -> bool:
        """Whether this is the agent's first row of its episode, or the first since it was done: it took no action."""
        episode_id, agent_id = str(step.episode_id), str(step.agent_id)
        there = self._there.get(episode_id)
        if there is None:
            while len(self._there) >= _KEPT_EPISODES:
                del self._there[next(iter(self._there))]
            there = self._there[episode_id] = set()
        is_new = agent_id not in there
        if step.terminated is True or step.truncated is True:  # a record may hold anything there
            there.discard(agent_id)
        else:
            there.add(agent_id)
        return is_new

    def _view_fault(self, view: object) -> str:
        if not isinstance(view, Mapping):
            return f"it is of type {type(view).__name__}"
        # A grid or graph is looked through where its kind and size are new to the run, and only measured after that.
        if any(fits(view) for fits in self._views.get(str(view.get("kind")), ())):
            return ""
        try:
            payload = render_from_document(view)
        except SchemaMismatchError as error:
            return error.message.rstrip(".")
        known = self._views.setdefault(payload.kind, [])
        if len(known) < _KEPT_VIEWS:
            known += [quick_check(payload)]
        return ""

    def _vector_faults(self, metadata: object) -> Iterator[tuple[MismatchCause, str]]:
        if not isinstance(metadata, Mapping):
            yield MismatchCause.VECTOR, f"they are a {type(metadata).__name__}"
            return
        mode = metadata.get("autoreset_mode")
        if not _is_mode(metadata):
            yield MismatchCause.AUTORESET_MODE, f"{mode!r} is none of {', '.join(sorted(_MODES))}"
            return
        if self._autoreset_mode is None:
            self._autoreset_mode = mode
        elif mode != self._autoreset_mode:
            yield MismatchCause.AUTORESET_MODE, f"{mode} after {self._autoreset_mode}"
        try:
            vector_from_document(metadata)
        except SchemaMismatchError as error:
            yield MismatchCause.VECTOR, error.message.rstrip(".")

    def _tell(self, cause: MismatchCause, detail: str, where: str) -> None:
        if cause not in self._said:
            self._said.add(cause)
            cause.code.log(
                _LOGGER,
                f"Run {self._run_id} has {cause.words}, first in {where}: {detail}. "
                f"It is recorded all the same; more of the kind are counted.",
            )


def _is_mode(metadata: Mapping[str, object]) -> bool:
    mode = metadata.get("autoreset_mode")
    return isinstance(mode, str) and mode in _MODES


def _name(worker: object) -> str:
    return "" if worker is None else str(worker)


def _text(version: object) -> str:
    try:
        return "unknown" if version is None else str(SchemaVersion.parse(version))
    except SchemaMismatchError:
        return "unknown"


def _field_fault(step: StepRecord) -> str:
    """What is wrong with the plain fields, as the end of a sentence; empty where nothing is."""
    # A record may come from anywhere: its annotations promise nothing.
    index: object = step.step_index
    reward: object = step.reward
    ends: tuple[object, object] = (step.terminated, step.truncated)
    agent: object = step.agent_id
    if type(index) is not int or index < 0:
        return f"step_index {index!r} is no whole number from 0 on"
    if reward is not None and type(reward) is not float and not _is_number(reward):
        return f"reward is of type {type(reward).__name__}"
    if type(ends[0]) is not bool or type(ends[1]) is not bool:
        return "terminated and truncated are not both true or false"
    if getattr(step.timestamp, "tzinfo", None) is None:
        return "timestamp has no time zone"
    if type(agent) is not str or not agent:
        return f"agent_id {agent!r} is no name"
    return ""


def _info_faults(info: object) -> Iterator[tuple[MismatchCause, str]]:
    try:
        key = like_key(info)
    except Exception:  # noqa: BLE001 - an environment's objects may raise anything at all when they are looked at
        return
    if key is not None:
        yield MismatchCause.INFO, f"{key!r}, which stays the text's own; the other key is stored with its type after it"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)

"""The registry against a dictionary: whatever is asked in whatever order, both answer the same."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from contract.run_store_contract import config_of
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gym_gui.core.errors import DuplicateRunError, RunTransitionError
from gym_gui.services.trainer.registry.memory_store import MemoryRunStore
from gym_gui.services.trainer.registry.registry import RunRegistry
from gym_gui.services.trainer.states import RETENTIONS, TRANSITIONS, Retention, TrainingState

S = TrainingState
CPUS: Final = 2.0
GPUS: Final = (0, 1)
AT_MOST: Final = 3


@dataclass
class Model:
    """What a run should be."""

    seed: int
    attempt: int
    state: TrainingState = S.PENDING
    retention: Retention = Retention.NONE
    told: list[str] = field(default_factory=list)


class RunStoreMachine(RuleBasedStateMachine):
    """Two stores and a model, which must agree."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="registry-machine-")
        self.registry = RunRegistry(Path(self._folder.name) / "runs.sqlite")
        self.memory = MemoryRunStore()
        self.model: dict[str, Model] = {}

    def teardown(self) -> None:
        self.registry.close()
        self._folder.cleanup()

    @rule(seed=st.integers(0, 4), cpus=st.sampled_from([0.5, 1.0, 2.0]), gpus=st.integers(0, 3))
    def add(self, seed: int, cpus: float, gpus: int) -> None:
        run_id = f"run-{len(self.model)}"
        config = config_of(seed, cpus=cpus, gpus=gpus, priority=seed % 2)
        same = [run for run in self.model if self.registry.get(run).digest == config.digest()]
        active = [run for run in same if self.model[run].state.is_active]
        said: list[int | str] = []
        for store in (self.registry, self.memory):
            try:
                said.append(store.add(run_id, config).attempt)
            except DuplicateRunError as error:
                said.append(error.run_id)
        if active:
            assert said == [active[0]] * 2
        else:
            assert said == [len(same) + 1] * 2
            self.model[run_id] = Model(seed, len(same) + 1)

    @precondition(lambda self: self.model)
    @rule(data=st.data(), after=st.sampled_from(TrainingState))
    def move(self, data: st.DataObject, after: TrainingState) -> None:
        run_id = data.draw(st.sampled_from(sorted(self.model)))
        model = self.model[run_id]
        for store in (self.registry, self.memory):
            try:
                store.move(run_id, after, f"to {after}")
                assert after in TRANSITIONS[model.state]
            except RunTransitionError:
                assert after not in TRANSITIONS[model.state]
        if after in TRANSITIONS[model.state]:
            model.state = after
            model.told.append(f"to {after}")

    @precondition(lambda self: self.model)
    @rule(data=st.data(), after=st.sampled_from(Retention))
    def retain(self, data: st.DataObject, after: Retention) -> None:
        run_id = data.draw(st.sampled_from(sorted(self.model)))
        model = self.model[run_id]
        may = not model.state.is_active and after in RETENTIONS[model.retention]
        for store in (self.registry, self.memory):
            try:
                store.retain(run_id, after, f"kept {after}")
                assert may
            except RunTransitionError:
                assert not may
        if may:
            model.retention = after
            model.told.append(f"kept {after}")

    @rule(owner=st.sampled_from(["a", "b"]))
    def claim(self, owner: str) -> None:
        claimed = [
            store.claim(cpus=CPUS, gpus=GPUS, at_most=AT_MOST, owner=owner) for store in (self.registry, self.memory)
        ]
        names = {run.run_id if run else None for run in claimed}
        assert len(names) == 1
        for run_id in names - {None}:
            assert self.model[str(run_id)].state is S.PENDING
            self.model[str(run_id)].state = S.DISPATCHING
            self.model[str(run_id)].told.append(self.registry.get(str(run_id)).reason)

    @invariant()
    def all_agree(self) -> None:
        for store in (self.registry, self.memory):
            runs = {run.run_id: run for run in store.list(archived=True)}
            assert list(runs) == list(self.model)[::-1]
            for run_id, model in self.model.items():
                run = runs[run_id]
                assert (run.state, run.retention, run.attempt) == (model.state, model.retention, model.attempt)
                assert [one.reason for one in store.transitions(run_id)][1:] == model.told
        assert [run.gpus for run in self.registry.list()] == [run.gpus for run in self.memory.list()]

    @invariant()
    def no_limit_is_exceeded(self) -> None:
        for owner in ("a", "b"):
            holding = [
                run
                for run in self.registry.list(archived=True)
                if run.owner == owner and run.state.is_active and run.state is not S.PENDING
            ]
            held = [gpu for run in holding for gpu in run.gpus]
            assert len(held) == len(set(held))
            assert set(held) <= set(GPUS)
            assert len(holding) <= AT_MOST
        for run in self.registry.list(archived=True):
            assert not run.gpus or (run.state.is_active and run.state is not S.PENDING)


TestRunStoreMachine = RunStoreMachine.TestCase
TestRunStoreMachine.settings = settings(max_examples=25, stateful_step_count=30)

"""The conformance class of recording backends: subclass it with your backend, and pytest shows where it falls short.

Same steps in, same steps out, whatever they hold; flushed is visible to other processes; killed loses nothing flushed.
"""

# ruff: noqa: S101, D102, PLR2004 - asserts are what it is made of, and names of tests say what they show

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gym_gui.core.data_model import FrameState, RunState
from gym_gui.core.errors import (
    AmbiguousEpisodeError,
    EpisodeNotFoundError,
    FrameNotFoundError,
    InvalidFrameRefError,
    RunNotFoundError,
)
from gym_gui.core.packing import from_array
from gym_gui.testing.recorder_process_contract import RecordingProcessContract
from gym_gui.testing.recorder_values import START, announce, ended, episode, picture, run, same, step

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["START", "RecordingBackendContract", "announce", "ended", "episode", "picture", "run", "same", "step"]


class RecordingBackendContract(RecordingProcessContract):
    """What every backend keeps to; a subclass makes the backend and its reader."""

    @pytest.mark.parametrize(
        "action",
        [
            3,
            -(2**63),
            0.1,
            True,
            "left",
            "naïve ☃",
            np.array([0.25, -1.0], np.float32),
            np.array(7, np.int8),
            np.float32(0.1),
            (1, np.array([1.5], np.float32)),
            {"move": np.array([1, 0], np.int8), "say": "hello", "n": {"deep": (1, 2)}},
            [1, 2.5, None],
            b"bytes",
        ],
        ids=repr,
    )
    def test_that_an_action_comes_back_exactly(self, tmp_path: Path, action: Any) -> None:
        expected = step(1, action=action)
        reader = self.recorded(tmp_path, step(0), expected)
        self.check_step(reader, expected)
        reader.close()

    @pytest.mark.parametrize("reward", [0.0, -0.0, math.nan, math.inf, -math.inf, 0.1, 5e-324, None], ids=repr)
    def test_that_a_reward_comes_back_to_the_last_bit(self, tmp_path: Path, reward: float | None) -> None:
        expected = step(1, reward=reward)
        reader = self.recorded(tmp_path, expected)
        self.check_step(reader, expected)
        reader.close()

    @pytest.mark.parametrize(
        "observation",
        [
            np.arange(5, dtype=np.float64),
            np.array([[True, False]]),
            np.array(3, np.int64),
            np.array([1 + 2j]),
            {"position": np.array([1.0, 2.0]), "holds": np.int64(3)},
            (np.int64(3), np.array([0.5], np.float32)),
            "some text",
            np.zeros((2, 0), np.float32),
        ],
        ids=repr,
    )
    def test_that_an_observation_comes_back_exactly(self, tmp_path: Path, observation: Any) -> None:
        expected = step(1, observation=observation, render_payload=None, frame_state=FrameState.NONE)
        reader = self.recorded(tmp_path, expected)
        (found,) = reader.load_steps("run", "e0000")
        seen = found.observation if found.obs_ref is None else reader.require(found.obs_ref)
        if isinstance(observation, dict | tuple):
            seen = from_array(seen) if isinstance(seen, np.ndarray) else seen
        assert same(seen, observation)
        reader.close()

    def test_that_rare_values_come_back_exactly(self, tmp_path: Path) -> None:
        expected = step(
            2,
            info={"lives": 3, "name": "x", "deep": {"list": [1, 2.5, None]}},
            vector_metadata={"index": 1, "autoreset": "next_step"},
            normalization_stats={"mean": np.array([0.5]), "count": 3},
            view={"kind": "GRID", "cells": [[0, 1]]},
            time_step=17,
            space_signature="abc",
            terminated=True,
            truncated=True,
            extra={"position": (1.0, -0.0), "who": {1: np.float32(0.5)}, "nothing": None},
        )
        reader = self.recorded(tmp_path, expected)
        self.check_step(reader, expected)
        (found,) = reader.load_steps("run", "e0000")
        assert found.info == expected.info
        reader.close()

    def test_that_pictures_may_change_their_shape_in_mid_run(self, tmp_path: Path) -> None:
        steps = [step(n, render_payload=picture(n, (36 + n // 3 % 2 * 8, 48, 3))) for n in range(12)]
        reader = self.recorded(tmp_path, *steps)
        for one in steps:
            self.check_step(reader, one)
        reader.close()

    def test_that_observations_may_change_their_kind_in_mid_run(self, tmp_path: Path) -> None:
        kinds = [picture(1), np.arange(3.0), np.arange(4, dtype=np.int8), {"a": np.arange(2)}, "text", None]
        steps = [step(n, observation=kinds[n % len(kinds)]) for n in range(12)]
        reader = self.recorded(tmp_path, *steps)
        for one in steps:
            self.check_step(reader, one)
        reader.close()

    @pytest.mark.parametrize(
        "observation",
        [
            lambda n: np.arange(n % 4 + 1),
            lambda n: {"seen": np.zeros((n % 3 + 1, 2), np.float32), "n": np.int64(n)},
            lambda n: [(0, np.int64(n)), (1, np.full(2, n, np.float16)), (2, "text")][n % 3],
        ],
        ids=["array", "dict", "one-of"],
    )
    def test_that_observations_may_change_their_form_in_every_episode(
        self, tmp_path: Path, observation: Callable[[int], Any]
    ) -> None:
        steps = [step(n, e, observation=observation(n + e)) for e in range(3) for n in range(9)]
        self.check_run(tmp_path, steps)

    def test_that_an_observation_may_be_the_picture(self, tmp_path: Path) -> None:
        frame = picture(5)
        expected = step(5, observation=frame, render_payload=frame)
        reader = self.recorded(tmp_path, expected)
        self.check_step(reader, expected)
        reader.close()

    def test_that_each_agent_of_a_step_keeps_its_own_row(self, tmp_path: Path) -> None:
        names = "abcdefgh"  # so many that no order of theirs is the right one by chance
        given = [(agent, float(ord(agent))) for agent in reversed(names)]
        steps = [step(n, agent_id=agent, reward=value) for n in range(3) for agent, value in given]
        reader = self.recorded(tmp_path, *steps)
        for one in steps:
            self.check_step(reader, one)
        found = reader.load_steps("run", "e0000")
        assert len(found) == 3 * len(names)
        # In order of step and agent, in whatever order they were written.
        assert [(one.step_index, one.agent_id) for one in found] == [(n, agent) for n in range(3) for agent in names]
        found = reader.load_steps("run", "e0000", start=1, stop=2)
        assert [(one.agent_id, one.reward) for one in found] == given[::-1]
        reader.close()

    def test_that_episodes_and_runs_are_told_apart(self, tmp_path: Path) -> None:
        steps = [step(n, e, run_id, reward=float(n + 10 * e)) for run_id in "ab" for e in range(3) for n in range(4)]
        reader = self.recorded(tmp_path, *steps)
        for one in steps:
            self.check_step(reader, one)
        assert {summary.run.run_id for summary in reader.list_runs()} == {"a", "b"}
        assert [one.rollup.episode_id for one in reader.list_episodes("a")] == ["e0000", "e0001", "e0002"]
        assert len(reader.list_episodes()) == 6
        assert [one.rollup.episode_id for one in reader.list_episodes("a", newest=2)] == ["e0001", "e0002"]
        assert len(reader.list_episodes(newest=2)) == 2
        reader.close()

    def test_that_a_part_of_an_episode_can_be_asked_for(self, tmp_path: Path) -> None:
        reader = self.recorded(tmp_path, *[step(n) for n in range(20)])
        assert [one.step_index for one in reader.load_steps("run", "e0000", start=5, stop=8)] == [5, 6, 7]
        assert [one.step_index for one in reader.load_steps("run", "e0000", start=18)] == [18, 19]
        assert reader.load_steps("run", "e0000", start=30) == []
        reader.close()

    def test_that_a_step_that_is_there_already_changes_nothing(self, tmp_path: Path) -> None:
        steps = [step(n) for n in range(10)]
        backend = self.open_backend(self.config(tmp_path))
        with backend:
            announce(backend, steps)
            backend.write_steps(steps)
            backend.write_steps([replace(one, reward=99.0) for one in steps[3:6]])
            backend.flush()
            backend.write_steps([replace(one, reward=99.0) for one in steps[5:]])
            backend.write_steps([step(10), replace(step(10), reward=99.0)])
        reader = self.open_reader(backend.path)
        assert len(reader.load_steps("run", "e0000")) == 11
        for one in [*steps, step(10)]:
            self.check_step(reader, one)
        reader.close()

    def test_that_runs_and_episodes_come_back_whole(self, tmp_path: Path) -> None:
        told = run(
            env_kwargs={"frameskip": 4, "nested": {"a": [1, 2]}},
            render_mode=None,
            env_spec="{}",
            action_space="Discrete(3)",
            observation_space="Box",
            space_signature="s",
            step_rate_hz=50.0,
            versions={"gymnasium": "1.4"},
            rom_sha256="00",
            host="h",
            app_version="1",
            worker_id="w",
            metadata={"lineage": {"parent": "x"}},
        )
        final = ended(
            seed=2**70, steps=1, total_reward=-1.5, truncated=True, options={"a": 1}, metadata={"note": "é"},
            fault="it raised", frames=2, dropped_frames=1, ended_at=START + timedelta(seconds=3),
        )  # fmt: skip
        backend = self.open_backend(self.config(tmp_path))
        with backend:
            backend.begin_run(told)
            backend.begin_episode(episode(seed=2**70))
            backend.write_steps([step(0), step(1)])
            backend.end_episode(final)
            backend.end_run("run", RunState.COMPLETED, START + timedelta(seconds=9))
        reader = self.open_reader(backend.path)
        assert reader.get_run("run") == told
        assert reader.get_episode("run") == reader.get_episode("run", 0) == reader.get_episode("run", "e0000") == final
        (summary,) = reader.list_runs()
        assert (summary.state, summary.ended_at) == (RunState.COMPLETED, START + timedelta(seconds=9))
        assert (summary.episodes, summary.steps) == (1, 1)
        reader.close()

    def test_that_what_is_not_there_is_said(self, tmp_path: Path) -> None:
        reader = self.recorded(tmp_path, step(0))
        with pytest.raises(RunNotFoundError):
            reader.get_run("other")
        with pytest.raises(RunNotFoundError):
            reader.list_episodes("other")
        with pytest.raises(EpisodeNotFoundError):
            reader.get_episode("run", "other")
        with pytest.raises(EpisodeNotFoundError):
            reader.load_steps("run", "other")
        reader.close()

    def test_that_an_index_that_several_episodes_have_is_refused(self, tmp_path: Path) -> None:
        backend = self.open_backend(self.config(tmp_path))
        with backend:
            backend.begin_run(run())
            for name in ("one", "other"):
                backend.begin_episode(episode(episode_id=name))
                backend.write_steps([step(0, episode_id=name)])
                backend.end_episode(ended(episode_id=name))
        reader = self.open_reader(backend.path)
        with pytest.raises(AmbiguousEpisodeError, match="one, other"):
            reader.get_episode("run", 0)
        assert reader.get_episode("run", "one").episode_id == "one"
        reader.close()

    def test_that_a_run_is_resumed(self, tmp_path: Path) -> None:
        backend = self.open_backend(self.config(tmp_path))
        with backend:
            announce(backend, [step(0)])
            backend.write_steps([step(n) for n in range(5)])
        again = self.open_backend(self.config(tmp_path))
        with again:
            announce(again, [step(0)])
            again.write_steps([step(n) for n in range(3, 9)])
            again.end_episode(ended(steps=8))
        reader = self.open_reader(again.path)
        for number in range(9):
            self.check_step(reader, step(number))
        assert len(reader.load_steps("run", "e0000")) == 9
        reader.close()

    def test_that_a_backend_that_was_told_nothing_leaves_nothing(self, tmp_path: Path) -> None:
        backend = self.open_backend(self.config(tmp_path))
        backend.flush()
        backend.close()
        backend.close()
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]

    def test_that_closing_writes_what_waits(self, tmp_path: Path) -> None:
        backend = self.open_backend(self.config(tmp_path))
        announce(backend, [step(0)])
        for number in range(20):
            backend.write_steps([step(number)])
        backend.close()
        backend.close()
        reader = self.open_reader(backend.path)
        for number in range(20):
            self.check_step(reader, step(number))
        reader.close()

    def test_that_pictures_are_found_for_scrubbing(self, tmp_path: Path) -> None:
        if not self.keeps_frames:
            pytest.skip("keeps no pictures")
        reader = self.recorded(tmp_path, *[step(n) for n in range(40)])
        refs = [one.frame_ref or "" for one in reader.load_steps("run", "e0000")]
        order = [7, 39, 0, 7, 21]
        found = reader.resolve_batch([*(refs[n] for n in order), "h5://run/frames/999999", "no ref at all"])
        assert all(same(frame, picture(n)) for frame, n in zip(found, order, strict=False))
        assert list(found[len(order) :]) == [None, None]
        for ref, reason in [("h5://other/frames/0", "no-file"), ("h5://run/frames/999999", "out-of-range")]:
            with pytest.raises(FrameNotFoundError) as refusal:
                reader.require(ref)
            assert refusal.value.reason == reason
        with pytest.raises(InvalidFrameRefError):
            reader.require("frames/1")
        frame = reader.require(refs[0])
        frame[:] = 0
        assert same(reader.require(refs[0]), picture(0)), "a picture that was given is the caller's own"
        reader.close()

"""BaseRecorder with a third party's hooks: the buffer, the writer's thread, and what reaches the caller."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from case_names import written

from gym_gui.core.errors import RecordingError, SchemaMismatchError
from gym_gui.core.typing_compat import override
from gym_gui.recording import BaseRecorder, RecorderFactory, RecorderManager, RecorderProtocol, registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import LogExpectations

WAIT_S = 10.0


class ListRecorder(BaseRecorder):
    """What a third party writes: keeps everything in lists; can be held up, and can fail."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.steps: list[dict[str, Any]] = []
        self.episodes: list[dict[str, Any]] = []
        self.exports: list[tuple[Any, ...]] = []
        self.may_write = threading.Event()
        self.may_write.set()
        self.written = threading.Event()
        self.faults: list[Exception] = []
        self.threads: set[str] = set()

    @override
    def _write_step_data(self, data: list[dict[str, Any]]) -> int:
        self.threads.add(threading.current_thread().name)
        assert self.may_write.wait(WAIT_S)
        if self.faults:
            raise self.faults.pop(0)
        self.steps += data
        self.written.set()
        return 10 * len(data)

    @override
    def _write_episode_data(self, data: list[dict[str, Any]]) -> int:
        self.episodes += data
        return 100

    @override
    def _export_data_backend(
        self,
        output_path: str,
        format: str,
        compression: str | None = None,
        filter_episodes: list[int] | None = None,
        **export_options: Any,
    ) -> bool:
        self.exports.append((output_path, format, compression, filter_episodes, export_options, len(self.steps)))
        return True


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    RecorderFactory.register_backend("list", ListRecorder)
    yield
    registry.registered.pop("list")


def make(**buffer: Any) -> ListRecorder:
    recorder = RecorderFactory.create_recorder({"backend": "list", "custom_param": "value", "buffer": buffer})
    assert isinstance(recorder, ListRecorder)
    return recorder


def test_that_a_third_partys_recorder_gets_what_was_recorded() -> None:
    with make() as recorder:
        assert isinstance(recorder, RecorderProtocol)
        assert recorder.config.options == {"custom_param": "value"}
        recorder.record_step({"position": (1, 2), "reward": 0.5}, 0, 7, weight=3)
        recorder.record_step({"reward": 1.5}, 1, 7)
        recorder.record_episode({"total_steps": 1, "success": True}, 7, note="x")
        recorder.flush()
        assert recorder.steps == [
            {"position": (1, 2), "reward": 0.5, "weight": 3, "step_number": 0, "episode_id": 7},
            {"reward": 1.5, "step_number": 1, "episode_id": 7},
        ]
        assert recorder.episodes == [{"total_steps": 1, "success": True, "note": "x", "episode_id": 7}]
        assert recorder.threads == {"recorder-list"}
        metrics = recorder.get_performance_metrics()
        assert (metrics["steps_written"], metrics["episodes_written"], metrics["bytes_written"]) == (2, 1, 120)
        assert recorder.is_recording()
    assert not recorder.is_recording()
    with pytest.raises(RecordingError, match="closed"):
        recorder.record_step({}, 2)


def test_that_the_caller_may_use_its_arrays_again_at_once() -> None:
    with make() as recorder:
        recorder.may_write.clear()
        frame, inner = np.zeros((4, 4, 3), np.uint8), {"list": [np.zeros(2)]}
        recorder.record_step({"frame": frame, "info": inner}, 0)
        frame[:] = 9
        inner["list"][0][:] = 9
        inner["list"].append(np.ones(1))
        recorder.may_write.set()
        recorder.flush()
        assert not recorder.steps[0]["frame"].any()
        assert len(recorder.steps[0]["info"]["list"]) == 1
        assert not recorder.steps[0]["info"]["list"][0].any()


def test_that_steps_are_written_by_the_clock_when_no_further_one_comes() -> None:
    with make(flush_interval_seconds=0.05) as recorder:
        recorder.record_step({"reward": 1.0}, 0)
        assert recorder.written.wait(WAIT_S)
        assert len(recorder.steps) == 1


def test_that_steps_are_written_by_number_and_by_bytes_before_the_clock() -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    for buffer, count, data in (({"max_records": 20}, 8, {"reward": 1.0}), ({"max_memory_mb": 0.1}, 2, {"f": picture})):
        with make(flush_interval_seconds=600.0, **buffer) as recorder:
            for number in range(count):
                recorder.record_step(data, number)
            assert recorder.written.wait(WAIT_S)


def test_that_a_full_buffer_warns_once_holds_the_caller_up_and_counts_it(expect_log: LogExpectations) -> None:
    expect_log(logging.WARNING, r"The buffer of recorder list is \d+ % full")
    with make(max_records=10, warning_threshold=0.5) as recorder:
        recorder.may_write.clear()
        for number in range(10):
            recorder.record_step({"reward": 1.0}, number)
        metrics = recorder.get_performance_metrics()
        assert metrics["buffer_utilization_current"] == 1.0
        assert metrics["backpressure_warnings"] == 1
        held_up = threading.Thread(target=recorder.record_step, args=({"reward": 1.0}, 10))
        held_up.start()
        held_up.join(0.1)
        assert held_up.is_alive()
        recorder.may_write.set()
        held_up.join(WAIT_S)
        assert not held_up.is_alive()
        recorder.flush()
        metrics = recorder.get_performance_metrics()
        assert metrics["backpressure_blocks"] == 1
        assert metrics["blocked_s"] > 0
        assert metrics["buffer_utilization_current"] == 0.0
        assert [step["step_number"] for step in recorder.steps] == list(range(11))


def test_that_memory_stays_within_its_budget(expect_log: LogExpectations) -> None:
    expect_log(logging.WARNING, "full")
    frame = np.zeros((210, 160, 3), np.uint8)
    with make(max_memory_mb=2.0) as recorder:
        recorder.may_write.clear()
        for number in range(300):
            if number == 18:
                recorder.may_write.set()
            recorder.record_step({"frame": frame}, number)
        recorder.flush()
        memory = recorder.get_performance_metrics()["memory_analysis"]
        assert 1.5 < memory["peak_mb"] <= 2.0
        assert memory["usage_mb"] == 0.0
        assert len(recorder.steps) == 300


def test_that_an_exception_of_the_hook_reaches_the_caller_once(expect_log: LogExpectations) -> None:
    expect_log(logging.ERROR, "1 records were not kept: it broke")
    with make() as recorder:
        recorder.faults = [RuntimeError("it broke")]
        recorder.record_step({"reward": 1.0}, 0)
        with pytest.raises(RecordingError, match="it broke"):
            recorder.flush()
        recorder.record_step({"reward": 1.0}, 1)
        recorder.flush()
        assert [step["step_number"] for step in recorder.steps] == [1]
        assert recorder.get_performance_metrics()["steps_dropped"] == 1


def test_that_what_the_disk_refuses_is_kept_and_tried_again(expect_log: LogExpectations) -> None:
    expect_log(logging.ERROR, "cannot write: The disk is full")
    with make(flush_interval_seconds=0.02) as recorder:
        recorder.faults = [RecordingError("The disk is full.")]
        recorder.record_step({"reward": 1.0}, 0)
        assert recorder.written.wait(WAIT_S)
        with pytest.raises(RecordingError, match="disk is full"):
            recorder.record_step({"reward": 1.0}, 1)
        recorder.flush()
        assert [step["step_number"] for step in recorder.steps] == [0, 1]


def test_that_a_disk_that_stays_full_is_said_and_neither_flush_nor_close_hangs(expect_log: LogExpectations) -> None:
    expect_log(logging.ERROR, "cannot write: The disk is full")
    expect_log(logging.ERROR, "records were not written")
    expect_log(logging.WARNING, "full")
    recorder = make(flush_interval_seconds=0.02, max_records=5)
    recorder.faults = [RecordingError("The disk is full.") for _ in range(10_000)]
    for number in range(5):
        try:
            recorder.record_step({"reward": 1.0}, number)
        except RecordingError as error:
            assert "full" in str(error)  # noqa: PT017 - it comes with whichever call follows the refusal
    with pytest.raises(RecordingError, match="disk is full"):
        recorder.flush()
    with pytest.raises(RecordingError, match="disk is full"):
        recorder.record_step({"reward": 1.0}, 5)
    started_s = time.monotonic()
    with pytest.raises(RecordingError, match="disk is full"):
        recorder.close()
    assert time.monotonic() - started_s < WAIT_S
    recorder.close()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"reward": "many"}, "step 12: reward is text ('many'), not a number."),
        ({"reward": [1.0]}, "step 12: reward is a list, not a number."),
        ({"terminated": "no"}, "step 12: terminated is text ('no'), not true or false."),
        ({"info": 3}, "step 12: info is an int, not a dictionary."),
        ({"frame": "x.png"}, "step 12: frame is text ('x.png'), not an array."),
        ({"position": {1, 2}}, "step 12: position is a set, which cannot be kept exactly."),
        ({"info": {"a": [1, {"b": object()}]}}, "step 12: info.a[1].b is an object, which cannot be kept exactly."),
        ({"a": np.array([object()])}, "step 12: a is an array (object, 1), which cannot be kept exactly."),
        ({"a": {2.5: 1}}, "step 12: a (its key 2.5) is a float, which cannot be kept exactly."),
        ({"score": 2**70}, f"step 12: score is {2**70}, which does not fit 64 bits."),
        ({"text": "\ud800"}, "step 12: text is text ('\\ud800'), which cannot be kept exactly."),
    ],
    ids=written,
)
def test_that_an_invalid_step_is_refused_with_the_fields_name(data: dict[str, Any], said: str) -> None:
    with make() as recorder:
        assert not recorder.validate_data(data)
        with pytest.raises(SchemaMismatchError) as refusal:
            recorder.record_step(data, 12)
        assert refusal.value.message == said
        assert recorder.validate_data({"reward": 1.0})
        assert recorder.get_performance_metrics()["steps_refused"] == 1
        assert recorder.get_performance_metrics()["steps_recorded"] == 0


@pytest.mark.parametrize("data", [None, [1.0], "step", 3], ids=written)
def test_that_what_is_no_dictionary_is_refused(data: Any) -> None:
    with make() as recorder, make(step_interval=2) as chooser:
        assert not recorder.validate_data(data)
        for one in (recorder, chooser):
            with pytest.raises(SchemaMismatchError, match="not a dictionary"):
                one.record_step(data, 0)


@pytest.mark.parametrize(
    ("step_number", "episode_id", "named"),
    [
        ("x", 1, "step_number"),
        (None, 1, "step_number"),
        (1.0, 1, "step_number"),
        (-1, 1, "step_number"),
        (2**63, 1, "step_number"),
        (0, 1.5, "episode_id"),
        (0, [1], "episode_id"),
        (0, "", "episode_id"),
        (0, 2**63, "episode_id"),
    ],
    ids=written,
)
def test_that_a_step_of_no_place_is_refused_by_name(step_number: Any, episode_id: Any, named: str) -> None:
    with make() as recorder:
        with pytest.raises(SchemaMismatchError, match=rf"^{named} is "):
            recorder.record_step({"reward": 1.0}, step_number, episode_id)
        recorder.record_step({"reward": 1.0}, 0, 1)
        if named == "episode_id":
            with pytest.raises(SchemaMismatchError, match=r"^episode_id is "):
                recorder.record_episode({}, episode_id)
        assert recorder.get_performance_metrics()["steps_refused"] == 1


def test_that_a_dictionary_that_holds_itself_is_refused() -> None:
    data: dict[str, Any] = {}
    data["me"] = data
    with make() as recorder, pytest.raises(SchemaMismatchError, match=r"me\.me"):
        recorder.record_step(data, 0)


def test_that_steps_that_begin_again_belong_to_the_next_episode() -> None:
    with make() as recorder:
        for number in [0, 1, 1, 2, 0, 1]:
            recorder.record_step({}, number)
        with RecorderManager(recorder).managed_recording_session(episode_id=9):
            recorder.record_step({}, 0)
        recorder.record_step({}, 1, episode_id=3)
        recorder.flush()
        assert [step["episode_id"] for step in recorder.steps] == [0, 0, 0, 0, 1, 1, 9, 3]


def test_that_only_what_was_chosen_is_kept() -> None:
    config = {"backend": "list", "recording": {"step_interval": 3, "include_observations": False}}
    with RecorderFactory.create_recorder(config) as recorder:
        assert isinstance(recorder, ListRecorder)
        for number in range(8):
            recorder.record_step({"observation": number, "reward": 1.0, "done": number == 7}, number)
        recorder.flush()
        assert [step["step_number"] for step in recorder.steps] == [0, 3, 6, 7]
        assert all("observation" not in step for step in recorder.steps)
        assert recorder.get_performance_metrics()["steps_skipped"] == 4
    with RecorderFactory.create_recorder({"backend": "list", "full": False}) as recorder:
        recorder.record_step({"reward": 1.0}, 0)
        recorder.flush()
        assert recorder.get_performance_metrics()["steps_recorded"] == 0


def test_that_an_export_sees_everything_that_was_recorded() -> None:
    with make() as recorder:
        recorder.record_step({}, 0)
        assert recorder.export_data("out.csv", format="csv", filter_episodes=[1], overlay=True)
        assert recorder.exports == [("out.csv", "csv", None, [1], {"overlay": True}, 1)]


def test_that_a_session_flushes_and_judges_by_its_own_target() -> None:
    with make(flush_interval_seconds=600.0) as recorder:
        manager = RecorderManager(recorder, performance_target_ms=1.0)
        with manager.managed_recording_session(episode_id=1) as session:
            session.record_step({"reward": 1.0}, 0)
        assert len(recorder.steps) == 1
        metrics = manager.get_performance_metrics()
        assert metrics["performance_analysis"]["target_ms"] == 1.0
        assert metrics["performance_analysis"]["avg_write_time_ms"] == metrics["average_write_time"] * 1e3
        strict = RecorderManager(recorder, performance_target_ms=0.0)
        assert not strict.get_performance_metrics()["performance_analysis"]["meets_target"]
        with pytest.raises(ZeroDivisionError):
            _record_and_raise(manager)
        assert len(recorder.steps) == 2


def _record_and_raise(manager: RecorderManager) -> None:
    with manager.managed_recording_session(episode_id=2) as session:
        session.record_step({"reward": 1.0}, 0)
        raise ZeroDivisionError

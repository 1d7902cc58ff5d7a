"""How far runs have come, as the trainer tells it."""

from __future__ import annotations

from dataclasses import replace

from trainer_rig import make_batch

from gym_gui.core.data_model import EpisodeSummary
from gym_gui.services.trainer.daemon.progress import ProgressBook, RunFacts

RUN = "run"


def test_that_a_run_that_hangs_is_told_once_to_have_no_speed() -> None:
    now_s = [100.0]
    book = ProgressBook(clock=lambda: now_s[0])
    book.add(make_batch(1, run_id=RUN), 0)
    now_s[0] += 1
    assert book.take_changed()[RUN].steps_per_s > 0
    now_s[0] += 3
    assert book.take_changed() == {}
    now_s[0] += 3
    assert book.all()[RUN].steps_per_s == 0  # whoever asks in between takes nothing from those who watch
    told = book.take_changed()[RUN]
    assert (told.steps_per_s, told.steps) == (0, 49)
    now_s[0] += 60
    assert book.take_changed() == {}
    book.add(make_batch(2, run_id=RUN), 0)
    assert book.take_changed()[RUN].steps_per_s > 0


def test_that_returns_that_were_recorded_before_push_out_none_that_came_since() -> None:
    facts = RunFacts()
    for seq in range(1, 101):
        batch = make_batch(seq, run_id=RUN)
        facts.add(replace(batch, ended=tuple(replace(one, total_reward=1.0) for one in batch.ended)), 0.0)
    before = facts.progress(0.0)
    assert (before.episodes, before.mean_return) == (100, 1.0)
    ended = next(iter(make_batch(1, run_id=RUN).ended))
    facts.add_recorded(
        [
            EpisodeSummary(rollup=replace(ended, total_reward=0.0), env_id="E-v0", player="PPO", size_bytes=0)
            for _ in range(120)
        ]
    )
    assert facts.progress(0.0).mean_return == 1.0

"""How far runs have come, as the trainer tells it."""

from __future__ import annotations

from trainer_rig import make_batch

from gym_gui.services.trainer.daemon.progress import ProgressBook

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

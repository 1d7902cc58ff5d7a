"""What `--episodes` means."""

from __future__ import annotations

import pytest
from synthetic import final_of, run_of

from gym_gui.core.errors import ExportRequestError
from gym_gui.recording.export.selection import Selection, parse_episodes, stems


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", (0,)),
        ("1,5-9", (1, 5, 6, 7, 8, 9)),
        ("3-3", (3,)),
        (" 2 , 2 ,1", (2, 1)),
        ("ep-000004,1", ("ep-000004", 1)),
    ],
)
def test_that_indices_ranges_and_ids_are_read(text: str, expected: tuple[int | str, ...]) -> None:
    assert parse_episodes(text) == expected


@pytest.mark.parametrize("text", ["", "1,,2", "9-5", "0-9999999999", "1-", "-3", "1-2-3"])
def test_that_nonsense_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ExportRequestError) as caught:
        parse_episodes(text)
    assert "5-9" in caught.value.hint


def test_that_no_two_episodes_are_files_of_one_name() -> None:
    episodes = tuple(
        final_of("run", index, steps=1, episode_id=name) for index, name in ((3, "w0-e3"), (3, "w1-e3"), (4, "w0-e4"))
    )
    selection = Selection(run=run_of("run"), state="completed", episodes=episodes, start=0, stop=None)
    named = {"w0-e3": "episode-0003", "w1-e3": "episode-0003-2", "w0-e4": "episode-0004"}
    assert stems(selection, 4) == named

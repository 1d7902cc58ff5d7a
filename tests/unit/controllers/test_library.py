"""The library: what it lists, how it filters and sorts, and what it says when it cannot."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from recordings import Recordings, step_of

from gym_gui.controllers.library import LibraryController, LibraryState
from gym_gui.controllers.library_entry import Ending, ending_of, entry_of, game_of, player_of
from gym_gui.controllers.library_index import Column, Facet
from gym_gui.controllers.tasks import ImmediateTaskRunner
from gym_gui.controllers.thumbnails import MAX_HEIGHT, MAX_WIDTH, ThumbnailCache, shrink
from gym_gui.core.data_model import EpisodeStatus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gym_gui.core.data_model import RunRecord


class Shelf:
    """A view that remembers what it was told."""

    def __init__(self) -> None:
        self.state: LibraryState | None = None
        self.run: RunRecord | None = None

    def show_library(self, state: LibraryState) -> None:
        self.state = state

    def show_run(self, run: RunRecord) -> None:
        self.run = run


@pytest.fixture
def recordings(var_dir: Path) -> Iterator[Recordings]:
    made = Recordings(var_dir)
    yield made
    made.close()


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def library(recordings: Recordings, shelf: Shelf) -> LibraryController:
    recordings.record(40, env_id="ALE/Breakout-v5", player="human", seed=11)
    recordings.record(10, env_id="CarRacing-v3", player="random", seed=222, status=EpisodeStatus.FAULTED)
    recordings.record(25, env_id="ALE/MsPacman-v5", player="dqn", seed=None, status=EpisodeStatus.ABANDONED)
    recordings.record(5, env_id="FrozenLake-v1", player="human", seed=4, status=EpisodeStatus.RUNNING)
    controller = LibraryController(recordings.store, ImmediateTaskRunner(), shelf)
    controller.refresh()
    return controller


def games(controller: LibraryController) -> list[str]:
    """The games of the lines, in order."""
    state = controller.state
    return [state.entries[row].game for row in state.rows]


def test_that_every_episode_is_listed_newest_first(library: LibraryController) -> None:
    assert games(library) == ["Frozen Lake", "Ms Pacman", "Car Racing", "Breakout"]
    assert library.state.loaded
    assert not library.state.loading


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("breakout", ["Breakout"]),
        ("ATARI", ["Ms Pacman", "Breakout"]),
        ("human frozen", ["Frozen Lake"]),
        ("222", ["Car Racing"]),
        ("run-00003", ["Ms Pacman"]),
        ("faulted", ["Car Racing"]),
        ("ALE/MsPacman", ["Ms Pacman"]),
        ("   ", ["Frozen Lake", "Ms Pacman", "Car Racing", "Breakout"]),
        ("nothing has this", []),
    ],
)
def test_that_a_search_wants_every_word_anywhere(library: LibraryController, text: str, found: list[str]) -> None:
    library.search(text)
    assert games(library) == found


def test_that_chips_of_one_facet_add_and_of_two_narrow(library: LibraryController) -> None:
    library.toggle(Facet.FAMILY, "Atari")
    assert games(library) == ["Ms Pacman", "Breakout"]
    library.toggle(Facet.FAMILY, "Box2D")
    assert games(library) == ["Ms Pacman", "Car Racing", "Breakout"]
    library.toggle(Facet.PLAYER, "human")
    assert games(library) == ["Breakout"]
    library.toggle(Facet.FAMILY, "Atari")
    assert games(library) == []
    library.clear_filters()
    assert len(games(library)) == 4


def test_that_chips_count_what_they_stand_for(library: LibraryController) -> None:
    chips = {(chip.facet, chip.value): chip.count for chip in library.state.chips}
    assert chips[Facet.FAMILY, "Atari"] == 2
    assert chips[Facet.PLAYER, "human"] == 2
    assert chips[Facet.ENDING, "Faulted"] == 1
    assert sum(count for (facet, _), count in chips.items() if facet is Facet.ENDING) == 4


@pytest.mark.parametrize(
    ("column", "order"),
    [
        (Column.GAME, ["Breakout", "Car Racing", "Frozen Lake", "Ms Pacman"]),
        (Column.STEPS, ["Frozen Lake", "Car Racing", "Ms Pacman", "Breakout"]),
        (Column.SEED, ["Ms Pacman", "Frozen Lake", "Breakout", "Car Racing"]),
        (Column.WHEN, ["Breakout", "Car Racing", "Ms Pacman", "Frozen Lake"]),
    ],
)
def test_that_every_column_sorts_both_ways(library: LibraryController, column: Column, order: list[str]) -> None:
    library.sort(column, descending=False)
    assert games(library) == order
    library.sort(column, descending=True)
    assert games(library) == order[::-1]


def test_that_equals_keep_the_newest_on_top_when_the_greatest_come_first(library: LibraryController) -> None:
    library.sort(Column.EPISODE, descending=True)
    assert games(library) == ["Frozen Lake", "Ms Pacman", "Car Racing", "Breakout"]


def test_that_a_return_that_is_no_number_has_a_place(library: LibraryController, recordings: Recordings) -> None:
    rollup = recordings.record(3, env_id="CartPole-v1")
    recordings.store.upsert_episode(replace(rollup, total_reward=math.nan))
    library.refresh()
    library.sort(Column.RETURN, descending=False)
    assert games(library)[0] == "Cart Pole"


def test_that_a_refresh_shows_what_was_recorded_since(library: LibraryController, recordings: Recordings) -> None:
    library.search("breakout")
    recordings.record(3, env_id="ALE/Breakout-v5", player="dqn")
    library.refresh()
    assert games(library) == ["Breakout", "Breakout"]
    assert len(library.state.entries) == 5


def test_that_a_library_that_cannot_be_read_says_so_and_keeps_what_it_had(
    library: LibraryController, recordings: Recordings
) -> None:
    recordings.close()
    recordings.paths.telemetry_db.write_bytes(b"no database at all, this is a text file" * 100)
    library.refresh()
    assert library.state.fault
    assert not library.state.loading
    assert len(library.state.entries) == 4


def test_that_the_facts_of_the_run_asked_last_are_told(library: LibraryController, shelf: Shelf) -> None:
    library.look_up("run-00001")
    library.look_up("run-00002")
    assert shelf.run is not None
    assert shelf.run.env_kwargs == {"frameskip": 1}
    assert shelf.run.run_id == "run-00002"


@pytest.mark.parametrize(
    ("env_id", "named"),
    [
        ("ALE/Breakout-v5", ("Breakout", "Atari")),
        ("CarRacing-v3", ("Car Racing", "Box2D")),
        ("my_module:ns/SuperGame-v0", ("Super Game", "ns")),
        ("Homemade", ("Homemade", "Other")),
        ("mymodule:MyEnv-v0", ("My Env", "Other")),
        ("Größe-v1", ("Größe", "Other")),
        ("ALE/Qbert-v5", ("Q*bert", "Atari")),
        ("FrozenLake8x8-v1", ("Frozen Lake 8x8", "Toy text")),
    ],
)
def test_that_an_id_gives_name_and_family(env_id: str, named: tuple[str, str]) -> None:
    assert game_of(env_id) == named


@pytest.mark.parametrize(
    ("acted_by", "player", "is_found"),
    [
        (["policy", "human"], "PPO and you", True),
        (["human"], "you", True),
        (["policy"], "PPO", False),
        (7, "PPO", False),
    ],
)
def test_that_an_episode_that_a_person_took_over_is_told_and_found(
    recordings: Recordings, acted_by: object, player: str, *, is_found: bool
) -> None:
    recordings.record(5, env_id="CartPole-v1", player="PPO")
    (summary,) = recordings.store.list_episodes()
    summary = replace(summary, rollup=replace(summary.rollup, metadata={"acted_by": acted_by}))
    assert player_of(summary.player, summary.rollup) == player
    assert ("human" in entry_of(summary).haystack) is is_found


def test_that_every_status_has_a_word(recordings: Recordings) -> None:
    rollup = recordings.record(2)
    told = {status: ending_of(replace(rollup, status=status)) for status in EpisodeStatus}
    assert len(set(told.values())) == len(EpisodeStatus)
    assert ending_of(replace(rollup, terminated=False, truncated=True)) is Ending.TRUNCATED


def test_that_a_thumbnail_is_the_end_of_the_episode(recordings: Recordings) -> None:
    rollup = recordings.record(40)
    ready: list[tuple[str, str]] = []
    cache = ThumbnailCache(recordings.store, recordings.resolver, ImmediateTaskRunner(), ready.append)
    assert cache.get(rollup) is None or ready
    picture = cache.get(rollup)
    assert picture is not None
    assert step_of(picture) == 40
    assert ready == [(rollup.run_id, rollup.episode_id)]


def test_that_an_episode_without_a_picture_is_asked_for_once_and_again_after_a_refresh(recordings: Recordings) -> None:
    rollup = recordings.record(4, pictures=False)
    ready: list[tuple[str, str]] = []
    cache = ThumbnailCache(recordings.store, recordings.resolver, ImmediateTaskRunner(), ready.append)
    for _ in range(3):
        assert cache.get(rollup) is None
    assert len(ready) == 1
    cache.forget_missing()
    cache.get(rollup)
    assert len(ready) == 2


def test_that_the_picture_of_a_running_episode_stays_until_a_newer_one_is_made(recordings: Recordings) -> None:
    rollup = recordings.record(10, status=EpisodeStatus.RUNNING)
    cache = ThumbnailCache(recordings.store, recordings.resolver, ImmediateTaskRunner(), lambda _key: None)
    cache.get(rollup)
    recordings.append(rollup, 11, 20)
    grown = replace(rollup, steps=20, status=EpisodeStatus.COMPLETED)
    first = cache.get(grown)
    cache.forget_missing()
    told = [first, cache.get(grown), cache.get(grown)]
    assert [step_of(picture) for picture in told if picture is not None] == [10, 10, 20] or [
        step_of(picture) for picture in told if picture is not None
    ] == [10, 20, 20]


def test_that_polling_reads_the_library_only_when_something_was_recorded(
    library: LibraryController, recordings: Recordings, shelf: Shelf
) -> None:
    before = library.state.entries
    library.poll()
    assert library.state.entries is before
    rollup = recordings.record(3, env_id="CartPole-v1", status=EpisodeStatus.RUNNING)
    library.poll()
    assert games(library)[0] == "Cart Pole"
    recordings.append(rollup, 4, 9)
    library.poll()
    assert library.state.entries[0].rollup.steps == 9
    recordings.store.upsert_episode(replace(rollup, steps=9, status=EpisodeStatus.ABANDONED))
    library.poll()
    assert library.state.entries[0].ending is Ending.STOPPED
    before = library.state.entries
    library.poll()
    assert library.state.entries is before
    assert shelf.state is library.state


@pytest.mark.parametrize("shape", [(30, 40, 3), (210, 160, 3), (400, 600, 3), (2000, 31, 3), (1, 1, 3)])
def test_that_a_shrunk_picture_fits_and_keeps_its_brightness(shape: tuple[int, int, int]) -> None:
    frame = np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)
    small = shrink(frame)
    assert small.shape[0] <= MAX_HEIGHT
    assert small.shape[1] <= MAX_WIDTH
    assert small.dtype == np.uint8
    assert min(small.shape) >= 1
    assert abs(float(small.mean()) - float(frame.mean())) < 3


def test_that_ten_thousand_episodes_are_filtered_and_sorted_right(shelf: Shelf, recordings: Recordings) -> None:
    first = recordings.record(1)
    with recordings.store.transaction():
        for index in range(1, 10_000):
            recordings.store.upsert_episode(replace(first, episode_id=f"e{index}", episode_index=index, seed=index))
    controller = LibraryController(recordings.store, ImmediateTaskRunner(), shelf)
    controller.refresh()
    assert len(controller.state.rows) == 10_000
    controller.search("episode 99")
    found = [controller.state.entries[row].rollup.episode_index for row in controller.state.rows]
    assert sorted(found) == [n for n in range(10_000) if "99" in str(n)]
    controller.clear_filters()
    controller.sort(Column.SEED, descending=True)
    seeds = [controller.state.entries[row].rollup.seed for row in controller.state.rows[:3]]
    assert seeds == [9999, 9998, 9997]

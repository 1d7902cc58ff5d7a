"""The user's file: read with its lines, changed with its comments kept, and never emptied by a mistake in it."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
import yaml  # type: ignore[import-untyped]  # ships no types
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.config.settings import Settings, check_settings, load_settings, save_settings
from gym_gui.config.yaml_text import changed, dump, flatten, removed
from gym_gui.core.errors import ConfigError, VarDirError

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import LogExpectations

NOTHING: dict[str, str] = {}
COMMENTED = """\
# How I like it.
ui:
  # At night.
  theme: dark # until the morning
  hud: true

record: # for pandas
  backend: parquet
  buffer:
    max_records: 7
"""
KEYS = st.sampled_from(["a", "b", "a.c", "b.d.e", "b.d.f", "ui.theme", "ui.hud", "x.y.z"])
VALUES = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=6)


def plain(text: str) -> dict[str, Any]:
    return {key: value for key, value, _ in flatten(text)}


def test_that_one_value_changes_and_the_rest_stays_as_it_was_written() -> None:
    assert changed(COMMENTED, "ui.theme", "light") == COMMENTED.replace("theme: dark", "theme: light")
    assert changed(COMMENTED, "record.buffer.max_records", 9) == COMMENTED.replace(": 7", ": 9")
    assert removed(COMMENTED, "ui.hud") == COMMENTED.replace("  hud: true\n", "")
    assert removed(COMMENTED, "record.buffer.max_records") == COMMENTED.replace("  buffer:\n    max_records: 7\n", "")


def test_that_a_new_value_comes_to_its_siblings() -> None:
    more = changed(changed(COMMENTED, "ui.integer_scale", False), "storage.profile", "small")
    assert "# until the morning" in more
    assert more.count("ui:") == 1
    assert plain(more) == {**plain(COMMENTED), "ui.integer_scale": False, "storage.profile": "small"}


@given(st.lists(st.tuples(KEYS, VALUES), max_size=8), st.lists(KEYS, max_size=4))
def test_that_a_text_holds_what_was_set_and_not_what_was_removed(
    settings: list[tuple[str, Any]], gone: list[str]
) -> None:
    text = "# first\n"
    wanted: dict[str, Any] = {}
    for key, value in settings:
        if any(one != key and (one.startswith(f"{key}.") or key.startswith(f"{one}.")) for one in wanted):
            continue  # a leaf is no branch
        text, wanted[key] = changed(text, key, value), value
    for key in gone:
        text = removed(text, key)
        wanted.pop(key, None)
    assert plain(text) == wanted
    assert plain(dump(wanted)) == wanted


@pytest.mark.parametrize(
    "text", ["ui: {theme: dark, hud: true}\n", "ui:\n", "a: &x 1\nb: *x\n", "---\nui:\n  hud: no\n"]
)
def test_that_finer_yaml_is_kept_in_its_meaning(text: str) -> None:
    assert plain(changed(text, "ui.theme", "light")).get("ui.theme") == "light"


def test_that_the_lines_of_a_file_are_told(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(COMMENTED, encoding="utf-8")
    found = load_settings(tmp_path, variables=NOTHING)
    assert found.origins["record.buffer.max_records"].where == "config.yaml, line 10"
    assert (found.ui.theme, found.record_node["backend"]) == ("dark", "parquet")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ui:\n  hud: true\n  theme: dark\n  hud: false\n", "ui.hud stands in line 2 and again in line 4"),
        ("ui:\n  hud: true\nrecord: split\nui:\n  theme: dark\n", "ui stands in line 1 and again in line 4"),
        ("ui.hud: true\nui:\n  hud: false\n", "ui.hud stands in line 1 and again in line 3"),
    ],
)
def test_that_a_key_that_stands_twice_is_refused_with_its_lines(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=f"not usable: {said}"):
        load_settings(tmp_path, variables=NOTHING)


def test_that_saving_writes_what_changed_and_leaves_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(COMMENTED, encoding="utf-8")
    before = load_settings(tmp_path, variables=NOTHING)
    after = before.with_value("ui.theme", "light")
    # Someone else writes the file in the meantime.
    path.write_text(COMMENTED.replace("hud: true", "hud: false"), encoding="utf-8")
    save_settings(after, before)
    assert path.read_text(encoding="utf-8") == COMMENTED.replace("dark", "light").replace("hud: true", "hud: false")
    assert [entry.name for entry in tmp_path.iterdir()] == ["config.yaml"]


def test_that_a_group_written_as_a_word_takes_more_keys(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("record: parquet\nstorage: small\n", encoding="utf-8")
    before = load_settings(tmp_path, variables=NOTHING)
    save_settings(before.with_value("record.compression", "gzip"), before)
    found = load_settings(tmp_path, variables=NOTHING)
    assert (found.record_node["backend"], found.record_node["compression"]) == ("parquet", "gzip")
    assert found.storage.profile == "small"


def test_that_another_backend_takes_its_own_compression_along(tmp_path: Path) -> None:
    start = load_settings(tmp_path, variables=NOTHING)
    first = start.with_value("record.backend", "hdf5").with_value("record.compression", "lzf")
    first = first.with_value("record.buffer.max_records", 7)
    save_settings(first, start)
    second = first.with_value("record.backend", "parquet")
    save_settings(second, first)
    found = load_settings(tmp_path, variables=NOTHING)
    assert found.record_node == second.record_node
    assert (second.record_node["compression"], second.record_node["buffer"]["max_records"]) == ("zstd", 7)
    assert "lzf" not in (tmp_path / "config.yaml").read_text(encoding="utf-8")


def test_that_what_is_overridden_changes_for_now_and_not_in_the_file(tmp_path: Path) -> None:
    before = load_settings(tmp_path, variables={"GYM_GUI__ui__hud": "true"})
    after = before.with_value("ui.hud", False)
    save_settings(after, before)
    assert after.ui.hud is False
    assert load_settings(tmp_path, variables=NOTHING).ui.hud is True


def test_that_the_first_versions_file_is_read_until_it_is_replaced(tmp_path: Path) -> None:
    old = tmp_path / "settings.json"
    old.write_text(json.dumps({"theme": "dark", "hud": False, "integer_scale": "odd"}), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"It is set by settings\.json"):
        load_settings(tmp_path, variables=NOTHING)
    old.write_text(json.dumps({"theme": "dark", "hud": False}), encoding="utf-8")
    before = load_settings(tmp_path, variables=NOTHING)
    assert (before.ui.theme, before.ui.hud) == ("dark", False)
    save_settings(before.with_value("ui.integer_scale", False), before)
    assert not old.exists()
    assert plain((tmp_path / "config.yaml").read_text()) == {
        "ui.theme": "dark",
        "ui.hud": False,
        "ui.integer_scale": False,
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("ui:\n  theem: dark\n", "ui.theem is no setting; did you mean ui.theme? It is set by config.yaml, line 2."),
        ("ui:\n  theme: drk\n", "not 'drk'; did you mean dark? It is set by config.yaml, line 2."),
        ("ui: [\n", "is not usable: "),
        ("- a\n", "it must hold KEY: VALUE lines"),
        ("ui:\n\thud: true\n", "in line 2"),
        ("ui: !!python/object:os.system x\n", "could not determine a constructor"),
        ("ui: &a\n  b: *a\n", "it contains itself"),
        ("ui:\n  hud: 2024-13-45\n", "is not usable: "),
        ("record:\n  output_dir: ${oc.env:NO_SUCH_VARIABLE_HERE}\n", "cannot be filled in"),
    ],
)
def test_that_a_faulty_file_is_told_and_the_window_opens_all_the_same(
    tmp_path: Path, text: str, sentence: str, expect_log: LogExpectations
) -> None:
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as fault:
        load_settings(tmp_path, variables=NOTHING)
    assert sentence in str(fault.value)
    expect_log(logging.WARNING, "The default is used.")
    found = load_settings(tmp_path, variables=NOTHING, lenient=True)
    assert sentence in str(found.faults[0])
    assert found.ui.theme == "system"
    assert check_settings(tmp_path, variables=NOTHING) == list(map(str, found.faults))


def test_that_a_file_of_another_editor_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_bytes(b"\xef\xbb\xbfui:\r\n  hud: false\r\n  theme: dark\r\n")
    found = load_settings(tmp_path, variables=NOTHING)
    assert (found.ui.hud, found.ui.theme) == (False, "dark")


def test_that_one_fault_does_not_cost_the_other_settings(tmp_path: Path, expect_log: LogExpectations) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("ui:\n  theem: dark\n  hud: false\n", encoding="utf-8")
    expect_log(logging.WARNING, "theem")
    before = load_settings(tmp_path, variables=NOTHING, lenient=True)
    assert before.ui.hud is False
    save_settings(before.with_value("ui.theme", "light"), before)
    assert plain(path.read_text()) == {"ui.theem": "dark", "ui.hud": False, "ui.theme": "light"}


def test_that_a_text_is_filled_in_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_FOLDER", "there")
    (tmp_path / "config.yaml").write_text("record:\n  output_dir: ${oc.env:A_FOLDER}/runs\n", encoding="utf-8")
    assert load_settings(tmp_path, variables=NOTHING).record_node["output_dir"] == "there/runs"
    for storage in ("good", "small"):
        words = ["record.output_dir=${oc.env:A_FOLDER}/more", f"storage={storage}"]
        assert load_settings(tmp_path, words, variables=NOTHING).record_node["output_dir"] == "there/more"


def test_that_a_file_of_every_setting_says_the_same_again(tmp_path: Path) -> None:
    found = load_settings(tmp_path, ["record=parquet", "game=atari", "storage=small"], variables=NOTHING)
    (tmp_path / "config.yaml").write_text(dump(found.values()), encoding="utf-8")
    assert load_settings(tmp_path, variables=NOTHING).values() == found.values()
    assert yaml.safe_load(dump(found.values()))["record"] == found.record_node


def test_that_settings_that_cannot_be_saved_are_told(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, variables=NOTHING)
    (tmp_path / "config.yaml").mkdir()
    with pytest.raises(VarDirError, match="The settings cannot be saved"):
        save_settings(settings.with_value("ui.hud", False), settings)


def test_that_what_is_set_anew_is_no_fault_any_more(tmp_path: Path, expect_log: LogExpectations) -> None:
    expect_log(logging.WARNING, "The default is used.")
    text = "ui:\n  theme: drk\n  hud: maybe\nrecord:\n  backend: parkay\n"
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    found = load_settings(tmp_path, variables={"GYM_GUI_BUFFER_SIZE": "many"}, lenient=True)

    def faulty(settings: Settings) -> list[tuple[str, str]]:
        return sorted((fault.layer, fault.key) for fault in settings.faults)

    of_the_environment = ("environment", "record.buffer.max_records")
    assert faulty(found) == [of_the_environment, ("file", "record.backend"), ("file", "ui.hud"), ("file", "ui.theme")]
    found = found.with_value("ui.theme", "dark")
    assert faulty(found) == [of_the_environment, ("file", "record.backend"), ("file", "ui.hud")]
    found = found.with_value("record.backend", "parquet")
    assert faulty(found) == [of_the_environment, ("file", "ui.hud")]
    assert (found.ui.theme, found.options["record"]) == ("dark", "parquet")

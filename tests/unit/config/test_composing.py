"""One configuration: Hydra's groups, the dataclasses, and the layers of the user's file, environment, command line."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # ships no types
from hypothesis import given, settings
from hypothesis import strategies as st

from gym_gui.config.composing import _compose_by_hydra, compose_config, to_plain
from gym_gui.config.keys import Key, coerce, every_key, fault_of, keys_of
from gym_gui.config.layers import Resolved, resolve
from gym_gui.config.schema import GROUPS, Config
from gym_gui.config.settings import load_settings
from gym_gui.core.errors import ConfigError

NO_VARIABLES: dict[str, str] = {}
DEFAULTS = {name: group.default for name, group in GROUPS.items()}
EVERY_OPTION = [(group.name, option) for group in GROUPS.values() for option in group.options]


def values_of(key: Key) -> st.SearchStrategy[Any]:
    """Values that the key takes."""
    if key.choices:
        texts: st.SearchStrategy[Any] = st.sampled_from(key.choices)
        found = st.lists(texts, max_size=3) if key.kind is list else texts
    elif key.kind is bool:
        found = st.booleans()
    elif key.kind is int:
        found = st.integers(int(key.low or 0), int(key.high or 9))
    elif key.kind is float:
        found = st.floats(key.low or 0, key.high or 9, allow_nan=False)
    else:
        found = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
        found = (found | st.just("${x}")).filter(lambda text: text.strip().lower() not in {"", "null"})
    return st.none() | found if key.optional else found


@st.composite
def changed_values(draw: st.DrawFn) -> dict[str, Any]:
    """Some settings of the default options, set to values that they take."""
    selectors = {group.selector for group in GROUPS.values()}
    names = draw(st.lists(st.sampled_from(sorted(set(keys_of()) - selectors)), unique=True, max_size=6))
    return {name: draw(values_of(keys_of()[name])) for name in names}


def test_that_the_yaml_and_the_dataclasses_have_the_same_defaults() -> None:
    assert _compose_by_hydra(Resolved(dict(DEFAULTS))) == Config()
    for option, kind in GROUPS["record"].options.items():
        assert _compose_by_hydra(Resolved({**DEFAULTS, "record": option})).record == kind()


@pytest.mark.parametrize(("group", "option"), EVERY_OPTION)
def test_that_every_option_of_every_group_composes_and_says_its_name(group: str, option: str) -> None:
    config = compose_config(Resolved({**DEFAULTS, group: option}))
    part = getattr(config, group)
    assert type(part) is GROUPS[group].options[option]
    assert getattr(part, GROUPS[group].selector.rpartition(".")[2]) == option


def test_that_the_yaml_of_an_option_spells_out_every_key() -> None:
    conf = Path(sys.modules["gym_gui.config.schema"].__file__ or "").parent / "conf"
    assert {path.stem for path in conf.glob("*/*.yaml")} == {option for _, option in EVERY_OPTION} | {"foreign"}
    for group, option in EVERY_OPTION:
        written = yaml.safe_load((conf / group / f"{option}.yaml").read_text(encoding="utf-8"))
        del written["defaults"]
        assert written == to_plain(getattr(compose_config(Resolved({**DEFAULTS, group: option})), group))


@settings(max_examples=60)
@given(changed_values())
def test_that_hydra_and_the_quick_way_agree(values: dict[str, Any]) -> None:
    resolved = Resolved(dict(DEFAULTS), values)
    assert compose_config(resolved) == _compose_by_hydra(resolved)


@given(st.data())
def test_that_a_value_of_a_key_is_taken_as_it_is(data: st.DataObject) -> None:
    key = data.draw(st.sampled_from([key for keys in every_key().values() for key in keys]))
    value = data.draw(values_of(key))
    assert coerce(key, value) == value
    assert fault_of(key, value) == ""


def test_that_the_seeds_own_way_through_hydra_works() -> None:
    program = (
        "from hydra import compose, initialize_config_module\n"
        "from omegaconf import OmegaConf\n"
        "with initialize_config_module('gym_gui.config.conf', version_base='1.3'):\n"
        "    node = compose('config', overrides=['record=parquet', 'record.compression=gzip'])\n"
        "print(OmegaConf.to_container(node.record)['backend'], node.record.compression)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("parquet gzip\n", 0), done.stderr


LAYERS = [
    ("default", 1000),
    ("file", 11),
    ("environment", 12),
    ("command line", 13),
]


@pytest.mark.parametrize("there", list(itertools.product([False, True], repeat=3)))
def test_that_the_last_layer_that_sets_a_value_wins(tmp_path: Path, there: tuple[bool, bool, bool]) -> None:
    if there[0]:
        (tmp_path / "config.yaml").write_text("record:\n  buffer:\n    max_records: 11\n", encoding="utf-8")
    variables = {"GYM_GUI_BUFFER_SIZE": "12"} if there[1] else {}
    words = ["record.buffer.max_records=13"] if there[2] else []
    found = load_settings(tmp_path, words, variables=variables)
    layer, value = [LAYERS[0], *itertools.compress(LAYERS[1:], there)][-1]
    assert found.values()["record.buffer.max_records"] == value
    origin = found.origins.get("record.buffer.max_records")
    assert (origin.layer if origin else "default") == layer


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["record=parquet", "record.compresion=zstd"],
            "record.compresion is no setting; did you mean record.compression?",
        ),
        (["record=parket"], "record=parket: did you mean parquet?"),
        (["record=xyz"], "record=xyz: no such backend; it is one of split, parquet, hdf5, sqlite, none."),
        (["storage=god"], "storage=god: did you mean good?"),
        (["ui.theme=Drak"], "not 'Drak'; did you mean dark?"),
        (["storage=GOD"], "storage=GOD: did you mean good?"),
        (["recrod=parquet"], "recrod is no setting; did you mean record?"),
        (["hud=false"], "hud is no setting; did you mean ui.hud?"),
        (["record=sqlite", "record.compression=zstd"], "no setting of record=sqlite; parquet and hdf5 have it."),
        (["record=parquet", "record.compression=zst"], "not 'zst'; did you mean zstd?"),
        (["record.buffer.max_records=many"], "must be a whole number from 1 to 1,000,000, not 'many'."),
        (["record.buffer.max_records=0"], "must be a whole number from 1 to 1,000,000, not '0'."),
        (["record.buffer.max_records=1.5"], "must be a whole number from 1 to 1,000,000, not '1.5'."),
        (["ui.hud=maybe"], "ui.hud must be true or false, not 'maybe'."),
        (["record.buffer=3"], "record.buffer is no single setting; there is record.buffer.max_records"),
        (["record.fallback=[hdf5,non]"], "did you mean none?"),
        (["ui.theme=dark,light"], "gives several values; one is wanted."),
        (["foo"], "'foo' is not KEY=VALUE"),
        (["+ui.x=1"], "'+ui.x=1' is not KEY=VALUE"),
        (["~ui.hud"], "'~ui.hud' is not KEY=VALUE"),
        (["=x"], "'=x' is not KEY=VALUE"),
    ],
)
def test_that_what_cannot_be_set_is_told_in_a_sentence(tmp_path: Path, words: list[str], sentence: str) -> None:
    with pytest.raises(ConfigError) as fault:
        load_settings(tmp_path, words, variables=NO_VARIABLES)
    assert sentence in str(fault.value)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("record.output_dir=a (b), [c]", "a (b), [c]"),
        ("record.output_dir='a, b'", "a, b"),
        ("record.output_dir=2024", "2024"),
        ("record.output_dir=007", "007"),
        (r"record.output_dir=C:\runs\a", r"C:\runs\a"),
        ("record.output_dir=null", None),
        ("record.fallback=[hdf5,none]", ["hdf5", "none"]),
        ("record.fallback=[]", []),
        ("record.buffer.max_records=1_000", 1_000),
        ("ui.hud=off", False),
        ("game.step_rate_hz=30", 30.0),
    ],
)
def test_that_values_are_read_in_hydras_grammar(tmp_path: Path, word: str, value: object) -> None:
    found = load_settings(tmp_path, [word], variables=NO_VARIABLES).values()[word.partition("=")[0]]
    assert (found, type(found)) == (value, type(value))


def test_that_another_backend_keeps_the_buffers_and_not_the_compression(tmp_path: Path) -> None:
    text = "record:\n  backend: hdf5\n  compression: lzf\n  buffer: {max_records: 7}\n"
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    record = load_settings(tmp_path, ["record=parquet"], variables=NO_VARIABLES).record_node
    assert (record["backend"], record["compression"], record["buffer"]["max_records"]) == ("parquet", "zstd", 7)
    assert load_settings(tmp_path, ["record=hdf5"], variables=NO_VARIABLES).record_node["compression"] == "lzf"
    assert load_settings(tmp_path, ["record=none"], variables=NO_VARIABLES).record_node == {"backend": "none"}


@pytest.mark.parametrize(
    ("variables", "key", "value"),
    [
        ({"GYM_GUI_RECORD_BACKEND": "hdf5"}, "record.backend", "hdf5"),
        ({"GYM_GUI_BUFFER_SIZE": "7"}, "record.buffer.max_records", 7),
        ({"GYM_GUI_BUFFER_MEMORY_MB": "7"}, "record.buffer.max_memory_mb", 7),
        ({"GYM_GUI_RECORD_BACKEND": "parquet", "GYM_GUI_PARQUET_COMPRESSION": "lz4"}, "record.compression", "lz4"),
        ({"GYM_GUI_RECORD_BACKEND": "hdf5", "GYM_GUI_HDF5_COMPRESSION": "lzf"}, "record.compression", "lzf"),
        ({"GYM_GUI_STORAGE_PROFILE": "small"}, "storage.level", 16),
        ({"GYM_GUI_ASYNC_IO": "false"}, "record.async_io.enabled", False),
        ({"GYM_GUI_IO_WORKERS": "4"}, "record.async_io.worker_threads", 4),
        ({"GYM_GUI__record": "parquet", "GYM_GUI__record__compression": "gzip"}, "record.compression", "gzip"),
        ({"GYM_GUI__UI__THEME": "dark"}, "ui.theme", "dark"),
        ({"GYM_GUI__ui__theme": "dark", "GYM_GUI_RECORD_BACKEND": ""}, "ui.theme", "dark"),
    ],
)
def test_that_the_environment_sets(tmp_path: Path, variables: dict[str, str], key: str, value: object) -> None:
    found = load_settings(tmp_path, variables=variables)
    assert found.values()[key] == value
    chosen = key if key in found.origins else "storage.profile"
    assert found.is_fixed(chosen)
    assert found.origins[chosen].where in variables


def test_that_a_variable_of_another_backend_says_nothing(tmp_path: Path) -> None:
    variables = {"GYM_GUI_PARQUET_COMPRESSION": "gzip", "GYM_GUI_BUFFER_SIZE": "7"}
    assert load_settings(tmp_path, ["record=hdf5"], variables=variables).record_node["compression"] == "gzip"
    assert load_settings(tmp_path, ["record=none"], variables=variables).record_node == {"backend": "none"}


@pytest.mark.parametrize(
    ("variable", "sentence"),
    [
        ("GYM_GUI_BUFFER_SIZ", "did you mean GYM_GUI_BUFFER_SIZE?"),
        (
            "GYM_GUI__recrod__backend",
            "recrod.backend is no setting; did you mean record.backend? It is set by GYM_GUI__",
        ),
        ("GYM_GUI_BUFFER_SIZE", "not 'many'. It is set by GYM_GUI_BUFFER_SIZE."),
    ],
)
def test_that_a_wrong_variable_is_told(tmp_path: Path, variable: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as fault:
        load_settings(tmp_path, variables={variable: "many"})
    assert sentence in str(fault.value)


def test_that_variables_of_others_are_left_alone(tmp_path: Path) -> None:
    variables = {"GYM_GUI_COMMAND": "x", "GYM_GUI_VAR_DIR": "y", "GYM_GUI_SOMETHING_NEW": "z", "PATH": "p"}
    assert load_settings(tmp_path, variables=variables).origins == {}


@pytest.mark.parametrize("storage", ["good", "small"])
def test_that_another_packages_backend_is_an_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, storage: str
) -> None:
    package = tmp_path / "mine-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n", encoding="utf-8")
    (package / "entry_points.txt").write_text("[gym_gui.recorders]\nmine = mine:Recorder\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    words = ["record=mine", "record.buffer.max_records=7", "record.compression=odd", f"storage={storage}"]
    found = load_settings(tmp_path, words, variables=NO_VARIABLES)
    node = found.record_node
    assert (node["backend"], node["buffer"]["max_records"], node["compression"]) == ("mine", 7, "odd")
    assert found.storage.profile == storage
    with pytest.raises(ConfigError, match="no such backend"):
        load_settings(tmp_path, ["record=foreign"], variables=NO_VARIABLES)


def test_that_nothing_set_resolves_to_nothing() -> None:
    assert resolve(()) == Resolved(dict(DEFAULTS))

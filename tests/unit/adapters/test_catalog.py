"""The catalogue: what it lists, what it accepts, what it says when it cannot."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import gymnasium
import pytest
from contract import odd_envs  # noqa: F401 - importing it registers its environments
from needs import HAS_BOX2D, needs_box2d

from gym_gui.adapters.catalog import list_environments, make_adapter
from gym_gui.core.errors import EnvironmentUnusableError, UnknownEnvironmentError

if TYPE_CHECKING:
    from pathlib import Path


def test_that_every_game_of_the_machine_is_listed() -> None:
    entries = {entry.env_id: entry for entry in list_environments()}
    registered = {env_id for env_id in gymnasium.registry if env_id.startswith("ALE/")}
    assert len(registered) >= 104
    assert registered <= entries.keys()
    for env_id, name, family in (
        ("ALE/MsPacman-v5", "Ms Pacman", "Atari"),
        ("ALE/MontezumaRevenge-v5", "Montezuma Revenge", "Atari"),
        ("CarRacing-v3", "Car Racing", "Box2D"),
        ("CartPole-v1", "Cart Pole", "Classic control"),
        ("FrozenLake8x8-v1", "Frozen Lake 8x8", "Toy text"),
        ("odd/Plain-v0", "Plain", "Odd"),
    ):
        assert (entries[env_id].name, entries[env_id].family) == (name, family)
        assert entries[env_id].available is (HAS_BOX2D or family != "Box2D")
    assert entries["Taxi-v4"].turn_based
    assert not entries["ALE/Pong-v5"].turn_based


def test_that_what_cannot_run_here_says_which_package_it_needs() -> None:
    entries = {entry.env_id: entry for entry in list_environments()}
    for env_id, package in (("Hopper-v5", "mujoco"), ("phys2d/CartPole-v1", "jax"), ("tabular/Blackjack-v0", "jax")):
        assert entries[env_id].available is (not entries[env_id].unavailable_reason)
        if entries[env_id].available:
            pytest.skip(f"{package} is installed")
        assert entries[env_id].unavailable_reason == f"needs the package {package}"
        with pytest.raises(EnvironmentUnusableError, match=f"{env_id} needs the package {package}"):
            make_adapter(env_id)


def test_that_superseded_ids_are_hidden_but_accepted() -> None:
    shown = {entry.env_id for entry in list_environments()}
    everything = {entry.env_id: entry for entry in list_environments(include_hidden=True)}
    for env_id in ("CartPole-v0", "Breakout-v4", "BreakoutNoFrameskip-v4", "Hopper-v2"):
        assert env_id not in shown
        assert everything[env_id].hidden
    assert not any("GymV21" in env_id for env_id in everything)
    adapter = make_adapter("CartPole-v0")
    assert adapter.description.env_id == "CartPole-v0"
    adapter.close()


def test_that_an_id_without_version_means_the_newest_and_says_which() -> None:
    adapter = make_adapter("ALE/Pong")
    assert adapter.description.env_id == "ALE/Pong-v5"
    adapter.close()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("breakout", "ALE/Breakout-v5"),
        ("Breakout", "ALE/Breakout-v5"),
        ("ALE/Brekout-v5", "ALE/Breakout-v5"),
        ("mspacman", "ALE/MsPacman-v5"),
        ("LunarLander-v2", "LunarLander-v3"),
        ("cartpol", "CartPole-v1"),
        ("CartPole-v7", "CartPole-v1"),
        ("odd/Plain-v9", "odd/Plain-v0"),
        ("contract.odd_envs:odd/Plane-v0", "contract.odd_envs:odd/Plain-v0"),
        ("contract.odd_envs:Zzqq-v0", "contract.odd_envs:odd/"),
    ],
)
def test_that_an_unknown_id_is_met_with_near_ones(typed: str, meant: str) -> None:
    with pytest.raises(UnknownEnvironmentError) as raised:
        make_adapter(typed)
    assert repr(typed) in raised.value.message
    assert meant in raised.value.hint


@pytest.mark.parametrize("typed", ["", " ", "../x", "zzzzqqqq", "x" * 10_000, "-v1", "a/b/c", "\0", "Ünï-v1"])
def test_that_hostile_ids_get_a_short_sentence(typed: str) -> None:
    with pytest.raises(UnknownEnvironmentError) as raised:
        make_adapter(typed)
    assert len(str(raised.value)) < 250


@pytest.mark.parametrize("module", ["no_such_module_here", "..", "os.nothing", "a b"])
def test_that_a_module_that_cannot_be_imported_is_named(module: str) -> None:
    with pytest.raises(EnvironmentUnusableError, match="importing"):
        make_adapter(f"{module}:Some-v0")


@pytest.mark.parametrize(
    ("env_id", "kwargs", "sentence"),
    [
        ("CartPole-v1", {"gravitas": 1}, "CartPole-v1 has no option 'gravitas'"),
        ("ALE/Pong-v5", {"frameskip": 0}, "frameskip must be positive"),
        ("ALE/Pong-v5", {"frameskip": "x"}, "could not be opened with frameskip='x'"),
        ("ALE/Pong-v5", {"render_mode": "human"}, "recorded through rgb_array"),
        ("odd/Plain-v0", {"scale": object()}, "option scale of odd/Plain-v0 cannot be stored"),
        ("odd/Plain-v0", {"scale": float("nan")}, "option scale of odd/Plain-v0 cannot be stored"),
        ("odd/Raising-v0", {"phase": "make", "at": 0}, "RuntimeError: broken in make"),
        ("odd/Raising-v0", {"phase": "make", "at": 0, "error": "SystemExit"}, "SystemExit: broken in make"),
    ],
)
def test_that_an_environment_that_cannot_be_made_says_why(env_id: str, kwargs: dict[str, Any], sentence: str) -> None:
    with pytest.raises(EnvironmentUnusableError) as raised:
        make_adapter(env_id, env_kwargs=kwargs)
    assert sentence in str(raised.value)


def test_that_a_person_gets_the_whole_joystick_and_every_frame() -> None:
    adapter = make_adapter("ALE/Breakout-v5", human=True, env_kwargs={"repeat_action_probability": 0.5})
    about = adapter.description
    assert about.env_kwargs == {"frameskip": 1, "repeat_action_probability": 0.5, "full_action_space": True}
    assert about.step_rate_hz == 60.0
    assert about.action_space == "Discrete(18)"
    adapter.close()


@pytest.mark.parametrize(
    ("env_id", "kwargs", "rate"),
    [
        ("ALE/Pong-v5", {}, 15.0),
        ("ALE/Pong-v5", {"frameskip": [2, 5]}, 20.0),
        ("BreakoutNoFrameskip-v4", {}, 60.0),
        pytest.param("CarRacing-v3", {}, 50.0, marks=needs_box2d),
        ("Pendulum-v1", {}, 30.0),
        ("FrozenLake-v1", {}, 4.0),
        ("odd/Plain-v0", {}, 25.0),
        ("odd/NoPicture-v0", {}, 30.0),
    ],
)
def test_that_the_rate_is_that_of_real_time(env_id: str, kwargs: dict[str, Any], rate: float) -> None:
    adapter = make_adapter(env_id, env_kwargs=kwargs)
    assert adapter.description.step_rate_hz == rate
    assert adapter.description.env_kwargs == kwargs
    adapter.close()


def test_that_an_atari_run_knows_its_rom() -> None:
    adapter = make_adapter("ALE/Pong-v5")
    assert len(adapter.description.rom_sha256 or "") == 64
    assert "ale-py" in adapter.description.versions
    adapter.close()


def test_that_no_pictures_are_drawn_where_none_are_wanted() -> None:
    adapter = make_adapter("CartPole-v1", render=False)
    assert adapter.description.render_mode is None
    assert not adapter.description.warning
    assert adapter.reset(seed=1).frame is None
    adapter.close()


def in_a_fresh_process(code: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=cwd, capture_output=True, text=True, timeout=100, check=False
    )


@needs_box2d
@pytest.mark.slow
@pytest.mark.usefixtures("project_on_path")
def test_that_a_module_of_the_working_folder_is_found_and_nothing_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SDL_VIDEODRIVER", "SDL_AUDIODRIVER", "PYGAME_HIDE_SUPPORT_PROMPT", "DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "my_games.py").write_text(
        "import gymnasium\n"
        "from gymnasium.envs.toy_text import FrozenLakeEnv\n"
        "gymnasium.register('MyLake-v0', entry_point=FrozenLakeEnv, kwargs={'is_slippery': False})\n"
    )
    # As a console script runs: without the working folder on the path.
    code = """
        import sys
        sys.path = [place for place in sys.path if place not in ("", ".")]
        from gym_gui.adapters.catalog import make_adapter
        opened = []
        for env_id in ("my_games:MyLake-v0", "ALE/Breakout-v5", "CarRacing-v3", "CartPole-v1"):
            adapter = make_adapter(env_id)
            adapter.reset(seed=1)
            adapter.step(adapter.sample_action())
            opened.append(adapter)
        opened[0].close()  # the others are left open on purpose
    """
    done = in_a_fresh_process(code, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_box2d
@pytest.mark.slow
@pytest.mark.usefixtures("project_on_path")
def test_that_signatures_are_the_same_in_every_process(tmp_path: Path) -> None:
    env_ids = ["ALE/Pong-v5", "CarRacing-v3", "FrozenLake-v1", "Blackjack-v1"]
    code = f"""
        import json
        from gym_gui.adapters.catalog import make_adapter
        print(json.dumps([make_adapter(env_id).description.space_signature for env_id in {env_ids!r}]))
    """
    first, second = (json.loads(in_a_fresh_process(code, tmp_path).stdout) for _ in range(2))
    assert first == second
    assert len(set(first)) == len(env_ids)

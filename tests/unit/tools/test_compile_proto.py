"""The generated modules of the trainer's contract are those of the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.tools.compile_proto import PROTO_DIR, compile_proto

if TYPE_CHECKING:
    from pathlib import Path


def test_that_the_generated_modules_are_those_of_the_contract(tmp_path: Path) -> None:
    made = compile_proto(tmp_path)
    assert made
    for path in made:
        assert path.read_text(encoding="utf-8") == (PROTO_DIR / path.name).read_text(encoding="utf-8"), path.name

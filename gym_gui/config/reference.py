"""The tables of every setting in the documentation: ``python -m gym_gui.config.reference docs/guide/configuration.md``.

A test compares the page with what stands here, so that neither is changed alone.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gym_gui.config.keys import every_key, keys_of, options_with, same_meaning
from gym_gui.config.schema import GROUPS

if TYPE_CHECKING:
    from gym_gui.config.keys import Key

BEGIN: Final = "<!-- settings: begin -->"
END: Final = "<!-- settings: end -->"
_TITLES: Final = {
    "ui": "The window",
    "record": "Recording",
    "storage": "The replay file",
    "game": "Games that people play",
    "trainer": "The trainer",
}
_KINDS: Final = {bool: "true, false", int: "whole number", float: "number", str: "text", list: "list"}


def settings_tables() -> str:
    """The tables, one a group, in Markdown."""
    parts = []
    for group, title in _TITLES.items():
        rows = [
            _row(key, group) for name, keys in every_key().items() if name.partition(".")[0] == group for key in keys
        ]
        head = "| key | takes | default | meaning | environment |\n|---|---|---|---|---|"
        parts.append(f"### {title}\n\n{head}\n" + "\n".join(rows))
    return "\n\n".join([*parts, _profiles("storage"), _profiles("game")])


def updated(page: str) -> str:
    """*page* with the tables of now between its two marks.

    Raises:
        ValueError: a mark is missing.
    """
    before, _, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"the page lacks {BEGIN} or {END}")
    return f"{before}{BEGIN}\n\n{settings_tables()}\n\n{END}{after}"


def main() -> int:
    """Bring the tables of the page that the first argument names up to date."""
    page = Path(sys.argv[1])
    page.write_text(updated(page.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


def _row(key: Key, group: str) -> str:
    meaning = key.meaning
    if group in GROUPS:
        having = [one for one in options_with(key.name, group) if same_meaning(keys_of(**{group: one})[key.name], key)]
        if group == "record" and len(having) < len(GROUPS[group].options) - 1:
            meaning += f" Only `record={'`, `record='.join(having)}`."
    if key.python:
        meaning += " [P]"
    takes = ", ".join(f"`{choice}`" for choice in key.choices) or _KINDS[key.kind]
    if key.kind is list:
        takes = f"list of {takes}"
    if key.low is not None and key.high is not None:
        takes += f" {key.low:,} to {key.high:,}"
    env = f"`{key.env}`" if key.env else ""
    default = GROUPS[group].default if group in GROUPS and key.name == GROUPS[group].selector else key.default
    return f"| `{key.name}` | {takes}{', null' * key.optional} | {_shown(default)} | {meaning} | {env} |"


def _profiles(group: str) -> str:
    from gym_gui.config.composing import compose_config, to_plain  # noqa: PLC0415 - Hydra
    from gym_gui.config.layers import Resolved  # noqa: PLC0415 - same

    defaults = {name: one.default for name, one in GROUPS.items()}
    options = list(GROUPS[group].options)
    parts = [to_plain(getattr(compose_config(Resolved({**defaults, group: option})), group)) for option in options]
    names = [name for name in parts[0] if f"{group}.{name}" != GROUPS[group].selector]
    head = f"| {group} | {' | '.join(f'`{group}={option}`' for option in options)} |\n|---|{'---|' * len(options)}"
    rows = [f"| `{group}.{name}` | {' | '.join(_shown(part[name]) for part in parts)} |" for name in names]
    return "\n".join([f"What `{group}=…` stands for:\n", head, *rows])


def _shown(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, list):
        return f"`{value}`"
    return f"`{value}`" if value != "" else '`""`'


if __name__ == "__main__":
    sys.exit(main())

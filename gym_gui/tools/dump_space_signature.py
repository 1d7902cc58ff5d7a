"""Print the spaces of an environment and their signature, as a run stores them.

``python -m gym_gui.tools.dump_space_signature ENV_ID [--json] [--options JSON]``
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any, Final

from gym_gui.adapters.catalog import make_adapter
from gym_gui.core.errors import EnvironmentFault

if TYPE_CHECKING:
    from collections.abc import Sequence

DONE: Final = 0
FAILED: Final = 1


def describe(env_id: str, options: dict[str, Any] | None = None) -> dict[str, Any]:
    """The environment's id, signature, and both spaces as JSON and as text.

    Raises:
        UnknownEnvironmentError: no such id.
        EnvironmentUnusableError: it cannot be made here.
    """
    adapter = make_adapter(env_id, env_kwargs=options, render=False)
    try:
        spaces, about = adapter.describe_space(), adapter.description
    finally:
        adapter.close()
    return {
        "env_id": about.env_id,
        "env_kwargs": dict(about.env_kwargs),
        "space_signature": spaces.signature,
        "observation": spaces.observation,
        "action": spaces.action,
        "observation_text": spaces.observation_text,
        "action_text": spaces.action_text,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit code: 0 done, 1 failed (2 wrong usage, by argparse)."""
    parser = argparse.ArgumentParser(
        prog="python -m gym_gui.tools.dump_space_signature",
        description="Print the spaces of an environment and their signature, as a run stores them.",
    )
    parser.add_argument("env_id", metavar="ENV_ID", help="as for gymnasium.make; module:Id imports the module first")
    parser.add_argument("--json", action="store_true", help="one JSON object, with both spaces as data")
    parser.add_argument("--options", metavar="JSON", type=_options, help='of the environment: \'{"obs_type": "ram"}\'')
    given = parser.parse_args(arguments)
    try:
        about = describe(given.env_id, given.options)
    except EnvironmentFault as fault:
        sys.stderr.write(f"{fault}\n")
        return FAILED
    if given.json:
        sys.stdout.write(json.dumps(about, indent=2) + "\n")
    else:
        sys.stdout.write(
            f"{about['env_id']}\n"
            f"signature    {about['space_signature']}\n"
            f"observation  {about['observation_text']}\n"
            f"action       {about['action_text']}\n"
        )
    return DONE


def _options(text: str) -> dict[str, Any]:
    try:
        options = json.loads(text)
    except ValueError as fault:
        raise argparse.ArgumentTypeError(f"{text!r} is no JSON ({fault})") from fault
    if not isinstance(options, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is no JSON object")
    return options


if __name__ == "__main__":
    sys.exit(main())

"""What a `RunJudge` starts: whether a run can begin here, found out where an environment that dies takes nobody along.

Run as ``python -m gym_gui.workers.fitting_apart SECONDS``: a run's configuration on standard input, one sentence or
nothing on standard output.
"""

from __future__ import annotations

import faulthandler
import os
import sys
from typing import Final

import msgspec

from gym_gui.core.errors import EnvironmentFault
from gym_gui.services.trainer.config import TrainingConfig

# Beyond the patience of whoever asked; it is gone by then, or kills us itself.
_LONGER_S: Final = 2.0


def main(patience_s: float) -> int:
    """Judge one run.

    Args:
        patience_s: How long anybody waits for the answer.
    """
    # Whoever asked may be killed; an environment that hangs, in C at that, must not go on for ever.
    faulthandler.dump_traceback_later(patience_s + _LONGER_S, exit=True)
    from gym_gui.workers.algorithms import require_learners  # noqa: PLC0415 - after the watch is set
    from gym_gui.workers.fitting import check_fit  # noqa: PLC0415 - same

    # Environments print; the sentence is ours alone.
    answer = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    config = msgspec.json.decode(sys.stdin.buffer.read(), type=TrainingConfig)
    try:
        if config.worker == "sb3":
            require_learners()
        check_fit(config)
    except EnvironmentFault as fault:
        answer.write(str(fault))
    answer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))

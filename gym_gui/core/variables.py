"""The environment variables by which people and processes tell each other where they belong."""

from __future__ import annotations

from typing import Final

VAR_DIR: Final = "GYM_GUI_VAR_DIR"
#: How the user started us, where it was not as ``gym-gui``: a script that sets up and starts names itself here.
COMMAND: Final = "GYM_GUI_COMMAND"

# A trainer elsewhere: its address, and files with what it wants to be shown.
TRAINER: Final = "GYM_GUI_TRAINER"
TOKEN_FILE: Final = "GYM_GUI_TRAINER_TOKEN_FILE"  # noqa: S105 - the name of a variable
CERTIFICATE: Final = "GYM_GUI_TRAINER_CA"

# What a trainer tells a worker.
RUN_ID: Final = "GYM_GUI_RUN_ID"
RUN_DIR: Final = "GYM_GUI_RUN_DIR"
RUN_MARK: Final = "GYM_GUI_RUN_MARK"
WORKER_ID: Final = "GYM_GUI_WORKER_ID"
WORKER_TOKEN: Final = "GYM_GUI_WORKER_TOKEN"  # noqa: S105 - as above
LIVE_DIR: Final = "GYM_GUI_LIVE_DIR"
RESUME_FROM: Final = "GYM_GUI_RESUME_FROM"
SEED: Final = "GYM_GUI_SEED"

#: What the processes of one execution of a script share.
SESSION: Final = "GYM_GUI_SESSION"

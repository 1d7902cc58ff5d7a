"""The trainer: a daemon that runs training workers, keeps what they publish, and answers whoever watches."""

from __future__ import annotations

import os

# Before gRPC is first imported: its lines about failed connections would stand beside our sentence on the terminal.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

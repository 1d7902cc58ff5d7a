"""RecordedStreams: a worker's recording: one stream for all environments of the learner, one for evaluations.

Where a trainer started the process, its variables say so and both streams go there; else into this machine's var folder.
"""

from __future__ import annotations

import os
from multiprocessing import parent_process
from typing import TYPE_CHECKING, Any

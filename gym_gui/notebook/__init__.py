"""Recorded runs as Python objects, for notebooks and scripts: `open_library`."""

from gym_gui.notebook.episode import Episode
from gym_gui.notebook.library import Library, open_library
from gym_gui.notebook.run import Run
from gym_gui.notebook.transitions import Transitions

__all__ = ["Episode", "Library", "Run", "Transitions", "open_library"]

"""Tools for developers, run as ``python -m gym_gui.tools.NAME``; none yet beside the scripts."""

"""Tools for people who write environments and adapters: ``python -m gym_gui.tools.NAME``."""

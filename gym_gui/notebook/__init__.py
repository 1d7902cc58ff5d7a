"""Recorded runs as Python objects, for notebooks and scripts: `open_library`."""

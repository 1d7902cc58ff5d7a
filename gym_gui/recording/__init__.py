"""Recorders: one contract, several backends, and the ways out to other formats and back in."""

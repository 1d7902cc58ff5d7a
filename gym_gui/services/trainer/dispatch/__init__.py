"""Runs claimed, started, watched and seen to their end; launchers, limits, alerts."""

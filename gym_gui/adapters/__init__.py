"""Environments as the product sees them: a catalogue, one adapter a family, keys, and the episode stepper."""

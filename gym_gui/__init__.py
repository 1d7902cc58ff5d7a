"""gym_gui: play, record, watch and scrub through Gymnasium environments."""

__version__ = "0.1.0"

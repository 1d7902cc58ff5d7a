"""Keys and pads to actions, one scheme a family, with the words a help overlay shows."""

from gym_gui.adapters.controls.scheme import Binding, ControlScheme

__all__ = ["Binding", "ControlScheme"]

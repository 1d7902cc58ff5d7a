"""What `gym-gui doctor` looks at: the machine, the var folder, the games; one sentence each, and what to do."""

from gym_gui.controllers.doctor.check import Check, Status
from gym_gui.controllers.doctor.examination import examine

__all__ = ["Check", "Status", "examine"]

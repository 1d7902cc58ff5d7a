"""Training workers: processes that the trainer starts. `python -m gym_gui.workers` is one."""

"""What the window says of recording: one word and one colour for each state, on the picture and in the status bar."""

from __future__ import annotations

from gym_gui.controllers.session_state import Phase, SessionState


def record_words(state: SessionState, *, fault: bool) -> tuple[str, str]:
    """The words while a game is open, and their state: ``good``, ``warn``, ``bad``, or none while nothing moves."""
    if fault:
        return "● Not recording", "bad"
    if not state.recording:
        return "○ Recording is off", "warn"
    if state.unanswered_s:
        return f"● No answer for {state.unanswered_s} s", "warn"
    if state.phase is Phase.PAUSED or state.waiting:
        return "○ Recording paused", ""
    return "● Recording", "good"

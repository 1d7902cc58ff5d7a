"""A run's details tell how its steps kept the schema."""

from __future__ import annotations

from synthetic import run_of

from gym_gui.core.schema.mismatch import METADATA_KEY, SchemaCounts
from gym_gui.ui.widgets.step_inspector import run_facts


def test_that_a_runs_details_count_its_steps_and_what_was_wrong_with_them() -> None:
    counts = SchemaCounts({("", "1.0"): 1_203}, {("", "1.0", "action"): 2})
    facts = {fact.key: fact.value for fact in run_facts(run_of("run", metadata={METADATA_KEY: counts.to_document()}))}
    assert facts["Schema"] == "v1: 1,203 steps, 2 mismatches (action outside the space)"


def test_that_a_run_of_before_says_nothing_of_a_schema() -> None:
    assert "Schema" not in {fact.key for fact in run_facts(run_of("run"))}

"""One line for any script: Gymnasium wrappers that record, and the learner's own numbers beside them."""

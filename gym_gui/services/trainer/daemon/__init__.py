"""The trainer itself: calls answered, batches taken over, workers enrolled, figures told."""

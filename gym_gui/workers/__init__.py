"""What a trainer starts: one process for each run, which lets someone act in environments and says how it ended."""

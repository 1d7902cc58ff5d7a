"""The vocabulary that every layer shares: pure values, no I/O, no threads, no Qt."""

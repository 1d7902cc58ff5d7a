"""Between dataclasses and the contract on the wire: batches, columns, runs, faults."""

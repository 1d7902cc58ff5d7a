"""From the producer's thread to the disk: events, the bus, its asynchronous edge, the sink, the store."""

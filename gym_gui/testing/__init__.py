"""Contract test classes to subclass: for adapters, recording backends and whatever else others may write."""

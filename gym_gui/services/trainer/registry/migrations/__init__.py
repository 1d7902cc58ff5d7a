"""The history of the registry's schema in SQLite: one module a version, none imports application code."""

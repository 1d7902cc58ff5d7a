"""The telemetry schema's history: one module a version, none imports application code."""

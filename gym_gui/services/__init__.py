"""What the faces and controllers rely on: telemetry, and the wiring of everything below it."""

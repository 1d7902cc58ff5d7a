"""One screen a task; each is made by a `ScreenSpec` of the registry."""

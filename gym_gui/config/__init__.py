"""Where things are and how they are set; nothing is created on import."""

"""What the trainer remembers of its runs: in SQLite, in memory, in any database of SQLAlchemy."""

"""SQLite connections and the migration runner; knows no table of ours."""

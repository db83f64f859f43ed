"""The library: one SQLite file, with one writer and many readers."""

"""Consistency checks and repairs of a library file."""

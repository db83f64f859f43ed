"""Checks and repairs of a library with its models, disk and machine."""

"""Folder watch: events of the system, and settling of touched paths."""

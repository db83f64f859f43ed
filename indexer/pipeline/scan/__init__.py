"""Scans: plan, run, progress and statistics."""

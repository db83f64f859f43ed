"""Intake: photo files and their metadata, from the disk to pictures."""

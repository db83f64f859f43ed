"""Rows of a photo: its analysis, and the user layer over it."""

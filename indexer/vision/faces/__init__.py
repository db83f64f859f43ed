"""Faces: detection, landmarks, alignment and description."""

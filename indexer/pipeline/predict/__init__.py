"""Predictions and thumbnails for pictures outside of a scan."""

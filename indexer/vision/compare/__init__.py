"""Pixel comparison of two pictures."""

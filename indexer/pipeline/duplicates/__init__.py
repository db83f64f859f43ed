"""Pixel comparison and verification of copies."""

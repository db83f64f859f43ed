"""People: clustering of faces, corrections, search and erasure."""

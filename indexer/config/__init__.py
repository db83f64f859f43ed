"""Settings of the program: declarations, sources and values."""

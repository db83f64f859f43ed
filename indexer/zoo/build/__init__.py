"""Build of models from their specs."""

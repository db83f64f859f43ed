"""Architectures of the built-in models, in Keras."""

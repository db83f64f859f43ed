"""Readers of weights files, without the libraries that wrote them."""

"""Generators of the word tables, from WordNet."""

"""Commands of `indexer models`."""

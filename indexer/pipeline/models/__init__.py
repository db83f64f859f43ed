"""Work with models: benchmarks, comparison and training data."""

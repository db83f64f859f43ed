"""Worker processes: pools, tasks and supervision."""

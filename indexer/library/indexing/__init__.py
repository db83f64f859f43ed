"""Index state of files, and the recording of scan outcomes."""

"""Command line: commands, output, and errors as exit codes."""

"""JSON records: values as JSON objects, one place for --json and HTTP."""

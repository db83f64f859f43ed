"""Gallery pages, made from the API handlers' results."""

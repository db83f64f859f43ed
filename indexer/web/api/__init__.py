"""API routes, one module a subject."""

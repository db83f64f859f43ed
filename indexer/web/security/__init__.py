"""Access control, limits and security headers of the server."""

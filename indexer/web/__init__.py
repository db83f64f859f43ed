"""HTTP server: gallery pages and API, without logic of its own."""

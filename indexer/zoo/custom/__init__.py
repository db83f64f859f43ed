"""Custom models: catalog, inferred descriptions and installation."""

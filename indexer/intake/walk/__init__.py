"""Folder walk: links, bind mounts and canonical paths."""

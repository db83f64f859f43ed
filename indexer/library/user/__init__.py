"""User data: own tags, taught words, import and export."""

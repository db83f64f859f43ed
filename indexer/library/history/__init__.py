"""Change log of the user's acts, with undo."""

"""Text in pictures: detection of lines, and recognition of their characters."""

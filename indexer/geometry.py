"""Points and boxes in fractions (0..1) of the upright picture, never in pixels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """A point in the picture: x from the left, y from the top, as fractions of width and height."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in the picture, in fractions of its width and height; it may reach beyond 0..1."""

    left: float
    top: float
    width: float
    height: float

    @property
    def center(self) -> Point:
        """The middle of the box."""
        return Point(self.left + self.width / 2, self.top + self.height / 2)

    @property
    def area(self) -> float:
        """The share of the picture that the box covers."""
        return self.width * self.height

    def overlap(self, other: Box) -> float:
        """Return the intersection over union with another box, 0..1."""
        width = min(self.left + self.width, other.left + other.width) - max(self.left, other.left)
        height = min(self.top + self.height, other.top + other.height) - max(self.top, other.top)
        if width <= 0 or height <= 0:
            return 0.0
        shared = width * height
        return shared / (self.area + other.area - shared)

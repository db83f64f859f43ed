"""Photos for the pictures in the README: only those whose license docs/images/LICENSE names."""

from __future__ import annotations

from pathlib import Path

from library_shown import original, save

_ALL = (0.0, 0.0, 1.0, 1.0)
# The photo, the part of it (left, top, right, bottom in fractions), the name of the file, when it was taken.
_TAKEN = [
    ("astronaut", (0.12, 0.0, 0.72, 0.72), "Eileen, portrait.jpg", "2024-06-21T10:12:00"),
    ("coffee", _ALL, "espresso.jpg", "2024-06-20T08:05:00"),
    ("temple", _ALL, "temple.jpg", "2024-06-18T11:11:00"),
    ("chelsea", _ALL, "Chelsea.jpg", "2024-06-16T08:30:00"),
    ("rocket", _ALL, "launch.jpg", "2024-06-14T21:47:00"),
    ("flower", _ALL, "flower.jpg", "2024-06-12T17:10:00"),
    ("astronaut", _ALL, "Eileen.jpg", "2024-06-10T10:00:00"),
    ("hubble", (0.0, 0.0, 0.93, 0.72), "deep field.jpg", "2024-06-08T23:00:00"),
    ("coffee", (0.15, 0.05, 0.85, 0.98), "cup.jpg", "2024-05-30T09:00:00"),
    ("camera", _ALL, "camera.jpg", "2024-05-28T12:00:00"),
    ("flower", (0.2, 0.1, 0.8, 0.98), "petals.jpg", "2024-05-27T17:00:00"),
    ("temple", (0.0, 0.1, 0.62, 0.8), "roofs.jpg", "2024-05-24T12:00:00"),
    ("rocket", (0.28, 0.0, 0.75, 1.0), "Falcon.jpg", "2024-05-20T21:48:00"),
    ("hubble", (0.35, 0.3, 0.95, 0.8), "galaxies.jpg", "2024-05-18T23:00:00"),
    ("chelsea", (0.2, 0.05, 0.85, 0.95), "Chelsea, nearer.jpg", "2024-05-15T08:30:00"),
    ("astronaut", (0.2, 0.02, 0.66, 0.6), "Eileen, nearer.jpg", "2024-05-12T10:00:00"),
]
PICTURED = frozenset(name for name, *_ in _TAKEN)


def make_pictured(folder: Path) -> None:
    """Write the photos as JPEGs."""
    for name, part, file, taken in _TAKEN:
        whole = original(name)
        left, top, right, bottom = part
        cut = (left * whole.width, top * whole.height, right * whole.width, bottom * whole.height)
        left, top, right, bottom = map(round, cut)
        save(folder / file, whole.crop((left, top, right, bottom)), taken)

"""What the fields of the query language are about, in a few words, and the values of those that have few."""

from __future__ import annotations

from indexer.library.query.fields import IS, MONTHS, ORIENTATIONS

ABOUT = {
    "tag": "a word, even one that is a field's name",
    "person": "who is in the photo",
    "date": "when it was taken",
    "near": "where it was taken: latitude, longitude, km",
    "orientation": "its shape",
    "is": "what kind of picture it is",
    "camera": "make or model of the camera",
    "lens": "the lens",
    "path": "a part of the path",
    "folder": "a folder that it is in",
    "format": "the format of the file",
    "type": "the ending of the file's name",
    "model": "the network that gave it a tag",
    "iso": "sensitivity",
    "f": "aperture",
    "focal": "focal length in mm",
    "width": "width in pixels",
    "height": "height in pixels",
    "rating": "your stars, 0 to 5",
    "faces": "how many faces it shows",
    "score": "how sure the words are, 0 to 1",
}
_STATES = {
    "missing": "the file is gone",
    "failed": "it could not be read",
    "hidden": "no other search shows it",
    "away": "its folder cannot be seen now",
}
_FEW: dict[str, tuple[tuple[str, str], ...]] = {
    "orientation": tuple((name, "") for name in ORIENTATIONS),
    "is": tuple((name, _STATES.get(name, "")) for name in IS),
    "rating": (("5", "five stars"), *((f"{stars}+", f"{stars} stars or more") for stars in "4321")),
    "faces": (("0", "nobody"), ("1", "one face"), ("2", "two faces"), ("3+", "three or more")),
    "score": (("0.5+", ""), ("0.7+", ""), ("0.9+", "")),
}  # fmt: skip
_TIMES = (
    ("today", ""), ("yesterday", ""), ("last-7-days", ""), ("last-30-days", ""), ("last-12-months", ""),
    *((month, "of any year") for month in MONTHS),
)  # fmt: skip


def values(name: str) -> tuple[tuple[str, str], ...]:
    """Return the values of a field that are the same for every library, each with what it means, if it needs that."""
    return _TIMES if name == "date" else _FEW.get(name, ())

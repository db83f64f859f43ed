"""XMP content: the statements of users read from XMP, and ours written to it.

Whatever we write is noted beside it in a namespace of our own. So a later call knows what to remove, and an
import never takes our own words for the user's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from unicodedata import normalize

from indexer.intake.xmp.draw import write_regions
from indexer.intake.xmp.names import LISTS, SEPARATORS
from indexer.intake.xmp.regions import Frame, Region, read_regions
from indexer.intake.xmp.tree import Packet, child, container, drop, items

__all__ = ["Frame", "Packet", "Region", "XmpChange", "XmpContent", "read_saying", "write_saying"]

REJECTED = -1
_NO_XML = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_KEPT_BY_DIGIKAM = "_Digikam"  # prefix of digiKam's internal tags


@dataclass(frozen=True, slots=True)
class XmpContent:
    """The statements on a photo.

    words: each with its broader words before it, broadest first.  rating: 0..5, -1 rejected, None: nothing.
    """

    words: tuple[tuple[str, ...], ...] = ()
    rating: int | None = None
    regions: tuple[Region, ...] = ()


@dataclass(frozen=True, slots=True)
class XmpChange:
    """The change to XMP, in the user's terms.

    rating: before and after, None where it stays.  kept_rating: one that another program wrote and that is
    not ours; it was left.  is_other: anything at all was changed, also what only programs see.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    rating: tuple[int | None, int | None] | None = None
    named: tuple[str, ...] = ()
    unnamed: tuple[str, ...] = ()
    kept_rating: int | None = None
    is_other: bool = False


def read_saying(packet: Packet, frame: Frame) -> XmpContent:
    """Return the statements of users and other programs; what we wrote, and nobody changed, is left out."""
    words: dict[str, tuple[str, ...]] = {}
    for name in ("dc:subject", *SEPARATORS):
        mine = set(packet.texts(LISTS[name])) if name in LISTS else set()
        for text in packet.texts(name):
            path = tuple(part.strip() for part in text.split(SEPARATORS[name])) if name in SEPARATORS else (text,)
            if text not in mine and all(path) and not path[0].startswith(_KEPT_BY_DIGIKAM):
                words.setdefault(_folded(path[-1]), path)
    ours = {_folded(text) for text in packet.texts(LISTS["dc:subject"])}
    found = tuple(path for word, path in words.items() if word not in ours)
    rating, written = (_stars(packet.text(name)) for name in ("xmp:Rating", "indexer:WroteRating"))
    return XmpContent(found, None if rating == written else rating, tuple(read_regions(packet, frame)))


def write_saying(packet: Packet, saying: XmpContent, frame: Frame, *, faces: bool = True) -> XmpChange:
    """Write these statements to XMP where they are ours to write; all that others wrote stays as it is.

    faces: False leaves the regions as they are, ours, too.
    """
    before = bytes(packet)
    words = [cleaned for path in saying.words if all(cleaned := tuple(map(_clean, path)))]
    regions = [replace(each, name=name) for each in saying.regions if (name := _clean(each.name))]
    added, removed = _write_list(packet, "dc:subject", [path[-1] for path in words])
    for name in ("lr:hierarchicalSubject", "digiKam:TagsList"):
        _write_list(packet, name, _joined(packet, name, words))
    rating, kept = _write_rating(packet, saying.rating)
    named, unnamed = write_regions(packet, regions, frame) if faces else ([], [])
    packet.tidy()
    return XmpChange(
        tuple(added), tuple(removed), rating, tuple(named), tuple(unnamed), kept, is_other=bytes(packet) != before
    )


def _joined(packet: Packet, name: str, words: Iterable[Sequence[str]]) -> list[str]:
    """Join words with their broader words; a word that another program placed elsewhere stays there."""
    separator = SEPARATORS[name]
    mine = set(packet.texts(LISTS[name]))
    placed = {_folded(text.split(separator)[-1]) for text in packet.texts(name) if text not in mine}
    return [
        separator.join(path)
        for path in words
        if _folded(path[-1]) not in placed and not any(separator in part for part in path)
    ]


def _write_list(packet: Packet, name: str, wanted: Sequence[str]) -> tuple[list[str], list[str]]:
    """Add and remove words of a list; return which."""
    there, noted = packet.texts(name), packet.texts(LISTS[name])
    mine = [text for text in noted if text in there]
    theirs = {_folded(text) for text in there if text not in mine}
    hold = [text for text in dict.fromkeys(wanted) if _folded(text) not in theirs]
    removed = [text for text in mine if text not in hold]
    added = [text for text in hold if text not in mine]
    _change(packet, name, removed, added)
    notes = [text for text in mine if text not in removed] + added
    _change(packet, LISTS[name], [text for text in noted if text not in notes], [t for t in notes if t not in noted])
    return added, removed


def _change(packet: Packet, name: str, removed: Sequence[str], added: Sequence[str]) -> None:
    left = list(removed)
    for element in packet.find_all(name):
        for item in items(element):
            if (text := (item.text or "").strip()) in left:
                left.remove(text)
                drop(item)
        if removed and not added and not items(element):
            drop(element)
    if added:
        element = packet.find(name)
        bag = container(packet.add(name) if element is None else element)
        for text in added:
            child(bag, "rdf:li", text)


def _write_rating(packet: Packet, rating: int | None) -> tuple[tuple[int | None, int | None] | None, int | None]:
    """Return the change, and the rating of another program that was left."""
    there, noted = _stars(packet.text("xmp:Rating")), _stars(packet.text("indexer:WroteRating"))
    if there and there != noted:
        return None, there if rating and rating != there else None
    wanted = rating or None
    if wanted == (there or None):
        return None, None
    for name in ("xmp:Rating", "indexer:WroteRating"):
        packet.set_text(name, None if wanted is None else str(wanted))
    return (there or None, wanted), None


def _stars(text: str | None) -> int | None:
    try:
        stars = round(float(text or ""))
    except (ValueError, OverflowError):
        return None
    return stars if REJECTED <= stars <= 5 else None


def _clean(text: str) -> str:
    """Return text without characters that XML forbids."""
    return " ".join(_NO_XML.sub("", text).split())


def _folded(word: str) -> str:
    return normalize("NFC", word).casefold()

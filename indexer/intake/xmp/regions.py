"""Face regions of XMP, read as boxes with names.

Boxes are fractions of the picture as it is stored, before its orientation turns it upright: so the Metadata
Working Group wants it (Guidelines for Handling Image Metadata 2.0, 5.9). Some programs write them upright; then
the size that the regions apply to reveals it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

from indexer.geometry import Box
from indexer.intake.xmp.names import qname
from indexer.intake.xmp.tree import Element, Packet, items, part_text, parts


@dataclass(frozen=True, slots=True)
class Region:
    """A face with its name; the box is of the upright picture."""

    name: str
    box: Box


@dataclass(frozen=True, slots=True)
class Frame:
    """The upright picture's size in pixels, and the EXIF orientation 1..8 that made it upright."""

    width: int
    height: int
    orientation: int = 1

    @property
    def stored(self) -> tuple[int, int]:
        """The size in pixels of the picture as it is stored."""
        return (self.height, self.width) if self.orientation >= 5 else (self.width, self.height)


def upright(box: Box, orientation: int) -> Box:
    """Convert a box of the stored picture to one of the upright picture."""
    x, y, width, height = box.left, box.top, box.width, box.height
    right, bottom = 1 - x - width, 1 - y - height
    return {
        2: Box(right, y, width, height),
        3: Box(right, bottom, width, height),
        4: Box(x, bottom, width, height),
        5: Box(y, x, height, width),
        6: Box(bottom, x, height, width),
        7: Box(bottom, right, height, width),
        8: Box(y, right, height, width),
    }.get(orientation, box)


def stored(box: Box, orientation: int) -> Box:
    """Convert a box of the upright picture to one of the stored picture: the inverse of `upright`."""
    return upright(box, {6: 8, 8: 6}.get(orientation, orientation))


def read_regions(packet: Packet, frame: Frame) -> Iterator[Region]:
    """Yield the named faces that others wrote; what we wrote ourselves, and nobody changed, is left out."""
    turn = turn_of(packet, frame)
    for item in face_items(packet):
        fields = parts(item)
        name, box = part_text(fields, "mwg-rs:Name"), box_of(fields)
        if name and box and is_face(fields) and part_text(fields, "indexer:WroteName") != name:
            yield Region(name, upright(box, turn))
    yield from _microsoft(packet, frame.orientation)


def face_items(packet: Packet) -> list[Element]:
    """Return the regions of the picture as XMP has them."""
    info = packet.find("mwg-rs:Regions")
    found = None if info is None else parts(info).get(qname("mwg-rs:RegionList"))
    return [] if found is None or isinstance(found, str) else items(found)


def turn_of(packet: Packet, frame: Frame) -> int:
    """Return the orientation that the regions still need."""
    info = packet.find("mwg-rs:Regions")
    size = None if info is None else parts(info).get(qname("mwg-rs:AppliedToDimensions"))
    if size is None or isinstance(size, str) or frame.orientation < 5 or frame.width == frame.height:
        return frame.orientation
    applied = tuple(_number(part_text(parts(size), f"stDim:{side}")) for side in ("w", "h"))
    return 1 if applied == (frame.width, frame.height) else frame.orientation


def is_face(fields: dict[str, Element | str]) -> bool:
    """Return whether a region is a face: there are pets and points of focus, too."""
    return (part_text(fields, "mwg-rs:Type") or "Face").casefold() == "face"


def area_of(fields: dict[str, Element | str]) -> str:
    """Return x, y, width and height of a region as they are written."""
    area = fields.get(qname("mwg-rs:Area"))
    inner = {} if area is None or isinstance(area, str) else parts(area)
    return " ".join(part_text(inner, f"stArea:{key}") or "?" for key in ("x", "y", "w", "h"))


def box_of(fields: dict[str, Element | str]) -> Box | None:
    """Read the area of a region, whose x and y are its center; None for one that is no rectangle in the picture."""
    x, y, width, height = map(_number, area_of(fields).split(" "))
    if x is None or y is None or not width or not height:
        return None
    return _believed(Box(x - width / 2, y - height / 2, width, height))


def _microsoft(packet: Packet, orientation: int) -> Iterator[Region]:
    info = packet.find("MP:RegionInfo")
    found = None if info is None else parts(info).get(qname("MPRI:Regions"))
    for item in [] if found is None or isinstance(found, str) else items(found):
        fields = parts(item)
        name = part_text(fields, "MPReg:PersonDisplayName")
        sides = [_number(each) for each in (part_text(fields, "MPReg:Rectangle") or "").split(",")]
        numbers = [side for side in sides if side is not None]
        box = _believed(Box(*numbers)) if len(numbers) == len(sides) == 4 else None
        if name and box:
            yield Region(name, upright(box, orientation))


def _believed(box: Box) -> Box | None:
    """Return a box that covers part of the picture, None for any other."""
    is_inside = -0.5 <= box.left < 1 and -0.5 <= box.top < 1
    return box if is_inside and 0 < box.width <= 1.5 and 0 < box.height <= 1.5 else None


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if isfinite(number) else None

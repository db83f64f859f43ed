"""XMP face regions, written beside those of other programs, which stay as they are."""

from __future__ import annotations

from collections.abc import Sequence

from indexer.geometry import Box
from indexer.intake.xmp.names import qname
from indexer.intake.xmp.regions import Frame, Region, area_of, box_of, face_items, is_face, stored, turn_of
from indexer.intake.xmp.tree import Element, Packet, body, child, container, drop, part_text, parts

_SAME = 0.3  # overlap of two boxes around one face: programs draw them very differently


def write_regions(packet: Packet, wanted: Sequence[Region], frame: Frame) -> tuple[list[str], list[str]]:
    """Replace our regions by these; return the names that were added and removed.

    A face that another program has drawn stays as it is; where it has no name there, ours is added to it.
    """
    turn = turn_of(packet, frame)
    left = list(wanted)
    removed = [name for item in list(face_items(packet)) if (name := _refresh(item, left, turn))]
    added = [region.name for region in left]
    new = [region for region in left if not _name_theirs(packet, region, turn)]
    if new:
        bag = _bag(packet, frame)
        for region in new:
            _draw(bag, region, turn)
    elif removed:
        _tidy(packet)
    both = set(added) & set(removed)  # moved, not renamed
    return [name for name in added if name not in both], [name for name in removed if name not in both]


def _refresh(item: Element, left: list[Region], turn: int) -> str:
    """Keep what we once wrote where it is still right, else remove it, and return its name."""
    fields = parts(item)
    ours, name, box = part_text(fields, "indexer:WroteName"), part_text(fields, "mwg-rs:Name") or "", box_of(fields)
    same = [each for each in left if box and each.name == name and _touch(stored(each.box, turn), box)]
    for each in same[:1]:
        left.remove(each)
    is_drawn = part_text(fields, "indexer:WroteArea") is not None and part_text(fields, "indexer:WroteArea") == area_of(
        fields
    )
    if ours is None or ours != name or (same and (not is_drawn or _area_text(same[0], turn) == area_of(fields))):
        return ""
    if is_drawn:
        drop(item)
        left.extend(same[:1])
    else:
        _take_name(item)
    return name


def _name_theirs(packet: Packet, region: Region, turn: int) -> bool:
    """Return whether another program drew this face already; add a missing name to it."""
    for item in face_items(packet):
        fields = parts(item)
        box = box_of(fields)
        if box and is_face(fields) and _touch(stored(region.box, turn), box):
            if not part_text(fields, "mwg-rs:Name"):
                _set(item, "mwg-rs:Name", region.name)
                _set(item, "indexer:WroteName", region.name)
            return True
    return False


def _touch(one: Box, other: Box) -> bool:
    return one.overlap(other) >= _SAME


def _set(item: Element, name: str, value: str) -> None:
    holder = body(item)
    found = next(iter(holder.iterchildren(qname(name))), None)
    if found is None and any(holder.get(qname(name)) is not None for holder in (item, holder)):
        (item if item.get(qname(name)) is not None else holder).set(qname(name), value)
        return
    (child(holder, name) if found is None else found).text = value


def _take_name(item: Element) -> None:
    for holder in {item, body(item)}:
        for name in (qname("mwg-rs:Name"), qname("indexer:WroteName")):
            holder.attrib.pop(name, None)
            for each in list(holder.iterchildren(name)):
                drop(each)


def _draw(bag: Element, region: Region, turn: int) -> None:
    inner = child(child(bag, "rdf:li"), "rdf:Description")
    child(inner, "mwg-rs:Name", region.name)
    child(inner, "mwg-rs:Type", "Face")
    text = _area_text(region, turn)
    x, y, w, h = text.split()
    child(inner, "mwg-rs:Area", stArea__x=x, stArea__y=y, stArea__w=w, stArea__h=h, stArea__unit="normalized")
    child(inner, "indexer:WroteName", region.name)
    child(inner, "indexer:WroteArea", text)


def _bag(packet: Packet, frame: Frame) -> Element:
    info = packet.find("mwg-rs:Regions")
    if info is None:
        info = packet.add("mwg-rs:Regions")
        inner = child(info, "rdf:Description")
        width, height = map(str, frame.stored)
        child(inner, "mwg-rs:AppliedToDimensions", stDim__w=width, stDim__h=height, stDim__unit="pixel")
    found = parts(info).get(qname("mwg-rs:RegionList"))
    return container(child(body(info), "mwg-rs:RegionList") if found is None else found)


def _tidy(packet: Packet) -> None:
    """Remove the whole structure where no region is left, and nothing else depends on it."""
    info = packet.find("mwg-rs:Regions")
    bare = {qname("mwg-rs:AppliedToDimensions"), qname("mwg-rs:RegionList")}
    if info is not None and not face_items(packet) and parts(info).keys() <= bare:
        drop(info)


def _area_text(region: Region, turn: int) -> str:
    box = stored(region.box, turn)
    left, top = max(0.0, box.left), max(0.0, box.top)
    right, bottom = min(1.0, box.left + box.width), min(1.0, box.top + box.height)
    numbers = ((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
    return " ".join(f"{number:.6f}" for number in numbers)

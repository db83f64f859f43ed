"""Template filters: texts of the pages on photos, faces and searches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from math import ceil, log
from posixpath import commonpath, relpath
from typing import Any
from urllib.parse import urlencode

from indexer.records.browse import FACTOR, SMALLEST, step
from indexer.records.plain import BoxRecord

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def query_string(values: Mapping[str, object]) -> str:
    """Return the query string of an address; empty values and None are left out."""
    return urlencode({name: value for name, value in values.items() if value not in (None, "")})


def file_name(path: str) -> str:
    """Return the name of a file."""
    return path.rpartition("/")[2] or path


def folder(path: str) -> str:
    """Return the folder of a file."""
    return path.rpartition("/")[0] or "/"


def day(moment: str, weekday: bool = True) -> str:
    """Return the day of a moment (ISO 8601) in its own time zone."""
    taken = datetime.fromisoformat(moment)
    return f"{taken:%A}, {taken.day} {taken:%B %Y}" if weekday else f"{taken.day} {taken:%B %Y}"


def clock(moment: str) -> str:
    """Return the time of day of a moment (ISO 8601) in its own time zone."""
    return f"{datetime.fromisoformat(moment):%H:%M}"


def moment(text: str) -> str:
    """Return a moment (ISO 8601) in its own time zone, formatted as static/js/dom.js does it in the browser's."""
    return f"{day(text, weekday=False)}, {clock(text)}"


def month_title(month: str | None) -> str:
    """Return the name of a month ('2024-05') or year."""
    if month and "-" not in month:
        return month
    return f"{datetime.fromisoformat(f'{month}-01'):%B %Y}" if month else "No date"


def quoted(text: str) -> str:
    """Return text as one word of a query."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def of_person(name: str) -> str:
    """Return the query for the photos of a person."""
    return f"person:{quoted(name)}"


def percent(score: float) -> str:
    """Return a score of 0..1 in percent."""
    return f"{round(score * 100)} %"


def counted(number: int, noun: str, nouns: str = "") -> str:
    """Return a number with its noun."""
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"


def size(number: float) -> str:
    """Return a number of bytes as text."""
    if number < 1000:
        return counted(round(number), "byte")
    step = min(len(_UNITS) - 1, int(log(number, 1000)))
    value = number / 1000**step
    return f"{value:.{1 if value < 10 else 0}f} {_UNITS[step]}"


def short(text: str, most: int = 24) -> str:
    """Return text cut to so many characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


_ROW_PX = 240
Photo = Mapping[str, Any]


def shape(photo: Photo) -> int:
    """Return the step of ratios.css that is nearest to a photo's width by height."""
    return step(photo.get("width"), photo.get("height"))


def sizes(photo: Photo) -> str:
    """Return the width of a photo in the grid (the HTML attribute), by which the browser selects a thumbnail."""
    return f"{ceil(SMALLEST * FACTOR ** shape(photo) * _ROW_PX)}px"


def named(hit: Photo) -> str:
    """Return the title of a link to a photo: file, day, tags."""
    parts = [file_name(hit["path"]), day(hit["taken_at"], weekday=False) if hit.get("taken_at") else ""]
    parts += [why["tag"] + (" (less sure)" if why["less_sure"] else "") for why in hit.get("why", ())[:3]]
    parts += ["folder not available" if hit.get("away") else ""]
    parts += ["missing, replaced by another photo of the same name"] if hit.get("replaced") else []
    return ", ".join(part for part in parts if part)


def mark(hit: Photo) -> str:
    """Return what is written on a photo in a grid: that its folder is away, or that it is a less sure match."""
    is_less_sure = any(why["less_sure"] for why in hit.get("why", ()))
    return "away" if hit.get("away") else "less sure" if is_less_sure else ""


def alt_text(photo: Photo) -> str:
    """Return the alternative text of a photo."""
    people = sorted({name for face in photo["faces"] if (name := known_name(face))})
    words = [tag["name"] for tag in photo["tags"][:6]]
    shown = "; ".join(part for part in (", ".join(people), ", ".join(words)) if part)
    return f"{file_name(photo['path'])}: {shown}" if shown else file_name(photo["path"])


def whose(face: Photo) -> str:
    """Return what a link to a face is called."""
    return f"Face {face['place']}: {known_name(face) or 'unknown'}"


def known_name(face: Photo) -> str:
    """Return the name of a face's person; '' for an unnamed one ('person 12' is no name)."""
    return "" if face["name"] in (None, f"person {face['person']}") else str(face["name"])


def months(hits: Sequence[Photo], sort: str, yearly: bool = False) -> list[dict[str, Any]]:
    """Return hits in groups: by month, or year, where they are ordered by date, else all of them in one."""
    if sort != "date":
        return [{"title": "", "first": 0, "hits": list(hits)}]
    groups: list[dict[str, Any]] = []
    first = 0
    for month, group in groupby(hits, key=lambda hit: (hit["taken_at"] or "")[: 4 if yearly else 7]):
        part = list(group)
        groups.append({"title": month_title(month or None), "first": first, "hits": part})
        first += len(part)
    return groups


def placed_copies(group: Photo) -> dict[str, Any]:
    """Return the common folder of all copies of a picture, and the path of each below it."""
    folders = [folder(copy["path"]) for copy in (group["best"], *group["others"])]
    common = commonpath(folders)
    return {"folder": common, "below": ["" if each == common else relpath(each, common) for each in folders]}


def pixels(box: BoxRecord, photo: Photo) -> dict[str, int]:
    """Return a box in pixels of its photo, with its middle and lower edge."""
    left, top = round(box["left"] * photo["width"]), round(box["top"] * photo["height"])
    width, height = round(box["width"] * photo["width"]), round(box["height"] * photo["height"])
    return {"x": left, "y": top, "width": width, "height": height, "middle": left + width // 2, "bottom": top + height}


def place(gps: Photo) -> str:
    """Return latitude and longitude in the usual notation."""
    north, east = gps["latitude"], gps["longitude"]
    return f"{abs(north):.5f}° {'N' if north >= 0 else 'S'}, {abs(east):.5f}° {'E' if east >= 0 else 'W'}"


def nearby(gps: Photo) -> str:
    """Return the query for photos taken within two kilometers."""
    return f"near:{gps['latitude']:.5f},{gps['longitude']:.5f},2"


def reasoned(reason: Photo) -> str:
    """Return a sentence on what gave a tag, beside the classes that were summed."""
    if reason["source"] == "own":
        return "added by you"
    parts = [f"by {reason['model']}" if reason["model"] else f"from {reason['source']}"]
    if reason["other_classes"]:
        parts.append(f"sum includes {reason['other_classes']:,} more classes")
    if reason["threshold"] is not None:
        parts.append(f"minimum score {percent(reason['threshold'])}")
    if reason["renamed_from"]:
        parts.append(f"the model calls it {reason['renamed_from']}")
    return "; ".join(parts)


def facts(photo: Photo) -> list[tuple[str, str]]:
    """Return the known data of a photo's file and camera, as names and values."""
    seconds, bytes_ = photo["exposure_seconds"], size(photo["bytes"])
    rows: list[tuple[str, str | None]] = [
        ("File", photo["path"]),
        ("Size", f"{photo['width']} × {photo['height']}, {bytes_}" if photo["width"] else bytes_),
        ("Format", photo["format"]),
        ("Date from", {"mtime": "the file’s time", "name": "its name"}.get(photo["taken_from"], photo["taken_from"])),
        ("Camera", photo["camera"]),
        ("Lens", photo["lens"]),
        ("Exposure", _exposure(seconds) if seconds else None),
        ("Aperture", f"f/{photo['f_number']:g}" if photo["f_number"] else None),
        ("ISO", str(photo["iso"]) if photo["iso"] else None),
        ("Focal length", f"{photo['focal_length_mm']:g} mm" if photo["focal_length_mm"] else None),
        ("Software", photo["software"]),
        ("Analyzed", f"{day(photo['indexed_at'])}, by {', '.join(photo['models'])}" if photo["indexed_at"] else None),
    ]
    return [(name, value) for name, value in rows if value]


def _exposure(seconds: float) -> str:
    return f"1/{round(1 / seconds)} s" if seconds < 0.4 else f"{seconds:g} s"


FILTERS: Mapping[str, Callable[..., Any]] = {
    each.__name__: each
    for each in (
        *(query_string, clock, counted, day, file_name, moment, of_person, percent, quoted, short, size),
        *(
            facts,
            known_name,
            months,
            named,
            mark,
            nearby,
            pixels,
            place,
            placed_copies,
            reasoned,
            shape,
            sizes,
            alt_text,
            whose,
        ),
    )
}

"""What is known of the measuring data for faces: its files flow in; marks and pairs flow out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from parts import rows
from PIL import Image

from indexer.geometry import Box
from indexer.values.analysis import Face
from indexer.values.files import Picture

_SAME_FACE = 0.4  # intersection over union: detectors differ in how tight they box
_NEAR = 0.25  # what overlaps a marked face so much is no false face, if no hit either


@dataclass
class Marked:
    """A picture and what is known of it: `boxes` (with whether to ignore it), `points` on faces, or only a count.

    least, most: faces that are there, where nothing else is known.
    """

    path: Path
    kind: str
    least: int
    most: int
    boxes: list[tuple[Box, bool]] = field(default_factory=list)
    points: list[tuple[float, float]] = field(default_factory=list)

    def verdict(self, faces: list[Face]) -> tuple[int, int, int]:
        """Return how many clear faces there are, how many of them were found, how many false faces."""
        if self.kind == "boxes":
            return self._boxes_verdict([face.box for face in faces])
        if self.kind == "nose_points":
            hits = sum(any(_holds(face.box, *point) for face in faces) for point in self.points)
            return len(self.points), hits, 0
        return self.least, min(len(faces), self.least), max(0, len(faces) - self.most)

    def _boxes_verdict(self, found: list[Box]) -> tuple[int, int, int]:
        pairs = sorted(
            ((box.overlap(other), i, j) for i, (box, _) in enumerate(self.boxes) for j, other in enumerate(found)),
            reverse=True,
        )
        hits: dict[int, int] = {}
        for overlap, i, j in pairs:
            if overlap >= _SAME_FACE and i not in hits and j not in hits.values():
                hits[i] = j
        clear = [i for i, (_, ignored) in enumerate(self.boxes) if not ignored]
        false = [j for j, other in enumerate(found) if all(box.overlap(other) < _NEAR for box, _ in self.boxes)]
        return len(clear), sum(i in hits for i in clear), len(false)


def marked(data: Path) -> list[Marked]:
    """Read faces_detect: people and hostile negatives."""
    folder = data / "faces_detect"
    boxes, points = defaultdict(list), defaultdict(list)
    images = rows(folder / "images.csv")
    sizes = {row["file"]: (int(row["width"]), int(row["height"])) for row in images}
    for row in rows(folder / "boxes.csv"):
        width, height = sizes[row["file"]]
        x, y, w, h = (float(row[key]) for key in "xywh")
        boxes[row["file"]].append((Box(x / width, y / height, w / width, h / height), row["ignore"] == "1"))
    for row in rows(folder / "nose_points.csv"):
        width, height = sizes[row["file"]]
        points[row["file"]].append((float(row["nose_x"]) / width, float(row["nose_y"]) / height))
    return [
        Marked(
            folder / (name := row["file"]),
            row["gt_type"],
            int(row["faces_min"] or 0),
            int(row["faces_max"] or 0),
            boxes[name],
            points[name],
        )
        for row in images
    ]


def without_people(data: Path) -> list[Marked]:
    """Read the photos of tags_multilabel on which nobody was marked."""
    folder = data / "tags_multilabel"
    labels = rows(folder / "labels.csv")
    return [Marked(folder / row["file"], "negative", 0, 0) for row in labels if row["has_person"] == "0"]


def pairs(data: Path, name: str) -> list[tuple[Path, Path, bool]]:
    """Read the pairs 'lfw' or 'other' of faces_verify: two files, and whether both show one person."""
    folder = data / "faces_verify"
    known = rows(folder / f"{name}_pairs.csv")
    return [(folder / row["file1"], folder / row["file2"], row["same"] == "1") for row in known]


def picture(path: Path, long_side_px: int | None = None) -> Picture:
    """Decode a picture; a smaller one is enlarged to `long_side_px`, where that is given."""
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    ratio = (long_side_px or 0) / max(image.size)
    if ratio > 1:
        image = image.resize((round(image.width * ratio), round(image.height * ratio)), Image.Resampling.BICUBIC)
    return Picture(np.asarray(image), image.size)


def _holds(box: Box, x: float, y: float) -> bool:
    return box.left <= x <= box.left + box.width and box.top <= y <= box.top + box.height

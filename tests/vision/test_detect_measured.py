"""Faces on real pictures with known answers, where they are there: found, not invented, told apart."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer.geometry import Box
from indexer.values.analysis import Face
from indexer.values.files import Picture
from indexer.vision.faces.describe import Describer
from indexer.vision.faces.detect import Detector
from indexer.vision.faces.reader import FaceReader
from indexer.vision.runtime import open_model
from indexer.vision.spec import read_specs

SPECS = read_specs()


@pytest.fixture(scope="module")
def reader(models: Path) -> FaceReader:
    detector, describer = (SPECS[name] for name in ("retinaface-mobilenet025", "dlib-face-resnet"))
    return FaceReader(
        Detector(open_model(detector, models, "litert")), Describer(open_model(describer, models, "litert"))
    )


def _picture(path: Path) -> Picture:
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"))
    return Picture(pixels, (pixels.shape[1], pixels.shape[0]))


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


def _clear_boxes(folder: Path) -> dict[str, list[tuple[float, ...]]]:
    boxes = defaultdict(list)
    for row in _rows(folder / "boxes.csv"):
        if row["ignore"] == "0":
            boxes[row["file"]].append(tuple(float(row[key]) for key in "xywh"))
    return boxes


def test_clear_faces_of_groups_are_found(data: Path, reader: FaceReader) -> None:
    hits = total = 0
    for name, boxes in _clear_boxes(data / "faces_detect").items():
        picture = _picture(data / "faces_detect" / name)
        width, height = picture.size
        faces = reader.detector.detect(picture)
        for x, y, w, h in boxes:
            clear = Box(x / width, y / height, w / width, h / height)
            hits += any(clear.overlap(face.box) >= 0.4 for face in faces)
            total += 1
    assert hits / total >= 0.95


def test_hostile_pictures_show_hardly_any_face(data: Path, reader: FaceReader) -> None:
    folder = data / "faces_detect"
    files = [folder / row["file"] for row in _rows(folder / "images.csv") if row["gt_type"] == "negative"]
    false = sum(len(reader.detector.detect(_picture(path))) for path in files)
    assert false / len(files) <= 0.05


@pytest.mark.long
def test_people_are_told_apart(data: Path, reader: FaceReader) -> None:
    folder = data / "faces_verify"
    faces: dict[str, Face] = {}
    right = []
    for row in _rows(folder / "lfw_pairs.csv"):
        for name in (row["file1"], row["file2"]):
            if name not in faces:
                faces[name] = _middle_face(reader, _picture(folder / name))
        one, two = (faces[row[key]].descriptor for key in ("file1", "file2"))
        assert one is not None
        assert two is not None
        right.append((np.linalg.norm(one.vector - two.vector) < 0.6) == (row["same"] == "1"))
    assert np.mean(right) >= 0.99


def _middle_face(reader: FaceReader, picture: Picture) -> Face:
    faces = reader.read(picture, larger=lambda _: picture)
    return min(faces, key=lambda face: np.hypot(face.box.center.x - 0.5, face.box.center.y - 0.5))

"""Faces are found where they are, however the picture is turned, scaled or cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from indexer.geometry import Box
from indexer.values.analysis import Face
from indexer.values.files import Picture
from indexer.vision.faces.detect import Detector, agreed
from indexer.vision.runtime import FakeModel, open_model
from indexer.vision.spec import read_specs

SPEC = read_specs()["retinaface-mobilenet025"]
PLACES = {"astronaut": Box(0.35, 0.12, 0.17, 0.22), "hopper": Box(0.33, 0.18, 0.36, 0.37)}
MIRRORED = (1, 0, 2, 4, 3)  # the landmarks that change places


@pytest.fixture(scope="module")
def detector(models: Path) -> Detector:
    return Detector(open_model(SPEC, models, "litert"))


@pytest.fixture(scope="module")
def open_image(samples: dict[str, Path]) -> Callable[[str], Image.Image]:
    return lambda name: Image.open(samples[name]).convert("RGB")


def _picture(image: Image.Image) -> Picture:
    return Picture(np.asarray(image), image.size)


def _only(faces: list[Face]) -> Face:
    assert len(faces) == 1
    return faces[0]


def _landmarks_px(face: Face, image: Image.Image) -> np.ndarray:
    return np.array([(point.x, point.y) for point in face.landmarks]) * image.size


@pytest.mark.parametrize("name", PLACES)
def test_a_known_face_is_found_in_its_place(name: str, detector: Detector, open_image: Callable) -> None:
    face = _only(detector.detect(_picture(open_image(name))))
    assert face.box.overlap(PLACES[name]) > 0.8
    assert face.score > 0.98
    assert face.descriptor is None
    left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
    assert left_eye.x < nose.x < right_eye.x
    assert left_mouth.x < right_mouth.x
    assert max(left_eye.y, right_eye.y) < nose.y < min(left_mouth.y, right_mouth.y)


@pytest.mark.parametrize("name", ["cat", "coffee", "flower", "temple"])
def test_no_face_is_found_where_there_is_none(name: str, detector: Detector, open_image: Callable) -> None:
    assert detector.detect(_picture(open_image(name))) == []


@pytest.mark.parametrize("name", PLACES)
def test_a_mirrored_picture_gives_mirrored_faces(name: str, detector: Detector, open_image: Callable) -> None:
    image = open_image(name)
    face = _only(detector.detect(_picture(image)))
    mirrored = _only(detector.detect(_picture(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT))))
    there = Box(1 - mirrored.box.left - mirrored.box.width, mirrored.box.top, mirrored.box.width, mirrored.box.height)
    assert face.box.overlap(there) > 0.9
    expected = np.array([(1 - face.landmarks[index].x, face.landmarks[index].y) for index in MIRRORED]) * image.size
    assert abs(_landmarks_px(mirrored, image) - expected).max() < 0.05 * face.box.width * image.width


@pytest.mark.parametrize("degrees", [-20, 20])
@pytest.mark.parametrize("name", PLACES)
def test_landmarks_turn_with_the_picture(name: str, degrees: int, detector: Detector, open_image: Callable) -> None:
    image = open_image(name)
    face = _only(detector.detect(_picture(image)))
    turned = _only(detector.detect(_picture(image.rotate(degrees, Image.Resampling.BICUBIC))))
    angle = np.radians(-degrees)  # Pillow turns counterclockwise, and y points down
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.array(image.size) / 2
    expected = (_landmarks_px(face, image) - middle) @ turn.T + middle
    assert abs(_landmarks_px(turned, image) - expected).max() < 0.08 * face.box.width * image.width


@pytest.mark.parametrize("side", [48, 160, 700, 2400])
def test_a_face_is_found_at_any_size(side: int, detector: Detector, open_image: Callable) -> None:
    image = open_image("astronaut")
    face = _only(detector.detect(_picture(image)))
    scaled = _only(detector.detect(_picture(image.resize((side * 4, side * 4) if side < 100 else (side, side)))))
    assert scaled.box.overlap(face.box) > 0.8


def test_every_pasted_face_is_found(detector: Detector, open_image: Callable) -> None:
    head = open_image("astronaut").crop((130, 20, 330, 220))
    canvas = open_image("coffee").resize((1000, 700))
    corners = [(40, 30, 200), (420, 60, 120), (700, 400, 250), (90, 480, 80)]
    for left, top, side in corners:
        canvas.paste(head.resize((side, side)), (left, top))
    faces = detector.detect(_picture(canvas))
    middles = [(face.box.center.x * 1000, face.box.center.y * 700) for face in faces]
    assert len(faces) == 4
    for left, top, side in corners:
        assert any(abs(x - left - side * 0.47) < side / 6 and abs(y - top - side * 0.48) < side / 6 for x, y in middles)


@pytest.mark.parametrize("corner", [(0, 0), (2880, 380), (1300, 100)])
def test_a_small_face_in_a_panorama_is_found(corner: tuple[int, int], detector: Detector, open_image: Callable) -> None:
    panorama = open_image("temple").resize((3000, 500))
    before = len(detector.detect(_picture(panorama)))
    panorama.paste(open_image("astronaut").crop((130, 20, 330, 220)).resize((120, 120)), corner)
    faces = detector.detect(_picture(panorama))
    assert len(faces) == before + 1
    assert any(abs(face.box.center.x * 3000 - corner[0] - 56) < 15 for face in faces)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (1, 900), (4000, 1), (31, 33), (7, 5000)])
def test_pictures_of_any_shape_are_looked_at(size: tuple[int, int], detector: Detector) -> None:
    assert detector.detect(_picture(Image.effect_noise(size, 60).convert("RGB"))) == []


def test_a_face_cut_by_the_edge_reaches_no_further_than_it_may(detector: Detector, open_image: Callable) -> None:
    image = open_image("hopper")
    half = image.crop((round(0.46 * image.width), 0, image.width, image.height))
    for face in detector.detect(_picture(half)):
        assert 0 < face.box.center.x < 1
        assert 0 < face.box.center.y < 1


@pytest.mark.parametrize(
    ("decoded", "full", "wanted"),
    [
        ((1000, 750), (4000, 3000), None),
        ((300, 200), (300, 200), None),
        ((1500, 250), (12000, 2000), 3252),  # six views of 1.42 times the short side, each 768 px long
        ((250, 1500), (2000, 12000), 3252),
        ((4000, 667), (12000, 2000), None),
        ((2000, 20), (2000, 20), None),
    ],
)
def test_only_a_panorama_asks_for_a_larger_picture(
    decoded: tuple[int, int], full: tuple[int, int], wanted: int | None
) -> None:
    detector = Detector(FakeModel(SPEC, dict))
    pixels = np.zeros((decoded[1], decoded[0], 3), np.uint8)
    assert detector.needs_larger(Picture(pixels, full)) == (wanted and pytest.approx(wanted, abs=20))


def test_the_threshold_of_the_spec_decides(models: Path, open_image: Callable) -> None:
    strict = replace(SPEC, thresholds={**SPEC.thresholds, "score": 1.0})
    model = open_model(SPEC, models, "litert")
    detector = Detector(FakeModel(strict, model.run))
    assert detector.detect(_picture(open_image("hopper"))) == []


def test_the_same_picture_gives_the_same_faces(detector: Detector, open_image: Callable) -> None:
    picture = _picture(open_image("hopper"))
    assert detector.detect(picture) == detector.detect(picture)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=4))
def test_looks_agree_on_a_score_between_theirs(scores: list[float]) -> None:
    assert min(*scores, 0.999) - 1e-9 <= agreed(scores) <= max(*scores, 0.01) + 1e-9


def test_one_look_alone_does_not_make_a_face() -> None:
    assert agreed([1.0, 0.0, 0.0]) < SPEC.thresholds["score"]
    assert agreed([0.95, 0.95]) > SPEC.thresholds["score"]

"""Landmarks: five are made from 68, and they lie in the picture where the network saw them in the box."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_face_api import ready_spec

from indexer.geometry import Box
from indexer.values.analysis import Face
from indexer.values.files import Picture
from indexer.vision.faces.landmarks import Landmarker
from indexer.vision.runtime import FakeModel

SPEC = ready_spec("face-api-landmarks-68")
FACE = Face(Box(0.25, 0.5, 0.25, 0.25), 0.8, 0.0, (), None)
PICTURE = Picture(np.zeros((400, 400, 3), np.uint8), (400, 400))


def _points() -> np.ndarray:
    """Return 68 points, float32[68, 2]: eyes as rings, the others where they are looked for."""
    points = np.full((68, 2), 0.99, np.float32)
    ring = np.array([(np.cos(angle), np.sin(angle)) for angle in np.arange(6) * np.pi / 3]) / 20
    points[36:42], points[42:48] = np.add(ring, (0.3, 0.4)), np.add(ring, (0.7, 0.4))
    points[30], points[48], points[54] = (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)
    return points


FIVE = [(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)]


def _landmarker(points: np.ndarray) -> Landmarker:
    return Landmarker(FakeModel(SPEC, lambda _: {"landmarks": points.reshape(1, 136)}))


def _placed(face: Face) -> list[tuple[float, float]]:
    return [(point.x, point.y) for point in face.landmarks]


def test_eyes_nose_and_mouth_are_placed_in_the_picture() -> None:
    face = _landmarker(_points()).place(PICTURE, FACE)
    assert _placed(face) == [pytest.approx((0.25 + x / 4, 0.5 + y / 4)) for x, y in FIVE]
    assert replace(face, landmarks=()) == FACE


def test_what_was_filled_up_around_a_narrow_box_is_taken_away() -> None:
    face = _landmarker(_points()).place(PICTURE, replace(FACE, box=Box(0.25, 0.5, 0.25, 0.5)))
    assert _placed(face) == [pytest.approx((0.125 + x / 2, 0.5 + y / 2)) for x, y in FIVE]


def test_of_a_box_that_reaches_beyond_the_picture_the_model_sees_what_there_is() -> None:
    face = _landmarker(_points()).place(PICTURE, replace(FACE, box=Box(-0.25, -0.25, 0.5, 0.5)))
    assert _placed(face) == [pytest.approx((x / 4, y / 4)) for x, y in FIVE]


@pytest.mark.parametrize("box", [Box(1.2, 0.1, 0.2, 0.2), Box(-0.4, 0.1, 0.3, 0.2), Box(0.5, 0.5, 0.0, 0.0)])
def test_a_face_without_pixels_gets_no_landmarks(box: Box) -> None:
    face = replace(FACE, box=box)
    assert _landmarker(_points()).place(PICTURE, face) == face


def test_the_model_sees_the_box_as_its_description_says() -> None:
    seen: list[np.ndarray] = []

    def look(image: np.ndarray) -> dict[str, np.ndarray]:
        seen.append(image)
        return {"landmarks": _points().reshape(1, 136)}

    pixels = np.zeros((400, 400, 3), np.uint8)
    pixels[200:300, 100:200] = 255
    Landmarker(FakeModel(SPEC, look)).place(Picture(pixels, (400, 400)), FACE)
    (image,) = seen
    assert image.shape == (1, 112, 112, 3)
    assert image[0, 5, 5] == pytest.approx((255 - np.array(SPEC.input.mean)) / 255, abs=1e-5)
    assert np.ptp(image, axis=(1, 2)).max() == 0

"""A detector of plain boxes: what it answers is led back to the picture, sorted out and cut at the edges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from made_face_api import ready_spec
from PIL import Image

from indexer.values.analysis import Face
from indexer.values.files import Picture
from indexer.vision.faces.detect import BoxDetector
from indexer.vision.runtime import FakeModel

READY = ready_spec("face-api-ssd-mobilenet-v1")
SPEC = replace(READY, input=replace(READY.input, fit="letterbox"))
Answer = Callable[[np.ndarray], dict[str, np.ndarray]]


def _answer(*boxes: Sequence[float], scores: Sequence[float] | None = None) -> Answer:
    """Return what answers with the same boxes (y1, x1, y2, x2) to any picture."""
    told = np.array(scores or [0.9] * len(boxes), np.float32)
    return lambda _: {"boxes": np.array(boxes, np.float32).reshape(-1, 4), "scores": told}


def _picture(width: int, height: int) -> Picture:
    return Picture(np.zeros((height, width, 3), np.uint8), (width, height))


def _faces(answer: Answer, width: int, height: int) -> list[Face]:
    return BoxDetector(FakeModel(SPEC, answer)).detect(_picture(width, height))


def _edges(face: Face) -> tuple[float, ...]:
    return face.box.left, face.box.top, face.box.left + face.box.width, face.box.top + face.box.height


def test_a_box_is_led_back_to_the_picture() -> None:
    (face,) = _faces(_answer((0.375, 0.2, 0.625, 0.4)), 800, 400)  # seen with a quarter of black above and below
    assert _edges(face) == pytest.approx((0.2, 0.25, 0.4, 0.75))
    assert face.score == pytest.approx(0.9)
    assert (face.landmarks, face.descriptor, face.quality) == ((), None, 0.0)


def test_a_box_ends_where_the_picture_does() -> None:
    (face,) = _faces(_answer((-0.1, 0.8, 0.6, 1.3)), 300, 300)
    assert _edges(face) == pytest.approx((0.8, 0, 1, 0.6))


@pytest.mark.parametrize("box", [(0, 0, 0.2, 1), (0.4, 0.3, 0.4, 0.5), (0.5, 0.6, 0.4, 0.3), (0.4, 1.1, 0.6, 1.4)])
def test_a_box_that_shows_nothing_of_the_picture_is_none(box: tuple[float, ...]) -> None:
    assert _faces(_answer(box), 800, 400) == []


def test_of_boxes_of_one_face_the_best_stays_and_the_best_face_comes_first() -> None:
    boxes = (0.1, 0.1, 0.3, 0.3), (0.6, 0.6, 0.8, 0.8), (0.61, 0.6, 0.81, 0.8), (0.1, 0.6, 0.3, 0.8)
    faces = _faces(_answer(*boxes, scores=(0.6, 0.7, 0.95, 0.49)), 500, 500)
    assert [face.score for face in faces] == pytest.approx([0.95, 0.6])
    assert _edges(faces[0]) == pytest.approx((0.6, 0.61, 0.8, 0.81))


def test_answers_may_have_a_side_for_the_batch() -> None:
    flat = _answer((0.1, 0.2, 0.3, 0.4))
    faces = _faces(lambda image: {key: values[np.newaxis] for key, values in flat(image).items()}, 500, 500)
    assert _edges(faces[0]) == pytest.approx((0.2, 0.1, 0.4, 0.3))


def test_no_boxes_are_no_faces() -> None:
    assert _faces(_answer(), 640, 480) == []


def test_the_model_sees_what_its_description_says() -> None:
    shapes = []

    def look(image: np.ndarray) -> dict[str, np.ndarray]:
        shapes.append((image.shape, float(image.min()), float(image.max())))
        return _answer()(image)

    white = Picture(np.full((100, 200, 3), 255, np.uint8), (200, 100))
    for spec in (SPEC, READY):
        BoxDetector(FakeModel(spec, look)).detect(white)
    assert shapes == [((1, 512, 512, 3), -1.0, pytest.approx(1.0))] * 2


def test_a_panorama_is_seen_in_parts() -> None:
    def brightest(image: np.ndarray) -> dict[str, np.ndarray]:
        rows, columns = np.nonzero(image[0, :, :, 0] > 0)
        if not len(rows):
            return _answer()(image)
        edges = rows.min(), columns.min(), rows.max() + 1, columns.max() + 1
        return _answer(tuple(edge / 512 for edge in edges))(image)

    panorama = Image.new("RGB", (3000, 500))
    panorama.paste((255, 255, 255), (2700, 100, 2800, 200))
    (face,) = BoxDetector(FakeModel(SPEC, brightest)).detect(Picture(np.asarray(panorama), panorama.size))
    assert _edges(face) == pytest.approx((0.9, 0.2, 2800 / 3000, 0.4), abs=0.005)


def test_only_a_panorama_asks_for_a_larger_picture() -> None:
    detector = BoxDetector(FakeModel(SPEC, _answer()))
    assert detector.long_side_px == 512
    assert detector.needs_larger(Picture(np.zeros((384, 512, 3), np.uint8), (4000, 3000))) is None
    assert detector.needs_larger(Picture(np.zeros((85, 512, 3), np.uint8), (12000, 2000))) == pytest.approx(
        2168, abs=20
    )

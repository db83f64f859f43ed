"""What the detector's numbers mean: decoding undoes encoding, and one face is found once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from indexer.vision.faces.anchors import Detections, decode, distinct, overlaps

HEIGHT, WIDTH = 96, 160
ANCHORS = 2 * (12 * 20 + 6 * 10 + 3 * 5)

corners = st.tuples(st.floats(0, 90), st.floats(0, 90), st.floats(1, 60), st.floats(1, 60))
many = st.lists(st.tuples(corners, st.floats(0, 1, width=32)), max_size=12)


def _outputs() -> dict[str, NDArray[np.float32]]:
    return {
        "boxes": np.zeros((ANCHORS, 4), np.float32),
        "scores": np.zeros(ANCHORS, np.float32),
        "landmarks": np.zeros((ANCHORS, 10), np.float32),
    }


def _found(faces: list[tuple[tuple[float, float, float, float], float]]) -> Detections:
    boxes = np.array([(x, y, x + w, y + h) for (x, y, w, h), _ in faces], np.float32).reshape(-1, 4)
    scores = np.array([score for _, score in faces], np.float32)
    return Detections(boxes, scores, np.zeros((len(faces), 5, 2), np.float32))


@pytest.mark.parametrize(
    ("index", "center", "side"),
    [
        (0, (4, 4), 16),  # stride 8, first cell, smaller anchor
        (3, (12, 4), 32),  # its neighbor to the right, larger anchor
        (40, (4, 12), 16),  # the row below
        (2 * 12 * 20, (8, 8), 64),  # stride 16
        (2 * (12 * 20 + 6 * 10) + 1, (16, 16), 512),  # stride 32
        (ANCHORS - 1, (144, 80), 512),  # the last
    ],
)
def test_an_offset_of_zero_is_the_anchor_itself(index: int, center: tuple[int, int], side: int) -> None:
    outputs = _outputs()
    outputs["scores"][index] = 0.9
    found = decode(outputs, HEIGHT, WIDTH, 0.5, 0.4)
    x, y = center
    assert found.boxes.tolist() == [[x - side / 2, y - side / 2, x + side / 2, y + side / 2]]
    assert found.landmarks.tolist() == [[[x, y]] * 5]


def test_offsets_are_scaled_by_the_anchor_and_its_variances() -> None:
    outputs = _outputs()
    outputs["scores"][0] = 0.9  # center (4, 4), side 16
    outputs["boxes"][0] = [5, 10, np.log(2) / 0.2, np.log(4) / 0.2]
    outputs["landmarks"][0, :2] = [1, -1]
    found = decode(outputs, HEIGHT, WIDTH, 0.5, 0.4)
    assert found.boxes[0] == pytest.approx([12 - 16, 20 - 32, 12 + 16, 20 + 32], abs=1e-4)
    assert found.landmarks[0, 0] == pytest.approx([5.6, 2.4], abs=1e-4)


def test_unlikely_anchors_are_left_out_and_the_best_comes_first() -> None:
    outputs = _outputs()
    outputs["scores"][[0, 100, 300]] = 0.6, 0.4, 0.8
    assert decode(outputs, HEIGHT, WIDTH, 0.5, 0.4).scores.tolist() == pytest.approx([0.8, 0.6])


def test_a_box_of_absurd_size_does_not_overflow() -> None:
    outputs = _outputs()
    outputs["scores"][0] = 1
    outputs["boxes"][0] = 1e4
    assert np.isfinite(decode(outputs, HEIGHT, WIDTH, 0.5, 0.4).boxes).all()


@given(many, st.floats(0.1, 0.9))
def test_no_two_faces_that_are_kept_overlap(
    faces: list[tuple[tuple[float, float, float, float], float]], most: float
) -> None:
    kept = distinct(_found(faces), most)
    for index in range(len(kept)):
        assert (overlaps(kept.boxes[index], kept.boxes[index + 1 :]) <= most).all()


@given(many, st.floats(0.1, 0.9))
def test_a_face_is_dropped_only_for_a_better_one(
    faces: list[tuple[tuple[float, float, float, float], float]], most: float
) -> None:
    found = _found(faces)
    kept = distinct(found, most)
    assert (np.diff(kept.scores) <= 0).all()
    for one in found.each():
        better = kept[np.flatnonzero(kept.scores >= one.scores[0])]
        same = (better.boxes == one.boxes[0]).all(axis=1)
        assert same.any() or (overlaps(one.boxes[0], better.boxes) > most).any()


def test_moving_scales_boxes_and_landmarks_alike() -> None:
    found = Detections(np.array([[1, 2, 3, 4]], np.float32), np.ones(1, np.float32), np.full((1, 5, 2), 2, np.float32))
    moved = found.moved(10, (100, 1000))
    assert moved.boxes.tolist() == [[110, 1020, 130, 1040]]
    assert moved.landmarks[0, 0].tolist() == [120, 1020]


def test_no_faces_joined_are_no_faces() -> None:
    assert len(Detections.joined([])) == 0
    assert len(distinct(Detections.joined([]), 0.4)) == 0

"""Alignment: the transform is exact, and a chip shows the face where the describer expects it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from indexer.vision.faces.align import CHIP_PX, TEMPLATE, applied, chip, similarity, template

turns = st.floats(-np.pi, np.pi)
scales = st.floats(0.05, 50)
shifts = st.floats(-5000, 5000)


def _turned(angle: float, scale: float, x: float, y: float) -> NDArray[np.float64]:
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[cosine, -sine, x], [sine, cosine, y]])


@given(turns, scales, shifts, shifts)
def test_similarity_recovers_any_turn_scale_and_shift(angle: float, scale: float, x: float, y: float) -> None:
    wanted = _turned(angle, scale, x, y)
    assert similarity(TEMPLATE, applied(wanted, TEMPLATE)) == pytest.approx(wanted, abs=1e-6)


@given(st.integers(0, 2**32 - 1))
def test_similarity_is_nearer_than_any_other(seed: int) -> None:
    random = np.random.default_rng(seed)
    points, target = random.normal(size=(5, 2)), random.normal(size=(5, 2))
    best = similarity(points, target)
    other = best + _turned(random.normal() / 10, random.normal() / 10, *random.normal(size=2) / 10)
    assert _miss(best, points, target) <= _miss(other, points, target) + 1e-12


@given(turns)
def test_similarity_never_mirrors(angle: float) -> None:
    mirrored = applied(_turned(angle, 1, 0, 0), TEMPLATE * (-1, 1))
    assert np.linalg.det(similarity(TEMPLATE, mirrored)[:, :2]) >= 0


def test_landmarks_that_coincide_give_a_chip_all_the_same() -> None:
    picture = np.full((40, 30, 3), 90, np.uint8)
    assert (chip(picture, np.full((5, 2), 12.0)) == 90).all()


def test_a_picture_that_is_a_chip_stays_as_it_is() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (CHIP_PX, CHIP_PX, 3), np.uint8)
    inner = slice(1, -1)
    difference = chip(picture, TEMPLATE)[inner, inner].astype(int) - picture[inner, inner]
    assert abs(difference).max() <= 1


@pytest.mark.parametrize("scale", [0.3, 1, 2.4, 6])
@pytest.mark.parametrize("degrees", [0, 20, -75, 180])
def test_a_chip_shows_the_landmarks_where_they_belong(scale: float, degrees: float) -> None:
    side = round(300 * scale)
    place = _turned(np.radians(degrees), scale, 0, 0)
    place[:, 2] = side / 2 - place[:, :2] @ (CHIP_PX / 2, CHIP_PX / 2)
    landmarks = applied(place, TEMPLATE)
    for landmark, wanted in zip(landmarks, TEMPLATE, strict=True):
        cut = chip(_glow(side, landmark, 5 * scale), landmarks)
        assert cut.shape == (CHIP_PX, CHIP_PX, 3)
        assert _middle(cut) == pytest.approx(wanted, abs=0.3)


@pytest.mark.parametrize(("name", "side"), [("dlib", 150), ("arcface", 112)])
def test_a_template_grows_with_its_chip(name: str, side: int) -> None:
    points = template(name, side)
    assert template(name, 2 * side) == pytest.approx(2 * points)
    assert points.shape == (5, 2)
    left_eye, right_eye, nose, left_corner, right_corner = points
    assert 0 < left_eye[0] < nose[0] < right_eye[0] < side
    assert 0 < left_corner[0] < nose[0] < right_corner[0] < side
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_corner[1], right_corner[1]) < side


def test_the_template_of_dlib_is_the_usual_one() -> None:
    assert (template("dlib", CHIP_PX) == TEMPLATE).all()


@pytest.mark.parametrize(("name", "size_px"), [("arcface", 112), ("arcface", 160), ("dlib", 96)])
def test_a_chip_of_another_kind_shows_the_landmarks_where_they_belong(name: str, size_px: int) -> None:
    target = template(name, size_px)
    landmarks = applied(_turned(0.3, 2.0, 150, 60), target)
    for landmark, wanted in zip(landmarks, target, strict=True):
        cut = chip(_glow(600, landmark, 6), landmarks, target, size_px)
        assert cut.shape == (size_px, size_px, 3)
        assert _middle(cut) == pytest.approx(wanted, abs=0.3)


def test_beyond_the_picture_a_chip_repeats_its_edge() -> None:
    picture = np.full((100, 100, 3), 70, np.uint8)
    picture[:, 99] = 200
    cut = chip(picture, np.add(TEMPLATE, (50, 0)))
    assert (cut[50:80, 60:] == 200).all()
    assert (cut[50:80, :40] == 70).all()


def test_a_face_that_lies_outside_the_picture_still_gives_a_chip() -> None:
    picture = np.full((50, 60, 3), 33, np.uint8)
    assert (chip(picture, np.add(TEMPLATE, (4000, -4000))) == 33).all()


def test_a_large_face_does_not_alias() -> None:
    stripes = np.zeros((1500, 1500, 3), np.uint8)
    stripes[:, ::2] = 255
    assert np.ptp(chip(stripes, TEMPLATE * 10).astype(int)) <= 3


def _miss(matrix: NDArray[np.float64], points: NDArray[np.float64], target: NDArray[np.float64]) -> float:
    return float(np.square(applied(matrix, points) - target).sum())


def _glow(side: int, place: NDArray[np.float64], radius: float) -> NDArray[np.uint8]:
    """Draw a soft spot; the first pixel reaches from 0 to 1, so its middle is at 0.5."""
    x, y = (np.exp(-np.square((np.arange(side) + 0.5 - middle) / radius) / 2) for middle in place)
    return np.repeat((255 * np.outer(y, x)).astype(np.uint8)[..., np.newaxis], 3, axis=2)


def _middle(cut: NDArray[np.uint8]) -> NDArray[np.float64]:
    light = cut[..., 0].astype(float)
    y, x = np.indices(light.shape) + 0.5
    return np.array([(light * x).sum(), (light * y).sum()]) / light.sum()

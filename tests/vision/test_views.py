"""Where the detector looks: the whole of a picture, and squares around what may be a face."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.vision.faces.detect import square, views

sides = st.integers(1, 70_000)


@pytest.mark.parametrize("size", [(1, 1), (4000, 3000), (3000, 4000), (1920, 1080), (2500, 1000)])
def test_an_ordinary_picture_is_seen_at_once(size: tuple[int, int]) -> None:
    assert views(*size) == [(0, 0, *size)]


@pytest.mark.parametrize(("size", "count"), [((3000, 1000), 3), ((1000, 3000), 3), ((6000, 1000), 6), ((60000, 10), 8)])
def test_a_panorama_is_seen_in_parts(size: tuple[int, int], count: int) -> None:
    assert len(views(*size)) == count


@given(sides, sides)
def test_views_cover_the_picture_and_share_half_of_its_short_side(width: int, height: int) -> None:
    parts = views(width, height)
    assert parts[0][:2] == (0, 0)
    assert parts[-1][2:] == (width, height)
    for one, two in pairwise(parts):
        shared = (one[2] - two[0]) if width >= height else (one[3] - two[1])
        assert shared >= min(width, height) / 2 - 1e-6


def test_a_square_inside_the_picture_is_cut_out() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (50, 60, 3), np.uint8)
    assert (square(picture, (10, 20), 16, 16) == picture[20:36, 10:26]).all()


def test_a_square_beyond_the_picture_is_black_there() -> None:
    picture = np.full((50, 60, 3), 200, np.uint8)
    cut = square(picture, (-16, 34), 32, 32)
    assert (cut[:16, 16:] == 200).all()
    assert (cut[:, :15] == 0).all()
    assert (cut[17:] == 0).all()


@given(st.floats(-60, 59), st.floats(-60, 49), st.floats(0.01, 200))
def test_a_square_anywhere_has_the_size_that_is_wanted(x: float, y: float, side: float) -> None:
    picture = np.zeros((50, 60, 3), np.uint8)
    assert square(picture, (x, y), side, 32).shape == (32, 32, 3)

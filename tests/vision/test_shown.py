"""Places in what a model saw are led back to the picture, whatever was done to fit it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.vision.preprocess import fitted, in_picture
from indexer.vision.spec import read_specs
from indexer.vision.spec_tensors import Input

INPUT = replace(read_specs()["retinaface-mobilenet025"].input, resampling="bilinear")
LETTERBOX = replace(INPUT, fit="letterbox", size_px=96, height_px=64, fill=0.0)
LONG_SIDE = replace(INPUT, fit="long-side", size_px=96, multiple_px=32)
STRETCH = replace(INPUT, fit="stretch", size_px=96, height_px=64)
sides = st.integers(20, 400)


def _middle(seen: np.ndarray) -> np.ndarray:
    """Return x and y of the light's middle, as fractions of what the network sees."""
    light = seen[..., 0].astype(float)
    y, x = np.indices(light.shape) + 0.5
    return np.array([(light * x).sum() / light.shape[1], (light * y).sum() / light.shape[0]]) / light.sum()


@pytest.mark.parametrize("wanted", [LETTERBOX, LONG_SIDE, STRETCH], ids=lambda wanted: wanted.fit)
@given(sides, sides)
def test_a_light_is_found_where_it_is_in_the_picture(wanted: Input, width: int, height: int) -> None:
    picture = np.zeros((height, width, 3), np.uint8)
    picture[height // 4 : height // 2, width // 2 : -(-width * 3 // 4)] = 255
    found = in_picture(_middle(fitted(picture, wanted)), width, height, wanted)
    assert found == pytest.approx(_middle(picture), abs=0.02)


@pytest.mark.parametrize("wanted", [LETTERBOX, LONG_SIDE, STRETCH], ids=lambda wanted: wanted.fit)
@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1)])
def test_pictures_of_any_shape_are_led_back(wanted: Input, size: tuple[int, int]) -> None:
    assert np.isfinite(in_picture([[0, 0], [1, 1]], *size, wanted)).all()

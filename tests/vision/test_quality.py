"""Quality: what blurs, hides or shrinks a face lowers it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from indexer.vision.faces.describe import quality, sharpness

USUAL = 0.21  # what the chip of a good photo differs from its mirror image


@pytest.fixture(scope="module")
def cut(samples: dict[str, Path]) -> NDArray[np.uint8]:
    with Image.open(samples["hopper"]) as image:
        return np.asarray(image.convert("RGB").crop((130, 80, 400, 350)).resize((150, 150), Image.Resampling.LANCZOS))


def _blurred(cut: NDArray[np.uint8], radius: float | tuple[float, float]) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(cut).filter(ImageFilter.GaussianBlur(radius)))


def test_a_good_face_is_fit_for_comparing(cut: NDArray[np.uint8]) -> None:
    assert quality(cut, 1.8, USUAL) > 0.9


def test_blur_lowers_quality_step_by_step(cut: NDArray[np.uint8]) -> None:
    judged = [quality(_blurred(cut, radius), 1.8, USUAL) for radius in (0, 2, 4, 6, 9, 13)]
    assert judged == sorted(judged, reverse=True)
    assert judged[0] - judged[-1] > 0.6


def test_motion_in_one_direction_is_seen(cut: NDArray[np.uint8]) -> None:
    assert sharpness(_blurred(cut, (9, 0))) < 0.5 * sharpness(cut)
    assert sharpness(_blurred(cut, (0, 9))) < 0.5 * sharpness(cut)


def test_brightness_and_contrast_do_not_matter_much(cut: NDArray[np.uint8]) -> None:
    assert sharpness((cut * 0.5 + 40).astype(np.uint8)) == pytest.approx(sharpness(cut), rel=0.1)


@pytest.mark.parametrize("detail", [0.2, 0.5, 3.0])
def test_beyond_a_size_more_pixels_do_not_matter(detail: float, cut: NDArray[np.uint8]) -> None:
    assert quality(cut, detail, USUAL) == quality(cut, 1.0, USUAL)


def test_a_tiny_face_is_trusted_less(cut: NDArray[np.uint8]) -> None:
    assert quality(cut, 0.05, USUAL) < quality(cut, 0.1, USUAL) < quality(cut, 0.2, USUAL)


def test_a_face_unlike_its_mirror_image_is_trusted_less(cut: NDArray[np.uint8]) -> None:
    assert quality(cut, 1.0, 0.6) < quality(cut, 1.0, 0.4) < quality(cut, 1.0, 0.2)


@given(st.integers(0, 255), st.floats(0, 100), st.floats(0, 3))
def test_quality_stays_within_its_bounds(grey: int, detail: float, asymmetry: float) -> None:
    assert 0 <= quality(np.full((150, 150, 3), grey, np.uint8), detail, asymmetry) <= 1

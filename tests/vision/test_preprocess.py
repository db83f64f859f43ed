"""Pixels to tensors: sizes, colors and numbers as the spec says, for any picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from indexer.vision.preprocess import fitted, letterbox, normalized, resized, tensor, views
from indexer.vision.spec import read_specs
from indexer.vision.spec_tensors import Input

SPECS = read_specs()
PLAIN = Input("image", "as-is", 8, "RGB", (0.0,) * 3, (1.0,) * 3, "bicubic", 1.0, 1, 4096)
sides = st.integers(1, 300)


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
@given(height=sides, width=sides)
def test_any_picture_gets_a_shape_that_the_model_takes(spec, height: int, width: int) -> None:
    if spec.input.fit == "as-is":
        height = width = spec.input.size_px
    values = tensor(picture(height, width), spec)
    assert values.dtype == np.float32
    count, rows, columns, colors = values.shape
    assert (count, colors) == (1, 3)
    if spec.role in ("face-detector", "text-detector"):
        assert rows % 32 == columns % 32 == 0
        assert max(rows, columns) <= spec.input.size_px
    else:
        assert min(rows, columns) == spec.input.size_px
        assert max(rows, columns) <= spec.input.longest_px


@given(height=sides, width=sides, colors=st.sampled_from(["RGB", "BGR"]), count=st.integers(1, 3))
def test_every_value_is_the_pixel_minus_mean_times_scale(height: int, width: int, colors: str, count: int) -> None:
    wanted = replace(PLAIN, colors=colors, mean=(10.0, 20.0, 30.0), scale=(1.0, 0.5, 0.25))
    pixels = np.stack([picture(height, width, seed) for seed in range(count)])
    ordered = pixels if colors == "RGB" else pixels[..., ::-1]
    expected = (ordered.astype(np.float64) - wanted.mean) * wanted.scale
    np.testing.assert_allclose(normalized(pixels, wanted), expected, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize(
    ("size", "longest", "picture_size", "expected"),
    [
        (224, 640, (1000, 750), (288, 224)),  # (width, height): 298.7 lies nearest to 224 + 2 × 32
        (224, 640, (750, 1000), (224, 288)),
        (224, 640, (500, 500), (224, 224)),
        (224, 640, (5000, 500), (640, 224)),  # a panorama is squeezed
        (260, 640, (1000, 750), (356, 260)),  # steps begin at the short side
        (224, 100, (300, 200), (224, 224)),  # the short side goes before the limit
        (224, 640, (1, 1), (224, 224)),
        (224, 640, (1, 3000), (224, 640)),
    ],
)
def test_short_side(size: int, longest: int, picture_size: tuple[int, int], expected: tuple[int, int]) -> None:
    wanted = replace(PLAIN, fit="short-side", size_px=size, longest_px=longest, multiple_px=32)
    width, height = picture_size
    assert fitted(picture(height, width), wanted).shape == (expected[1], expected[0], 3)


def test_long_side_is_reduced_and_filled_with_black_at_the_bottom_right() -> None:
    wanted = replace(PLAIN, fit="long-side", size_px=100, multiple_px=32)
    out = fitted(np.full((150, 200, 3), 255, np.uint8), wanted)
    assert out.shape == (96, 128, 3)
    assert out[:75, :100].min() == 255
    assert out[75:].max() == out[:, 100:].max() == 0


def test_a_small_picture_is_not_enlarged_to_the_long_side() -> None:
    wanted = replace(PLAIN, fit="long-side", size_px=1024, multiple_px=32)
    small = picture(40, 64)
    np.testing.assert_array_equal(fitted(small, wanted)[:40], small)


def test_center_crop_takes_the_middle_of_the_short_side() -> None:
    pixels = np.zeros((100, 300, 3), np.uint8)
    pixels[25:75, 125:175] = 200
    wanted = replace(PLAIN, fit="center-crop", crop=0.5, size_px=50, resampling="nearest")
    assert np.unique(fitted(pixels, wanted)).tolist() == [200]


def test_stretch_shows_the_whole_picture() -> None:
    pixels = np.zeros((10, 40, 3), np.uint8)
    pixels[:, 20:] = 100
    out = fitted(pixels, replace(PLAIN, fit="stretch", size_px=8, resampling="nearest"))
    assert out.shape == (8, 8, 3)
    assert np.unique(out[:, :4]).tolist() == [0]
    assert np.unique(out[:, 4:]).tolist() == [100]


def test_the_original_is_left_alone() -> None:
    pixels = picture(64, 64)
    pixels.setflags(write=False)
    before = pixels.copy()
    for spec in SPECS.values():
        tensor(np.ascontiguousarray(np.resize(pixels, (150, 150, 3))), spec)
        tensor(pixels[::-1], replace(spec, input=replace(spec.input, fit="stretch")))  # not contiguous
    np.testing.assert_array_equal(pixels, before)
    assert resized(pixels, (64, 64), "bicubic") is pixels


@given(
    st.sampled_from(["stretch", "center-crop", "three-crops", "letterbox"]),
    st.integers(1, 700),
    st.integers(1, 700),
    st.sampled_from([(224, 224), (320, 240), (7, 91)]),
    st.sampled_from([1.0, 0.875, 0.33]),
)
@example("center-crop", 300, 246, (224, 224), 1.0)  # as floating-point numbers its parts add up to more than it has
@example("three-crops", 333, 29, (224, 224), 1.0)
def test_any_picture_is_brought_to_the_one_size(
    fit: str, height: int, width: int, size: tuple[int, int], crop: float
) -> None:
    wanted = replace(PLAIN, fit=fit, size_px=size[0], height_px=size[1], crop=crop)
    seen = list(views(np.zeros((height, width, 3), np.uint8), wanted))
    assert [view.shape for view in seen] == [(size[1], size[0], 3)] * (3 if fit == "three-crops" else 1)


def test_three_crops_are_both_ends_and_the_middle_of_the_long_side() -> None:
    pixels = np.repeat(np.uint8([10, 20, 30]), 40)[None, :, None] * np.ones((40, 1, 3), np.uint8)
    wanted = replace(PLAIN, fit="three-crops", size_px=40, height_px=0, crop=1.0, resampling="nearest")
    for turned in (pixels, pixels.transpose(1, 0, 2)):
        assert [set(view.ravel().tolist()) for view in views(turned, wanted)] == [{10}, {20}, {30}]


def test_a_letterbox_shows_the_whole_picture_in_the_middle() -> None:
    wanted = replace(PLAIN, fit="letterbox", size_px=60, height_px=0, fill=9.0, resampling="nearest")
    seen = fitted(np.full((20, 40, 3), 200, np.uint8), wanted)
    left, top, width, height = letterbox(40, 20, wanted.size)
    assert (left, top, width, height) == (0, 15, 60, 30)
    assert (seen[15:45] == 200).all()
    assert (seen[:15] == 9).all()
    assert (seen[45:] == 9).all()


def test_gray_is_the_brightness_that_the_eye_sees() -> None:
    pixels = np.uint8([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]])
    (seen,) = normalized(pixels[None], replace(PLAIN, colors="gray", mean=(10.0,) * 3, scale=(0.5,) * 3))
    assert seen.shape == (1, 3, 1)
    np.testing.assert_allclose(seen[0, :, 0], (np.float32([76, 150, 29]) - 10) / 2)  # ITU-R BT.601

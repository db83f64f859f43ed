"""Decoded pixels flow in; the float32 tensor that a network wants to see flows out, as its spec says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from indexer.vision.spec import Input, ModelSpec

_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
# Much larger pictures are first reduced by a whole number, which costs a fraction of the filter.
_REDUCING_GAP = 1.4
_Box = tuple[float, float, float, float]


def tensor(pixels: NDArray[np.uint8], spec: ModelSpec) -> NDArray[np.float32]:
    """Turn a picture uint8[h, w, 3] (RGB) into float32[1, h', w', 3]: fitted, colors in order, scaled."""
    wanted = spec.input
    return normalized(fitted(pixels, wanted)[np.newaxis], wanted)


def fitted(pixels: NDArray[np.uint8], wanted: Input) -> NDArray[np.uint8]:
    """Crop, resize and fill up a picture uint8[h, w, 3] as the input wants it; still RGB."""
    height, width = pixels.shape[:2]
    match wanted.fit:
        case "as-is":
            return pixels
        case "stretch":
            return resized(pixels, (wanted.size_px, wanted.size_px), wanted.resampling)
        case "center-crop":
            side = min(width, height) * wanted.crop
            left, top = (width - side) / 2, (height - side) / 2
            size, box = (wanted.size_px, wanted.size_px), (left, top, left + side, top + side)
            return resized(pixels, size, wanted.resampling, box)
        case "short-side":
            return resized(pixels, _short_side(width, height, wanted), wanted.resampling)
    return _filled(resized(pixels, _long_side(width, height, wanted), wanted.resampling), wanted.multiple_px)


def resized(
    pixels: NDArray[np.uint8], size: tuple[int, int], resampling: str, box: _Box | None = None
) -> NDArray[np.uint8]:
    """Resize a picture uint8[h, w, 3], or a box of it (left, top, right, bottom in px), to (width, height)."""
    if box is None and size == (pixels.shape[1], pixels.shape[0]):
        return pixels
    return np.asarray(Image.fromarray(pixels).resize(size, _FILTERS[resampling], box, _REDUCING_GAP))


def normalized(pixels: NDArray[np.uint8], wanted: Input) -> NDArray[np.float32]:
    """Turn pixels uint8[n, h, w, 3] (RGB) into float32 of the same shape: colors in order, (pixel − mean) × scale."""
    count, height, width, _ = pixels.shape
    if wanted.colors == "BGR":
        pixels = _reversed(pixels.reshape(count * height, width, 3))
    # Rows of all three colors together: NumPy is several times faster along one long side than along a side of 3.
    values = pixels.reshape(count * height, width * 3).astype(np.float32)
    values -= np.tile(np.asarray(wanted.mean, np.float32), width)
    values *= np.tile(np.asarray(wanted.scale, np.float32), width)
    return values.reshape(count, height, width, 3)


def _short_side(width: int, height: int, wanted: Input) -> tuple[int, int]:
    """Return (width, height): the short side as wanted, the long one in whole steps above it."""
    short, step = wanted.size_px, wanted.multiple_px
    long = short * max(width, height) / min(width, height)
    long = min(short + step * round((long - short) / step), max(short, wanted.longest_px))
    return (long, short) if width >= height else (short, long)


def _long_side(width: int, height: int, wanted: Input) -> tuple[int, int]:
    """Return (width, height) with the long side as wanted; a smaller picture is not enlarged."""
    ratio = min(1.0, wanted.size_px / max(width, height))
    return max(1, round(width * ratio)), max(1, round(height * ratio))


def _filled(pixels: NDArray[np.uint8], multiple_px: int) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    below, beside = -height % multiple_px, -width % multiple_px
    return np.pad(pixels, ((0, below), (0, beside), (0, 0))) if below or beside else pixels


def _reversed(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Turn RGB into BGR; Pillow does it several times faster than NumPy's [..., ::-1]."""
    return np.frombuffer(Image.fromarray(pixels).tobytes("raw", "BGR"), np.uint8)

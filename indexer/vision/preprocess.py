"""Preprocessing: decoded pixels as the float32 tensor that a model's spec describes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from indexer.vision.spec import ModelSpec
from indexer.vision.spec_tensors import Input

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
    """Convert a picture uint8[h, w, 3] (RGB) to float32[views, h', w', colors]: fitted, colors in order, scaled."""
    wanted = spec.input
    return normalized(np.stack(list(views(pixels, wanted))), wanted)


def views(pixels: NDArray[np.uint8], wanted: Input) -> Iterator[NDArray[np.uint8]]:
    """Yield the inputs that a picture uint8[h, w, 3] gives, still RGB: the whole, or one part after the other."""
    if wanted.fit != "three-crops":
        yield fitted(pixels, wanted)
        return
    for place in (0.0, 0.5, 1.0):
        yield resized(pixels, wanted.size, wanted.resampling, _crop(pixels, wanted, place))


def fitted(pixels: NDArray[np.uint8], wanted: Input) -> NDArray[np.uint8]:
    """Crop, resize and pad a picture uint8[h, w, 3] as the input requires; still RGB."""
    height, width = pixels.shape[:2]
    match wanted.fit:
        case "as-is":
            return pixels
        case "stretch":
            return resized(pixels, wanted.size, wanted.resampling)
        case "center-crop":
            return resized(pixels, wanted.size, wanted.resampling, _crop(pixels, wanted, 0.5))
        case "letterbox":
            return _letterbox(pixels, wanted)
        case "short-side":
            return resized(pixels, _short_side(width, height, wanted), wanted.resampling)
    return _filled(resized(pixels, _long_side(width, height, wanted), wanted.resampling), wanted.multiple_px)


def letterbox(width: int, height: int, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return where a picture of width × height px lies in a letterbox: left, top, width, height in px."""
    ratio = min(size[0] / width, size[1] / height)
    inner = max(1, round(width * ratio)), max(1, round(height * ratio))
    return (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2, *inner


def resized(
    pixels: NDArray[np.uint8], size: tuple[int, int], resampling: str, box: _Box | None = None
) -> NDArray[np.uint8]:
    """Resize a picture uint8[h, w, 3], or a box of it (left, top, right, bottom in px), to (width, height)."""
    if box is None and size == (pixels.shape[1], pixels.shape[0]):
        return pixels
    return np.asarray(Image.fromarray(pixels).resize(size, _FILTERS[resampling], box, _REDUCING_GAP))


def normalized(pixels: NDArray[np.uint8], wanted: Input) -> NDArray[np.float32]:
    """Convert pixels uint8[n, h, w, 3] (RGB) to float32[n, h, w, colors]: in order, (pixel − mean) × scale."""
    count, height, width, _ = pixels.shape
    if wanted.colors == "BGR":
        pixels = _reversed(pixels.reshape(count * height, width, 3))
    elif wanted.colors == "gray":
        luma = np.asarray(Image.fromarray(pixels.reshape(count * height, width, 3)).convert("L"), np.float32)
        return ((luma - np.float32(wanted.mean[0])) * np.float32(wanted.scale[0])).reshape(count, height, width, 1)
    # Rows of all three colors together: NumPy is several times faster along one long side than along a side of 3.
    values = pixels.reshape(count * height, width * 3).astype(np.float32)
    values -= np.tile(np.asarray(wanted.mean, np.float32), width)
    values *= np.tile(np.asarray(wanted.scale, np.float32), width)
    return values.reshape(count, height, width, 3)


def _crop(pixels: NDArray[np.uint8], wanted: Input, place: float) -> _Box:
    """Return the largest part with the wanted aspect ratio, reduced by `crop`.

    place: 0 for the left or upper end of the possible range, 1 for the other.
    """
    height, width = pixels.shape[:2]
    across, down = wanted.size
    unit = min(width / across, height / down) * wanted.crop
    wide, high = min(across * unit, width), min(down * unit, height)  # rounding must not exceed the picture
    left, top = (width - wide) * place, (height - high) * place
    return left, top, min(left + wide, width), min(top + high, height)


def _letterbox(pixels: NDArray[np.uint8], wanted: Input) -> NDArray[np.uint8]:
    left, top, width, height = letterbox(pixels.shape[1], pixels.shape[0], wanted.size)
    whole = np.full((wanted.size[1], wanted.size[0], 3), round(wanted.fill), np.uint8)
    whole[top : top + height, left : left + width] = resized(pixels, (width, height), wanted.resampling)
    return whole


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


def in_picture(places: ArrayLike, width: int, height: int, wanted: Input) -> NDArray[np.float64]:
    """Return float64[…, 2], x and y as fractions of a picture of width × height px.

    places: [..., 2], x and y as fractions of the output of `fitted`.  'letterbox' and
    'long-side' are undone; any other fit is taken to show the whole picture and nothing else.
    """
    left, top, across, down = _shown(width, height, wanted)
    moved: NDArray[np.float64] = (np.asarray(places, np.float64) - (left, top)) / (across, down)
    return moved


def _shown(width: int, height: int, wanted: Input) -> tuple[float, float, float, float]:
    """Return where the picture lies in the model's input: left, top, width and height as fractions."""
    match wanted.fit:
        case "letterbox":
            left, top, inner_width, inner_height = letterbox(width, height, wanted.size)
            outer_width, outer_height = wanted.size
        case "long-side":
            ratio = min(1.0, wanted.size_px / max(width, height))
            left, top, inner_width, inner_height = 0, 0, max(1, round(width * ratio)), max(1, round(height * ratio))
            step = wanted.multiple_px
            outer_width, outer_height = -(-inner_width // step) * step, -(-inner_height // step) * step
        case _:
            return 0.0, 0.0, 1.0, 1.0
    return left / outer_width, top / outer_height, inner_width / outer_width, inner_height / outer_height

"""Face alignment: the chip of a face, from its landmarks.

A chip is a square in which eyes, nose and mouth are at the positions that the describer was trained with.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

CHIP_PX = 150
# Left eye, right eye, nose, left and right mouth corner in dlib's chip, x and y in px: the median over 126 faces
# for which dlib, with its own 5-point model, had cut a chip of the same picture.
TEMPLATE = np.array([[46.47, 45.12], [101.67, 44.97], [73.26, 77.37], [50.66, 99.00], [97.95, 99.22]])
# The same in the chip of 112 px that ArcFace and its kin are trained on: https://github.com/deepinsight/insightface.
_ARCFACE_PX = 112
_ARCFACE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
_MARGIN_PX = 1  # margin of interpolation beyond the edge of the chip

Matrix = NDArray[np.float64]


def template(name: str, size_px: int) -> Matrix:
    """Return the positions of the five landmarks in a chip of size_px × size_px, float64[5, 2].

    name: one of spec.TEMPLATES.
    """
    points, side = {"dlib": (TEMPLATE, CHIP_PX), "arcface": (_ARCFACE, _ARCFACE_PX)}[name]
    return points * (size_px / side)


def similarity(points: ArrayLike, target: ArrayLike) -> Matrix:
    """Return the rotation, scale and shift, float64[2, 3], that bring points [n, 2] nearest to target [n, 2].

    Nearest in the sum of squared distances; never a mirror image.  Points that coincide get scale 0.
    Source: S. Umeyama, Least-squares estimation of transformation parameters between two point patterns, PAMI 1991.
    """
    source, goal = np.asarray(points, np.float64), np.asarray(target, np.float64)
    source_mean, goal_mean = source.mean(axis=0), goal.mean(axis=0)
    centered = source - source_mean
    left, strengths, right = np.linalg.svd((goal - goal_mean).T @ centered)
    signs = np.array([1.0, np.sign(np.linalg.det(left) * np.linalg.det(right)) or 1.0])
    spread = np.square(centered).sum()
    scale = strengths @ signs / spread if spread else 0.0
    linear = scale * (left * signs) @ right
    return np.column_stack([linear, goal_mean - linear @ source_mean])


def applied(matrix: Matrix, points: ArrayLike) -> Matrix:
    """Return float64[n, 2]: the points [n, 2] after rotation, scale and shift."""
    moved: Matrix = np.asarray(points, np.float64) @ matrix[:, :2].T + matrix[:, 2]
    return moved


def chip(
    pixels: NDArray[np.uint8], landmarks: ArrayLike, target: ArrayLike = TEMPLATE, size_px: int = CHIP_PX
) -> NDArray[np.uint8]:
    """Cut the chip of a face, uint8[size_px, size_px, 3], from a picture uint8[h, w, 3].

    landmarks: [5, 2], x and y in px of the picture.  target: their positions in the chip, from `template`.
    Large faces are reduced before they are rotated, so that nothing aliases; beyond the picture its edge is repeated.
    """
    back = _inverse(similarity(landmarks, target))
    corners = applied(back, [[0, 0], [size_px, 0], [0, size_px], [size_px, size_px]])
    reduction = max(1, round(float(np.hypot(back[0, 0], back[1, 0]))))
    around, origin = _region(pixels, corners.min(axis=0), corners.max(axis=0), reduction)
    back[:, 2] -= origin
    back /= reduction
    image = Image.fromarray(around)
    size = (size_px, size_px)
    return np.asarray(image.transform(size, Image.Transform.AFFINE, tuple(back.ravel()), Image.Resampling.BILINEAR))


def _inverse(matrix: Matrix) -> Matrix:
    """Return the inverse of a similarity; one that shrinks all to a point is inverted as if it kept the size."""
    linear = matrix[:, :2] if np.linalg.det(matrix[:, :2]) > 1e-12 else np.eye(2)
    undone = np.linalg.inv(linear)
    return np.column_stack([undone, -undone @ matrix[:, 2]])


def _region(pixels: NDArray[np.uint8], least: Matrix, most: Matrix, reduction: int) -> tuple[NDArray[np.uint8], Matrix]:
    """Return the pixels from `least` to `most` (x, y) at 1 / reduction, and the position (x, y) of the first."""
    height, width = pixels.shape[:2]
    first = np.floor(least / reduction).astype(int) - _MARGIN_PX
    last = np.ceil(most / reduction).astype(int) + _MARGIN_PX
    columns, rows = -(-width // reduction), -(-height // reduction)
    inside_first = np.clip(first, 0, (columns - 1, rows - 1))
    inside_last = np.clip(last, inside_first + 1, (columns, rows))
    (left, top), (right, bottom) = inside_first * reduction, inside_last * reduction
    inside = pixels[top:bottom, left:right]
    if reduction > 1:
        inside = np.asarray(Image.fromarray(inside).reduce(reduction))
    before, after = np.maximum(inside_first - first, 0), np.maximum(last - inside_last, 0)
    around = np.pad(inside, ((before[1], after[1]), (before[0], after[0]), (0, 0)), "edge")
    return around, first * float(reduction)

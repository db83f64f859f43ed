"""Face description: a descriptor and a quality for each face of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from indexer.values.analysis import Descriptor, Face
from indexer.values.files import Picture
from indexer.vision.faces.align import CHIP_PX, TEMPLATE, chip, similarity, template
from indexer.vision.preprocess import normalized
from indexer.vision.runtime import Model

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_FACE = slice(15, 135)  # of the chip: the rest is not the face
_CELL_PX = 4  # sharpness is judged in squares of the chip this large, finer detail being no help to the describer

_USUAL, _BY_SHARPNESS, _BY_ASYMMETRY, _BY_DETAIL = -6.8, -2.0, 5.1, -1.0
_SHARP, _BLURRED = 0.35, 0.02  # sharpness outside of which quality does not change
_DETAILED = 0.2


def quality(chip: NDArray[np.uint8], detail: float, asymmetry: float) -> float:
    """Return how fit a face is for comparison: 1 when no verdict is wrong, 0 when a coin would do as well.

    chip: uint8[150, 150, 3].  detail: pixels of the picture to a pixel of the chip, along a side.
    asymmetry: distance between the descriptors of the chip and of its mirror image; it grows as the face turns
    away or is half hidden.
    """
    odds = _USUAL + _BY_ASYMMETRY * asymmetry
    odds += _BY_SHARPNESS * log(min(max(sharpness(chip), _BLURRED), _SHARP))
    odds += _BY_DETAIL * log(min(max(detail, 1e-3) / _DETAILED, 1))
    wrong = 1 / (1 + exp(-odds))
    return max(0.0, 1 - 2 * wrong)


def sharpness(chip: NDArray[np.uint8]) -> float:
    """Return the mean second difference of the face's luma in its less sharp direction, relative to its contrast.

    About 0.35 in a good photo, 0.1 where motion or a lens out of focus has blurred the face.
    """
    luma = chip[_FACE, _FACE].astype(np.float32) @ _LUMA
    cells = luma.shape[0] // _CELL_PX
    coarse = luma.reshape(cells, _CELL_PX, cells, _CELL_PX).mean(axis=(1, 3))
    bends = min(float(np.abs(np.diff(coarse, 2, axis)).mean()) for axis in (0, 1))
    return bends / (float(luma.std()) + 1)


_ENOUGH, _WORTH = 0.35, 0.15  # pixels of the picture per pixel of dlib's chip: little gain above, no use below
_USUAL_DISTANCE = 0.6  # maximum between two faces of one person, by the model that quality was fitted with

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]


class Describer:
    """A face describer: its descriptors are near each other where the faces are one person's."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._chip_px = model.spec.input.size_px
        self._template = template(model.spec.align, self._chip_px)

    def needs_larger(self, picture: Picture, faces: Sequence[Face]) -> int | None:
        """Return the long side in px that the picture should be decoded with for the chips of its faces.

        None where the picture suffices, or its original is no larger, or its faces are too small in any case.
        """
        larger = max(picture.full_size) / max(picture.size)
        if larger <= 1:
            return None
        details = [detail for face in faces if face.landmarks and (detail := _detail(picture, face)) * larger >= _WORTH]
        least = min(details, default=_ENOUGH)
        return round(max(picture.size) * min(larger, _ENOUGH / least)) if least < _ENOUGH else None

    def describe(self, picture: Picture, faces: Sequence[Face]) -> list[Face]:
        """Return the faces in the same order, each with a descriptor and a quality.

        A descriptor is the mean of those of the chip and of its mirror image; dlib calls the like 'jitter'.  Faces
        without landmarks stay as they are.
        """
        return [self._described(picture, face) if face.landmarks else face for face in faces]

    def _described(self, picture: Picture, face: Face) -> Face:
        # One face a run: more together are no faster, and LiteRT would prepare for every new number of them.
        spec, points = self.model.spec, landmarks_px(picture, face)
        cut = chip(picture.pixels, points, self._template, self._chip_px)
        seen, mirrored = self._vectors(cut)
        asymmetry = float(np.linalg.norm(seen - mirrored)) * (_USUAL_DISTANCE / spec.thresholds["distance"])
        judged = quality(self._judged_by(picture, points, cut), _detail(picture, face), asymmetry)
        return replace(face, quality=judged, descriptor=Descriptor.of(spec.id, self._mean(seen, mirrored)))

    def _judged_by(self, picture: Picture, points: Floats, cut: Pixels) -> Pixels:
        """Return the chip for the quality, which is dlib's, whatever chip the model takes."""
        is_dlib = self.model.spec.align == "dlib" and self._chip_px == CHIP_PX
        return cut if is_dlib else chip(picture.pixels, points)

    def _mean(self, seen: NDArray[np.float32], mirrored: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the mean of two descriptors, at their length where the spec wants length 1."""
        mean = (seen + mirrored) / 2
        if self.model.spec.outputs["descriptors"].apply == "unit":
            mean /= max(float(np.linalg.norm(mean)), 1e-9)
        return np.asarray(mean, np.float32)

    def _vectors(self, cut: Pixels) -> NDArray[np.float32]:
        """Return the model's output, float32[2, length], for a chip and for its mirror image."""
        chips = np.stack([cut, cut[:, ::-1]])
        return self.model.run(normalized(chips, self.model.spec.input))["descriptors"]


def landmarks_px(picture: Picture, face: Face) -> Floats:
    """Return the landmarks of a face, float64[5, 2], in px of the picture."""
    return np.array([(point.x, point.y) for point in face.landmarks]) * picture.size


def _detail(picture: Picture, face: Face) -> float:
    """Return how many pixels of the picture make one pixel of dlib's chip, along a side."""
    linear = similarity(landmarks_px(picture, face), TEMPLATE)[:, :2]
    return 1 / max(float(np.hypot(*linear[0])), 1e-9)

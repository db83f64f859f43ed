"""A Picture and its faces flow in; the same faces flow out with a descriptor and a quality each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from indexer.photo import Descriptor, Face, Picture
from indexer.vision.align import TEMPLATE, chip, similarity
from indexer.vision.preprocess import normalized
from indexer.vision.quality import quality
from indexer.vision.runtime import Model

_ENOUGH, _WORTH = 0.35, 0.15  # pixels of the picture to a pixel of the chip: little gain above, no use below


class Describer:
    """Turns faces into descriptors, which lie near each other where the faces are one person's."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def needs_larger(self, picture: Picture, faces: Sequence[Face]) -> int | None:
        """Return the long side in px that the picture should be decoded with for the chips of its faces.

        None where the picture serves, or its original is no larger, or its faces are too small in any case.
        """
        larger = max(picture.full_size) / max(picture.size)
        if larger <= 1:
            return None
        details = [detail for face in faces if (detail := _detail(picture, face)) * larger >= _WORTH]
        least = min(details, default=_ENOUGH)
        return round(max(picture.size) * min(larger, _ENOUGH / least)) if least < _ENOUGH else None

    def describe(self, picture: Picture, faces: Sequence[Face]) -> list[Face]:
        """Return the faces in the same order, each with a descriptor and a quality.

        A descriptor is the mean of those of the chip and of its mirror image; dlib calls the like 'jitter'.
        """
        return [self._described(picture, face) for face in faces]

    def _described(self, picture: Picture, face: Face) -> Face:
        # One face a run: more together are no faster, and LiteRT would prepare for every new number of them.
        cut = chip(picture.pixels, landmarks_px(picture, face))
        seen, mirrored = self._vectors(cut)
        judged = quality(cut, _detail(picture, face), float(np.linalg.norm(seen - mirrored)))
        return replace(face, quality=judged, descriptor=Descriptor.of(self.model.spec.id, (seen + mirrored) / 2))

    def _vectors(self, cut: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the network's numbers, float32[2, 128], for a chip and for its mirror image."""
        chips = np.stack([cut, cut[:, ::-1]])
        return self.model.run(normalized(chips, self.model.spec.input))["descriptors"]


def landmarks_px(picture: Picture, face: Face) -> NDArray[np.float64]:
    """Return the landmarks of a face, float64[5, 2], in px of the picture."""
    return np.array([(point.x, point.y) for point in face.landmarks]) * picture.size


def _detail(picture: Picture, face: Face) -> float:
    """Return how many pixels of the picture go to a pixel of the chip, along a side."""
    linear = similarity(landmarks_px(picture, face), TEMPLATE)[:, :2]
    return 1 / max(float(np.hypot(*linear[0])), 1e-9)

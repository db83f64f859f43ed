"""Training pictures from the data file, as batches of model inputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from indexer.zoo.train.params import MEAN, SCALE

_SMALLEST_CROP = 0.8  # of the side: minimum of an augmented picture


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """Pictures with their labels.

    pixels: uint8[n, h, w, 3], on the disk.  numbers: int[n], of their labels.  rows: int[m], the selected ones.
    """

    pixels: NDArray[np.uint8]
    numbers: NDArray[np.intp]
    rows: NDArray[np.intp]

    @property
    def truth(self) -> NDArray[np.intp]:
        """The labels of the selected pictures."""
        return self.numbers[self.rows]

    def seen(self, rows: NDArray[np.intp], random: np.random.Generator | None = None) -> NDArray[np.float32]:
        """Return pictures as model inputs, float32[n, h, w, 3]; with `random` mirrored and cropped at random."""
        pixels = self.pixels[rows].astype(np.float32)
        values = pixels if random is None else _varied(pixels, random)
        return np.asarray((values - MEAN) * SCALE, np.float32)

    def batches(
        self, size: int, random: np.random.Generator | None = None
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float32]]]:
        """Yield rows and pictures, in order, `size` at a time."""
        for start in range(0, len(self.rows), size):
            rows = self.rows[start : start + size]
            yield rows, self.seen(rows, random)


def pictures_of(file: Path, size_px: int, numbers: Sequence[int], parts: Sequence[str]) -> dict[str, Pictures]:
    """Open a file of pictures uint8[n, size_px, size_px, 3]; return the pictures of each part."""
    pixels = np.memmap(file, np.uint8, "r").reshape(-1, size_px, size_px, 3)
    label, part = np.array(numbers, np.intp), np.array(parts)
    return {str(name): Pictures(pixels, label, np.flatnonzero(part == name)) for name in np.unique(part)}


class TrainingBatches(keras.utils.PyDataset):  # type: ignore[misc] # (Keras has no types)
    """The data set for Keras's training and validation: batches of (pictures, labels, weights).

    weights: of each label.  seed: shuffle and augment the pictures each epoch; None: neither.
    """

    def __init__(self, of: Pictures, size: int, weights: NDArray[np.float32], seed: int | None = None) -> None:
        super().__init__()
        self._of, self._size, self._weights, self._seed = of, size, weights, seed
        self._epoch = 0
        self._rows = of.rows
        self._mix()

    def __len__(self) -> int:
        return -(-len(self._rows) // self._size)

    def __getitem__(self, index: int) -> tuple[Any, Any, Any]:
        rows = self._rows[index * self._size : (index + 1) * self._size]
        random = None if self._seed is None else np.random.default_rng((self._seed, self._epoch, index))
        numbers = self._of.numbers[rows]
        return self._of.seen(rows, random), numbers, self._weights[numbers]

    def on_epoch_end(self) -> None:
        """Shuffle the pictures."""
        self._epoch += 1
        self._mix()

    def _mix(self) -> None:
        if self._seed is not None:
            self._rows = np.random.default_rng((self._seed, self._epoch)).permutation(self._of.rows)


def balance(numbers: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return a weight for each label that gives all the same influence, however many pictures each has."""
    counts = np.bincount(numbers)
    return np.asarray(len(numbers) / (len(counts) * counts), np.float32)


def _varied(pixels: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """Augment pictures: random crops, every second one mirrored."""
    count, height, width, _ = pixels.shape
    side = random.uniform(_SMALLEST_CROP, 1, count)
    top, left = random.uniform(0, 1 - side), random.uniform(0, 1 - side)
    ends = np.stack([left, left + side])
    ends = np.where(random.random(count) < 0.5, ends, ends[::-1])  # a box that goes from right to left mirrors
    boxes = np.stack([top, ends[0], top + side, ends[1]], axis=1)
    return np.asarray(tf.image.crop_and_resize(pixels, boxes, np.arange(count), (height, width)))

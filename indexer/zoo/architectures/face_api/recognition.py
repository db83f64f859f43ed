"""The face recognition network of face-api.js as a Keras model.

It is dlib's network with other names: its tensors are put in dlib's order, and the builder of
that network does the rest.
"""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np
from numpy.typing import NDArray

from indexer.zoo.architectures.dlib_resnet import dlib_resnet
from indexer.zoo.architectures.face_api.manifest import Tensors
from indexer.zoo.readers.dlib_file import DlibLayer

_BLOCKS = (
    *("conv32_1", "conv32_2", "conv32_3"),
    *("conv64_down", "conv64_1", "conv64_2", "conv64_3"),
    *("conv128_down", "conv128_1", "conv128_2"),
    *("conv256_down", "conv256_1", "conv256_2"),
    "conv256_down_out",
)


def recognition(tensors: Tensors) -> keras.Model:
    """Build the describer: chips float32[n, 150, 150, 3] → descriptors [n, 128].

    Errors: KeyError for a tensor that is missing, ValueError for one of another size.
    """
    return dlib_resnet(list(_layers(tensors)))


def _layers(tensors: Tensors) -> Iterator[DlibLayer]:
    parts = (f"{block}/{part}" for block in _BLOCKS for part in ("conv1", "conv2"))
    for name in ("conv32_down", *parts):
        kernel = tensors[f"{name}/conv/filters"].transpose(3, 2, 0, 1)
        yield _layer("con_4", kernel, tensors[f"{name}/conv/bias"])
        yield _layer("affine_", tensors[f"{name}/scale/weights"], tensors[f"{name}/scale/biases"])
    yield _layer("fc_2", tensors["fc"])


def _layer(kind: str, *parts: NDArray[np.float32]) -> DlibLayer:
    weights = np.concatenate([part.ravel() for part in parts])
    return DlibLayer(kind, weights, (1, weights.size, 1, 1))

"""The 68-point landmark network of face-api.js as a Keras model.

Four blocks of four convolutions, nearly all separable; in a block, each sees the sum of all that came before it.
The points are those of C. Sagonas and others: 300 Faces in-the-Wild, 2013, https://ibug.doc.ic.ac.uk/resources/300-W.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from indexer.zoo.architectures.face_api.manifest import Tensors
from indexer.zoo.architectures.layers import convolution, dense

_SIDE_PX = 112


def landmarks_68(tensors: Tensors) -> keras.Model:
    """Build the network: chips float32[n, 112, 112, 3] → landmarks [n, 136], x and y of each point as fractions.

    Errors: KeyError for a tensor that is missing, ValueError for one of another size.
    """
    chips = keras.Input((_SIDE_PX, _SIDE_PX, 3), name="chips")
    first = convolution(chips, tensors["dense0/conv0/filters"], tensors["dense0/conv0/bias"], stride=2)
    x = _block(tensors, "dense0", ops.relu(first))
    for name in ("dense1", "dense2", "dense3"):
        x = _block(tensors, name, ops.relu(_separable(tensors, f"{name}/conv0", x, stride=2)))
    points = dense(ops.mean(x, axis=(1, 2)), tensors["fc/weights"], tensors["fc/bias"])
    return keras.Model(chips, {"landmarks": points})


def _block(tensors: Tensors, name: str, first: Any) -> Any:
    """Add up the outputs of three convolutions, each of the sum before it."""
    total = first
    seen = first
    for part in ("conv1", "conv2", "conv3"):
        total = ops.add(total, _separable(tensors, f"{name}/{part}", seen))
        seen = ops.relu(total)
    return seen


def _separable(tensors: Tensors, name: str, x: Any, stride: int = 1) -> Any:
    """Separable convolution: depthwise, then pointwise."""
    kernel = tensors[f"{name}/depthwise_filter"]
    x = convolution(x, kernel, np.zeros(kernel.shape[2]), stride)
    return convolution(x, tensors[f"{name}/pointwise_filter"], tensors[f"{name}/bias"])

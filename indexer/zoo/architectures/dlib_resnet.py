"""dlib's face recognition network: the describer as a Keras model, with the weights of dlib's file.

The network of dlib's examples/dnn_face_recognition_ex.cpp: a ResNet of 29 convolutions, whose descriptors are
those of dlib and face_recognition.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from indexer.zoo.architectures.layers import convolution, dense, from_torch, scaled
from indexer.zoo.readers.dlib_file import DlibLayer

# Channels of each residual block, and whether it halves the picture.
_BLOCKS = (
    *((32, False),) * 3,
    *((64, True), *((64, False),) * 3),
    *((128, True), *((128, False),) * 2),
    *((256, True), *((256, False),) * 2),
    (256, True),
)


def dlib_resnet(layers: list[DlibLayer]) -> keras.Model:
    """Build the describer: chips float32[n, 150, 150, 3] → descriptors [n, 128].

    Errors: ValueError where the layers are not those of the network.
    """
    left = iter(layers)
    chips = keras.Input((150, 150, 3), name="chips")
    x = ops.relu(_affine(left, chips, 32, 7, stride=2, padding="valid"))
    x = ops.max_pool(x, 3, 2, padding="valid")
    for channels, halves in _BLOCKS:
        x = _block(left, x, channels, halves)
    kernel = _next(left, "fc_2", 256 * 128).reshape(256, 128)
    descriptors = dense(ops.mean(x, axis=(1, 2)), kernel)
    if next(left, None) is not None:
        raise ValueError("it contains more layers than the model has")
    return keras.Model(chips, {"descriptors": descriptors})


def _block(left: Iterator[DlibLayer], x: Any, channels: int, halves: bool) -> Any:
    """Residual block; where it halves the picture, the shortcut is averaged and padded with zeros."""
    y = ops.relu(_affine(left, x, channels, 3, 2 if halves else 1, "valid" if halves else "same"))
    y = _affine(left, y, channels, 3)
    if halves:
        x = ops.average_pool(x, 2, 2, padding="valid")
        sides = tuple(max(one, other) for one, other in zip(x.shape[1:], y.shape[1:], strict=True))
        x, y = _filled(x, sides), _filled(y, sides)
    return ops.relu(ops.add(x, y))


def _filled(x: Any, sides: tuple[int, ...]) -> Any:
    """Add zeros at the bottom, the right and the last channels up to (height, width, channels)."""
    missing = [wanted - there for wanted, there in zip(sides, x.shape[1:], strict=True)]
    return ops.pad(x, [(0, 0), *((0, count) for count in missing)]) if any(missing) else x


def _affine(left: Iterator[DlibLayer], x: Any, channels: int, size: int, stride: int = 1, padding: str = "same") -> Any:
    """Convolve, multiply and add, in one convolution."""
    inputs = x.shape[-1]
    weights = _next(left, "con_4", channels * (inputs * size * size + 1))
    kernel, bias = weights[:-channels].reshape(channels, inputs, size, size), weights[-channels:]
    gamma, beta = np.split(_next(left, "affine_", 2 * channels).astype(np.float64), 2)
    return convolution(x, from_torch(scaled(kernel, gamma)), bias * gamma + beta, stride, padding)


def _next(left: Iterator[DlibLayer], kind: str, count: int) -> NDArray[np.float32]:
    layer = next(left, None)
    if layer is None or layer.kind != kind or layer.weights.size != count:
        raise ValueError(f"it is a different model: a layer '{kind}' of {count} numbers was expected")
    return layer.weights

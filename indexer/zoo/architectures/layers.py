"""Keras layers from arrays of weights, as all architectures use them.

Batch normalization is folded into the convolution before it, in float64: fewer layers, the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Forms:
    """A network in two forms: as the program runs it, and for batches.

    many: takes the same input with a free batch, and its outputs have one side more, the batch, in front. Both
    share their layers.  None: `one` takes a free batch itself.
    """

    one: keras.Model
    many: keras.Model | None = None


def convolution(x: Any, kernel: NDArray[Any], bias: NDArray[Any], stride: int = 1, padding: str = "same") -> Any:
    """Convolve a tensor [n, h, w, channels].

    kernel: [height, width, in, out]; [height, width, channels, 1] where x has more than one channel is depthwise.
    padding: 'same' as TensorFlow counts it (the odd pixel at the bottom right), or 'valid'.
    """
    size, inputs, outputs = kernel.shape[:2], kernel.shape[2], kernel.shape[3]
    layer: Any
    if inputs > 1 and outputs == 1:
        layer = keras.layers.DepthwiseConv2D(size, stride, padding)
    else:
        layer = keras.layers.Conv2D(outputs, size, stride, padding)
    return _holding(layer, x, [kernel, bias])


def dense(x: Any, kernel: NDArray[Any], bias: NDArray[Any] | None = None) -> Any:
    """Multiply a tensor [n, in] by kernel [in, out] and add the bias."""
    return dense_layer(kernel, bias)(x)


def dense_layer(kernel: NDArray[Any], bias: NDArray[Any] | None = None) -> Any:
    """Return a layer that multiplies tensors [..., in] by kernel [in, out] and adds the bias."""
    layer = keras.layers.Dense(kernel.shape[1], use_bias=bias is not None)
    layer.build((None, kernel.shape[0]))
    layer.set_weights([weight.astype(np.float32) for weight in (kernel, bias) if weight is not None])
    return layer


def from_torch(kernel: NDArray[Any]) -> NDArray[Any]:
    """Convert a kernel [out, in, height, width] (PyTorch, ONNX, dlib) to [height, width, in, out].

    A depthwise kernel [channels, 1, height, width] becomes [height, width, channels, 1].
    """
    outputs, inputs = kernel.shape[:2]
    return kernel.transpose(2, 3, 0, 1) if inputs == 1 and outputs > 1 else kernel.transpose(2, 3, 1, 0)


def scaled(kernel: NDArray[Any], scale: NDArray[Any]) -> NDArray[np.float64]:
    """Multiply every output channel of a kernel in PyTorch's order by its scale."""
    product: NDArray[np.float64] = kernel.astype(np.float64) * scale.astype(np.float64).reshape(-1, 1, 1, 1)
    return product


def _holding(layer: Any, x: Any, weights: list[NDArray[Any]]) -> Any:
    y = layer(x)
    layer.set_weights([weight.astype(np.float32) for weight in weights])
    return y

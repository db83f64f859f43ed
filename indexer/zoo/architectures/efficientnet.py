"""EfficientNet-Lite: the classifier as a Keras model, with weights by their PyTorch names.

The network of https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite, fully
convolutional: the last layer is applied to every window of the last feature map, so that a larger picture
gets an output for each of its parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import ceil
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from indexer.zoo.architectures.layers import Forms, convolution, dense_layer, from_torch, scaled

# (repeats, stride) of each stage; kernel sizes and widths stand in the weights.
_STAGES = ((1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1))
_EPSILON = 1e-3


def efficientnet_lite(weights: dict[str, NDArray[Any]], network: Mapping[str, float]) -> Forms:
    """Build the classifier: image float32[1, h, w, 3] → probabilities [windows, classes], embedding [features].

    network: depth (multiplier of the repeats), window and stride in cells of the last feature map (32 px each).
    Errors: KeyError for a weight that is missing, ValueError for one that is left over.
    """
    left = _needed(weights)
    image = keras.Input(batch_shape=(1, None, None, 3), name="image")
    images = keras.Input((None, None, 3), name="image")
    trunk = keras.Model(images, _features(left, images, network["depth"]))
    judge = dense_layer(left.pop("_fc.weight").T, left.pop("_fc.bias"))
    if left:
        raise ValueError(f"it contains weights that the model does not have: {', '.join(sorted(left)[:3])}")

    def form(taken: Any, rows: Callable[[Any], Any], pictures: tuple[int, ...]) -> keras.Model:
        """rows: turns windows [n, rows, columns, features] into those of the answer.  pictures: sides of the mean."""
        features = trunk(taken)
        windows = ops.average_pool(features, int(network["window"]), int(network["stride"]), padding="valid")
        outputs = {"probabilities": ops.softmax(judge(rows(windows))), "embedding": ops.mean(features, axis=pictures)}
        return keras.Model(taken, outputs)

    length = judge.kernel.shape[0]
    one = form(image, lambda windows: ops.reshape(windows, (-1, length)), (0, 1, 2))
    return Forms(one, form(images, keras.layers.Reshape((-1, length)), (1, 2)))


def efficientnet_lite_trunk(
    weights: dict[str, NDArray[Any]], network: Mapping[str, float], size_px: int
) -> keras.Model:
    """Build the trunk before the classes: image float32[n, size_px, size_px, 3] → features [n, length].

    Errors: KeyError for a weight that is missing.
    """
    image = keras.Input((size_px, size_px, 3), name="image")
    features = _features(_needed(weights), image, network["depth"])
    return keras.Model(image, keras.layers.GlobalAveragePooling2D(name="embedding")(features))


def _needed(weights: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {name: array for name, array in weights.items() if not name.endswith("num_batches_tracked")}


def _features(left: dict[str, NDArray[Any]], image: Any, depth: float) -> Any:
    """Return the last feature map of a picture; the weights used are removed from `left`."""
    x = ops.relu6(_normalized(left, image, "_conv_stem", "_bn0", stride=2))
    for index, stride in enumerate(_strides(depth)):
        x = _block(left, x, f"_blocks.{index}.", stride)
    return ops.relu6(_normalized(left, x, "_conv_head", "_bn1"))


def _strides(depth: float) -> Iterator[int]:
    for place, (repeats, stride) in enumerate(_STAGES):
        yield stride
        inner = place not in (0, len(_STAGES) - 1)  # the first and last stage are never deepened
        yield from [1] * (ceil(repeats * depth if inner else repeats) - 1)


def _block(weights: dict[str, NDArray[Any]], x: Any, name: str, stride: int) -> Any:
    """Inverted residual: widen, filter each channel, narrow."""
    y = x
    if f"{name}_expand_conv.weight" in weights:
        y = ops.relu6(_normalized(weights, y, f"{name}_expand_conv", f"{name}_bn0"))
    y = ops.relu6(_normalized(weights, y, f"{name}_depthwise_conv", f"{name}_bn1", stride))
    y = _normalized(weights, y, f"{name}_project_conv", f"{name}_bn2")
    return ops.add(x, y) if stride == 1 and x.shape[-1] == y.shape[-1] else y


def _normalized(weights: dict[str, NDArray[Any]], x: Any, convolved: str, norm: str, stride: int = 1) -> Any:
    """Convolve and normalize, in one convolution."""
    gamma, beta, mean, variance = (
        weights.pop(f"{norm}.{part}").astype(np.float64) for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = gamma / np.sqrt(variance + _EPSILON)
    kernel = scaled(weights.pop(f"{convolved}.weight"), scale)
    return convolution(x, from_torch(kernel), beta - mean * scale, stride)

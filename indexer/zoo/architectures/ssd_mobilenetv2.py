"""SSD on MobileNetV2: the object detector as a Keras model, from TensorFlow's frozen graph.

`ssd_mobilenet_v2_coco_2018_03_29` of TensorFlow's Object Detection API: six maps of a MobileNetV2 and of smaller
convolutions after it predict boxes in every cell. Its boxes are raw offsets to anchors.  W. Liu and others: SSD, 2016,
https://arxiv.org/abs/1512.02325; M. Sandler and others: MobileNetV2, 2018, https://arxiv.org/abs/1801.04381.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from indexer.zoo.architectures.layers import Forms, convolution

_SIDE_PX = 300
_TRUNK = "FeatureExtractor/MobilenetV2"
_BLOCKS, _HALVING = 17, (1, 3, 6, 13)  # of MobileNetV2; those that halve the map
_FINE = 13  # the block whose widened map predicts boxes, besides the last map
_SMALLER = ((2, 256, 512), (3, 128, 256), (4, 128, 256), (5, 64, 128))  # number, channels inside and outside
_MOST = 6.0
_EPSILON = 0.001
_HEADS = {"offsets": ("BoxEncodingPredictor", 4), "logits": ("ClassPredictor", 91)}  # numbers that an anchor has

Constants = Mapping[str, NDArray[np.float32]]


def ssd_mobilenetv2(constants: Constants) -> Forms:
    """Build the detector: image float32[1, 300, 300, 3] → offsets [anchors, 4], logits [anchors, 91].

    The anchors go map by map, row by row, several a cell (`vision.object_anchors`).
    Errors: KeyError for a constant that is missing, ValueError for one of another size.
    """
    image = keras.Input(batch_shape=(1, _SIDE_PX, _SIDE_PX, 3), name="image")
    images = keras.Input((_SIDE_PX, _SIDE_PX, 3), name="image")
    asked = _maps(constants, images)
    heads = {
        key: [_asked(constants, f"{n}/{name}", x) for n, x in enumerate(asked)] for key, (name, _) in _HEADS.items()
    }
    maps = keras.Model(images, heads)
    found = maps(image)
    one = {
        key: ops.concatenate([ops.reshape(x, (-1, numbers)) for x in found[key]], axis=0)
        for key, (_, numbers) in _HEADS.items()
    }
    many = {
        key: ops.concatenate([keras.layers.Reshape((-1, numbers))(x) for x in heads[key]], axis=1)
        for key, (_, numbers) in _HEADS.items()
    }
    return Forms(keras.Model(image, one), keras.Model(images, many))


def _maps(constants: Constants, x: Any) -> list[Any]:
    """Return the maps that predict boxes, from 19 × 19 cells to a single one."""
    x = _limited(constants, f"{_TRUNK}/Conv", x, stride=2)
    maps = []
    for block in range(_BLOCKS):
        x, wide = _block(constants, f"{_TRUNK}/expanded_conv{f'_{block}' if block else ''}", x, block)
        maps += [wide] if block == _FINE else []
    x = _limited(constants, f"{_TRUNK}/Conv_1", x)
    maps.append(x)
    for number, inside, outside in _SMALLER:
        x = _limited(constants, f"{_TRUNK}/layer_19_1_Conv2d_{number}_1x1_{inside}", x)
        name = f"{_TRUNK}/layer_19_2_Conv2d_{number}_3x3_s2_{outside}"
        x = _limited(constants, f"{name}_depthwise", x, stride=2)
        x = _limited(constants, name, x)
        maps.append(x)
    return maps


def _block(constants: Constants, name: str, x: Any, block: int) -> tuple[Any, Any]:
    """Inverted residual block: return its map, and the widened one inside."""
    wide = _limited(constants, f"{name}/expand", x) if block else x
    y = _limited(constants, f"{name}/depthwise", wide, stride=2 if block in _HALVING else 1)
    y = _normalized(constants, f"{name}/project", y)
    return (ops.add(x, y) if x.shape == y.shape else y), wide


def _limited(constants: Constants, name: str, x: Any, stride: int = 1) -> Any:
    """Convolution with batch normalization and ReLU6."""
    return ops.clip(_normalized(constants, name, x, stride), 0.0, _MOST)


def _normalized(constants: Constants, name: str, x: Any, stride: int = 1) -> Any:
    """Convolution with batch normalization; depthwise where the name says so."""
    gamma, beta, mean, variance = (
        constants[f"{name}/BatchNorm/{part}"].astype(np.float64)
        for part in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    scale = gamma / np.sqrt(variance + _EPSILON)
    if name.endswith("depthwise"):
        kernel = constants[f"{name}/depthwise_weights"] * scale[:, np.newaxis]
    else:
        kernel = constants[f"{name}/weights"] * scale
    return convolution(x, kernel, beta - mean * scale, stride)


def _asked(constants: Constants, name: str, x: Any) -> Any:
    return convolution(x, constants[f"BoxPredictor_{name}/weights"], constants[f"BoxPredictor_{name}/biases"])

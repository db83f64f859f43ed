"""The SSD face detector of face-api.js as a Keras model that returns boxes.

A MobileNet whose last maps, and smaller ones after them, predict boxes in every cell.  The boxes are offsets to
anchors, which come with the weights.  W. Liu and others: SSD, 2016, https://arxiv.org/abs/1512.02325; A. Howard and
others: MobileNets, 2017, https://arxiv.org/abs/1704.04861.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from indexer.zoo.architectures.face_api.manifest import Tensors
from indexer.zoo.architectures.layers import convolution

_SIDE_PX = 512
_BLOCKS, _HALVING = 13, (2, 4, 6, 12)  # of MobileNet; those that halve the picture
_FINE = 11  # the block whose map predicts boxes, besides the last one
_SMALLER = 4  # pairs of convolutions that make the map smaller still
_CLASSES, _FACE = 3, 1  # background, face, and one that was never trained
_MOST = 6.0
_EPSILON = 0.001
_CENTER_VARIANCE, _SIZE_VARIANCE = 0.1, 0.2


def ssd_mobilenet(tensors: Tensors) -> keras.Model:
    """Build the detector: image float32[1, 512, 512, 3] → boxes [anchors, 4], scores [anchors].

    boxes: y1, x1, y2, x2 as fractions of the image, which overlap and may reach beyond it.  scores: of a face, 0..1.
    Errors: KeyError for a tensor that is missing, ValueError for one of another size.
    """
    image = keras.Input(batch_shape=(1, _SIDE_PX, _SIDE_PX, 3), name="image")
    maps = _maps(tensors, image)
    offsets = [_asked(tensors, f"{n}/BoxEncodingPredictor", x) for n, x in enumerate(maps)]
    classes = [_asked(tensors, f"{n}/ClassPredictor", x) for n, x in enumerate(maps)]
    boxes = _boxes(_rows(offsets, 4), tensors["Output/extra_dim"].reshape(-1, 4).astype(np.float64))
    return keras.Model(image, {"boxes": boxes, "scores": ops.sigmoid(_rows(classes, _CLASSES)[:, _FACE])})


def _maps(tensors: Tensors, image: Any) -> list[Any]:
    """Return the maps that predict boxes, from 32 × 32 cells to a single one."""
    x = _limited(tensors, "MobilenetV1/Conv2d_0_pointwise", image, stride=2)
    maps = []
    for block in range(1, _BLOCKS + 1):
        x = _depthwise(tensors, f"MobilenetV1/Conv2d_{block}_depthwise", x, 2 if block in _HALVING else 1)
        x = _limited(tensors, f"MobilenetV1/Conv2d_{block}_pointwise", x)
        maps += [x] if block in (_FINE, _BLOCKS) else []
    for pair in range(_SMALLER):
        x = _limited(tensors, f"Prediction/Conv2d_{2 * pair}_pointwise", x)
        x = _limited(tensors, f"Prediction/Conv2d_{2 * pair + 1}_pointwise", x, stride=2)
        maps.append(x)
    return maps


def _limited(tensors: Tensors, name: str, x: Any, stride: int = 1) -> Any:
    """Convolution with ReLU6."""
    bias = tensors[f"{name}/convolution_bn_offset"]
    return ops.clip(convolution(x, tensors[f"{name}/weights"], bias, stride), 0.0, _MOST)


def _depthwise(tensors: Tensors, name: str, x: Any, stride: int) -> Any:
    """Depthwise convolution with batch normalization and ReLU6."""
    gamma, beta, mean, variance = (
        tensors[f"{name}/BatchNorm/{part}"].astype(np.float64)
        for part in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    scale = gamma / np.sqrt(variance + _EPSILON)
    kernel = tensors[f"{name}/depthwise_weights"] * scale[:, np.newaxis]
    return ops.clip(convolution(x, kernel, beta - mean * scale, stride), 0.0, _MOST)


def _asked(tensors: Tensors, name: str, x: Any) -> Any:
    return convolution(
        x, tensors[f"Prediction/BoxPredictor_{name}/weights"], tensors[f"Prediction/BoxPredictor_{name}/biases"]
    )


def _rows(maps: list[Any], numbers: int) -> Any:
    """Return [anchors, numbers]."""
    return ops.concatenate([ops.reshape(x, (-1, numbers)) for x in maps], axis=0)


def _boxes(offsets: Any, anchors: Any) -> Any:
    """Decode offsets (y, x, height, width) to anchors (y1, x1, y2, x2) into boxes [anchors, 4]."""
    first, last = anchors[:, :2], anchors[:, 2:]
    center, size = ((first + last) / 2).astype(np.float32), (last - first).astype(np.float32)
    middle = offsets[:, :2] * (_CENTER_VARIANCE * size) + center
    half = ops.exp(offsets[:, 2:] * _SIZE_VARIANCE) * (size / 2)
    return ops.concatenate([middle - half, middle + half], axis=1)

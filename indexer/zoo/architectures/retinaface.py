"""RetinaFace-MobileNet-0.25: the face detector as a Keras model, from its ONNX graph.

The network of https://github.com/biubug6/Pytorch_Retinaface: a MobileNet of quarter width, a feature pyramid over
its three stages, a context module (SSH) and three heads on each level. Its boxes are raw offsets to anchors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from numpy.typing import NDArray

from indexer.zoo.architectures.layers import Forms, convolution, from_torch
from indexer.zoo.readers.onnx_file import OnnxGraph

# Strides of the depthwise blocks of each stage.
_STAGES = ((1, 2, 1, 2, 1), (2, 1, 1, 1, 1, 1), (2, 1))
_HEADS = {"class_head": 2, "bbox_head": 4, "landmark_head": 10}  # how many numbers an anchor has
_SLOPE = 0.1  # of the leaky rectifier, as in the graph
_Weights = dict[str, tuple[NDArray[Any], NDArray[Any]]]


def retinaface(graph: OnnxGraph) -> Forms:
    """Build the detector: image float32[1, h, w, 3] → boxes [anchors, 4], scores [anchors], landmarks [anchors, 10].

    h and w are multiples of 32; anchors go level by level, row by row, two sizes a cell.
    Errors: KeyError where the graph is not that of this network.
    """
    weights = _convolutions(graph)
    image = keras.Input(batch_shape=(1, None, None, 3), name="image")
    images = keras.Input((None, None, 3), name="image")
    levels = [_context(weights, x, f"/ssh{n}") for n, x in enumerate(_pyramid(weights, _trunk(weights, images)), 1)]
    maps = keras.Model(images, {name: _head(weights, levels, name) for name in _HEADS})

    def form(taken: Any, rows: Callable[[int], Callable[[Any], Any]], axis: int) -> keras.Model:
        """rows: turns maps [n, rows, columns, anchors × numbers] into [..., numbers].  axis: of the anchors."""
        found = maps(taken)
        parts = {name: [rows(numbers)(part) for part in found[name]] for name, numbers in _HEADS.items()}
        joined = {name: ops.concatenate(each, axis=axis) for name, each in parts.items()}
        scores = ops.softmax(joined["class_head"])[..., 1]
        outputs = {"boxes": joined["bbox_head"], "scores": scores, "landmarks": joined["landmark_head"]}
        return keras.Model(taken, outputs)

    one = form(image, lambda numbers: lambda part: ops.reshape(part, (-1, numbers)), 0)
    return Forms(one, form(images, lambda numbers: keras.layers.Reshape((-1, numbers)), 1))


def _convolutions(graph: OnnxGraph) -> _Weights:
    """Return kernel and bias of each convolution by the name of its node; shared ones stand behind an Identity."""
    same = {node.outputs[0]: node.inputs[0] for node in graph.nodes if node.kind == "Identity"}
    found = {}
    for node in graph.nodes:
        if node.kind == "Conv":
            kernel, bias = (graph.tensors[same.get(name, name)] for name in node.inputs[1:])
            found[node.name.removesuffix("/Conv")] = (from_torch(kernel), bias)
    return found


def _trunk(weights: _Weights, image: Any) -> list[Any]:
    """MobileNet: the last feature map of each stage, at 1/8, 1/16 and 1/32 of the picture."""
    x, maps = _leaky(_convolved(weights, image, "/fx/stage1/stage1.0/stage1.0.0", 2)), []
    for stage, strides in enumerate(_STAGES, 1):
        for block, stride in enumerate(strides, 1 if stage == 1 else 0):
            name = f"/fx/stage{stage}/stage{stage}.{block}/stage{stage}.{block}"
            part = f"stage{stage}.{block}"
            x = _leaky(_convolved(weights, x, f"{name}.0/{part}.0.0", stride))
            x = _leaky(_convolved(weights, x, f"{name}.1/{part}.1.0"))
        maps.append(x)
    return maps


def _pyramid(weights: _Weights, maps: list[Any]) -> list[Any]:
    """Feature pyramid: add the coarser maps to each map."""
    fine, middle, coarse = (
        _leaky(_convolved(weights, x, f"/fpn/output{n}/output{n}.0")) for n, x in enumerate(maps, 1)
    )
    middle = _leaky(_convolved(weights, ops.add(middle, _Doubled()(coarse)), "/fpn/merge2/merge2.0"))
    fine = _leaky(_convolved(weights, ops.add(fine, _Doubled()(middle)), "/fpn/merge1/merge1.0"))
    return [fine, middle, coarse]


def _context(weights: _Weights, x: Any, name: str) -> Any:
    """SSH: the same map seen through windows of 3, 5 and 7 cells."""
    near = _convolved(weights, x, f"{name}/conv3X3/conv3X3.0")
    wider = _leaky(_convolved(weights, x, f"{name}/conv5X5_1/conv5X5_1.0"))
    middle = _convolved(weights, wider, f"{name}/conv5X5_2/conv5X5_2.0")
    widest = _leaky(_convolved(weights, wider, f"{name}/conv7X7_2/conv7X7_2.0"))
    far = _convolved(weights, widest, f"{name}/conv7x7_3/conv7x7_3.0")
    return ops.relu(ops.concatenate([near, middle, far], axis=-1))


def _head(weights: _Weights, levels: list[Any], name: str) -> list[Any]:
    """Return the map of each level, [n, rows, columns, anchors × numbers]."""
    return [_convolved(weights, x, f"/{name}/{name}.{level}") for level, x in enumerate(levels)]


def _convolved(weights: _Weights, x: Any, name: str, stride: int = 1) -> Any:
    kernel, bias = weights[name]
    if stride == 2:  # PyTorch pads both sides alike, TensorFlow's 'same' would pad the far side only
        return convolution(ops.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)]), kernel, bias, stride, "valid")
    return convolution(x, kernel, bias)


class _Doubled(keras.layers.Layer):  # type: ignore[misc] # keras has no types
    """Repeats each cell 2×2: four copies in the channels, unfolded in space.

    keras.layers.UpSampling2D does the same with the size of the picture computed in the graph, which would keep
    LiteRT from preparing the graph in one piece.
    """

    def call(self, x: Any) -> Any:
        return tf.nn.depth_to_space(tf.concat([x] * 4, axis=-1), 2)


def _leaky(x: Any) -> Any:
    return ops.leaky_relu(x, negative_slope=np.float32(_SLOPE))

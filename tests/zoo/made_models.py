"""Parameters of a tiny network flow in; a real model file of every kind flows out, made by TensorFlow and Keras.

    saved_model   a TensorFlow 2 SavedModel            tf1_saved_model  one of TensorFlow 1, under any tags
    keras_file    a .keras archive                     h5_file          Keras's older HDF5 form
    frozen_graph  a GraphDef whose weights are in it   tflite_file      a LiteRT file, quantized if wanted
    onnx_file     an ONNX file                         object_detector  a SavedModel of the Object Detection API

Each takes a path and the keyword arguments of `Net` and returns the path. All kinds made with the same `Net` are the
same network: a 3 × 3 convolution in steps of two with ReLU, the mean over the picture, and a dense layer;
`answer(pictures, net)` says in NumPy what it must answer. `KINDS` has them all by name (but `object_detector`);
the fixture `made` (tests/conftest.py) makes each file once: `made("h5_file", activation="logits")`.
"""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from wire import node, onnx_model, part, tensor, value

ACTIVATIONS = ("softmax", "sigmoid", "logits", "single-sigmoid")
_FEATURES = 8


@dataclass(frozen=True)
class Net:
    """The parameters of every kind.

    classes: width of the answer; 'single-sigmoid' always answers one number.
    activation: one of ACTIVATIONS.  layout: 'NHWC' or 'NCHW', of the input.
    size: of the square input; None: free.  batch: None: free.
    dtype: of the input: 'float32', 'float16' or 'uint8' (then the network itself divides by 255).
    """

    classes: int = 3
    activation: str = "softmax"
    size: int | None = 16
    channels: int = 3
    layout: str = "NHWC"
    batch: int | None = None
    dtype: str = "float32"

    @property
    def width(self) -> int:
        """The length of one answer."""
        return 1 if self.activation == "single-sigmoid" else self.classes

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The shape of the input."""
        sides = (self.size, self.size)
        return (self.batch, self.channels, *sides) if self.layout == "NCHW" else (self.batch, *sides, self.channels)

    @property
    def weights(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The kernel of the convolution (height, width, in, out), the kernel and the bias of the dense layer."""
        chance = np.random.default_rng(7)
        kernel = chance.normal(0, 0.5, (3, 3, self.channels, _FEATURES)).astype(np.float32)
        dense = chance.normal(0, 1.5, (_FEATURES, self.width)).astype(np.float32)
        return kernel, dense, chance.normal(0, 0.1, self.width).astype(np.float32)


def pictures(net: Net, count: int = 2) -> np.ndarray:
    """Made-up pictures in the network's layout and dtype: 0..1, or 0..255 for uint8."""
    sides = [side or 16 for side in net.shape[1:]]
    values = np.random.default_rng(1).uniform(0, 1, (count, *sides))
    return (values * 255).astype(np.uint8) if net.dtype == "uint8" else values.astype(net.dtype)


def answer(seen: np.ndarray, net: Net) -> np.ndarray:
    """What the network answers to pictures in its layout and dtype: float32[n, width]."""
    values = seen.astype(np.float32) / (255 if net.dtype == "uint8" else 1)
    values = values.transpose(0, 2, 3, 1) if net.layout == "NCHW" else values
    kernel, dense, bias = net.weights
    patches = np.lib.stride_tricks.sliding_window_view(values, (3, 3), (1, 2))[:, ::2, ::2]
    features = np.einsum("nyxcij,ijco->nyxo", patches, kernel).clip(min=0).mean((1, 2))
    logits: np.ndarray = features @ dense + bias
    if net.activation == "logits":
        return logits
    if net.activation == "softmax":
        powers: np.ndarray = np.exp(logits - logits.max(-1, keepdims=True))
        powers /= powers.sum(-1, keepdims=True)
        return powers
    likely: np.ndarray = 1 / (1 + np.exp(-logits))
    return likely


def saved_model(path: Path, **network: Any) -> Path:
    """A SavedModel of TensorFlow 2 under the tag 'serve', signature 'serving_default': image → probabilities."""
    import tensorflow as tf

    net = Net(**network)
    module = tf.Module()
    module.kept = [tf.Variable(each) for each in net.weights]

    def run(image: Any) -> dict[str, Any]:
        return {"probabilities": _answer_tf(image, net, module.kept)}

    module.run = tf.function(run, input_signature=[tf.TensorSpec(net.shape, net.dtype, name="image")])
    tf.saved_model.save(module, str(path), {"serving_default": module.run})
    return path


def tf1_saved_model(
    path: Path,
    tags: Sequence[str] = ("serve",),
    *,
    input_name: str = "input_1",
    scope: str = "predictions",
    signature: str = "",
    **network: Any,
) -> Path:
    """A SavedModel as TensorFlow 1 wrote it, with variables, under any tags.

    Its placeholder is `input_name`, its answer `scope`/Softmax, /Sigmoid or (logits) /BiasAdd.
    signature: its name, with 'images' → 'scores'; '': none, as those of Keras's tutorials.
    """
    import tensorflow as tf

    v1 = tf.compat.v1
    net = Net(**network)
    with tf.Graph().as_default(), v1.Session() as session:
        image = v1.placeholder(net.dtype, net.shape, name=input_name)
        names = ("kernel", "dense", "bias")
        kept = [v1.Variable(each, name=name, use_resource=False) for name, each in zip(names, net.weights, strict=True)]
        scores = _answer_tf(image, net, kept, scope)
        session.run(v1.global_variables_initializer())
        signatures = {}
        if signature:
            signatures[signature] = v1.saved_model.predict_signature_def({"images": image}, {"scores": scores})
        builder = v1.saved_model.Builder(str(path))
        builder.add_meta_graph_and_variables(session, list(tags), signatures)
        builder.save()
    return path


def frozen_graph(path: Path, *, input_name: str = "input_1", scope: str = "predictions", **network: Any) -> Path:
    """A GraphDef (.pb) whose weights are constants; names as in `tf1_saved_model`."""
    import tensorflow as tf

    net = Net(**network)
    with tf.Graph().as_default() as graph:
        image = tf.compat.v1.placeholder(net.dtype, net.shape, name=input_name)
        _answer_tf(image, net, [tf.constant(each) for each in net.weights], scope)
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return path


def keras_file(path: Path, *, rescaling: bool = False, lambda_layer: bool = False, name: str = "", **net: Any) -> Path:
    """A Keras model; the path ends in .keras or, for the older form, in .h5.

    rescaling: its first layer divides by 255.  lambda_layer: it has one, 'trick', that changes nothing.
    """
    _keras_model(Net(**net), rescaling=rescaling, lambda_layer=lambda_layer, name=name).save(path)
    return path


h5_file = keras_file


def tflite_file(path: Path, *, quantized: bool = False, labels: Sequence[str] = (), **network: Any) -> Path:
    """A LiteRT file.

    quantized: weights and values are int8, input and output uint8.
    labels: put into it as labels.txt, as TensorFlow Lite's metadata writer does.
    """
    import tensorflow as tf

    net = Net(**network)
    converter = tf.lite.TFLiteConverter.from_keras_model(_keras_model(net))
    if quantized:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([one[None]] for one in pictures(net, 20))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.uint8
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # it has statistics, and misses others
        path.write_bytes(converter.convert())
    if labels:
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("labels.txt", "\n".join(labels))
    return path


def onnx_file(path: Path, **network: Any) -> Path:
    """An ONNX file: image → probabilities; its convolution wants NCHW, so NHWC begins with a Transpose."""
    net = Net(**network)
    kinds = {"float32": 1, "uint8": 2, "float16": 10}
    kernel, dense, bias = net.weights
    steps = [node("Cast", "image", "numbers", to=1)] if net.dtype != "float32" else []
    last = "numbers" if steps else "image"
    if net.dtype == "uint8":
        steps.append(node("Div", "numbers most", "parts"))
        last = "parts"
    if net.layout == "NHWC":
        steps.append(node("Transpose", last, "planes", perm=(0, 3, 1, 2)))
        last = "planes"
    steps += [
        node("Conv", f"{last} kernel", "map", kernel_shape=(3, 3), strides=(2, 2)),
        node("Relu", "map", "light"),
        node("GlobalAveragePool", "light", "mean"),
        node("Flatten", "mean", "features"),
    ]
    ends = {"softmax": "Softmax", "sigmoid": "Sigmoid", "single-sigmoid": "Sigmoid"}
    if net.activation in ends:
        steps += [node("Gemm", "features dense bias", "logits"), node(ends[net.activation], "logits", "probabilities")]
    else:
        steps.append(node("Gemm", "features dense bias", "probabilities"))
    weights = {"kernel": kernel.transpose(3, 2, 0, 1).copy(), "dense": dense, "bias": bias}
    weights |= {"most": np.array([255], np.float32)} if net.dtype == "uint8" else {}
    free = ("batch", "side", "side", "side")
    sides = tuple(word if side is None else side for side, word in zip(net.shape, free, strict=True))
    path.write_bytes(
        onnx_model(
            *(part(1, step) for step in steps),
            part(2, "tiny"),
            *(part(5, tensor(key, array)) for key, array in weights.items()),
            part(11, value("image", sides, kinds[net.dtype])),
            part(12, value("probabilities", (net.batch or "batch", net.width))),
        )
    )
    return path


def object_detector(path: Path, found: Sequence[Sequence[float]] = ((0.1, 0.2, 0.5, 0.6, 18, 0.9),)) -> Path:
    """A SavedModel of TensorFlow's Object Detection API that always finds the same: y1, x1, y2, x2, class, score."""
    import tensorflow as tf

    module = tf.Module()
    rows = np.asarray(found, np.float32)[None]

    def run(input_tensor: Any) -> dict[str, Any]:
        seen = 0 * tf.cast(tf.reduce_max(input_tensor), tf.float32)
        return {
            "detection_boxes": rows[..., :4] + seen,
            "detection_classes": rows[..., 4] + seen,
            "detection_scores": rows[..., 5] + seen,
            "num_detections": tf.constant([float(rows.shape[1])]),
        }

    wanted = tf.TensorSpec((1, None, None, 3), tf.uint8, name="input_tensor")
    module.run = tf.function(run, input_signature=[wanted])
    tf.saved_model.save(module, str(path), {"serving_default": module.run})
    return path


KINDS: dict[str, Callable[..., Path]] = {
    "saved_model": saved_model,
    "tf1_saved_model": tf1_saved_model,
    "keras_file": keras_file,
    "h5_file": h5_file,
    "frozen_graph": frozen_graph,
    "tflite_file": tflite_file,
    "onnx_file": onnx_file,
    "object_detector": object_detector,
}
ENDINGS = {
    "keras_file": ".keras",
    "h5_file": ".h5",
    "frozen_graph": ".pb",
    "tflite_file": ".tflite",
    "onnx_file": ".onnx",
}


def _answer_tf(image: Any, net: Net, weights: Sequence[Any], scope: str = "predictions") -> Any:
    import tensorflow as tf

    kernel, dense, bias = weights
    values = tf.cast(image, tf.float32) / 255 if net.dtype == "uint8" else tf.cast(image, tf.float32)
    values = tf.transpose(values, (0, 2, 3, 1)) if net.layout == "NCHW" else values
    features = tf.reduce_mean(tf.nn.relu(tf.nn.conv2d(values, kernel, 2, "VALID")), (1, 2))
    with tf.name_scope(scope):
        logits = tf.nn.bias_add(tf.matmul(features, dense, name="MatMul"), bias, name="BiasAdd")
        if net.activation == "logits":
            return logits
        if net.activation == "softmax":
            return tf.nn.softmax(logits, name="Softmax")
        return tf.sigmoid(logits, name="Sigmoid")


def _keras_model(net: Net, *, rescaling: bool = False, lambda_layer: bool = False, name: str = "") -> Any:
    import keras

    layers = keras.layers
    image = keras.Input(net.shape[1:], net.batch, name="image", dtype=net.dtype)
    values = layers.Permute((2, 3, 1))(image) if net.layout == "NCHW" else image
    if rescaling or net.dtype == "uint8":
        values = layers.Rescaling(1 / 255)(values)
    if lambda_layer:
        values = layers.Lambda(lambda values: values, name="trick", output_shape=lambda shape: shape)(values)
    values = layers.Conv2D(_FEATURES, 3, 2, activation="relu", use_bias=False, name="convolution")(values)
    values = layers.GlobalAveragePooling2D()(values)
    last = {"softmax": "softmax", "logits": None}.get(net.activation, "sigmoid")
    scores = layers.Dense(net.width, activation=last, name="predictions")(values)
    model = keras.Model(image, scores, name=name or "tiny")
    model.get_layer("convolution").set_weights(net.weights[:1])
    model.get_layer("predictions").set_weights(net.weights[1:])
    return model

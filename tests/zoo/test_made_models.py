"""The model files of the tests: every kind is the same network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_models import ACTIVATIONS, Net, answer, pictures

NETS = [
    *({"activation": each} for each in ACTIVATIONS),
    {"layout": "NCHW"},
    {"dtype": "uint8"},
    {"size": None, "channels": 1},
    {"batch": 2, "classes": 5},
]


def saved_model(path: Path, seen: np.ndarray) -> Any:
    import tensorflow as tf

    run = tf.saved_model.load(str(path)).signatures["serving_default"]
    (answered,) = run(tf.constant(seen)).values()
    return answered


def graph(path: Path, seen: np.ndarray, net: Net) -> Any:
    import tensorflow as tf

    last = {"softmax": "Softmax", "logits": "BiasAdd"}.get(net.activation, "Sigmoid")
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        if path.is_dir():
            tf.compat.v1.saved_model.load(session, ["serve"], str(path))
        else:
            graph_def = tf.compat.v1.GraphDef.FromString(path.read_bytes())
            tf.import_graph_def(graph_def, name="")
        return session.run(f"predictions/{last}:0", {"input_1:0": seen})


def keras_model(path: Path, seen: np.ndarray) -> Any:
    import keras

    return keras.models.load_model(path, compile=False)(seen)


def lite(path: Path, seen: np.ndarray) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path))
    index = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(index, seen.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(index, seen)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def onnx(path: Path, seen: np.ndarray) -> Any:
    import onnxruntime

    return onnxruntime.InferenceSession(path).run(None, {"image": seen})[0]


RUN: dict[str, Callable[[Path, np.ndarray, Net], Any]] = {
    "saved_model": lambda path, seen, _: saved_model(path, seen),
    "tf1_saved_model": graph,
    "frozen_graph": graph,
    "keras_file": lambda path, seen, _: keras_model(path, seen),
    "h5_file": lambda path, seen, _: keras_model(path, seen),
    "tflite_file": lambda path, seen, _: lite(path, seen),
    "onnx_file": lambda path, seen, _: onnx(path, seen),
}


@pytest.mark.parametrize("network", NETS, ids=str)
@pytest.mark.parametrize("kind", sorted(RUN))
def test_every_kind_answers_as_the_formula_says(made: Callable[..., Path], kind: str, network: dict[str, Any]) -> None:
    net = Net(**network)
    seen = pictures(net)
    np.testing.assert_allclose(RUN[kind](made(kind, **network), seen, net), answer(seen, net), atol=1e-4)


def test_a_quantized_file_takes_bytes_and_answers_nearly_so(made: Callable[..., Path]) -> None:
    net = Net(dtype="uint8")
    seen = pictures(net)[:1]
    answered = lite(made("tflite_file", quantized=True), seen)
    assert answered.dtype == np.uint8
    np.testing.assert_allclose(answered / 256, answer(seen, net), atol=0.05)

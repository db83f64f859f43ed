"""What is in a model file: every kind is told without being run, and what is no model is refused with a reason."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_models import ENDINGS, tf1_saved_model
from wire import node, onnx_model, part, tensor, value

from indexer.errors import ModelError
from indexer.zoo.custom.infer_spec import guess
from indexer.zoo.inspect.inspect import find_tensor, inspect, look
from indexer.zoo.inspect.inspection import inspection_of
from indexer.zoo.inspect.tflite import normalization

Made = Callable[..., Path]
NAMES = {  # of the picture and of the answer
    "saved_model": ("image", "probabilities"),
    "tf1_saved_model": ("input_1", "predictions/Softmax"),
    "frozen_graph": ("input_1", "predictions/Softmax"),
    "keras_file": ("image", "predictions"),
    "h5_file": ("image", "predictions"),
    "tflite_file": ("image", "output_0"),
    "onnx_file": ("image", "probabilities"),
}
LAST = {"softmax": "softmax", "sigmoid": "sigmoid logistic", "single-sigmoid": "sigmoid logistic"}


@pytest.mark.parametrize("kind", sorted(NAMES))
def test_every_kind_tells_what_goes_in_and_out(made: Made, kind: str) -> None:
    found = look(made(kind))
    (picture,), (answered,) = found.inputs, found.outputs
    assert (picture.name, answered.name) == NAMES[kind]
    assert (picture.dtype, picture.shape) == ("float32", (None, 16, 16, 3))
    assert (answered.dtype, answered.shape) == ("float32", (None, 3))
    assert found.parameters in (243, 251)  # the converter for LiteRT adds a bias to the convolution
    assert found.bytes > found.parameters
    assert any("conv" in each.kind.lower() for each in found.operations)
    assert not found.custom_operations
    assert not found.lambda_layers


@pytest.mark.parametrize("activation", ["softmax", "sigmoid", "single-sigmoid", "logits"])
@pytest.mark.parametrize("kind", sorted(NAMES))
def test_every_kind_tells_what_decides_on_its_answer(made: Made, kind: str, activation: str) -> None:
    (answered,) = look(made(kind, activation=activation)).outputs
    assert (answered.made_by.lower() in LAST.get(activation, "").split()) == (activation in LAST)
    assert answered.shape == (None, 1 if activation == "single-sigmoid" else 3)


@pytest.mark.parametrize("kind", ["saved_model", "frozen_graph", "keras_file", "onnx_file"])
def test_layout_dtype_and_free_sides_are_told(made: Made, kind: str) -> None:
    (picture,) = look(made(kind, layout="NCHW", dtype="float16", size=None, batch=2)).inputs
    assert (picture.dtype, picture.shape) == ("float16", (2, 3, None, None))


def test_an_inspection_survives_json(made: Made) -> None:
    for path in (made("tflite_file", quantized=True), made("tf1_saved_model", signature="predict_images")):
        found = look(path)
        assert inspection_of(json.loads(json.dumps(found.record()))) == found


@pytest.mark.parametrize(
    ("input_name", "scope", "activation"),
    [("input_1", "predictions", "softmax"), ("inputLayer_input", "inferenceLayer", "sigmoid")],
)
def test_a_graph_of_tensorflow_1_is_read_under_any_tag(
    made: Made, input_name: str, scope: str, activation: str
) -> None:
    path = made("tf1_saved_model", tags=("myTag",), input_name=input_name, scope=scope, activation=activation)
    found = look(path)
    assert (found.tag_sets, found.tags, found.signature) == ((("myTag",),), ("myTag",), "")
    assert found.inputs[0].name == input_name
    assert found.outputs[0].name == f"{scope}/{activation.title()}"


def test_a_signature_gives_its_own_names(made: Made) -> None:
    found = look(made("tf1_saved_model", signature="predict_images"))
    assert (found.signature, found.inputs[0].name, found.outputs[0].name) == ("predict_images", "images", "scores")
    assert found.outputs[0].made_by == "Softmax"


def test_what_chooses_from_an_answer_is_not_the_answer(tmp_path: Path) -> None:
    import tensorflow as tf

    with tf.Graph().as_default() as graph:
        image = tf.compat.v1.placeholder(tf.float32, (None, 8, 8, 3), name="image")
        scores = tf.nn.softmax(tf.reduce_mean(image, (1, 2)), name="scores")
        tf.argmax(scores, -1, name="best")
        tf.identity(image, name="debug")
    (tmp_path / "model.pb").write_bytes(graph.as_graph_def().SerializeToString())
    assert [each.name for each in look(tmp_path / "model.pb").outputs] == ["scores", "debug"]


def test_what_keras_exports_is_read_through_its_functions(made: Made, tmp_path: Path) -> None:
    import keras

    model = keras.models.load_model(made("keras_file", rescaling=True), compile=False)
    model.export(tmp_path / "exported", verbose=False)
    found = look(tmp_path / "exported" / "saved_model.pb")
    assert (found.signature, found.outputs[0].made_by, found.parameters) == ("serving_default", "Softmax", 243)
    assert any("rescaling" in each.name and each.inside for each in found.operations)
    assert find_tensor(found, "StatefulPartitionedCall:0").name == "StatefulPartitionedCall:0"


def test_a_model_inside_a_model_is_looked_into(tmp_path: Path) -> None:
    import keras

    inner = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(5)], name="trunk")
    outer = keras.Sequential([keras.Input((8, 8, 3)), inner, keras.layers.Softmax()])
    outer.save(tmp_path / "model.keras")
    found = look(tmp_path / "model.keras")
    assert (found.outputs[0].shape, found.outputs[0].made_by) == ((None, 5), "softmax")
    assert "trunk/dense" in {each.name.rstrip("_0123456789") for each in found.operations}


@pytest.mark.parametrize("kind", ["keras_file", "h5_file"])
def test_python_code_in_a_file_is_told_and_not_run(made: Made, kind: str) -> None:
    assert look(made(kind, lambda_layer=True)).lambda_layers == ("trick",)


def test_classes_that_are_not_keras_s_own_are_told(made: Made, tmp_path: Path) -> None:
    import h5py
    import keras

    @keras.saving.register_keras_serializable("mine")
    class Mine(keras.layers.Layer):
        pass

    model = keras.Sequential([keras.Input((8, 8, 3)), Mine(), keras.layers.Flatten(), keras.layers.Dense(2)])
    model.save(tmp_path / "model.keras")
    assert look(tmp_path / "model.keras").custom_operations == ("Mine",)
    old = {"class_name": "TFOpLambda", "config": {"name": "tf.nn.relu"}, "inbound_nodes": [[["input", 0, 0, {}]]]}
    first = {"class_name": "InputLayer", "config": {"name": "input", "batch_input_shape": [None, 8, 8, 3]}}
    config = {"layers": [first, old], "input_layers": [["input", 0, 0]], "output_layers": [["tf.nn.relu", 0, 0]]}
    with h5py.File(tmp_path / "old.h5", "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Functional", "config": config})
    found = look(tmp_path / "old.h5")
    assert (found.custom_operations, found.inputs[0].shape) == (("TFOpLambda",), (None, 8, 8, 3))


def test_a_quantized_file_tells_its_scale_and_its_labels(made: Made) -> None:
    found = look(made("tflite_file", quantized=True, labels=("cat", "dog", "bird")))
    assert (found.inputs[0].dtype, found.labels_inside) == ("uint8", ("cat", "dog", "bird"))
    assert found.inputs[0].quantized == (pytest.approx(1 / 255, rel=0.01), 0)
    assert found.outputs[0].made_by == "SOFTMAX"


def metadata(mean: Sequence[float], deviation: Sequence[float]) -> bytes:
    """LiteRT metadata that tells only how its input is scaled."""
    import flatbuffers

    builder = flatbuffers.Builder(0)

    def table(*values: tuple[int, int]) -> int:
        builder.StartObject(8)
        for slot, place in values:
            builder.PrependUOffsetTRelativeSlot(slot, place, 0)
        return builder.EndObject()

    def tables(place: int) -> int:
        builder.StartVector(4, 1, 4)
        builder.PrependUOffsetTRelative(place)
        return builder.EndVector()

    vectors = [builder.CreateNumpyVector(np.float32(values)) for values in (mean, deviation)]
    options = table((0, vectors[0]), (1, vectors[1]))
    builder.StartObject(2)
    builder.PrependUint8Slot(0, 1, 0)
    builder.PrependUOffsetTRelativeSlot(1, options, 0)
    units = tables(builder.EndObject())
    inputs = tables(table((4, units)))
    builder.Finish(table((3, tables(table((2, inputs))))))
    return bytes(builder.Output())


def test_the_metadata_of_a_litert_file_tells_how_its_input_is_scaled(made: Made, tmp_path: Path) -> None:
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(made("tflite_file").read_bytes(), 0))
    entry = schema.MetadataT()
    entry.name, entry.buffer = "TFLITE_METADATA", len(model.buffers)
    model.metadata = [*(model.metadata or []), entry]
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(metadata([127.0, 128.0, 129.0], [2.0, 4.0, 8.0]), np.uint8)
    model.buffers.append(buffer)
    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), b"TFL3")
    (tmp_path / "model.tflite").write_bytes(builder.Output())
    told = guess(look(tmp_path / "model.tflite")).spec["input"]
    assert (told["mean"], told["scale"]) == ([127.0, 128.0, 129.0], [0.5, 0.25, 0.125])


@given(st.integers(0, 200), st.integers(0, 255))
def test_damaged_metadata_ends_in_an_error_that_is_caught(place: int, byte: int) -> None:
    data = bytearray(metadata([0.0], [255.0]))
    assert normalization(bytes(data)) == ((0.0,), (255.0,))
    data[place % len(data)] = byte
    for damaged in (bytes(data), bytes(data[:place])):
        with suppress(struct.error, IndexError):
            normalization(damaged)


def test_an_onnx_file_tells_foreign_operations_and_its_class_names(tmp_path: Path) -> None:
    graph = (
        part(1, node("Wish", "image", "wished") + part(7, "com.example")),
        part(1, node("Identity", "wished", "answer")),
        part(5, tensor("weight", np.zeros((2, 3), np.float16), 10)),
        part(11, value("image", ("n", 3, 8, 8))),
        part(11, value("weight", (2, 3), 10)),  # as old files do it
        part(12, value("answer", ("n", 2))),
    )
    names = part(14, part(1, "names") + part(2, "{0: 'cat', 1: 'dog'}"))
    (tmp_path / "model.onnx").write_bytes(onnx_model(*graph) + names)
    found = look(tmp_path / "model.onnx")
    assert [each.name for each in found.inputs] == ["image"]
    assert (found.custom_operations, found.parameters) == (("com.example.Wish",), 6)
    assert (found.labels_inside, found.outputs[0].made_by) == (("cat", "dog"), "Wish")


def test_operations_that_tensorflow_does_not_know_are_told(made: Made, tmp_path: Path) -> None:
    data = made("frozen_graph").read_bytes().replace(b"\x04Relu", b"\x04Rexu")
    (tmp_path / "model.pb").write_bytes(data)
    found = look(tmp_path / "model.pb")
    assert found.custom_operations == ("Rexu",)
    assert found.outputs[0].name == "predictions/Softmax"


def test_a_graph_that_calls_python_or_touches_files_says_so(tmp_path: Path) -> None:
    import tensorflow as tf

    with tf.Graph().as_default() as graph:
        image = tf.compat.v1.placeholder(tf.float32, (None, 8, 8, 3), name="image")
        seen = tf.numpy_function(lambda values: values, [image], tf.float32)
        with tf.control_dependencies([tf.io.write_file("seen", tf.io.serialize_tensor(image))]):
            tf.identity(seen, name="answer")
    (tmp_path / "model.pb").write_bytes(graph.as_graph_def().SerializeToString())
    python, files = look(tmp_path / "model.pb").notes
    assert "calls Python code" in python
    assert "WriteFile" in files


def test_the_graph_of_a_tag_is_chosen(made: Made, tmp_path: Path) -> None:
    path = made("tf1_saved_model", tags=("photoprism", "gpu"))
    assert look(path) == look(path, ["gpu", "photoprism"])
    with pytest.raises(ModelError, match="no graph under the tag serve; its tags are: photoprism, gpu"):
        look(path, ["serve"])
    with pytest.raises(ModelError, match="only SavedModels have"):
        look(made("tflite_file"), ["serve"])


def test_a_tensor_is_found_by_its_name_or_the_nearest_are_told(made: Made) -> None:
    found = look(made("tf1_saved_model", signature="predict_images"))
    assert find_tensor(found, "images").shape == (None, 16, 16, 3)
    assert find_tensor(found, "predictions/BiasAdd:0").shape == (None, 3)
    with pytest.raises(ModelError, match=r"no operation 'predictions/Softmx'; similar names: predictions/Softmax"):
        find_tensor(found, "predictions/Softmx")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("kind", sorted(ENDINGS))
def test_a_file_that_is_cut_off_is_refused(made: Made, tmp_path: Path, kind: str, share: float) -> None:
    whole = made(kind).read_bytes()
    path = tmp_path / f"model{ENDINGS[kind]}"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ModelError, match="or it is damaged"):
        look(path)


@pytest.mark.parametrize("ending", [*ENDINGS.values(), ".txt", ""])
@pytest.mark.parametrize(
    "content", [b"", b"This is no model at all, but a text.\n" * 9, b"\xff" * 99], ids=["", "text", "bytes"]
)
def test_what_is_no_model_is_refused(tmp_path: Path, ending: str, content: bytes) -> None:
    path = tmp_path / f"model{ending}"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"or it is damaged|is not a model"):
        look(path)


def test_a_folder_without_a_model_is_refused_and_tells_where_one_is(made: Made, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"there is no saved_model.pb in it$"):
        look(tmp_path)
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "saved_model.pb").write_bytes(b"\xff" * 20)
    with pytest.raises(ModelError, match=r"there is no saved_model.pb in it, but in: 1$"):
        look(tmp_path)
    with pytest.raises(ModelError, match=r"its saved_model.pb is damaged"):
        look(tmp_path / "1")


def test_a_saved_model_without_its_variables_is_refused(tmp_path: Path) -> None:
    path = tf1_saved_model(tmp_path / "model")
    (path / "variables" / "variables.index").unlink()
    with pytest.raises(ModelError, match="'variables', with the weights, is missing"):
        look(path)


def test_a_keras_file_of_weights_alone_says_so(made: Made, tmp_path: Path) -> None:
    import keras

    keras.models.load_model(made("keras_file"), compile=False).save_weights(tmp_path / "tiny.weights.h5")
    with pytest.raises(ModelError, match="only weights"):
        look(tmp_path / "tiny.weights.h5")


@pytest.mark.parametrize("kind", ["onnx_file", "tf1_saved_model"])
def test_a_process_of_its_own_tells_the_same(made: Made, kind: str) -> None:
    assert inspect(made(kind)) == look(made(kind))


def test_errors_of_the_process_come_back(made: Made, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="its tags are: serve"):
        inspect(made("saved_model"), ["nothing"])
    with pytest.raises(ModelError, match="cannot be read: No such file"):
        inspect(tmp_path / "nothing.onnx")


def test_files_that_are_read_by_hand_need_no_tensorflow(made: Made) -> None:
    script = (
        "import sys; from pathlib import Path; from indexer.zoo.inspect.inspect import look\n"
        "for path in sys.argv[1:]: look(Path(path))\n"
        "print({'tensorflow', 'keras'} & set(sys.modules))"
    )
    paths: list[Any] = [made(kind) for kind in ("keras_file", "tflite_file", "onnx_file")]
    done = subprocess.run([sys.executable, "-c", script, *paths], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"

"""Models of the user's own: every kind of file answers, through our runtime, what the network says it answers."""

from __future__ import annotations

import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_models import KINDS, Net, answer, pictures

from indexer.advice import Advice
from indexer.errors import ModelError
from indexer.vision.endpoint import Endpoint
from indexer.vision.model_store import fingerprint, is_whole, tree_fingerprint
from indexer.vision.runtime import TensorFlowModel, open_model
from indexer.vision.runtime.remote import counts
from indexer.vision.runtime.server import Server
from indexer.vision.spec import ModelSpec, spec_of
from indexer.zoo.build.build import build
from indexer.zoo.build.subprocess import build_missing
from indexer.zoo.custom.infer_spec import guess
from indexer.zoo.inspect.inspect import look

FORMATS = {
    "saved_model": "saved-model",
    "tf1_saved_model": "saved-model",
    "keras_file": "keras",
    "h5_file": "keras",
    "frozen_graph": "graph",
    "tflite_file": "tflite",
    "onnx_file": "onnx",
}
TENSORS = {
    "saved_model": ("image", "probabilities"),
    "keras_file": ("image", "predictions"),
    "h5_file": ("image", "predictions"),
    "onnx_file": ("image", "probabilities"),
}
ENDS = {"softmax": "Softmax", "sigmoid": "Sigmoid", "single-sigmoid": "Sigmoid", "logits": "BiasAdd"}


def described(kind: str, file: Path, net: Net, **changes: Any) -> ModelSpec:
    """Return the description of a made file, its outputs as the program wants them: probabilities."""
    tensors = TENSORS.get(kind, ("input_1", f"predictions/{ENDS[net.activation]}"))
    if kind == "tflite_file":
        from ai_edge_litert.interpreter import Interpreter

        lite = Interpreter(str(file))
        tensors = lite.get_input_details()[0]["name"], lite.get_output_details()[0]["name"]
    raw = {
        "description": "made by a test",
        "role": "classifier",
        "weights": {
            "file": file.name,
            "format": FORMATS[kind],
            "sha256": tree_fingerprint(file) if file.is_dir() else fingerprint(file),
            "signature": "serving_default" if kind == "saved_model" else "",
            **changes.pop("weights", {}),
        },
        "input": {
            "name": "image",
            "tensor": tensors[0],
            "fit": "stretch",
            "size_px": net.size or 16,
            "colors": {1: "gray", 3: "RGB"}[net.channels],
            "mean": 0,
            "scale": 1 if net.dtype == "uint8" else 1 / 255,
            "layout": net.layout,
            "dtype": net.dtype,
        },
        "outputs": {
            "probabilities": {
                "shape": ["views", net.width],
                "tensor": tensors[1],
                "apply": "softmax" if net.activation == "logits" else "none",
            }
        },
        **changes,
    }
    return spec_of("mine", raw, str(file.parent))


def expected(seen: np.ndarray, net: Net) -> np.ndarray:
    told = answer(seen, net)
    if net.activation == "single-sigmoid":
        return np.concatenate([1 - told, told], axis=1)
    if net.activation == "logits":
        powers = np.exp(told - told.max(-1, keepdims=True))
        return powers / powers.sum(-1, keepdims=True)
    return told


def run(spec: ModelSpec, folder: Path, seen: np.ndarray, net: Net, runtime: str = "litert") -> np.ndarray:
    """Build and run a model on pictures that are in the network's own layout."""
    build(spec, folder)
    usual = seen.transpose(0, 2, 3, 1) if net.layout == "NCHW" else seen
    return open_model(spec, folder, runtime).run(usual.astype(np.float32))["probabilities"]


@pytest.mark.parametrize("activation", ["softmax", "sigmoid", "logits", "single-sigmoid"])
@pytest.mark.parametrize("kind", FORMATS)
def test_every_kind_of_file_answers_for_every_activation(kind: str, activation: str, made, tmp_path: Path) -> None:
    net = Net(activation=activation)
    seen = pictures(net)
    told = run(described(kind, made(kind, activation=activation), net), tmp_path, seen, net)
    np.testing.assert_allclose(told, expected(seen, net), atol=1e-5)


@pytest.mark.parametrize(
    "changes",
    [
        {"layout": "NCHW"},
        {"channels": 1},
        {"batch": 1},
        {"batch": 4},
        {"dtype": "float16"},
        {"dtype": "uint8"},
        {"size": None},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["saved_model", "tf1_saved_model", "keras_file", "frozen_graph", "onnx_file"])
def test_odd_inputs_are_fed_as_they_want(kind: str, changes: dict[str, Any], made, tmp_path: Path) -> None:
    net = Net(**changes)
    seen = pictures(net, 3)
    told = run(described(kind, made(kind, **changes), net), tmp_path, seen, net)
    np.testing.assert_allclose(told, expected(seen, net), atol=2e-3 if net.dtype == "float16" else 1e-5)


def test_a_quantized_file_answers_about_the_same(made, tmp_path: Path) -> None:
    net = Net()
    seen = pictures(net)
    told = run(described("tflite_file", made("tflite_file", quantized=True), net), tmp_path, seen, net)
    np.testing.assert_allclose(told, expected(seen, net), atol=0.1)


@pytest.mark.parametrize("changes", [{}, {"activation": "logits"}], ids=str)
@pytest.mark.parametrize("kind", FORMATS)
def test_the_guessed_description_builds_and_answers(kind: str, changes: dict[str, Any], made, tmp_path: Path) -> None:
    net = Net(**changes)
    seen = pictures(net)
    file = made(kind, **changes)
    raw = {"description": "guessed", **guess(look(file)).spec}
    raw["weights"] |= {"file": file.name, "sha256": tree_fingerprint(file) if file.is_dir() else fingerprint(file)}
    told = run(spec_of("mine", raw, str(file.parent)), tmp_path, seen, net)
    np.testing.assert_allclose(told, expected(seen, net), atol=1e-5)


def test_the_guessed_description_of_a_quantized_file_answers_about_the_same(made, tmp_path: Path) -> None:
    net = Net()
    seen = pictures(net)
    file = made("tflite_file", quantized=True)
    raw = {"description": "guessed", **guess(look(file)).spec}
    raw["weights"] |= {"file": file.name, "sha256": fingerprint(file)}
    told = run(spec_of("mine", raw, str(file.parent)), tmp_path, seen, net)
    np.testing.assert_allclose(told, expected(seen, net), atol=0.1)


@pytest.mark.parametrize("tags", [["serve"], ["myTag"], ["photoprism"], ["serve", "gpu"]], ids=str)
def test_a_tensorflow_1_model_is_found_under_any_tags(tags: list[str], made, tmp_path: Path) -> None:
    net = Net()
    seen = pictures(net)
    file = made("tf1_saved_model", tags=tuple(tags))
    spec = described("tf1_saved_model", file, net, weights={"tags": tags})
    np.testing.assert_allclose(run(spec, tmp_path, seen, net), expected(seen, net), atol=1e-5)


def test_a_tensorflow_2_model_is_also_known_by_the_operations_of_its_graph(made, tmp_path: Path) -> None:
    net = Net()
    seen = pictures(net)
    spec = described("saved_model", made("saved_model"), net, weights={"signature": ""})
    told = json.loads(json.dumps(asdict(spec)))
    told["input"]["tensor"] = "serving_default_image"
    told["outputs"]["probabilities"]["tensor"] = "StatefulPartitionedCall"
    spec = spec_of(told.pop("name"), told)
    np.testing.assert_allclose(run(spec, tmp_path, seen, net), expected(seen, net), atol=1e-5)


def test_an_operation_that_nothing_here_knows_is_named(made, tmp_path: Path) -> None:
    import tensorflow as tf

    graph = tf.compat.v1.GraphDef()
    graph.ParseFromString(made("frozen_graph").read_bytes())
    next(node for node in graph.node if node.op == "Softmax").op = "FancySoftmax"
    (tmp_path / "fancy.pb").write_bytes(graph.SerializeToString())
    with pytest.raises(ModelError, match="FancySoftmax"):
        build(described("frozen_graph", tmp_path / "fancy.pb", Net()), tmp_path)


@pytest.mark.parametrize("kind", ["keras_file", "frozen_graph", "tf1_saved_model", "tflite_file", "onnx_file"])
def test_a_file_that_is_cut_short_is_a_sentence(kind: str, made, tmp_path: Path) -> None:
    file = made(kind)
    spec = described(kind, file, Net())
    copy = tmp_path / file.name
    shutil.copytree(file, copy) if file.is_dir() else shutil.copy(file, copy)
    for part in [each for each in copy.rglob("*") if each.is_file()] or [copy]:
        part.write_bytes(part.read_bytes()[: part.stat().st_size // 2])
    told = json.loads(json.dumps(asdict(spec)))
    told |= {"folder": str(tmp_path)}
    told["weights"]["sha256"] = tree_fingerprint(copy) if copy.is_dir() else fingerprint(copy)
    spec = spec_of(told.pop("name"), told)
    with pytest.raises(ModelError):
        run(spec, tmp_path, pictures(Net()), Net())


def test_both_runtimes_answer_the_same(made, tmp_path: Path) -> None:
    net = Net()
    seen = pictures(net)
    spec = described("saved_model", made("saved_model"), net)
    one, other = (run(spec, tmp_path, seen, net, runtime) for runtime in ("litert", "tensorflow"))
    np.testing.assert_allclose(one, other, atol=1e-5)


def test_a_model_that_keras_exported_with_two_signatures_answers(made, tmp_path: Path) -> None:
    import keras

    net = Net()
    seen = pictures(net)
    keras.models.load_model(made("keras_file")).export(tmp_path / "exported", verbose=False)
    outputs = {"probabilities": {"shape": ["views", net.width], "tensor": "output_0"}}
    spec = described("saved_model", tmp_path / "exported", net, outputs=outputs)
    for runtime in ("litert", "tensorflow"):
        np.testing.assert_allclose(run(spec, tmp_path, seen, net, runtime), expected(seen, net), atol=1e-5)


def test_code_in_a_file_runs_only_where_it_is_trusted(made, tmp_path: Path) -> None:
    net = Net()
    seen = pictures(net)
    file = made("keras_file", lambda_layer=True)
    with pytest.raises(ModelError, match="Lambda layer"):
        build(described("keras_file", file, net), tmp_path)
    spec = described("keras_file", file, net, weights={"trust": True})
    np.testing.assert_allclose(run(spec, tmp_path, seen, net), expected(seen, net), atol=1e-5)


def test_a_file_that_has_changed_is_refused(made, tmp_path: Path) -> None:
    spec = described("keras_file", made("keras_file"), Net(), weights={"sha256": "0" * 64})
    with pytest.raises(ModelError, match="has changed since it was added"):
        build(spec, tmp_path)


@pytest.mark.parametrize(
    ("kind", "table", "key", "value", "message"),
    [
        ("tf1_saved_model", "input", "tensor", "input_9", "no operation 'input_9'"),
        ("frozen_graph", "input", "tensor", "input_9", "no operation 'input_9'"),
        ("saved_model", "weights", "signature", "predict", "no signature 'predict'; it has .*serving_default"),
        ("saved_model", "weights", "tags", ["train"], "cannot be read"),
        ("keras_file", "input", "size_px", 17, "the description says"),
        ("keras_file", "input", "colors", "gray", "the description says"),
        ("saved_model", "input", "dtype", "uint8", "its input is float32"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(
    kind: str, table: str, key: str, value: Any, message: str, made, tmp_path: Path
) -> None:
    spec = described(kind, made(kind), Net())
    changed = json.loads(json.dumps(asdict(spec)))
    changed[table][key] = value
    with pytest.raises(ModelError, match=message):
        build(spec_of(changed.pop("name"), changed), tmp_path)


def test_every_kind_that_can_be_made_is_tried() -> None:
    assert set(FORMATS) == set(KINDS) - {"object_detector"}


def writing(path: Path, target: Path) -> Path:
    """A SavedModel of TensorFlow 2 that writes a file when it runs, in a function that its own function calls."""
    import tensorflow as tf

    @tf.function
    def inner(values: Any) -> Any:
        tf.io.write_file(str(target), "written")
        return tf.nn.softmax(tf.reduce_mean(values, (1, 2)))

    module = tf.Module()
    wanted = tf.TensorSpec((None, 16, 16, 3), tf.float32, name="image")
    module.run = tf.function(lambda image: {"probabilities": inner(image)}, input_signature=[wanted])
    tf.saved_model.save(module, str(path), {"serving_default": module.run})
    return path


def test_a_model_that_writes_files_is_refused_and_has_written_none(tmp_path: Path) -> None:
    target = tmp_path / "target"
    spec = described("saved_model", writing(tmp_path / "saved", target), Net())
    with pytest.raises(ModelError, match="its operation WriteFile accesses files, ") as raised:
        build_missing([spec], tmp_path / "built")
    assert raised.value.advice == Advice("trust")
    assert not target.exists()
    trusted = replace(spec, weights=replace(spec.weights, trust=True))
    build_missing([trusted], tmp_path / "built")
    assert is_whole(trusted, tmp_path / "built")


def writing_before(path: Path, target: Path, where: str) -> Path:
    """A SavedModel of TensorFlow 1 that writes a file when it starts, is restored, is read or runs."""
    import tensorflow as tf
    from tensorflow.core.protobuf import saved_model_pb2

    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph, v1.Session() as session:
        write = tf.raw_ops.WriteFile(filename=str(target), contents="written")
        image = v1.placeholder(tf.float32, (None, 16, 16, 3), "input_1")
        v1.get_variable("factor", (), use_resource=True)
        factor = graph.get_tensor_by_name("factor/Read/ReadVariableOp:0")
        with tf.control_dependencies([write] if where == "run" else []), tf.name_scope("predictions"):
            tf.nn.softmax(tf.reduce_mean(image, (1, 2)) * factor, name="Softmax")
        session.run(v1.global_variables_initializer())
        builder = v1.saved_model.Builder(str(path))
        builder.add_meta_graph_and_variables(session, ["serve"], main_op=write if where == "start" else None)
        builder.save()
    meant = {"restore": "save/restore_all", "read": "factor/Read/ReadVariableOp"}.get(where)
    saved = saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())
    nodes = [node for node in saved.meta_graphs[0].graph_def.node if node.name == meant]
    assert bool(nodes) == bool(meant)
    for node in nodes:
        node.input.append(f"^{write.name}")
    (path / "saved_model.pb").write_bytes(saved.SerializeToString())
    return path


@pytest.mark.parametrize("where", ["restore", "read", "run"])
def test_no_step_of_loading_a_model_lets_it_write_a_file(where: str, tmp_path: Path) -> None:
    target = tmp_path / "target"
    spec = described("tf1_saved_model", writing_before(tmp_path / "saved", target, where), Net())
    with pytest.raises(ModelError, match="its operation WriteFile accesses files"):
        build(spec, tmp_path / "built")
    assert not target.exists()


def test_what_a_model_would_do_at_its_start_is_left_out(tmp_path: Path) -> None:
    target = tmp_path / "target"
    spec = described("tf1_saved_model", writing_before(tmp_path / "saved", target, "start"), Net())
    build(spec, tmp_path / "built")
    assert not target.exists()


def test_a_graph_is_judged_by_what_its_answer_needs(tmp_path: Path) -> None:
    import tensorflow as tf

    target = tmp_path / "target"
    with tf.Graph().as_default() as graph:
        write = tf.raw_ops.WriteFile(filename=str(target), contents="written")
        image = tf.compat.v1.placeholder(tf.float32, (None, 16, 16, 3), "input_1")
        with tf.name_scope("predictions"):
            plain = tf.nn.softmax(tf.reduce_mean(image, (1, 2)), name="Softmax")
        with tf.control_dependencies([write]):
            tf.identity(plain, name="writes")
    file = tmp_path / "net.pb"
    file.write_bytes(graph.as_graph_def().SerializeToString())
    spec = described("frozen_graph", file, Net())
    build(spec, tmp_path / "built")
    outputs = {"probabilities": replace(spec.outputs["probabilities"], tensor="writes")}
    with pytest.raises(ModelError, match="its operation WriteFile accesses files"):
        build(replace(spec, outputs=outputs), tmp_path / "built")
    assert not target.exists()


def test_a_model_with_a_free_batch_answers_many_workers_together(made, tmp_path: Path) -> None:
    net = Net(activation="logits")
    spec = described("keras_file", made("keras_file", activation="logits"), net)
    build(spec, tmp_path)
    place = Endpoint(str(tmp_path / "socket"), b"key")
    server = Server(lambda spec, folder: TensorFlowModel(spec, folder / spec.id / "saved_model"))
    threading.Thread(target=server.listen, args=(place,), daemon=True).start()

    def work(worker: int) -> None:
        model = open_model(spec, tmp_path, "tensorflow", place=place)
        for turn in range(10):
            seen = np.roll(pictures(net), worker + turn, axis=1).astype(np.float32)
            np.testing.assert_allclose(model.run(seen)["probabilities"], expected(seen, net), atol=1e-5)

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(work, range(4)))
    done = counts(place)[spec.id]
    assert done.questions == 40
    assert done.runs < 40

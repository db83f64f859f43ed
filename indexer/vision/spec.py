"""models/NAME.toml flows in; a checked, frozen ModelSpec flows out: all that is to be known of a network but its weights."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from indexer.errors import ModelError
from indexer.resources import packaged

ROLES = ("classifier", "face-detector", "face-describer")
FORMATS = ("torch", "dlib", "onnx-literal")
FITS = ("as-is", "stretch", "center-crop", "short-side", "long-side")
RESAMPLINGS = ("nearest", "bilinear", "bicubic", "lanczos")

# Raise it when the zoo builds other numbers from the same spec: built networks and stored results become stale.
_BUILDER = 2

_Check = Callable[[Any], bool]
_T = TypeVar("_T")


def _key(check: _Check, wanted: str, default: Any = MISSING) -> Any:
    """Declare a key of the file: what its value must be, and its default if it may be left out."""
    about = {"check": check, "wanted": wanted}
    if isinstance(default, dict):
        return field(default_factory=lambda: dict(default), metadata=about)
    return field(default=default, metadata=about)


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _one_of(*choices: str) -> dict[str, Any]:
    return {"check": lambda value: value in choices, "wanted": f"one of {', '.join(choices)}"}


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _per_color(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 3 and all(map(_number, value))


def _digest(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")


def _numbers(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_number, value.values()))


def _shape(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(_count(side) or _text(side) for side in value)


@dataclass(frozen=True, slots=True)
class Weights:
    """Where the numbers come from: a file inside an installed package.

    format: 'torch' (.pth before 1.6), 'dlib' (.dat), 'onnx-literal' (ONNX bytes in a Python file as WEIGHTS = b'…').
    sha256: of the file; of the ONNX bytes where they stand in a Python file.
    """

    package: str = _key(_text, "the name of a package")
    version: str = _key(_text, "a version, as text")
    file: str = _key(_text, "a path inside the package")
    sha256: str = _key(_digest, "64 hexadecimal digits")
    format: str = _key(**_one_of(*FORMATS))


@dataclass(frozen=True, slots=True)
class Input:
    """What the network wants to see.

    name: of the input tensor.  value = (pixel − mean) × scale, by color in the order of `colors`.
    fit, size: 'as-is' (a size × size chip that is given), 'stretch' (squeezed to size × size), 'center-crop' (the
    middle `crop` of the shorter side, size × size), 'short-side' and 'long-side' (that side gets `size` px, the
    other follows).  multiple_px: sides are rounded to it ('short-side') or filled up to it at the bottom right with
    black ('long-side').  longest_px: of the long side with 'short-side'; narrower pictures are squeezed.
    """

    name: str = _key(_text, "the name of a tensor")
    size_px: int = _key(_count, "a whole number above 0")
    fit: str = _key(**_one_of(*FITS))
    colors: str = _key(**_one_of("RGB", "BGR"))
    mean: tuple[float, float, float] = _key(_per_color, "three numbers")
    scale: float = _key(_number, "a number")
    resampling: str = _key(**_one_of(*RESAMPLINGS), default="bicubic")
    crop: float = _key(lambda value: _number(value) and 0 < value <= 1, "a number above 0, at most 1", 1.0)
    multiple_px: int = _key(_count, "a whole number above 0", 1)
    longest_px: int = _key(_count, "a whole number above 0", 4096)


@dataclass(frozen=True, slots=True)
class Output:
    """One named output: its sides (a number, or a word where it varies) and what was applied last."""

    shape: tuple[int | str, ...] = _key(_shape, "a list of numbers and words")
    activation: str = _key(**_one_of("softmax", "sigmoid", "none"), default="none")


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A network as its file models/NAME.toml describes it.

    architecture: what the zoo builds.  network: what that builder needs to know.  thresholds: defaults that may
    change without making results stale.
    """

    name: str
    description: str = _key(_text, "a text")
    role: str = _key(**_one_of(*ROLES))
    architecture: str = _key(_text, "a name")
    license: str = _key(_text, "a text")
    source: str = _key(lambda value: _text(value) and value.startswith("https://"), "an address")
    weights: Weights = _key(lambda value: isinstance(value, dict), "a table")
    input: Input = _key(lambda value: isinstance(value, dict), "a table")
    outputs: Mapping[str, Output] = _key(lambda value: isinstance(value, dict) and bool(value), "a table")
    network: Mapping[str, float] = _key(_numbers, "a table of numbers", {})
    labels: Mapping[str, str] = _key(
        lambda value: isinstance(value, dict) and all(map(_text, value.values())), "a table of texts", {}
    )
    thresholds: Mapping[str, float] = _key(_numbers, "a table of numbers", {})

    @property
    def id(self) -> str:
        """The name and a fingerprint of everything that the network's numbers depend on."""
        parts = asdict(self)
        told = {key: parts[key] for key in ("architecture", "network", "input", "outputs")}
        told |= {"weights": self.weights.sha256, "builder": _BUILDER}
        print_of = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
        return f"{self.name}-{print_of[:8]}"


def read_specs(folder: Path | None = None) -> dict[str, ModelSpec]:
    """Read all specs of a folder, by name; None: those that ship with the program.

    Errors: ModelError that names the file and the key that is wrong.
    """
    files = sorted((folder or packaged("models")).glob("*.toml"))
    return {file.stem: read_spec(file) for file in files}


def read_spec(file: Path) -> ModelSpec:
    """Read one spec. Errors: ModelError that names the key that is wrong."""
    name = file.stem
    try:
        raw = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(name, f"its description {file} cannot be read: {error}") from error
    return spec_of(name, raw)


def spec_of(name: str, raw: dict[str, Any]) -> ModelSpec:
    """Check the tables of a spec. Errors: ModelError that names the key that is wrong."""
    values = _checked(name, "", ModelSpec, raw)
    values["weights"] = _table(name, "weights.", Weights, raw["weights"])
    values["input"] = _table(name, "input.", Input, raw["input"])
    values["outputs"] = {key: _output(name, key, part) for key, part in raw["outputs"].items()}
    return ModelSpec(name=name, **values)


def _output(name: str, key: str, raw: Any) -> Output:
    if not isinstance(raw, dict):
        raise ModelError(name, f"'outputs.{key}' in its description must be a table")
    return _table(name, f"outputs.{key}.", Output, raw)


def _table(name: str, where: str, kind: type[_T], raw: dict[str, Any]) -> _T:
    return kind(**_checked(name, where, kind, raw))


def _checked(name: str, where: str, kind: type[Any], raw: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a table, each checked; lists become tuples."""
    known: dict[str, Field[Any]] = {item.name: item for item in fields(kind) if item.metadata}
    for key in raw:
        if key not in known:
            raise ModelError(name, f"'{where}{key}' in its description is not known; known are {', '.join(known)}")
    for key, item in known.items():
        if key not in raw and item.default is MISSING and item.default_factory is MISSING:
            raise ModelError(name, f"'{where}{key}' is missing in its description")
        if key in raw and not item.metadata["check"](raw[key]):
            raise ModelError(name, f"'{where}{key}' in its description must be {item.metadata['wanted']}")
    return {key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()}

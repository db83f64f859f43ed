"""A spec and the folder of built networks flow in; a Model that turns tensors into named outputs flows out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from ctypes.util import find_library
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from indexer.errors import ModelError
from indexer.vision.built import LITERT_FILE, SAVED_MODEL, check, is_built
from indexer.vision.quiet import quiet
from indexer.vision.spec import ModelSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["FakeModel", "LiteRtModel", "Model", "TensorFlowModel", "is_built", "open_model"]

_SIGNATURE = "serving_default"
_GPU_DEVICES = ("/dev/nvidiactl", "/dev/dxg")  # Linux; Windows' subsystem for Linux


class Model(Protocol):
    """A network that is ready to run."""

    @property
    def spec(self) -> ModelSpec:
        """What is known of the network."""

    def run(self, image: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Run the network on float32[n, h, w, 3], made as the spec's input says; return its named outputs."""


def open_model(spec: ModelSpec, folder: Path, runtime: str = "auto", threads: int = 1) -> Model:
    """Open a built network, after checking it against its record.

    runtime: 'litert' (CPU), 'tensorflow', or 'auto': TensorFlow where it has a GPU, else LiteRT.
    Errors: ModelError where the network is not built, is damaged, or is not as its spec says.
    """
    if runtime == "tensorflow" or (runtime == "auto" and _has_gpu()):
        return TensorFlowModel(spec, check(spec, folder, SAVED_MODEL), threads)
    return LiteRtModel(spec, check(spec, folder, LITERT_FILE), threads)


class LiteRtModel:
    """A network run by LiteRT (XNNPACK) on the CPU; not for several threads at once."""

    def __init__(self, spec: ModelSpec, file: Path, threads: int = 1) -> None:
        self.spec = spec
        self._file = file
        self._threads = threads
        # A new shape costs 1 ms (classifier) or 0.1 ms (describer), but 10 ms and more for a detector of large
        # pictures, mostly for new memory: it keeps three of those and the two of its close-ups.
        self._kept = 5 if spec.role == "face-detector" else 1
        self._prepared: OrderedDict[tuple[int, ...], _Interpreter] = OrderedDict()
        self._idle = [self._start()]

    def run(self, image: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Run the network.

        Errors: ModelError for a shape that the network does not take.
        """
        return self._interpreter(image.shape).run(image)

    def _interpreter(self, shape: tuple[int, ...]) -> _Interpreter:
        """Return the interpreter of a shape: prepared lately, new, or the one used longest ago, made to fit."""
        if shape in self._prepared:
            self._prepared.move_to_end(shape)
            return self._prepared[shape]
        if self._idle:
            interpreter = self._idle.pop()
        elif len(self._prepared) < self._kept:
            interpreter = self._start()
        else:
            interpreter = self._prepared.popitem(last=False)[1]
        interpreter.fit(shape)
        self._prepared[shape] = interpreter
        return interpreter

    def _start(self) -> _Interpreter:
        try:
            with quiet():
                return _Interpreter(self.spec, self._file, self._threads)
        except (ValueError, RuntimeError) as error:
            raise ModelError(self.spec.name, f"{self._file} does not load in LiteRT: {error}") from error


class _Interpreter:
    """LiteRT, made to fit one shape of input at a time."""

    def __init__(self, spec: ModelSpec, file: Path, threads: int) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._name = spec.name
        self._lite = Interpreter(str(file), num_threads=threads)
        runner = self._lite.get_signature_runner(_SIGNATURE)
        inputs, outputs = runner.get_input_details(), runner.get_output_details()
        _agree(spec, inputs, {name: tuple(map(int, told["shape_signature"])) for name, told in outputs.items()})
        self._sides = tuple(map(int, inputs[spec.input.name]["shape_signature"]))
        self._input = inputs[spec.input.name]["index"]
        self._outputs = {name: outputs[name]["index"] for name in spec.outputs}

    def fit(self, shape: tuple[int, ...]) -> None:
        _refuse_other(self._name, self._sides, shape)  # LiteRT itself would take some and answer nonsense
        try:
            with quiet():
                self._lite.resize_tensor_input(self._input, shape)
                self._lite.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(self._name, f"does not take a picture of shape {shape}: {error}") from error

    def run(self, image: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        self._lite.set_tensor(self._input, image)
        self._lite.invoke()
        return {name: self._lite.get_tensor(index) for name, index in self._outputs.items()}


class TensorFlowModel:
    """A network run by TensorFlow, on the GPU where it has one."""

    def __init__(self, spec: ModelSpec, folder: Path, threads: int = 1) -> None:
        self.spec = spec
        with quiet():
            tensorflow = _tensorflow(threads)
            try:
                self._loaded = tensorflow.saved_model.load(str(folder))
                self._function = self._loaded.signatures[_SIGNATURE]
            except (OSError, KeyError, ValueError) as error:
                raise ModelError(spec.name, f"{folder} does not load in TensorFlow: {error}") from error
        _, inputs = self._function.structured_input_signature
        shapes = {name: tuple(told.shape) for name, told in self._function.structured_outputs.items()}
        _agree(spec, inputs, shapes)
        self._sides = tuple(inputs[spec.input.name].shape)
        self._tensorflow = tensorflow

    def run(self, image: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Run the network.

        Errors: ModelError for a shape that the network does not take, or memory that the GPU does not have.
        """
        _refuse_other(self.spec.name, self._sides, image.shape)
        try:
            answers = self._function(**{self.spec.input.name: self._tensorflow.constant(image)})
            return {name: answers[name].numpy() for name in self.spec.outputs}
        except self._tensorflow.errors.OpError as error:
            raise ModelError(self.spec.name, f"does not run on a picture of shape {image.shape}: {error}") from error


@dataclass(frozen=True, slots=True)
class FakeModel:
    """A network for tests: `answer` is called instead."""

    spec: ModelSpec
    answer: Callable[[NDArray[np.float32]], dict[str, NDArray[np.float32]]]

    def run(self, image: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Return what `answer` returns."""
        return self.answer(image)


def _agree(spec: ModelSpec, inputs: Mapping[str, Any], outputs: Mapping[str, tuple[int | None, ...]]) -> None:
    """Compare the names and shapes that the file has with those of the spec; −1 and None are free sides."""
    if list(inputs) != [spec.input.name]:
        raise ModelError(spec.name, f"its inputs are {', '.join(inputs)}, not '{spec.input.name}' as its spec says")
    for name, output in spec.outputs.items():
        if name not in outputs:
            raise ModelError(spec.name, f"it has no output '{name}'; it has {', '.join(outputs)}")
        there = outputs[name]
        fits = len(there) == len(output.shape) and all(
            side in (wanted, -1, None) or isinstance(wanted, str)
            for side, wanted in zip(there, output.shape, strict=True)
        )
        if not fits:
            raise ModelError(spec.name, f"its output '{name}' has the shape {there}, not {output.shape}")


def _refuse_other(name: str, sides: tuple[int | None, ...], shape: tuple[int, ...]) -> None:
    """Refuse a shape that does not fit the sides of the input; −1 and None are free."""
    fits = len(sides) == len(shape) and all(
        side == wanted or (wanted in (-1, None) and side > 0) for wanted, side in zip(sides, shape, strict=True)
    )
    if not fits:
        raise ModelError(name, f"takes pictures of shape {tuple(sides)}, not {shape}")


def _has_gpu() -> bool:
    """Tell whether TensorFlow has a GPU; it is asked, and loaded, only where there is one that it could use."""
    if not any(Path(device).exists() for device in _GPU_DEVICES) or not _has_cudnn():
        return False
    with quiet():
        return bool(_tensorflow(1).config.list_physical_devices("GPU"))


def _has_cudnn() -> bool:
    """Tell whether the library is there without which TensorFlow uses no GPU: from a package, or the system's."""
    packaged = find_spec("nvidia") is not None and find_spec("nvidia.cudnn") is not None
    return packaged or find_library("cudnn") is not None


def _tensorflow(threads: int) -> Any:
    import tensorflow

    # TensorFloat-32 would give answers that differ from LiteRT's by more than 1e-4.
    tensorflow.config.experimental.enable_tensor_float_32_execution(enabled=False)
    with suppress(RuntimeError):  # both settings are refused once TensorFlow has run anything in this process
        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
        for gpu in tensorflow.config.list_physical_devices("GPU"):
            tensorflow.config.experimental.set_memory_growth(gpu, enable=True)  # several workers share it
    return tensorflow

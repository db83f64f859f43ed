"""A spec and the folder of built networks flow in; a Model that turns tensors into named outputs flows out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
_GPU_DEVICES = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")  # NVIDIA; NVIDIA and AMD under WSL; AMD


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
        # pictures, mostly for new memory: it keeps one for landscape and one for portrait.
        self._kept = 2 if spec.role == "face-detector" else 1
        self._prepared: OrderedDict[tuple[int, ...], _Interpreter] = OrderedDict()
        self._start()

    def run(self, image: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Run the network.

        Errors: ModelError for a shape that the network does not take.
        """
        return self._interpreter(image.shape).run(image)

    def _interpreter(self, shape: tuple[int, ...]) -> _Interpreter:
        """Return the interpreter of a shape: prepared lately, new, or the one that was idle longest made to fit."""
        if shape in self._prepared:
            self._prepared.move_to_end(shape)
            return self._prepared[shape]
        full = len(self._prepared) >= self._kept
        interpreter = self._prepared.popitem(last=False)[1] if full else self._start()
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
        self._input, self._outputs = _tensors(spec, self._lite)

    def fit(self, shape: tuple[int, ...]) -> None:
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


def _tensors(spec: ModelSpec, lite: Any) -> tuple[int, dict[str, int]]:
    """Return the numbers of the input tensor and of each output tensor that the spec names."""
    runner = lite.get_signature_runner(_SIGNATURE)
    inputs, outputs = runner.get_input_details(), runner.get_output_details()
    _agree(spec, inputs, {name: tuple(told["shape_signature"]) for name, told in outputs.items()})
    return inputs[spec.input.name]["index"], {name: outputs[name]["index"] for name in spec.outputs}


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
        self._constant = tensorflow.constant

    def run(self, image: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Run the network; TensorFlow prepares a new shape by itself."""
        answers = self._function(**{self.spec.input.name: self._constant(image)})
        return {name: answers[name].numpy() for name in self.spec.outputs}


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


def _has_gpu() -> bool:
    """Tell whether TensorFlow has a GPU; TensorFlow is loaded only where the system shows one."""
    if not any(Path(device).exists() for device in _GPU_DEVICES):
        return False
    with quiet():
        return bool(_tensorflow(1).config.list_physical_devices("GPU"))


def _tensorflow(threads: int) -> Any:
    import tensorflow

    try:  # both settings are refused once TensorFlow has run anything in this process
        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
        for gpu in tensorflow.config.list_physical_devices("GPU"):
            tensorflow.config.experimental.set_memory_growth(gpu, enable=True)  # several workers share it
    except RuntimeError:
        pass
    return tensorflow

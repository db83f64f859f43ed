"""LiteRT runtime: a .tflite file, built or custom, on the CPU."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indexer.errors import ModelError
from indexer.vision.model_store import SIGNATURE
from indexer.vision.runtime.signature_check import agree, refuse_other
from indexer.vision.silence import silence_native_stderr
from indexer.vision.spec import ModelSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OWN_FILE = "tflite"  # such a file is run as it is; all others were converted, with our names


class LiteRtModel:
    """A model run by LiteRT (XNNPACK) on the CPU; not thread-safe."""

    def __init__(self, spec: ModelSpec, file: Path, threads: int = 1) -> None:
        self.spec = spec
        self._file = file
        self._threads = threads
        # A new shape costs 1 ms (classifier) or 0.1 ms (describer), but 10 ms and more for a detector of large
        # pictures, mostly for new memory: it keeps three of those and the two of its close-ups.
        self._kept = 5 if spec.role == "face-detector" else 1
        self._prepared: OrderedDict[tuple[int, ...], _Interpreter] = OrderedDict()
        self._idle = [self._start()]
        self.sides = self._idle[0].sides

    def run(self, image: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Run the model.

        Errors: ModelError for a shape that the model does not take.
        """
        return self._interpreter(image.shape).run(image)

    def _interpreter(self, shape: tuple[int, ...]) -> _Interpreter:
        """Return the interpreter of a shape: a cached one, a new one, or the least recently used one, resized."""
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
            with silence_native_stderr():
                return _Interpreter(self.spec, self._file, self._threads)
        except (ValueError, RuntimeError) as error:
            raise ModelError(self.spec.name, f"{self._file} does not load in LiteRT: {error}") from error


class _Interpreter:
    """A LiteRT interpreter, prepared for one input shape at a time."""

    def __init__(self, spec: ModelSpec, file: Path, threads: int) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._name = spec.name
        self._lite = Interpreter(str(file), num_threads=threads)
        inputs, outputs = self._tensors(spec)
        taken = inputs[spec.input.source_name if spec.weights.format == OWN_FILE else spec.input.name]
        self.sides = tuple(map(int, taken["shape_signature"] if len(taken["shape_signature"]) else taken["shape"]))
        self._input = _Tensor.of(taken)
        self._outputs = {name: _Tensor.of(outputs[name]) for name in spec.outputs}

    def _tensors(self, spec: ModelSpec) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Return the input by its name, and the outputs by their keys in the spec."""
        if spec.weights.format == OWN_FILE:
            inputs, named = self._by_any_name()
            outputs = {key: named[tensor] for key, output in spec.outputs.items() if (tensor := output.tensor) in named}
            source = spec.input.source_name
            agree(spec, [spec.input.name] if source in inputs else inputs, _sides(outputs))
        else:
            runner = self._lite.get_signature_runner(SIGNATURE)
            inputs, outputs = runner.get_input_details(), runner.get_output_details()
            agree(spec, inputs, _sides(outputs))
        return inputs, outputs

    def _by_any_name(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return inputs and outputs by the names of the tensors, and by those of the signature if it exists."""
        inputs = {told["name"]: told for told in self._lite.get_input_details()}
        outputs = {told["name"]: told for told in self._lite.get_output_details()}
        if len(self._lite.get_signature_list()) == 1:
            runner = self._lite.get_signature_runner()
            inputs |= runner.get_input_details()
            outputs |= runner.get_output_details()
        return inputs, outputs

    def fit(self, shape: tuple[int, ...]) -> None:
        refuse_other(self._name, self.sides, shape)  # LiteRT itself would accept some and return nonsense
        try:
            with silence_native_stderr():
                self._lite.resize_tensor_input(self._input.index, shape)
                self._lite.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(self._name, f"does not take a picture of shape {shape}: {error}") from error

    def run(self, image: NDArray[Any]) -> dict[str, NDArray[Any]]:
        self._lite.set_tensor(self._input.index, self._input.quantized(image))
        self._lite.invoke()
        return {name: one.real(self._lite.get_tensor(one.index)) for name, one in self._outputs.items()}


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A tensor's index and quantization: real = (number − zero) × step; step 0: not quantized."""

    index: int
    dtype: Any
    step: float
    zero: int

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> _Tensor:
        step, zero = told["quantization"]
        return cls(told["index"], told["dtype"], float(step), int(zero))

    def quantized(self, values: NDArray[Any]) -> NDArray[Any]:
        import numpy as np

        if values.dtype == self.dtype or not self.step:
            return values
        limits = np.iinfo(self.dtype)
        return np.clip(np.rint(values / self.step + self.zero), limits.min, limits.max).astype(self.dtype)

    def real(self, values: NDArray[Any]) -> NDArray[Any]:
        import numpy as np

        return (values.astype(np.float32) - np.float32(self.zero)) * np.float32(self.step) if self.step else values


def _sides(tensors: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(map(int, told["shape_signature"])) for name, told in tensors.items()}

"""ONNX Runtime: a custom ONNX file on the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from indexer.errors import ModelError
from indexer.vision.runtime.signature_check import agree, refuse_other
from indexer.vision.silence import silence_native_stderr
from indexer.vision.spec import ModelSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray


class OnnxModel:
    """A model run by ONNX Runtime, an optional package."""

    def __init__(self, spec: ModelSpec, file: Path, threads: int = 1) -> None:
        self.spec = spec
        try:
            import onnxruntime
        except ImportError as error:
            raise ModelError(spec.name, "is an ONNX file and needs another package").advise(
                "install-extra", spec.weights.extra
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            with silence_native_stderr():
                self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its exceptions have no other common class
            raise ModelError(spec.name, f"{file} does not load in ONNX Runtime: {error}") from error
        inputs = {told.name: tuple(told.shape) for told in self._session.get_inputs()}
        there = {told.name: tuple(told.shape) for told in self._session.get_outputs()}
        self._keys = {key: output.tensor or key for key, output in spec.outputs.items()}
        agree(spec, [spec.input.name if name == spec.input.source_name else name for name in inputs],
              {key: there[tensor] for key, tensor in self._keys.items() if tensor in there})  # fmt: skip
        self.sides = inputs[spec.input.source_name]

    def run(self, image: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Run the model.

        Errors: ModelError for a shape that the model does not take.
        """
        refuse_other(self.spec.name, self.sides, image.shape)
        try:
            answers = self._session.run(list(self._keys.values()), {self.spec.input.source_name: image})
        except Exception as error:
            raise ModelError(self.spec.name, f"does not run on a picture of shape {image.shape}: {error}") from error
        return dict(zip(self._keys, answers, strict=True))

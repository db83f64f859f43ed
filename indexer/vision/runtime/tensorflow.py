"""TensorFlow runtime: a SavedModel, on a GPU where TensorFlow has one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from ctypes.util import find_library
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indexer.errors import ModelError
from indexer.vision.model_store import BATCH_SIGNATURE, SIGNATURE
from indexer.vision.runtime.signature_check import agree, is_free, refuse_other
from indexer.vision.silence import silence_native_stderr
from indexer.vision.spec import ModelSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_GPU_DEVICES = ("/dev/nvidiactl", "/dev/dxg")  # Linux; Windows' subsystem for Linux


class OutOfMemoryError(ModelError):
    """A batch that needs more memory than its device has."""


class TensorFlowModel:
    """A model run by TensorFlow, on the GPU where it has one."""

    def __init__(self, spec: ModelSpec, folder: Path, threads: int = 1, *, use_gpu: bool = True) -> None:
        self.spec = spec
        with silence_native_stderr():
            tensorflow = _tensorflow(threads, use_gpu)
            try:
                self._loaded = tensorflow.saved_model.load(str(folder))
                signatures = self._loaded.signatures
                self._function = signatures[SIGNATURE]
                # Custom models have none, nor have those that an earlier release built.
                self._many = signatures.get(BATCH_SIGNATURE)
            except (OSError, KeyError, ValueError) as error:
                raise ModelError(spec.name, f"{folder} does not load in TensorFlow: {error}") from error
        _, inputs = self._function.structured_input_signature
        shapes = {name: tuple(told.shape) for name, told in self._function.structured_outputs.items()}
        agree(spec, inputs, shapes)
        self.sides = tuple(inputs[spec.input.name].shape)
        self._has_rows = all(is_free(shape[0]) if shape else False for shape in (self.sides, *shapes.values()))
        self._tensorflow = tensorflow

    def run(self, image: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Run the model.

        Errors: ModelError for a shape that the model does not take, or memory that the GPU does not have.
        """
        refuse_other(self.spec.name, self.sides, image.shape)
        return self._answers(self._function, image)

    def joins(self, shape: tuple[int, ...]) -> bool:
        """Return whether inputs of this shape can be run together."""
        return self._has_rows or (self._many is not None and shape[0] == 1)

    def run_joined(self, images: Sequence[NDArray[Any]]) -> list[dict[str, NDArray[Any]]]:
        """Run the model once on inputs of one shape. Errors: as of `run`; OutOfMemoryError."""
        import numpy as np

        for image in images:
            refuse_other(self.spec.name, self.sides, image.shape)
        joined, rows = np.concatenate(images), len(images[0])
        if self._many is not None:
            answers = self._answers(self._many, joined)
            return [{name: values[place] for name, values in answers.items()} for place in range(len(images))]
        answers = self._answers(self._function, joined)
        if any(len(values) != len(joined) for values in answers.values()):
            raise ModelError(self.spec.name, "answers something else than a row for each picture")
        starts = range(0, len(joined), rows)
        return [{name: values[start : start + rows] for name, values in answers.items()} for start in starts]

    def _answers(self, function: Any, image: NDArray[Any]) -> dict[str, NDArray[Any]]:
        try:
            answers = function(**{self.spec.input.name: self._tensorflow.constant(image)})
            return {name: answers[name].numpy() for name in self.spec.outputs}
        except self._tensorflow.errors.ResourceExhaustedError as error:
            raise OutOfMemoryError(
                self.spec.name, f"takes more memory than there is for {image.shape}: {error}"
            ) from error
        except self._tensorflow.errors.OpError as error:
            raise ModelError(self.spec.name, f"does not run on a picture of shape {image.shape}: {error}") from error


def may_have_gpu() -> bool:
    """Return whether there is a device that TensorFlow could use, without loading TensorFlow."""
    return any(Path(device).exists() for device in _GPU_DEVICES) and _has_cudnn()


def has_gpu() -> bool:
    """Return whether TensorFlow has a GPU; it is loaded only where there is one that it could use."""
    if not may_have_gpu():
        return False
    with silence_native_stderr():
        return bool(_tensorflow(1, use_gpu=True).config.list_physical_devices("GPU"))


def _has_cudnn() -> bool:
    """Return whether cuDNN, without which TensorFlow uses no GPU, is installed: from a package, or the system's."""
    packaged = find_spec("nvidia") is not None and find_spec("nvidia.cudnn") is not None
    return packaged or find_library("cudnn") is not None


def _tensorflow(threads: int, use_gpu: bool) -> Any:
    import tensorflow

    # TensorFloat-32 would give answers that differ from LiteRT's by more than 1e-4.
    tensorflow.config.experimental.enable_tensor_float_32_execution(enabled=False)
    with suppress(RuntimeError):  # these settings are refused once TensorFlow has run anything in this process
        if not use_gpu:
            tensorflow.config.set_visible_devices([], "GPU")
        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
        for gpu in tensorflow.config.list_physical_devices("GPU"):
            tensorflow.config.experimental.set_memory_growth(gpu, enable=True)  # other programs use it, too
    return tensorflow

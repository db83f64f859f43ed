"""Model runtimes: open a built model, which maps input tensors to named outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from indexer.vision.endpoint import Endpoint
from indexer.vision.model_store import LITERT_FILE, ONNX_FILE, SAVED_MODEL, check, is_built, parts
from indexer.vision.runtime.adapter import Adapted, Runner
from indexer.vision.runtime.litert import LiteRtModel
from indexer.vision.runtime.onnx import OnnxModel
from indexer.vision.runtime.tensorflow import TensorFlowModel, has_gpu
from indexer.vision.spec import ModelSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["FakeModel", "LiteRtModel", "Model", "TensorFlowModel", "is_built", "open_model"]


class Model(Protocol):
    """The interface of a loaded model."""

    @property
    def spec(self) -> ModelSpec:
        """The model's spec."""

    @property
    def sides(self) -> tuple[Any, ...]:
        """The sides of its input as it was built; -1, None and words are variable."""

    def run(self, image: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Run the model on float32[n, h, w, 3], made as the spec's input says; return its named outputs."""


def open_model(
    spec: ModelSpec, folder: Path, runtime: str = "auto", threads: int = 1, place: Endpoint | None = None
) -> Model:
    """Open a built model, after checking it against its record.

    runtime: 'litert' (CPU), 'tensorflow', or 'auto': TensorFlow where it has a GPU, else LiteRT. A custom model
    that could not be converted is run by TensorFlow (with 'litert' on the CPU), or ONNX Runtime.
    place: the endpoint of a process that has TensorFlow; None: TensorFlow is loaded into this one.
    Errors: ModelError where the model is not built, is damaged, or does not match its spec.
    """
    if not spec.weights.is_own and spec.weights.format != "onnx":
        return _runner(spec, folder, {LITERT_FILE, SAVED_MODEL}, runtime, threads, place)
    return Adapted(_runner(spec, folder, parts(spec, folder), runtime, threads, place))


def _runner(
    spec: ModelSpec, folder: Path, there: set[str], runtime: str, threads: int, place: Endpoint | None
) -> Runner:
    if ONNX_FILE in there:
        return OnnxModel(spec, check(spec, folder, ONNX_FILE), threads)
    if place is not None and SAVED_MODEL in there and runtime != "litert":
        from indexer.vision.runtime.remote import RemoteModel

        remote = RemoteModel.open(spec, folder, place)
        if remote is not None:
            return remote
    may_use_gpu = runtime == "tensorflow" or (runtime == "auto" and place is None and has_gpu())
    wants_gpu = SAVED_MODEL in there and may_use_gpu
    if LITERT_FILE in there and not wants_gpu:
        return LiteRtModel(spec, check(spec, folder, LITERT_FILE), threads)
    return TensorFlowModel(spec, check(spec, folder, SAVED_MODEL), threads, use_gpu=runtime != "litert")


@dataclass(frozen=True, slots=True)
class FakeModel:
    """A model for tests: `answer` is called instead."""

    spec: ModelSpec
    answer: Callable[[NDArray[np.float32]], dict[str, NDArray[np.float32]]]
    sides: tuple[Any, ...] = ()

    def run(self, image: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Return what `answer` returns."""
        return self.answer(image)

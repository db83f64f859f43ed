"""Prints how exactly and how fast the models run here, as Markdown: `python tests/benchmarks/models.py`.

Models are built where they are missing.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import distribution
from pathlib import Path

import dlib
import numpy as np
import onnxruntime

from indexer.config.config import Config
from indexer.vision.preprocess import normalized
from indexer.vision.runtime import open_model
from indexer.vision.spec import read_specs
from indexer.zoo.build.subprocess import build_missing
from indexer.zoo.build.weights import read_weights

SPECS = read_specs()
DETECTOR, DESCRIBER = SPECS["retinaface-mobilenet025"], SPECS["dlib-face-resnet"]
SHAPES = {
    "classifier": [(1, 224, 288, 3), (1, 260, 356, 3)],
    "face-detector": [(1, 160, 160, 3), (1, 480, 640, 3), (1, 768, 1024, 3)],
    "face-describer": [(1, 150, 150, 3)],
}
RANDOM = np.random.default_rng(0)


def milliseconds(work: Callable[[], object], times: int = 15) -> float:
    """Return the median over some runs, after one that does not count."""
    work()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


def difference(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> float:
    return max(float(np.abs(one[name] - other[name]).max()) for name in one)


def random_pixels(*shape: int) -> np.ndarray:
    return RANDOM.integers(0, 256, shape, dtype=np.uint8)


def referees(folder: Path) -> Iterator[str]:
    """Compare with the originals."""
    file = distribution(DESCRIBER.weights.package).locate_file(DESCRIBER.weights.file)
    original = dlib.face_recognition_model_v1(str(file))
    model, chips = open_model(DESCRIBER, folder, "litert"), random_pixels(32, 150, 150, 3)
    expected = np.array([original.compute_face_descriptor(chip) for chip in chips])
    found = model.run(normalized(chips, DESCRIBER.input))["descriptors"]
    ours = milliseconds(lambda: model.run(normalized(chips[:1], DESCRIBER.input)))
    theirs = milliseconds(lambda: original.compute_face_descriptor(chips[0]), 5)
    yield f"| descriptors against dlib, 32 chips | {np.abs(found - expected).max():.1e} |"
    yield f"| a descriptor: dlib, LiteRT on one core | {theirs:.1f} ms, {ours:.2f} ms: {theirs / ours:.0f} times |"
    session = onnxruntime.InferenceSession(read_weights(DETECTOR))
    image = normalized(random_pixels(1, 480, 640, 3), DETECTOR.input)
    boxes, scores, landmarks = session.run(None, {"input": image.transpose(0, 3, 1, 2)})
    expected_outputs = {"boxes": boxes[0], "scores": scores[0, :, 1], "landmarks": landmarks[0]}
    worst = difference(open_model(DETECTOR, folder, "litert").run(image), expected_outputs)
    yield f"| detector against ONNX Runtime, 640 × 480 | {worst:.1e} |"


def speeds(folder: Path) -> Iterator[str]:
    """Time every network at the sizes it is used with, and compare the runtimes."""
    for spec in SPECS.values():
        litert, tensorflow = (open_model(spec, folder, runtime, threads=1) for runtime in ("litert", "tensorflow"))
        for shape in SHAPES[spec.role]:
            image = normalized(random_pixels(*shape), spec.input)
            worst = difference(litert.run(image), tensorflow.run(image))
            times = [milliseconds(partial(model.run, image)) for model in (litert, tensorflow)]
            size = f"{shape[2]} × {shape[1]}"
            yield f"| {spec.name}, {size} | {times[0]:.1f} ms | {times[1]:.1f} ms | {worst:.1e} |"


def main() -> None:
    folder = Config().models_path
    build_missing(SPECS.values(), folder, lambda text: print(text, file=sys.stderr))
    print("| exactness | |", "|---|---|", *referees(folder), sep="\n")
    header = "| network, picture | LiteRT, one core | TensorFlow, one core | largest difference |"
    print("", header, "|---|---|---|---|", *speeds(folder), sep="\n")


if __name__ == "__main__":
    main()

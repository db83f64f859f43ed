"""Models of face-api.js with made-up numbers, in its own file format, and the descriptions that wait for them."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from indexer.resources import packaged
from indexer.vision.spec import ModelSpec, spec_of

Shapes = Iterator[tuple[str, tuple[int, ...]]]
Tensors = Mapping[str, np.ndarray]

RESIDUALS = (  # of the describer: name, channels before, channels after
    *((f"conv32_{n}", 32, 32) for n in (1, 2, 3)),
    *(("conv64_down", 32, 64), *((f"conv64_{n}", 64, 64) for n in (1, 2, 3))),
    *(("conv128_down", 64, 128), *((f"conv128_{n}", 128, 128) for n in (1, 2))),
    *(("conv256_down", 128, 256), *((f"conv256_{n}", 256, 256) for n in (1, 2)), ("conv256_down_out", 256, 256)),
)
CONVOLUTIONS = [("conv32_down", 7, 3, 32)]  # of the describer: name, side of the kernel, channels before and after
for _name, _before, _after in RESIDUALS:
    CONVOLUTIONS += [(f"{_name}/conv1", 3, _before, _after), (f"{_name}/conv2", 3, _after, _after)]
MOBILENET = (32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)  # channels of Conv2d_0 … 13
SMALLER = ((1, 256), (3, 512), (1, 128), (3, 256), (1, 128), (3, 256), (1, 64), (3, 128))  # Prediction/Conv2d_0 … 7
ASKED = ((512, 3), (1024, 6), (512, 6), (256, 6), (256, 6), (128, 6))  # channels and anchors a cell of each map
CELLS = (32, 16, 8, 4, 2, 1)


def ready_spec(name: str) -> ModelSpec:
    """Return a description of models/ready as `models add` would complete it."""
    raw = tomllib.loads((packaged("models") / "ready" / f"{name}.toml").read_text("utf-8"))
    return spec_of(name, raw | {"weights": {"file": name, "sha256": "0" * 64, "format": "face-api"}}, "own")


def made_tensors(kind: str) -> dict[str, np.ndarray]:
    """Return every tensor of a model, with numbers that neither vanish nor explode."""
    random = np.random.default_rng(0)
    shapes = {
        "face-api-ssd-mobilenet-v1": _ssd,
        "face-api-landmarks-68": _landmarks,
        "face-api-recognition": _recognition,
    }[kind]
    return {name: _numbers(random, name, shape) for name, shape in shapes()}


def write_face_api(tensors: Tensors, manifest: Path, *, quantized: bool = False, shards: int = 2) -> Path:
    """Write a manifest and its shards; quantized: to 8 bits, tensor by tensor. Return the manifest."""
    entries, parts = [], []
    for name, values in tensors.items():
        entry: dict[str, Any] = {"name": name, "shape": list(values.shape), "dtype": "float32"}
        if quantized:
            least, scale = float(values.min()), float(np.ptp(values)) / 255 or 1.0
            entry["quantization"] = {"dtype": "uint8", "scale": scale, "min": least}
            parts.append(np.rint((values - least) / scale).astype("u1").tobytes())
        else:
            parts.append(values.astype("<f4").tobytes())
        entries.append(entry)
    data = b"".join(parts)
    names = [f"{manifest.name.removesuffix('-weights_manifest.json')}-shard{number + 1}" for number in range(shards)]
    size = -(-len(data) // shards)
    for number, name in enumerate(names):
        (manifest.parent / name).write_bytes(data[number * size : (number + 1) * size])
    manifest.write_text(json.dumps([{"paths": names, "weights": entries}]), "utf-8")
    return manifest


def _numbers(random: np.random.Generator, name: str, shape: tuple[int, ...]) -> np.ndarray:
    if name == "Output/extra_dim":
        first = random.uniform(0, 0.8, (*shape[:-1], 2))
        return np.concatenate([first, first + random.uniform(0.05, 0.2, first.shape)], axis=-1).astype(np.float32)
    if name.endswith(("gamma", "variance", "scale/weights")):
        return random.uniform(0.5, 1.5, shape).astype(np.float32)
    if len(shape) == 1:
        return random.normal(0, 0.1, shape).astype(np.float32)
    inputs = prod(shape[:2]) if "depthwise" in name else prod(shape[:-1])
    return random.normal(0, (1 / inputs) ** 0.5, shape).astype(np.float32)


def _recognition() -> Shapes:
    for name, size, before, after in CONVOLUTIONS:
        yield f"{name}/conv/filters", (size, size, before, after)
        yield from ((f"{name}/{each}", (after,)) for each in ("conv/bias", "scale/weights", "scale/biases"))
    yield "fc", (256, 128)


def _landmarks() -> Shapes:
    yield "dense0/conv0/filters", (3, 3, 3, 32)
    yield "dense0/conv0/bias", (32,)
    for block, channels in enumerate((32, 64, 128, 256)):
        for part in range(1 if block == 0 else 0, 4):
            before = channels // 2 if part == 0 else channels
            yield f"dense{block}/conv{part}/depthwise_filter", (3, 3, before, 1)
            yield f"dense{block}/conv{part}/pointwise_filter", (1, 1, before, channels)
            yield f"dense{block}/conv{part}/bias", (channels,)
    yield "fc/weights", (256, 136)
    yield "fc/bias", (136,)


def _ssd() -> Shapes:
    yield from _pointwise("MobilenetV1/Conv2d_0", (3, 3, 3, 32))
    for block, (before, after) in enumerate(pairwise(MOBILENET), 1):
        yield f"MobilenetV1/Conv2d_{block}_depthwise/depthwise_weights", (3, 3, before, 1)
        for part in ("gamma", "beta", "moving_mean", "moving_variance"):
            yield f"MobilenetV1/Conv2d_{block}_depthwise/BatchNorm/{part}", (before,)
        yield from _pointwise(f"MobilenetV1/Conv2d_{block}", (1, 1, before, after))
    before = MOBILENET[-1]
    for number, (size, after) in enumerate(SMALLER):
        yield from _pointwise(f"Prediction/Conv2d_{number}", (size, size, before, after))
        before = after
    for number, (channels, anchors) in enumerate(ASKED):
        for part, numbers in (("BoxEncodingPredictor", 4), ("ClassPredictor", 3)):
            yield f"Prediction/BoxPredictor_{number}/{part}/weights", (1, 1, channels, anchors * numbers)
            yield f"Prediction/BoxPredictor_{number}/{part}/biases", (anchors * numbers,)
    yield "Output/extra_dim", (1, sum(side**2 * anchors for side, (_, anchors) in zip(CELLS, ASKED, strict=True)), 4)


def _pointwise(name: str, shape: tuple[int, ...]) -> Shapes:
    yield f"{name}_pointwise/weights", shape
    yield f"{name}_pointwise/convolution_bn_offset", shape[-1:]

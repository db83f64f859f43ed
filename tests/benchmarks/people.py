"""Measure how people are told apart, and how fast: python tests/benchmarks/people.py [DATA] [--only PART]

Without DATA: cluster, search on made-up descriptors (--faces N). With DATA, a folder with faces_verify: quality,
calibration on its photographs. One JSON line a figure; the tables stand in docs/people.md.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from face_truth import pairs, picture
from numpy.typing import NDArray

from indexer.config import Config
from indexer.library.cluster import cluster
from indexer.library.faces_like import probability
from indexer.library.matrix import Descriptors
from indexer.photo import Descriptor
from indexer.vision.describe import Describer
from indexer.vision.detect import Detector
from indexer.vision.runtime import open_model
from indexer.vision.spec import read_specs
from indexer.zoo.child import build_missing

SPEC = read_specs()[Config().describer]
LIMITS = SPEC.thresholds
# As measured on photographs: the length of the mean descriptor, and the distances of one and of two people's faces.
MEAN_LENGTH, SAME_DISTANCE, OTHER_DISTANCE = 1.3, 0.43, 0.81
SPREAD = 40  # numbers that people differ in, of 128: it makes the distances of strangers spread by 0.09


@dataclass(frozen=True)
class Known:
    """Faces of known people."""

    vectors: NDArray[np.float32]
    people: NDArray[np.int64]


def made_up(count: int, seed: int = 1) -> Known:
    """Return descriptors whose distances spread as those of photographs do; people have 1 to 2,000 faces."""
    random = np.random.default_rng(seed)
    sizes = np.minimum(2000, 1 + random.pareto(0.9, count)).astype(np.int64)
    people = np.repeat(np.arange(count), sizes)[:count]
    within = SAME_DISTANCE**2 / 2
    between = OTHER_DISTANCE**2 / 2 - within
    scale = np.zeros(128, np.float32)
    scale[:SPREAD] = np.sqrt(between / SPREAD)
    centers = random.normal(0, 1, (int(people[-1]) + 1, 128)).astype(np.float32) * scale
    noise = np.sqrt(within * random.gamma(16, 1 / 16, count) / 128)[:, None]
    vectors = centers[people] + random.normal(0, 1, (count, 128)).astype(np.float32) * noise
    vectors += MEAN_LENGTH / np.sqrt(128)
    order = random.permutation(count)
    return Known(vectors[order].astype(np.float32), people[order])


def f1(people: NDArray[np.int64], groups: NDArray[np.int64]) -> dict[str, float]:
    """Return precision, recall and F1 over all pairs of faces."""
    both = _pairs(people * (int(groups.max()) + 1) + groups)
    precision, recall = both / max(1, _pairs(groups)), both / max(1, _pairs(people))
    return {"precision": precision, "recall": recall, "f1": 2 * precision * recall / max(1e-9, precision + recall)}


def clustering(count: int) -> Iterator[dict[str, Any]]:
    """Group made-up faces."""
    known = made_up(count)
    began = perf_counter()
    groups = cluster(known.vectors, LIMITS["cluster_distance"])
    seconds = perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    yield {"figure": "clustering", "faces": count, "seconds": seconds, "peak_gb": peak, **f1(known.people, groups)}


def search(count: int) -> Iterator[dict[str, Any]]:
    """Look for faces among made-up ones."""
    known = made_up(count)
    squares = np.einsum("ij,ij->i", known.vectors, known.vectors)
    held = Descriptors(np.arange(count), known.vectors, squares)
    wanted = [Descriptor.of("made-up", known.vectors[row]) for row in range(0, count, count // 100)]
    times = []
    for each in wanted:
        began = perf_counter()
        held.within(each, 0.6)
        times.append(1000 * (perf_counter() - began))
    yield {
        "figure": "face search",
        "faces": count,
        "p50_ms": float(np.median(times)),
        "p99_ms": float(np.quantile(times, 0.99)),
    }


def quality(data: Path) -> Iterator[dict[str, Any]]:
    """Group the faces of photographs: halves of the people, and all together."""
    seen = _described(data)
    rows = [row for row in seen if row["subset"].startswith("lfw")]
    names = sorted({row["identity"] for row in rows})
    order = np.random.default_rng(0).permutation(len(names))
    half = {name: int(order[number] % 2) for number, name in enumerate(names)}
    parts = {
        "lfw, first half": [row for row in rows if half[row["identity"]] == 0],
        "lfw, second half": [row for row in rows if half[row["identity"]] == 1],
        "lfw": rows,
        "other": [row for row in seen if row not in rows],
        "all": seen,
    }
    for name, part in parts.items():
        vectors = np.stack([row["vector"] for row in part])
        people = np.unique([row["identity"] for row in part], return_inverse=True)[1].astype(np.int64)
        for distance in (0.35, 0.36, 0.37, LIMITS["cluster_distance"], 0.38, 0.39):
            told = f1(people, cluster(vectors, distance))
            yield {"figure": "grouping", "set": name, "faces": len(part), "distance": distance, **told}


def calibration(data: Path) -> Iterator[dict[str, Any]]:
    """Compare all pairs of faces: distance → false matches, misses; and what the probability is worth."""
    seen = {row["file"]: row for row in _described(data)}
    rows = [row for row in seen.values() if row["subset"].startswith("lfw")]
    vectors = np.stack([row["vector"] for row in rows]).astype(np.float64)
    people = np.unique([row["identity"] for row in rows], return_inverse=True)[1]
    one, two = np.triu_indices(len(rows), 1)
    distances = np.concatenate(
        [np.linalg.norm(vectors[one[p]] - vectors[two[p]], axis=1) for p in np.array_split(np.arange(len(one)), 50)]
    )
    same = people[one] == people[two]
    yield {"figure": "logistic", **_logistic(distances, same), "same": int(same.sum()), "different": int((~same).sum())}
    for half in (0, 1):
        mine = (people[one] % 2 == half) & (people[two] % 2 == half)
        yield {"figure": f"logistic, half {half}", **_logistic(distances[mine], same[mine])}
    for threshold in np.arange(0.3, 0.71, 0.05):
        yield {
            "figure": "distance",
            "distance": round(float(threshold), 2),
            "false_match_rate": float((distances[~same] <= threshold).mean()),
            "miss_rate": float((distances[same] > threshold).mean()),
            "probability": probability(threshold, LIMITS["even_distance"], LIMITS["log_odds"]),
        }
    for name in ("lfw", "other"):
        folder = data / "faces_verify"
        known = [(*(str(path.relative_to(folder)) for path in pair[:2]), pair[2]) for pair in pairs(data, name)]
        apart = [float(np.linalg.norm(seen[a]["vector"] - seen[b]["vector"])) for a, b, _ in known]
        right = np.mean([(d <= LIMITS["distance"]) == s for d, (*_, s) in zip(apart, known, strict=True)])
        yield {"figure": "same or different", "pairs": name, "right": float(right)}


def _logistic(distances: NDArray[np.float64], same: NDArray[np.bool_]) -> dict[str, float]:
    """Fit the odds that two faces are one person's, both kinds of pairs having the same weight together."""
    weights = np.where(same, 0.5 / same.sum(), 0.5 / (~same).sum())
    inputs = np.stack([np.ones_like(distances), distances], 1)
    found = np.zeros(2)
    for _ in range(50):
        told = 1 / (1 + np.exp(-inputs @ found))
        slope = (inputs * (weights * told * (1 - told))[:, None]).T @ inputs
        found += np.linalg.solve(slope, inputs.T @ (weights * (same - told)))
    return {"even_distance": float(-found[0] / found[1]), "log_odds": float(-found[1])}


def _described(data: Path) -> list[dict[str, Any]]:
    """Describe the face nearest the middle of each photograph of faces_verify."""
    specs = [read_specs()[name] for name in (Config().detector, Config().describer)]
    folder = _models()
    build_missing(specs, folder)
    detector, describer = (open_model(spec, folder, "litert") for spec in specs)
    eye, teller = Detector(detector), Describer(describer)
    seen = []
    with (data / "faces_verify" / "identities.csv").open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            whole = picture(data / "faces_verify" / row["file"])
            faces = eye.detect(whole)
            if faces:
                face = min(faces, key=lambda face: np.hypot(face.box.center.x - 0.5, face.box.center.y - 0.5))
                (told,) = teller.describe(whole, [face])
                assert told.descriptor is not None
                seen.append({**row, "vector": told.descriptor.vector})
    return seen


def _models() -> Path:
    from indexer.config import load

    return load().config.models_path


def _pairs(groups: NDArray[np.int64]) -> float:
    sizes = np.unique(groups, return_counts=True)[1].astype(np.float64)
    return float((sizes * (sizes - 1) / 2).sum())


def main() -> None:
    """Measure the parts that are asked for."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("data", type=Path, nargs="?", help="A folder with faces_verify.")
    asked.add_argument("--only", choices=["quality", "calibration", "cluster", "search"])
    asked.add_argument("--faces", type=int, default=100_000)
    given = asked.parse_args()
    of_data = {"quality": quality, "calibration": calibration}
    of_nothing = {"cluster": clustering, "search": search}
    for name in [given.only] if given.only else (of_data if given.data else of_nothing):
        for figure in of_data[name](given.data) if name in of_data else of_nothing[name](given.faces):
            rounded = {key: round(value, 5) if isinstance(value, float) else value for key, value in figure.items()}
            sys.stdout.write(json.dumps(rounded) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()

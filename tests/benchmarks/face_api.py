"""Print the tables of docs/measurements/own-models.md on face-api.js: python tests/benchmarks/face_api.py DATA FOLDER

DATA is a folder with faces_detect and faces_verify; FOLDER holds the weights: `npm pack @vladmandic/face-api` brings
them in package/model.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
from face_truth import marked, pairs, picture

from indexer.config.config import Config
from indexer.resources import packaged
from indexer.values.analysis import Face
from indexer.values.files import Picture
from indexer.vision.faces.align import chip
from indexer.vision.faces.describe import Describer, landmarks_px
from indexer.vision.faces.detect import BoxDetector, Detector
from indexer.vision.faces.landmarks import Landmarker
from indexer.vision.model_store import tree_fingerprint
from indexer.vision.preprocess import normalized
from indexer.vision.runtime import FakeModel, Model, open_model
from indexer.vision.spec import read_specs, spec_of
from indexer.zoo.architectures.face_api import models_in
from indexer.zoo.build.build import build
from indexer.zoo.build.subprocess import build_missing


def own(folder: Path, home: Path) -> dict[str, Model]:
    """Build the models of a folder below `home`; return them by their kind."""
    models = {}
    for kind, files in models_in(folder).items():
        (home / kind).mkdir()
        for file in files:
            shutil.copy(file, home / kind)
        raw = tomllib.loads((packaged("models") / "ready" / f"{kind}.toml").read_text("utf-8"))
        weights = {"file": kind, "sha256": tree_fingerprint(home / kind), "format": "face-api"}
        spec = spec_of(kind, raw | {"weights": weights}, str(home))
        build(spec, home / "built")
        models[kind] = open_model(spec, home / "built", "litert")
    return models


def usual(folder: Path) -> dict[str, Model]:
    """Return the program's own models for faces, by their names."""
    specs = [spec for spec in read_specs().values() if spec.role.startswith("face-")]
    build_missing(specs, folder)
    return {spec.name: open_model(spec, folder, "litert") for spec in specs}


class Placed:
    """Finds faces with boxes, and landmarks in them; enlarges small pictures where `fit` is 'letterbox'."""

    def __init__(self, models: dict[str, Model], fit: str) -> None:
        model = models["face-api-ssd-mobilenet-v1"]
        spec = replace(model.spec, input=replace(model.spec.input, fit=fit))
        self._detector = BoxDetector(FakeModel(spec, model.run))
        self._landmarker = Landmarker(models["face-api-landmarks-68"])

    def detect(self, whole: Picture) -> list[Face]:
        return [self._landmarker.place(whole, face) for face in self._detector.detect(whole)]


def detect(data: Path, eyes: dict[str, Placed | Detector]) -> Iterator[str]:
    """Find the faces of group photos and of what only looks like faces."""
    yield "| detector | recall | false: groups | a hostile picture |"
    yield "|---|---|---|---|"
    for name, eye in eyes.items():
        seen = [(each.kind, each.verdict(eye.detect(picture(each.path)))) for each in marked(data)]
        clear, hits, false = np.sum([verdict for kind, verdict in seen if kind != "negative"], axis=0)
        hostile = np.mean([verdict[2] for kind, verdict in seen if kind == "negative"])
        yield f"| {name} | {hits / clear:.3f} | {false} | {hostile:.3f} |"


def verify(data: Path, eyes: dict[str, Placed | Detector], tellers: dict[str, Describer]) -> Iterator[str]:
    """Tell whether two photos show one person; the face nearest the middle counts."""
    known = pairs(data, "lfw")
    same = np.array([each for *_, each in known])
    paths = sorted({path for pair in known for path in pair[:2]})
    apart = []
    yield "| detector | describer | photos without a face | right at 0.6, of pairs with faces | missed | mistaken |"
    yield "|---|---|---|---|---|---|"
    for name, eye in eyes.items():
        wholes = {path: picture(path) for path in paths}
        faces = {path: face for path, whole in wholes.items() if (face := _nearest_middle(eye.detect(whole)))}
        apart += [_apart(wholes[path], face, *tellers.values()) for path, face in faces.items()]
        both = np.array([one in faces and two in faces for one, two, _ in known])
        for teller_name, teller in tellers.items():
            vectors = {path: _vector(teller, wholes[path], face) for path, face in faces.items()}
            near = np.array(
                [hit and np.linalg.norm(vectors[one] - vectors[two]) <= 0.6
                 for hit, (one, two, _) in zip(both, known, strict=True)]
            )  # fmt: skip
            cells = [
                f"{len(paths) - len(faces)} of {len(paths)}",
                f"{np.mean(near[both] == same[both]):.4f}",
                f"{np.sum(both & same & ~near)} of {np.sum(both & same)}",
                f"{np.sum(both & ~same & near)} of {np.sum(both & ~same)}",
            ]
            yield f"| {name} | {teller_name} | {' | '.join(cells)} |"
    yield f"\nDescriptors of one chip lie {np.mean(apart):.3f} apart, {np.max(apart):.3f} at most."


def _apart(whole: Picture, face: Face, one: Describer, two: Describer) -> float:
    """Return the distance of the descriptors that two models give to the chip of a face."""
    cut = chip(whole.pixels, landmarks_px(whole, face))[np.newaxis]
    first, second = (each.model.run(normalized(cut, each.model.spec.input))["descriptors"] for each in (one, two))
    return float(np.linalg.norm(first - second))


def _vector(teller: Describer, whole: Picture, face: Face) -> np.ndarray:
    descriptor = teller.describe(whole, [face])[0].descriptor
    assert descriptor is not None
    return descriptor.vector


def _nearest_middle(faces: list[Face]) -> Face | None:
    return min(faces, key=lambda face: np.hypot(face.box.center.x - 0.5, face.box.center.y - 0.5), default=None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--models", type=Path, default=Config().models_path)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        models = own(wanted.folder, Path(home)) | usual(wanted.models)
        eyes: dict[str, Placed | Detector] = {
            "face-api.js": Placed(models, "long-side"),
            "face-api.js, small pictures enlarged": Placed(models, "letterbox"),
            "RetinaFace": Detector(models["retinaface-mobilenet025"]),
        }
        tellers = {name: Describer(models[name]) for name in ("face-api-recognition", "dlib-face-resnet")}
        for line in chain(detect(wanted.data, eyes), [""], verify(wanted.data, eyes, tellers)):
            print(line, flush=True)


if __name__ == "__main__":
    main()

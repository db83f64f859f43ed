"""Values of an analysis: labels, tags, evidence, things, faces, descriptors."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from struct import iter_unpack
from typing import TYPE_CHECKING, Any

from indexer.geometry import Box, Point
from indexer.values.files import Hashes, Metadata, PixelStats

if TYPE_CHECKING:  # NumPy takes 0.1 s to import, and a keyword search does not need it.
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Label:
    """A class that a classifier predicted, by name, with the score 0..1."""

    name: str
    score: float
    model: str


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of a photo: a word, its score (0..1), and its source, a label or a heuristic.

    models: the ids of all models that gave it, each by its own threshold; none where faces or colors alone did.
    count: how many objects of that word were found, those of narrower words included; 1 where nobody counted.
    """

    name: str
    score: float
    source: str
    models: tuple[str, ...] = ()
    count: int = 1


_EVIDENCE = [("view", "<u2"), ("label", "<u2"), ("score", "<u2")]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The scores of the classes of one model that tags are made from, stored so that tags can be recomputed.

    A view is one part of the picture that the model classified (a crop, a window); data holds
    (view, class index, score × 65535) as little-endian uint16 for the classes worth storing.
    """

    model: str
    data: bytes

    @classmethod
    def of(cls, model: str, scores: NDArray[np.float32], least: float) -> Evidence:
        """Pack the scores of at least `least` from float32[views, classes], each 0..1."""
        import numpy as np

        view, label = np.nonzero(scores >= least)
        kept = np.empty(len(view), _EVIDENCE)
        kept["view"], kept["label"] = view, label
        kept["score"] = np.rint(scores[view, label] * 65535)
        return cls(model, kept.tobytes())

    def scores(self, classes: int) -> NDArray[np.float32]:
        """Return float32[views, classes]; what was not stored is 0."""
        import numpy as np

        kept = np.frombuffer(self.data, _EVIDENCE)
        views = int(kept["view"].max()) + 1 if len(kept) else 1
        scores = np.zeros((views, classes), np.float32)
        scores[kept["view"], kept["label"]] = kept["score"] / np.float32(65535)
        return scores

    def entries(self) -> Iterator[tuple[int, int, float]]:
        """Yield (view, class index, score 0..1) of every stored score."""
        return ((view, label, score / 65535) for view, label, score in iter_unpack("<HHH", self.data))

    def best(self, count: int) -> list[tuple[int, float]]:
        """Return the classes with the highest score in any view: (class index, score), highest first."""
        best: dict[int, float] = {}
        for _, label, score in self.entries():
            best[label] = max(score, best.get(label, 0.0))
        return sorted(best.items(), key=lambda item: (-item[1], item[0]))[:count]


@dataclass(frozen=True, slots=True)
class Object:
    """An object that a detector found in a photo.

    label: the index of its class, the first being 0.  score: of the detector, 0..1.  model: its id.
    """

    label: int
    score: float
    box: Box
    model: str


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of text in a photo.

    score: of the recognizer, 0..1.  corners: clockwise from the upper left of the text.  model: the recognizer's id.
    """

    text: str
    score: float
    corners: tuple[Point, ...]
    model: str

    @property
    def box(self) -> Box:
        """The upright box around the corners."""
        across, down = [each.x for each in self.corners], [each.y for each in self.corners]
        return Box(min(across), min(down), max(across) - min(across), max(down) - min(down))


def model_name(model: str) -> str:
    """Return the name of a model, the first part of its id."""
    return model.rpartition("-")[0] or model


@dataclass(frozen=True, slots=True)
class Descriptor:
    """The descriptor of a face: little-endian float32, 128 numbers for dlib's model.

    Descriptors are comparable only when `model` is the same; their distance is Euclidean.
    """

    model: str
    data: bytes

    @classmethod
    def of(cls, model: str, vector: NDArray[Any]) -> Descriptor:
        """Pack float[length]."""
        import numpy as np

        return cls(model, np.asarray(vector, "<f4").tobytes())

    @property
    def vector(self) -> NDArray[np.float32]:
        """A read-only float32[length] view of the data."""
        import numpy as np

        return np.frombuffer(self.data, "<f4")


@dataclass(frozen=True, slots=True)
class Face:
    """A face in a photo.

    score: of the detector, 0..1.  quality: fitness for comparison (size, sharpness, pose), 0..1.
    landmarks: left eye, right eye, nose, left and right mouth corner, left and right as seen in the picture.
    descriptor: None where the describer was not run.
    """

    box: Box
    score: float
    quality: float
    landmarks: tuple[Point, ...]
    descriptor: Descriptor | None


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything known of one photo.

    evidence: one a classifier.  vector: the first classifier's pooled features, little-endian float16, for
    similarity.  models: the ids of the models that analyzed it, so that a new model marks it stale.
    objects: those of all object detectors.  object_scores: of each, the best score of each class, as evidence with one
    view, which tells of objects too faint to be kept.  lines: of text.
    """

    metadata: Metadata
    hashes: Hashes
    look: PixelStats
    evidence: tuple[Evidence, ...]
    tags: tuple[Tag, ...]
    faces: tuple[Face, ...]
    vector: bytes
    models: tuple[str, ...]
    objects: tuple[Object, ...] = ()
    object_scores: tuple[Evidence, ...] = ()
    lines: tuple[TextLine, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelIds:
    """The ids of the models that are to analyze each photo.

    scene: those for every photo; the first one's embeddings serve similarity.
    faces: those for the photos that do not lie below one of the folders `no_faces`.
    only_in: models for the photos below some folders alone: id → the folders.
    """

    scene: tuple[str, ...]
    faces: tuple[str, ...] = ()
    no_faces: tuple[Path, ...] = ()
    only_in: tuple[tuple[str, tuple[Path, ...]], ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """All ids."""
        return self.scene + self.faces

    def want_faces(self, path: Path) -> bool:
        """Return whether faces may be detected in a photo."""
        return not any(path.is_relative_to(folder) for folder in self.no_faces)

    def confined(self, path: Path) -> frozenset[str]:
        """Return the models that are confined to other folders than those of a photo."""
        return frozenset(
            model for model, folders in self.only_in if not any(path.is_relative_to(folder) for folder in folders)
        )

    def unwanted(self, path: Path) -> frozenset[str]:
        """Return the models that are not to analyze a photo."""
        return self.confined(path) | (frozenset() if self.want_faces(path) else frozenset(self.faces))

    def are_done(self, seen: Sequence[str], unwanted: Collection[str] = ()) -> bool:
        """Return whether all models for a photo have analyzed it, and the stored embedding is that of the first.

        seen: the ids of those that have analyzed it, first the one whose embedding is stored.  unwanted: as above.
        """
        wanted = set(self.ids).difference(unwanted)
        return wanted <= set(seen) and self.scene[:1] in ((), tuple(seen[:1]))

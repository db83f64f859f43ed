"""Values of a photo, from its file to its analysis, outcomes and search results: frozen, picklable, equal by value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from struct import iter_unpack
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, overload

from indexer.geometry import Box, Point

if TYPE_CHECKING:  # NumPy takes 0.1 s to import, and a keyword search does not need it.
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """A file on the disk that may be a photo, with its stamp, which decides 'unchanged'.

    ctime_ns: when the inode was last changed, which no program can set; None where the file system does not say.
    """

    path: Path
    size: int
    mtime_ns: int
    ctime_ns: int | None = None


class WriteStamped(Protocol):
    """Whatever has a stamp without the change time."""

    @property
    def size(self) -> int: ...
    @property
    def mtime_ns(self) -> int: ...


class Stamped(WriteStamped, Protocol):
    """Whatever has a stamp."""

    @property
    def ctime_ns(self) -> int | None: ...


@overload
def same_stamp(one: Stamped, other: Stamped) -> bool: ...
@overload
def same_stamp(one: WriteStamped, other: WriteStamped, *, ctime: Literal[False]) -> bool: ...
def same_stamp(one: Any, other: Any, *, ctime: bool = True) -> bool:
    """Tell whether two stamps are equal: is this file the one that was seen?

    ctime: compare the change time, too; one that only one of them knows decides nothing. Without it, a file that was
    renamed, or whose permissions were changed, is the same.
    """
    if one.size != other.size or one.mtime_ns != other.mtime_ns:
        return False
    return not ctime or one.ctime_ns == other.ctime_ns or one.ctime_ns is None or other.ctime_ns is None


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Decoded pixels, upright RGB.

    pixels: uint8[height, width, 3], perhaps smaller than the original.
    full_size: (width, height) in pixels of the upright original.
    """

    pixels: NDArray[np.uint8]
    full_size: tuple[int, int]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Picture):
            return NotImplemented
        import numpy as np

        return self.full_size == other.full_size and np.array_equal(self.pixels, other.pixels)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the decoded pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]


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
    """

    name: str
    score: float
    source: str
    models: tuple[str, ...] = ()


_EVIDENCE = [("view", "<u2"), ("label", "<u2"), ("score", "<u2")]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The scores of one classifier that tags are made from, stored so that tags can be recomputed.

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
class Metadata:
    """The photo's metadata in the file; None where there is no plausible value.

    width, height: pixels of the upright photo.  taken_at: local wall-clock time, ISO 8601, with the offset
    appended where it is known.  taken_from: the field that gave it ('exif:DateTimeOriginal' … 'mtime').
    latitude, longitude: degrees, north and east positive.  altitude_m, exposure_seconds, focal_length_mm: as named.
    """

    format: str
    width: int
    height: int
    orientation: int = 1
    taken_at: str | None = None
    taken_from: str | None = None
    camera_make: str | None = None
    camera_model: str | None = None
    lens: str | None = None
    iso: int | None = None
    f_number: float | None = None
    exposure_seconds: float | None = None
    focal_length_mm: float | None = None
    latitude: float | None = None
    longitude: float | None = None
    altitude_m: float | None = None
    software: str | None = None


@dataclass(frozen=True, slots=True)
class Hashes:
    """The hashes of a photo.

    content: SHA-256 of the file (32 bytes).  perceptual: 64-bit DCT hash of the upright picture (8 bytes).
    """

    content: bytes
    perceptual: bytes


@dataclass(frozen=True, slots=True)
class PixelStats:
    """Pixel statistics, which tags such as 'night' and 'black and white' are made from.

    brightness: mean luma 0..1.  colorfulness: mean chroma 0..1 (0 is grey).  contrast: standard deviation of luma 0..1.
    flatness: share of the pixels that equal their right-hand neighbor, 0..1 (drawings and screenshots are high).
    """

    brightness: float
    colorfulness: float
    contrast: float
    flatness: float


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything known of one photo.

    evidence: one a classifier.  vector: the first classifier's pooled features, little-endian float16, for
    similarity.  models: the ids of the models that analyzed it, so that a new model marks it stale.
    objects: those of all object detectors.
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


@dataclass(frozen=True, slots=True)
class ModelIds:
    """The ids of the models that are to analyze each photo.

    scene: those for every photo; the first one's embeddings serve similarity.
    faces: those for the photos that do not lie below one of the folders `no_faces`.
    """

    scene: tuple[str, ...]
    faces: tuple[str, ...] = ()
    no_faces: tuple[Path, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """All ids."""
        return self.scene + self.faces

    def want_faces(self, path: Path) -> bool:
        """Return whether faces may be detected in a photo."""
        return not any(path.is_relative_to(folder) for folder in self.no_faces)

    def are_done(self, seen: Sequence[str], *, want_faces: bool = True) -> bool:
        """Return whether all models for a photo have analyzed it, and the stored embedding is that of the first.

        seen: the ids of those that have analyzed it, first the one whose embedding is stored.
        """
        wanted = self.ids if want_faces else self.scene
        return set(wanted) <= set(seen) and self.scene[:1] in ((), tuple(seen[:1]))


@dataclass(frozen=True, slots=True)
class Indexed:
    """Outcome: the photo was analyzed.

    original: the row id of the photo that had this path until its bytes were found at another one, just before.
    """

    file: PhotoFile
    analysis: Analysis
    original: int | None = None


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Outcome: the photo is known with this stamp and these models; it was not opened."""

    file: PhotoFile


@dataclass(frozen=True, slots=True)
class Moved:
    """Outcome: the bytes of this file are those of a photo that the library knows.

    photo: its row id.  old_path: its former path.  gone: its bytes are no longer there, so that the photo is now
    this file; else the file is a copy of it.  Where old_path is the file's own, only the stamp has changed.
    taken: the capture time by the new name, or else by the new mtime, and which ('name', 'mtime'): it counts
    where the bytes give none.  is_private: the file lies where no faces may be stored; those of the photo are dropped.
    """

    file: PhotoFile
    old_path: Path
    photo: int
    gone: bool
    taken: tuple[str, str] | None = None
    is_private: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """Outcome: the photo could not be indexed; recorded with its stamp, so it is tried again when it changes.

    content: SHA-256 of the file, None where it could not be read.
    """

    file: PhotoFile
    stage: str
    reason: str
    content: bytes | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Skipped:
    """Outcome: the file is no photo, and its name promised none; recorded, so that it is not opened again."""

    file: PhotoFile


@dataclass(frozen=True, slots=True)
class Removed:
    """Outcome: the file is gone; its row is kept and marked missing."""

    path: Path


@dataclass(frozen=True, slots=True)
class Replaced:
    """Outcome: another photo has the path now; the user data of the former one stays with it, and it is missing.

    photo: the row id of the former one.
    """

    path: Path
    photo: int


Outcome: TypeAlias = Indexed | Unchanged | Moved | Failed | Skipped | Removed | Replaced


def kind_of(outcome: Outcome) -> str:
    """Return the name of an outcome: indexed, unchanged, moved, copied, failed, skipped, removed, replaced."""
    if isinstance(outcome, Moved) and outcome.old_path == outcome.file.path:
        return "moved" if outcome.gone else "unchanged"  # it has its old name again, or only another date
    if isinstance(outcome, Moved) and not outcome.gone:
        return "copied"
    return type(outcome).__name__.lower()


@dataclass(frozen=True, slots=True)
class Why:
    """Why a photo was found: the tag, its score, and the label or fact that gave it."""

    tag: str
    score: float
    source: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A photo in a search result.

    taken_at, width, height: as in Metadata, None where unknown.  distance_km: from the place of a search by distance,
    None for other searches.  number: the photo's row id, kept as long as the library knows it.  replaced: it is
    missing, and another photo has its path now.
    """

    path: Path
    score: float
    why: tuple[Why, ...]
    taken_at: str | None = None
    distance_km: float | None = None
    number: int = 0
    width: int | None = None
    height: int | None = None
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class FaceMatch:
    """A face in the library that resembles the query face; distance is Euclidean, lower is more similar."""

    path: Path
    box: Box
    distance: float

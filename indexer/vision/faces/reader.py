"""Face reader: detector, landmarker and describer in sequence, for all faces of a picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from indexer.values.analysis import Face
from indexer.values.files import Picture
from indexer.vision.model_set import ModelSet
from indexer.vision.runtime import Model, open_model

if TYPE_CHECKING:
    from indexer.vision.faces.describe import Describer
    from indexer.vision.faces.landmarks import Landmarker

Larger = Callable[[int], Picture]


class FaceFinder(Protocol):
    """The interface of face detectors: `vision.faces.detect.Detector` and `vision.faces.detect.BoxDetector`."""

    @property
    def model(self) -> Model:
        """The detector's model."""

    @property
    def long_side_px(self) -> int:
        """The long side in px that a picture should have for full detail."""

    def needs_larger(self, picture: Picture) -> int | None:
        """Return the long side in px that a panorama should be decoded with, None where the picture suffices."""

    def detect(self, picture: Picture) -> list[Face]:
        """Detect the faces, best first."""


class FaceReader:
    """Detector, landmarks and describer in order: every face of a picture with its descriptor."""

    def __init__(self, detector: FaceFinder, describer: Describer | None, landmarker: Landmarker | None = None) -> None:
        self.detector = detector
        self.describer = describer
        self.landmarker = landmarker

    @classmethod
    def open(cls, model_set: ModelSet, threads: int = 1) -> FaceReader:
        """Load the built face models. Errors: ModelError where one is not built or damaged."""
        from indexer.vision.faces.describe import Describer
        from indexer.vision.faces.landmarks import Landmarker

        specs = {spec.role: spec for spec in model_set.specs() if spec.role.startswith("face-")}
        how = (model_set.folder, model_set.runtime, threads, model_set.place)
        models = {role: open_model(spec, *how) for role, spec in specs.items()}
        describer, landmarker = models.get("face-describer"), models.get("face-landmarks")
        return cls(
            _finder(models["face-detector"]),
            Describer(describer) if describer else None,
            Landmarker(landmarker) if landmarker else None,
        )

    @property
    def models(self) -> tuple[str, ...]:
        """The ids of the models."""
        model_set = (self.detector, self.landmarker, self.describer)
        return tuple(eye.model.spec.id for eye in model_set if eye is not None)

    def read(self, picture: Picture, larger: Larger) -> tuple[Face, ...]:
        """Detect and describe the faces; without a describer their descriptors are None.

        larger: decodes the same photo again with at least this long side in px; called only for a panorama,
        and when faces worth describing are too small in `picture`.
        """
        picture = _enlarged(picture, self.detector.needs_larger(picture), larger)
        found = self.detector.detect(picture)
        if self.landmarker is not None:
            found = [face if face.landmarks else self.landmarker.place(picture, face) for face in found]
        if not found or self.describer is None:
            return tuple(found)
        picture = _enlarged(picture, self.describer.needs_larger(picture, found), larger)
        return tuple(self.describer.describe(picture, found))


def _finder(model: Model) -> FaceFinder:
    """Return the detector for the outputs of a model: RetinaFace's anchors, or plain boxes."""
    from indexer.vision.faces.detect import BoxDetector, Detector

    return Detector(model) if "landmarks" in model.spec.outputs else BoxDetector(model)


def _enlarged(picture: Picture, long_side_px: int | None, larger: Larger) -> Picture:
    return picture if long_side_px is None else larger(long_side_px)

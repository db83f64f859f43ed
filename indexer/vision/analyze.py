"""A Picture and what its file says flow in; what the networks see in it flows out as one Analysis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.errors import ModelError
from indexer.photo import Analysis, Face, Hashes, Look, Metadata, Picture
from indexer.vision.runtime import open_model
from indexer.vision.spec import ModelSpec, read_specs

if TYPE_CHECKING:
    from indexer.vision.classify import Classifier
    from indexer.vision.describe import Describer
    from indexer.vision.detect import Detector
    from indexer.vision.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Eyes:
    """Which networks look at a photo, where they are kept built, and what runs them.

    detector and describer: None where faces are not wanted.  rules: for tags; None: those that ship with the program.
    no_faces: folders below which faces are not wanted, by their real paths.
    """

    folder: Path
    classifier: str
    detector: str | None
    describer: str | None
    runtime: str = "auto"
    rules: Path | None = None
    no_faces: tuple[Path, ...] = ()

    def want_faces(self, path: Path) -> bool:
        """Tell whether faces may be looked for in a photo."""
        return not any(path.is_relative_to(folder) for folder in self.no_faces)

    def specs(self) -> tuple[ModelSpec, ...]:
        """Return the specs of the networks, classifier first.

        Errors: ModelError for a name that no spec has, or that plays another role.
        """
        known = read_specs()
        wanted = {
            "classifier": self.classifier,
            "face-detector": self.detector,
            "face-describer": self.describer,
        }
        return tuple(_spec(known, name, role) for role, name in wanted.items() if name is not None)


class FaceReader:
    """Detector and describer in order: every face of a picture with its descriptor."""

    def __init__(self, detector: Detector, describer: Describer | None) -> None:
        self.detector = detector
        self.describer = describer

    @classmethod
    def open(cls, eyes: Eyes, threads: int = 1) -> FaceReader:
        """Load the built networks for faces. Errors: ModelError where one is not built or damaged."""
        from indexer.vision.describe import Describer
        from indexer.vision.detect import Detector

        models = {spec.role: open_model(spec, eyes.folder, eyes.runtime, threads) for spec in eyes.specs()[1:]}
        describer = models.get("face-describer")
        return cls(Detector(models["face-detector"]), Describer(describer) if describer else None)

    @property
    def models(self) -> tuple[str, ...]:
        """The ids of the networks."""
        return tuple(eye.model.spec.id for eye in (self.detector, self.describer) if eye is not None)

    def read(self, picture: Picture, larger: Callable[[int], Picture]) -> tuple[Face, ...]:
        """Find the faces and describe them; without a describer their descriptors are None.

        larger: decodes the same photo again with at least this long side in px; asked only for a panorama,
        and when faces worth describing are too small in `picture`.
        """
        picture = _enlarged(picture, self.detector.needs_larger(picture), larger)
        found = self.detector.detect(picture)
        if not found or self.describer is None:
            return tuple(found)
        picture = _enlarged(picture, self.describer.needs_larger(picture, found), larger)
        return tuple(self.describer.describe(picture, found))


class Analyzer:
    """The three networks in order: classify, detect, describe."""

    def __init__(self, classifier: Classifier, vocabulary: Vocabulary, face_reader: FaceReader | None = None) -> None:
        self.classifier = classifier
        self.vocabulary = vocabulary
        self.face_reader = face_reader

    @classmethod
    def open(cls, eyes: Eyes, threads: int = 1) -> Analyzer:
        """Load built networks. Errors: ModelError where one is not built or damaged."""
        from indexer.vision.classify import Classifier
        from indexer.vision.vocabulary import Vocabulary

        classifier = Classifier(open_model(eyes.specs()[0], eyes.folder, eyes.runtime, threads))
        return cls(
            classifier, Vocabulary.load(rules=eyes.rules), FaceReader.open(eyes, threads) if eyes.detector else None
        )

    @property
    def models(self) -> tuple[str, ...]:
        """The ids of the networks."""
        return (self.classifier.model.spec.id, *(self.face_reader.models if self.face_reader else ()))

    @property
    def long_side_px(self) -> int:
        """The long side that a picture should have for all networks to see what they can."""
        return max(self.classifier.long_side_px, self.face_reader.detector.long_side_px if self.face_reader else 0)

    def analyze(
        self,
        picture: Picture,
        metadata: Metadata,
        hashes: Hashes,
        look: Look,
        larger: Callable[[int], Picture],
        *,
        want_faces: bool = True,
    ) -> Analysis:
        """Look at a picture; `larger` decodes the same photo again with at least this long side in px.

        want_faces: False leaves faces alone, and their networks out of the models that have seen the photo.
        """
        evidence, vector = self.classifier.classify(picture)
        faces = self.face_reader.read(picture, larger) if self.face_reader and want_faces else ()
        return Analysis(
            metadata=metadata,
            hashes=hashes,
            look=look,
            evidence=(evidence,),
            tags=self.vocabulary.tags(evidence, faces, look),
            faces=faces,
            vector=vector.astype("<f2").tobytes(),
            models=self.models if want_faces else self.models[:1],
        )


def _enlarged(picture: Picture, long_side_px: int | None, larger: Callable[[int], Picture]) -> Picture:
    return picture if long_side_px is None else larger(long_side_px)


def _spec(known: dict[str, ModelSpec], name: str, role: str) -> ModelSpec:
    if name not in known:
        raise ModelError(name, f"is not known; 'indexer models list' shows {', '.join(sorted(known))}")
    if known[name].role != role:
        raise ModelError(name, f"is a {known[name].role}, not a {role}")
    return known[name]

"""A Picture and what its file says flow in; what the networks see in it flows out as one Analysis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.errors import ModelError
from indexer.photo import Analysis, Face, Hashes, Look, Metadata, Picture
from indexer.vision.spec import ModelSpec, read_specs

if TYPE_CHECKING:
    from indexer.vision.classify import Classifier
    from indexer.vision.describe import Describer
    from indexer.vision.detect import Detector
    from indexer.vision.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Eyes:
    """Which networks look at a photo, where they are kept built, and what runs them.

    detector and describer: None where faces are not wanted.
    """

    folder: Path
    classifier: str
    detector: str | None
    describer: str | None
    runtime: str = "auto"

    def specs(self) -> tuple[ModelSpec, ...]:
        """Return the specs of the networks, classifier first.

        Errors: ModelError for a name that no spec has, or that plays another role.
        """
        known = read_specs()
        wanted = {"classifier": self.classifier, "face-detector": self.detector, "face-describer": self.describer}
        return tuple(_spec(known, name, role) for role, name in wanted.items() if name is not None)


class Analyzer:
    """The three networks in order: classify, detect, describe."""

    def __init__(
        self,
        classifier: Classifier,
        vocabulary: Vocabulary,
        detector: Detector | None = None,
        describer: Describer | None = None,
    ) -> None:
        self.classifier = classifier
        self.vocabulary = vocabulary
        self.detector = detector
        self.describer = describer

    @classmethod
    def open(cls, eyes: Eyes, threads: int = 1) -> Analyzer:
        """Load built networks. Errors: ModelError where one is not built or damaged."""
        from indexer.vision.classify import Classifier
        from indexer.vision.describe import Describer
        from indexer.vision.detect import Detector
        from indexer.vision.runtime import open_model
        from indexer.vision.vocabulary import Vocabulary

        models = {
            spec.role: open_model(spec, eyes.folder, eyes.runtime, threads) for spec in eyes.specs()
        }
        detector, describer = models.get("face-detector"), models.get("face-describer")
        return cls(
            Classifier(models["classifier"]),
            Vocabulary.load(),
            Detector(detector) if detector else None,
            Describer(describer) if describer else None,
        )

    @property
    def models(self) -> tuple[str, ...]:
        """The ids of the networks."""
        eyes = (self.classifier, self.detector, self.describer)
        return tuple(eye.model.spec.id for eye in eyes if eye is not None)

    @property
    def long_side_px(self) -> int:
        """The long side that a picture should have for all networks to see what they can."""
        return max(eye.long_side_px for eye in (self.classifier, self.detector) if eye is not None)

    def analyze(
        self,
        picture: Picture,
        metadata: Metadata,
        hashes: Hashes,
        look: Look,
        larger: Callable[[int], Picture],
    ) -> Analysis:
        """Look at a picture.

        larger: decodes the same photo again with at least this long side in px; asked only
        when faces worth describing are too small in `picture`.
        """
        evidence, vector = self.classifier.classify(picture)
        faces = self.faces(picture, larger)
        return Analysis(
            metadata=metadata,
            hashes=hashes,
            look=look,
            evidence=(evidence,),
            tags=self.vocabulary.tags(evidence, faces, metadata, look),
            faces=faces,
            vector=vector.astype("<f2").tobytes(),
            models=self.models,
        )

    def faces(self, picture: Picture, larger: Callable[[int], Picture]) -> tuple[Face, ...]:
        """Find the faces and describe them; without a describer their descriptors are None."""
        found = self.detector.detect(picture) if self.detector else []
        if not found or self.describer is None:
            return tuple(found)
        long_side_px = self.describer.needs_larger(picture, found)
        return tuple(self.describer.describe(larger(long_side_px) if long_side_px else picture, found))


def _spec(known: dict[str, ModelSpec], name: str, role: str) -> ModelSpec:
    if name not in known:
        raise ModelError(name, f"is not known; 'indexer models list' shows {', '.join(sorted(known))}")
    if known[name].role != role:
        raise ModelError(name, f"is a {known[name].role}, not a {role}")
    return known[name]

"""Photo analysis: classification, object detection and face reading of one picture, as one Analysis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.values.analysis import Analysis, Evidence, Face, ModelIds, Object
from indexer.values.files import Hashes, Metadata, Picture, PixelStats
from indexer.vision.faces.reader import FaceReader
from indexer.vision.model_set import SCENE, ModelSet
from indexer.vision.runtime import open_model
from indexer.vision.tags.labels import words_of_models

if TYPE_CHECKING:
    from indexer.vision.classify import Classifier
    from indexer.vision.objects import ObjectDetector
    from indexer.vision.spec import ModelSpec
    from indexer.vision.tags.vocabulary import Vocabulary


class Analyzer:
    """The loaded models in order: classifiers, object detectors, face models."""

    def __init__(
        self,
        classifiers: Sequence[Classifier],
        vocabulary: Vocabulary,
        face_reader: FaceReader | None = None,
        finders: Sequence[ObjectDetector] = (),
    ) -> None:
        """classifiers: at least one, the default one first."""
        self.classifiers = tuple(classifiers)
        self.finders = tuple(finders)
        self.vocabulary = vocabulary
        self.words = words_of_models(vocabulary, {}, self._specs)
        self.face_reader = face_reader

    @classmethod
    def open(cls, model_set: ModelSet, threads: int = 1) -> Analyzer:
        """Load built models. Errors: ModelError where one is not built or damaged."""
        from indexer.vision.classify import Classifier
        from indexer.vision.objects import ObjectDetector
        from indexer.vision.tags.vocabulary import Vocabulary

        specs = [spec for spec in model_set.specs() if spec.role in SCENE]
        models = [open_model(spec, model_set.folder, model_set.runtime, threads, model_set.place) for spec in specs]
        return cls(
            [Classifier(model) for model in models if model.spec.role == "classifier"],
            Vocabulary.load(rules=model_set.rules),
            FaceReader.open(model_set, threads) if model_set.detector else None,
            [ObjectDetector(model) for model in models if model.spec.role == "object-detector"],
        )

    @property
    def model_ids(self) -> ModelIds:
        """The ids of the models."""
        return ModelIds(tuple(spec.id for spec in self._specs), self.face_reader.models if self.face_reader else ())

    @property
    def long_side_px(self) -> int:
        """The long side in px that a picture should have for all models to work at full detail."""
        sides = [each.long_side_px for each in self.classifiers] + [each.long_side_px for each in self.finders]
        return max(sides + ([self.face_reader.detector.long_side_px] if self.face_reader else []))

    def analyze(
        self,
        picture: Picture,
        metadata: Metadata,
        hashes: Hashes,
        look: PixelStats,
        larger: Callable[[int], Picture],
        *,
        want_faces: bool = True,
        known: Analysis | None = None,
    ) -> Analysis:
        """Analyze a picture; `larger` decodes the same photo again with at least this long side in px.

        want_faces: False skips faces: known ones stay, with the models that found them.
        known: what is known of the photo; where its bytes are the same, models that have analyzed it are not run again,
        and the results of others stay.
        """
        if known is not None and known.hashes.content != hashes.content:
            known = None
        evidence, vector = self._classified(picture, known)
        objects = tuple(thing for finder in self.finders for thing in _things(finder, picture, known))
        reads = want_faces and self.face_reader is not None
        faces = self._faces(picture, larger, known) if reads else known.faces if known else ()
        mine = self.model_ids.ids if reads else self.model_ids.scene
        others = _others(known, mine, keeps_faces=not reads)
        return Analysis(
            metadata=metadata,
            hashes=hashes,
            look=look,
            evidence=evidence + others.evidence,
            tags=self.vocabulary.tags(evidence, objects, faces, look, self.words),
            faces=faces,
            vector=vector,
            models=mine + others.models,
            objects=objects + others.objects,
        )

    @property
    def _specs(self) -> list[ModelSpec]:
        return [each.model.spec for each in self.classifiers] + [each.model.spec for each in self.finders]

    def _classified(self, picture: Picture, known: Analysis | None) -> tuple[tuple[Evidence, ...], bytes]:
        """Return the evidence of all classifiers, and the embedding of the first."""
        kept = {each.model: each for each in known.evidence} if known else {}
        if known is not None and list(kept)[:1] != [self.classifiers[0].model.spec.id]:
            kept.pop(self.classifiers[0].model.spec.id, None)  # the stored embedding is not its own
        found, vector = [], known.vector if known else b""
        for number, classifier in enumerate(self.classifiers):
            evidence = kept.get(classifier.model.spec.id)
            if evidence is None:
                evidence, pooled = classifier.classify(picture)
                vector = pooled.astype("<f2").tobytes() if number == 0 else vector
            found.append(evidence)
        return tuple(found), vector

    def _faces(self, picture: Picture, larger: Callable[[int], Picture], known: Analysis | None) -> tuple[Face, ...]:
        if self.face_reader is None:
            return ()
        if known is not None and set(self.face_reader.models) <= set(known.models):
            return known.faces
        return self.face_reader.read(picture, larger)


def _things(finder: ObjectDetector, picture: Picture, known: Analysis | None) -> Sequence[Object]:
    model = finder.model.spec.id
    if known is not None and model in known.models:
        return [each for each in known.objects if each.model == model]
    return finder.detect(picture)


@dataclass(frozen=True, slots=True)
class _Others:
    """Results of models that are not in use now; they are kept, and give no tags."""

    evidence: tuple[Evidence, ...] = ()
    objects: tuple[Object, ...] = ()
    models: tuple[str, ...] = ()


def _others(known: Analysis | None, mine: Sequence[str], *, keeps_faces: bool) -> _Others:
    """Return those results. keeps_faces: the faces are the known ones, and so are the models that found them."""
    if known is None:
        return _Others()
    evidence = tuple(each for each in known.evidence if each.model not in mine)
    objects = tuple(each for each in known.objects if each.model not in mine)
    told = {each.model for each in evidence} | {each.model for each in objects}
    models = tuple(model for model in known.models if model in told or (keeps_faces and model not in mine))
    return _Others(evidence, objects, models)

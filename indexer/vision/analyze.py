"""Photo analysis: classification, object detection and face reading of one picture, as one Analysis."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, TypeAlias

from indexer.values.analysis import Analysis, Evidence, Face, ModelIds, Object, Tag, TextLine
from indexer.values.files import Hashes, Metadata, Picture, PixelStats
from indexer.vision.classify import Classifier
from indexer.vision.faces.reader import FaceReader
from indexer.vision.model_set import SCENE, ModelSet
from indexer.vision.objects import ObjectDetector
from indexer.vision.runtime import Model, open_model
from indexer.vision.tags.labels import words_of_models
from indexer.vision.tags.people import is_doubtful

if TYPE_CHECKING:
    from indexer.vision.tags.vocabulary import Vocabulary
    from indexer.vision.text.reader import TextReader

SceneModel: TypeAlias = Classifier | ObjectDetector
"""A model for the whole photo."""


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """What one model found in a picture: a classifier its evidence and embedding, an object detector its objects, and
    in `scores` the best of each class.

    seconds: run time of the model; the picture was decoded before.
    """

    model: str
    seconds: float
    evidence: Evidence | None = None
    embedding: bytes = b""
    objects: tuple[Object, ...] = ()
    scores: Evidence | None = None


def run_model(opened: SceneModel, picture: Picture) -> ModelAnswer:
    """Run a model on a picture."""
    start, model = perf_counter(), opened.model.spec.id
    if isinstance(opened, Classifier):
        evidence, pooled = opened.classify(picture)
        return ModelAnswer(model, perf_counter() - start, evidence, pooled.astype("<f2").tobytes())
    objects, scores = opened.detect(picture)
    return ModelAnswer(model, perf_counter() - start, objects=tuple(objects), scores=scores)


def scene_model(model: Model) -> SceneModel:
    """Return an opened model for the whole photo by its role."""
    return Classifier(model) if model.spec.role == "classifier" else ObjectDetector(model)


class Analyzer:
    """The loaded models: those for the whole photo, in their order, and those for faces."""

    def __init__(
        self,
        scene: Sequence[SceneModel],
        vocabulary: Vocabulary,
        face_reader: FaceReader | None = None,
        text_reader: TextReader | None = None,
    ) -> None:
        """scene: of its classifiers, the first is the default one, whose embedding serves similarity."""
        self.scene = tuple(scene)
        self.vocabulary = vocabulary
        self.face_reader = face_reader
        self.words = words_of_models(vocabulary, {}, [each.model.spec for each in self.scene])
        self.text_reader = text_reader

    @classmethod
    def open(cls, model_set: ModelSet, threads: int = 1) -> Analyzer:
        """Load built models. Errors: ModelError where one is not built or damaged."""
        from indexer.vision.tags.vocabulary import Vocabulary
        from indexer.vision.text.reader import TextReader

        specs = [spec for spec in model_set.specs() if spec.role in SCENE]
        models = [open_model(spec, model_set.folder, model_set.runtime, threads, model_set.place) for spec in specs]
        return cls(
            [scene_model(model) for model in models],
            Vocabulary.load(rules=model_set.rules),
            FaceReader.open(model_set, threads) if model_set.detector else None,
            TextReader.open(model_set, threads) if model_set.text else None,
        )

    @property
    def model_ids(self) -> ModelIds:
        """The ids of the models."""
        scene = tuple(each.model.spec.id for each in self.scene)
        text = self.text_reader.models if self.text_reader else ()
        return ModelIds(scene + text, self.face_reader.models if self.face_reader else ())

    @property
    def long_side_px(self) -> int:
        """The long side in px that a picture should have for all models to work at full detail."""
        sides = [each.long_side_px for each in self.scene]
        sides += [self.text_reader.long_side_px] if self.text_reader else []
        return max(*sides, self.face_reader.detector.long_side_px if self.face_reader else 0)

    def tags(self, answers: Iterable[ModelAnswer], faces: Sequence[Face], look: PixelStats) -> tuple[Tag, ...]:
        """Return the tags that follow from what models found."""
        answers = tuple(answers)
        evidence = tuple(each.evidence for each in answers if each.evidence is not None)
        objects = tuple(thing for each in answers for thing in each.objects)
        return self.vocabulary.tags(evidence, objects, faces, look, self.words)

    def analyze(
        self,
        picture: Picture,
        metadata: Metadata,
        hashes: Hashes,
        look: PixelStats,
        larger: Callable[[int], Picture],
        *,
        want_faces: bool = True,
        but: Collection[str] = (),
        known: Analysis | None = None,
    ) -> Analysis:
        """Analyze a picture; `larger` decodes the same photo again with at least this long side in px.

        want_faces: False skips faces: known ones stay, with the models that found them.
        but: names of models for the whole photo that are not to look at this one; what they said of it gives no tags.
        known: what is known of the photo; where its bytes are the same, models that have analyzed it are not run again,
        and the results of others stay.
        """
        if known is not None and known.hashes.content != hashes.content:
            known = None
        answers = self._answers(picture, known, but)
        objects = tuple(thing for each in answers for thing in each.objects)
        reads = want_faces and self.face_reader is not None
        faces = self._faces(picture, larger, known, objects) if reads else known.faces if known else ()
        skipped = {each.model.spec.id for each in self.scene if each.model.spec.name in but}
        mine = tuple(each for each in (self.model_ids.ids if reads else self.model_ids.scene) if each not in skipped)
        others = _others(known, mine, keeps_faces=not reads)
        return Analysis(
            metadata=metadata,
            hashes=hashes,
            look=look,
            evidence=tuple(each.evidence for each in answers if each.evidence is not None) + others.evidence,
            tags=self.tags(answers, faces, look),
            faces=faces,
            vector=next((each.embedding for each in answers if each.evidence is not None), b""),
            models=mine + others.models,
            objects=objects + others.objects,
            object_scores=tuple(each.scores for each in answers if each.scores is not None) + others.object_scores,
            lines=self._lines(picture, larger, known) + others.lines,
        )

    def _answers(self, picture: Picture, known: Analysis | None, but: Collection[str]) -> list[ModelAnswer]:
        """Return what the models for the whole photo found; those that have analyzed it are not run again."""
        answers = _known_answers(known) if known else {}
        first = next((each.model.spec.id for each in self.scene if isinstance(each, Classifier)), "")
        if known is not None and first not in (each.model for each in known.evidence[:1]):
            answers.pop(first, None)  # the stored embedding is not its own
        return [
            answers[each.model.spec.id] if _has_answered(each, answers) else run_model(each, picture)
            for each in self.scene
            if each.model.spec.name not in but
        ]

    def _faces(
        self,
        picture: Picture,
        larger: Callable[[int], Picture],
        known: Analysis | None,
        objects: Sequence[Object],
    ) -> tuple[Face, ...]:
        """Return the known faces, or read them and leave out those that are rather an animal's."""
        if self.face_reader is None:
            return ()
        if known is not None and set(self.face_reader.models) <= set(known.models):
            return known.faces
        beings = self.vocabulary.beings(objects, self.words)
        return tuple(face for face in self.face_reader.read(picture, larger) if not is_doubtful(face, beings))

    def _lines(
        self, picture: Picture, larger: Callable[[int], Picture], known: Analysis | None
    ) -> tuple[TextLine, ...]:
        """Return the known lines of text, or read them."""
        if self.text_reader is None:
            return ()
        if known is not None and set(self.text_reader.models) <= set(known.models):
            return tuple(line for line in known.lines if line.model in self.text_reader.models)
        return self.text_reader.read(picture, larger)


def _has_answered(opened: SceneModel, answers: Mapping[str, ModelAnswer]) -> bool:
    """Return whether what a model found is known: of a classifier, its evidence."""
    answer = answers.get(opened.model.spec.id)
    return answer is not None and (answer.evidence is not None or not isinstance(opened, Classifier))


def _known_answers(known: Analysis) -> dict[str, ModelAnswer]:
    """Return what models found before, by their ids; the stored embedding is that of the first classifier."""
    classified = [ModelAnswer(each.model, 0, each) for each in known.evidence]
    if classified:
        classified[0] = replace(classified[0], embedding=known.vector)
    of_classifiers = {each.model for each in classified}
    scores = {each.model: each for each in known.object_scores}
    detected = [
        ModelAnswer(
            model, 0, objects=tuple(each for each in known.objects if each.model == model), scores=scores.get(model)
        )
        for model in known.models
        if model not in of_classifiers
    ]
    return {each.model: each for each in (*detected, *classified)}


@dataclass(frozen=True, slots=True)
class _Others:
    """Results of models that are not in use now; they are kept, and give no tags."""

    evidence: tuple[Evidence, ...] = ()
    objects: tuple[Object, ...] = ()
    object_scores: tuple[Evidence, ...] = ()
    lines: tuple[TextLine, ...] = ()
    models: tuple[str, ...] = ()


def _others(known: Analysis | None, mine: Sequence[str], *, keeps_faces: bool) -> _Others:
    """Return those results. keeps_faces: the faces are the known ones, and so are the models that found them."""
    if known is None:
        return _Others()
    evidence = tuple(each for each in known.evidence if each.model not in mine)
    objects = tuple(each for each in known.objects if each.model not in mine)
    object_scores = tuple(each for each in known.object_scores if each.model not in mine)
    lines = tuple(each for each in known.lines if each.model not in mine)
    found: Sequence[Evidence | Object | TextLine] = (*evidence, *objects, *object_scores, *lines)
    told = {each.model for each in found}
    models = tuple(model for model in known.models if model in told or (keeps_faces and model not in mine))
    return _Others(evidence, objects, object_scores, lines, models)

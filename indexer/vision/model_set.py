"""Model set: the models that the settings name, and which of them analyzes which photo."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import ModelError
from indexer.values.analysis import ModelIds
from indexer.vision.endpoint import Endpoint
from indexer.vision.spec import ModelSpec, broken_specs, read_specs

SCENE = ("classifier", "object-detector")  # roles of models whose results give tags
TEXT = ("text-detector", "text-recognizer")
WHOLE = SCENE + TEXT  # roles of models for the whole photo


@dataclass(frozen=True, slots=True)
class ModelSet:
    """The models that analyze a photo, where they are built, and what runs them.

    classifier: the default one, whose embeddings serve similarity.  object_detector: the default one, None where it is
    not wanted.  extra: more classifiers, and object detectors.
    detector, landmarks, describer: None where they are not wanted.  own: the folder of custom descriptions.
    rules: for tags; None: those that ship with the program.  no_faces: folders below which faces are not wanted, by
    their real paths.  place: the endpoint of the process that runs models for all workers, where there is one.
    text: the text detector and the text recognizer; empty where they are not wanted.
    only_in: the folders, by their real paths, to which an extra model is confined: name → folders.
    """

    folder: Path
    classifier: str
    detector: str | None
    describer: str | None
    runtime: str = "auto"
    rules: Path | None = None
    no_faces: tuple[Path, ...] = ()
    own: Path | None = None
    extra: tuple[str, ...] = ()
    landmarks: str | None = None
    place: Endpoint | None = None
    object_detector: str | None = None
    text: tuple[str, ...] = ()
    only_in: tuple[tuple[str, tuple[Path, ...]], ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The names of the models."""
        of_faces = (self.detector, self.landmarks, self.describer)
        return frozenset((*self.scene_names, *self.text, *filter(None, of_faces)))

    @property
    def scene_names(self) -> tuple[str, ...]:
        """The names of the models that give tags: the default classifier and object detector, then the others."""
        found = (self.classifier, self.object_detector, *self.extra)
        return tuple(dict.fromkeys(name for name in found if name is not None))

    def want_faces(self, path: Path) -> bool:
        """Return whether faces may be detected in a photo."""
        return ModelIds((), (), self.no_faces).want_faces(path)

    def confined(self, path: Path) -> frozenset[str]:
        """Return the names of the models that are confined to other folders than those of a photo."""
        return ModelIds((), only_in=self.only_in).confined(path)

    def specs(self) -> tuple[ModelSpec, ...]:
        """Return the specs of the models: the default classifier and object detector, others, text's, those for faces.

        Errors: ModelError for a name that no description has, or that plays another role.
        """
        known, broken = read_specs(self.own), broken_specs(self.own)
        for name in (*self.scene_names, self.detector, self.landmarks, self.describer):
            if name in broken and name not in known:
                raise broken[name]
        of_faces = {"face-detector": self.detector, "face-landmarks": self.landmarks, "face-describer": self.describer}
        return (
            *(spec_named(known, name, *self._roles_of(name)) for name in self.scene_names),
            *(spec_named(known, name, role) for role, name in zip(TEXT, self.text, strict=False)),
            *(spec_named(known, name, role) for role, name in of_faces.items() if name is not None),
        )

    def _roles_of(self, name: str) -> tuple[str, ...]:
        """Return the roles that a model for the whole photo may play."""
        if name == self.classifier:
            return ("classifier",)
        return ("object-detector",) if name == self.object_detector else SCENE

    def model_ids(self) -> ModelIds:
        """Return the ids of the models. Errors: as of `specs`."""
        return self.ids_of(self.specs())

    def ids_of(self, specs: Iterable[ModelSpec]) -> ModelIds:
        """Return the ids of some of its models, by their input: pictures or faces."""
        specs = tuple(specs)
        scene = tuple(spec.id for spec in specs if spec.role in WHOLE)
        of_faces = tuple(spec.id for spec in specs if spec.role not in WHOLE)
        folders = dict(self.only_in)
        only_in = tuple((spec.id, folders[spec.name]) for spec in specs if spec.name in folders)
        return ModelIds(scene, of_faces, self.no_faces, only_in)


def spec_named(known: Mapping[str, ModelSpec], name: str, *roles: str) -> ModelSpec:
    """Return the spec with a name; roles: the allowed ones, none: any. Errors: ModelError."""
    if name not in known:
        raise ModelError(name, "is not known").advise("list-models", ", ".join(sorted(known)))
    if roles and known[name].role not in roles:
        raise ModelError(name, f"is a {known[name].role}, not a {' or '.join(roles)}")
    return known[name]

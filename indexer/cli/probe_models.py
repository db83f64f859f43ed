"""Probe models: what taught words judge a photo by, from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.cli.session import Session
    from indexer.config.config import Config
    from indexer.library.photo_rows.probe_inputs import ProbeModels
    from indexer.pipeline.models.few_shot import Look
    from indexer.vision.classify import Classifier
    from indexer.vision.objects import ObjectDetector
    from indexer.vision.spec import ModelSpec


def probe_models(config: Config) -> ProbeModels:
    """Return the models of the settings whose numbers taught words judge. Errors: ModelError."""
    from indexer.library.photo_rows.probe_inputs import ProbeModels

    classifier, detector = probe_specs(config)
    return ProbeModels(classifier.id, detector.id if detector else "")


def object_classes(config: Config) -> int:
    """Return how many classes the object detector of `probe_models` has, 0 where there is none. Errors: ModelError."""
    from indexer.vision.tags.labels import class_names
    from indexer.vision.tags.vocabulary import Vocabulary

    _, detector = probe_specs(config)
    return len(class_names(detector, Vocabulary.load())) if detector else 0


def open_look(session: Session) -> Look:
    """Return a function that analyzes a file; the models are loaded with the first one."""
    from functools import cache

    from indexer.cli.lookup import build_if_missing
    from indexer.pipeline.models.few_shot import probe_input
    from indexer.vision.classify import Classifier
    from indexer.vision.objects import ObjectDetector
    from indexer.vision.runtime import open_model

    config = session.settings().config

    @cache
    def models() -> tuple[Classifier, ObjectDetector | None]:
        specs = tuple(spec for spec in probe_specs(config) if spec is not None)
        build_if_missing(session, config, specs)
        opened = [open_model(spec, config.models_path, config.runtime, config.worker_count) for spec in specs]
        return Classifier(opened[0]), ObjectDetector(opened[1]) if opened[1:] else None

    return lambda file: probe_input(file, *models(), config.max_pixels)


def probe_specs(config: Config) -> tuple[ModelSpec, ModelSpec | None]:
    """Return the specs of the default classifier, and of the first object detector where there is one."""
    from indexer.assemble import model_set

    first, *others = model_set(config).specs()
    return first, next((spec for spec in others if spec.role == "object-detector"), None)

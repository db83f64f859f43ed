"""indexer: automatic tagging of a whole photo library, and search in it. The public names, loaded when first used."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "indexer.assemble": ("limits", "model_set"),
    "indexer.config.config": ("Config", "load"),
    "indexer.errors": (
        "ConfigError",
        "IndexerError",
        "LibraryError",
        "ModelError",
        "PhotoError",
        "QueryError",
        "StoreError",
    ),
    "indexer.geometry": ("Box", "Point"),
    "indexer.intake.discover": ("discover", "stamp"),
    "indexer.library.people.similar_faces": ("similar_faces",),
    "indexer.library.query.parser": ("parse", "printed"),
    "indexer.library.search.search": ("by_keywords", "by_query", "count_hits", "nearest_words"),
    "indexer.library.indexing.files": ("file_states", "missing_photos", "photos_by_content"),
    "indexer.library.indexing.outcomes": ("record_outcomes",),
    "indexer.library.roots": ("add_root", "relocate_folder", "root_folders"),
    "indexer.library.store": ("Library",),
    "indexer.values.analysis": (
        "Analysis",
        "Descriptor",
        "Evidence",
        "Face",
        "Label",
        "Tag",
    ),
    "indexer.values.files": (
        "Hashes",
        "PixelStats",
        "Metadata",
        "PhotoFile",
        "Picture",
    ),
    "indexer.values.outcomes": (
        "Failed",
        "Indexed",
        "Moved",
        "Skipped",
        "Removed",
        "Unchanged",
    ),
    "indexer.values.results": (
        "FaceMatch",
        "Hit",
    ),
    "indexer.pipeline.scan.run": ("run",),
    "indexer.pipeline.scan.plan": ("plan",),
    "indexer.pipeline.workers.photo_pool": ("Pool",),
    "indexer.pipeline.retag": ("retag",),
    "indexer.pipeline.root_state": ("away_roots", "root_states"),
    "indexer.pipeline.workers.tasks": ("Limits", "analyze_file", "read_faces"),
    "indexer.vision.analyze": ("Analyzer",),
    "indexer.vision.model_set": ("ModelSet",),
    "indexer.vision.faces.reader": ("FaceReader",),
    "indexer.vision.tags.vocabulary": ("Vocabulary",),
    "indexer.zoo.build.subprocess": ("build_missing",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'indexer' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__

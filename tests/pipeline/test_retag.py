"""Tags are made again from what is stored: those of every network, with the thresholds that it has now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from indexer.geometry import Box
from indexer.library.indexing.outcomes import record_outcomes, store_classes, stored_classes
from indexer.library.report import details
from indexer.library.roots import add_root
from indexer.library.store import Library
from indexer.pipeline.retag import retag, tags_of
from indexer.values.analysis import Analysis, Evidence, Object
from indexer.values.files import Hashes, Metadata, PhotoFile, PixelStats
from indexer.values.outcomes import Indexed
from indexer.vision.spec import read_specs
from indexer.vision.tags.labels import words_of_models
from indexer.vision.tags.vocabulary import Vocabulary

PHOTO = Path("/photos/a.jpg")
WORDS = Vocabulary.load()
LITE = read_specs()["efficientnet-lite0"]
XRAY = replace(LITE, name="xray", thresholds={"score": 0.4})


def analysis() -> Analysis:
    """What three models left of a photo: a beagle, a shadow on the lung, two people."""
    scores = np.zeros((1, 1000), np.float32)
    scores[0, WORDS.classes.index("beagle")] = 0.9
    people = tuple(Object(0, score, Box(0.1, 0.1, 0.5, 0.5), "coco-22222222") for score in (0.9, 0.6))
    return Analysis(
        metadata=Metadata("JPEG", 40, 30),
        hashes=Hashes(bytes(32), bytes(8)),
        look=PixelStats(0.5, 0.5, 0.5, 0.0),
        evidence=(Evidence.of(LITE.id, scores, 0.01), Evidence.of(XRAY.id, np.array([[0.5, 0.5]], np.float32), 0.01)),
        tags=(),
        faces=(),
        vector=b"",
        models=(LITE.id, XRAY.id, "coco-22222222"),
        objects=people,
    )


def test_tags_come_from_the_names_that_the_library_has_and_the_thresholds_of_today(tmp_path: Path) -> None:
    with Library.open(tmp_path / "library.sqlite") as library:
        add_root(library, PHOTO.parent)
        record_outcomes(library, [Indexed(PhotoFile(PHOTO, 1, 1), analysis())])
        for model, names in ((LITE.id, WORDS.classes), (XRAY.id, ("NoFinding", "Atelectasis"))):
            store_classes(library, model, names)
        store_classes(library, "coco-22222222", ("person", "dog"))
        for threshold, found in ((0.4, {"atelectasis", "no finding"}), (0.6, set())):
            specs = (LITE, replace(XRAY, thresholds={"score": threshold}))
            classes = words_of_models(WORDS, stored_classes(library), specs)
            assert retag(library, WORDS, classes) == (1, 1)
            assert retag(library, WORDS, classes) == (1, 0)
            known = details(library, PHOTO)
            assert known is not None
            assert known.analysis is not None
            assert known.analysis.tags == tags_of(analysis(), WORDS, classes)
            names = {tag.name for tag in known.analysis.tags}
            assert {"dog", "person"} | found <= names
            assert names & {"atelectasis", "no finding"} == found

"""How well a word that is typed ranks photos: a library of labelled pictures, searched as the command line does.

`--min-score 0` finds less sure matches, too. A word's average precision is the mean of the precision at each photo that
shows it; one that is not found counts as 0.
"""

from __future__ import annotations

import hashlib
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from everyday import SAME, Everyday, covered
from parts import Figure

from indexer.config.config import Config
from indexer.intake.discover import stamp
from indexer.library.indexing.outcomes import record_outcomes
from indexer.library.roots import add_root
from indexer.library.search.request import SearchRequest, resolver, tree
from indexer.library.search.search import by_query
from indexer.library.store import Library
from indexer.pipeline.less_sure import outputs_of
from indexer.pipeline.retag import learn_names
from indexer.values.analysis import Analysis, Evidence, Face, Object, Tag
from indexer.values.files import Hashes, Metadata, PixelStats
from indexer.values.outcomes import Indexed
from indexer.vision.spec import read_specs
from indexer.vision.tags.vocabulary import Vocabulary


@dataclass(frozen=True)
class Seen:
    """What the default models see in a photo."""

    evidence: Evidence
    objects: tuple[Object, ...]
    scores: Evidence
    faces: tuple[Face, ...]
    look: PixelStats

    @property
    def without_objects(self) -> Seen:
        """The same where no object detector is in use."""
        return replace(self, objects=(), scores=Evidence("", b""))


def coco_figures(
    truth: Everyday, folder: Path, seen: Sequence[Seen], shown: Sequence[Sequence[Tag]]
) -> Iterator[Figure]:
    """Yield the mean average precision of COCO's words over the photos whose source labels them."""
    vocabulary = Vocabulary.load()
    files = [folder / row["file"] for row in truth.rows]
    labels = {
        file: {SAME.get(each, each) for each in row["labels"].split(";")}
        for file, row in zip(files, truth.rows, strict=True)
    }
    with library_of(files, seen, shown) as library:
        for least in (None, 0.0):
            found = []
            for label, words in vocabulary.objects.items():
                name = SAME.get(label, label)
                asked = {
                    file for file, row in zip(files, truth.rows, strict=True) if name in truth.listed[row["dataset"]]
                }
                right = {file for file in asked if name in labels[file]}
                if right:
                    ranked = [file for file in searched(library, vocabulary, words[0], least) if file in asked]
                    found.append(average_precision(ranked, right))
            yield _figure("mean average precision of COCO's words, searched", found, least)


def sample_figures(
    files: Mapping[Path, int], words: Sequence[str], seen: Sequence[Seen], shown: Sequence[Sequence[Tag]], by: str
) -> Iterator[Figure]:
    """Yield the mean average precision of words; files: path → the index of the only class that is labelled there."""
    vocabulary = Vocabulary.load()
    members = covered(vocabulary)
    with library_of(list(files), seen, shown) as library:
        for least in (None, 0.0):
            found = []
            for word in words:
                right = {file for file, index in files.items() if index in members[word]}
                if right:
                    found.append(average_precision(searched(library, vocabulary, word, least), right))
            yield {**_figure("mean average precision of words, searched", found, least), "models": by}


def searched(library: Library, vocabulary: Vocabulary, word: str, least: float | None) -> list[Path]:
    """Return what a search for a word finds, in order; least: as --min-score, None where it is not given."""
    outputs = outputs_of(library, vocabulary, Path("/nonexistent"))
    asked = SearchRequest(keywords=[word], min_score=least)
    query = tree(asked, resolver(library, vocabulary.canonical), date(2026, 1, 1), (), outputs)
    return [hit.path for hit in by_query(library, query)]


@contextmanager
def library_of(files: Sequence[Path], seen: Sequence[Seen], shown: Sequence[Sequence[Tag]]) -> Iterator[Library]:
    """Make a library of what models saw in pictures, and of the tags that they are shown with."""
    specs = [read_specs()[name] for name in (Config().classifier, Config().object_detector)]
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder) / "library.sqlite") as library:
        for root in {Path(*file.parts[:2]) for file in files}:
            add_root(library, root)
        learn_names(library, specs, Vocabulary.load())
        outcomes = [_indexed(*each) for each in zip(files, seen, shown, strict=True)]
        record_outcomes(library, outcomes)
        yield library


def average_precision(ranked: Sequence[Path], right: set[Path]) -> float:
    """Return the mean, over the photos that show a thing, of the precision where each is found."""
    precisions, hits = [], 0
    for place, file in enumerate(ranked, 1):
        if file in right:
            hits += 1
            precisions.append(hits / place)
    return sum(precisions) / len(right)


def _indexed(file: Path, photo: Seen, tags: Sequence[Tag]) -> Indexed:
    analysis = Analysis(
        metadata=Metadata("JPEG", 4, 3),
        hashes=Hashes(hashlib.sha256(bytes(file)).digest(), bytes(8)),
        look=photo.look,
        evidence=(photo.evidence,),
        tags=tuple(tags),
        faces=(),
        vector=b"",
        models=(photo.evidence.model, photo.scores.model) if photo.scores.model else (photo.evidence.model,),
        objects=photo.objects,
        object_scores=(photo.scores,) if photo.scores.model else (),
    )
    return Indexed(stamp(file), analysis)


def _figure(name: str, found: Sequence[float], least: float | None) -> Figure:
    about = "as tagged" if least is None else "less sure ones, too"
    return {"figure": name, "value": statistics.mean(found), "words": len(found), "matches": about}

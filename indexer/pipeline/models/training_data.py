"""Training data: a folder with one sub-folder a label, as one file of pixels with labels and parts.

The pictures lie in the file one after the other, at the model's input size: however many there are, memory holds
one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.errors import LibraryError, PhotoError, printable
from indexer.intake.decode import NotAPhoto, open_original
from indexer.intake.discover import discover
from indexer.intake.names import is_junk_folder
from indexer.values.files import PhotoFile
from indexer.vision.preprocess import fitted
from indexer.vision.spec_tensors import Input

PARTS = TRAIN, VALIDATION, TEST = "train", "validation", "test"
LEAST_PICTURES = 5  # of a label
_FREE = ""  # no folder decides the picture's part
# Of the pictures of each label, where no folder decides; validation of what the test leaves.
_TEST_SHARE, _VALIDATION_SHARE = 0.2, 0.2
_CALLED = {TRAIN: ("train",), VALIDATION: ("val", "valid", "validation"), TEST: ("test",)}
_NEAR_BITS, _NEAR = 6, 6.0  # of the perceptual hash; mean difference of 255: what differs less is a copy
_POINTS = 16  # a side, that are compared
Skip = Callable[[Path, str], None]


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """A data set to train with.

    labels: in order.  numbers: the label of each picture.  parts: its use: TRAIN, VALIDATION (early
    stopping) or TEST (final accuracy).
    """

    labels: tuple[str, ...]
    numbers: tuple[int, ...]
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    file: PhotoFile
    label: str
    part: str


def gather(
    folder: Path, wanted: Input, into: Path, max_pixels: int, seed: int, skip: Skip, step: Callable[[int, int], None]
) -> TrainingSet:
    """Read all pictures below a folder into a file of uint8[n, height, width, 3], without a header.

    Where the folder has 'train', and 'test' or 'val', these set the parts; with all three, 'val' is for
    early stopping. Otherwise each label's pictures are split at random, by `seed`.
    skip: receives each file that is left out, and why: it cannot be read, or is a repetition.
    step: receives how many files of how many are done.
    Errors: LibraryError where there are not two labels with 5 pictures each, or too few for a part; OSError for a disk
    that is full.
    """
    found = list(_found(folder, skip))
    labels = _labels(folder, found)
    kept: list[_Found] = []
    copies = _Copies()
    with into.open("wb") as file:
        for number, each in enumerate(found, 1):
            try:
                file.write(_pixels(each, wanted, max_pixels, copies))
                kept.append(each)
            except NotAPhoto:
                pass
            except PhotoError as error:
                skip(error.path, error.reason)
            step(number, len(found))
    _refuse_few(folder, labels, kept)
    parts = split([each.label for each in kept], copies.groups, [each.part for each in kept], seed)
    _refuse_missing(folder, labels, kept, parts)
    return TrainingSet(labels, tuple(labels.index(each.label) for each in kept), tuple(parts))


def split(labels: Sequence[str], groups: Sequence[int], parts: Sequence[str], seed: int) -> list[str]:
    """Split at random what no folder decides, label by label; a group stays together.

    parts: TRAIN, VALIDATION, TEST, or '' where nothing is decided; TRAIN gives to VALIDATION where that has none.
    """
    random = np.random.default_rng(seed)
    dealt = list(parts)
    for label in sorted(set(labels)):
        rows = [row for row, each in enumerate(labels) if each == label]
        free = [row for row in rows if dealt[row] == _FREE]
        if free:
            _deal(dealt, free, groups, TEST, _TEST_SHARE, random, leave=2)
        if VALIDATION not in {dealt[row] for row in rows}:
            train = [row for row in rows if dealt[row] == TRAIN]
            _deal(dealt, train, groups, VALIDATION, _VALIDATION_SHARE, random, leave=1)
    return dealt


def _deal(
    dealt: list[str], rows: Sequence[int], groups: Sequence[int], part: str, share: float,
    random: np.random.Generator, leave: int,
) -> None:  # fmt: skip
    """Give a part its share of the rows, one group at least, and the rest to training: small groups first.

    leave: the number of groups that stay for training, if there are as many.
    """
    together: defaultdict[int, list[int]] = defaultdict(list)
    for row in random.permutation(rows).tolist():
        together[groups[row]].append(row)
    waiting = sorted(together.values(), key=len)
    missing = max(1, round(share * len(rows)))
    while missing > 0 and len(waiting) > leave:
        given = waiting.pop(0)
        missing -= len(given)
        for row in given:
            dealt[row] = part
    for row in (row for group in waiting for row in group):
        dealt[row] = TRAIN


def _pixels(found: _Found, wanted: Input, max_pixels: int, copies: _Copies) -> bytes:
    """Return a picture at the model's input size. Errors: PhotoError, also for a repeated file."""
    path = found.file.path
    with open_original(found.file, max_pixels) as original:
        if earlier := copies.earlier(original.content, path):
            raise PhotoError(path, "read", f"is the same file as {printable(earlier)}")
        picture = original.picture(2 * max(wanted.size))
        hashed = original.hashes(picture).perceptual
    pixels = fitted(picture.pixels, wanted)
    copies.add(found.label, hashed, pixels)
    return pixels.tobytes()


class _Copies:
    """Detector of repeated files, which also groups a label's nearly equal pictures."""

    def __init__(self) -> None:
        self.groups: list[int] = []
        self._files: dict[bytes, Path] = {}
        self._known: defaultdict[str, list[tuple[NDArray[np.int16], int]]] = defaultdict(list)
        self._hashes: defaultdict[str, NDArray[np.uint64]] = defaultdict(lambda: np.empty(0, np.uint64))

    def earlier(self, content: bytes, path: Path) -> Path | None:
        """Return the earlier file with the same bytes, None for the first one."""
        before = self._files.setdefault(content, path)
        return None if before == path else before

    def add(self, label: str, hashed: bytes, pixels: NDArray[np.uint8]) -> None:
        """Return the group of the next picture: that of the first nearly equal one of its label."""
        step = max(1, pixels.shape[0] // _POINTS)
        points = pixels[::step, ::step].astype(np.int16)
        bits = np.frombuffer(hashed, np.uint64)
        alike = np.flatnonzero(np.bitwise_count(self._hashes[label] ^ bits) <= _NEAR_BITS)
        candidates = (self._known[label][place] for place in alike.tolist())
        near = (group for other, group in candidates if np.abs(points - other).mean() < _NEAR)
        group = next(near, len(self.groups))
        if group == len(self.groups):
            self._known[label].append((points, group))
            self._hashes[label] = np.append(self._hashes[label], bits)
        self.groups.append(group)


def _found(folder: Path, skip: Skip) -> Iterator[_Found]:
    for part, home in _homes(folder).items():
        for place in _folders(home):
            yield from (_Found(file, place.name, part) for file in discover([place], skip))


def _homes(folder: Path) -> dict[str, Path]:
    """Return the folders of labels, by the part of their pictures, test folders last."""
    there = {place.name.lower(): place for place in _folders(folder)}
    given = {part: there[name] for part, names in _CALLED.items() for name in names if name in there}
    if TRAIN not in given or len(given) < len(there):  # otherwise 'train' is a label like others
        return {_FREE: folder}
    if len(given) == 1:
        return {_FREE: given[TRAIN]}
    return given if TEST in given else {TRAIN: given[TRAIN], TEST: given[VALIDATION]}


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(
            place for place in folder.iterdir() if place.is_dir() and not is_junk_folder(place.name, str(folder))
        )
    except OSError as error:
        raise LibraryError(folder, f"cannot be read: {error.strerror}") from error


def _labels(folder: Path, found: Iterable[_Found]) -> tuple[str, ...]:
    """Return the labels in order. Errors: LibraryError for fewer than two, or a name that is not text."""
    labels = tuple(sorted({each.label for each in found}))
    if len(labels) < 2:
        raise LibraryError(
            folder, f"has pictures in {len(labels)} subfolders; at least two are needed, one per label, named like it"
        )
    for label in labels:
        if not label.isprintable() or label != " ".join(label.split()):
            raise LibraryError(folder / label, "its name cannot be a label: it must be plain text")
    return labels


def _refuse_few(folder: Path, labels: Sequence[str], kept: Sequence[_Found]) -> None:
    counts = Counter(each.label for each in kept if each.part in (_FREE, TRAIN))
    for label in labels:
        if counts[label] < LEAST_PICTURES:
            raise LibraryError(folder, f"has {counts[label]} different pictures of '{label}' to learn from that can be "
                               f"read; {LEAST_PICTURES} are the least, and some dozens make sense")  # fmt: skip


def _refuse_missing(folder: Path, labels: Sequence[str], kept: Sequence[_Found], parts: Sequence[str]) -> None:
    there = {(each.label, part) for each, part in zip(kept, parts, strict=True)}
    for label in labels:
        for part in PARTS:
            if (label, part) not in there:
                raise LibraryError(folder, f"has no picture of '{label}' for {part} that is not a copy of others")

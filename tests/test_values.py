"""The values that flow: equal by value, picklable, byte-exact."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from indexer import errors
from indexer.geometry import Box, Point
from indexer.values.analysis import Descriptor, Evidence
from indexer.values.files import PhotoFile, Picture, same_stamp

fraction = st.floats(0, 1)
boxes = st.builds(Box, fraction, fraction, st.floats(0.01, 1), st.floats(0.01, 1))


@given(boxes)
def test_a_box_overlaps_itself_wholly(box: Box) -> None:
    assert box.overlap(box) == pytest.approx(1)


@given(boxes, boxes)
def test_overlap_is_symmetric_and_a_fraction(one: Box, other: Box) -> None:
    assert one.overlap(other) == pytest.approx(other.overlap(one))
    assert 0 <= one.overlap(other) <= 1 + 1e-9


def test_boxes_side_by_side_do_not_overlap() -> None:
    assert Box(0, 0, 0.5, 1).overlap(Box(0.5, 0, 0.5, 1)) == 0
    assert Box(0, 0, 0.5, 1).center == Point(0.25, 0.5)


@given(arrays(np.float32, (3, 40), elements=st.floats(0, 1, width=32)), st.floats(0.01, 0.5))
def test_evidence_keeps_what_it_is_told_to(scores: np.ndarray, least: float) -> None:
    kept = Evidence.of("m", scores, least).scores(40)
    expected = np.where(scores >= least, scores, 0)[: len(kept)]
    assert np.abs(kept - expected).max() <= 1 / 65535


def test_evidence_ranks_a_class_by_its_best_view() -> None:
    scores = np.array([[0.1, 0.5, 0.0], [0.3, 0.1, 0.9]], np.float32)
    assert [label for label, _ in Evidence.of("m", scores, 0.05).best(2)] == [2, 1]


def test_evidence_of_nothing_is_empty() -> None:
    empty = Evidence.of("m", np.zeros((2, 5), np.float32), 0.01)
    assert empty.best(3) == []
    assert not empty.scores(5).any()


@given(arrays(np.float32, 128, elements=st.floats(-1, 1, width=32)))
def test_a_descriptor_is_512_bytes_and_read_only(vector: np.ndarray) -> None:
    descriptor = Descriptor.of("m", vector)
    assert len(descriptor.data) == 512
    assert np.array_equal(descriptor.vector, vector)
    assert not descriptor.vector.flags.writeable


def test_values_survive_a_process_border() -> None:
    picture = Picture(np.arange(12, dtype=np.uint8).reshape(2, 2, 3), (20, 20))
    assert pickle.loads(pickle.dumps(picture)) == picture
    assert picture != Picture(picture.pixels, (21, 20))


ERRORS = [
    errors.IndexerError("plain"),
    errors.ConfigError("workers", "is odd"),
    errors.LibraryError(Path("/photos"), "is missing"),
    errors.ModelError("lite0", "is damaged"),
    errors.StoreError(Path("/l.sqlite"), "is locked"),
    errors.QueryError("dog (", 4, "ends too early"),
    errors.PhotoError(Path("/a.jpg"), "decode", "is cut short"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_errors_survive_a_process_border(error: errors.IndexerError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


def test_exit_codes_are_as_documented() -> None:
    assert [error.exit_code for error in ERRORS] == [1, 2, 3, 4, 5, 6, 7]


@given(st.binary(min_size=1))
def test_any_path_can_be_printed_and_put_into_json(name: bytes) -> None:
    text = errors.printable(name.decode("utf-8", "surrogateescape"))
    assert json.loads(json.dumps(text).encode()) == text
    text.encode()


@pytest.mark.parametrize(
    ("other", "same", "same_but_ctime"),
    [
        (PhotoFile(Path("b"), 1, 2, 3), True, True),
        (PhotoFile(Path("a"), 1, 2, None), True, True),
        (PhotoFile(Path("a"), 1, 2, 4), False, True),
        (PhotoFile(Path("a"), 1, 3, 3), False, False),
        (PhotoFile(Path("a"), 2, 2, 3), False, False),
    ],
)
def test_stamps_are_compared(other: PhotoFile, same: bool, same_but_ctime: bool) -> None:
    one = PhotoFile(Path("a"), 1, 2, 3)
    assert same_stamp(one, other) is same_stamp(other, one) is same
    assert same_stamp(one, other, ctime=False) is same_stamp(other, one, ctime=False) is same_but_ctime

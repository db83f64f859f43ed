"""Anchors of an object detector: offsets become boxes, and of two of one thing the surer one stays."""

from __future__ import annotations

import numpy as np
import pytest

from indexer.vision.object_anchors import decode

ANCHORS, CLASSES = 1917, 91
LAST = ANCHORS - 6  # the first anchor of the grid with a single cell: a square as large as the picture
FEW = -20.0


def outputs(*things: tuple[int, int, float], moved: tuple[float, float, float, float] = (0, 0, 0, 0)) -> dict:
    """Raw outputs for things: (anchor, class, logit); moved: the offsets of all."""
    logits = np.full((ANCHORS, CLASSES), FEW, np.float32)
    for anchor, kind, logit in things:
        logits[anchor, kind] = logit
    return {"offsets": np.tile(np.array(moved, np.float32), (ANCHORS, 1)), "logits": logits}


def test_an_anchor_without_offsets_is_its_own_box() -> None:
    found = decode(outputs((LAST, 18, 3.0)), 0.5, 0.6, 0.5)
    np.testing.assert_allclose(found["boxes"], [[0.025, 0.025, 0.975, 0.975]], atol=1e-6)
    np.testing.assert_allclose(found["scores"], [1 / (1 + np.exp(-3.0))], atol=1e-6)
    assert found["classes"].tolist() == [18]


def test_the_finest_anchors_lie_in_the_middle_of_their_cells() -> None:
    found = decode(outputs((3 * (19 * 2 + 5), 1, 3.0)), 0.5, 0.6, 0.5)
    top, left = 2.5 / 19 - 0.05, 5.5 / 19 - 0.05
    np.testing.assert_allclose(found["boxes"], [[top, left, top + 0.1, left + 0.1]], atol=1e-6)


def test_offsets_move_and_stretch_a_box() -> None:
    found = decode(outputs((LAST, 1, 3.0), moved=(1, -1, 5 * np.log(0.5), 0)), 0.5, 0.6, 0.5)
    top, left = 0.5 + 0.095 - 0.95 / 4, 0.5 - 0.095 - 0.95 / 2
    np.testing.assert_allclose(found["boxes"], [[top, left, top + 0.475, left + 0.95]], atol=1e-6)


def test_offsets_that_are_beyond_all_measure_give_no_overflow() -> None:
    found = decode(outputs((LAST, 1, 3.0), moved=(0, 0, 1e4, 1e4)), 0.5, 0.6, 0.5)
    assert np.isfinite(found["boxes"]).all()


@pytest.mark.parametrize(("kind", "kept"), [(18, [18]), (17, [18, 17])])
def test_two_boxes_at_one_place_are_two_things_only_of_two_kinds(kind: int, kept: list[int]) -> None:
    twice = outputs((LAST, 18, 3.0), (LAST + 5, kind, 2.0))  # nearly the same square
    assert decode(twice, 0.5, 0.6, 0.5)["classes"].tolist() == kept


def test_things_apart_are_all_found_best_first() -> None:
    found = decode(outputs((0, 1, 1.0), (600, 1, 3.0), (1000, 1, 2.0)), 0.5, 0.6, 0.5)
    assert np.all(np.diff(found["scores"]) < 0)
    assert len(found["scores"]) == 3


def test_the_background_and_what_is_not_sure_enough_are_left_out() -> None:
    assert len(decode(outputs((LAST, 0, 9.0), (LAST, 3, -0.1)), 0.5, 0.6, 0.5)["scores"]) == 0


def test_the_surest_of_each_class_is_kept_even_if_it_is_faint() -> None:
    found = decode(outputs((LAST, 3, -2.0), (0, 3, -3.0), (600, 4, -5.0), (1000, 5, 1.0)), 0.5, 0.6, 0.05)
    assert found["classes"].tolist() == [5, 3]
    np.testing.assert_allclose(found["scores"], [1 / (1 + np.exp(-1.0)), 1 / (1 + np.exp(2.0))], atol=1e-6)

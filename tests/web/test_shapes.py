"""The shapes of all photos of a search over HTTP: those of its hits, in their order."""

from __future__ import annotations

import math
from base64 import b64decode

import numpy as np
import pytest

from indexer.records.browse import STEPS, shapes_record, step


@pytest.mark.parametrize("asked", [{}, {"sort": "path"}, {"q": "animal"}, {"q": "animal", "sort": "date"}])
def test_shapes_are_those_of_the_hits(client, asked: dict[str, str]) -> None:
    hits = client.get("/api/search", params={**asked, "limit": 500}).json()["hits"]
    told = client.get("/api/shapes", params=asked).json()
    steps = list(b64decode(told["steps"]))
    assert told["total"] == len(steps) == len(hits) > 0
    assert steps == [step(hit["width"], hit["height"]) for hit in hits]
    for number, hit in zip(steps, hits, strict=True):
        ratio = told["smallest"] * told["factor"] ** number
        assert math.isclose(ratio, hit["width"] / hit["height"], rel_tol=0.021)


def test_who_has_the_shapes_already_gets_nothing(client) -> None:
    first = client.get("/api/shapes")
    assert client.get("/api/shapes", headers={"If-None-Match": first.headers["etag"]}).status_code == 304


@pytest.mark.parametrize(
    ("asked", "words"), [({"q": "(cat"}, "there is no matching ')'"), ({"sort": "distance"}, "near:")]
)
def test_what_cannot_be_answered_is_said(client, asked: dict[str, str], words: str) -> None:
    refused = client.get("/api/shapes", params=asked)
    assert refused.status_code == 400
    assert words in refused.json()["detail"]


def test_many_shapes_are_rounded_as_one_is() -> None:
    sides = [(width, height) for width in range(1, 200, 7) for height in range(1, 200, 5)] + [(0, 0)]
    ratios = np.array([width / height if height else 0.0 for width, height in sides])
    told = list(b64decode(shapes_record(ratios)["steps"]))
    assert told == [step(width, height) for width, height in sides]
    assert {0, STEPS} <= set(told)

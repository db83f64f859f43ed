"""Photos of a burst are told from copies by the times that the camera wrote."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.library.similar.bursts import are_burst

TIME = "2024-05-01T10:11:12"


def taken(at: str | None = TIME, field: str | None = "exif:DateTimeOriginal", model: str | None = "D70") -> Any:
    return SimpleNamespace(taken_at=at, taken_from=field, camera_make="Nikon" if model else None, camera_model=model)


@pytest.mark.parametrize("later", ["2024-05-01T10:11:13", "2024-05-01T10:13:12", "2024-05-01T10:11:14+02:00"])
def test_one_camera_seconds_to_minutes_apart_is_a_burst(later: str) -> None:
    assert are_burst(taken(), taken(later))


def test_ten_photos_a_second_are_a_burst() -> None:
    assert are_burst(taken(f"{TIME}.1"), taken(f"{TIME}.2"))


@pytest.mark.parametrize(
    "other",
    [
        taken(),
        taken(f"{TIME}.5"),
        taken(f"{TIME}+02:00"),
        taken(None, None),
        taken("2024-05-01T10:11:14", "mtime"),
        taken("2024-05-01T10:11:14", "name"),
        taken("2024-05-01T12:11:12"),
        taken("2024-05-01T10:11:14", model="D90"),
    ],
    ids=["same", "a fraction", "an offset", "no time", "time of the file", "name", "clock put right", "another camera"],
)
def test_what_editing_leaves_and_what_no_camera_said_is_no_burst(other: Any) -> None:
    assert not are_burst(taken(), other)


@given(st.integers(-3600, 3600), st.sampled_from([None, "D70"]))
def test_the_order_does_not_matter_and_no_photo_is_a_burst_with_itself(seconds: int, model: str | None) -> None:
    one, other = taken(), taken((datetime.fromisoformat(TIME) + timedelta(seconds=seconds)).isoformat(), model=model)
    assert are_burst(one, other) == are_burst(other, one) == (0 < abs(seconds) <= 600)

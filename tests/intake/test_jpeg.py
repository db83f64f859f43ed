"""Whether a JPEG reaches its end, however its bytes are arranged."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from indexer.intake.formats import reaches_end


def _jpeg(**saved: object) -> bytes:
    stream = BytesIO()
    Image.effect_noise((64, 48), 80).convert("RGB").save(stream, "JPEG", quality=95, **saved)
    return stream.getvalue()


VARIANTS = {
    "baseline": {},
    "progressive": {"progressive": True},
    "with restarts": {"restart_marker_rows": 1},
    "with a thumbnail": {"exif": b"Exif\0\0" + _jpeg()},
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("tail", [b"", b"\0" * 99, b"\xff" * 99, b"\0\0\0\x18ftypmp42"])
def test_a_whole_jpeg_reaches_its_end_whatever_follows(variant: str, tail: bytes) -> None:
    assert reaches_end(_jpeg(**VARIANTS[variant]) + tail)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("tail", [b"", b"\0" * 9999, b"\xff" * 9999])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.999])
def test_a_broken_jpeg_does_not(variant: str, tail: bytes, kept: float) -> None:
    whole = _jpeg(**VARIANTS[variant])
    assert not reaches_end(whole[: int(kept * (len(whole) - 2))] + tail)


def test_real_photos_reach_their_end(samples: dict[str, Path]) -> None:
    for path in samples.values():
        if path.suffix == ".jpg":
            assert reaches_end(path.read_bytes())
            assert not reaches_end(path.read_bytes()[:-2])


def test_a_long_filling_costs_no_more_than_its_length() -> None:
    assert not reaches_end(b"\xff\xd8" + b"\xff" * 10_000_000)

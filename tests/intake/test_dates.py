"""Capture times as they are written by cameras, programs and telephones."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some

from indexer.intake import dates

NOW = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("2023:05:14 10:11:12", "2023-05-14T10:11:12"),
        ("2023-05-14T10:11:12.50+02:00", "2023-05-14T10:11:12.5+02:00"),
        ("2023-05-14T10:11:12Z", "2023-05-14T10:11:12+00:00"),
        ("2023-05-14T10:11:12-0330", "2023-05-14T10:11:12-03:30"),
        ("2023/05/14 10:11:12", "2023-05-14T10:11:12"),
        ("2023: 5:14 10: 1: 2", "2023-05-14T10:01:02"),
        ("2023-05-14T10:11", "2023-05-14T10:11:00"),
        ("2023-05-14", "2023-05-14T00:00:00"),
        ("1921:05:14 10:11:12", "1921-05-14T10:11:12"),
        ("2026:01:01 13:00:00", "2026-01-01T13:00:00"),  # east of Greenwich it is tomorrow
        ("0000:00:00 00:00:00", None),
        ("    :  :     :  :  ", None),
        ("", None),
        ("2023:13:01 10:11:12", None),
        ("2023:02:29 10:11:12", None),
        ("2023:05:14 25:11:12", None),
        ("1900:01:01 10:11:12", None),
        ("2026:01:03 10:11:12", None),
        ("1970:01:01 00:00:00", None),
        ("1980:01:01 00:00:00", None),
        ("yesterday", None),
        ("2023:05:14" + " " * 1_000_000 + "x", "2023-05-14T00:00:00"),
    ],
)
def test_a_written_date_is_read_or_refused(text: str, taken: str | None) -> None:
    assert dates.from_text(text, NOW) == taken


@pytest.mark.parametrize(
    ("fraction", "offset", "taken"),
    [
        ("123", "+05:45", "2023-05-14T10:11:12.123+05:45"),
        ("00", "", "2023-05-14T10:11:12"),
        ("5 ", "Z", "2023-05-14T10:11:12.5+00:00"),
        ("1234567", "+02", "2023-05-14T10:11:12.123456"),
        ("x", "+99:00", "2023-05-14T10:11:12"),
    ],
)
def test_fraction_and_offset_are_joined_where_they_make_sense(fraction: str, offset: str, taken: str) -> None:
    assert dates.from_text("2023:05:14 10:11:12", NOW, fraction, offset) == taken


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("IMG_20230514_101112.jpg", "2023-05-14T10:11:12"),
        ("PXL_20230514_101112345.MP.jpg", "2023-05-14T10:11:12"),
        ("20230514101112.jpg", "2023-05-14T10:11:12"),
        ("2023-05-14 10.11.12.png", "2023-05-14T10:11:12"),
        ("Screenshot_2023-05-14-10-11-12.png", "2023-05-14T10:11:12"),
        ("Screenshot 2023-05-14 at 1.11.12 PM.png", "2023-05-14T13:11:12"),
        ("Screenshot 2023-05-14 at 12.11.12 AM.png", "2023-05-14T00:11:12"),
        ("WhatsApp Image 2023-05-14 at 10.11.12.jpeg", "2023-05-14T10:11:12"),
        ("IMG-20230514-WA0001.jpg", "2023-05-14T00:00:00"),
        ("signal-2023-05-14-101112.jpg", "2023-05-14T10:11:12"),
        ("2023_05_14 birthday.jpg", "2023-05-14T00:00:00"),
        ("DSC_0123.jpg", None),
        ("20239914.jpg", None),
        ("IMG_20230514_999999.jpg", None),
        ("120230514.jpg", None),
        ("12345678901234567890.jpg", None),
        ("IMG_21230514_101112.jpg", None),
        ("photo 1920x1080.jpg", None),
    ],
)
def test_a_date_in_a_name_is_read(name: str, taken: str | None) -> None:
    assert dates.from_name(name, NOW) == taken


@pytest.mark.parametrize("mtime_ns", [0, 1_600_000_000_000_000_000, -(10**18), 10**30, -(10**30)])
def test_any_mtime_gives_a_date_with_an_offset(mtime_ns: int) -> None:
    assert datetime.fromisoformat(dates.from_mtime(mtime_ns)).tzinfo is not None


@given(some.text(max_size=40) | some.from_regex(r"[0-9:\-T ]{19}[+Z0-9:.]*"))
def test_whatever_is_written_gives_nothing_or_a_date(text: str) -> None:
    for taken in (dates.from_text(text, NOW, text, text), dates.from_name(text, NOW)):
        assert taken is None or datetime.fromisoformat(taken).year > 1900


@given(some.datetimes(datetime(1981, 1, 1), datetime(2025, 12, 31)).map(lambda when: when.replace(microsecond=0)))
def test_every_time_is_read_back(when: datetime) -> None:
    assert dates.from_text(f"{when:%Y:%m:%d %H:%M:%S}", NOW) == when.isoformat()
    assert dates.from_name(f"IMG_{when:%Y%m%d_%H%M%S}.jpg", NOW) == when.isoformat()

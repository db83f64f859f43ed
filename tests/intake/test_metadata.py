"""What files say about photos, and what they say that cannot be believed."""

from __future__ import annotations

import csv
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from PIL.TiffImagePlugin import IFDRational

from indexer.intake.decode import open_original
from indexer.intake.discover import stamp
from indexer.values.files import Metadata

NOW = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


def _read(path: Path) -> Metadata:
    with open_original(stamp(path), 10**8, clock=lambda: NOW) as original:
        return original.metadata


def _photo(
    folder: Path,
    base: dict[int, Any] | None = None,
    more: dict[int, Any] | None = None,
    gps: dict[int, Any] | None = None,
    name: str = "a.jpg",
    **saved: Any,
) -> Metadata:
    exif = Image.Exif()
    exif.update(base or {})
    exif.get_ifd(IFD.Exif).update(more or {})
    exif.get_ifd(IFD.GPSInfo).update(gps or {})
    Image.new("RGB", (60, 40)).save(folder / name, exif=exif.tobytes(), **saved)
    os.utime(folder / name, (10**9, 10**9))
    return _read(folder / name)


def _xmp(properties: str) -> bytes:
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description {properties}/></x:xmpmeta>'.encode()


def test_a_camera_photo_is_described(tmp_path: Path) -> None:
    metadata = _photo(
        tmp_path,
        {Base.Make: "NIKON CORPORATION", Base.Model: "NIKON D70", Base.Software: "Ver.1.01\0\0", Base.Orientation: 6},
        {
            Base.DateTimeOriginal: "2008:03:15 09:52:01",
            Base.SubsecTimeOriginal: "70",
            Base.OffsetTimeOriginal: "+09:00",
            Base.LensModel: "18.0-70.0 mm f/3.5-4.5",
            Base.ISOSpeedRatings: 400,
            Base.FNumber: IFDRational(56, 10),
            Base.ExposureTime: IFDRational(1, 125),
            Base.FocalLength: IFDRational(35),
        },
        {
            GPS.GPSLatitudeRef: "S",
            GPS.GPSLatitude: (IFDRational(33), IFDRational(51), IFDRational(3540, 100)),
            GPS.GPSLongitudeRef: "E",
            GPS.GPSLongitude: (151.0, 12.0, 40.0),
            GPS.GPSAltitudeRef: b"\x01",
            GPS.GPSAltitude: 2.5,
        },
    )
    assert metadata == Metadata(
        format="JPEG",
        width=40,
        height=60,
        orientation=6,
        taken_at="2008-03-15T09:52:01.7+09:00",
        taken_from="exif:DateTimeOriginal",
        camera_make="NIKON",
        camera_model="D70",
        lens="18.0-70.0 mm f/3.5-4.5",
        iso=400,
        f_number=5.6,
        exposure_seconds=0.008,
        focal_length_mm=35.0,
        latitude=-33.8598333,
        longitude=151.2111111,
        altitude_m=-2.5,
        software="Ver.1.01",
    )


def test_the_capture_time_comes_from_the_first_field_that_can_be_believed(tmp_path: Path) -> None:
    fields: dict[str, dict[str, Any]] = {
        "exif:DateTimeOriginal": {"more": {Base.DateTimeOriginal: "2001:01:01 01:01:01"}},
        "exif:DateTimeDigitized": {"more": {Base.DateTimeDigitized: "2002:02:02 02:02:02"}},
        "gps": {"gps": {GPS.GPSDateStamp: "2003:03:03", GPS.GPSTimeStamp: (3.0, 3.0, 3.0)}},
        "exif:DateTime": {"base": {Base.DateTime: "2004:04:04 04:04:04"}},
        "photoshop:DateCreated": {"xmp": _xmp('photoshop:DateCreated="2005-05-05T05:05:05" xmp:CreateDate="2006"')},
        "xmp:CreateDate": {"xmp": _xmp('photoshop:DateCreated="?" xmp:CreateDate="2006-06-06T06:06:06"')},
        "name": {"name": "IMG_20070707_070707.jpg"},
        "mtime": {},
    }
    expected = {name: f"200{n}-0{n}-0{n}T0{n}:0{n}:0{n}" for n, name in enumerate(fields, 1)} | {
        "gps": "2003-03-03T03:03:03+00:00"
    }
    broken = {"more": {Base.DateTimeOriginal: "0000:00:00 00:00:00", Base.DateTimeDigitized: "2099:01:01 00:00:00"}}
    for at, name in enumerate(fields):
        given_fields: dict[str, Any] = {} if at < 2 else broken
        for later in list(fields.values())[: at - 1 if at else None : -1]:
            given_fields = given_fields | later
        metadata = _photo(tmp_path, **given_fields)
        assert metadata.taken_from == name
        assert metadata.taken_at == (expected[name] if name != "mtime" else _local(10**9))


def _local(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).astimezone().isoformat()


@pytest.mark.parametrize(
    ("gps", "where"),
    [
        ({2: (48.0, 30.0, 0.0), 4: (2.0, 15.0, 0.0)}, (48.5, 2.25)),
        ({1: "S", 2: (48.0, 30.0, 0.0), 3: "W", 4: (2.0, 15.0, 0.0)}, (-48.5, -2.25)),
        ({1: "N", 2: (48.0, 30.0, IFDRational(0, 0)), 3: "E", 4: (2.0, 15.0, IFDRational(0, 0))}, (48.5, 2.25)),
        ({1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)}, (None, None)),
        ({1: "N", 2: (91.0, 0.0, 0.0), 3: "E", 4: (2.0, 0.0, 0.0)}, (None, None)),
        ({1: "N", 2: (48.0, 0.0, 0.0), 3: "E", 4: (181.0, 0.0, 0.0)}, (None, None)),
        ({1: "N", 2: (48.0, 0.0, 0.0)}, (None, None)),
        ({1: "N", 2: (IFDRational(0, 0),) * 3, 3: "E", 4: (IFDRational(0, 0),) * 3}, (None, None)),
        ({1: "?", 2: (1e30, 0.0, 0.0, 0.0), 3: "", 4: (1.0,)}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_a_place_on_the_globe_is_believed_and_no_other(
    tmp_path: Path, gps: dict[int, Any], where: tuple[float | None, float | None]
) -> None:
    metadata = _photo(tmp_path, gps=gps)
    assert (metadata.latitude, metadata.longitude) == where


@pytest.mark.parametrize(
    ("make", "model", "shown"),
    [
        ("Canon", "Canon EOS 5D", ("Canon", "EOS 5D")),
        ("NIKON CORPORATION", "NIKON D70", ("NIKON", "D70")),
        ("OLYMPUS OPTICAL CO.,LTD", "C860L,D360L", ("OLYMPUS", "C860L,D360L")),
        ("EASTMAN KODAK COMPANY", "KODAK DC240", ("EASTMAN KODAK", "KODAK DC240")),
        ("Apple", "iPhone 15 Pro", ("Apple", "iPhone 15 Pro")),
        ("Corporation", "Corporation", ("Corporation", "Corporation")),
        ("  \0", "über".encode(), (None, "über")),
        ("samsung\nElectronics", "", ("samsung Electronics", None)),
    ],
)
def test_make_and_model_read_well_together(
    tmp_path: Path, make: str, model: str | bytes, shown: tuple[str | None, str | None]
) -> None:
    metadata = _photo(tmp_path, {Base.Make: make, Base.Model: model})
    assert (metadata.camera_make, metadata.camera_model) == shown


def test_exposure_may_stand_in_apex_values(tmp_path: Path) -> None:
    metadata = _photo(tmp_path, more={Base.ApertureValue: IFDRational(4), Base.ShutterSpeedValue: IFDRational(7)})
    assert (metadata.f_number, metadata.exposure_seconds) == (4, pytest.approx(1 / 128, abs=1e-6))


@pytest.mark.parametrize(
    ("fields", "iso"),
    [
        ({34855: 100}, 100),
        ({34855: (200, 0)}, 200),
        ({34855: 65535, 34866: 102400}, 102400),
        ({34855: 0}, None),
        ({}, None),
    ],
)
def test_film_speed_is_found_where_cameras_put_it(tmp_path: Path, fields: dict[int, Any], iso: int | None) -> None:
    assert _photo(tmp_path, more=fields).iso == iso


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "a.avif", "a.heic"])
def test_every_format_carries_exif(tmp_path: Path, name: str) -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
    metadata = _photo(tmp_path, {Base.Make: "Canon"}, {Base.DateTimeOriginal: "2008:03:15 09:52:01"}, name=name)
    assert (metadata.camera_make, metadata.taken_at) == ("Canon", "2008-03-15T09:52:01")
    assert (metadata.width, metadata.height) == (60, 40)


def test_a_drafted_jpeg_still_says_its_full_size(tmp_path: Path) -> None:
    Image.new("RGB", (1200, 800)).save(tmp_path / "a.jpg")
    with open_original(stamp(tmp_path / "a.jpg"), 10**8) as original:
        assert original.picture(150).size == (150, 100)
        assert (original.metadata.width, original.metadata.height) == (1200, 800)


@given(garbage=some.binary(max_size=400), at=some.integers(0, 200))
@settings(max_examples=200, deadline=None)
def test_broken_exif_never_fails_a_photo(tmp_path_factory: pytest.TempPathFactory, garbage: bytes, at: int) -> None:
    exif = Image.Exif()
    exif[Base.Make] = "Canon"
    exif.get_ifd(IFD.Exif)[Base.DateTimeOriginal] = "2008:03:15 09:52:01"
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitude] = (1.0, 2.0, 3.0)
    whole = exif.tobytes()
    path = tmp_path_factory.getbasetemp() / "broken-exif.jpg"
    Image.new("RGB", (32, 24)).save(path, exif=whole[:at] + garbage + whole[at + len(garbage) :])
    with open_original(stamp(path), 10**8) as original:
        assert sorted(original.picture(16).size) == [12, 16]
        assert original.metadata.taken_at


def test_metadata_agrees_with_what_other_programs_read(data: Path) -> None:
    folder = data / "exif_gps"
    with (folder / "expected.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    wrong = [f"{row['file']}: {what}" for row in rows for what in _disagreements(row, _read(folder / row["file"]))]
    assert wrong == []


def _disagreements(row: dict[str, str], found: Metadata) -> list[str]:
    turned = found.orientation >= 5
    checks = {
        "width": (found.height if turned else found.width, float),
        "height": (found.width if turned else found.height, float),
        "orientation": (found.orientation, float),
        "gps_lat": (found.latitude, float),
        "gps_lon": (found.longitude, float),
        "gps_alt": (found.altitude_m, float),
        "iso": (found.iso, float),
        "fnumber": (found.f_number, float),
        "focal_length_mm": (found.focal_length_mm, float),
    }
    wrong = [
        f"{field} {row[field]} was read as {value}"
        for field, (value, number) in checks.items()
        if row[field] not in ("", "0", "0.0") and value != pytest.approx(number(row[field]), rel=1e-5)
    ]
    date = row["datetime_original"] or row["datetime_digitized"] or row["datetime"]
    written = date.strip().replace(":", "-", 2).replace(" ", "T")
    if date and not date.startswith("0000") and not (found.taken_at or "").startswith(written):
        wrong.append(f"{date} was read as {found.taken_at}")
    if row["make"] and not row["make"].lower().startswith((found.camera_make or "?").lower()):
        wrong.append(f"{row['make']} was read as {found.camera_make}")
    return wrong

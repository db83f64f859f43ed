"""Photo metadata: EXIF, XMP, file name and mtime of an opened image.

Files contain false, truncated and nonsensical values; implausible ones are None, and nothing here fails a photo.

`taken_at` comes from the first of these that has a plausible date: EXIF DateTimeOriginal, EXIF
DateTimeDigitized, the GPS clock, EXIF DateTime, XMP photoshop:DateCreated, XMP xmp:CreateDate, the file's
name, the file's mtime.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from indexer.intake import dates
from indexer.intake.fields import number, numbers, positive, power, text, written
from indexer.values.files import Metadata, PhotoFile

_DATES = (  # name; the fields that hold date and time, fraction of the second, offset from UTC
    ("exif:DateTimeOriginal", Base.DateTimeOriginal, Base.SubsecTimeOriginal, Base.OffsetTimeOriginal),
    ("exif:DateTimeDigitized", Base.DateTimeDigitized, Base.SubsecTimeDigitized, Base.OffsetTimeDigitized),
    ("exif:DateTime", Base.DateTime, Base.SubsecTime, Base.OffsetTime),
)
_XMP_DATES = ("photoshop:DateCreated", "xmp:CreateDate")
_COMPANY = re.compile(r"[\s,]+(corporation|corp|co|ltd|inc|gmbh|company|electric|optical|computer)\b.*$", re.IGNORECASE)
_ISO_SEE_ELSEWHERE = 65535  # the field has 16 bits; higher speeds stand in RecommendedExposureIndex

_Fields = Mapping[int, Any]


def read_metadata(image: Image.Image, file: PhotoFile, now: float) -> Metadata:
    """Read the metadata of an image that is opened and not yet drafted.

    now: seconds since 1970; later dates are ignored.
    """
    exif = _exif(image)
    base, gps = {**exif, **_ifd(exif, IFD.Exif)}, _ifd(exif, IFD.GPSInfo)
    xmp = _xmp(image)
    taken_at, taken_from = next(_capture_times(base, gps, xmp, file, now))
    latitude, longitude = _position(gps)
    width, height = _upright_size(image)
    make, model = _camera(text(base.get(Base.Make)), text(base.get(Base.Model)))
    return Metadata(
        format=image.format or "",
        width=width,
        height=height,
        orientation=orientation(image),
        taken_at=taken_at,
        taken_from=taken_from,
        camera_make=make,
        camera_model=model,
        lens=text(base.get(Base.LensModel)) or text(_xmp_value(xmp, "aux:Lens")),
        iso=_iso(base),
        f_number=positive(base.get(Base.FNumber)) or power(base.get(Base.ApertureValue), 0.5),
        exposure_seconds=positive(base.get(Base.ExposureTime)) or power(base.get(Base.ShutterSpeedValue), -1),
        focal_length_mm=positive(base.get(Base.FocalLength)),
        latitude=latitude,
        longitude=longitude,
        altitude_m=_altitude(gps),
        software=text(base.get(Base.Software)),
    )


def orientation(image: Image.Image) -> int:
    """Return the EXIF orientation 1..8 that the pixels still need; 1 where it is missing or nonsense."""
    value = _exif(image).get(Base.Orientation)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _upright_size(image: Image.Image) -> tuple[int, int]:
    turned = orientation(image) >= 5 and image.format != "TIFF"  # Pillow gives the upright size of a TIFF
    return (image.height, image.width) if turned else image.size


def _exif(image: Image.Image) -> Image.Exif:
    try:
        return Image.Image.getexif(image)  # PngImageFile's own would decode the picture
    except Exception:  # whatever the bytes: a photo is more than its EXIF
        return Image.Exif()


def _ifd(exif: Image.Exif, which: IFD) -> dict[int, Any]:
    try:
        return dict(exif.get_ifd(which))
    except Exception:  # as above
        return {}


def _xmp(image: Image.Image) -> str:
    xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    return xmp.decode("utf-8", "replace") if isinstance(xmp, bytes) else str(xmp)


def _xmp_value(xmp: str, name: str) -> str | None:
    """Find a simple property, attribute or element; untrusted XML meets no XML parser here."""
    match = re.search(rf"""\b{name}(?:\s*=\s*["']|\s*>)\s*([^"'<>]*)""", xmp)
    return match[1] if match else None


def _capture_times(base: _Fields, gps: _Fields, xmp: str, file: PhotoFile, now: float) -> Iterator[tuple[str, str]]:
    original, digitized, changed = ((_exif_date(base, now, *tags), name) for name, *tags in _DATES)
    candidates = [original, digitized, (_gps_clock(gps, now), "gps"), changed]
    candidates += [(dates.from_text(_xmp_value(xmp, name) or "", now), name) for name in _XMP_DATES]
    yield from ((taken, source) for taken, source in candidates if taken)
    yield dates.of_file(file, now)


def _exif_date(base: _Fields, now: float, tag: int, fraction: int, offset: int) -> str | None:
    moment, digits, zone = (written(base.get(field)) for field in (tag, fraction, offset))
    return dates.from_text(moment, now, digits, zone)


def _gps_clock(gps: _Fields, now: float) -> str | None:
    time = numbers(gps.get(GPS.GPSTimeStamp))
    if len(time) != 3:
        return None
    hour, minute, second = (int(part) for part in time)
    return dates.from_text(f"{written(gps.get(GPS.GPSDateStamp))} {hour}:{minute}:{second}", now, offset="Z")


def _position(gps: _Fields) -> tuple[float | None, float | None]:
    """Read degrees; (0, 0) and positions off the globe are what receivers without a fix write."""
    latitude = _degrees(gps.get(GPS.GPSLatitude), gps.get(GPS.GPSLatitudeRef), "S", 90)
    longitude = _degrees(gps.get(GPS.GPSLongitude), gps.get(GPS.GPSLongitudeRef), "W", 180)
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        return None, None
    return latitude, longitude


def _degrees(value: Any, reference: Any, negative: str, most: int) -> float | None:
    parts = numbers(value)
    if not 1 <= len(parts) <= 3:
        return None
    degrees = sum(part / 60**power for power, part in enumerate(parts))
    if written(reference).strip().upper().startswith(negative):
        degrees = -degrees
    return round(degrees, 7) if abs(degrees) <= most else None


def _altitude(gps: _Fields) -> float | None:
    height = number(gps.get(GPS.GPSAltitude))
    if height is None or abs(height) > 100_000:
        return None
    below = gps.get(GPS.GPSAltitudeRef) in (1, b"\x01", "1")
    return round(-height if below else height, 3)


def _camera(make: str | None, model: str | None) -> tuple[str | None, str | None]:
    """Shorten 'NIKON CORPORATION', 'NIKON D70' to 'NIKON', 'D70': together they read well."""
    if make:
        make = _COMPANY.sub("", make).strip() or make
    if make and model and model.lower().startswith(make.lower() + " "):
        model = model[len(make) :].strip() or model
    return make, model


def _iso(base: _Fields) -> int | None:
    for tag in (Base.ISOSpeedRatings, Base.RecommendedExposureIndex, Base.ISOSpeed):
        speed = next(iter(numbers(base.get(tag))), 0.0)
        if 0 < speed < 10**7 and speed != _ISO_SEE_ELSEWHERE:
            return int(speed)
    return None

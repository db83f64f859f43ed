"""Thumbnails and original files over HTTP, by the id of a photo or face.

A photo is found by its id alone, never by a path in the request. Scans follow links that lie in the folders,
so a file may well lie elsewhere; what counts is that it is the one that was scanned: an ordinary file with the same
size and time, checked once it is open, so that nobody can put another one in its place meanwhile. A thumbnail is
only made of a file with the content that was scanned.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from fastapi import APIRouter, Header, Request, Response

from indexer.errors import PhotoError
from indexer.library.people.people import PlacedFace, placed
from indexer.library.photo_summary import PhotoSummary
from indexer.web.api.file_response import FileResponse, open_same
from indexer.web.api.parameters import Number
from indexer.web.api.photos import known_photo
from indexer.web.http import cached
from indexer.web.problems import Problem, documented
from indexer.web.site import Site, SiteOf

router = APIRouter(prefix="/api", tags=["pictures"])
_KEPT_SECONDS = 3600
_TYPES = {  # Pillow's format: its media type; those that browsers show first
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "AVIF": "image/avif",
    "ICO": "image/x-icon",
    "HEIF": "image/heic",
    "TIFF": "image/tiff",
    "JPEG2000": "image/jp2",
    "PPM": "image/x-portable-anymap",
    "PSD": "image/vnd.adobe.photoshop",
    "TGA": "image/x-tga",
}
_SHOWN = tuple(_TYPES)[:8]
_ANY_TYPE = "application/octet-stream"


class PhotoSide(IntEnum):
    """The long side of a thumbnail in pixels."""

    SMALL = 320
    MIDDLE = 640
    LARGE = 1600


class FaceSide(IntEnum):
    """The side of a face's thumbnail in pixels."""

    SMALL = 160
    LARGE = 320


class _Webp(Response):
    media_type = "image/webp"


def _pictures(*types: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {each: {"schema": {"type": "string", "format": "binary"}} for each in types}}}


_WEBP: dict[str, Any] = {
    "response_class": _Webp,
    "responses": _pictures("image/webp") | documented(304, 404, 410, 422, 503),
}


@router.get("/photos/{photo}/thumbnail", summary="Get a thumbnail of a photo", **_WEBP)
def thumbnail(
    photo: Number, site: SiteOf, request: Request, response: Response, side: PhotoSide = PhotoSide.MIDDLE
) -> Response:
    """Return the photo upright, in sRGB, never enlarged, and without any metadata."""
    card = known_photo(site, photo)
    content = _content(card)
    cached(request, response, "photo", content, side, seconds=_KEPT_SECONDS)
    try:
        made = site.thumbnails.photo(card.path, content, side)
    except PhotoError as error:
        raise _problem(card, error) from error
    return _Webp(made, headers=dict(response.headers))


@router.get("/faces/{face}/thumbnail", summary="Get a thumbnail of a face", **_WEBP)
def face_thumbnail(
    face: Number, site: SiteOf, request: Request, response: Response, side: FaceSide = FaceSide.SMALL
) -> Response:
    """Return a square picture of the face with a margin around it."""
    known = known_face(site, face)
    card = known_photo(site, known.photo)
    content = _content(card)
    cached(request, response, "face", content, known.box, side, seconds=_KEPT_SECONDS)
    try:
        made = site.thumbnails.face(card.path, content, known.box, side)
    except PhotoError as error:
        raise _problem(card, error) from error
    return _Webp(made, headers=dict(response.headers))


@router.get(
    "/photos/{photo}/original",
    summary="Get the original file of a photo",
    response_class=Response,
    responses=_pictures(*dict.fromkeys(_TYPES.values()), _ANY_TYPE) | documented(206, 304, 404, 410, 416),
)
def original(
    photo: Number,
    site: SiteOf,
    request: Request,
    response: Response,
    range: str | None = Header(None, description="Part of the file: bytes=0-999."),  # noqa: A002 - its name in HTTP
    if_range: str | None = Header(None, description="Send a part only if the file still has this ETag."),
) -> Response:
    """Return the file unchanged, with all its metadata, including the location."""
    card = known_photo(site, photo)
    stream = open_same(card)
    try:
        cached(request, response, "original", card.number, card.size, card.mtime_ns)
        headers = dict(response.headers)
        kind = _TYPES.get(card.format or "", _ANY_TYPE)
        wanted = range if if_range in (None, headers["etag"]) else None
        return FileResponse(stream, card.size, wanted, kind, card.path.name, headers, inline=card.format in _SHOWN)
    except BaseException:
        stream.close()
        raise


def known_face(site: Site, number: int) -> PlacedFace:
    """Return the face with an id. Errors: Problem (404)."""
    with site.library.reading() as connection:
        found = placed(connection, [number])
    if not found:
        raise Problem(404, f"There is no face {number}.")
    return found[0]


def _content(card: PhotoSummary) -> bytes:
    """Return the content hash that a thumbnail must match. Errors: Problem (404) for what could never be read."""
    if card.content_hash is None or card.failed:
        raise Problem(404, f"There is no thumbnail of photo {card.number}: it could not be read.")
    return card.content_hash


def _problem(card: PhotoSummary, error: PhotoError) -> Problem:
    """Return the problem of a thumbnail that could not be made: usually, the file is no longer there."""
    if error.stage in ("read", "identify"):
        return Problem(410, f"Photo {card.number}: {error.reason}. A scan updates the library.")
    return Problem(422, f"Photo {card.number} cannot be shown: {error.reason}.")

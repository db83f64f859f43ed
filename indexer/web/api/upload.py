"""Uploads: the picture in a request's body, as a temporary file that lasts until the response."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from tempfile import NamedTemporaryFile
from typing import IO, Annotated, Any

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from indexer.intake.discover import why
from indexer.web.problems import Problem

_FORM = "multipart/form-data"
# Media types of a picture as the body itself; the last one is curl's default.
_PLAIN = ("", "application/octet-stream", "application/x-www-form-urlencoded")
_FIELD = "file"
_NAMELESS = "picture"
_CHUNK_BYTES = 1 << 20
_FORM_BYTES = 64 * 1024  # of a form around the picture
_MOST_FIELDS = 8
_LATER = {"Retry-After": "30"}

_PICTURE = {"type": "string", "format": "binary"}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The picture: its bytes, or a form with them in the field 'file'.",
        "content": {
            "image/*": {"schema": _PICTURE},
            "application/octet-stream": {"schema": _PICTURE},
            _FORM: {"schema": {"type": "object", "required": [_FIELD], "properties": {_FIELD: _PICTURE}}},
        },
    }
}
"""What the API's description says of such a body (`openapi_extra`)."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture that was uploaded. file: its temporary path.  name: the sender's name for it, without folders."""

    file: Path
    name: Path


async def uploaded(request: Request) -> AsyncIterator[Upload]:
    """Receive a picture. Errors: Problem: 413 too large, 415 wrong type, 422 empty, 503 no room."""
    limit = request.app.state.site.config.serve_upload_mb * 1_000_000
    # Without a buffer: a full disk would raise once more when the file is closed.
    with NamedTemporaryFile(prefix="indexer-upload-", buffering=0) as stream:
        try:
            name = await _receive(request, stream, limit)
        except OSError as error:
            raise Problem(503, f"The server has no room for the picture: {why(error)}.", headers=_LATER) from error
        if stream.tell() == 0:
            raise Problem(422, "The request is empty; send a picture.")
        yield Upload(Path(stream.name), Path(name))


Uploaded = Annotated[Upload, Depends(uploaded)]


async def _receive(request: Request, stream: IO[bytes], limit: int) -> str:
    """Write the picture of a request to a file; return its name."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == _FORM:
        return await _from_form(request, stream, limit)
    if kind not in _PLAIN and not kind.startswith("image/"):
        raise Problem(415, f"Send a picture, or a form (multipart/form-data) with one in the field '{_FIELD}'.")
    async for chunk in _limited(request, limit, limit):
        await run_in_threadpool(_write, stream, chunk)
    return _NAMELESS


async def _from_form(request: Request, stream: IO[bytes], limit: int) -> str:
    body = _limited(request, limit + _FORM_BYTES, limit)
    parser = MultiPartParser(request.headers, body, max_files=1, max_fields=_MOST_FIELDS)
    try:
        file = (await parser.parse()).get(_FIELD)
        if not isinstance(file, UploadFile):
            raise Problem(422, f"The form has no picture in the field '{_FIELD}'.")
        if (file.size or 0) > limit:
            raise _too_large(limit)
        while chunk := await file.read(_CHUNK_BYTES):
            await run_in_threadpool(_write, stream, chunk)
    except MultiPartException as error:
        raise Problem(422, f"The form cannot be read: {error.message}") from error
    except KeyError as error:
        raise Problem(422, "The form cannot be read: its boundary is missing.") from error
    finally:
        for each in parser._files_to_close_on_error:  # also where the form broke off
            each.close()
    return PurePath((file.filename or "").replace("\\", "/").replace("\0", "")).name or _NAMELESS


def _write(stream: IO[bytes], chunk: bytes) -> None:
    left = memoryview(chunk)
    while left:  # a full disk takes a part first
        left = left[stream.write(left) :]


async def _limited(request: Request, most: int, limit: int) -> AsyncGenerator[bytes, None]:
    """Yield the body of a request. limit: its maximum, in words."""
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced) > most:
        raise _too_large(limit)
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > most:
            raise _too_large(limit)
        yield chunk


def _too_large(limit: int) -> Problem:
    return Problem(413, f"The picture is larger than {limit / 1e6:g} MB (serve_upload_mb in the settings).")

"""Page rendering: templates with values as HTML."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound, select_autoescape

from indexer.web.filters import FILTERS

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"


def page(request: Request, name: str, status: int = 200, /, **values: Any) -> Response:
    """Return the page of a template, values, the request and its CSRF token."""
    try:
        template = templates().get_template(name)
    except TemplateNotFound:
        return PlainTextResponse(f"{values.get('title', '')}\n{values.get('detail', '')}\n", status)
    token = getattr(request.state, "csrf_token", "")
    return HTMLResponse(template.render(request=request, csrf_token=token, **values), status)


@cache
def templates() -> Environment:
    """Return the templates of the gallery; an undefined name is an error."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["static"] = static
    environment.filters.update(FILTERS)
    return environment


@cache
def static(name: str) -> str:
    """Return the address of a static file, which changes with its content: browsers cache it for long."""
    file = STATIC / name
    version = sha256(file.read_bytes()).hexdigest()[:12] if file.is_file() else "0"
    return f"/static/{name}?v={version}"

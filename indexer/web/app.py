"""The ASGI application of a site, with its guard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Response
from fastapi.responses import PlainTextResponse
from fastapi.staticfiles import StaticFiles
from pydantic import TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.types import Scope

from indexer.pipeline.scan.run import Build
from indexer.web.api import docs as page
from indexer.web.api import history, media, people, photos, search, state
from indexer.web.api import predict as look
from indexer.web.api import similar as alike
from indexer.web.background import Background
from indexer.web.http import HeadRequests, add_caching
from indexer.web.pages import people as people_pages
from indexer.web.pages import photos as photo_pages
from indexer.web.problems import ProblemRecord, add_problems, documented
from indexer.web.rendering import STATIC
from indexer.web.site import Site, SiteOf

if TYPE_CHECKING:
    from indexer.web.security.security import Guard

_ALWAYS = (400, 401, 403, 422, 429, 500, 503)  # responses of any route
_YEAR_SECONDS = 365 * 24 * 3600


def create_app(site: Site, guard: Guard, build: Build = lambda _: None) -> FastAPI:
    """Return the application of a site.

    guard: decides about access.  build: builds those of some models that are not built yet, for a scan.
    """
    app = described_app()
    app.state.site = site
    app.state.background = Background.of(site, build)
    for pages in (page, photo_pages, people_pages):
        app.include_router(pages.router)
    app.add_api_route("/healthz", _healthy, include_in_schema=False)
    app.mount("/static", _Static(directory=STATIC), name="static")
    add_problems(app)
    add_caching(app)
    app.add_middleware(HeadRequests)
    guard.protect(app)
    return app


def described_app() -> FastAPI:
    """Return an application with the routes of the API and their description, but without a site."""
    app = FastAPI(
        title="indexer",
        version="1",
        description="A photo library: search, faces, people, duplicates. Records match the JSON of the command line.",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        separate_input_output_schemas=False,
    )
    for each in (search, photos, media, history, people, alike, look, state):
        app.include_router(each.router, responses=documented(*_ALWAYS))
    _describe_problems(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.background.warm()
    try:
        yield
    finally:
        await app.state.background.wind_down()
        await run_in_threadpool(app.state.background.close)
        app.state.site.predictions.stop()


def _healthy(site: SiteOf) -> Response:
    """Confirm that the server responds and its library opens. Errors: StoreError, which is 503."""
    with site.library.reading():
        return PlainTextResponse("ok")


class _Static(StaticFiles):
    """Static files of the gallery; requests with a version are cached for a year."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        is_versioned = scope["query_string"].startswith(b"v=")
        kept = f"public, max-age={_YEAR_SECONDS}, immutable" if is_versioned else "no-cache"
        response.headers["Cache-Control"] = kept
        return response


def _describe_problems(app: FastAPI) -> None:
    """Add the schema of a problem to the API's description."""
    describe = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = describe()
            schema = TypeAdapter(ProblemRecord).json_schema(ref_template="#/components/schemas/{model}")
            schemas = made.setdefault("components", {}).setdefault("schemas", {})
            schemas.update(schema.pop("$defs", {}))
            schemas["ProblemRecord"] = schema
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]

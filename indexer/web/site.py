"""Site: the objects that all request handlers share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from indexer.config.config import Config
from indexer.library.store import Library
from indexer.pipeline.predict.service import PredictionService
from indexer.pipeline.predict.thumbnail_cache import Thumbnails
from indexer.vision.tags.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Site:
    """The shared objects of a server: the open library, the prediction service, the settings.

    library: may be written to unless config.serve_read_only.
    """

    config: Config
    library: Library
    vocabulary: Vocabulary
    predictions: PredictionService
    thumbnails: Thumbnails


def site(request: Request) -> Site:
    """Return the site that a request is for."""
    found: Site = request.app.state.site
    return found


SiteOf = Annotated[Site, Depends(site)]

"""Descriptions of networks flow in; when it returns, the networks are built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.cli.session import Session
from indexer.config.config import Config

if TYPE_CHECKING:
    from indexer.vision.spec import ModelSpec


def ensure_built(session: Session, config: Config, specs: tuple[ModelSpec, ...]) -> None:
    """Build the networks that are not there yet, telling what is done. Errors: ModelError."""
    from indexer.vision.model_store import is_built

    if all(is_built(spec, config.models_path) for spec in specs):
        return
    from indexer.zoo.build.subprocess import build_missing

    session.say("Building networks from their weights, this happens once …")
    build_missing(specs, config.models_path, session.say)

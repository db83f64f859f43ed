"""Model lookup by name, with errors on broken descriptions and builds of missing models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from indexer.cli.session import Session
from indexer.config.config import Config

if TYPE_CHECKING:
    from indexer.vision.spec import ModelSpec


def find_spec(config: Config, name: str) -> ModelSpec:
    """Return the spec of a model. Errors: ModelError for an unknown one, or a broken custom one."""
    from indexer.vision.model_set import spec_named
    from indexer.vision.spec import broken_specs, read_specs

    known = read_specs(config.own_models_path)
    if name not in known and (error := broken_specs(config.own_models_path).get(name)):
        raise error
    return spec_named(known, name)


def tell_broken(session: Session, config: Config) -> None:
    """Print which custom descriptions cannot be used, and why."""
    from indexer.vision.spec import broken_specs

    for error in broken_specs(config.own_models_path).values():
        session.say(f"{error} (fix it, or run 'indexer models remove {error.name}')")


def build_if_missing(session: Session, config: Config, specs: tuple[ModelSpec, ...]) -> None:
    """Build the models that are not built yet, printing the progress. Errors: ModelError."""
    from indexer.vision.model_store import is_built

    if all(is_built(spec, config.models_path) for spec in specs):
        return
    from indexer.zoo.build.subprocess import build_missing

    session.say("Building models from their weights; this happens only once …")
    build_missing(specs, config.models_path, session.say)


def in_library(path: Path) -> Path:
    """Return a path by the library's name for it: its folder may be given by a link."""
    return path.parent.resolve() / path.name if path.name not in ("", "..") else path.resolve()

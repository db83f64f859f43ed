"""The name of a network flows in; its description flows out, or what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.cli.session import Session

if TYPE_CHECKING:
    from indexer.config.config import Config
    from indexer.vision.spec import ModelSpec


def described(config: Config, name: str) -> ModelSpec:
    """Return the description of a network. Errors: ModelError for none, or one of the user's own that is broken."""
    from indexer.vision.model_set import spec_named
    from indexer.vision.spec import broken_specs, read_specs

    known = read_specs(config.own_models_path)
    if name not in known and (error := broken_specs(config.own_models_path).get(name)):
        raise error
    return spec_named(known, name)


def tell_broken(session: Session, config: Config) -> None:
    """Say which descriptions of the user's own cannot be used, and why."""
    from indexer.vision.spec import broken_specs

    for error in broken_specs(config.own_models_path).values():
        session.say(f"{error} (mend it, or 'indexer models remove {error.name}')")

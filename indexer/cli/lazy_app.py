"""Lazy loading of commands: to load all of them takes 0.05 s more."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import typer

# Frequent, fast commands, and the module of each, which has no other commands.
ALONE = {"classify": "classify", "search": "search", "similar-faces": "similar_faces"}


def app_for(arguments: Sequence[str]) -> typer.Typer:
    """Return an app with the command of these arguments, perhaps no other."""
    if not arguments or arguments[0] not in ALONE:
        from indexer.cli.app import app

        return app
    from indexer.cli.root import new_app

    alone = new_app()
    import_module(f"indexer.cli.commands.{ALONE[arguments[0]]}").register(alone)
    return alone

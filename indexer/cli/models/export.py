"""`indexer models export`: a network flows in; a folder that programs in Python, C and Go can use flows out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from indexer.cli.ensure import ensure_built
from indexer.cli.session import Session, command
from indexer.errors import printable


def register(app: typer.Typer) -> None:
    """Add the command to those of `indexer models`."""
    command(app, "export")(export)


def export(
    session: Session,
    name: Annotated[str, typer.Argument(help="A network ('indexer models list').")],
    folder: Annotated[Path, typer.Argument(help="A folder for it, which does not exist yet or is empty.")],
) -> None:
    """Write a network for other programs: a SavedModel that takes plain pixels, its labels, how to run it.

    The README in the folder shows how, from Python, C and Go, with the names that are in the file.
    """
    from indexer.vision.model_set import spec_named
    from indexer.vision.spec import read_specs
    from indexer.vision.tags.labels import class_names
    from indexer.vision.tags.vocabulary import Vocabulary
    from indexer.zoo.export.export import export_model

    config = session.settings().config
    spec = spec_named(read_specs(config.own_models_path), name)
    ensure_built(session, config, (spec,))
    labels = class_names(spec, Vocabulary.load(rules=config.rules))
    export_model(spec, config.models_path, labels, folder.absolute(), session.say)
    session.say(f"{spec.id} is in {printable(folder)}; its README.md tells how to run it.")

"""`indexer models`: the known models: list, show, build, verify and export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.lookup import build_if_missing, find_spec, tell_broken
from indexer.cli.models import add, bench, compare, enable, inspect, train
from indexer.cli.output import JsonOption, table, write, write_json
from indexer.cli.session import Session, command
from indexer.config.config import Config
from indexer.errors import printable

if TYPE_CHECKING:
    from indexer.vision.spec import ModelSpec


app = typer.Typer(help="List, build, add, train and compare models.", no_args_is_help=True)
for part in (inspect, add, enable, compare, bench, train):
    part.register(app)

Names = Annotated[list[str] | None, typer.Argument(help="Names of models (default: all models in the settings).")]


@command(app, "list")
def show_list(session: Session, as_json: JsonOption = False) -> None:
    """List the models: the role of each, whether it is used and built, its license and source."""
    from indexer.assemble import model_set
    from indexer.vision.model_store import is_built
    from indexer.vision.spec import read_specs

    config = session.settings().config
    used = model_set(config).names
    known = read_specs(config.own_models_path)
    records = [
        {
            "name": spec.name,
            "id": spec.id,
            "role": spec.role,
            "own": bool(spec.folder),
            "used": spec.name in used,
            "built": is_built(spec, config.models_path),
            "description": spec.description,
            "license": spec.license,
            "source": spec.source,
        }
        for spec in known.values()
    ]
    if as_json:
        write_json(records, indent=2)
    else:
        columns = ("name", "role", "own", "used", "built", "license", "description")
        table([[_text(each[key]) for key in columns] for each in records], columns)
    tell_broken(session, config)


@command(app, "show")
def show(
    session: Session, name: Annotated[str, typer.Argument(help="Name of the model.")], as_json: JsonOption = False
) -> None:
    """Show the description of a model and the path of that file."""
    from dataclasses import asdict

    from indexer.resources import packaged

    spec = find_spec(session.settings().config, name)
    if as_json:
        write_json({"id": spec.id, **asdict(spec)}, indent=2)
        return
    file = (Path(spec.folder) if spec.folder else packaged("models")) / f"{spec.name}.toml"
    session.say(f"{printable(file)}, id {spec.id}")
    write(file.read_text("utf-8").rstrip("\n"))


@command(app, "build")
def build(session: Session, names: Names = None) -> None:
    """Build models from their packaged weights; models that are built and intact are kept."""
    from indexer.zoo.build.subprocess import build_missing

    config = session.settings().config
    build_missing(_chosen(names, config), config.models_path, session.say)


@command(app, "verify")
def verify(session: Session, names: Names = None) -> None:
    """Verify the checksums of built models."""
    from indexer.vision.model_store import check

    config = session.settings().config
    for spec in _chosen(names, config):
        check(spec, config.models_path)
        session.say(f"{spec.id} is intact")


def _text(value: object) -> str:
    return {"True": "yes", "False": "no"}.get(str(value), str(value))


def _chosen(names: list[str] | None, config: Config) -> tuple[ModelSpec, ...]:
    from indexer.assemble import model_set

    return tuple(find_spec(config, name) for name in names) if names else model_set(config).specs()


@command(app, "export")
def export(
    session: Session,
    name: Annotated[str, typer.Argument(help="Name of the model (see 'indexer models list').")],
    folder: Annotated[Path, typer.Argument(help="Folder to write to; must be new or empty.")],
) -> None:
    """Export a model for other programs: a SavedModel that takes plain pixels, its labels and instructions.

    The README in the folder shows how to run it from Python, C and Go.
    """
    from indexer.vision.model_set import spec_named
    from indexer.vision.spec import read_specs
    from indexer.vision.tags.labels import class_names
    from indexer.vision.tags.vocabulary import Vocabulary
    from indexer.zoo.export.export import export_model

    config = session.settings().config
    spec = spec_named(read_specs(config.own_models_path), name)
    build_if_missing(session, config, (spec,))
    labels = class_names(spec, Vocabulary.load(rules=config.rules))
    export_model(spec, config.models_path, labels, folder.absolute(), session.say)
    session.say(f"Exported {spec.id} to {printable(folder)}; its README.md explains how to run it.")


_COLUMNS = ("add", "role", "license", "description", "source")
_SHOWN = ("add", "role", "description")


@command(app, "ready")
def ready(_: Session, as_json: JsonOption = False) -> None:
    """List well-known models; pass what the first column shows to 'indexer models add NAME' instead of a path.

    --json lists every model of keras.applications by name.
    """
    from indexer.zoo.custom.catalog import KERAS, catalog_description, catalog_names
    from indexer.zoo.custom.keras_applications import applications

    records = []
    for name in catalog_names():
        known = catalog_description(name)
        told = {key: known[key] for key in _COLUMNS[1:]}
        wheres = (applications() if as_json else ("MODEL",)) if name == KERAS else ("PATH",)
        records += [{"add": f"{name}:{where}", **told} for where in wheres]
    if as_json:
        write_json(records, indent=2)
    else:
        table([[each[key] for key in _SHOWN] for each in records], _SHOWN)

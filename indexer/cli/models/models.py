"""`indexer models`: which networks there are; build and verify them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.lookup import described, tell_broken
from indexer.cli.models import add, bench, compare, enable, export, inspect, ready, train
from indexer.cli.output import JsonOption, table, write, write_json
from indexer.cli.session import Session, command
from indexer.config.config import Config
from indexer.errors import printable

if TYPE_CHECKING:
    from indexer.vision.spec import ModelSpec

app = typer.Typer(help="The networks: the program's and your own.", no_args_is_help=True)
for part in (inspect, add, ready, enable, compare, bench, train, export):
    part.register(app)

Names = Annotated[
    list[str] | None, typer.Argument(help="Names of networks; all that the settings use if none is given.")
]


@command(app, "list")
def show_list(session: Session, as_json: JsonOption = False) -> None:
    """List the networks: what each is for, whether it is used and built, its license and source."""
    from indexer.vision.model_store import is_built
    from indexer.vision.spec import read_specs

    config = session.settings().config
    eyes = config.eyes
    used = {*eyes["extra"], *(eyes[role] for role in ("classifier", "detector", "landmarks", "describer"))}
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
    session: Session, name: Annotated[str, typer.Argument(help="A network.")], as_json: JsonOption = False
) -> None:
    """Show the description of a network, and where it lies."""
    from dataclasses import asdict

    from indexer.resources import packaged

    spec = described(session.settings().config, name)
    if as_json:
        write_json({"id": spec.id, **asdict(spec)}, indent=2)
        return
    file = (Path(spec.folder) if spec.folder else packaged("models")) / f"{spec.name}.toml"
    session.say(f"{printable(file)}, id {spec.id}")
    write(file.read_text("utf-8").rstrip("\n"))


@command(app, "build")
def build(session: Session, names: Names = None) -> None:
    """Build networks from their packaged weights; what is built and whole stays."""
    from indexer.zoo.build.subprocess import build_missing

    config = session.settings().config
    build_missing(_chosen(names, config), config.models_path, session.say)


@command(app, "verify")
def verify(session: Session, names: Names = None) -> None:
    """Compare built networks with the checksums of their build."""
    from indexer.vision.model_store import check

    config = session.settings().config
    for spec in _chosen(names, config):
        check(spec, config.models_path)
        session.say(f"{spec.id} is as it was built")


def _text(value: object) -> str:
    return {"True": "yes", "False": "no"}.get(str(value), str(value))


def _chosen(names: list[str] | None, config: Config) -> tuple[ModelSpec, ...]:
    from indexer.vision.model_set import Eyes

    return tuple(described(config, name) for name in names) if names else Eyes(**config.eyes).specs()

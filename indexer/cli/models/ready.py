"""`indexer models ready`: the well-known networks that are described already, for 'indexer models add'."""

from __future__ import annotations

import typer

from indexer.cli.output import JsonOption, table, write_json
from indexer.cli.session import Session, command

_COLUMNS = ("add", "role", "license", "description", "source")
_SHOWN = ("add", "role", "description")


def register(app: typer.Typer) -> None:
    """Add the command to those of `indexer models`."""
    command(app, "ready")(ready)


def ready(_: Session, as_json: JsonOption = False) -> None:
    """List the well-known networks: 'indexer models add NAME …' takes what stands in the first column for a path.

    With --json, each network of keras.applications by its name.
    """
    from indexer.zoo.custom.catalog import KERAS, ready_description, ready_names
    from indexer.zoo.custom.keras_applications import applications

    records = []
    for name in ready_names():
        known = ready_description(name)
        told = {key: known[key] for key in _COLUMNS[1:]}
        wheres = (applications() if as_json else ("NETWORK",)) if name == KERAS else ("PATH",)
        records += [{"add": f"{name}:{where}", **told} for where in wheres]
    if as_json:
        write_json(records, indent=2)
    else:
        table([[each[key] for key in _SHOWN] for each in records], _SHOWN)

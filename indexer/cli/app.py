"""The command line as a whole: one Typer app, a file per family of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from indexer.cli import (
    about,
    alike,
    classify,
    doctor,
    duty,
    faces,
    look_after,
    models,
    people,
    scan,
    search,
    settings,
    similar_faces,
    status,
    tag,
    teach,
    watch,
    xmp,
)

app = typer.Typer(
    name="indexer",
    help="Tag a whole photo library on your own machine and find things in it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"indexer {version('indexer')}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


for family in (
    scan,
    watch,
    search,
    similar_faces,
    classify,
    about,
    status,
    duty,
    look_after,
    doctor,
    xmp,
    alike,
    tag,
    teach,
):
    family.register(app)
app.add_typer(models.app, name="models")
app.add_typer(settings.app, name="config")
app.add_typer(people.app, name="people")
app.add_typer(faces.app, name="faces")

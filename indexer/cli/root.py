"""Root app of the command line, without commands."""

from __future__ import annotations

from typing import Annotated

import typer


def new_app() -> typer.Typer:
    """Return the program's app without commands."""
    app = typer.Typer(
        name="indexer",
        help="Tag and search a photo library on your own computer.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"indexer {version('indexer')}")
        raise typer.Exit


def _root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass

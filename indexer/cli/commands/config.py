"""`indexer config`: what the settings are and where each came from."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import typer

from indexer.cli.output import JsonOption, table, write_json
from indexer.cli.session import Session, command
from indexer.config import config
from indexer.config.config import Config

app = typer.Typer(help="Look at the settings.", no_args_is_help=True)


@command(app, "show")
def show(session: Session, as_json: JsonOption = False) -> None:
    """Print every setting, its value and where it came from."""
    settings = session.settings()
    effective: dict[str, Any] = {"library": settings.config.library_file, "models_folder": settings.config.models_path}
    effective["own_models"] = settings.config.own_models_path
    effective["thumbnails_folder"] = settings.config.thumbnails_path
    effective |= {item.name: "(secret)" for item in fields(Config) if _is_hidden(settings.config, item.name)}
    rows = [
        (
            item.name,
            effective.get(item.name, getattr(settings.config, item.name)),
            settings.origins[item.name],
        )
        for item in fields(settings.config)
    ]
    if as_json:
        write_json({name: {"value": _plain(value), "from": origin} for name, value, origin in rows}, indent=2)
    else:
        table([[name, _text(value), origin] for name, value, origin in rows], ["setting", "value", "from"])
        session.say(f"Settings file: {session.config or config.default_file()}")


def _is_hidden(used: Config, key: str) -> bool:
    return config.is_secret(key) and bool(getattr(used, key))


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [str(part) for part in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else "" if value is None else str(value)

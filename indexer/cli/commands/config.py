"""`indexer config`: the settings and their sources."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from stat import S_IMODE
from typing import TYPE_CHECKING, Any

import typer

from indexer.atomic_write import atomic_write
from indexer.cli.output import JsonOption, table, write_json
from indexer.cli.session import Session, command
from indexer.config import config
from indexer.config.config import Config
from indexer.errors import ConfigError, printable

if TYPE_CHECKING:
    from indexer.cli.session import Session


app = typer.Typer(help="Show the settings.", no_args_is_help=True)


@command(app, "show")
def show(session: Session, as_json: JsonOption = False) -> None:
    """Show all settings with their values and where each comes from."""
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


_HEAD = "Settings of indexer; config.example.toml explains all of them."


def write_setting(session: Session, key: str, value: str | Sequence[str], *, of_library: bool = False) -> None:
    """Write a setting into the settings file, which is created if missing; its comments stay.

    of_library: into that of the library, beside its file.  A file that holds a secret is closed to other users.
    Prints a warning where an environment variable takes precedence.
    Errors: ConfigError for a file that cannot be read or written.
    """
    file = session.config or config.default_file()
    if of_library:
        file = config.library_settings(session.settings().config.library_file)
    secret = config.is_secret(key)
    _write(file, key, value if isinstance(value, str) else list(value), private=secret)
    shown = "(secret)" if secret else value if isinstance(value, str) else ", ".join(value) or "none"
    session.say(f"{key} = {shown}   ({printable(file)})")
    if session.settings().origins[key] == "environment":
        session.say(f"The environment variable INDEXER_{key.upper()} overrides it, though.")


def _write(file: Path, key: str, value: str | list[str], *, private: bool) -> None:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        target = Path(os.path.realpath(file))  # a link to the file stays one
        document = tomlkit.parse(target.read_text("utf-8")) if target.exists() else tomlkit.document()
        if not target.exists():
            document.add(tomlkit.comment(_HEAD))
        document[key] = value
        target.parent.mkdir(parents=True, exist_ok=True)
        old = target.stat().st_mode if target.exists() else None
        with atomic_write(target, mode=0o666 if old is None and not private else 0o600) as new:
            new.write(tomlkit.dumps(document).encode("utf-8"))
            if old is not None:  # who shares a secret with a group does so by a mode of its own
                os.fchmod(new.fileno(), S_IMODE(old) & 0o770 if private else S_IMODE(old))
    except (OSError, ValueError, TOMLKitError) as error:
        raise ConfigError(key, f"cannot be saved in {printable(file)}: {error}") from error

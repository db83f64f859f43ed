"""Setting declarations: type, allowed values, help, and conversion from and to text."""

from __future__ import annotations

import os
from dataclasses import Field, field
from math import isfinite
from pathlib import Path
from typing import Any

from indexer.errors import ConfigError


def setting(
    default: Any,
    about: str,
    least: float | None = None,
    choices: tuple[str, ...] = (),
    most: float | None = None,
    *,
    of_paths: bool = True,
    secret: bool = False,
) -> Any:
    """Declare a key of the configuration: its default, whose type all its values have, and its help.

    least, most, choices: the allowed values; all of the type if None or empty.  of_paths: whether the parts of a
    list are folders; else they are names.  secret: whether its value is never shown.
    """
    told = {"about": about, "least": least, "choices": choices, "most": most, "of_paths": of_paths, "secret": secret}
    return field(default=default, metadata=told)


def checked(item: Field[Any], value: Any, base: Path) -> Any:
    """Return a valid value of a key, paths absolute from `base`. Errors: ConfigError."""
    key = item.name
    match item.default:
        case bool():
            return _wanted(key, value, isinstance(value, bool), "true or false")
        case int():
            _wanted(key, value, isinstance(value, int) and not isinstance(value, bool), "a whole number")
        case float():
            value = float(_wanted(key, value, isinstance(value, int | float) and isfinite(value), "a number"))
        case str():
            _wanted(key, value, isinstance(value, str) and (bool(value) or not item.default), "a text")
        case tuple():
            return _parts(item, value, base)
        case None:
            return path_of(key, value, base) if str(value) else None
    return _bounded(key, value, **{name: item.metadata[name] for name in ("least", "most", "choices")})


def _parts(item: Field[Any], value: Any, base: Path) -> tuple[Any, ...]:
    if item.metadata["of_paths"]:
        _wanted(item.name, value, isinstance(value, list | tuple), "a list of folders")
        return tuple(path_of(item.name, part, base) for part in value)
    holds = isinstance(value, list | tuple) and all(isinstance(part, str) and part for part in value)
    return tuple(_wanted(item.name, value, holds, "a list of names"))


def _bounded(key: str, value: Any, least: float | None, most: float | None, choices: tuple[str, ...]) -> Any:
    if least is not None:
        _wanted(key, value, value >= least, f"at least {least}")
    if most is not None:
        _wanted(key, value, value <= most, f"at most {most}")
    if choices:
        _wanted(key, value, value in choices, f"one of {', '.join(choices)}")
    return value


def path_of(key: str, value: Any, base: Path) -> Path:
    """Return a path relative to a folder as absolute, '~' resolved. Errors: ConfigError."""
    _wanted(key, value, isinstance(value, str | Path), "a path")
    return (base / expanded(key, value)).absolute()


def expanded(key: str, value: str | Path) -> Path:
    """Resolve '~'. Errors: ConfigError."""
    try:
        return Path(value).expanduser()
    except RuntimeError as error:
        raise ConfigError(key, f"{value} is not the home folder of any user") from error


def _wanted(key: str, value: Any, holds: bool, what: str) -> Any:
    if not holds:
        raise ConfigError(key, f"must be {what}, not {value!r}")
    return value


def from_text(default: Any, text: str) -> Any:
    """Convert a variable's text to the type of a default; invalid text is returned, and refused later."""
    if isinstance(default, bool):
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(text.lower(), text)
    if isinstance(default, int | float):
        try:
            return type(default)(text)
        except ValueError:
            return text
    return [part for part in text.split(os.pathsep) if part] if isinstance(default, tuple) else text


def as_text(value: Any) -> str:
    """Return the text that `from_text` reads as this value."""
    match value:
        case bool():
            return str(value).lower()
        case None:
            return ""
        case tuple():
            return os.pathsep.join(map(str, value))
    return str(value)


def as_toml(value: Any) -> str:
    """Return a default as TOML."""
    match value:
        case bool():
            return str(value).lower()
        case None:
            return '""'
        case tuple():
            return "[]"
        case str():
            return f'"{value}"'
    return str(value)

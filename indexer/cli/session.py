"""Session of a command: the shared options (--library, --config, --quiet, --verbose), settings and library."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from indexer.config import config
from indexer.config.config import Settings
from indexer.errors import StoreError

if TYPE_CHECKING:
    from indexer.library.store import Library


@dataclass(frozen=True, slots=True)
class Session:
    """The shared options of one call of the program."""

    library: Path | None
    config: Path | None
    quiet: bool
    verbose: bool

    def settings(self, **flags: Any) -> Settings:
        """Read the settings; flags that are None are not given. Errors: ConfigError."""
        return config.load(self.config, {"library": self.library, **flags})

    def open_library(self, *, read_only: bool = True, create: bool = False) -> Library:
        """Open the library of the settings; it is created only with `create`.

        Errors: ConfigError; StoreError, also where the folder of a library that the user named does not exist.
        """
        from indexer.library.store import Library  # SQLAlchemy takes 0.2 s: --help does without it

        config = self.settings().config
        file = config.library_file
        if not create and not file.exists():
            raise StoreError(file, "does not exist yet; create it with 'indexer scan FOLDER'")
        if config.library is not None and not file.parent.is_dir():
            raise StoreError(file, "its folder does not exist; check that the disk is mounted")
        return Library.open(file, read_only=read_only)

    def say(self, text: str) -> None:
        """Print a message that is not data, unless --quiet."""
        if not self.quiet:
            print(text, file=sys.stderr, flush=True)  # noqa: T201

    def detail(self, text: str) -> None:
        """Print a message only with --verbose."""
        if self.verbose:
            self.say(text)


_SHARED = {
    "library": Annotated[Path | None, typer.Option("--library", help="Path of the library file.", show_default=False)],
    "config": Annotated[Path | None, typer.Option("--config", help="Path of the settings file.", show_default=False)],
    "quiet": Annotated[bool, typer.Option("--quiet", "-q", help="Print only results and errors.")],
    "verbose": Annotated[bool, typer.Option("--verbose", "-v", help="Print more details.")],
}
_DEFAULTS = {"library": None, "config": None, "quiet": False, "verbose": False}


def command(app: typer.Typer, name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function whose first parameter is the Session as a command with the shared options."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        app.command(name)(_with_shared(function))
        return function

    return register


def main_command(app: typer.Typer) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function, as `command` does, as the default of a group of commands."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        run = _with_shared(function)

        def main(**given: Any) -> None:
            context: typer.Context = given.pop("context")
            if context.invoked_subcommand is None:
                run(**given)
            elif given != {name: each.default for name, each in inspect.signature(run).parameters.items()}:
                context.fail(f"Put the options after '{context.invoked_subcommand}', not before it.")

        parameter = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
        _disguise(main, [parameter, *inspect.signature(run).parameters.values()], function)
        app.callback(invoke_without_command=True)(main)
        return function

    return register


def _with_shared(function: Callable[..., None]) -> Callable[..., None]:
    """Return a function that takes the shared options in place of the Session."""
    _, *own = inspect.signature(function, eval_str=True).parameters.values()
    shared = [
        inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=_DEFAULTS[key], annotation=kind)
        for key, kind in _SHARED.items()
    ]

    def run(**given: Any) -> None:
        function(Session(**{key: given.pop(key) for key in _SHARED}), **given)

    _disguise(run, [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own] + shared, function)
    return run


def _disguise(run: Callable[..., None], parameters: Sequence[inspect.Parameter], function: Callable[..., None]) -> None:
    """Give a function the parameters and the docstring of another one, for Typer to read."""
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    run.__doc__ = function.__doc__

"""`indexer serve`: the web gallery and the HTTP API."""

from __future__ import annotations

import getpass
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib.util import find_spec
from os import W_OK, access
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.commands.config import write_setting
from indexer.cli.lookup import build_if_missing
from indexer.cli.output import write
from indexer.cli.service.sd_notify import Notifier
from indexer.cli.service.signals import stoppable
from indexer.cli.service.sockets import addresses, listen
from indexer.cli.service.systemd import SERVE, flagged, program, unit
from indexer.cli.session import Session, command
from indexer.config import config as settings
from indexer.config.config import Config
from indexer.errors import ConfigError, IndexerError

if TYPE_CHECKING:
    from indexer.library.store import Library
    from indexer.web.server import Application

_EXTRA = ("fastapi", "jinja2", "python_multipart", "uvicorn")
_SHORTEST_PASSWORD = 8
_WAITING = 32  # pictures that wait for analysis; more get 503 for a moment


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    command(app, "serve")(serve)


def serve(
    session: Session,
    address: Annotated[
        str | None,
        typer.Option(help="Address to listen on (default: as in the settings, 127.0.0.1).", show_default=False),
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on (default: as in the settings, 8710).", show_default=False)
    ] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Allow searching and viewing only, no changes.")
    ] = False,
    certificate: Annotated[
        Path | None, typer.Option(help="Certificate for HTTPS (PEM file).", show_default=False)
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="Private key of the certificate (PEM file).", show_default=False)
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the gallery in the browser.")] = False,
    set_password: Annotated[
        bool, typer.Option("--set-password", help="Ask for a new password, save its hash, and exit.")
    ] = False,
    make_token: Annotated[
        bool, typer.Option("--new-token", help="Create a token for programs, print it once, and exit.")
    ] = False,
    print_unit: Annotated[
        bool,
        typer.Option("--print-unit", "--systemd", help="Print a systemd user unit that runs this command, and exit."),
    ] = False,
) -> None:
    """Serve the library: a gallery for the browser and an HTTP API for programs.

    By default only this computer can connect; to listen on another address, set a password or a token first. Runs until
    it is stopped (Ctrl-C, SIGTERM). You can use 'scan', 'watch' and all other commands at the same time.
    """
    flags = {"serve_address": address, "serve_port": port, "serve_read_only": read_only or None}
    config = session.settings(**flags).config
    if set_password or make_token:
        _keep_secrets(session, set_password, make_token)
        return
    if (certificate is None) != (key is None):
        raise ConfigError("certificate", "a certificate needs its key: --certificate FILE --key FILE")
    if print_unit:
        given = {"--address": address, "--port": port, "--read-only": read_only, "--certificate": certificate}
        given |= {"--key": key, "--library": config.library_file, "--config": session.config}
        print(_unit(config, given), end="")  # noqa: T201
        return
    _run(session, config, (certificate, key) if certificate and key else None, open_browser)


def _run(session: Session, config: Config, certificate: tuple[Path, Path] | None, open_browser: bool) -> None:
    _require_extra()
    from indexer.web.security.security import Guard
    from indexer.web.server import Callbacks
    from indexer.web.server import serve as answer

    Guard.of(config)  # settings errors are reported before anything is built
    logging.basicConfig(format="%(message)s", level=logging.INFO if session.verbose else logging.WARNING)
    with stoppable() as stop, ExitStack() as stack:
        listener = stack.enter_context(listen(config.serve_address, config.serve_port))
        config = replace(config, serve_port=listener.getsockname()[1])
        app = stack.enter_context(_application(session, config))
        notifier = Notifier(settings.service_manager().socket)
        urls = addresses(listener, config.serve_address, "https" if certificate else "http")

        def ready() -> None:
            notifier.ready()
            session.say(f"Open {' or '.join(urls)}   (press Ctrl-C to stop)")
            if open_browser:
                Thread(target=_browse, args=(urls[0],), daemon=True).start()

        stop.gently = True
        told = Callbacks(ready, notifier.alive, notifier.stopping)
        try:
            answer(app, listener, certificate, session.verbose, told)
        except OSError as error:
            if certificate is None:
                raise
            raise ConfigError("certificate", f"cannot be used: {error}") from error


@contextmanager
def _application(session: Session, config: Config) -> Iterator[Application]:
    """Open all that the application needs, as long as it runs."""
    from indexer.assemble import limits, model_set
    from indexer.pipeline.predict.service import PredictionService
    from indexer.pipeline.predict.thumbnail_cache import Thumbnails
    from indexer.vision.tags.vocabulary import Vocabulary
    from indexer.web.app import create_app
    from indexer.web.security.security import Guard
    from indexer.web.site import Site

    models = model_set(config)
    build_if_missing(session, config, models.specs())
    library, config = _library(session, config)
    predictions = PredictionService(models, limits(config), config.worker_count, _WAITING, config.idle_seconds)
    try:
        with library:
            library.keep_words()
            thumbnails = Thumbnails(config.thumbnails_path, config.thumbnails_mb * 1_000_000, predictions)
            site = Site(config, library, Vocabulary.load(), predictions, thumbnails)
            yield create_app(site, Guard.of(config), lambda specs: build_if_missing(session, config, tuple(specs)))
    finally:
        predictions.stop()


def _library(session: Session, config: Config) -> tuple[Library, Config]:
    """Open the library: to write, or to read if requested or if it is read-only."""
    file = config.library_file
    # An empty library is useful where a scan can be started from the page.
    create = not config.serve_read_only and bool(config.folders)
    if create and config.library is None:
        file.parent.mkdir(parents=True, exist_ok=True)
    if file.exists() and not config.serve_read_only and not (access(file, W_OK) and access(file.parent, W_OK)):
        session.say("The library is not writable; the server is read-only.")
        config = replace(config, serve_read_only=True)
    return session.open_library(read_only=config.serve_read_only, create=create), config


def _keep_secrets(session: Session, password: bool, token: bool) -> None:
    from indexer.web.security.credentials import kept_password, kept_token, new_token

    if password:
        write_setting(session, "serve_password", kept_password(_asked_password()))
        session.say("Restart a running server to use the new password; everyone must then log in again.")
    if token:
        made = new_token()
        write_setting(session, "serve_token", kept_token(made))
        write(made)
        session.say("Restart a running server to use the new token; the previous token then becomes invalid.")


def _asked_password() -> str:
    if sys.stdin.isatty():
        password = getpass.getpass("New password: ")
        if getpass.getpass("Repeat the password: ") != password:
            raise ConfigError("serve_password", "the passwords differ; nothing was changed")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if not _SHORTEST_PASSWORD <= len(password) <= 1024:
        raise ConfigError(
            "serve_password", f"a password has {_SHORTEST_PASSWORD} to 1024 characters; nothing was changed"
        )
    return password


def _require_extra() -> None:
    missing = [name for name in _EXTRA if find_spec(name) is None]
    if missing:
        wanted = f"'indexer serve' needs packages that are not installed ({', '.join(missing)})"
        raise IndexerError(f"{wanted}; run pip install '.[web]' in its source folder")


def _browse(url: str) -> None:
    import webbrowser

    webbrowser.open(url)


def _unit(config: Config, flags: Mapping[str, object]) -> str:
    """Return a systemd unit equal to this call: the same program, flags and INDEXER_* variables."""
    homes: Sequence[Path] = (config.models_path, config.library_file.parent, config.thumbnails_path)
    for home in homes:
        home.mkdir(parents=True, exist_ok=True)
    command = [*program(), "serve", *flagged(flags)]
    places = config.library_file, config.models_path, config.folders
    return unit(command, settings.environment(), *places, config, SERVE, [config.thumbnails_path])

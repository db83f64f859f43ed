"""Security layers between the network and the application, from the settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from fastapi import FastAPI
from starlette.types import Scope

from indexer.config.config import Config
from indexer.errors import ConfigError
from indexer.web.security import login
from indexer.web.security.access import LOOKING, SAFE, SIGNING, AccessRules, Authorization
from indexer.web.security.credentials import Keys
from indexer.web.security.headers import Headers
from indexer.web.security.hosts import HostCheck, Hosts, is_loopback
from indexer.web.security.limits import BodyLimit, ConcurrencyLimit
from indexer.web.security.sessions import Sessions

_FORM_BYTES = 64 * 1024
_SMALL_BYTES = 1_000_000
_MOST = {"events": 32, "login": 4, "static": 64, "uploads": 8, "other": 96}  # concurrent requests, of each kind


@dataclass(frozen=True, slots=True)
class Guard:
    """The security layers of a server: access, host names, limits and throttling."""

    hosts: Hosts
    rules: AccessRules
    upload_bytes: int

    @classmethod
    def of(cls, config: Config) -> Self:
        """Return the guard of a server with these settings; sessions are stored beside the library.

        Errors: ConfigError for an address or name that others can reach while no password or token is set.
        """
        keys = Keys(config)
        if not keys.exist:
            _refuse_others(config)
        name = f"{config.library_file.name}.sessions-{config.serve_port}.json"
        sessions = Sessions(config.library_file.with_name(name), keys.mark)
        cookie = f"indexer-{config.serve_port}"  # cookies know no ports, and two servers are two
        rules = AccessRules(keys, sessions, cookie, is_open=not keys.exist, read_only=config.serve_read_only)
        return cls(Hosts.of(config), rules, config.serve_upload_mb * 1_000_000)

    def protect(self, app: FastAPI) -> None:
        """Wrap an app in this guard, and add the log-in pages."""
        app.state.rules = self.rules
        app.include_router(login.router)
        # The last that is added runs first.
        app.add_middleware(ConcurrencyLimit, kind=_kind, most=_MOST)
        app.add_middleware(Authorization, rules=self.rules)
        app.add_middleware(BodyLimit, limit=self._most_bytes)
        app.add_middleware(HostCheck, hosts=self.hosts)
        app.add_middleware(Headers)

    def _most_bytes(self, scope: Scope) -> int:
        if scope["path"] in LOOKING:
            return self.upload_bytes + _FORM_BYTES  # of a form around the picture
        return _FORM_BYTES if scope["path"] in SIGNING else _SMALL_BYTES


def _refuse_others(config: Config) -> None:
    first = "set a password first (indexer serve --set-password), or make a token (indexer serve --new-token)"
    if not is_loopback(config.serve_address):
        raise ConfigError("serve_address", f"{config.serve_address} can be reached from other computers; {first}")
    if config.serve_hosts:  # most likely, a proxy stands before it
        raise ConfigError("serve_hosts", f"other computers can reach this server by these names; {first}")


def _kind(scope: Scope) -> str:
    path = scope["path"]
    if path == "/healthz":
        return ""
    if path == "/api/events":
        return "events"
    if scope["method"] not in SAFE and path in LOOKING | SIGNING:
        return "uploads" if path in LOOKING else "login"
    return "static" if path.startswith("/static/") else "other"

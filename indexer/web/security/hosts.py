"""Host check: whether addresses, Host and Origin headers are this server's own."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Self

from starlette.types import ASGIApp, Receive, Scope, Send

from indexer.config.config import Config
from indexer.errors import ConfigError
from indexer.web.problems import Problem, refuse

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\s:/?#@\\\[\]]+)(?::(\d{1,5}))?", re.IGNORECASE)
_DEFAULT_PORTS = {"http": "80", "https": "443"}


@dataclass(frozen=True, slots=True)
class Hosts:
    """The host names of this server.

    A page of somebody else's can have its own name lead to this machine (DNS rebinding), and then a browser lets it
    read all that this server sends. But the browser still sends that name. A numeric address has no such owner.
    """

    names: frozenset[str]
    any_number: bool

    @classmethod
    def of(cls, config: Config) -> Self:
        """Return the host names for these settings. Errors: ConfigError for what is no name."""
        names = {config.serve_address.lower(), "localhost"}
        for each in config.serve_hosts:
            if (split := split_host(each)) is None:
                raise ConfigError("serve_hosts", f"{each!r} is not a host name; write it like photos.example.org")
            names.add(split[0])
        if not is_loopback(config.serve_address):  # its name for others on the same network
            own = socket.gethostname().lower()
            names |= {own, f"{own}.local"}
        return cls(frozenset(names), any_number=config.serve_address in ("0.0.0.0", "::"))  # noqa: S104 (compared)

    def know(self, host: str) -> bool:
        """Return whether a Host header names this server; None where it names nothing."""
        split = split_host(host)
        if split is None:
            return False
        name, _ = split
        if name in self.names:
            return True
        number = _number(name)
        return number is not None and (number.is_loopback or self.any_number)


def split_host(host: str) -> tuple[str, str] | None:
    """Split a Host header into name, in lower case and without brackets, and port ('' if none); None if invalid."""
    found = _HOST.fullmatch(host)
    return found and (found[1].lower().strip("[]").removesuffix("."), found[2] or "")


def is_loopback(address: str) -> bool:
    """Return whether only this machine can reach an address."""
    number = _number(address.strip("[]"))
    return address.lower() == "localhost" if number is None else number.is_loopback


def is_foreign(origin: str | None, fetch_site: str | None, scheme: str, host: str) -> bool:
    """Return whether a browser marks a request as coming from a page of another site.

    origin, fetch_site: the headers Origin and Sec-Fetch-Site, None where there is none: programs send neither.
    scheme, host: those by which this server was addressed.
    """
    if fetch_site is not None and fetch_site not in ("same-origin", "none"):
        return True
    return origin is not None and not _is_same(origin, scheme, host)


def neighborhood(address: str) -> str:
    """Return the key of all addresses that one client has at hand: of IPv6 a whole /64."""
    number = _number(address)
    return str(int(number) >> 64) if isinstance(number, IPv6Address) else address


def _is_same(origin: str, scheme: str, host: str) -> bool:
    theirs, _, rest = origin.partition("://")
    # A proxy may speak https and forward by http; the reverse is not legitimate.
    if theirs not in _DEFAULT_PORTS or (scheme == "https" and theirs != "https"):
        return False
    here, there = split_host(host), split_host(rest)
    if here is None or there is None or here[0] != there[0]:
        return False
    return len(set(_ports((here[1], there[1]), theirs))) == 1


def _ports(ports: Iterable[str], scheme: str) -> list[str]:
    return [port or _DEFAULT_PORTS[scheme] for port in ports]


def _number(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None


class HostCheck:
    """Middleware (ASGI) that checks the Host header."""

    def __init__(self, app: ASGIApp, hosts: Hosts) -> None:
        self._app, self._hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = self._problem(scope) if scope["type"] == "http" else None
        if problem is None:
            await self._app(scope, receive, send)
        else:
            await refuse(scope, receive, send, problem)

    def _problem(self, scope: Scope) -> Problem | None:
        sent = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(sent) != 1 or split_host(sent[0]) is None:
            return Problem(400, "The request needs exactly one Host header.")
        if not self._hosts.know(sent[0]):
            return Problem(421, "This host name is not allowed; add it to serve_hosts in the settings.")
        return None

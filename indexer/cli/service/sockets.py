"""Listening sockets of the server, with sentences on what is in the way."""

from __future__ import annotations

import errno
import socket

from indexer.errors import ConfigError, IndexerError

_BACKLOG = 128
_SOMEWHERE = ("192.0.2.1", 9)  # an address for documentation; nothing is sent there


def listen(address: str, port: int) -> socket.socket:
    """Open a listening socket.

    Errors: ConfigError for an address that is not this machine's; IndexerError for a port in use.
    """
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise ConfigError("serve_address", f"{address} is not an address of this computer") from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise _in_the_way(address, port, error) from error
    listener.setblocking(False)
    return listener


def addresses(listener: socket.socket, address: str, scheme: str) -> list[str]:
    """Return the addresses to open in a browser; of a server that others can reach, its numeric address is second."""
    port = listener.getsockname()[1]
    if address not in ("0.0.0.0", "::"):  # noqa: S104 (compared)
        return [_url(scheme, address, port)]
    own = _own_number()
    return [_url(scheme, each, port) for each in ("localhost", *([own] if own else []))]


def _url(scheme: str, name: str, port: int) -> str:
    return f"{scheme}://{f'[{name}]' if ':' in name else name}:{port}/"


def _own_number() -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(_SOMEWHERE)
            return str(asked.getsockname()[0])
        except OSError:  # no network
            return None


def _in_the_way(address: str, port: int, error: OSError) -> IndexerError:
    if error.errno == errno.EADDRINUSE:
        return IndexerError(
            f"port {port} is in use, perhaps by another 'indexer serve'; try 'indexer serve --port {port + 1}'"
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return ConfigError("serve_port", f"you may not use port {port}; choose one above 1023")
    return ConfigError("serve_address", f"{address} is not an address of this computer")

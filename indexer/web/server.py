"""HTTP server (uvicorn): runs an application on a listening socket until it is asked to stop."""

from __future__ import annotations

import socket
from asyncio import TimerHandle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import h11
import uvicorn
from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

Application: TypeAlias = FastAPI
"""What a server runs."""

_GRACE_SECONDS = 2  # for running requests when the server is stopped
_HEAD_SECONDS = 10.0  # for the lines before a body
_MOST_CONNECTIONS = 400
_THREADS = 112  # as many as the guard admits requests: waiting for a picture blocks no search
_BEAT_TICKS = 100  # of a tenth of a second


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Callbacks for the server's events: it is ready, it is alive, it is about to end."""

    ready: Callable[[], None]
    alive: Callable[[], None]
    stopping: Callable[[], None]


def serve(
    app: Application, listener: socket.socket, certificate: tuple[Path, Path] | None, is_logged: bool, told: Callbacks
) -> None:
    """Serve until Ctrl-C or SIGTERM; running requests then have two seconds.

    certificate: the files of it and of its key, for HTTPS.  is_logged: whether each request is.
    Errors: OSError for unusable certificate files.
    """
    secure: dict[str, Any] = {}
    if certificate:
        secure = {"ssl_certfile": certificate[0], "ssl_keyfile": certificate[1]}
    settings = uvicorn.Config(
        app,
        http=_Patient,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=is_logged,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=["127.0.0.1", "::1"],  # a proxy on this machine may name its client
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        **secure,
    )
    settings.load()
    _Server(settings, app, told).run([listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, app: Application, told: Callbacks) -> None:
        super().__init__(config)
        self._site, self._told = app, told

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        current_default_thread_limiter().total_tokens = _THREADS
        await super().startup(sockets)
        if self.started:
            self._told.ready()

    async def on_tick(self, counter: int) -> bool:
        if counter % _BEAT_TICKS == 0:
            self._told.alive()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._told.stopping()
        await self._site.state.background.wind_down()  # endless streams end then
        await super().shutdown(sockets)


class _Patient(H11Protocol):
    """HTTP/1.1 with limits for clients that are slow, or never send a request."""

    _deadline: TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._forget()
        elif self.timeout_keep_alive_task is None:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(_HEAD_SECONDS, self._give_up)

    def _give_up(self) -> None:
        if self.conn.their_state is h11.IDLE:
            self.transport.close()

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

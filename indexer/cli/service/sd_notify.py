"""Notifications to the service manager (sd_notify)."""

from __future__ import annotations

import socket
from contextlib import suppress
from time import CLOCK_MONOTONIC, clock_gettime_ns

from indexer.errors import printable


class Notifier:
    """A sender of notifications to the service manager (sd_notify); silent where there is none."""

    def __init__(self, address: str | None) -> None:
        self._address = "\0" + address[1:] if address and address.startswith("@") else address

    def ready(self) -> None:
        """Notify that the daemon works, after a start or a reload."""
        self._send("READY=1")

    def reloading(self) -> None:
        """Notify that the settings are being read again; `ready` ends that."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={clock_gettime_ns(CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """Notify that the daemon is about to end."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """Send a line on what the daemon does, for `systemctl status`."""
        self._send("STATUS=" + " ".join(printable(text).split()))

    def alive(self) -> None:
        """Notify the watchdog; due well within its time."""
        self._send("WATCHDOG=1")

    def _send(self, text: str) -> None:
        if self._address is None:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
            speaker.setblocking(False)  # a manager that does not listen stops nobody
            speaker.sendto(text.encode(), self._address)

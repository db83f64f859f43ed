"""Chromium without a window, and pages in which nothing may go wrong."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request, expect, sync_playwright

_FLAGS = [
    "--no-sandbox",  # in a container, as root
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
PROGRAM = shutil.which("chromium")
_PATIENCE_MS = 15_000


@dataclass
class Watched:
    """What went wrong in a page.  expected: parts of what may be said there, for tests that make something go wrong."""

    faults: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def console(self, message: ConsoleMessage) -> None:
        """Keep what the browser complains of, such as refused scripts and styles."""
        if message.type in ("error", "warning"):
            self._keep(f"{message.type}: {message.text} ({message.location.get('url')})")

    def error(self, error: Exception) -> None:
        """Keep what a script did not catch."""
        self._keep(f"page: {error}")

    def failed(self, request: Request) -> None:
        """Keep what could not be fetched; not where the user went elsewhere meanwhile."""
        if request.failure != "net::ERR_ABORTED":
            self._keep(f"failed: {request.url}: {request.failure}")

    def dialog(self, dialog: Dialog) -> None:
        """Keep what a dialog asks, and close it: no page has one."""
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _keep(self, fault: str) -> None:
        if not any(each in fault for each in self.expected):
            self.faults.append(fault)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium; what tests expect may take a while where much else is running."""
    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=_FLAGS)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, watched: Watched, **how: Any) -> Iterator[Page]:
    """Open an empty page in a context of its own; at the end nothing may have gone wrong in it."""
    context = browser.new_context(**{"viewport": DESKTOP, "locale": "en-GB", "reduced_motion": "reduce", **how})
    context.set_default_timeout(_PATIENCE_MS)
    page = context.new_page()
    page.on("console", watched.console)
    page.on("pageerror", watched.error)
    page.on("requestfailed", watched.failed)
    page.on("dialog", watched.dialog)
    try:
        yield page
    finally:
        context.close()
    assert watched.faults == []

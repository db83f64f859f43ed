"""Logging in and out, as a real browser does it: with its Origin, its cookies, and the policy of the page."""

from __future__ import annotations

from pathlib import Path

from chromium import PHONE, Watched, opened
from playwright.sync_api import Browser, expect
from running import Home, serve

from indexer.web.secret import kept_password


def test_one_logs_in_changes_something_and_logs_out(
    browser: Browser, watched: Watched, scanned: Home, tmp_path: Path
) -> None:
    locked = {"INDEXER_SERVE_PASSWORD": kept_password("correct horse")}
    with serve(scanned, tmp_path, **locked) as served, opened(browser, watched, viewport=PHONE) as page:
        page.goto(f"{served.address}/status")
        assert page.url == f"{served.address}/login?next=/status"
        expect(page.get_by_label("Password")).to_be_focused()
        page.get_by_label("Password").fill("correct horse")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{served.address}/status")
        changed = page.evaluate(
            """async () => {
                const token = document.querySelector('meta[name="csrf-token"]').content
                const sent = {method: 'POST', body: '{"hidden": true}'}
                sent.headers = {'Content-Type': 'application/json', 'X-CSRF-Token': token}
                return (await fetch('/api/photos/1/hidden', sent)).status
            }"""
        )
        assert changed == 200
        page.get_by_role("button", name="Log out").click()
        page.wait_for_url(f"{served.address}/login")
        page.goto(served.address)
        assert page.url == f"{served.address}/login"

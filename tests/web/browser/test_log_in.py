"""Logging in and out, as a real browser does it: with its Origin, its cookies, and the policy of the page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from chromium import PHONE, Watched, opened
from playwright.sync_api import Browser, Page, expect
from server_shown import Home, Served, serve

from indexer.web.security.credentials import kept_password

_POST = """async ([path, body, token]) => {
    const headers = {'Content-Type': 'application/json', ...(token ? {'X-CSRF-Token': token} : {})}
    const answer = await fetch(path, {method: 'POST', body: JSON.stringify(body), headers})
    return [answer.status, (await answer.json()).detail ?? '']
}"""
_TOKEN = "document.querySelector('meta[name=\"csrf-token\"]').content"


@pytest.fixture(scope="module")
def locked(scanned: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with a password, "correct horse"."""
    kept = {"INDEXER_SERVE_PASSWORD": kept_password("correct horse")}
    with serve(scanned, tmp_path_factory.mktemp("locked"), **kept) as served:
        yield served


def test_one_logs_in_changes_something_and_logs_out(browser: Browser, watched: Watched, locked: Served) -> None:
    with opened(browser, watched, viewport=PHONE) as page:
        page.goto(f"{locked.address}/status")
        assert page.url == f"{locked.address}/login?next=/status"
        expect(page.get_by_label("Password")).to_be_focused()
        page.get_by_label("Password").fill("correct horse")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{locked.address}/status")
        assert page.evaluate(_POST, ["/api/photos/1/hidden", {"hidden": True}, page.evaluate(_TOKEN)])[0] == 200
        page.get_by_role("button", name="Log out").click()
        page.wait_for_url(f"{locked.address}/login")
        page.goto(locked.address)
        assert page.url == f"{locked.address}/login"


def test_a_wrong_password_is_told_and_the_right_one_still_opens(page: Page, watched: Watched, locked: Served) -> None:
    watched.expected.append("status of 401")
    page.goto(f"{locked.address}/photos/2?q=&sort=date")
    password = page.get_by_label("Password")
    password.fill("wrong horse")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("Wrong password.")
    expect(password).to_have_accessible_description("Wrong password.")
    expect(password).to_be_focused()
    password.fill("correct horse")
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/photos/2?q=&sort=date")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_a_post_without_the_pages_token_is_refused(page: Page, watched: Watched, locked: Served) -> None:
    watched.expected.append("status of 403")
    page.goto(f"{locked.address}/login")
    page.get_by_label("Password").fill("correct horse")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{locked.address}/")
    status, told = page.evaluate(_POST, ["/api/photos/1/rating", {"rating": 5}, ""])
    assert (status, told) == (403, "This page is out of date; reload it.")
    assert page.evaluate(_POST, ["/api/photos/1/rating", {"rating": 5}, "made up"])[0] == 403
    rated = page.request.get(f"{locked.address}/api/photos/1").json()["rating"]
    assert not rated


def test_who_has_not_logged_in_gets_nothing_of_the_photos(page: Page, watched: Watched, locked: Served) -> None:
    watched.expected.append("status of 401")
    page.goto(f"{locked.address}/login")
    told = page.evaluate(
        """async paths => Promise.all(paths.map(async each => (await fetch(each)).status))""",
        ["/api/search", "/api/photos/1/thumbnail?side=320", "/api/photos/1/original", "/api/people", "/api/events"],
    )
    assert told == [401] * 5
    expect(page.get_by_role("link", name="People")).to_have_count(0)


def test_a_server_that_only_shows_has_nothing_to_change_with(
    scanned: Home, page: Page, watched: Watched, tmp_path_factory: pytest.TempPathFactory
) -> None:
    watched.expected.append("status of 403")
    with serve(scanned, tmp_path_factory.mktemp("shows"), "--read-only") as served:
        named = {
            f"/photos/{served.photo('astronaut')}?face=1": ["Hide", "Add", "Remove", "Save"],
            "/people": ["Select", "Group", "Hide"],
            "/people/1": ["Save", "Hide", "Move", "Not this person", "Mark"],
            "/status": ["Scan", "Try"],
        }
        for path, names in named.items():
            page.goto(served.address + path)
            page.wait_for_load_state("networkidle" if path != "/status" else "load")
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            for name in names:
                expect(page.get_by_role("button", name=name)).to_have_count(0)
            expect(page.get_by_role("radio")).to_have_count(0)
            expect(page.get_by_role("checkbox")).to_have_count(0)
            expect(page.get_by_role("main").get_by_role("textbox")).to_have_count(0)
        status, told = page.evaluate(_POST, ["/api/photos/1/rating", {"rating": 5}, ""])
        assert (status, told) == (403, "This server is read-only.")

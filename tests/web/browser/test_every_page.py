"""Every page: sound, light and dark, wide and narrow, for people who see and who listen, by keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import DESKTOP, PHONE, Watched, opened
from playwright.sync_api import Browser, Page, expect
from server_shown import Served

RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
PAGES = {
    "all photos": "/",
    "found": "/?q=coffee",
    "the second page": "/?offset=5",
    "nothing found": "/?q=unicorn",
    "not understood": "/?q=" + quote("(dog"),
    "a person's photos": "/?q=" + quote("person:Eileen"),
    "photo with a face": "/photos/{astronaut}?q=&sort=date&at=1&face={face}",
    "photo with a place": "/photos/{tower}",
    "photo with hostile names": "/photos/{onclick}",
    "photo with a hostile tag": "/photos/{coffee.jpg}",
    "photo with a long name": "/photos/{a very long name}",
    "photo that is broken": "/photos/{broken}",
    "people": "/people",
    "people, the hidden, too": "/people?hidden=true",
    "a person": "/people/1",
    "a person with a hostile name": "/people/2",
    "tags": "/tags",
    "duplicates": "/duplicates",
    "duplicates, same bytes": "/duplicates?identical=true",
    "status": "/status",
    "look": "/look",
    "no such photo": "/photos/99999",
    "no such page": "/nowhere",
    "the API": "/api",
}
WRONG = {"not understood": 400, "no such photo": 404, "no such page": 404}
# The page of the API is long, and one section like the other.
_REPEATED = [["main .api > section[id]:nth-of-type(n+3)"], [".routes li:nth-of-type(n+5)"]]
# What cannot be reached by Tab though it can be clicked: in composites, arrows go there; or it is hidden on purpose.
_UNREACHED = """() => [...document.querySelectorAll('a[href], button, input, select, summary, [role=slider]')]
    .filter(each => each.checkVisibility({visibilityProperty: true, opacityProperty: false}) && each.tabIndex < 0
        && !each.closest('[role=radiogroup], #grid, [aria-hidden=true]')).map(each => each.outerHTML)"""
_FOCUSED = """() => {
    const at = document.activeElement
    if (!at || at === document.body) return null
    const shown = at.matches('.pick input') ? at.nextElementSibling : at
    const draws = each => {
        const style = getComputedStyle(each)
        const outline = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0
        return outline || style.boxShadow !== 'none' || parseFloat(style.strokeWidth) > 3
    }
    const visible = [shown, ...shown.querySelectorAll('rect'), shown.parentElement].some(draws)
    const box = at.getBoundingClientRect()
    const seen = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth
    at.dataset.tabbed = String(Number(at.dataset.tabbed ?? 0) + 1)
    return {html: at.outerHTML.slice(0, 200), visible, seen, again: at.dataset.tabbed > 1}
}"""
_RUN_OR_FOREIGN = r"""source => {
    const read = new DOMParser().parseFromString(source, 'text/html')
    const bad = [...read.querySelectorAll('*')].filter(each =>
        each.matches('style, [style], iframe, object, embed, script:not([src])')
        || each.getAttributeNames().some(name => name.startsWith('on'))
        || ['src', 'href'].some(name => /^(javascript|data):/i.test(each.getAttribute(name) ?? '')))
    const foreign = [...read.querySelectorAll('script[src], link[href], img[src]')]
        .map(each => each.getAttribute('src') ?? each.getAttribute('href'))
        .filter(each => !/^[/?](?!\/)/.test(each))
    return [...bad.map(each => each.outerHTML), ...foreign]
}"""
_TOO_WIDE = """() => {
    const { scrollWidth } = document.documentElement
    const wide = [...document.querySelectorAll('main *, header *')]
        .filter(each => each.getBoundingClientRect().right > innerWidth + 1).map(each => each.outerHTML.slice(0, 160))
    return scrollWidth <= innerWidth ? [] : [`${scrollWidth} px`, ...wide.slice(0, 5)]
}"""


@pytest.fixture(scope="module")
def numbers(reading: Served) -> dict[str, Any]:
    """The numbers of photos by parts of their names, and of a face."""
    names = ["astronaut", "tower", "onclick", "coffee.jpg", "a very long name", "broken"]
    photos = {name: reading.photo(name) if name != "broken" else 0 for name in names}
    photos["broken"] = reading.get("failures")["failures"][0]["photo"]
    return {**photos, "face": reading.get(f"photos/{photos['astronaut']}")["faces"][0]["face"]}


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[tuple[Page, Watched]]:
    """One tab for all pages; each test asks what went wrong in it since the last."""
    watched = Watched()
    with opened(browser, watched) as page:
        yield page, watched


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_sound_and_open_to_everybody(
    name: str, reading: Served, numbers: dict[str, Any], tab: tuple[Page, Watched]
) -> None:
    page, watched = tab
    watched.expected[:] = ["status of 4"] if name in WRONG else []
    page.set_viewport_size(DESKTOP)
    page.emulate_media(color_scheme="light")
    answer = page.goto(reading.address + _filled(PAGES[name], numbers))
    assert answer is not None
    assert answer.status == WRONG.get(name, 200)
    _settle(page)
    _has_its_parts(page)
    assert _faults(page) == []
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).colorScheme.includes('dark')")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")  # it is painted
    assert _faults(page, only="color-contrast") == []
    page.set_viewport_size(PHONE)
    _settle(page)
    assert _too_wide(page) == []
    assert _faults(page, only="target-size") == []
    faults, watched.faults[:] = watched.faults[:], []
    assert faults == []


@pytest.mark.parametrize(
    "name", ["all photos", "photo with a face", "a person", "people", "tags", "duplicates", "status", "look"]
)
def test_tab_reaches_everything_and_one_sees_where_one_is(
    name: str, reading: Served, numbers: dict[str, Any], page: Page
) -> None:
    page.goto(reading.address + _filled(PAGES[name], numbers))
    _settle(page)
    assert page.evaluate(_UNREACHED) == []
    for step in range(200):
        page.keyboard.press("Tab")
        page.wait_for_function("() => !document.getAnimations().some(each => each.effect.target.matches(':focus'))")
        focused = page.evaluate(_FOCUSED)
        if focused is None or focused["again"]:
            break
        assert focused["visible"], focused["html"]
        assert focused["seen"], focused["html"]
        if step == 0:
            assert "Skip to content" in focused["html"]
    waiting = """() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), summary')]
        .filter(each => each.checkVisibility({visibilityProperty: true}) && each.tabIndex >= 0 && !each.disabled
            && !each.dataset.tabbed).map(each => each.outerHTML.slice(0, 200))"""
    assert page.evaluate(waiting) == []


def test_the_skip_link_leads_past_the_bar(reading: Served, page: Page) -> None:
    page.goto(f"{reading.address}/people/1")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_colors_are_chosen_and_kept(reading: Served, page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(f"{reading.address}/tags")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    button = page.get_by_role("button", name="Theme:")
    button.click()
    button.click()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    page.wait_for_function("light => getComputedStyle(document.body).backgroundColor !== light", arg=light)
    page.goto(f"{reading.address}/status")
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    page.wait_for_function("light => getComputedStyle(document.body).backgroundColor !== light", arg=light)


def test_nothing_in_a_page_runs_or_styles_it_but_files_of_the_server(
    reading: Served, numbers: dict[str, Any], page: Page
) -> None:
    for name in PAGES:
        if name in WRONG:
            continue
        source = page.request.get(reading.address + _filled(PAGES[name], numbers)).text()
        told = page.evaluate(_RUN_OR_FOREIGN, source)
        assert told == [], name


def _filled(address: str, numbers: dict[str, Any]) -> str:
    for name, number in numbers.items():
        address = address.replace(f"{{{name}}}", str(number))
    return address


def _settle(page: Page) -> None:
    """Wait until nothing is being fetched but what never ends; events of the status are such."""
    page.wait_for_load_state("load")
    page.wait_for_function("() => !document.querySelector('.spinner')")
    page.wait_for_timeout(120)


def _has_its_parts(page: Page) -> None:
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.title().endswith("indexer")
    expect(page.get_by_role("main")).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    without_name = "[...document.images].filter(each => !each.hasAttribute('alt')).map(each => each.outerHTML)"
    assert page.evaluate(without_name) == []


def _faults(page: Page, only: str = "") -> list[str]:
    """Return what the referee for accessibility calls serious."""
    run_only = {"type": "rule", "values": [only]} if only else {"type": "tag", "values": RULES}
    options = {"runOnly": run_only, "resultTypes": ["violations"]}
    found = Axe().run(page, {"exclude": _REPEATED}, options).response["violations"]
    return [
        f"{each['id']}: {each['help']}: {[node['html'][:200] for node in each['nodes']]}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


def _too_wide(page: Page) -> list[str]:
    """Return what makes a page scroll sideways."""
    return list(page.evaluate(_TOO_WIDE))

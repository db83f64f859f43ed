"""Searching and going through the grid of photos: by words, by wheel, by keys, by date, and without scripts."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import PHONE, Watched, opened
from library_long import PHOTOS, make_long
from playwright.sync_api import Browser, Locator, Page, Route, expect
from server_shown import Home, Served, serve

_SHIFTS = """() => {
    window.shifted = 0
    new PerformanceObserver(list => list.getEntries().forEach(each => window.shifted += each.value))
        .observe({type: 'layout-shift', buffered: true})
}"""
_LOST = "[...document.querySelectorAll('#grid .tile')].filter(each => each.getBoundingClientRect().width < 20).length"


@pytest.fixture(scope="module")
def long(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server on hundreds of photos."""
    folder = tmp_path_factory.mktemp("long")
    library = make_long(folder / "home")
    with serve(Home(folder / "home", models), folder, library=library) as served:
        yield served


def box(page: Page) -> Locator:
    """Return the search box."""
    return page.get_by_role("combobox", name="Search photos")


def tiles(page: Page) -> Locator:
    """Return the photos of the grid."""
    return page.get_by_role("region", name="Photos").get_by_role("link")


def seen(page: Page) -> tuple[str, float]:
    """Return the first photo that is wholly seen below the bar, and how far down it is."""
    name, top = page.evaluate(
        """() => {
            const bar = document.querySelector('header').getBoundingClientRect().bottom
            const tops = [...document.querySelectorAll('#grid a')].map(each => [each.getAttribute('aria-label'),
                each.getBoundingClientRect().top]).filter(([, top]) => top >= bar)
            return tops.sort((one, other) => one[1] - other[1])[0]
        }"""
    )
    return str(name), float(top)


def wheel(page: Page, to: float, step: int = 700, rests: bool = False) -> None:
    """Scroll by the wheel, bit by bit; rests: wait for what comes next, as on a machine that is fast enough."""
    page.mouse.move(600, 500)
    for _ in range(200):
        if page.evaluate("scrollY") >= to or page.evaluate("scrollY + innerHeight >= document.body.scrollHeight - 2"):
            break
        page.mouse.wheel(0, step)
        rest(page) if rests else page.wait_for_timeout(40)


def late(route: Route) -> None:
    """Let an answer come as over a slow line."""
    time.sleep(0.15)
    route.continue_()


def rest(page: Page) -> None:
    """Wait until what is seen of the grid is there, and what comes next."""
    page.wait_for_function(
        """() => {
            const box = each => each.getBoundingClientRect()
            const seen = each => box(each).bottom > 0 && box(each).top < 2 * innerHeight
            return [...document.querySelectorAll('#grid .tiles')].filter(seen).every(each => each.childElementCount)
                && [...document.querySelectorAll('#grid img')].filter(seen)
                    .every(each => each.complete || each.loading === 'lazy')
        }"""
    )


def test_a_slash_focuses_the_box_and_suggestions_are_taken_by_keys(reading: Served, page: Page) -> None:
    page.goto(reading.address)
    page.keyboard.press("/")
    expect(box(page)).to_be_focused()
    page.keyboard.type("cof")
    options = page.get_by_role("option")
    expect(options.first).to_contain_text("coffee")
    expect(box(page)).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    expect(options.first).to_have_attribute("aria-selected", "false")
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    expect(box(page)).to_have_value("cof")
    page.keyboard.type("f")
    expect(options.first).to_contain_text("coffee")
    page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"2 photos for coffee"))
    expect(box(page)).to_have_value("coffee")
    expect(tiles(page)).to_have_count(2)
    expect(tiles(page).first).to_have_accessible_name(re.compile(r"^coffee"))


def test_down_before_the_suggestions_are_there_chooses_the_first(reading: Served, page: Page) -> None:
    page.goto(reading.address)
    page.route("**/api/suggest?*", lambda route: (page.wait_for_timeout(400), route.continue_()))
    box(page).press_sequentially("cof")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    page.wait_for_timeout(900)
    expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")


def test_people_and_fields_are_suggested_and_enter_alone_searches_what_stands_there(
    reading: Served, page: Page
) -> None:
    page.goto(reading.address)
    box(page).fill("Eil")
    page.get_by_role("option", name=re.compile("Eileen")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"4 photos for"))
    box(page).fill("dat")
    page.get_by_role("option", name=re.compile("date:")).click()
    expect(box(page)).to_have_value("date:")
    expect(box(page)).to_be_focused()
    page.keyboard.type("2023 rocket | motorcycle")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("for date:2023 rocket | motorcycle"))
    page.get_by_role("button", name="Clear the search").click()
    page.wait_for_url(f"{reading.address}/")
    expect(tiles(page)).to_have_count(19)


def test_nothing_found_says_what_to_try_and_mistakes_are_explained(
    reading: Served, page: Page, watched: Watched
) -> None:
    page.goto(f"{reading.address}/?q=coffe")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing found for “coffe”")
    expect(page.get_by_role("listitem").filter(has_text="No photo is tagged 'coffe'")).to_be_visible()
    page.get_by_role("group", name="Suggestions").get_by_role("link", name="coffee").click()
    expect(tiles(page)).to_have_count(2)
    watched.expected.append("status of 400")
    box(page).fill("(dog")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("there is no matching ')' for '(' at 1")
    expect(box(page)).to_have_value("(dog")


def test_less_sure_matches_are_shown_on_request_and_marked(reading: Served, page: Page) -> None:
    page.goto(f"{reading.address}/?q=person")
    sure = tiles(page).count()
    expect(tiles(page).get_by_text("less sure", exact=True)).to_have_count(0)
    page.get_by_role("link", name="Show less sure matches").click()
    expect(box(page)).to_have_value("person score:0..")
    expect(tiles(page).first).to_have_accessible_name(re.compile(r", person$"))
    expect(tiles(page).nth(sure)).to_have_accessible_name(re.compile(r"person \(less sure\)"))
    expect(tiles(page).nth(sure).get_by_text("less sure", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Show less sure matches")).to_have_count(0)


def test_words_that_try_to_be_html_are_text(reading: Served, page: Page) -> None:
    page.goto(f"{reading.address}/?q=<img src=x onerror=alert(3)>")
    expect(page.get_by_role("heading", level=1)).to_contain_text("<img")
    page.goto(f'{reading.address}/?q=path:"onclick"')
    expect(tiles(page).first).to_have_accessible_name(re.compile(re.escape("<b onclick=alert(1)>&amp;'.jpg")))
    tiles(page).first.click()
    expect(page.get_by_text("<b onclick=alert(1)>&amp;'.jpg").first).to_be_visible()
    assert page.evaluate("document.querySelectorAll('[onclick], [onerror]').length") == 0
    page.goto(f"{reading.address}/?q=coffee -small")
    box(page).fill("scr")
    expect(page.get_by_role("option").first).to_contain_text("<script>alert(2)</script>")


def test_the_order_is_switched(long: Served, page: Page) -> None:
    page.goto(f"{long.address}/?q=half")
    order = page.get_by_role("navigation", name="Sort order")
    expect(order.get_by_role("link", name="Best first")).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("heading", level=2)).to_have_count(0)
    order.get_by_role("link", name="Newest").click()
    expect(order.get_by_role("link", name="Newest")).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("heading", name=re.compile("June 2024"))).to_be_visible()
    expect(tiles(page).first).to_have_accessible_name(re.compile("^0000.jpg, 30 June 2024"))


def test_the_grid_goes_on_as_one_scrolls_and_nothing_jumps(long: Served, page: Page) -> None:
    page.add_init_script(f"({_SHIFTS})()")
    page.goto(long.address)
    rest(page)
    expect(page.get_by_role("heading", name=re.compile("June 2024"))).to_be_visible()
    wheel(page, 6000, rests=True)
    expect(page.get_by_role("heading", name=re.compile("(March|April|May) 2024")).first).to_be_visible()
    assert page.evaluate("window.shifted") < 0.05
    wheel(page, 1e9, step=2500)
    rest(page)
    expect(tiles(page).last).to_have_accessible_name(re.compile(f"^{PHOTOS - 1:04}.jpg"))
    expect(tiles(page).last).to_be_in_viewport()
    assert page.evaluate(_LOST) == 0
    assert tiles(page).count() < PHOTOS  # what is far away is not kept


def test_nothing_jumps_however_fast_one_goes_and_however_late_photos_come(long: Served, page: Page) -> None:
    page.add_init_script(f"({_SHIFTS})()")
    page.route("**/api/search?*", late)
    page.goto(long.address)
    rest(page)
    height = page.evaluate("document.body.scrollHeight")
    for part in (0.5, 1, 0.3, 0.7, 0.1, 0.5):
        page.evaluate("part => scrollTo(0, part * document.body.scrollHeight)", part)
        page.wait_for_function("document.querySelectorAll('#grid .outlined').length > 0")  # before they are there
    rest(page)
    middle = seen(page)
    page.keyboard.press("End")
    rest(page)
    expect(tiles(page).last).to_have_accessible_name(re.compile(f"^{PHOTOS - 1:04}.jpg"))
    expect(tiles(page).last).to_be_in_viewport()
    page.evaluate("scrollTo(0, 0.5 * document.body.scrollHeight)")
    rest(page)
    assert seen(page) == middle
    assert page.evaluate("document.body.scrollHeight") == height
    assert page.evaluate("window.shifted") < 0.01


def test_on_another_width_the_heights_are_as_exact(long: Served, page: Page) -> None:
    page.goto(f"{long.address}/?q=half")
    rest(page)
    page.set_viewport_size({"width": 913, "height": 700})
    page.wait_for_timeout(200)
    height = page.evaluate("document.body.scrollHeight")
    wheel(page, 1e9, rests=True)
    assert page.evaluate("document.body.scrollHeight") == height


def test_where_shapes_cannot_be_had_the_grid_guesses(long: Served, page: Page, watched: Watched) -> None:
    watched.expected.append("status of 500")
    page.route("**/api/shapes?*", lambda route: route.fulfill(status=500, json={}))
    page.goto(long.address)
    rest(page)
    wheel(page, 1e9, step=2500)
    rest(page)
    expect(tiles(page).last).to_have_accessible_name(re.compile(f"^{PHOTOS - 1:04}.jpg"))
    expect(tiles(page).last).to_be_in_viewport()


def test_going_back_leads_to_where_one_was(long: Served, page: Page) -> None:
    page.goto(long.address)
    rest(page)
    wheel(page, 5000)
    rest(page)
    before = seen(page)
    tile = page.get_by_role("link", name=before[0])
    tile.click()
    expect(page.get_by_role("link", name="Next photo")).to_be_visible()
    page.go_back()
    rest(page)
    for _ in range(30):  # months above it are still being filled
        name, top = seen(page)
        if name == before[0] and abs(top - before[1]) < 3:
            break
        page.wait_for_timeout(100)
    assert name == before[0]
    assert abs(top - before[1]) < 3


def test_the_close_button_leads_to_the_photo_that_was_seen_last(long: Served, page: Page) -> None:
    page.goto(long.address)
    rest(page)
    tiles(page).nth(20).click()
    for number in (20, 21, 22):
        expect(page.get_by_role("main")).to_contain_text(f"00{number}.jpg")
        page.wait_for_load_state("load")
        page.keyboard.press("ArrowRight")
    expect(page.get_by_role("main")).to_contain_text("0023.jpg")
    page.wait_for_load_state("load")
    page.get_by_role("link", name="Back to the photos").click()
    expect(page.get_by_role("link", name=re.compile("^0023.jpg"))).to_be_focused()


def test_the_dates_lead_through_the_years_by_keys_and_by_mouse(long: Served, page: Page) -> None:
    page.goto(long.address)
    dates = page.get_by_role("slider", name="Date")
    expect(dates).to_have_attribute("aria-valuetext", "June 2024")
    dates.focus()
    page.keyboard.press("ArrowDown")
    expect(dates).to_have_attribute("aria-valuetext", "May 2024")
    page.keyboard.press("PageDown")
    expect(dates).to_have_attribute("aria-valuetext", "December 2023")
    rest(page)
    expect(page.get_by_role("heading", name=re.compile("December 2023"))).to_be_in_viewport()
    page.keyboard.press("End")
    expect(dates).to_have_attribute("aria-valuetext", "January 2023")
    rest(page)
    expect(tiles(page).last).to_be_in_viewport()
    page.keyboard.press("Home")
    expect(dates).to_have_attribute("aria-valuetext", "June 2024")
    place = dates.bounding_box()
    assert place is not None
    middle = place["x"] + place["width"] / 2
    page.mouse.move(middle, place["y"] + 20)
    page.mouse.down()
    page.mouse.move(middle, place["y"] + place["height"] / 2, steps=4)
    page.mouse.up()
    expect(dates).to_have_attribute("aria-valuetext", re.compile("(September|October|November) 2023"))
    rest(page)
    assert re.search("(September|October|November) 2023", seen(page)[0])


def test_arrows_go_from_photo_to_photo_and_enter_opens_one(long: Served, page: Page) -> None:
    page.goto(long.address)
    rest(page)
    page.keyboard.press("ArrowDown")
    expect(page.locator("#grid a:focus")).to_have_count(1)
    page.keyboard.press("Home")
    expect(tiles(page).first).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(tiles(page).nth(1)).to_be_focused()
    here = tiles(page).nth(1).bounding_box()
    page.keyboard.press("ArrowDown")
    focused = page.locator(":focus")
    expect(tiles(page).nth(1)).not_to_be_focused()
    below = focused.bounding_box()
    assert here is not None
    assert below is not None
    assert below["y"] >= here["y"] + here["height"] - 1
    assert below["x"] < here["x"] + here["width"]
    assert below["x"] + below["width"] > here["x"]
    page.keyboard.press("ArrowUp")
    expect(tiles(page).nth(1)).to_be_focused()
    page.keyboard.press("End")
    expect(page.get_by_role("link", name=re.compile(f"^{PHOTOS - 1:04}.jpg"))).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("link", name=re.compile(f"^{PHOTOS - 2:04}.jpg"))).to_be_focused()
    page.keyboard.press("Home")
    expect(page.get_by_role("link", name=re.compile("^0000.jpg"))).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/photos/1?*")


def test_without_scripts_the_photos_are_there_page_by_page(long: Served, browser: Browser, watched: Watched) -> None:
    for size in ({"width": 1200, "height": 800}, PHONE):
        with opened(browser, watched, java_script_enabled=False, viewport=size) as page:
            page.goto(long.address)
            expect(tiles(page).first).to_have_accessible_name(re.compile("^0000.jpg"))
            place = tiles(page).first.bounding_box()
            assert place is not None
            assert place["width"] > 60
            assert place["height"] > 60
            first = tiles(page).count()
            page.get_by_role("link", name="Next").click()
            expect(tiles(page).first).to_have_accessible_name(re.compile(f"^{first:04}.jpg"))
            page.get_by_role("link", name="Previous").click()
            tiles(page).first.click()
            expect(page.get_by_role("heading", level=1)).to_contain_text("30 June 2024")
            page.get_by_role("link", name="Next photo").click()
            expect(page.get_by_role("main")).to_contain_text("0001.jpg")


def test_a_photo_whose_file_is_gone_leaves_its_place(long: Served, page: Page, watched: Watched) -> None:
    watched.expected.append("status of 410")
    photos = long.first.parent / "Photos"
    gone = photos / "0300.jpg"
    shutil.rmtree(long.library.parent / "thumbnails")
    gone.rename(photos / "elsewhere")
    try:
        page.goto(f"{long.address}/?q=path:0300")
        expect(tiles(page).first).to_have_accessible_name(re.compile("^0300.jpg"))
        page.wait_for_function("() => document.querySelector('#grid .without-picture')")
        tiles(page).first.click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
    finally:
        (photos / "elsewhere").rename(gone)
